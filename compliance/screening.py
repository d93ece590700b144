"""Asking about a whole list at once, through the same facts statement as the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime

from compliance.domain.decide import decide
from compliance.domain.decision import Decision
from compliance.domain.facts import CUSTOMER_REACH, ContactKind, Facts
from compliance.domain.intent import Gate, Intent
from compliance.domain.judging import Judge
from compliance.domain.making import maker
from compliance.domain.pack import EffectivePack, PackError
from compliance.facts import BATCH, Loaded, load
from compliance.models import Contact
from compliance.packs import in_force
from database.batch_plans import by_keys


def screen(
    customers: Sequence[tuple[int, int]], intent_template: Intent, at: datetime
) -> dict[int, Decision]:
    """A decision for each (customer id, number id), at one instant; keyed by customer.

    The template says purpose, actor, product and campaign; customer and number are filled in. It is
    judged at gate LIST, whatever it says. Raises what the facts statement raises: a list that
    cannot be judged is not judged.
    """
    return dict(screened(customers, intent_template, at))


def screened(
    customers: Sequence[tuple[int, int]], intent_template: Intent, at: datetime
) -> Iterator[tuple[int, Decision]]:
    """As `screen`, one after the other, a batch of at most 10,000 in memory."""
    template = replace(intent_template, gate=Gate.LIST)
    begun = _first_line(template.campaign_id, at)
    for start in range(0, len(customers), BATCH):
        batch = customers[start : start + BATCH]
        yield from _judge(batch, template, _load(batch, template, at, begun))


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
) -> Iterator[tuple[int, Decision]]:
    judge = _judge_of(template, loaded)
    values = [getattr(template, each.name) for each in fields(template)]
    before, after = values[:_CUSTOMER], values[_CUSTOMER + 2 :]
    for (customer_id, number_id), facts in zip(batch, loaded.each(), strict=True):
        intent = _make_intent(*before, customer_id, number_id, *after)
        yield customer_id, judge(facts, intent)


def _judge_of(template: Intent, loaded: Loaded) -> Callable[[Facts, Intent], Decision]:
    stack, now = loaded.stack, loaded.now
    try:
        stacked = stack.with_campaign(template.campaign_limits, template.campaign_id)
    except PackError:
        # limits that cannot be read block everybody, and `decide` says so
        return lambda facts, intent: decide(facts, intent, stack, now)
    return Judge(template, stacked, loaded.world, now).decide


_CUSTOMER = [each.name for each in fields(Intent)].index("customer_id")


def _stack(template: Intent, stack: EffectivePack) -> EffectivePack:
    """The stack with the campaign's layer, where it can be read."""
    try:
        return stack.with_campaign(template.campaign_limits, template.campaign_id)
    except PackError:
        return stack
