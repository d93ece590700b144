"""Sealing entries into a chain, off the hot path.

A seal covers the entries of all transactions from the last seal's `below_transaction` up to, not
including, its own. PostgreSQL hands out transaction ids in order, and everything below the oldest
running transaction (`pg_snapshot_xmin`) has ended: nothing can appear behind a seal any more, in
whatever order the transactions committed.
"""

from __future__ import annotations

from django.db import transaction

from audit.books import seal_books
from audit.domain.canonical import GENESIS, seal_hash
from audit.models import Seal
from audit.streaming import Batch, rows, scalar
from clock.reading import now

#: The advisory lock that makes one sealer of many ("sanshi" + "seal").
LOCK_KEYS = (0x53414E, 0x5345414C)
#: Of the seals made here: what their hash is taken over.
VERSION = 2

_HASHES = """
SELECT id, content_hash FROM audit_entry WHERE transaction >= %s AND transaction < %s
ORDER BY id + 0
"""


class OtherCluster(Exception):
    """The entries come from another database cluster, whose transaction ids were higher.

    Happens after a dump is restored elsewhere; `pg_basebackup` and `pg_upgrade` keep the ids.
    `manage.py audit rebase` goes on from there (audit/rebasing.py).
    """


@transaction.atomic
def seal_once() -> int:
    """Seal what can be sealed; the number of entries sealed.

    0 means no entries to seal, or another sealer at work. The new rows of the other ledgers are
    recorded by the way (audit/books.py). Raises OtherCluster.
    """
    if not become_sealer():
        return 0
    # a statement of its own, after the lock: the newest seal is read once the other is done
    last = Seal.objects.order_by("-id").first()
    since = last.below_transaction if last else 0
    horizon = ended_below()
    if horizon < since:
        raise OtherCluster(f"transactions are at {horizon}, the last seal at {since}")
    batch = Batch.of(rows(_HASHES, [since, horizon]))
    seal_books(horizon)
    if batch.count == 0:
        return 0
    previous = last.hash if last else GENESIS
    at = now()
    Seal.objects.create(
        previous=previous,
        root=batch.root,
        hash=seal_hash(
            previous=previous,
            root=batch.root,
            below_transaction=horizon,
            first_id=batch.first_id,
            last_id=batch.last_id,
            count=batch.count,
            version=VERSION,
            at=at,
        ),
        below_transaction=horizon,
        first_id=batch.first_id,
        last_id=batch.last_id,
        count=batch.count,
        at=at,
        version=VERSION,
    )
    return batch.count


def become_sealer() -> bool:
    """Whether this transaction is the one that may seal, until it ends."""
    return bool(scalar("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_KEYS))


def ended_below() -> int:
    """The number below which every transaction has ended."""
    return int(scalar("SELECT sanshi_ended_below()"))
