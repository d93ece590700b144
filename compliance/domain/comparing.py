"""What differs between two versions of a pack, and whether it tightens or loosens.

Each parameter has a direction: a lower limit is tighter, a longer quiet time is tighter, fewer open
minutes are tighter. Null (off) is looser than any value. What has no known direction is UNKNOWN,
and whoever signs must read it as a loosening: only what is provably tighter is called so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from compliance.domain.calendar import DayType
from compliance.domain.intervals import Window
from compliance.domain.pack import Pack
from compliance.domain.registry import RELAXING
from compliance.domain.rules.base import Rule
from compliance.domain.rules.cap import Span


class Effect(StrEnum):
    """What a change does to the customer's protection."""

    NONE = "none"  # wording only
    TIGHTER = "tighter"
    LOOSER = "looser"
    UNKNOWN = "unknown"


class Move(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One parameter, before and after."""

    name: str
    old: Any
    new: Any
    effect: Effect


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule; `old` or `new` is None when it was added or removed."""

    rule_id: str
    move: Move
    effect: Effect
    old: Rule | None
    new: Rule | None
    fields: tuple[FieldChange, ...] = ()

    @property
    def loosens(self) -> bool:
        """Whether a signature lets through what was blocked before, or may do so."""
        return self.effect in (Effect.LOOSER, Effect.UNKNOWN)


def compare(old: Pack | None, new: Pack) -> tuple[RuleChange, ...]:
    """The changes from one version to another, in the new one's order, removals last."""
    before = {rule.id: rule for _, rule in old.rules} if old is not None else {}
    after = {rule.id: rule for _, rule in new.rules}
    found = []
    for identity, rule in after.items():
        earlier = before.get(identity)
        if earlier is None:
            found.append(RuleChange(identity, Move.ADDED, _of_presence(rule), None, rule))
        else:
            change = _rule_change(earlier, rule)
            if change is not None:
                found.append(change)
    for identity, rule in before.items():
        if identity not in after:
            effect = _opposite(_of_presence(rule))
            found.append(RuleChange(identity, Move.REMOVED, effect, rule, None))
    return tuple(found)


def _of_presence(rule: Rule) -> Effect:
    """What it does that such a rule exists."""
    return Effect.LOOSER if rule.kind in RELAXING else Effect.TIGHTER


def _opposite(effect: Effect) -> Effect:
    return {Effect.TIGHTER: Effect.LOOSER, Effect.LOOSER: Effect.TIGHTER}.get(effect, effect)


def _rule_change(old: Rule, new: Rule) -> RuleChange | None:
    if old.kind != new.kind:
        return RuleChange(new.id, Move.CHANGED, Effect.UNKNOWN, old, new)
    fields = tuple(
        FieldChange(name, a, b, _effect(new.kind, name, a, b))
        for name in type(new).model_fields
        if name not in _NOT_CONTENT and (a := getattr(old, name)) != (b := getattr(new, name))
    )
    if old.zone != new.zone:
        fields = (*fields, FieldChange("zone", old.zone, new.zone, Effect.UNKNOWN))
    if not fields:
        return None
    return RuleChange(new.id, Move.CHANGED, together([f.effect for f in fields]), old, new, fields)


def together(effects: list[Effect]) -> Effect:
    """Of several changes at once; tighter here and looser there is looser: somebody is let in."""
    real = set(effects) - {Effect.NONE}
    if not real:
        return Effect.NONE
    for effect in (Effect.LOOSER, Effect.UNKNOWN, Effect.TIGHTER):
        if effect in real:
            return effect
    return Effect.UNKNOWN


#: Filled in when a pack is compiled.
_NOT_CONTENT = frozenset({"id", "kind", "pack", "zone"})
_WORDING = frozenset({"legal_ref", "basis", "zh", "en", "name_zh", "name_en"})


def _effect(kind: str, name: str, old: Any, new: Any) -> Effect:
    if name in _WORDING:
        return Effect.NONE
    direction = _DIRECTIONS.get((kind, name)) or _COMMON.get(name)
    if direction is None:
        return Effect.UNKNOWN
    effect = direction(old, new)
    if kind in RELAXING and name not in _OWN_WAY:
        return _opposite(effect)
    return effect


Direction = Callable[[Any, Any], Effect]


def _lower(old: Any, new: Any) -> Effect:
    """Less is tighter; null is off."""
    if new is None:
        return Effect.LOOSER
    if old is None:
        return Effect.TIGHTER
    return Effect.TIGHTER if new < old else Effect.LOOSER


def _higher(old: Any, new: Any) -> Effect:
    """More is tighter; null is off."""
    if new is None:
        return Effect.LOOSER
    if old is None:
        return Effect.TIGHTER
    return Effect.TIGHTER if new > old else Effect.LOOSER


def _more(old: Any, new: Any) -> Effect:
    """A set that binds by what it names: naming more is tighter."""
    a, b = set(old), set(new)
    if a < b:
        return Effect.TIGHTER
    return Effect.LOOSER if b < a else Effect.UNKNOWN


def _fewer(old: Any, new: Any) -> Effect:
    """A set that permits what it names: naming fewer is tighter."""
    return _opposite(_more(old, new))


def _where(old: Any, new: Any) -> Effect:
    """Areas, groups, families a rule is limited to; none = all."""
    if not new:
        return Effect.TIGHTER
    if not old:
        return Effect.LOOSER
    return _more(old, new)


def _ways(old: Any, new: Any) -> Effect:
    """What is permitted, none named = anything."""
    return _opposite(_where(old, new))


def _permitted_or_any(old: Any, new: Any) -> Effect:
    """What is permitted, null = anything."""
    if new is None:
        return Effect.LOOSER
    return Effect.TIGHTER if old is None else _fewer(old, new)


def _on(old: Any, new: Any) -> Effect:
    """A demand that is made when it is true."""
    return Effect.TIGHTER if new else Effect.LOOSER


def _off(old: Any, new: Any) -> Effect:
    """A leniency that is given when it is true."""
    return _opposite(_on(old, new))


def _demands(old: Mapping[str, Any], new: Mapping[str, Any]) -> Effect:
    """A table of demands: entries only added are tighter, only removed looser."""
    same = all(old[name] == new[name] for name in set(old) & set(new))
    return _more(old, new) if same else Effect.UNKNOWN


def _hours(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Effect:
    """Calling hours by type of day: fewer open minutes are tighter; not named = open all day."""
    effects = []
    for day in sorted({*old, *new}, key=str):
        if old.get(day) == new.get(day):
            continue
        if not isinstance(day, DayType):
            return Effect.UNKNOWN  # a weekday's own hours go before others: leave it to the reader
        if day is DayType.ADJUSTED_WORK:
            return Effect.UNKNOWN  # not named, it follows the workday
        effects.append(_of_minutes(old.get(day), new.get(day)))
    return together(effects)


def _of_minutes(old: tuple[Window, ...] | None, new: tuple[Window, ...] | None) -> Effect:
    before, after = _minutes(old), _minutes(new)
    if before == after:
        return Effect.NONE
    if after < before:
        return Effect.TIGHTER
    return Effect.LOOSER if before < after else Effect.UNKNOWN


def _minutes(windows: tuple[Window, ...] | None) -> set[int]:
    if windows is None:
        return set(range(2880))
    found: set[int] = set()
    for window in windows:
        end = window.end if window.end > window.start else window.end + 1440
        found |= set(range(window.start, end))
    return found


def _span(old: Span | None, new: Span | None) -> Effect:
    """The time a cap looks back on: longer is tighter; only rolling times compare."""
    if old is None or new is None:
        return Effect.UNKNOWN
    if new.lifetime:
        return Effect.TIGHTER
    if old.lifetime:
        return Effect.LOOSER
    if old.rolling is None or new.rolling is None:
        return Effect.UNKNOWN
    return _higher(old.rolling, new.rolling)


_COMMON: dict[str, Direction] = {
    "purposes": _more,
    "actors": _more,
    "areas": _where,
    "groups": _where,
    "relaxed_by_callback": _off,
    "residence_unknown": lambda _, new: Effect.TIGHTER if new == "anywhere" else Effect.LOOSER,
}
#: Of a rule that relaxes, parameters whose direction is written as it is.
_OWN_WAY = frozenset({"tolerance_s"})

_DIRECTIONS: dict[tuple[str, str], Direction] = {
    ("time_window", "windows"): _hours,
    ("time_window", "tail_guard_s"): _higher,
    ("suppression", "sources"): _more,
    ("suppression", "keys"): _more,
    ("suppression", "channels"): _more,
    ("suppression", "register_max_age_days"): _lower,
    ("suppression", "required"): _more,
    ("suppression", "registers"): _demands,
    ("consent", "max_age_months"): _lower,
    ("consent", "bases"): _ways,
    ("consent", "or_purposes"): _fewer,
    ("consent", "profiling"): _on,
    ("consent", "number"): lambda old, new: Effect.TIGHTER if new == "own" else Effect.LOOSER,
    ("cap", "limit"): _lower,
    ("cap", "window"): _span,
    ("cap", "per"): _fewer,
    ("cap", "min_gap_s"): _higher,
    ("cool_off", "outcomes"): _more,
    ("cool_off", "days"): _higher,
    ("cool_off", "months"): _higher,
    ("cool_off", "permanent"): _on,
    ("suitability", "assessment_max_age_months"): _lower,
    ("suitability", "max_rating_by_phone"): _lower,
    ("suitability", "max_amount_percent"): _lower,
    ("eligibility", "families"): _where,
    ("vulnerable", "min_age"): _higher,
    ("vulnerable", "flagged_actors"): _fewer,
    ("authorisation", "signed"): _on,
    ("authorisation", "operators"): _fewer,
    ("authorisation", "licences"): _demands,
    ("authorisation", "carrier_regions"): _demands,
    ("authorisation", "care_families"): _permitted_or_any,
    ("approval", "subjects"): _more,
    ("pacing", "abandoned_again_hours"): _higher,
    ("pacing", "machine_again_hours"): _higher,
    ("pacing", "machine_outcomes"): _more,
    ("pacing", "ring_min_s"): _higher,
    ("number", "owner_max_age_days"): _lower,
    ("in_flight", "lease_s"): _higher,
    ("test_call", "limit"): _lower,
    ("test_call", "verified_max_age_days"): _lower,
    ("exemption", "tolerance_s"): _lower,
}
