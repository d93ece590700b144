"""The facts, by one SQL statement: the same for one customer at the gate and for 10,000 in a list.

Pairs of (customer, number) go in, the facts of each come out, in order; what all of them share
(packs in force, calendar, registers, kill switches, the product, the caller ID) is one `World`. The
statement (facts_statement.py) reads the database's time itself, so that facts and "now" are of one
moment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from compliance.calendars import calendar_with
from compliance.counting import REACH as COUNT_REACH
from compliance.domain.facts import (
    CUSTOMER_REACH,
    OTHERS_REACH,
    Blackout,
    CallerIdFacts,
    CampaignCounts,
    ContactKind,
    Facts,
    KillSwitch,
    Operator,
    ProductFacts,
    RegisterFacts,
    World,
)
from compliance.domain.intent import Gate, Intent
from compliance.domain.memory import SHORT, Remembered, Told
from compliance.domain.pack import EffectivePack
from compliance.facts_lines import Lines, Pair, read_facts
from compliance.facts_statement import REMEMBERED_STATEMENT, STATEMENT, bounded
from compliance.packs import stack_of
from database.arrays import array_of_ids
from database.brief_transactions import BriefTransaction
from database.prepared import Prepared

#: More pairs than this in one statement: split the list.
BATCH = 10_000
#: Nothing has happened further ahead (clocks only run forward): the planner need not look.
AHEAD = timedelta(days=2)
_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`now` is business time, `real` the database's; the facts stand in the order of the pairs.

    Facts are made one by one: 10,000 of them at once would keep the garbage collector busy.
    """

    now: datetime
    real: datetime
    speed: float
    stack: EffectivePack
    world: World
    pairs: Sequence[Pair]
    lines: Lines

    def each(self) -> Iterator[Facts]:
        """The facts of each pair, in order."""
        lines, world = self.lines, self.world
        return (read_facts(lines, customer, number, world) for customer, number in self.pairs)

    @property
    def facts(self) -> list[Facts]:
        """The facts of every pair, in order."""
        return list(self.each())


def load(
    pairs: Sequence[Pair],
    intent: Intent,
    *,
    since: datetime,
    at: datetime | None = None,
    remembered: Remembered | None = None,
    begun: datetime | None = None,
    within: BriefTransaction | None = None,
) -> Loaded:
    """Facts of 1 to 10,000 (customer id, number id) for one intent.

    `since` is a recent business instant, from which the reach back is counted (a constant lets the
    planner skip old partitions). `at` fixes the instant (screening); else it is the database's now.
    `remembered` leaves out of the ledger what the rules that will judge have forgotten (None =
    nothing is left out); `begun` is then the instant of the campaign's first line, if it has one.
    `within`: the gate's transaction, where the statement for one is planned once.
    Raises django.db.Error, PackError, LookupError or ValueError: the caller blocks.
    """
    if not 0 < len(pairs) <= BATCH:
        raise ValueError("between one pair and a batch")
    values = {
        "at": at,
        "customers": array_of_ids(customer for customer, _ in pairs),
        "numbers": array_of_ids(number for _, number in pairs),
        "product": intent.product_id,
        "caller_id": intent.caller_id_id,
        "key": intent.idempotency_key,
        **_spans(remembered, since, begun),
        # only at the dial: a list is not screened by what its campaign did
        "counted": intent.campaign_id if intent.gate is Gate.DIAL else None,
        "count_since": since - COUNT_REACH,
        "limits": json.dumps(intent.campaign_limits) if intent.campaign_limits else None,
    }
    before = time.time()
    if within is not None:
        rows = within.run((at_the_gate(since.astimezone(UTC).date()), values))
    else:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT if remembered is None else REMEMBERED_STATEMENT, values)
            rows = cursor.fetchall()
    after = time.time()
    lines = Lines(rows)
    moment, real_moment, text = lines.world[4:7]
    now, real = datetime.fromisoformat(moment), datetime.fromisoformat(real_moment)
    speed, stack, world = _shared(text)
    skew = _skew(before, real.timestamp(), after)
    if skew:
        world = replace(world, clock_skew_s=skew)
    return Loaded(now, real, speed, stack, world, pairs, lines)


@lru_cache(maxsize=4)
def at_the_gate(day: date) -> Prepared:
    """The statement as the gate asks on one day (UTC): planned once a month, for what it can reach.

    A batch is planned for its size.
    """
    return _planned(tuple(reach_on(day).items()))


@lru_cache(maxsize=2)
def _planned(bounds: tuple[tuple[str, datetime], ...]) -> Prepared:
    return Prepared("facts", bounded(STATEMENT, dict(bounds)))


def reach_on(day: date) -> dict[str, datetime]:
    """The beginnings of months between which everything lies that is asked for on a day (UTC)."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    bounds = {
        "long_since": begin - CUSTOMER_REACH,
        "others_since": begin - OTHERS_REACH,
        "count_since": begin - COUNT_REACH,
        "until": begin + timedelta(days=1) + AHEAD + _MONTH,
    }
    return {
        name: bound.replace(day=1, hour=0, minute=0, second=0) for name, bound in bounds.items()
    }


@lru_cache(maxsize=64)
def _shared(text: str) -> tuple[float, EffectivePack, World]:
    """What all pairs share, read. The same for one dial after the other, more often than not."""
    shared = json.loads(text)
    stack = stack_of([(identity, sha256) for identity, sha256 in shared["packs"] or ()])
    return shared["speed"], stack, _world(shared, stack)


def _spans(
    remembered: Remembered | None, since: datetime, begun: datetime | None
) -> dict[str, Any]:
    """Which lines of the ledger are read, and from when on.

    What is remembered for a short time is read apart, or for as long as the campaign is old.
    """
    far = since - CUSTOMER_REACH
    bounds = {"until": since + AHEAD, "others_since": since - OTHERS_REACH}
    if remembered is None:
        return {**bounds, "long_since": far}

    def from_when_on(spans: Mapping[Told, timedelta | None]) -> dict[Told, datetime]:
        return {t: far if span is None else max(since - span, far) for t, span in spans.items()}

    of_all, of_wishes = map(from_when_on, (remembered.spans, remembered.of_wishes()))
    first: dict[ContactKind, datetime] = {}
    for (kind, _), moment in of_wishes.items():
        first[kind] = min(moment, first.get(kind, moment))
    long_first = {kind: moment for kind, moment in first.items() if moment < since - SHORT}
    short_first = {kind: moment for kind, moment in first.items() if kind not in long_first}
    if begun is not None:
        for kind in remembered.campaign:
            moment = min(max(begun, far), first.get(kind, since))
            of_all[kind, ""] = of_wishes[kind, ""] = moment
            (long_first if kind in long_first else short_first)[kind] = moment
    told = sorted(of_wishes)
    return {
        **bounds,
        "long_kinds": sorted(long_first),
        "long_since": min(long_first.values(), default=since),
        "short_kinds": sorted(short_first),
        "short_since": min(short_first.values(), default=since),
        "kinds": sorted(long_first | short_first),
        "told": [f"{kind}:{outcome}" if outcome else kind.value for kind, outcome in told],
        "told_since": [of_all.get(each, since + AHEAD) for each in told],
        "wished_since": [of_wishes[each] for each in told],
    }


def _skew(before: float, database: float, after: float) -> float:
    """Seconds by which the database's clock lies outside the application's [before, after].

    In between lies the statement itself: a slow database is not a wrong clock.
    """
    return max(0.0, before - database, database - after)


def _world(shared: dict[str, Any], stack: EffectivePack) -> World:
    years = [
        (year, sha256)
        for country, year, sha256 in shared["years"] or ()
        if country == stack.country
    ]
    product, caller_id = shared["product"], shared["caller_id"]
    return World(
        product=ProductFacts(*product) if product else None,
        caller_id=_line(caller_id) if caller_id else None,
        calendar=calendar_with(stack.country, years),
        registers=tuple(
            RegisterFacts(name, datetime.fromisoformat(imported) if imported else None, age)
            for name, imported, age in shared["registers"] or ()
        ),
        blackouts=tuple(
            Blackout(identity, datetime.fromisoformat(since), datetime.fromisoformat(until), *rest)
            for identity, since, until, *rest in shared["blackouts"] or ()
        ),
        kill_switches=tuple(KillSwitch(*switch) for switch in shared["switches"] or ()),
        already_reserved=shared["already_reserved"],
        campaign_counts=tuple(
            CampaignCounts(*(int(count) for count in counts))
            for counts in shared["campaign_counts"] or ()
        ),
    )


def _line(columns: list[Any]) -> CallerIdFacts:
    identity, active, use, operator, route = columns
    return CallerIdFacts(identity, active, tuple(use), Operator(operator), route)
