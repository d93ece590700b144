"""Statements about ten thousand rows that are found by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


@contextmanager
def by_keys() -> Iterator[CursorWrapper]:
    """A cursor whose statements find their rows by keys, however large a part of a table they are.

    The planner would rather read a whole table than ten thousand keys of it, with helpers of its
    own beside the workers that share the batches among them. In a transaction.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0"
        )
        yield cursor
        cursor.execute(
            "SET LOCAL enable_seqscan TO DEFAULT; "
            "SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
        )
