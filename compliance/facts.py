"""The facts, by one SQL statement: the same for one customer at the gate and for 10,000 in a list.

Arrays of (customer, number) pairs go in, one row each comes out, in order. What all of them share
(packs in force, calendar, registers, kill switches, the product, the caller ID) comes with the
first row. The statement reads the database's time itself, so that facts and "now" are of one
moment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from audiences.domain.ownership import Ownership
from compliance.calendars import calendar_with
from compliance.counting import COUNTS
from compliance.counting import REACH as COUNT_REACH
from compliance.domain.facts import (
    Blackout,
    CallerIdFacts,
    CampaignCounts,
    Consent,
    Contact,
    ContactKind,
    CustomerFacts,
    Exemption,
    ExemptionKind,
    Facts,
    KillSwitch,
    NumberFacts,
    OpenAttempt,
    Operator,
    Preference,
    ProductFacts,
    RegisterFacts,
    Suppression,
    SuppressionSource,
    World,
)
from compliance.domain.intent import Actor, Gate, Intent, Purpose
from compliance.domain.pack import EffectivePack
from compliance.packs import stack_of
from compliance.prepared import Prepared, run

#: More pairs than this in one statement: split the list.
BATCH = 10_000
#: How far back a customer's own contacts are read (a campaign lasts at most as long).
CUSTOMER_REACH = timedelta(days=400)
#: The pack says how far back a number's or a household's contacts matter; this is the most.
OTHERS_REACH = timedelta(days=33)
#: Nothing has happened further ahead (clocks only run forward): the planner need not look.
AHEAD = timedelta(days=2)

_CONTACT_COLUMNS = """id, at, kind, customer_id, number_id, household, product_id, product_family,
    campaign_id, branch_id, caller_id_id, actor, purpose, channel, outcome, attempt_id"""
# what happened to a record that was merged into the customer's happened to the customer
_OWN_COLUMNS = _CONTACT_COLUMNS.replace(
    "customer_id, number_id, household",
    """w.customer_id AS customer_id, number_id,
    CASE WHEN customer_id = w.customer_id THEN household ELSE c.household END AS household""",
)
_CONTACT = """json_build_array(k.at, k.kind, k.customer_id, k.number_id, k.household, k.product_id,
    k.product_family, k.campaign_id, k.branch_id, k.caller_id_id, k.actor, k.purpose, k.channel,
    k.outcome, CASE WHEN k.kind IN ('attempt', 'release') THEN k.attempt_id END)"""
_SUPPRESSION = """s.id, s.source, s.since, s.customer_id, s.number_id, r.name, s.channel,
    s.product_family, s.expires_at, s.purpose, s.product_id
    FROM compliance_suppression AS s LEFT JOIN compliance_register AS r ON r.id = s.register_id"""

_WORLD = f"""
    SELECT json_build_object(
        'packs', (SELECT json_agg(json_build_array(id, sha256)) FROM in_force),
        'campaign_counts', ({COUNTS}),
        'years', (SELECT json_agg(json_build_array(country, year, sha256))
                  FROM compliance_calendaryear WHERE in_force),
        'registers', (SELECT json_agg(json_build_array(name, imported_at, max_age_days)
                                      ORDER BY name)
                      FROM compliance_register WHERE active AND kind = 'no_call'),
        'blackouts', (SELECT json_agg(json_build_array(id, since, until, region, product_family,
                                                       reason, product_id) ORDER BY id)
                      FROM compliance_blackout WHERE until > moment.at),
        'switches', (SELECT json_agg(json_build_array(id, scope) ORDER BY id)
                     FROM compliance_killswitch WHERE released_at IS NULL),
        'product', (SELECT json_build_array(id, family, risk_rated, risk_rating,
                                            issuer_risk_rating, min_age, max_age, by_phone,
                                            on_sale, private, min_amount)
                    FROM compliance_product WHERE id = %(product)s),
        'caller_id', (SELECT json_build_array(id, active, registered_use, operator)
                      FROM compliance_callerid WHERE id = %(caller_id)s),
        'already_reserved', EXISTS (SELECT 1 FROM compliance_attempt
                                    WHERE idempotency_key = %(key)s AND %(key)s <> ''),
        'speed', coalesce((SELECT speed FROM clock_sandboxclock), 1.0))
"""  # noqa: S608 - made of constants alone

# A register's entries are asked for by the number and the bank's id themselves: they hold for
# people who have come to us only since.
# A join for the link, not EXISTS: the planner would hash the whole table of links for a batch.
STATEMENT = f"""
WITH moment AS MATERIALIZED (
    SELECT coalesce(%(at)s::timestamptz, sanshi_now()) AS at, clock_timestamp() AS real),
in_force AS MATERIALIZED (
    SELECT DISTINCT ON (pack_id) id, sha256, document FROM compliance_packversion, moment
    WHERE state = 'approved' AND effective_from <= moment.at
      AND (effective_to IS NULL OR effective_to > moment.at)
    ORDER BY pack_id, effective_from DESC, id DESC),
wanted AS MATERIALIZED (
    SELECT pair.*, pair.customer_id || former.ids AS who, former.keys
    FROM unnest(%(customers)s::bigint[], %(numbers)s::bigint[])
        WITH ORDINALITY AS pair(customer_id, number_id, place)
    CROSS JOIN LATERAL (
        SELECT array_agg(id) AS ids, array_agg('c:' || bank_id) AS keys
        FROM audiences_customer WHERE merged_into_id = pair.customer_id) AS former)
SELECT
    w.customer_id, w.number_id,
    CASE WHEN w.place = 1 THEN moment.at END,
    CASE WHEN w.place = 1 THEN moment.real END,
    CASE WHEN w.place = 1 THEN ({_WORLD}) END,
    c.id, c.birth_date, c.region, c.time_zone, c.risk_tolerance, c.risk_assessed_on, c.household,
    c.vulnerable, c.deceased, c.sandbox, c.branch_id,
    n.id, n.region, n.time_zone, n.valid, n.invalid_reason,
    l.id IS NOT NULL,
    json_build_array(
    (SELECT json_agg(json_build_array(s.id, s.granted_at, s.channel, s.purpose, s.product_family,
                                      s.withdrawn_at, s.expires_at, s.basis,
                                      s.profiling_ok, s.number_id) ORDER BY s.id)
     FROM compliance_consent AS s WHERE s.customer_id = w.customer_id),
    (SELECT json_agg(json_build_array(s.id, s.source, s.since,
                                      CASE WHEN s.number_id IS NULL THEN w.customer_id END,
                                      s.number_id, s.name, s.channel, s.product_family,
                                      s.expires_at, s.purpose, s.product_id)
                     ORDER BY s.id, s.name, s.source)
     FROM (SELECT {_SUPPRESSION} WHERE s.customer_id = ANY (w.who) AND s.lifted_at IS NULL
           UNION ALL
           SELECT {_SUPPRESSION} WHERE s.number_id = w.number_id AND s.lifted_at IS NULL
           UNION ALL
           SELECT g.id, 'register', g.since,
                  CASE WHEN starts_with(g.key, 'c:') THEN w.customer_id END,
                  CASE WHEN starts_with(g.key, '+') THEN w.number_id END,
                  r.name, r.channel, r.product_family, g.expires_at, r.purpose, NULL::bigint
           FROM compliance_registerentry AS g
           JOIN compliance_registerimport AS b ON b.id = g.batch_id AND b.state = 'in_force'
           JOIN compliance_register AS r
               ON r.id = b.register_id AND r.active AND r.kind = 'no_call'
           WHERE g.key = ANY ((ARRAY[n.e164, 'c:' || c.bank_id] || w.keys) COLLATE "C")) AS s),
    (SELECT json_agg({_CONTACT} ORDER BY k.at, k.id)
     FROM (SELECT {_OWN_COLUMNS} FROM compliance_contact
           WHERE customer_id = ANY (w.who) AND at >= %(customer_since)s::timestamptz
             AND at < %(until)s::timestamptz
           UNION ALL
           SELECT {_CONTACT_COLUMNS} FROM compliance_contact
           WHERE number_id = w.number_id AND at >= %(others_since)s::timestamptz
             AND at < %(until)s::timestamptz
             AND (customer_id = ANY (w.who)) IS NOT TRUE
           UNION ALL
           SELECT {_CONTACT_COLUMNS} FROM compliance_contact
           WHERE household = c.household AND household <> ''
             AND at >= %(others_since)s::timestamptz AND at < %(until)s::timestamptz
             AND (customer_id = ANY (w.who)) IS NOT TRUE
             AND number_id IS DISTINCT FROM w.number_id) AS k),
    (SELECT json_agg(json_build_array(a.id, a.reserved_at,
                         CASE WHEN a.customer_id = ANY (w.who) THEN w.customer_id
                              ELSE a.customer_id END, a.number_id)
                     ORDER BY a.reserved_at, a.id)
     FROM (SELECT * FROM compliance_attempt
           WHERE customer_id = ANY (w.who) AND state IN ('bound', 'reserved')
           UNION
           SELECT * FROM compliance_attempt
           WHERE number_id = w.number_id AND state IN ('bound', 'reserved')) AS a),
    (SELECT json_agg(json_build_array(e.id, e.kind, e.number_id, e.product_id, e.campaign_id,
                                      e.promised_at, e.expires_at) ORDER BY e.id)
     FROM compliance_exemption AS e
     WHERE e.customer_id = w.customer_id AND e.used_at IS NULL AND e.withdrawn_at IS NULL),
    (SELECT json_agg(json_build_array(p.id, p.since, p.no_robot, p.weekdays, p.hours,
                                      p.families_refused, p.conversations_per_year,
                                      p.conversations_per_month) ORDER BY p.id)
     FROM compliance_preference AS p
     WHERE p.customer_id = ANY (w.who) AND p.ended_at IS NULL))::text,
    c.no_profiling, c.segment, CASE WHEN c.attributes <> '{{}}' THEN c.attributes::json END,
    n.in_use_since, n.ownership, n.ownership_asked_at
FROM wanted AS w
CROSS JOIN moment
LEFT JOIN audiences_customer AS c ON c.id = w.customer_id AND c.merged_into_id IS NULL
LEFT JOIN audiences_number AS n ON n.id = w.number_id
LEFT JOIN audiences_customernumber AS l
    ON l.customer_id = w.customer_id AND l.number_id = w.number_id
ORDER BY w.place
"""  # noqa: S608 - made of constants of this file alone
#: As the gate asks; a batch is planned for its size.
_ONE = Prepared("facts", STATEMENT)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`now` is business time, `real` the database's; the rows stand in the order of the pairs.

    Facts are made one by one: 10,000 of them at once would keep the garbage collector busy.
    """

    now: datetime
    real: datetime
    speed: float
    stack: EffectivePack
    world: World
    rows: list[tuple[Any, ...]]

    def each(self) -> Iterator[Facts]:
        """The facts of each pair, in order."""
        return (_facts(row, self.world) for row in self.rows)

    @property
    def facts(self) -> list[Facts]:
        """The facts of every pair, in order."""
        return list(self.each())


def load(
    pairs: Sequence[tuple[int | None, int | None]],
    intent: Intent,
    *,
    since: datetime,
    at: datetime | None = None,
) -> Loaded:
    """Facts of 1 to 10,000 (customer id, number id) for one intent.

    `since` is a recent business instant, from which the reach back is counted (a constant lets the
    planner skip old partitions). `at` fixes the instant (screening); else it is the database's now.
    Raises django.db.Error, PackError, LookupError or ValueError: the caller blocks.
    """
    if not 0 < len(pairs) <= BATCH:
        raise ValueError("between one pair and a batch")
    values = {
        "at": at,
        "customers": [customer for customer, _ in pairs],
        "numbers": [number for _, number in pairs],
        "product": intent.product_id,
        "caller_id": intent.caller_id_id,
        "key": intent.idempotency_key,
        "customer_since": since - CUSTOMER_REACH,
        "others_since": since - OTHERS_REACH,
        "until": since + AHEAD,
        # only at the dial: a list is not screened by what its campaign did
        "counted": intent.campaign_id if intent.gate is Gate.DIAL else None,
        "count_since": since - COUNT_REACH,
        "limits": json.dumps(intent.campaign_limits) if intent.campaign_limits else None,
    }
    before = time.time()
    with connection.cursor() as cursor:
        if len(pairs) == 1 and at is None:
            run(cursor, (_ONE, values))
        else:
            cursor.execute(STATEMENT, values)
        rows = cursor.fetchall()
    after = time.time()
    now, real, shared = rows[0][2].astimezone(UTC), rows[0][3].astimezone(UTC), rows[0][4]
    stack = stack_of([(identity, sha256) for identity, sha256 in shared["packs"] or ()])
    world = _world(shared, stack, _skew(before, real.timestamp(), after))
    return Loaded(now, real, shared["speed"], stack, world, rows)


def _skew(before: float, database: float, after: float) -> float:
    """Seconds by which the database's clock lies outside the application's [before, after].

    In between lies the statement itself: a slow database is not a wrong clock.
    """
    return max(0.0, before - database, database - after)


def _world(shared: dict[str, Any], stack: EffectivePack, skew: float) -> World:
    years = [
        (year, sha256)
        for country, year, sha256 in shared["years"] or ()
        if country == stack.country
    ]
    product, caller_id = shared["product"], shared["caller_id"]
    return World(
        product=ProductFacts(*product) if product else None,
        caller_id=(
            CallerIdFacts(caller_id[0], caller_id[1], tuple(caller_id[2]), Operator(caller_id[3]))
            if caller_id
            else None
        ),
        calendar=calendar_with(stack.country, years),
        registers=tuple(
            RegisterFacts(name, _time(imported), age)
            for name, imported, age in shared["registers"] or ()
        ),
        blackouts=tuple(
            Blackout(identity, _moment(since), _moment(until), *rest)
            for identity, since, until, *rest in shared["blackouts"] or ()
        ),
        kill_switches=tuple(KillSwitch(*switch) for switch in shared["switches"] or ()),
        clock_skew_s=skew,
        already_reserved=shared["already_reserved"],
        campaign_counts=tuple(
            CampaignCounts(*(int(count) for count in counts))
            for counts in shared["campaign_counts"] or ()
        ),
    )


def _facts(row: tuple[Any, ...], world: World) -> Facts:
    parts = json.loads(row[22])
    consents, suppressions, contacts, attempts, exemptions, preferences = parts
    return Facts(
        world,
        _customer(row) if row[5] is not None else None,
        _number(row) if row[16] is not None else None,
        row[21],
        tuple(map(_consent, consents)) if consents else (),
        tuple(map(_suppression, suppressions)) if suppressions else (),
        _contacts(contacts) if contacts else (),
        tuple(OpenAttempt(a[0], _moment(a[1]), a[2], a[3]) for a in attempts) if attempts else (),
        tuple(map(_exemption, exemptions)) if exemptions else (),
        tuple(map(_preference, preferences)) if preferences else (),
    )


def _customer(row: tuple[Any, ...]) -> CustomerFacts:
    """Of the bank's own attributes only plain values; `assets` among them, in whole yuan."""
    held = row[25]
    if not held:
        return CustomerFacts(*row[5:16], *row[23:25])
    plain = ((name, value) for name, value in held.items() if isinstance(value, str | int | bool))
    assets = held.get("assets")
    known = assets if type(assets) is int and assets >= 0 else None
    columns = (*row[5:16], *row[23:25], known, tuple(sorted(plain)))
    return CustomerFacts(*columns)


def _number(row: tuple[Any, ...]) -> NumberFacts:
    since, ownership, asked = row[26:29]
    if since is None and asked is None:
        return NumberFacts(*row[16:21])
    return replace(
        NumberFacts(*row[16:21]),
        in_use_since=since.astimezone(UTC) if since else None,
        ownership=Ownership(ownership),
        ownership_asked_at=asked.astimezone(UTC) if asked else None,
    )


def _consent(columns: list[Any]) -> Consent:
    identity, granted, channel, purpose, family, withdrawn, expires = columns[:7]
    basis, profiling_ok, number = columns[7:]
    return Consent(
        identity,
        _moment(granted),
        channel,
        purpose,
        family,
        _time(withdrawn),
        _time(expires),
        basis,
        profiling_ok,
        number,
    )


def _suppression(columns: list[Any]) -> Suppression:
    identity, source, since, customer, number, register, channel, family, expires = columns[:9]
    purpose, product = columns[9:]
    return Suppression(
        identity,
        SuppressionSource(source),
        _moment(since),
        customer,
        number,
        register or "",
        channel,
        family,
        _time(expires),
        purpose,
        product,
    )


_KINDS = {kind.value: kind for kind in ContactKind}
_ACTORS = {actor.value: actor for actor in Actor}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


def _contacts(rows: list[list[Any]]) -> tuple[Contact, ...]:
    """The ledger's lines, without the attempts that were taken back."""
    released = {row[14] for row in rows if row[1] == "release"}
    if released:
        rows = [row for row in rows if row[14] not in released]
    return tuple(map(_contact, rows))


def _contact(row: list[Any]) -> Contact:
    at, kind, customer, number, household, product, family, campaign, branch, line = row[:10]
    actor, purpose, channel, outcome, attempt = row[10:]
    return Contact(
        datetime.fromisoformat(at),
        _KINDS[kind],
        customer,
        number,
        household,
        product,
        family,
        campaign,
        branch,
        line,
        _ACTORS[actor],
        _PURPOSES[purpose],
        channel,
        outcome,
        attempt or "",
    )


def _exemption(columns: list[Any]) -> Exemption:
    identity, kind, number, product, campaign, promised, expires = columns
    return Exemption(
        identity,
        ExemptionKind(kind),
        number,
        product,
        campaign,
        _time(promised),
        _time(expires),
    )


def _preference(columns: list[Any]) -> Preference:
    identity, since, no_robot, weekdays, hours, families, per_year, per_month = columns
    return Preference(
        identity,
        _moment(since),
        no_robot,
        tuple(weekdays),
        tuple((int(start), int(end)) for start, end in hours),
        tuple(families),
        per_year,
        per_month,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
