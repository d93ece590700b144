"""What became of the calls of one script version, node by node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(slots=True)
class NodeFigures:
    """Conversations that came to a node, went on from it, were hung up at it; answers at it that
    were not understood.
    """

    entered: int = 0
    left: int = 0
    hung_up: int = 0
    no_match: int = 0


@dataclass(frozen=True, slots=True)
class Funnel:
    """`calls` are the conversations begun since then."""

    calls: int
    nodes: dict[str, NodeFigures]


# One reading of the turns. `at` leaves older months' partitions alone.
_TURNS = """
WITH own AS MATERIALIZED (
    SELECT id FROM robot_conversation
    WHERE script_version_id = %(version)s AND started_at >= %(since)s),
turns AS MATERIALIZED (
    SELECT t.conversation_id, t.node, t.node_after, t.matched, t.step -> 'trace' -> 'path' AS path
    FROM robot_turn AS t JOIN own ON own.id = t.conversation_id WHERE t.at >= %(since)s)
SELECT 'entered', came.name, count(DISTINCT conversation_id)
FROM turns, jsonb_array_elements_text(path) AS came(name) GROUP BY came.name
UNION ALL
SELECT 'left', node, count(DISTINCT conversation_id)
FROM turns WHERE node <> '' AND node <> node_after GROUP BY node
UNION ALL
SELECT 'no_match', node, count(*)
FROM turns WHERE node <> '' AND matched = 'no_match' GROUP BY node
"""

_ENDS = """
SELECT state ->> 'node', count(*) FILTER (WHERE outcome = 'HUNG_UP'), count(*)
FROM robot_conversation
WHERE script_version_id = %(version)s AND started_at >= %(since)s GROUP BY 1
"""


def funnel(version_id: int, *, since: datetime) -> Funnel:
    """The figures of every node that a call has come to."""
    nodes: dict[str, NodeFigures] = {}
    values: dict[str, int | datetime] = {"version": version_id, "since": since}
    calls = 0
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, values)
        for kind, node, count in cursor.fetchall():
            setattr(nodes.setdefault(node, NodeFigures()), kind, count)
        cursor.execute(_ENDS, values)
        for node, hung_up, conversations in cursor.fetchall():
            calls += conversations
            nodes.setdefault(node, NodeFigures()).hung_up = hung_up
    return Funnel(calls, nodes)
