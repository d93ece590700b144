"""What was written down as evidence, as people read it: words for its parts, people by name.

What only the program needs (scores, prints of whole files) is left to the file that is handed out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import User
from agents.models import Agent
from compliance import case_wording, wording

#: Its parts, in the order in which they are shown.
_PARTS: dict[str, wording.Text] = {
    "text": gettext_lazy("Words"),
    "note": gettext_lazy("Note"),
    "opened_by": gettext_lazy("Written down by"),
    "agent": gettext_lazy("Agent"),
    "via": gettext_lazy("Said via"),
    "said_at": gettext_lazy("Said at"),
    "keys": gettext_lazy("Keys"),
    "form": gettext_lazy("Form"),
    "source": gettext_lazy("Where from"),
    "system": gettext_lazy("System"),
    "reference": gettext_lazy("Reference"),
    "request": gettext_lazy("Request"),
    "file": gettext_lazy("File"),
    "row": gettext_lazy("Row"),
    "call": gettext_lazy("Call"),
    "turn": gettext_lazy("Turn"),
    "suspected": gettext_lazy("Suspected"),
    "number_not_theirs": gettext_lazy("Not the customer's number"),
    "beside": gettext_lazy("Another matter than case"),
    "sha256": gettext_lazy("Fingerprint"),
}
_OF_THE_PROGRAM = frozenset(
    {"intent", "score", "layer", "risk", "why", "transfer", "customer", "tokens"}
)
_SOURCES: dict[str, wording.Text] = {"sample bank": gettext_lazy("Sample data")}


def evidence_rows(every: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    """For each piece of evidence its parts with their values. Two queries, however many."""
    users = _names(User.objects.filter(pk__in=_ids(every, "opened_by")))
    agents = {
        agent.pk: agent.user
        for agent in Agent.objects.filter(pk__in=_ids(every, "agent")).select_related("user")
    }
    spoke = {pk: user.get_full_name() for pk, user in agents.items()}
    return [_rows(evidence, users, spoke) for evidence in every]


def _rows(
    evidence: Mapping[str, Any], users: Mapping[int, str], agents: Mapping[int, str]
) -> list[tuple[str, str]]:
    order = {part: place for place, part in enumerate(_PARTS)}
    rows = []
    for part in sorted(evidence, key=lambda part: (order.get(part, len(order)), part)):
        value = evidence[part]
        if part in _OF_THE_PROGRAM or value in (None, "", [], False):
            continue
        people = {"opened_by": users, "agent": agents}.get(part)
        name = people.get(value) if people is not None and type(value) is int else None
        text = name or _value(part, value)
        rows.append((str(_PARTS.get(part, part)), text))
    return rows


def _value(part: str, value: Any) -> str:
    if value is True:
        return pgettext("a fact", "Yes")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    text = str(value)
    if part == "via":
        return wording.label(case_wording.ORIGINS, text)
    if part == "source":
        return wording.label(_SOURCES, text)
    if part in ("call", "sha256"):
        return f"{text[:8]}…"
    if part == "said_at":
        at = parse_datetime(text)
        return f"{localtime(at):%Y-%m-%d %H:%M}" if at is not None and is_aware(at) else text
    return text


def _ids(every: Iterable[Mapping[str, Any]], part: str) -> set[int]:
    return {evidence[part] for evidence in every if type(evidence.get(part)) is int}


def _names(users: Iterable[User]) -> dict[int, str]:
    return {user.pk: user.get_full_name() for user in users}
