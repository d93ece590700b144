"""What every rule document has, and how a rule objects.

A rule kind is one file of one shape: a pydantic model of its parameters (subclass of `Rule`, with a
literal `kind`) and `evaluate(rule, facts, intent, now) -> list[Reason]`. Every reason carries
`clears_at`, the first instant at which *this rule* stops objecting with unchanged facts; that is
what makes `earliest_next` exact. Null parameters switch a limit off, 0 means never.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compliance.domain.decision import Reason
from compliance.domain.intent import Actor, Purpose


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
    relaxed_by_callback: bool = False
    pack: str = ""
    zone: str = "Asia/Shanghai"

    def sentence(self, language: str) -> str:
        """The rule as one sentence ("zh" or "en") with its own values filled in."""
        template = self.zh if language.startswith("zh") else self.en
        return template.format_map({name: getattr(self, name) for name in type(self).model_fields})


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
    return Reason(
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
