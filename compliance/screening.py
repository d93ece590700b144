"""Asking about a whole list at once, through the same facts statement as the gate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from itertools import repeat
from typing import NamedTuple

from compliance.alike import Likenesses
from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.facts import CUSTOMER_REACH, ContactKind, World
from compliance.domain.intent import Gate, Intent
from compliance.domain.judging import Judge
from compliance.domain.likeness import Likeness
from compliance.domain.making import maker
from compliance.domain.pack import EffectivePack, PackError
from compliance.facts import BATCH, Loaded, load
from compliance.facts_lines import read_facts
from compliance.models import Contact
from compliance.packs import in_force
from database.batch_plans import by_keys


def screen(
    customers: Sequence[tuple[int, int]], intent_template: Intent, at: datetime
) -> dict[int, Decision]:
    """A decision for each (customer id, number id), at one instant; keyed by customer.

    The template says purpose, actor, product and campaign; customer and number are filled in. It is
    judged at gate LIST, whatever it says. People who are alike may share a decision: its outcome,
    codes and `earliest_next` are each one's, not what its reasons observed or when one of several
    lifts. Raises what the facts statement raises: a list that cannot be judged is not judged.
    """
    template = replace(intent_template, gate=Gate.LIST)
    begun = _first_line(template.campaign_id, at)
    found: dict[int, Decision] = {}
    for start in range(0, len(customers), BATCH):
        batch = customers[start : start + BATCH]
        found.update(_judge(batch, template, _load(batch, template, at, begun)))
    return found


def _load(
    batch: Sequence[tuple[int, int]], template: Intent, at: datetime, begun: datetime | None
) -> Loaded:
    """The facts, without the lines of the ledger that the stack in force has forgotten."""
    expected = in_force(at)
    while True:
        remembered = _stack(template, expected).remembered
        with by_keys():
            loaded = load(batch, template, since=at, at=at, remembered=remembered, begun=begun)
        if loaded.stack.packs == expected.packs:
            return loaded
        expected = loaded.stack  # another version came into force in between


def _first_line(campaign_id: int | None, at: datetime) -> datetime | None:
    """When the campaign first dialled anybody, as far back as facts reach."""
    lines = Contact.objects.filter(
        campaign_id=campaign_id, kind=ContactKind.ATTEMPT.value, at__gte=at - CUSTOMER_REACH
    )
    return lines.order_by("at").values_list("at", flat=True).first()


_make_intent = maker(Intent)


def _judge(
    batch: Sequence[tuple[int, int]], template: Intent, loaded: Loaded
) -> list[tuple[int, Decision]]:
    """First everybody who is like somebody before them, then the others.

    What `decide` needs stays in the processor's caches as long as nothing else is done between.
    """
    judge = _judge_of(template, loaded)
    likenesses: Iterable[Likeness | None] = repeat(None)
    if judge is not None and judge.turns is not None:
        likenesses = Likenesses(loaded.lines, judge.turns, template, loaded.now).each(batch)
    found: list[tuple[int, Decision]] = []
    others: list[tuple[tuple[int, int], Likeness | None]] = []
    for pair, alike in zip(batch, likenesses, strict=False):
        known = None if judge is None or alike is None else judge.of_alike(alike)
        if known is None:
            others.append((pair, alike))
        else:
            found.append((pair[0], known))
    values = [getattr(template, each.name) for each in fields(template)]
    before, after = values[:_CUSTOMER], values[_CUSTOMER + 2 :]
    for (customer_id, number_id), alike in others:
        known = None if judge is None or alike is None else judge.of_alike(alike)
        if known is None:
            intent = _make_intent(*before, customer_id, number_id, *after)
            facts = read_facts(loaded.lines, customer_id, number_id, loaded.world)
            if judge is None:
                # limits that cannot be read block everybody, and `decide` says so
                known = decide(facts, intent, loaded.stack, loaded.now)
            elif alike is not None:
                known = judge.decide_alike(alike, facts, intent)
            else:
                known = judge.decide(facts, intent)
        found.append((customer_id, known))
    return found


class _Sitting(NamedTuple):
    """A judge, and what it was made for."""

    template: Intent
    stack: EffectivePack
    world: World
    now: datetime
    judge: Judge


#: The last one: portions of a list that are judged for the same instant share what it found.
_last: _Sitting | None = None


def _judge_of(template: Intent, loaded: Loaded) -> Judge | None:
    """None: the campaign's limits cannot be read."""
    global _last
    stack, world, now = loaded.stack, loaded.world, loaded.now
    last = _last
    if (
        last is not None
        and last.stack is stack
        and last.world is world
        and last.now == now
        and last.template == template
    ):
        return last.judge
    try:
        stacked = stack.with_campaign(template.campaign_limits, template.campaign_id)
    except PackError:
        return None
    judge = Judge(template, stacked, world, now)
    _last = _Sitting(template, stack, world, now, judge)
    return judge


_CUSTOMER = [each.name for each in fields(Intent)].index("customer_id")


def _stack(template: Intent, stack: EffectivePack) -> EffectivePack:
    """The stack with the campaign's layer, where it can be read."""
    try:
        return stack.with_campaign(template.campaign_limits, template.campaign_id)
    except PackError:
        return stack
