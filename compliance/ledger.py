"""The book of contacts: what happened to a call, line by line, so that caps can count it.

Append-only. Every function is idempotent per attempt and kind, and runs in the caller's
transaction; an attempt without a customer (an agent's own leg) leaves no line.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction

from audiences.models import Customer
from compliance.domain.facts import MACHINE, MACHINE_WRONG, ContactKind
from compliance.domain.intent import Actor, Purpose
from compliance.locking import keys_of, take
from compliance.models.ledger import Contact
from database.prepared import Prepared, run

#: Hanging up sooner than this after the answer is an outcome of its own (a cool-off follows).
EARLY = timedelta(seconds=10)
HUNG_UP = "hung_up"
HUNG_UP_EARLY = "hung_up_early"

_APPEND = Prepared(
    "ledger_line",
    """
INSERT INTO compliance_contact (at, kind, customer_id, number_id, household, product_id,
    product_family, campaign_id, branch_id, caller_id_id, actor, purpose, channel, outcome,
    attempt_id)
SELECT %(at)s::timestamptz, %(kind)s::varchar, customer_id, number_id, household, product_id,
    product_family, campaign_id, branch_id, caller_id_id, actor, purpose, channel,
    %(outcome)s::varchar, attempt_id
FROM compliance_contact
WHERE attempt_id = %(attempt)s AND kind = 'attempt' AND at >= %(since)s AND at < %(until)s
  AND NOT EXISTS (SELECT 1 FROM compliance_contact
                  WHERE attempt_id = %(attempt)s AND kind = %(kind)s AND outcome = %(outcome)s
                    AND at >= %(since)s AND at < %(until)s)
""",
)
#: What belongs to an attempt happens within this time of it, and nothing lies further ahead: two
#: bounds, so that PostgreSQL looks into three or four months' partitions and not into all.
_REACH = timedelta(days=62)
_AHEAD = timedelta(days=2)


def record_connect(attempt_id: uuid.UUID, at: datetime) -> bool:
    """Somebody or something answered. True when a line was written."""
    return _append(attempt_id, ContactKind.CONNECT, at)


def record_conversation(attempt_id: uuid.UUID, at: datetime) -> bool:
    """A live contact: the customer spoke with us."""
    return _append(attempt_id, ContactKind.CONVERSATION, at)


def record_consented(attempt_id: uuid.UUID, at: datetime) -> bool:
    """The customer consented to a transfer (the denominator of abandonment)."""
    return _append(attempt_id, ContactKind.CONSENTED, at)


def record_abandon(attempt_id: uuid.UUID, at: datetime) -> bool:
    """The customer consented to a transfer and was not connected."""
    return _append(attempt_id, ContactKind.ABANDON, at)


def record_outcome(attempt_id: uuid.UUID, outcome: str, at: datetime) -> bool:
    """What came of it; cool-offs follow from it by the pack. Stored in lower case.

    "hung_up" within 10 seconds of the answer becomes "hung_up_early", "machine" after somebody had
    spoken with us "machine_wrong". A robot's outcome and an agent's may both stand.
    """
    name = outcome.lower()[:30]
    if not name:
        return False
    if name == HUNG_UP and _answered_within(attempt_id, at, EARLY):
        name = HUNG_UP_EARLY
    if name == MACHINE and _spoken(attempt_id):
        name = MACHINE_WRONG
    return _append(attempt_id, ContactKind.OUTCOME, at, name)


def record_elsewhere(*, customer_id: int, channel: str, product_family: str, at: datetime) -> None:
    """A live conversation on another channel, or in a branch: the caps of conversations count it.

    Takes the gate's lock: no permission is given meanwhile by somebody who has not seen it.
    """
    with transaction.atomic():
        take(keys_of(customer_ids=[customer_id]))
        customer = Customer.objects.get(pk=customer_id)
        Contact.objects.create(
            at=at,
            kind=ContactKind.CONVERSATION.value,
            customer_id=customer_id,
            household=customer.household,
            product_family=product_family,
            branch_id=customer.branch_id,
            actor=Actor.HUMAN.value,
            purpose=Purpose.MARKETING.value,
            channel=channel[:12],
        )


def _append(attempt_id: uuid.UUID, kind: ContactKind, at: datetime, outcome: str = "") -> bool:
    with connection.cursor() as cursor:
        values = {
            "at": at,
            "since": at - _REACH,
            "until": at + _AHEAD,
            "kind": kind.value,
            "attempt": str(attempt_id),
            "outcome": outcome,
        }
        run(cursor, (_APPEND, values))
        return bool(cursor.rowcount)


def _answered_within(attempt_id: uuid.UUID, at: datetime, span: timedelta) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM compliance_contact WHERE attempt_id = %s"
            " AND kind = 'connect' AND at > %s)",
            [str(attempt_id), at - span],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _spoken(attempt_id: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM compliance_contact WHERE attempt_id = %s"
            " AND kind = 'conversation')",
            [str(attempt_id)],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
