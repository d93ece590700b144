"""Screening: cut an audience by branch, ask for everyone whether they may be called, keep why not.

*Planning* makes one list a branch, empty (`counts == {}`), and cuts the audience into portions
(portions.py). Every worker takes the next portion, judges its customers and stores their leads in
one transaction. When the last portion is done, *closing* adds up what the lists count. So the rows
tell the progress, and work that died is simply done again.
"""

from __future__ import annotations

import gc
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.timezone import localdate

from audiences.models import Customer
from audiences.segmenting import customers_in, customers_of_import
from audit.recording import entry, record, record_all
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.list_state import ListState
from campaigns.domain.sorting import (
    WITHOUT_NUMBER,
    Placed,
    place,
    placed_by_hand,
    wants_a_person,
)
from campaigns.domain.tally import Tally
from campaigns.models import Audience, Campaign, Portion, TargetList
from campaigns.portions import cut, progress, take, wanted
from campaigns.reading import is_profiled
from clock.reading import now as clock_now
from clock.reading import real
from compliance.domain.decision import Decision
from compliance.domain.intent import Actor, DialKind, Gate, Intent, Purpose
from compliance.screening import screen
from database.arrays import array_of_ids
from database.batch_plans import by_keys
from live.publishing import publish
from robot.domain.versions import VersionState

#: why a campaign went back to draft: its audience is empty
NOBODY = "audience_empty"

#: Lists that still count: one a branch.
LIVE_LISTS = frozenset(ListState) - {ListState.SUPERSEDED}


def screen_campaign(campaign_id: int) -> None:
    """Screen whatever of the campaign is still to be screened, in this process."""
    plan(campaign_id)
    work(campaign_id)


def plan(campaign_id: int) -> int:
    """One empty list for each branch of the audience, and the portions; returns how many wait.

    Called again it plans nothing new: it returns how many portions are still to be done.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if campaign.state == CampaignState.SCREENING:
            lists = campaign.lists.filter(state__in=[s.value for s in LIVE_LISTS])
            if not lists.exists() or not campaign.portions.filter(target_list=None).exists():
                _plan(campaign, lists)
        return wanted(campaign_id).count()


def _plan(campaign: Campaign, lists: QuerySet[TargetList]) -> None:
    audience = audience_of(campaign)
    campaign.portions.all().delete()  # of a screening that was broken off
    latest: dict[int, int] = {}
    for branch_id, version in campaign.lists.values_list("branch_id", "version"):
        latest[branch_id] = max(version, latest.get(branch_id, 0))
    there = set(lists.values_list("branch_id", flat=True))
    branches = audience.order_by("branch_id").values_list("branch_id", flat=True).distinct()
    at = clock_now()
    TargetList.objects.bulk_create(
        TargetList(
            campaign=campaign,
            branch_id=branch_id,
            version=latest.get(branch_id, 0) + 1,
            screened_at=at,
        )
        for branch_id in branches
        if branch_id not in there
    )
    cut(campaign, audience, at_real=real())


def plan_list(target_list: TargetList) -> None:
    """The portions of one list alone. In the caller's transaction."""
    people = audience_of(target_list.campaign).filter(branch_id=target_list.branch_id)
    if not cut(target_list.campaign, people, at_real=real(), target_list=target_list):
        _count([target_list], Portion.objects.none())


def work(campaign_id: int) -> None:
    """Screen portions until none is left that nobody works at, then close what is complete."""
    with _no_collector():
        while screen_next(campaign_id):
            pass
    close(campaign_id)


def screen_next(campaign_id: int) -> bool:
    """Screen the next portion: its leads and tallies, in one transaction. False: none is left.

    The row lock keeps a second worker from the same portion; it takes another.
    """
    with transaction.atomic():
        portion = take(campaign_id)
        if portion is None:
            return False
        tallies, basis = _screen(portion)
        Portion.objects.filter(pk=portion.pk).update(
            done_at=real(),
            tallies={list_id: tally.document() for list_id, tally in tallies.items()},
            basis=basis,
        )
        if portion.target_list_id is None:
            _tell(portion.campaign)
    return True


@contextmanager
def _no_collector() -> Iterator[None]:
    """A portion makes some hundred thousand small values and hardly a circle: looking for circles
    among them again and again takes a fifth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _tell(campaign: Campaign) -> None:
    """The campaign's page moves its bar."""
    found = progress(campaign)
    publish(f"campaign:{campaign.pk}", "progress", {"done": found.done, "planned": found.planned})


def close(campaign_id: int) -> None:
    """Give the lists whose portions are all done their counts, and end the campaign's screening.

    SCREENING → SCREENED, or back to draft when there is nobody. Safe to call by every worker.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        again = campaign.lists.filter(
            state=ListState.SCREENED.value, counts={}, portions__isnull=False
        ).distinct()
        for target_list in again:
            if not target_list.portions.filter(done_at=None).exists():
                _count([target_list], target_list.portions.all())
        if campaign.state == CampaignState.SCREENING:
            _close(campaign)


def _close(campaign: Campaign) -> None:
    lists = list(campaign.lists.filter(state__in=[s.value for s in LIVE_LISTS]))
    portions = campaign.portions.filter(target_list=None)
    if portions.filter(done_at=None).exists() or (lists and not portions.exists()):
        return
    _count([each for each in lists if not each.counts], portions)
    new = CampaignState.SCREENED if lists else CampaignState.DRAFT
    Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SCREENING.value).update(
        state=new.value, pause_cause="" if new is CampaignState.SCREENED else NOBODY
    )
    record(
        kind=f"campaign.{'screened' if new is CampaignState.SCREENED else 'found_nobody'}",
        actor_id=None,
        subject=f"campaign:{campaign.pk}",
        payload={"lists": len(lists)},
    )
    publish(f"campaign:{campaign.pk}", "state", {"state": new.value})


def _count(lists: list[TargetList], portions: QuerySet[Portion]) -> None:
    """Add up what the portions counted; they have served."""
    tallies: dict[str, list[dict[str, Any]]] = {}
    basis: dict[str, dict[str, str]] = {}
    for portion in portions.order_by("first_id"):
        basis = {**portion.basis, **basis}
        for list_id, tally in portion.tallies.items():
            tallies.setdefault(list_id, []).append(tally)
    found: dict[int, dict[str, Any]] = {}
    for target_list in lists:
        counts = Tally.total(tallies.get(str(target_list.pk), ())).document()
        counts["basis"] = {code: basis[code] for code in counts["reasons"] if code in basis}
        found[target_list.pk] = counts
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"counts": json.dumps(found), "at": clock_now()})
    record_all(
        entry(
            kind="target_list.screened",
            actor_id=None,
            subject=f"target_list:{list_id}",
            payload=counts,
        )
        for list_id, counts in found.items()
    )
    for campaign_id in {target_list.campaign_id for target_list in lists}:
        publish(f"campaign:{campaign_id}", "screening", {"lists": len(found)})
    portions.delete()


_COUNTED = """
UPDATE campaigns_targetlist AS list SET counts = counted.value, screened_at = %(at)s
FROM jsonb_each(%(counts)s::jsonb) AS counted WHERE list.id = counted.key::bigint
"""


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


def _screen(portion: Portion) -> tuple[dict[int, Tally], dict[str, dict[str, str]]]:
    """Judge and store everyone of a portion; a tally a list, and the legal basis of each code."""
    campaign = Campaign.objects.select_related("script_version", "audience").get(
        pk=portion.campaign_id
    )
    lists = _lists(campaign, portion)
    people = _people(campaign, portion, lists)
    with_number = [(customer, number) for customer, _, number in people if number is not None]
    at, template = judged_at(campaign), screening_intent(campaign)
    decisions = screen(with_number, template, at)
    by_hand = _by_hand(with_number, decisions, template, at) if campaign.by_hand else {}
    places = _Places(campaign.ends_at)
    without = places.keep(WITHOUT_NUMBER)
    campaign_id = campaign.pk
    # by list, as the leads' indexes are: what lies side by side is written side by side
    rows: defaultdict[int, list[str]] = defaultdict(list)
    counted: list[tuple[int, str]] = []
    for customer_id, branch_id, number_id in people:
        if number_id is None:
            number, rest = r"\N", without
        else:
            number, rest = str(number_id), places.of(decisions[customer_id])
            if customer_id in by_hand:
                rest = places.by_hand(rest, by_hand[customer_id])
        list_id = lists[branch_id]
        counted.append((list_id, rest))
        rows[list_id].append(f"{list_id}\t{campaign_id}\t{customer_id}\t{number}{rest}")
    _copy("".join(rows[list_id]) for list_id in sorted(rows))
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    for (list_id, rest), customers in Counter(counted).items():
        tallies[list_id].add(places.placed[rest], customers)
    return tallies, places.basis


class _Places:
    """Where decisions place people, each as the rest of a lead's row says it.

    People who are alike share a decision, and so their place. `basis`: for each code, the first
    rule that gave it, with its pack and legal basis.
    """

    def __init__(self, ends_at: datetime) -> None:
        self._ends_at = ends_at
        self._found: dict[int, str] = {}
        self.placed: dict[str, Placed] = {}
        self.basis: dict[str, dict[str, str]] = {}

    def of(self, decision: Decision) -> str:
        """Of somebody for whom there is a decision, which must live on."""
        found = self._found.get(id(decision))
        if found is None:
            found = self._found[id(decision)] = self.keep(place(decision, self._ends_at))
            _note_basis(self.basis, decision)
        return found

    def by_hand(self, robot: str, by_person: Decision) -> str:
        """Of somebody whom perhaps a person may call, whatever the robot may."""
        return self.keep(placed_by_hand(self.placed[robot], by_person, self._ends_at))

    def keep(self, placed: Placed) -> str:
        """What a row says of a place."""
        rest = _rest(placed)
        self.placed[rest] = placed
        return rest


def judged_at(campaign: Campaign) -> datetime:
    """The instant that a list is judged for: the campaign's start or, past that, the next minute.

    All that is known by now is known then, and portions that are judged within one minute are
    judged for the same instant: what was found out for one of them serves the others.
    """
    now = clock_now()
    begun = now.replace(second=0, microsecond=0)
    return max(now if begun == now else begun + timedelta(minutes=1), campaign.starts_at)


def _by_hand(
    people: Sequence[tuple[int, int]],
    decisions: Mapping[int, Decision],
    template: Intent,
    at: datetime,
) -> dict[int, Decision]:
    """The question again, for those whom only a robot may not call: may a person?"""
    asked = [pair for pair in people if wants_a_person(decisions[pair[0]])]
    if not asked:
        return {}
    return screen(asked, replace(template, actor=Actor.HUMAN, kind=DialKind.AGENT), at)


def _lists(campaign: Campaign, portion: Portion) -> dict[int, int]:
    """The list of each branch that the portion fills."""
    empty = campaign.lists.filter(state=ListState.SCREENED.value, counts={})
    if portion.target_list_id is not None:
        empty = empty.filter(pk=portion.target_list_id)
    else:
        empty = empty.filter(portions=None)
    return dict(empty.values_list("branch_id", "pk"))


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


#: The best number of each: the lowest priority among the valid ones.
_NUMBERS = """
WITH link AS MATERIALIZED (
    SELECT customer_id, number_id, priority, id FROM audiences_customernumber
    WHERE customer_id = ANY(%s::bigint[]))
SELECT DISTINCT ON (link.customer_id) link.customer_id, link.number_id
FROM link
JOIN audiences_number AS number ON number.id = link.number_id AND number.valid
    AND number.id = ANY((SELECT array_agg(number_id) FROM link)::bigint[])
ORDER BY link.customer_id, link.priority, link.id
"""


def _people(
    campaign: Campaign, portion: Portion, lists: dict[int, int]
) -> list[tuple[int, int, int | None]]:
    """Customer, branch and best number of everyone of the portion, in the order of the ids."""
    audience = audience_of(campaign).filter(pk__gte=portion.first_id, pk__lt=portion.until_id)
    if portion.target_list_id is not None:
        audience = audience.filter(branch_id__in=lists)
    sql, values = audience.order_by("pk").values("pk", "branch_id").query.sql_with_params()
    with by_keys() as cursor:
        cursor.execute(sql, values)
        people = cursor.fetchall()
        cursor.execute(_NUMBERS, [array_of_ids(customer for customer, _ in people)])
        best = dict(cursor.fetchall())
    # who moved to a branch that has no list is not in this screening
    return [(each, branch, best.get(each)) for each, branch in people if branch in lists]


_COPY = """
COPY campaigns_lead (target_list_id, campaign_id, customer_id, number_id, state, codes, clears_at,
                     attempts, outcome, result, by_hand) FROM STDIN
"""


def _rest(placed: Placed) -> str:
    """What follows list, campaign, customer and number in a lead's row, as PostgreSQL's text format
    has it: tabs, \\N for null, {A,B} for codes (A-Z, 0-9, _).
    """
    lifts = r"\N" if placed.clears_at is None else placed.clears_at.isoformat()
    codes = ",".join(placed.codes)
    hand = "t" if placed.by_hand else "f"
    return f"\t{placed.state}\t{{{codes}}}\t{lifts}\t0\t\t\t{hand}\n"


def _copy(rows: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, io.StringIO("".join(rows)))
