"""After a list has come into force: reach the calls under way, and drop what no longer counts.

The list is in force already. But a gate that had read the facts a moment earlier may still have
given a permission. So this pass takes the gate's own locks on everybody we know who is on the list,
at most 500 keys a transaction: behind each lock it sees every permission given before, and asks the
dialer to end it. It goes on where a worker that died has stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from audit.recording import record
from clock.reading import now
from compliance.domain.registers import RegisterImportState, RegisterKind
from compliance.locking import keys_of, take
from compliance.models import RegisterEntry, RegisterImport
from compliance.suppressing import end_calls

#: Keys of the gate in one transaction.
LOCKS = 500
#: Entries of the list looked at together; most are strangers.
PAGE = 20_000
#: Entries deleted in one transaction.
DROP = 50_000

_PAGE = """
SELECT max(id), array_agg(key) FROM (
    SELECT id, key FROM compliance_registerentry
    WHERE batch_id = %s AND id > %s ORDER BY id LIMIT %s) AS page
"""
_KNOWN = """
SELECT n.id, NULL::bigint FROM audiences_number AS n
JOIN unnest(%(keys)s::text[]) AS k(key) ON n.e164 = k.key
UNION ALL
SELECT NULL, c.id FROM audiences_customer AS c
JOIN unnest(%(keys)s::text[]) AS k(key) ON c.bank_id = substr(k.key, 3) AND k.key LIKE 'c:%%'
"""
# Changed hands without a date: the present owner has the number since the list was drawn at the
# latest. A date without an answer: changed, unless somebody consented to us since then.
_OWNERSHIP = """
UPDATE audiences_number AS n
SET in_use_since = CASE
        WHEN g.since IS NOT NULL THEN g.since
        WHEN g.answer = 'changed' THEN %(drawn_at)s
        ELSE n.in_use_since END,
    ownership = CASE
        WHEN g.answer <> '' THEN g.answer
        WHEN g.since IS NULL THEN 'no_data'
        WHEN EXISTS (
            SELECT 1 FROM audiences_customernumber AS l
            JOIN compliance_consent AS c ON c.customer_id = l.customer_id
            WHERE l.number_id = n.id AND c.granted_at >= g.since AND c.withdrawn_at IS NULL
        ) THEN 'same'
        ELSE 'changed' END,
    ownership_asked_at = %(drawn_at)s
FROM compliance_registerentry AS g
WHERE g.batch_id = %(batch)s AND g.key = n.e164 COLLATE "C" AND n.id = ANY(%(numbers)s)
  AND (n.ownership_asked_at IS NULL OR n.ownership_asked_at <= %(drawn_at)s)
RETURNING n.id, n.ownership
"""


def settle(import_id: int) -> int:
    """Do what is left of the pass for one import; returns how many calls are to be ended.

    An import that has been superseded meanwhile is left; its entries are dropped.
    """
    batch = RegisterImport.objects.select_related("register").get(pk=import_id)
    ended = 0
    if batch.state == RegisterImportState.IN_FORCE and batch.settled_at is None:
        ended = _pass(batch)
    _drop_old(batch.register_id)
    return ended


def _pass(batch: RegisterImport) -> int:
    ended = 0
    at = now()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_PAGE, [batch.pk, batch.settled_entry, PAGE])
            last, keys = cursor.fetchone()
            if last is None:
                break
            cursor.execute(_KNOWN, {"keys": keys})
            known = cursor.fetchall()
        for start in range(0, len(known), LOCKS):
            ended += _reach(batch, known[start : start + LOCKS], at)
        batch.settled_entry = last
        batch.save(update_fields=["settled_entry"])
    with transaction.atomic():
        batch.settled_at = at
        batch.save(update_fields=["settled_at"])
        record(
            kind="register.settled",
            actor_id=None,
            subject=f"register_import:{batch.pk}",
            payload={"register": batch.register.name, "calls_ended": ended},
        )
    return ended


@transaction.atomic
def _reach(
    batch: RegisterImport, known: Sequence[tuple[int | None, int | None]], at: datetime
) -> int:
    """Behind the locks of at most LOCKS people and numbers: end the calls under way to them."""
    numbers = [number for number, _ in known if number is not None]
    customers = [customer for _, customer in known if customer is not None]
    take(keys_of(customer_ids=customers, number_ids=numbers))
    register = batch.register
    if register.kind == RegisterKind.OWNERSHIP:
        numbers, customers = _changed_hands(batch, numbers), []
    return end_calls(
        customer_ids=customers,
        number_ids=numbers,
        at=at,
        product_family=register.product_family,
        spare_answered=True,
    )


def _changed_hands(batch: RegisterImport, numbers: list[int]) -> list[int]:
    """Write down whose each number is; returns those that are somebody else's by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OWNERSHIP, {"batch": batch.pk, "drawn_at": batch.drawn_at, "numbers": numbers}
        )
        return [number for number, ownership in cursor.fetchall() if ownership == "changed"]


def _drop_old(register_id: int) -> None:
    """Delete the entries of this register's ended imports. Their files stay, with their prints."""
    ended = RegisterImport.objects.filter(
        register_id=register_id,
        state__in=[
            RegisterImportState.SUPERSEDED.value,
            RegisterImportState.WITHDRAWN.value,
            RegisterImportState.RETURNED.value,
        ],
    )
    ids = list(ended.values_list("pk", flat=True))
    while ids:
        some = RegisterEntry.objects.filter(batch_id__in=ids).values("pk")[:DROP]
        deleted, _ = RegisterEntry.objects.filter(pk__in=some).delete()
        if deleted < DROP:
            break
