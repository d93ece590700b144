"""Statements that a connection plans once and runs many times.

Planning the facts statement takes six times as long as running it, and psycopg2 prepares nothing by
itself. A plan belongs to a connection: a new one, after whatever loss, makes its own. PostgreSQL
plans anew by itself when it has analysed a table, as it does soon after one has grown. Should plans
not be where we left them (a pooler hands connections around), the transaction fails, and from then
on this process sends the statements in full.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connection, models

log = logging.getLogger(__name__)

_PLACE = re.compile(r"%\((\w+)\)s")
#: invalid_sql_statement_name, duplicate_prepared_statement, and feature_not_supported, which is
#: what a plan says whose result has other columns now.
_LOST = frozenset({"26000", "42P05", "0A000"})
#: The names of the plans of each of the driver's connections (Django's wrapper of one outlives it).
_PLANS: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Statement:
    """One statement with `%(name)s` places."""

    def __init__(self, statement: str) -> None:
        self._every = _PLACE.findall(statement)
        self._full = _PLACE.sub("%s", statement)

    def sent(self, cursor: Any, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """What to send on this cursor of Django's."""
        return self._full, [values[name] for name in self._every]


class Prepared(Statement):
    """A statement that is planned once; types are inferred by the server."""

    def __init__(self, name: str, statement: str) -> None:
        super().__init__(statement)
        order = list(dict.fromkeys(self._every))
        body = _PLACE.sub(lambda place: f"${order.index(place[1]) + 1}", statement)
        body = body.replace("%%", "%")
        # two versions of the program may share a server-side connection
        self.name = f"sanshi_{name}_{hashlib.sha256(body.encode()).hexdigest()[:8]}"
        self.preparation = f"PREPARE {self.name} AS {body}"
        self._short = f"EXECUTE {self.name} ({', '.join(['%s'] * len(order))})"
        self._order = order
        self._kept = True

    def sent(self, cursor: Any, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """What to send, planned on the cursor's connection if need be."""
        if not self._kept:
            return super().sent(cursor, values)
        plans = _PLANS.setdefault(cursor.db.connection, set())
        if self.name not in plans:
            cursor.execute(self.preparation)
            plans.add(self.name)
        return self._short, [values[name] for name in self._order]

    def forget(self) -> None:
        """Send it in full from now on."""
        self._kept = False


class Insertion(Prepared):
    """The insertion of one row; columns that are not given get their field's default.

    `unless`: the unique column whose value may be there already; then nothing is inserted and
    nothing returned. `numbered`: the id is given, where it was drawn from its sequence before.
    `also`: a column that the database fills by itself and Django does not know, given all the same.
    """

    def __init__(
        self,
        model: type[models.Model],
        *,
        unless: str = "",
        returning: str = "",
        numbered: bool = False,
        also: str = "",
    ) -> None:
        meta = model._meta
        fields = [each for each in meta.concrete_fields if numbered or not _made_by_database(each)]
        self._defaults = {str(field.column): field.get_default() for field in fields}
        if also:
            self._defaults[also] = None
        columns = ", ".join(f'"{column}"' for column in self._defaults)
        places = ", ".join(f"%({column})s" for column in self._defaults)
        statement = f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({places})'  # noqa: S608 - the model's own names
        if unless:
            statement += f' ON CONFLICT ("{unless}") DO NOTHING'
        if returning:
            statement += f" RETURNING {returning}"
        super().__init__(str(meta.model_name), statement)

    def sent(self, cursor: Any, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        return super().sent(cursor, {**self._defaults, **values})


def _made_by_database(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.AutoField | models.BigAutoField)


#: A statement and its values.
Write = tuple[Statement, Mapping[str, Any]]


def run(cursor: Any, *steps: Write) -> None:
    """Run statements in order, in one round trip; the last one's rows can be fetched.

    Raises django.db.Error.
    """
    try:
        sent = [statement.sent(cursor, values) for statement, values in steps]
        cursor.execute(
            ";".join(text for text, _ in sent), [value for _, given in sent for value in given]
        )
    except DatabaseError as error:
        if getattr(error.__cause__, "pgcode", None) in _LOST:
            log.warning("plans are not kept, statements are sent in full: %s", error)
            for statement, _ in steps:
                if isinstance(statement, Prepared):
                    statement.forget()
        raise


def write(writes: list[Write]) -> None:
    """Write what was put off, in one round trip; nothing is left. Raises django.db.Error."""
    with connection.cursor() as cursor:
        run(cursor, *writes)
    writes.clear()
