"""Asking about a whole list at once, through the same facts statement as the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from compliance.domain.decide import decide, decide_stacked
from compliance.domain.decision import Decision
from compliance.domain.intent import Gate, Intent
from compliance.domain.pack import EffectivePack, PackError
from compliance.facts import BATCH, Loaded, load


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
    for start in range(0, len(customers), BATCH):
        batch = customers[start : start + BATCH]
        loaded = load(batch, template, since=at, at=at)
        yield from _judge(batch, template, loaded)


def _judge(
    batch: Sequence[tuple[int, int]], template: Intent, loaded: Loaded
) -> Iterator[tuple[int, Decision]]:
    stack = _stack(template, loaded)
    for (customer_id, number_id), facts in zip(batch, loaded.each(), strict=True):
        intent = replace(template, customer_id=customer_id, number_id=number_id)
        if stack is None:
            yield customer_id, decide(facts, intent, loaded.stack, loaded.now)
        else:
            yield customer_id, decide_stacked(facts, intent, stack, loaded.now)


def _stack(template: Intent, loaded: Loaded) -> EffectivePack | None:
    """The stack with the campaign's layer, compiled once; None when the limits cannot be read."""
    try:
        return loaded.stack.with_campaign(template.campaign_limits, template.campaign_id)
    except PackError:
        return None
