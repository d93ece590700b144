"""Judging a list: what `decide` says, for many customers in one world at one instant.

What is the same for all of them is worked out once: what the ground and the clock say, and which
rules have nothing to say to anybody now (an open window, a calendar that is loaded, no blackout).
The answer is that of `decide_stacked`, to the last reason (tests/compliance/test_judging.py).

People who are alike (likeness.py) share an answer, where time does not change it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from compliance.domain.decide import conclude, decide_stacked, ground, unknown
from compliance.domain.decision import HORIZON, Decision, Outcome, Reason, ordered, worst
from compliance.domain.facts import ContactKind, Facts, World
from compliance.domain.intent import WITH_CUSTOMER, Intent
from compliance.domain.likeness import Likeness, Turns, together
from compliance.domain.pack import CompiledRule, EffectivePack

_NO_LINES: frozenset[ContactKind] = frozenset()


class _Said(NamedTuple):
    """What was objected about whoever is alike, and by which rules (their places in the stack).

    Not what was observed; `clears_at` is one person's.
    """

    reasons: tuple[Reason, ...]
    places: tuple[int, ...]


#: Answers kept for those who are alike; more of them than this, and people are too various.
_MOST_ALIKE = 50_000


class Judge:
    """Made for a list's world, instant and stack (the campaign's layer included).

    `template`: the intent of everybody, but for customer and number. `turns`: what tells people
    apart who are alike otherwise; None = everybody is judged alone.
    """

    __slots__ = (
        "_alike", "_entries", "_ground", "_horizon", "_idle", "_now", "_of_person", "_of_told",
        "_places", "_places_that_remember", "_remembering", "_rules", "_stack", "_template",
        "_whole", "turns",
    )  # fmt: skip

    def __init__(self, template: Intent, stack: EffectivePack, world: World, now: datetime) -> None:
        self._template, self._stack, self._now = template, stack, now
        self._horizon = now + HORIZON
        self._whole = template.purpose in WITH_CUSTOMER
        self._ground = ground(world, template, stack)
        self._entries = stack.rules_for(template.purpose, template.actor)
        self._places: dict[tuple[str, str], tuple[int, ...]] = {}
        for place, entry in enumerate(self._entries):
            named = (entry.rule.pack, entry.rule.id)
            self._places[named] = (*self._places.get(named, ()), place)
        self._idle = {
            id(entry.rule)
            for entry in self._entries
            if entry.kind.idle(entry.rule, world, template, now)
        }
        self._rules: dict[frozenset[ContactKind], tuple[CompiledRule, ...]] = {}
        self._alike: dict[Likeness, Decision] = {}
        #: what is objected by what somebody is, and by what the ledger tells
        self._of_person: dict[Hashable, _Said] = {}
        self._of_told: dict[Hashable, _Said] = {}
        self._remembering = self._rules_that_remember()
        self._places_that_remember = tuple(
            place for named in self._remembering or () for place in self._places[named]
        )
        self.turns: Turns | None = self._turns(world) if self._whole else None

    def of_alike(self, likeness: Likeness) -> Decision | None:
        """The decision about everybody of a likeness, where one can be given for all of them.

        It can when time alone does not change it: nothing objects, or something that does not lift
        by itself before the horizon (each rule's `turns` tell who is on which side of that). What
        was observed, and how long another objection lasts, is one person's: such a
        decision does not say the one, and nobody may read the other from it.
        """
        found = self._alike.get(likeness)
        if found is not None:
            return found
        person, told = self._parts(likeness)
        of_person, of_told = self._of_person.get(person), self._of_told.get(told)
        if of_person is None or of_told is None:
            return None
        reasons = of_person.reasons + of_told.reasons
        if not reasons:
            found = Decision(Outcome.ALLOW, self._now, (), self._now, self._stack.refs)
        elif any(
            reason.clears_at is None or reason.clears_at > self._horizon for reason in reasons
        ):
            found = Decision(worst(reasons), self._now, ordered(reasons), None, self._stack.refs)
        else:
            return None
        if len(self._alike) >= _MOST_ALIKE:
            self._alike.clear()
        self._alike[likeness] = found
        return found

    def decide_alike(self, likeness: Likeness, facts: Facts, intent: Intent) -> Decision:
        """As `decide`; the answer is kept for whoever is like this one.

        Where it is known which rules object to those who are alike, no others are asked.
        """
        person, told = self._parts(likeness)
        of_person, of_told = self._of_person.get(person), self._of_told.get(told)
        if of_person is not None and of_told is not None:
            return self._decide(facts, intent, self._at((*of_person.places, *of_told.places)))
        remembering = self._remembering or frozenset()
        if of_person is None or not remembering:
            decision = self.decide(facts, intent)
        else:
            asked = {*of_person.places, *self._places_that_remember}
            decision = self._decide(facts, intent, self._at(asked))
        mine: list[Reason] = []
        ledgers: list[Reason] = []
        for reason in decision.reasons:
            of_rule = ledgers if (reason.pack, reason.rule_id) in remembering else mine
            of_rule.append(replace(reason, observed=None))
        self._keep(self._of_person, person, mine)
        self._keep(self._of_told, told, ledgers)
        return decision

    def _at(self, places: Iterable[int]) -> tuple[CompiledRule, ...]:
        """The rules in these places, in the stack's order."""
        return tuple(self._entries[place] for place in sorted(places))

    def _keep(self, held: dict[Hashable, _Said], who: Hashable, reasons: list[Reason]) -> None:
        if len(held) >= _MOST_ALIKE:
            held.clear()
        objecting = dict.fromkeys((reason.pack, reason.rule_id) for reason in reasons)
        places = tuple(place for named in objecting for place in self._places.get(named, ()))
        held[who] = _Said(tuple(reasons), places)

    def _parts(self, likeness: Likeness) -> tuple[Hashable, Hashable]:
        """Who somebody is, and what the ledger tells, where the two can be judged apart."""
        return likeness if self._remembering is not None else (likeness, ())

    def decide(self, facts: Facts, intent: Intent) -> Decision:
        """The decision for one of the list."""
        if facts.exemptions or not self._whole:
            return decide_stacked(facts, intent, self._stack, self._now)
        kinds = frozenset([line.kind for line in facts.contacts]) if facts.contacts else _NO_LINES
        rules = self._rules.get(kinds)
        if rules is None:
            rules = self._rules[kinds] = self._rules_about(kinds)
        return self._decide(facts, intent, rules)

    def _decide(self, facts: Facts, intent: Intent, rules: tuple[CompiledRule, ...]) -> Decision:
        """The decision, when no other rules have anything to say."""
        now = self._now
        reasons = self._ground + unknown(facts)
        for kind, rule in rules:
            found = kind.evaluate(rule, facts, intent, now)
            if found:
                reasons += found
        return conclude(reasons, facts, intent, self._stack, now)

    def _rules_about(self, kinds: frozenset[ContactKind]) -> tuple[CompiledRule, ...]:
        template = self._template
        return tuple(
            entry
            for entry in self._stack.rules_about(template.purpose, template.actor, kinds)
            if id(entry.rule) not in self._idle
        )

    def _turns(self, world: World) -> Turns | None:
        template, now = self._template, self._now
        return together(
            entry.kind.turns(entry.rule, world, template, now)
            for entry in self._entries
            if id(entry.rule) not in self._idle
        )

    def _rules_that_remember(self) -> frozenset[tuple[str, str]] | None:
        """Pack and id of the rules that look at the ledger.

        Such a rule looks at nothing of a person but the household and the branch, of which a
        likeness tells whether the lines are of the same. None: one of them speaks about certain
        customers only, so it matters who somebody is.
        """
        found = [entry.rule for entry in self._entries if entry.kind.remembers(entry.rule)]
        if any(rule.areas or rule.groups for rule in found):
            return None
        return frozenset((rule.pack, rule.id) for rule in found)
