"""Asking as the gate does, without a dial: nothing is written and nothing is locked.

The same facts statement and the same `decide`, judged as at the moment of dialling. An answer here
lets no call through: the gate asks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from compliance.domain.decide import decide, decide_stacked
from compliance.domain.decision import Decision, Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Actor, DialKind, Gate, Intent
from compliance.domain.outlook import Opening, openings
from compliance.domain.pack import EffectivePack, PackError
from compliance.facts import load
from compliance.rule_wording import rule_sentence

#: Both ways to call, in the order in which people read them.
ACTORS = (Actor.ROBOT, Actor.HUMAN)
_KINDS = {Actor.ROBOT: DialKind.ROBOT, Actor.HUMAN: DialKind.AGENT}


@dataclass(frozen=True, slots=True)
class Answer:
    """May this actor call the customer on this number, at `decision.at`?"""

    number_id: int
    intent: Intent
    decision: Decision
    facts: Facts
    stack: EffectivePack

    @property
    def actor(self) -> Actor:
        return self.intent.actor

    def rule_sentence(self, reason: Reason, language: str) -> str:
        """The rule behind a reason as its pack words it; "" for what no pack says."""
        for pack in self.stack.packs:
            for entry in pack.rules:
                if pack.ref == reason.pack and entry.rule.id == reason.rule_id:
                    return rule_sentence(entry.rule, language)
        return ""

    def outlook(self, days: int, **assumed: bool) -> list[Opening]:
        """The open spans of the next days, facts unchanged; `assumed` replaces parts of the intent
        (a signature that is still to come).
        """
        intent = replace(self.intent, **assumed)  # type: ignore[arg-type]
        at = self.decision.at
        return openings(
            lambda moment: decide_stacked(self.facts, intent, self.stack, moment),
            at,
            at + timedelta(days=days),
        )


def ask(
    customer_id: int, number_ids: Sequence[int], wish: Intent, *, since: datetime
) -> list[Answer]:
    """The answer for each number and each actor, by one facts statement.

    `wish` says campaign, product and what is signed; customer, number and actor are filled in.
    `since` is a recent business instant. Raises what the facts statement raises.
    """
    template = replace(wish, gate=Gate.DIAL, idempotency_key="")
    loaded = load([(customer_id, number) for number in number_ids], template, since=since)
    stack = _stacked(loaded.stack, template)
    found = []
    for number_id, facts in zip(number_ids, loaded.facts, strict=True):
        for actor in ACTORS:
            intent = replace(
                template,
                actor=actor,
                kind=_KINDS[actor],
                customer_id=customer_id,
                number_id=number_id,
            )
            decision = decide(facts, intent, loaded.stack, loaded.now)
            found.append(Answer(number_id, intent, decision, facts, stack))
    return found


def _stacked(stack: EffectivePack, intent: Intent) -> EffectivePack:
    """The stack with the campaign's layer; limits that cannot be read block by themselves."""
    try:
        return stack.with_campaign(intent.campaign_limits, intent.campaign_id)
    except PackError:
        return stack
