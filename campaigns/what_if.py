"""What if a version of a pack held? A list judged under it and under the rules in force.

Nothing is written but the answer: no lead, no decision, no ledger line. Long lists are sampled, and
the answer says how many were judged.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.timezone import get_default_timezone, localdate

from audiences.models import Customer, CustomerNumber, ImportBatch, Segment
from audiences.segmenting import customers_in, customers_of_import
from audit.recording import record
from campaigns.domain.what_if_state import WhatIfState
from campaigns.models import Campaign, WhatIf
from campaigns.screening import audience_of, screening_intent
from campaigns.what_if_basis import COMPARED, Changed, basis_of, changed_since
from clock.reading import now as clock_now
from compliance.domain.decide import decide_stacked
from compliance.domain.intent import Actor, DialKind, Gate, Intent, Purpose
from compliance.domain.pack import EffectivePack, PackError
from compliance.domain.what_if import HOUR, Comparison, Curve, open_hours
from compliance.enacting import stack_with
from compliance.facts import load
from compliance.models import PackVersion, Product
from compliance.packs import in_force

log = logging.getLogger(__name__)

#: What a question says that was overtaken by its draft.
DRAFT_CHANGED = "the draft was changed since it was asked about"

#: Of a longer list so many are judged, drawn by lot (the same ones whenever it is asked again).
SAMPLE = 20_000
#: Of these so many are followed through the hours of the coming days, under both stacks.
CURVE_SAMPLE = 600
CURVE_DAYS = 14
#: Progress is written, and memory bounded, by so many customers.
STEP = 1_000


@transaction.atomic
def ask(
    version: PackVersion,
    *,
    maker_id: int,
    at: datetime,
    actor: Actor,
    campaign: Campaign | None = None,
    segment: Segment | None = None,
    batch: ImportBatch | None = None,
    product: Product | None = None,
) -> WhatIf:
    """Write the question down; `jobs.enqueue_what_if` has it answered."""
    asked = WhatIf.objects.create(
        version=version,
        sha256=version.sha256,
        campaign=campaign,
        segment=segment,
        batch=batch,
        product=product if campaign is None else campaign.product,
        actor=actor.value,
        at=at,
        maker_id=maker_id,
        created_at=clock_now(),
    )
    record(
        kind="what_if.asked",
        actor_id=maker_id,
        subject=f"what_if:{asked.pk}",
        payload={"pack": str(version), "sha256": version.sha256, "at": at},
    )
    return asked


def changed(asked: WhatIf) -> tuple[Changed, ...]:
    """What an answer was worked out from and is another by now."""
    short = asked.result.get("listed", 0) <= COMPARED
    return changed_since(asked, _people(asked, COMPARED + 1) if short else [])


def answer(what_if_id: int) -> bool:
    """Answer one question; False when it is answered, or being answered, already."""
    claimed = WhatIf.objects.filter(pk=what_if_id, state=WhatIfState.QUEUED.value).update(
        state=WhatIfState.RUNNING.value
    )
    if claimed != 1:
        return False
    asked = WhatIf.objects.select_related(
        "version__pack", "campaign__script_version", "segment", "batch", "product"
    ).get(pk=what_if_id)
    try:
        _answer(asked)
    except (PackError, LookupError, ValueError, DatabaseError) as error:
        log.warning("what-if %s failed: %s", what_if_id, type(error).__name__)
        WhatIf.objects.filter(pk=what_if_id).update(
            state=WhatIfState.FAILED.value, problem=str(error)[:200]
        )
    return True


def _answer(asked: WhatIf) -> None:
    if asked.version.sha256 != asked.sha256:
        raise PackError(DRAFT_CHANGED)
    people = _people(asked)
    basis = basis_of(asked, people, in_force(asked.at), clock_now())
    total, chosen = len(people), _sample(people, SAMPLE, asked.pk)
    WhatIf.objects.filter(pk=asked.pk).update(wanted=len(chosen))
    tried = stack_with(asked.version, asked.at)
    template = _intent(asked)
    followed = {pair[0] for pair in _sample(chosen, CURVE_SAMPLE, asked.pk)}
    begins = _hour_of(asked.at)
    hours = CURVE_DAYS * 24
    day_of = [
        (begins + hour * HOUR).astimezone(get_default_timezone()).date() for hour in range(hours)
    ]
    days = sorted(set(day_of))
    index = [days.index(day) for day in day_of]
    found, before, after = Comparison(), Curve(hours), Curve(hours)
    refs: tuple[str, ...] = ()
    for start in range(0, len(chosen), STEP):
        part = chosen[start : start + STEP]
        loaded = load(part, template, since=asked.at, at=asked.at)
        today, trying = _layered(loaded.stack, template), _layered(tried, template)
        refs = today.refs
        for (customer_id, number_id), facts in zip(part, loaded.each(), strict=True):
            intent = replace(template, customer_id=customer_id, number_id=number_id)
            found.add(
                decide_stacked(facts, intent, today, asked.at),
                decide_stacked(facts, intent, trying, asked.at),
            )
            if customer_id in followed:
                before.add(open_hours(facts, intent, today, begins, hours), index)
                after.add(open_hours(facts, intent, trying, begins, hours), index)
        WhatIf.objects.filter(pk=asked.pk).update(done=start + len(part))
    WhatIf.objects.filter(pk=asked.pk, state=WhatIfState.RUNNING.value).update(
        state=WhatIfState.DONE.value,
        result={
            **found.document(),
            "basis": basis,
            "listed": total,
            "curve": {
                "begins": begins.isoformat(),
                "days": [day.isoformat() for day in days],
                "asked": before.asked,
                "before": before.scaled(total, len(days)),
                "after": after.scaled(total, len(days)),
            },
            "packs": {"before": list(refs), "after": list(_layered(tried, template).refs)},
        },
    )


def _people(asked: WhatIf, limit: int | None = None) -> list[tuple[int, int]]:
    """Customers of the list that have a valid number, each with the best of them, by id; the first
    `limit` of them.
    """
    best = (
        CustomerNumber.objects.filter(customer_id=OuterRef("pk"), number__valid=True)
        .order_by("priority", "pk")
        .values("number_id")[:1]
    )
    rows = (
        _customers(asked)
        .annotate(best_number=Subquery(best))
        .filter(best_number__isnull=False)
        .order_by("pk")
        .values_list("pk", "best_number")
    )
    return list(rows[:limit].iterator(chunk_size=10_000))


def _customers(asked: WhatIf) -> QuerySet[Customer]:
    if asked.campaign is not None:
        return audience_of(asked.campaign)
    if asked.batch is not None:
        return customers_of_import(asked.batch.pk)
    assert asked.segment is not None
    return customers_in(asked.segment, on=localdate(asked.at))


def _sample(people: Sequence[tuple[int, int]], size: int, seed: int) -> Sequence[tuple[int, int]]:
    """All of a short list; of a long one so many, drawn by lot, in order."""
    if len(people) <= size:
        return people
    return sorted(random.Random(seed).sample(people, size))


def _intent(asked: WhatIf) -> Intent:
    actor = Actor(asked.actor)
    kind = DialKind.ROBOT if actor is Actor.ROBOT else DialKind.AGENT
    if asked.campaign is not None:
        return replace(screening_intent(asked.campaign), actor=actor, kind=kind)
    return Intent(
        purpose=Purpose.MARKETING,
        actor=actor,
        kind=kind,
        product_id=asked.product_id,
        carrier=settings.CARRIER,
        script_approved=True,
        gate=Gate.LIST,
    )


def _layered(stack: EffectivePack, template: Intent) -> EffectivePack:
    """With the campaign's own limits inside. Raises PackError when they cannot be read."""
    return stack.with_campaign(template.campaign_limits, template.campaign_id)


def _hour_of(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
