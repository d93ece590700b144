"""From the temporary table into customers, numbers and links, a chunk a transaction.

Chunks keep locks short (a call's gate may wait for a customer's row) and let progress be seen. Each
chunk can be repeated: what is there already is left alone and counted as unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from audiences.domain.columns import Field
from audiences.models import ImportBatch
from audiences.staging import Staged

CHUNK = 20_000
#: One import merges at a time, so that two files with the same customers cannot deadlock.
LOCK_KEYS = (0x53414E, 0x494D50)

#: Columns that a file overwrites, where it has them.
_PLAIN = {
    Field.GENDER: "gender",
    Field.BIRTH_DATE: "birth_date",
    Field.SEGMENT: "segment",
    Field.REGION: "region",
    Field.RISK: "risk_tolerance",
    Field.ASSESSED_ON: "risk_assessed_on",
    Field.HOUSEHOLD: "household",
}
#: Flags that protect a customer: a file that does not say yes or no leaves them as they are.
_FLAGS = {
    Field.VULNERABLE: "vulnerable",
    Field.DECEASED: "deceased",
    Field.NO_PROFILING: "no_profiling",
}

# A residence in the mainland has one clock. Where it is not known, a mainland number stands in for
# it; elsewhere the clock is not known either: rules take every one that it may be.
_CLOCK = """CASE WHEN coalesce(s.region, '') LIKE 'CN-%%'
           OR (coalesce(s.region, '') = '' AND s.e164s[1] LIKE '+86%%')
       THEN 'Asia/Shanghai' ELSE '' END"""

UPDATE = """
UPDATE audiences_customer AS c SET {sets}, updated_at = %(at)s
FROM staged_customer AS s
WHERE s.row > %(after)s AND s.row <= %(upto)s AND c.bank_id = s.bank_id
  AND ({old}) IS DISTINCT FROM ({new})
"""
INSERT = """
INSERT INTO audiences_customer
    (bank_id, name, gender, birth_date, segment, branch_id, region, time_zone, risk_tolerance,
     risk_assessed_on, household, vulnerable, deceased, no_profiling, attributes, sandbox,
     created_at, updated_at)
SELECT s.bank_id, s.name, coalesce(s.gender, ''), s.birth_date, coalesce(s.segment, 'retail'),
       s.branch_id, coalesce(s.region, ''), {clock}, s.risk_tolerance, s.risk_assessed_on,
       coalesce(s.household, ''), coalesce(s.vulnerable, false), coalesce(s.deceased, false),
       coalesce(s.no_profiling, false), s.attributes, %(sandbox)s, %(at)s, %(at)s
FROM staged_customer AS s
WHERE s.row > %(after)s AND s.row <= %(upto)s
  AND NOT EXISTS (SELECT FROM audiences_customer AS c WHERE c.bank_id = s.bank_id)
ORDER BY s.row
ON CONFLICT (bank_id) DO NOTHING
"""
# a number that is known keeps what is known of it (that it is invalid, for one)
NUMBERS = """
INSERT INTO audiences_number (e164, kind, region, time_zone, valid, invalid_reason)
SELECT DISTINCT ON (u.e164) u.e164, u.kind, coalesce(u.region, ''), u.zone, true, ''
FROM staged_customer AS s,
     unnest(s.e164s, s.kinds, s.regions, s.zones) AS u(e164, kind, region, zone)
WHERE s.row > %(after)s AND s.row <= %(upto)s
  AND NOT EXISTS (SELECT FROM audiences_number AS n WHERE n.e164 = u.e164)
ON CONFLICT (e164) DO NOTHING
"""
# a number of the United States that an earlier version knew by its country alone
AMERICAN = """
SELECT EXISTS (SELECT FROM staged_customer AS s, unnest(s.e164s) AS e164 WHERE e164 LIKE '+1%')
"""
STATES = """
UPDATE audiences_number AS n SET region = u.region, time_zone = u.zone
FROM staged_customer AS s,
     unnest(s.e164s, s.regions, s.zones) AS u(e164, region, zone)
WHERE s.row > %(after)s AND s.row <= %(upto)s
  AND u.e164 LIKE '+1%%' AND u.region LIKE 'US-%%' AND n.e164 = u.e164 AND n.region IN ('', 'US')
"""
# the file is the bank's word on a customer's numbers: what it no longer names is unlinked, since
# somebody else may have it by now
LINKS = """
WITH wanted AS MATERIALIZED (
    SELECT c.id AS customer_id, n.id AS number_id, u.priority
    FROM staged_customer AS s
    JOIN audiences_customer AS c ON c.bank_id = s.bank_id
    CROSS JOIN LATERAL unnest(s.e164s) WITH ORDINALITY AS u(e164, priority)
    JOIN audiences_number AS n ON n.e164 = u.e164
    WHERE s.row > %(after)s AND s.row <= %(upto)s
), gone AS (
    DELETE FROM audiences_customernumber AS l
    WHERE l.customer_id IN (SELECT customer_id FROM wanted)
      AND (l.customer_id, l.number_id) NOT IN (SELECT customer_id, number_id FROM wanted)
    RETURNING l.customer_id
), put AS (
    INSERT INTO audiences_customernumber AS l (customer_id, number_id, priority)
    SELECT customer_id, number_id, priority FROM wanted
    ON CONFLICT (customer_id, number_id) DO UPDATE SET priority = excluded.priority
        WHERE l.priority <> excluded.priority
    RETURNING l.customer_id
), member AS (
    INSERT INTO audiences_batchmember (batch_id, customer_id)
    SELECT DISTINCT %(batch)s::bigint, customer_id FROM wanted
    ON CONFLICT DO NOTHING
)
UPDATE audiences_customer SET updated_at = %(at)s
WHERE id IN (SELECT customer_id FROM gone UNION SELECT customer_id FROM put)
  AND updated_at <> %(at)s
"""


@dataclass(slots=True)
class Merged:
    """Customers by what became of them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


def merge(batch: ImportBatch, staged: Staged, *, at: datetime) -> Iterator[Merged]:
    """Merge what was staged; yields the counts so far after each chunk has been committed."""
    merged = Merged()
    update = _update_statement(staged.fields)
    american = _has_american_numbers()
    for after in range(0, staged.last_row, CHUNK):
        values: dict[str, int | bool | datetime] = {
            "after": after,
            "upto": after + CHUNK,
            "at": at,
            "sandbox": batch.sandbox,
            "batch": batch.pk,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK_KEYS)
            cursor.execute(
                "SELECT count(*) FROM staged_customer WHERE row > %(after)s AND row <= %(upto)s",
                values,
            )
            total = int((cursor.fetchone() or (0,))[0])
            cursor.execute(update, values)
            updated = cursor.rowcount
            cursor.execute(INSERT.format(clock=_CLOCK), values)
            created = cursor.rowcount
            cursor.execute(NUMBERS, values)
            if american:
                cursor.execute(STATES, values)
            cursor.execute(LINKS, values)
            updated += cursor.rowcount
            merged.created += created
            merged.updated += updated
            merged.unchanged += total - created - updated
            ImportBatch.objects.filter(pk=batch.pk).update(
                rows_created=merged.created,
                rows_updated=merged.updated,
                rows_unchanged=merged.unchanged,
            )
        yield merged


def _has_american_numbers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(AMERICAN)
        row = cursor.fetchone()
    return bool(row and row[0])


def _update_statement(fields: frozenset[Field]) -> str:
    """UPDATE for the columns the file has; the names come from this module alone."""
    pairs = [("name", "s.name"), ("branch_id", "s.branch_id")]
    pairs += [(column, f"s.{column}") for field, column in _PLAIN.items() if field in fields]
    pairs += [
        (column, f"coalesce(s.{column}, c.{column})")
        for field, column in _FLAGS.items()
        if field in fields
    ]
    if Field.REGION in fields:
        moved = "c.region IS DISTINCT FROM s.region"
        pairs.append(("time_zone", f"CASE WHEN {moved} THEN {_CLOCK} ELSE c.time_zone END"))
    pairs.append(("attributes", "c.attributes || s.attributes"))
    return UPDATE.format(
        sets=", ".join(f"{column} = {value}" for column, value in pairs),
        old=", ".join(f"c.{column}" for column, _ in pairs),
        new=", ".join(value for _, value in pairs),
    )
