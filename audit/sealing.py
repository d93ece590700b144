"""Sealing entries into a chain, off the hot path.

A seal covers the entries of all transactions from the last seal's `below_transaction` up to, not
including, its own. PostgreSQL hands out transaction ids in order, and everything below the oldest
running transaction (`pg_snapshot_xmin`) has ended: nothing can appear behind a seal any more, in
whatever order the transactions committed.
"""

from __future__ import annotations

import hashlib

from django.db import connection, transaction

from audit.domain.canonical import GENESIS, seal_hash
from audit.models import Seal
from clock.reading import now

#: The advisory lock that makes one sealer of many ("sanshi" + "seal").
LOCK_KEYS = (0x53414E, 0x5345414C)


class OtherCluster(Exception):
    """The entries come from another database cluster, whose transaction ids were higher.

    Happens after a dump is restored elsewhere; `pg_basebackup` and `pg_upgrade` keep the ids.
    """


@transaction.atomic
def seal_once() -> int:
    """Seal what can be sealed; the number of entries sealed.

    0 means nothing to do, or another sealer at work. Raises OtherCluster.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_KEYS)
        row = cursor.fetchone()
        if row is None or not row[0]:
            return 0
        # a statement of its own, after the lock: the newest seal is read once the other is done
        last = Seal.objects.order_by("-id").first()
        since = last.below_transaction if last else 0
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        row = cursor.fetchone()
        horizon = int(row[0]) if row else 0
        if horizon < since:
            raise OtherCluster(f"transactions are at {horizon}, the last seal at {since}")
    batch = Batch.read(since, horizon)
    if batch.count == 0:
        return 0
    previous = last.hash if last else GENESIS
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
        ),
        below_transaction=horizon,
        first_id=batch.first_id,
        last_id=batch.last_id,
        count=batch.count,
        at=now(),
    )
    return batch.count


class Batch:
    """What a seal says about its entries: SHA-256 over their hashes in order of id, and bounds."""

    def __init__(self) -> None:
        self.first_id = 0
        self.last_id = 0
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, entry_id: int, content_hash: str) -> None:
        """Take in the next entry, in order of id."""
        if self.count == 0:
            self.first_id = entry_id
        self.last_id = entry_id
        self.count += 1
        self._digest.update(content_hash.encode())

    @property
    def root(self) -> str:
        """The hash (hex) over everything added so far."""
        return self._digest.hexdigest()

    @classmethod
    def read(cls, since: int, below: int) -> Batch:
        """The batch of the transactions in [since, below)."""
        batch = cls()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, content_hash FROM audit_entry"
                " WHERE transaction >= %s AND transaction < %s ORDER BY id",
                [since, below],
            )
            while rows := cursor.fetchmany(5000):
                for entry_id, content_hash in rows:
                    batch.add(entry_id, content_hash)
        return batch
