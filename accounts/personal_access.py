"""Looking at a person: everybody who does says why, and it is written down.

A stated reason opens one person for half an hour of the session (real time); looking longer means
saying it again. The entry holds ids and codes only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.recording import record
from clock.reading import real

OPEN_FOR = timedelta(minutes=30)
_KEY = "looked_at"
#: What a reference may be: a number of a complaint or a letter, and no text about anybody.
_REFERENCE = re.compile(r"[^A-Za-z0-9/#.\-]")


class Why(StrEnum):
    """Why somebody looks at a person."""

    CUSTOMER_ASKS = "customer_asks"
    COMPLAINT = "complaint"
    REGULATOR = "regulator"
    BEFORE_A_CALL = "before_a_call"
    QUALITY = "quality"
    CASE = "case"


#: The reasons a person may choose; CASE is given by the case somebody works on.
CHOICES: dict[Why, str | Promise] = {
    Why.CUSTOMER_ASKS: _("The customer asks"),
    Why.COMPLAINT: _("A complaint"),
    Why.REGULATOR: _("The regulator asks"),
    Why.BEFORE_A_CALL: _("Before the branch calls"),
    Why.QUALITY: _("Checking our own work"),
}


def is_open(request: HttpRequest, whom: int | str) -> bool:
    """Whether this session gave a reason for this person, or record, less than half an hour ago.

    `whom` is a customer's id, or the subject of a record that has no customer ("suppression:7").
    """
    since = request.session.get(_KEY, {}).get(str(whom))
    return since is not None and real() - datetime.fromisoformat(since) < OPEN_FOR


def open_person(request: HttpRequest, customer_id: int, why: Why, reference: str = "") -> None:
    """Write down who looks at whom and why, and open the person for a while."""
    _record(
        request,
        "customer.looked_at",
        f"customer:{customer_id}",
        {"why": why.value, "reference": clean_reference(reference)},
    )
    _keep_open(request, [str(customer_id)])


def open_records(request: HttpRequest, subjects: Iterable[str]) -> None:
    """Open records about people for a while. The reason was just written down by the caller."""
    _keep_open(request, subjects)


def note_search(request: HttpRequest, *, by: str, found: int, why: Why) -> None:
    """Write down that somebody searched for a person; not the number or id they searched for."""
    _record(
        request, "customer.searched", "customer:-", {"by": by, "found": found, "why": why.value}
    )


def note_opened(request: HttpRequest, subject: str, **payload: Any) -> None:
    """Write down that somebody opened one record about a person."""
    _record(request, "record.opened", subject, payload)


def clean_reference(text: str) -> str:
    """A reference without anything that could be a sentence about somebody."""
    return _REFERENCE.sub("", text)[:40]


def _keep_open(request: HttpRequest, keys: Iterable[str]) -> None:
    at = real()
    kept = {
        key: since
        for key, since in request.session.get(_KEY, {}).items()
        if at - datetime.fromisoformat(since) < OPEN_FOR
    }
    request.session[_KEY] = {**kept, **dict.fromkeys(keys, at.isoformat())}


def _record(request: HttpRequest, kind: str, subject: str, payload: dict[str, Any]) -> None:
    record(kind=kind, actor_id=request.user.pk, subject=subject, payload=payload)
