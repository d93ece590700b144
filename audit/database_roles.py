"""Two roles in the database: the owner of the tables migrates, the application works.

The application's role (`sanshi_app`, or one that is a member of it) may read and write the tables
of the day's work, and only add to the ledgers: decisions, contacts, turns, call events, the audit
and its seals. A ledger is a table with the trigger that `sanshi_make_append_only` (SQL, migration
audit.0004) puts on it; partitions get no grant, so that they are reached through their parent only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2 import sql

from audit.books import SHIFTING, books

APP_ROLE = "sanshi_app"
#: What a role is, apart from the database that a connection has open.
_LOGIN = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")

# Tables and views of the schema in use, and which of them are ledgers; no partitions.
_TABLES = """
SELECT c.relname, EXISTS (SELECT 1 FROM pg_trigger t
                          WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_append_only')
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
AND NOT c.relispartition ORDER BY c.relname
"""

_FAULTS = """
SELECT 'superuser' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL
SELECT 'owner of ' || c.relname FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
WHERE t.tgname = c.relname || '_append_only' AND pg_has_role(current_user, c.relowner, 'MEMBER')
UNION ALL
SELECT p.privilege || ' on ' || c.relname
FROM pg_class c, (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p(privilege)
WHERE has_table_privilege(c.oid, p.privilege) AND EXISTS (
    SELECT 1 FROM pg_trigger t LEFT JOIN pg_inherits i ON i.inhparent = t.tgrelid
    WHERE t.tgname = t.tgrelid::regclass::text || '_append_only'
    AND c.oid IN (t.tgrelid, i.inhrelid))
"""


@contextmanager
def as_owner(connection: BaseDatabaseWrapper, owner: dict[str, Any]) -> Iterator[None]:
    """Within, `connection` logs in as `owner` (a DATABASES entry), to the same database as before.

    Nothing changes when it is the same login anyway.
    """
    before = {key: connection.settings_dict[key] for key in _LOGIN}
    wanted = {key: owner[key] for key in _LOGIN}
    if wanted == before:
        yield
        return
    connection.close()
    connection.settings_dict.update(wanted)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def grant(connection: BaseDatabaseWrapper) -> None:
    """Give the application's role exactly what it needs; idempotent, run as the owner."""
    role = sql.Identifier(APP_ROLE)
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        for table, is_ledger in tables:
            given = "SELECT, INSERT" if is_ledger else "SELECT, INSERT, UPDATE, DELETE"
            if table == "django_migrations":
                given = "SELECT"
            elif not is_ledger and connection.pg_version >= 170000:  # type: ignore[attr-defined]
                given += ", MAINTAIN"  # an import refreshes the planner's statistics
            name = sql.Identifier(table)
            cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, role))
            cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(given), name, role))
        for book in books():
            if book.erasable:
                # blanking them is the one change that the trigger lets through (audit/erasing.py)
                columns = [sql.Identifier(name) for name in (*book.erasable, *SHIFTING)]
                cursor.execute(
                    sql.SQL("GRANT UPDATE ({}) ON {} TO {}").format(
                        sql.SQL(", ").join(columns), sql.Identifier(book.table), role
                    )
                )
        cursor.execute(
            sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}").format(
                sql.Identifier(_schema(cursor)), role
            )
        )


def faults(connection: BaseDatabaseWrapper) -> list[str]:
    """Why the connection's role is too strong to work as; empty when it may only add."""
    with connection.cursor() as cursor:
        cursor.execute(_FAULTS)
        return [str(row[0]) for row in cursor.fetchall()]


def _schema(cursor: Any) -> str:
    cursor.execute("SELECT current_schema()")
    return str(cursor.fetchone()[0])
