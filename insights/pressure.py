"""How hard we press our customers: contacts a customer, by branch and family; who has most; caps
that are full or nearly; opt-outs and complaints.

Counted over the whole ledger at once and kept by branch (`PressureCount`), at most every ten
minutes and only when somebody looks, or by `manage.py pressure` at night: a page reads some hundred
documents instead of ten million lines. All figures are of one snapshot, and say of when they are.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from clock.reading import now as business_now
from clock.reading import real
from compliance.domain.pack import EffectivePack
from compliance.domain.rules.cap import CapRule
from compliance.domain.terms import local_date, start_of_day
from compliance.packs import in_force
from database.session_locks import alone
from insights.models import PressureCount

#: Spans that are told apart, in days.
SPANS = (7, 30, 90)
#: What is counted: calls dialled, and live contacts on every channel.
KINDS = ("attempt", "conversation")
#: This many contacts and more stand in one bar.
MOST = 10
TOP = 10
FRESH = timedelta(minutes=10)
#: The row that is no branch's.
EVERYBODY = 0
_LOCK = (0x53414E, 0x50524553)  # "SAN", "PRES"

_TAKEN_BACK = """NOT EXISTS (SELECT 1 FROM compliance_contact AS r
    WHERE r.attempt_id = k.attempt_id AND r.kind = 'release')"""

_METRICS = ", ".join(
    f"count(*) FILTER (WHERE k.kind = '{kind}' AND k.at >= %(since_{days})s) AS {kind}_{days}"
    for kind in KINDS
    for days in SPANS
)
_VALUES = ", ".join(f"('{kind}_{days}', {kind}_{days})" for kind in KINDS for days in SPANS)

_LINES = f"""
CREATE TEMPORARY TABLE pressure_line ON COMMIT DROP AS
SELECT k.customer_id, k.product_family, {_METRICS}
FROM compliance_contact AS k
WHERE k.at >= %(since_90)s AND k.at < %(until)s AND k.customer_id IS NOT NULL
  AND k.purpose <> 'test'
  AND (k.kind = 'conversation' OR k.kind = 'attempt' AND {_TAKEN_BACK})
GROUP BY 1, 2
"""  # noqa: S608 - made of constants of this file alone

_SUMS = ", ".join(
    f"sum({kind}_{days})::bigint AS {kind}_{days}" for kind in KINDS for days in SPANS
)
_PEOPLE = f"""
CREATE TEMPORARY TABLE pressure_person ON COMMIT DROP AS
SELECT l.customer_id, c.branch_id, {_SUMS}
FROM pressure_line AS l JOIN audiences_customer AS c ON c.id = l.customer_id
GROUP BY 1, 2
"""  # noqa: S608 - made of constants of this file alone

_HISTOGRAM = f"""
SELECT p.branch_id, v.metric, least(v.n, {MOST})::int, count(*)
FROM pressure_person AS p CROSS JOIN LATERAL (VALUES {_VALUES}) AS v(metric, n)
WHERE v.n > 0 GROUP BY 1, 2, 3
"""  # noqa: S608 - made of constants of this file alone

_CONTACTS = f"""
SELECT p.branch_id, v.metric, sum(v.n)::bigint, max(v.n)::int
FROM pressure_person AS p CROSS JOIN LATERAL (VALUES {_VALUES}) AS v(metric, n)
WHERE v.n > 0 GROUP BY 1, 2
"""  # noqa: S608 - made of constants of this file alone

_FAMILIES = f"""
SELECT c.branch_id, l.product_family, v.metric, sum(v.n)::bigint, count(*)
FROM pressure_line AS l JOIN audiences_customer AS c ON c.id = l.customer_id
CROSS JOIN LATERAL (VALUES {_VALUES}) AS v(metric, n)
WHERE v.n > 0 GROUP BY 1, 2, 3
"""  # noqa: S608 - made of constants of this file alone

_TOP_COLUMNS = ", ".join(f"{kind}_{days}" for kind in KINDS for days in SPANS)
_TOP = f"""
SELECT branch_id, customer_id, {_TOP_COLUMNS} FROM (
    SELECT *, row_number() OVER (PARTITION BY branch_id
        ORDER BY attempt_30 DESC, conversation_90 DESC, customer_id) AS place
    FROM pressure_person) AS ranked
WHERE place <= {TOP} ORDER BY branch_id, place
"""  # noqa: S608 - made of constants of this file alone

_CUSTOMERS = "SELECT branch_id, count(*) FROM audiences_customer GROUP BY 1"

_OPT_OUTS = """
SELECT c.branch_id, d.days, count(DISTINCT s.customer_id)
FROM compliance_suppression AS s JOIN audiences_customer AS c ON c.id = s.customer_id
CROSS JOIN (VALUES (7, %(since_7)s), (30, %(since_30)s), (90, %(since_90)s)) AS d(days, since)
WHERE s.source = 'opt_out' AND s.since >= d.since AND s.since < %(until)s GROUP BY 1, 2
"""
_COMPLAINTS = """
SELECT k.branch_id, d.days, count(*) FROM compliance_complaint AS k
CROSS JOIN (VALUES (7, %(since_7)s), (30, %(since_30)s), (90, %(since_90)s)) AS d(days, since)
WHERE k.branch_id IS NOT NULL AND k.created_at >= d.since AND k.created_at < %(until)s
GROUP BY 1, 2
"""
# by family only what was said in a call about it is known
_SAID = """
SELECT c.branch_id, k.product_family, k.outcome, d.days, count(DISTINCT k.customer_id)
FROM compliance_contact AS k JOIN audiences_customer AS c ON c.id = k.customer_id
CROSS JOIN (VALUES (7, %(since_7)s), (30, %(since_30)s), (90, %(since_90)s)) AS d(days, since)
WHERE k.at >= %(since_90)s AND k.at < %(until)s AND k.at >= d.since
  AND k.kind = 'outcome' AND k.outcome IN ('opt_out', 'complaint')
GROUP BY 1, 2, 3, 4
"""

#: What a cap may count by here, and the ledger's column of it.
_KEYS = {
    "customer": "k.customer_id",
    "number": "k.number_id",
    "household": "k.household",
    "product_family": "k.product_family",
}
_CAP_KINDS = {"attempts": "attempt", "robot": "attempt", "conversations": "conversation"}


def rebuild(*, only_stale: bool = False) -> bool:
    """Count everything anew; False when another is at it, or (`only_stale`) it is fresh enough."""
    began = time.monotonic()
    with alone(*_LOCK) as mine:
        if not mine or (only_stale and not is_stale()):
            return False
        with transaction.atomic(), connection.cursor() as cursor:
            if not connection.savepoint_ids:  # a caller's transaction keeps its own snapshot
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            _count(cursor, began)
    return True


def _count(cursor: Any, began: float) -> None:
    """Every figure of one snapshot of the database, written in its transaction."""
    at = business_now()
    values: dict[str, Any] = {
        "until": at,
        **{f"since_{days}": at - timedelta(days=days) for days in SPANS},
    }
    cursor.execute("DROP TABLE IF EXISTS pg_temp.pressure_line, pg_temp.pressure_person")
    cursor.execute(_LINES, values)
    cursor.execute(_PEOPLE)
    cursor.execute("ANALYZE pressure_line; ANALYZE pressure_person")
    documents = _by_branch(cursor, values)
    caps = _caps(cursor, in_force(at), at, documents)
    counted = real()
    PressureCount.objects.all().delete()
    PressureCount.objects.bulk_create(
        [
            PressureCount(branch_id=pk, at=at, counted_real=counted, document=document)
            for pk, document in documents.items()
        ]
    )
    took = int(1000 * (time.monotonic() - began))
    PressureCount.objects.create(
        branch_id=EVERYBODY,
        at=at,
        counted_real=counted,
        document={"caps": caps, "took_ms": took},
    )


def is_stale() -> bool:
    """Whether the last count is older than ten minutes, or there is none."""
    last = PressureCount.objects.filter(branch_id=EVERYBODY).values_list("counted_real", flat=True)
    newest = last.first()
    return newest is None or real() - newest > FRESH


def _empty() -> dict[str, Any]:
    return {
        "customers": 0,
        "histogram": {},
        "contacts": {},
        "most": {},
        "families": {},
        "top": [],
        "opt_outs": {},
        "complaints": {},
        "caps": {},
    }


def _by_branch(cursor: Any, values: dict[str, Any]) -> dict[int, dict[str, Any]]:
    found: defaultdict[int, dict[str, Any]] = defaultdict(_empty)
    for branch, customers in _rows(cursor, _CUSTOMERS):
        found[branch]["customers"] = customers
    for branch, metric, n, customers in _rows(cursor, _HISTOGRAM):
        found[branch]["histogram"].setdefault(metric, {})[str(n)] = customers
    for branch, metric, contacts, most in _rows(cursor, _CONTACTS):
        found[branch]["contacts"][metric] = contacts
        found[branch]["most"][metric] = most
    for branch, family, metric, contacts, customers in _rows(cursor, _FAMILIES):
        found[branch]["families"].setdefault(family, {})[metric] = [contacts, customers]
    for branch, family, outcome, days, customers in _rows(cursor, _SAID, values):
        found[branch]["families"].setdefault(family, {})[f"{outcome}_{days}"] = [0, customers]
    for branch, *person in _rows(cursor, _TOP):
        found[branch]["top"].append(person)
    for name, statement in (("opt_outs", _OPT_OUTS), ("complaints", _COMPLAINTS)):
        for branch, days, count in _rows(cursor, statement, values):
            found[branch][name][str(days)] = count
    return dict(found)


def _rows(
    cursor: Any, statement: str, values: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    cursor.execute(statement, values)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# --- caps ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cap:
    """A cap of the packs in force that can be looked at for everybody at once."""

    rule: CapRule
    since: datetime

    @property
    def key(self) -> str:
        return f"{self.rule.pack}:{self.rule.id}"


def _caps(
    cursor: Any, stack: EffectivePack, at: datetime, documents: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Into the documents: for each cap, of how many it is full, and of how many all but one."""
    found = []
    for cap in _caps_of(stack, at):
        rule = cap.rule
        keys = ", ".join(_KEYS[key] for key in rule.per)
        robot = "AND k.actor = 'robot'" if rule.counts == "robot" else ""
        channels = "AND k.channel = ANY(%(channels)s)" if rule.channels else ""
        household = "AND k.household <> ''" if "household" in rule.per else ""
        cursor.execute(
            f"""
            SELECT branch_id, count(*) FILTER (WHERE n >= %(limit)s),
                   count(*) FILTER (WHERE n = %(limit)s - 1)
            FROM (SELECT max(k.branch_id) AS branch_id, count(*) AS n FROM compliance_contact AS k
                  WHERE k.at > %(since)s AND k.at < %(until)s AND k.kind = %(kind)s
                    AND k.purpose = ANY(%(purposes)s) {robot} {channels} {household}
                    AND (k.kind <> 'attempt' OR {_TAKEN_BACK})
                  GROUP BY {keys} HAVING count(*) >= greatest(1, %(limit)s - 1)) AS full_or_near
            WHERE branch_id IS NOT NULL GROUP BY 1
            """,  # noqa: S608 - columns of the table above alone
            {
                "limit": rule.limit,
                "since": cap.since,
                "until": at,
                "kind": _CAP_KINDS[rule.counts],
                "purposes": [purpose.value for purpose in rule.purposes],
                "channels": sorted(rule.channels),
            },
        )
        for branch, full, near in cursor.fetchall():
            if branch in documents:
                documents[branch]["caps"][cap.key] = [full, near]
        found.append(
            {
                "key": cap.key,
                "rule": rule.id,
                "pack": rule.pack,
                "per": list(rule.per),
                "zh": rule.sentence("zh"),
                "en": rule.sentence("en"),
            }
        )
    return found


def _caps_of(stack: EffectivePack, at: datetime) -> Iterable[_Cap]:
    """Caps with a limit above 0, by customer, number, household or family, of at most 90 days."""
    for entry in stack.rules:
        rule = entry.rule
        if not isinstance(rule, CapRule) or not rule.limit or rule.window is None:
            continue
        if not set(rule.per) <= set(_KEYS) or rule.counts not in _CAP_KINDS:
            continue
        since = _since(rule, at)
        if since is not None and at - since <= timedelta(days=SPANS[-1]):
            yield _Cap(rule, since)


def _since(rule: CapRule, at: datetime) -> datetime | None:
    """The start of a cap's window now; None for a lifetime."""
    window = rule.window
    if window is None or window.lifetime:
        return None
    if window.rolling is not None:
        return at - window.rolling
    today = local_date(at, rule.zone or settings.TIME_ZONE)
    if window.calendar == "week":
        today -= timedelta(days=today.weekday())
    elif window.calendar == "month":
        today = today.replace(day=1)
    return start_of_day(today, rule.zone) - timedelta(microseconds=1)
