"""Writing down what happened, in the transaction in which it happens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from psycopg2.extras import execute_batch

from audit.domain.canonical import canonical, storable

# One statement and no lock: time, hash and transaction id come from the database, so the hot path
# pays a single round trip. `sha256` is PostgreSQL's own (no pgcrypto). The instant is spelled as
# audit.domain.canonical.instant spells it.
INSERT = """
INSERT INTO audit_entry (at, kind, actor_id, subject, payload, content_hash)
SELECT moment.at, %(kind)s, %(actor_id)s::bigint, %(subject)s, %(payload)s::jsonb,
    encode(sha256(convert_to(
        to_char(moment.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || E'\\n' || %(text)s, 'UTF8')), 'hex')
FROM (SELECT sanshi_now() AS at) AS moment
"""


def record(*, kind: str, actor_id: int | None, subject: str, payload: dict[str, Any]) -> None:
    """Append one entry; it stands or falls with the caller's transaction.

    `kind` is a dotted name ("approval.approved"), `subject` names the thing as "kind:id", `payload`
    holds ids and codes rather than names or numbers. Raises ValueError for a number in the payload
    that is not finite.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT, entry(kind=kind, actor_id=actor_id, subject=subject, payload=payload)
        )


def record_all(entries: Iterable[dict[str, Any]]) -> None:
    """Append entries (made by `entry`), a hundred a message."""
    with connection.cursor() as cursor:
        execute_batch(cursor.cursor, INSERT, entries)


def entry(
    *, kind: str, actor_id: int | None, subject: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """The values of INSERT for one entry, for whoever sends it together with statements of theirs.

    Raises ValueError as `record` does.
    """
    content = storable(payload)
    return {
        "kind": kind,
        "actor_id": actor_id,
        "subject": subject,
        "payload": json.dumps(content, ensure_ascii=False),
        "text": canonical(kind=kind, actor_id=actor_id, subject=subject, payload=content),
    }
