"""Querysets that Django compiles once a process and PostgreSQL plans once a connection.

Compiling a queryset takes Django several times as long as PostgreSQL takes to run it. Where the
same one runs for every webhook, a `Lookup` keeps what was compiled; what comes back are the same
model instances as from the queryset itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

from django.db import DatabaseError, connection, models, transaction
from django.db.models import query
from django.db.models.expressions import Expression

from database.prepared import Prepared, run

M = TypeVar("M", bound=models.Model)
#: How Django makes the related instances of a row; its stubs are of a later release.
_populators: Any = query.get_related_populators


class Place(Expression):
    """A value that is not known yet when the queryset is compiled."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=models.Field())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"%({self.name})s", ()


class Lookup(Generic[M]):
    """`build` gets a `Place` for each of its parameters and gives the queryset.

    Every value of the queryset must be a place. `before` is a statement with places of the same
    names, run in the same round trip ahead of it: a lock, so that what is read is not older.
    Prefetches are not supported.
    """

    def __init__(
        self, name: str, build: Callable[..., models.QuerySet[M]], *places: str, before: str = ""
    ) -> None:
        self._name, self._build, self._places = name, build, places
        self._before = Prepared(f"{name}_before", before) if before else None

    def all(self, **values: Any) -> list[M]:
        """The instances, in the queryset's order. Raises django.db.Error."""
        return [self._compiled.instance(row) for row in self._rows(values)]

    def first(self, **values: Any) -> M | None:
        """The first instance, or None. Raises django.db.Error."""
        rows = self._rows(values)
        return self._compiled.instance(rows[0]) if rows else None

    def _rows(self, values: dict[str, Any]) -> list[Sequence[Any]]:
        if self._compiled.locks and not connection.in_atomic_block:
            raise transaction.TransactionManagementError(f"{self._name} locks: it needs one")
        steps = [(self._compiled.statement, values)]
        if self._before is not None:
            steps.insert(0, (self._before, values))
        with connection.cursor() as cursor:
            run(cursor, *steps)
            rows: list[Sequence[Any]] = cursor.fetchall()
        return rows

    @cached_property
    def _compiled(self) -> _Compiled[M]:
        return _Compiled(self._name, self._build(*map(Place, self._places)))


class _Compiled(Generic[M]):
    """A statement and how its rows become instances, as Django's ModelIterable makes them."""

    def __init__(self, name: str, queryset: models.QuerySet[M]) -> None:
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        if parameters:
            raise ValueError(f"{name}: each value must be a place, not {parameters!r}")
        self.locks = queryset.query.select_for_update
        self.statement = Prepared(name, sql)
        select, info = compiler.select, compiler.klass_info
        own = info["select_fields"]
        self._model: type[M] = info["model"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [select[place][0].target.attname for place in own]
        self._annotated = list((compiler.annotation_col_map or {}).items())
        self._related = _populators(info, select, connection.alias)
        self._converters = list(compiler.get_converters([column[0] for column in select]).items())

    def instance(self, row: Sequence[Any]) -> M:
        values = list(row)
        for place, (converters, expression) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        made = self._model.from_db(connection.alias, self._names, values[self._own])
        for related in self._related:
            related.populate(values, made)
        for name, place in self._annotated:
            setattr(made, name, values[place])
        return made


def save(instance: models.Model, *fields: str) -> None:
    """`instance.save(update_fields=fields)` by a statement that is planned once."""
    statement, columns = _saving(type(instance), fields)
    values = {
        name: field.get_db_prep_save(getattr(instance, field.attname), connection)
        for name, field in columns.items()
    }
    with connection.cursor() as cursor:
        run(cursor, (statement, {**values, "pk": instance.pk}))
        if cursor.rowcount != 1:
            raise DatabaseError(f"{instance!r} is not in the database")


@cache
def _saving(
    model: type[models.Model], names: tuple[str, ...]
) -> tuple[Prepared, dict[str, models.Field[Any, Any]]]:
    """The statement, and the field of each of its columns."""
    meta = model._meta
    columns = {str(each.column): each for each in meta.concrete_fields if each.name in names}
    changes = ", ".join(f'"{column}" = %({column})s' for column in columns)
    statement = Prepared(
        f"{meta.model_name}_{'_'.join(columns)}"[:40],
        f'UPDATE "{meta.db_table}" SET {changes} WHERE "{meta.pk.column}" = %(pk)s',  # noqa: S608 - the model's own names
    )
    return statement, columns
