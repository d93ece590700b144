"""Worlds that many tests begin with: made once a worker, then brought back row by row.

Making a running campaign by the real paths (rules, screening, signatures, launch) takes a third of
a second; its rows are there again in a twentieth of that. What a world adds to the database is
found by comparing every table before and after, so that nothing has to be listed here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar, cast

from django.db import connection, transaction

from tests.roles import become_application, become_owner

World = TypeVar("World")

# with the columns that can be written
_TABLES = """
SELECT c.relname, string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relnamespace = 'public'::regnamespace
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.oid, c.relname ORDER BY c.oid
"""

Rows = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """`rows` by table and its columns; `before`: how many there were until then, in these tables
    and in those that had any.
    """

    value: object
    rows: tuple[tuple[str, str, str], ...]
    before: dict[str, int]


#: A world is kept once for each state of the database that it was made in, so many times at most.
VARIANTS = 3
_KEPT: dict[tuple[str, Hashable], list[_Kept]] = {}


def kept(name: str, make: Callable[[], World], *key: Hashable) -> World:
    """What `make()` returns, with its rows in the database.

    `key`: what else the world depends on. It is made anew where the database is not as it was. A
    world that changes rows which were there before cannot be kept: ValueError.
    """
    variants = _KEPT.setdefault((name, key), [])
    found = next((each for each in variants if _counts(each.before) == each.before), None)
    if found is not None:
        _bring_back(found)
    elif len(variants) < VARIANTS:
        variants.append(found := _make(make))
    else:
        return make()
    return cast(World, deepcopy(found.value))


def _make(make: Callable[[], World]) -> _Kept:
    before = _rows()
    value = make()
    after = _rows()
    columns = _columns()
    changed = [table for table in columns if before[table] - after[table]]
    if changed:
        raise ValueError(f"rows were changed: {', '.join(changed)}")
    added = [table for table in columns if after[table] - before[table]]
    return _Kept(
        deepcopy(value),
        tuple(
            (table, columns[table], "".join(sorted(after[table] - before[table])))
            for table in added
        ),
        {table: len(rows) for table, rows in before.items() if rows or table in added},
    )


def _columns() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return dict(cursor.fetchall())


def _rows() -> Rows:
    """Every row of every table, in PostgreSQL's text format."""
    found = {}
    with connection.cursor() as cursor:
        for table, columns in _columns().items():
            text = io.StringIO()
            cursor.copy_expert(f'COPY (SELECT {columns} FROM "{table}") TO STDOUT', text)  # noqa: S608 - the catalogue's own names
            found[table] = frozenset(text.getvalue().splitlines(keepends=True))
    return found


def _counts(tables: Iterable[str]) -> dict[str, int]:
    counts = ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables)  # noqa: S608 - the catalogue's own names
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return dict(zip(tables, cursor.fetchone(), strict=True))


def _bring_back(world: _Kept) -> None:
    """Whatever their order: what they refer to is there when all are."""
    with transaction.atomic():
        become_owner()
        with connection.cursor() as cursor:
            for table, columns, rows in world.rows:
                cursor.copy_expert(f'COPY "{table}" ({columns}) FROM STDIN', io.StringIO(rows))
        become_application()
