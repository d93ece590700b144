"""Reading many rows with little memory, and hashing them on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from django.db import connection
from psycopg2.sql import Composable

CHUNK = 5000


def rows(statement: str | Composable, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, fetched in chunks through a cursor of the server's."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while found := cursor.fetchmany(CHUNK):
            yield from found


def scalar(statement: str | Composable, values: Sequence[Any] = ()) -> Any:
    """The first value of a query's first row; None when there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else row[0]


class Batch:
    """What a seal says about its rows: SHA-256 over their hashes in order of id, and bounds."""

    def __init__(self) -> None:
        self.first_id = 0
        self.last_id = 0
        self.count = 0
        self._digest = hashlib.sha256()

    @classmethod
    def of(cls, hashes: Iterable[tuple[Any, ...]]) -> Self:
        """The batch of all (id, hash) given, in order of id."""
        batch = cls()
        for row_id, content_hash in hashes:
            batch.add(row_id, content_hash)
        return batch

    def add(self, row_id: int, content_hash: str) -> None:
        """Take in the next row, in order of id."""
        if self.count == 0:
            self.first_id = row_id
        self.last_id = row_id
        self.count += 1
        self._digest.update(content_hash.encode())

    @property
    def root(self) -> str:
        """The hash (hex) over everything added so far."""
        return self._digest.hexdigest()

    def document(self) -> dict[str, Any]:
        """As a seal of a ledger says it."""
        return {
            "first_id": self.first_id,
            "last_id": self.last_id,
            "count": self.count,
            "root": self.root,
        }
