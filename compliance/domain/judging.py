"""Judging a list: what `decide` says, for many customers in one world at one instant.

What is the same for all of them is worked out once: what the ground and the clock say, and which
rules have nothing to say to anybody now (an open window, a calendar that is loaded, no blackout).
The answer is that of `decide_stacked`, to the last reason (tests/compliance/test_judging.py).
"""

from __future__ import annotations

from datetime import datetime

from compliance.domain.decide import conclude, decide_stacked, ground, unknown
from compliance.domain.decision import Decision
from compliance.domain.facts import ContactKind, Facts, World
from compliance.domain.intent import WITH_CUSTOMER, Intent
from compliance.domain.pack import CompiledRule, EffectivePack

_NO_LINES: frozenset[ContactKind] = frozenset()


class Judge:
    """Made for a list's world, instant and stack (the campaign's layer included).

    `template`: the intent of everybody, but for customer and number.
    """

    __slots__ = ("_ground", "_idle", "_now", "_rules", "_stack", "_template", "_whole")

    def __init__(self, template: Intent, stack: EffectivePack, world: World, now: datetime) -> None:
        self._template, self._stack, self._now = template, stack, now
        self._whole = template.purpose in WITH_CUSTOMER
        self._ground = ground(world, template, stack)
        self._idle = {
            id(entry.rule)
            for entry in stack.rules_for(template.purpose, template.actor)
            if entry.kind.idle(entry.rule, world, template, now)
        }
        self._rules: dict[frozenset[ContactKind], tuple[CompiledRule, ...]] = {}

    def decide(self, facts: Facts, intent: Intent) -> Decision:
        """The decision for one of the list."""
        stack, now = self._stack, self._now
        if facts.exemptions or not self._whole:
            return decide_stacked(facts, intent, stack, now)
        reasons = self._ground + unknown(facts)
        kinds = frozenset([line.kind for line in facts.contacts]) if facts.contacts else _NO_LINES
        rules = self._rules.get(kinds)
        if rules is None:
            rules = self._rules[kinds] = self._rules_about(kinds)
        for kind, rule in rules:
            found = kind.evaluate(rule, facts, intent, now)
            if found:
                reasons += found
        return conclude(reasons, facts, intent, stack, now)

    def _rules_about(self, kinds: frozenset[ContactKind]) -> tuple[CompiledRule, ...]:
        template = self._template
        return tuple(
            entry
            for entry in self._stack.rules_about(template.purpose, template.actor, kinds)
            if id(entry.rule) not in self._idle
        )
