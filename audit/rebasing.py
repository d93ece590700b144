"""Going on after a dump was restored into a cluster whose transaction ids are lower.

Seals cover ranges of transaction ids. `pg_basebackup`, a standby and `pg_upgrade` keep the ids; a
dump restored into a new cluster does not, and the sealer stops (OtherCluster). A rebase lifts all
numbers to come above every number there is, and records that it did, and who signed it: the chain
goes on. What was written between the restoring and the rebase carries numbers of old ranges; the
record names these *strays* with a hash over them, and verifying looks for them there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from psycopg2 import sql

from audit.books import OWN, SEALED, books, hashes, last_sealed
from audit.models import Seal
from audit.recording import record
from audit.sealing import become_sealer, ended_below
from audit.streaming import Batch, rows, scalar
from audit.verify_export import rebased

REBASED = "audit.rebased"
SUBJECT = "audit:chain"

_STRAYS = """
SELECT id, content_hash FROM audit_entry WHERE transaction < %s AND id > %s ORDER BY id + 0
"""
_LIFT = """
CREATE OR REPLACE FUNCTION sanshi_transaction() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT pg_current_xact_id()::text::bigint + {lift} $$;
CREATE OR REPLACE FUNCTION sanshi_ended_below() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {lift} $$;
"""


class RebaseRefused(Exception):
    """There is nothing to rebase, or nobody may; the message says why."""


@dataclass(frozen=True, slots=True)
class Rebase:
    """What an earlier rebase recorded. Of `audit_entry` and of each other ledger: the highest id
    sealed before (`after_id`), and the strays (behind it, with a number under `below`) as a seal
    of a ledger describes rows.
    """

    seal_id: int
    ledgers: dict[str, dict[str, Any]]


@transaction.atomic
def rebase(*, maker: AbstractBaseUser, checker: AbstractBaseUser, reason: str) -> int:
    """Lift the numbers; by how much. Needs the owner's role, and everything else stopped.

    Raises RebaseRefused: not needed, one person alone, no reason, a sealer at work.
    """
    if maker.pk == checker.pk:
        raise RebaseRefused("maker and checker must be two people")
    if not reason.strip():
        raise RebaseRefused("give a reason")
    if not become_sealer():
        raise RebaseRefused("a sealer is at work: stop it first")
    last = Seal.objects.order_by("-id").first()
    if last is None or ended_below() >= last.below_transaction:
        raise RebaseRefused("transaction ids have not fallen back: there is nothing to rebase")
    _keep_writers_out()
    highest = last.below_transaction
    ledgers: dict[str, dict[str, Any]] = {}
    for table, said in _strays(last):
        highest = max(highest, said["below"], _highest(table))
        ledgers[table] = said
    lift = highest + 1 - int(scalar("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_LIFT).format(lift=sql.Literal(lift)))
    record(
        kind=REBASED,
        actor_id=maker.pk,
        subject=SUBJECT,
        payload={
            "seal": last.pk,
            "head": last.hash,
            "lift": lift,
            "checker": checker.pk,
            "reason": reason.strip()[:500],
            "ledgers": ledgers,
        },
    )
    return lift


def rebases() -> list[Rebase]:
    """The rebases on record, oldest first; without an entry that was changed beyond reading."""
    statement = (
        "SELECT payload::text FROM audit_entry WHERE subject = %s AND kind = %s ORDER BY id + 0"
    )
    found = [json.loads(text) for (text,) in rows(statement, [SUBJECT, REBASED])]
    return [Rebase(each["seal"], each["ledgers"]) for each in found if rebased(each)]


def _strays(last: Seal) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of each ledger that has been sealed: its table, and what its `Rebase` shall say."""
    below = last.below_transaction
    after_id = scalar("SELECT max(last_id) FROM audit_seal")
    found = Batch.of(rows(_STRAYS, [below, after_id]))
    yield OWN[0], {"below": below, "after_id": after_id, **found.document()}
    for book in books():
        sealed = last_sealed(book.table)
        if sealed is None:
            continue
        below, after_id = sealed["below"], _last_id(book.table)
        found = Batch.of(hashes(book, 0, below, after_id=after_id))
        yield (
            book.table,
            {
                "below": below,
                "after_id": after_id,
                **book.document(),
                **found.document(),
            },
        )


def _last_id(table: str) -> int:
    statement = (
        "SELECT coalesce(max((payload ->> 'last_id')::bigint), 0) FROM audit_entry"
        " WHERE kind = %s AND subject = %s"
    )
    return int(scalar(statement, [SEALED, table]))


def _highest(table: str) -> int:
    statement = sql.SQL("SELECT coalesce(max(transaction), 0) FROM {}")
    return int(scalar(statement.format(sql.Identifier(table))))


def _keep_writers_out() -> None:
    tables = sql.SQL(", ").join(
        sql.Identifier(table) for table in [*OWN, *(book.table for book in books())]
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(tables))
