"""Screening: cut an audience by branch, ask for everyone whether they may be called, keep why not.

A campaign is screened in two steps. *Planning* makes one list a branch, empty (`counts == {}`);
*filling* screens one list and stores its leads and counts in one transaction. So the rows tell the
progress, a list is either whole or empty, and work that died is simply done again. Lists of
different branches are filled by as many workers as there are.
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.timezone import localdate

from audiences.models import Customer, CustomerNumber
from audiences.segmenting import customers_in, customers_of_import
from audit.recording import record
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.domain.sorting import (
    WITHOUT_NUMBER,
    Placed,
    place,
    placed_by_hand,
    wants_a_person,
)
from campaigns.models import Audience, Campaign, TargetList
from campaigns.reading import is_profiled
from clock.reading import now as clock_now
from compliance.domain.decision import Decision
from compliance.domain.intent import Actor, DialKind, Gate, Intent, Purpose
from compliance.screening import screen
from live.publishing import publish
from robot.domain.versions import VersionState

log = logging.getLogger(__name__)

BATCH = 10_000
#: why a campaign went back to draft: its audience is empty
NOBODY = "audience_empty"

#: Lists that still count: one a branch.
LIVE_LISTS = frozenset(ListState) - {ListState.SUPERSEDED}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a screening is, in branches and in customers already judged."""

    branches: int
    done: int
    customers: int

    @property
    def percent(self) -> int:
        """Whole percent of the branches done (0 before the lists are planned)."""
        return 100 * self.done // self.branches if self.branches else 0


def screen_campaign(campaign_id: int) -> None:
    """Screen the whole campaign in this process: plan, fill each list, close."""
    for list_id in plan_lists(campaign_id):
        fill_list(list_id)
    close_screening(campaign_id)


def plan_lists(campaign_id: int) -> list[int]:
    """One empty list for each branch of the audience; returns the ids of all that are still empty.

    Called again it plans nothing new: it returns what is still empty.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if campaign.state != CampaignState.SCREENING:
            return []
        lists = campaign.lists.filter(state__in=[s.value for s in LIVE_LISTS])
        if not lists.exists():
            _plan(campaign, clock_now())
        return list(lists.filter(counts={}).order_by("pk").values_list("pk", flat=True))


def _plan(campaign: Campaign, at: datetime) -> None:
    branches = audience_of(campaign).order_by("branch_id").values_list("branch_id", flat=True)
    latest: dict[int, int] = {}
    for branch_id, version in campaign.lists.values_list("branch_id", "version"):
        latest[branch_id] = max(version, latest.get(branch_id, 0))
    TargetList.objects.bulk_create(
        TargetList(
            campaign=campaign,
            branch_id=branch_id,
            version=latest.get(branch_id, 0) + 1,
            screened_at=at,
        )
        for branch_id in branches.distinct()
    )


def fill_list(list_id: int) -> bool:
    """Screen one empty list: its leads and counts, in one transaction. False if nothing was to do.

    The row lock keeps a second worker from the same list; it then finds it filled.
    """
    with transaction.atomic():
        target_list = (
            TargetList.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("campaign__script_version")
            .filter(pk=list_id, state=ListState.SCREENED.value, counts={})
            .first()
        )
        if target_list is None:
            return False
        campaign = target_list.campaign
        at = clock_now()
        counts = _store(target_list, max(at, campaign.starts_at))
        TargetList.objects.filter(pk=list_id).update(counts=counts, screened_at=at)
        record(
            kind="target_list.screened",
            actor_id=None,
            subject=f"target_list:{list_id}",
            payload=counts,
        )
        publish(f"campaign:{campaign.pk}", "screening", {"list": list_id})
    return True


def close_screening(campaign_id: int) -> bool:
    """SCREENING → SCREENED once every list is filled; back to draft when there is nobody.

    Returns whether this call closed it. Safe to call from every worker after every list.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        lists = campaign.lists.filter(state__in=[s.value for s in LIVE_LISTS])
        if campaign.state != CampaignState.SCREENING or lists.filter(counts={}).exists():
            return False
        new = CampaignState.SCREENED if lists.exists() else CampaignState.DRAFT
        Campaign.objects.filter(pk=campaign_id, state=CampaignState.SCREENING.value).update(
            state=new.value, pause_cause="" if new is CampaignState.SCREENED else NOBODY
        )
        record(
            kind=f"campaign.{'screened' if new is CampaignState.SCREENED else 'found_nobody'}",
            actor_id=None,
            subject=f"campaign:{campaign_id}",
            payload={"lists": lists.count()},
        )
        publish(f"campaign:{campaign_id}", "state", {"state": new.value})
    return True


def progress(campaign: Campaign) -> Progress:
    """How far the screening of this campaign is, from its lists' rows."""
    counts = list(
        campaign.lists.filter(state__in=[s.value for s in LIVE_LISTS]).values_list(
            "counts", flat=True
        )
    )
    return Progress(
        branches=len(counts),
        done=sum(1 for one in counts if one),
        customers=sum(one.get("listed", 0) for one in counts),
    )


def audience_of(campaign: Campaign) -> QuerySet[Customer]:
    """Whom the campaign is for: its import and its segment (both: who is in both), or everybody."""
    audience = Audience.objects.filter(campaign=campaign).select_related("segment").first()
    customers = Customer.objects.all()
    if audience is not None and audience.batch_id is not None:
        customers = customers_of_import(audience.batch_id)
    if audience is not None and audience.segment is not None:
        # ages are those of the campaign's first day, so that every worker asks for the same people
        first_day = localdate(campaign.starts_at)
        chosen = customers_in(audience.segment, on=first_day)
        customers = customers.filter(pk__in=chosen.values("pk")) if audience.batch_id else chosen
    return customers.filter(merged_into=None)


def _store(target_list: TargetList, at: datetime) -> dict[str, Any]:
    """Judge and store everyone of the list's branch; returns the list's counts."""
    template = screening_intent(target_list.campaign)
    ends_at = target_list.campaign.ends_at
    listed = eligible = waiting = 0
    primary: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    basis: dict[str, dict[str, str]] = {}
    for people in _batches(_people(target_list)):
        decisions = screen([(c, n) for c, n in people if n is not None], template, at)
        by_hand = _by_hand(people, decisions, template, at) if target_list.campaign.by_hand else {}
        rows = []
        for customer_id, number_id in people:
            placed = WITHOUT_NUMBER if number_id is None else place(decisions[customer_id], ends_at)
            if customer_id in by_hand:
                placed = placed_by_hand(placed, by_hand[customer_id], ends_at)
            rows.append((customer_id, number_id, placed))
            reasons.update(placed.codes)
            if placed.codes and number_id is not None:
                _note_basis(basis, decisions[customer_id])
            if placed.state is LeadState.LISTED:
                eligible += 1
                waiting += placed.clears_at is not None
            else:
                primary[placed.codes[0] if placed.codes else "UNKNOWN"] += 1
        listed += len(rows)
        _copy(target_list, rows)
    return {
        "listed": listed,
        "eligible": eligible,
        "waiting": waiting,
        "blocked": dict(primary.most_common()),
        "reasons": dict(reasons.most_common()),
        "basis": basis,
    }


def _by_hand(
    people: Sequence[tuple[int, int | None]],
    decisions: Mapping[int, Decision],
    template: Intent,
    at: datetime,
) -> dict[int, Decision]:
    """The question again, for those whom only a robot may not call: may a person?"""
    asked = [(c, n) for c, n in people if n is not None and wants_a_person(decisions[c])]
    if not asked:
        return {}
    return screen(asked, replace(template, actor=Actor.HUMAN, kind=DialKind.AGENT), at)


def _note_basis(basis: dict[str, dict[str, str]], decision: Decision) -> None:
    """Keep, for each code, the first rule that gave it, with its pack and legal basis."""
    for reason in decision.reasons:
        if reason.code not in basis:
            basis[reason.code] = {
                "rule": reason.rule_id,
                "pack": reason.pack,
                "legal_ref": reason.legal_ref,
            }


def screening_intent(campaign: Campaign) -> Intent:
    """What is asked about everyone: may a robot call them in this campaign?

    `Gate.LIST` leaves out what exists only at the moment of dialling: whether the campaign runs, is
    signed, has a caller ID. The question here is the customer.
    """
    return Intent(
        purpose=Purpose(campaign.purpose),
        actor=Actor.ROBOT,
        kind=DialKind.ROBOT,
        product_id=campaign.product_id,
        campaign_id=campaign.pk,
        carrier=settings.CARRIER,
        script_approved=campaign.script_version.state == VersionState.PUBLISHED,
        campaign_limits=campaign.limits or None,
        gate=Gate.LIST,
        profiled=is_profiled(campaign),
        ring_s=campaign.ring_timeout_s,
    )


def _people(target_list: TargetList) -> Iterable[tuple[int, int | None]]:
    """Customer and best number (lowest priority among the valid ones) of the list's branch."""
    best = (
        CustomerNumber.objects.filter(customer_id=OuterRef("pk"), number__valid=True)
        .order_by("priority", "pk")
        .values("number_id")[:1]
    )
    return (
        audience_of(target_list.campaign)
        .filter(branch_id=target_list.branch_id)
        .annotate(best_number=Subquery(best))
        .order_by("pk")
        .values_list("pk", "best_number")
        .iterator(chunk_size=BATCH)
    )


def _batches(
    people: Iterable[tuple[int, int | None]],
) -> Iterator[list[tuple[int, int | None]]]:
    batch: list[tuple[int, int | None]] = []
    for person in people:
        batch.append(person)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


_COPY = """
COPY campaigns_lead (target_list_id, campaign_id, customer_id, number_id, state, codes, clears_at,
                     attempts, outcome, result, by_hand) FROM STDIN
"""


def _copy(target_list: TargetList, rows: list[tuple[int, int | None, Placed]]) -> None:
    """COPY leads in PostgreSQL's text format: tabs, \\N for null, {A,B} for codes (A-Z, 0-9, _)."""
    head = f"{target_list.pk}\t{target_list.campaign_id}\t"
    text = io.StringIO()
    for customer_id, number_id, placed in rows:
        number = r"\N" if number_id is None else number_id
        lifts = r"\N" if placed.clears_at is None else placed.clears_at.isoformat()
        codes = ",".join(placed.codes)
        hand = "t" if placed.by_hand else "f"
        text.write(
            f"{head}{customer_id}\t{number}\t{placed.state.value}\t{{{codes}}}\t{lifts}\t0\t\t\t{hand}\n"
        )
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, text)
