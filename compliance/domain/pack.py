"""Rule packs: documents, their hash, and the stack in force.

Packs stack platform ⊂ country ⊂ province ⊂ bank ⊂ customer group ⊂ campaign. *Every* rule of every
layer is evaluated and any objection blocks: so the strictest wins by itself, and a layer, the
campaign's above all, can only tighten. Null switches a rule's own limit off; it cannot switch off
another layer's. An unknown kind of rule is kept and blocks (DEP_UNKNOWN_RULE): a pack written for a
newer program must not lose a rule in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from compliance.domain.calendar import DayType
from compliance.domain.decision import Reason
from compliance.domain.facts import ContactKind, Facts, SuppressionSource
from compliance.domain.intent import WITH_CUSTOMER, Actor, Intent, Purpose
from compliance.domain.memory import Remembered, together
from compliance.domain.registry import KINDS, RELAXING, Evaluate, Kind
from compliance.domain.rules.authorisation import AuthorisationRule
from compliance.domain.rules.base import Rule, concerns
from compliance.domain.rules.exemption import ExemptionRule
from compliance.domain.rules.suppression import SuppressionRule
from compliance.domain.rules.time_window import TimeWindowRule, days_named
from compliance.domain.terms import zone


class Layer(StrEnum):
    """Where a pack stands in the stack, outermost first."""

    PLATFORM = "platform"
    COUNTRY = "country"
    PROVINCE = "province"
    BANK = "bank"
    GROUP = "group"
    CAMPAIGN = "campaign"


class PackError(ValueError):
    """The document is no pack; the message names what is wrong."""


class PackDocument(BaseModel):
    """A pack as written. `rules` stay raw here: each kind reads its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pack: str = Field(pattern=r"^[a-z0-9-]+$")
    version: str
    layer: Layer
    name_zh: str
    name_en: str
    zone: str
    country: str = ""
    effective_from: str = ""
    #: a province's or a group's pack speaks about its own customers only
    areas: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    notes: str = ""
    rules: tuple[dict[str, Any], ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        try:
            zone(self.zone)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {self.zone}") from error
        ids = [str(rule.get("id")) for rule in self.rules]
        if len(ids) != len(set(ids)):
            raise ValueError("two rules share an id")
        return self


class CompiledRule(NamedTuple):
    kind: Kind
    rule: Any


@dataclass(frozen=True)
class Pack:
    """One layer, ready to evaluate. `unknown` are (rule id, kind) this program cannot read."""

    ref: str
    layer: Layer
    zone: str
    country: str
    sha256: str
    rules: tuple[CompiledRule, ...]
    unknown: tuple[tuple[str, str], ...] = ()


_PLACES = {layer: place for place, layer in enumerate(Layer)}


def outermost_first(pack: Pack) -> int:
    """The place of a pack in its stack, to sort by."""
    return _PLACES[pack.layer]


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 over the document's canonical JSON."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> bool:
    """Whether a document is the same after it was stored as JSON: its hash must not change."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _plain(entry) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return all(_plain(entry) for entry in value)
    return value is None or isinstance(value, str | int | float | bool)


def compile_pack(document: Mapping[str, Any]) -> Pack:
    """Read a pack document. Raises PackError naming the rule and the field."""
    if not _plain(document):
        raise PackError("a pack is plain JSON: quote dates, and numbers that are keys")
    try:
        parsed = PackDocument.model_validate(document)
    except ValidationError as error:
        raise PackError(str(error)) from error
    ref = f"{parsed.pack}@{parsed.version}"
    raw = [_limited(rule, parsed) for rule in parsed.rules]
    rules, unknown = _compile_rules(raw, ref, parsed.zone, parsed.layer)
    return Pack(
        ref, parsed.layer, parsed.zone, parsed.country, content_hash(document), rules, unknown
    )


def _limited(rule: dict[str, Any], parsed: PackDocument) -> dict[str, Any]:
    """A rule with its pack's areas and groups, unless it names its own."""
    own = {name: value for name in ("areas", "groups") if (value := getattr(parsed, name))}
    return {**own, **rule}


#: What a campaign's own rule says where it says nothing else.
CAMPAIGN_RULE = {
    "legal_ref": "活动自定",
    "basis": "policy",
    "zh": "活动自定的限制",
    "en": "The campaign's own limit",
}


def campaign_layer(limits: Mapping[str, Any], campaign_id: int | None, zone_name: str) -> Pack:
    """A campaign's own limits, `{"rules": [...]}`, as the innermost layer. Raises PackError."""
    raw = limits.get("rules", [])
    known = set(limits) <= {"rules"} and isinstance(raw, list)
    if not known or not all(isinstance(rule, Mapping) for rule in raw):
        raise PackError('a campaign\'s limits are {"rules": [...]}')
    ref = f"campaign:{campaign_id or '-'}"
    filled = [{**CAMPAIGN_RULE, **rule} for rule in raw]
    rules, unknown = _compile_rules(filled, ref, zone_name, Layer.CAMPAIGN)
    return Pack(ref, Layer.CAMPAIGN, zone_name, "", content_hash(limits), rules, unknown)


def _compile_rules(
    raw: Iterable[Mapping[str, Any]], ref: str, zone_name: str, layer: Layer
) -> tuple[tuple[CompiledRule, ...], tuple[tuple[str, str], ...]]:
    rules, unknown = [], []
    for entry in raw:
        name, identity = str(entry.get("kind")), str(entry.get("id"))
        kind = KINDS.get(name)
        if kind is None:
            unknown.append((identity, name))
            continue
        if layer is Layer.CAMPAIGN and name in RELAXING:
            raise PackError(f"{identity}: a campaign can only tighten")
        if "zone" in entry:
            raise PackError(f"rule {identity}: the zone is the pack's, a rule has none of its own")
        try:
            rule = kind.model.model_validate({**entry, "pack": ref, "zone": zone_name})
        except (ValidationError, OverflowError) as error:
            raise PackError(f"rule {identity}: {error}") from error
        if name in RELAXING and (rule.areas or rule.groups):
            raise PackError(f"rule {identity}: what relaxes holds for everybody or nobody")
        if rule.relaxed_by_callback and not kind.relaxable(rule):
            raise PackError(f"rule {identity}: a callback may not relax this rule")
        _check_sentence(rule)
        if rule.areas or rule.groups:
            kind = kind._replace(evaluate=_where_it_applies(kind.evaluate))
        rules.append(CompiledRule(kind, rule))
    return tuple(rules), tuple(unknown)


def _where_it_applies(evaluate: Evaluate) -> Evaluate:
    """The evaluation of a rule that is limited to areas or groups of customers."""

    def limited(rule: Any, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
        return evaluate(rule, facts, intent, now) if concerns(rule, facts) else []

    return limited


def _check_sentence(rule: Rule) -> None:
    for language in ("zh", "en"):
        try:
            rule.sentence(language)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise PackError(f"rule {rule.id}: its {language} sentence names {error}") from error


#: Without one of these, nothing may be marketed: no rule is not "no limit".
REQUIRED = (
    "time_window",
    "calendar",
    "suppression",
    "consent",
    "cap",
    "vulnerable",
    "number",
    "authorisation",
    "in_flight",
    "suitability",
    "blackout",
    "preference",
)
#: Kinds without which a test call is not let through.
_FOR_TESTS = frozenset({"time_window", "calendar", "test_call"})
_NEEDED = {
    Purpose.TEST: _FOR_TESTS,
    Purpose.MARKETING: frozenset(REQUIRED),
    Purpose.CALLBACK: frozenset(REQUIRED),
    Purpose.CARE: frozenset(REQUIRED) - {"consent", "suitability"},
    Purpose.MESSAGE: frozenset(
        {"time_window", "calendar", "suppression", "cap", "number", "authorisation"}
    ),
}

#: Who says no by whom: a customer, or whoever has the number. Every one of them must be heard; a
#: text that was asked for in a call is no advertisement, so public registers are not about it.
_REFUSALS: dict[SuppressionSource, frozenset[str]] = {
    SuppressionSource.OPT_OUT: frozenset({"customer", "number"}),
    SuppressionSource.COMPLAINT: frozenset({"customer", "number"}),
    SuppressionSource.WRONG_NUMBER: frozenset({"number"}),
    SuppressionSource.CARRIER: frozenset({"number"}),
    SuppressionSource.REGISTER: frozenset({"number"}),
}


def _unheard(rules: Iterable[SuppressionRule], purpose: Purpose) -> list[SuppressionSource]:
    """Whose refusal none of these rules would hear, at least for one key or channel."""
    text = purpose is Purpose.MESSAGE
    heard = {
        (source, key, channel)
        for rule in rules
        for source in rule.sources
        for key in rule.keys
        for channel in rule.channels
    }
    return [
        source
        for source, keys in _REFUSALS.items()
        if not (text and source is SuppressionSource.REGISTER)
        and not heard >= {(source, k, c) for k in keys for c in ("sms" if text else "voice", "")}
    ]


@dataclass(frozen=True)
class EffectivePack:
    """The stack in force at an instant, outermost layer first."""

    packs: tuple[Pack, ...] = ()
    _by_caller: dict[tuple[Purpose, Actor], tuple[CompiledRule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _by_lines: dict[tuple[Purpose, Actor, frozenset[ContactKind]], tuple[CompiledRule, ...]] = (
        field(default_factory=dict, compare=False, repr=False)
    )
    #: rules that do not settle, and those that do by pack and id
    _later: dict[
        tuple[Purpose, Actor],
        tuple[tuple[CompiledRule, ...], dict[tuple[str, str], tuple[CompiledRule, ...]]],
    ] = field(default_factory=dict, compare=False, repr=False)
    _windows: dict[tuple[Purpose, Actor], tuple[TimeWindowRule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _exemptions: dict[tuple[Purpose, Actor], ExemptionRule | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    _gaps: dict[tuple[Purpose, Actor], tuple[str, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @cached_property
    def refs(self) -> tuple[str, ...]:
        return tuple(pack.ref for pack in self.packs)

    @property
    def zone(self) -> str:
        return self.packs[-1].zone if self.packs else "Asia/Shanghai"

    @property
    def country(self) -> str:
        return next((pack.country for pack in self.packs if pack.country), "")

    @cached_property
    def rules(self) -> tuple[CompiledRule, ...]:
        return tuple(rule for pack in self.packs for rule in pack.rules)

    @cached_property
    def unknown(self) -> tuple[tuple[str, str], ...]:
        return tuple(entry for pack in self.packs for entry in pack.unknown)

    @cached_property
    def authorisations(self) -> tuple[AuthorisationRule, ...]:
        """The rules on who may speak about what, on which line."""
        return tuple(rule for _, rule in self.rules if isinstance(rule, AuthorisationRule))

    def licences_for(self, family: str) -> frozenset[str]:
        """What a person must be licensed for to speak about this family of products."""
        found = (rule.licences.get(family) for rule in self.authorisations)
        return frozenset(licence for licence in found if licence is not None)

    def exemption_for(self, purpose: Purpose, actor: Actor) -> ExemptionRule | None:
        """The rule on callbacks that the customer asked for, of those that speak about such a call;
        with several, the narrowest.
        """
        key = (purpose, actor)
        if key not in self._exemptions:
            found = [
                rule
                for _, rule in self.rules
                if isinstance(rule, ExemptionRule)
                and purpose in rule.purposes
                and actor in rule.actors
            ]
            self._exemptions[key] = min(found, key=lambda rule: rule.tolerance_s, default=None)
        return self._exemptions[key]

    def with_campaign(self, limits: Mapping[str, Any] | None, campaign_id: int | None) -> Self:
        """The same stack with a campaign's own limits inside. Raises PackError."""
        if not limits:
            return self
        layer = campaign_layer(limits, campaign_id, self.zone)
        return type(self)((*self.packs, layer))

    def with_pack(self, pack: Pack) -> Self:
        """The same stack with one more layer, in its place."""
        return type(self)(tuple(sorted((*self.packs, pack), key=outermost_first)))

    def rules_for(self, purpose: Purpose, actor: Actor) -> tuple[CompiledRule, ...]:
        """The rules that speak about this purpose and this actor."""
        key = (purpose, actor)
        found = self._by_caller.get(key)
        if found is None:
            found = tuple(
                entry
                for entry in self.rules
                if purpose in entry.rule.purposes
                and actor in entry.rule.actors
                and not isinstance(entry.rule, ExemptionRule)
            )
            self._by_caller[key] = found
        return found

    def rules_about(
        self, purpose: Purpose, actor: Actor, kinds: frozenset[ContactKind]
    ) -> tuple[CompiledRule, ...]:
        """Of these, without those that are silent while the ledger has no more than such lines."""
        key = (purpose, actor, kinds)
        found = self._by_lines.get(key)
        if found is None:
            found = tuple(
                entry
                for entry in self.rules_for(purpose, actor)
                if not entry.kind.by_ledger(entry.rule)
                or any(memory.kind in kinds for memory in entry.kind.remembers(entry.rule))
            )
            self._by_lines[key] = found
        return found

    def rules_after(
        self, purpose: Purpose, actor: Actor, reasons: Iterable[Reason]
    ) -> tuple[CompiledRule, ...]:
        """The rules that can object later to what these object to now, if nothing else happens."""
        found = self._later.get((purpose, actor))
        if found is None:
            rules = self.rules_for(purpose, actor)
            settling: dict[tuple[str, str], tuple[CompiledRule, ...]] = {}
            for entry in rules:
                if entry.kind.settles:
                    named = (entry.rule.pack, entry.rule.id)
                    settling[named] = (*settling.get(named, ()), entry)
            found = (tuple(entry for entry in rules if not entry.kind.settles), settling)
            self._later[purpose, actor] = found
        unsettled, settling = found
        objecting = dict.fromkeys((reason.pack, reason.rule_id) for reason in reasons)
        return (*unsettled, *(entry for named in objecting for entry in settling.get(named, ())))

    def windows_for(self, purpose: Purpose, actor: Actor) -> tuple[TimeWindowRule, ...]:
        """Of these, the calling hours."""
        key = (purpose, actor)
        found = self._windows.get(key)
        if found is None:
            rules = (entry.rule for entry in self.rules_for(purpose, actor))
            found = tuple(rule for rule in rules if isinstance(rule, TimeWindowRule))
            self._windows[key] = found
        return found

    def gaps(self, purpose: Purpose, actor: Actor) -> tuple[str, ...]:
        """What the stack must say about such a call and does not."""
        if purpose not in _NEEDED:
            return ()
        found = self._gaps.get((purpose, actor))
        if found is None:
            found = self._gaps[purpose, actor] = self._find_gaps(purpose, actor)
        return found

    def _find_gaps(self, purpose: Purpose, actor: Actor) -> tuple[str, ...]:
        # what holds for some customers only is not a rule for all
        rules = [
            entry
            for entry in self.rules_for(purpose, actor)
            if not entry.rule.areas and not entry.rule.groups
        ]
        kinds = {entry.rule.kind for entry in rules}
        missing = sorted(_NEEDED[purpose] - kinds)
        covered = {
            day
            for entry in rules
            if isinstance(entry.rule, TimeWindowRule)
            for day in days_named(entry.rule.windows)
        }
        signed = any(isinstance(e.rule, AuthorisationRule) and e.rule.signed for e in rules)
        rung = purpose in WITH_CUSTOMER and purpose is not Purpose.MESSAGE
        if rung and not signed and "approval" not in kinds:
            missing.append("approval")
        if purpose in WITH_CUSTOMER and "suppression" in kinds:
            refusals = [e.rule for e in rules if isinstance(e.rule, SuppressionRule)]
            missing += [f"refusals by {source.value}" for source in _unheard(refusals, purpose)]
        return (*missing, *sorted(f"hours on {day.value}" for day in set(DayType) - covered))

    @cached_property
    def registers_required(self) -> frozenset[str]:
        """The no-call lists without which this stack lets nobody be called."""
        found = (rule.required for _, rule in self.rules if isinstance(rule, SuppressionRule))
        return frozenset[str]().union(*found)

    @cached_property
    def remembered(self) -> Remembered:
        """Which lines of the ledger this stack can depend on."""
        return together(memory for kind, rule in self.rules for memory in kind.remembers(rule))
