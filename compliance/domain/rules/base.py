"""What every rule document has, and how a rule objects.

A rule kind is one file of one shape: a pydantic model of its parameters (subclass of `Rule`, with a
literal `kind`) and `evaluate(rule, facts, intent, now) -> list[Reason]`. Every reason carries
`clears_at`, the first instant at which *this rule* stops objecting with unchanged facts; that is
what makes `earliest_next` exact. Null parameters switch a limit off, 0 means never.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property, wraps
from string import Formatter
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Actor, Purpose
from compliance.domain.making import maker
from compliance.domain.rules.values import Truth


class Rule(BaseModel):
    """Common to all kinds. `zh` and `en` are the rule as a sentence; `{field}` takes its value.

    `pack` and `zone` are filled in when the pack is compiled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    kind: str
    legal_ref: str
    basis: Literal["law", "policy"]
    zh: str
    en: str
    purposes: frozenset[Purpose] = frozenset({Purpose.MARKETING, Purpose.CALLBACK, Purpose.CARE})
    actors: frozenset[Actor] = frozenset({Actor.ROBOT, Actor.HUMAN})
    #: a callback the customer asked for lifts this rule (few kinds may say so)
    relaxed_by_callback: Truth = False
    #: a residence that is not known is where the number is from, or anywhere in that country
    residence_unknown: Literal["as_number", "anywhere"] = "as_number"
    #: only for these areas ("CN-64", or "CN" with all within) and groups of customers; empty = all
    areas: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    pack: str = ""
    zone: str = "Asia/Shanghai"

    @field_validator("zh", "en")
    @classmethod
    def _plain(cls, sentence: str) -> str:
        """A value goes in as it is: a width of a billion characters would be made, too."""
        for _, name, form, conversion in Formatter().parse(sentence):
            if name is not None and (form or conversion or not name.isidentifier()):
                raise ValueError("a sentence takes values as {name} alone")
        return sentence

    def sentence(self, language: str) -> str:
        """The rule as one sentence ("zh" or "en") with its own values filled in."""
        template = self.zh if language.startswith("zh") else self.en
        values = {name: getattr(self, name) for name in type(self).model_fields}
        # a limit that is off has no number
        return template.format_map({n: "…" if v is None else v for n, v in values.items()})

    @property
    def named(self) -> tuple[str, ...]:
        """The parameters whose values its sentence names."""
        return tuple(n for n in type(self).model_fields if f"{{{n}}}" in self.zh + self.en)

    @property
    def named_and_off(self) -> tuple[str, ...]:
        """Of these, the limits that are off (null)."""
        return tuple(name for name in self.named if getattr(self, name) is None)

    @property
    def is_off(self) -> bool:
        """Whether all that its sentence names is switched off."""
        return bool(self.named) and self.named_and_off == self.named

    @cached_property
    def recent(self) -> dict[str, tuple[World, datetime, Any]]:
        """What it last found in a world (`in_world`)."""
        return {}


Ruled = TypeVar("Ruled", bound=Rule)
Found = TypeVar("Found")


def in_world(
    find: Callable[[Ruled, World, datetime], Found],
) -> Callable[[Ruled, World, datetime], Found]:
    """What a rule finds in the world alone is found once for a whole list.

    The list shares one World. What was found must not be changed.
    """
    name = find.__qualname__

    @wraps(find)
    def found(rule: Ruled, world: World, now: datetime) -> Found:
        last = rule.recent.get(name)
        if last is not None and last[0] is world and last[1] == now:
            again: Found = last[2]
            return again
        fresh = find(rule, world, now)
        rule.recent[name] = (world, now, fresh)
        return fresh

    return found


def may_lie_in(region: str, area: str) -> bool:
    """Whether a region is an area, lies in it, or is so coarse that it may ("US" and "US-NY")."""
    return (
        not region
        or region == area
        or region.startswith(f"{area}-")
        or area.startswith(f"{region}-")
    )


def within(region: str, areas: frozenset[str]) -> bool:
    """Whether a region may lie in one of the areas; one that is not known may lie anywhere."""
    return any(may_lie_in(region, area) for area in areas)


def lives_in(rule: Rule, facts: Facts) -> str:
    """The region of the residence; of one that is not known, where the rule takes it to be."""
    customer, number = facts.customer, facts.number
    called = number.region if number else ""
    if customer is not None and customer.region:
        return customer.region
    return called.partition("-")[0] if rule.residence_unknown == "anywhere" else called


def regions_of(rule: Rule, facts: Facts) -> set[str]:
    """Where the person lives and where the number is from, as far as that is known."""
    return {lives_in(rule, facts), facts.number.region if facts.number else ""} - {""}


def concerns(rule: Rule, facts: Facts) -> bool:
    """Whether a rule limited to areas or groups speaks about this customer.

    The residence or the number may lie in the area. Where neither region is known we cannot show
    that the rule does not apply, so it does; the same goes for an unknown customer's group.
    """
    customer = facts.customer
    if rule.groups and customer is not None and customer.segment not in rule.groups:
        return False
    if not rule.areas:
        return True
    regions = regions_of(rule, facts)
    return not regions or any(within(region, rule.areas) for region in regions)


_make_reason = maker(Reason)


def objection(
    rule: Rule,
    code: str,
    *,
    observed: str | int | None = None,
    limit: str | int | None = None,
    clears_at: datetime | None = None,
    **values: str,
) -> Reason:
    """A reason in the name of a rule."""
    return _make_reason(
        code,
        rule.id,
        rule.pack,
        rule.legal_ref,
        observed,
        limit,
        clears_at,
        rule.zone,
        tuple(values.items()),
    )
