"""Steering and asking about calls that exist. Imported by the dialer alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telephony.client import client
from telephony.errors import SDK_ERRORS, code_of, status_of

__all__ = [
    "CallFacts",
    "ControlFailed",
    "cancel",
    "fetch",
    "hang_up",
    "list_calls",
    "redirect",
]

_NOT_IN_PROGRESS = 21220
_NOT_FOUND = 404
#: More calls to one number in the time we ask about would be a scandal, not a page.
_LIST_LIMIT = 200


class ControlFailed(Exception):
    """The carrier could not be asked or refused; the call's state is what it was."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call as the carrier sees it. `status` is Twilio's word; `duration_s` None while unknown."""

    sid: str
    status: str
    to: str
    from_: str
    created_at: datetime | None
    duration_s: int | None


def hang_up(sid: str) -> str:
    """End a call in whatever state it is; its status afterwards ("" when it had ended before).

    Raises ControlFailed.
    """
    return _update(sid, status="completed")


def cancel(sid: str) -> str:
    """End a call that nobody has answered yet; its status afterwards ("" when it had ended).

    A call cancelled while `queued` sends no callback: the caller settles it from the answer.
    """
    return _update(sid, status="canceled")


def redirect(sid: str, url: str) -> str:
    """Let a live call go on at `url`; its status ("" when it has ended: nobody is there).

    Raises ControlFailed.
    """
    return _update(sid, url=url, method="POST")


def list_calls(*, to: str, from_: str) -> list[CallFacts]:
    """The carrier's calls between two numbers, newest first.

    No filter on time: a queued call has no start time, and a filter would hide exactly the call
    that is feared. Compare `created_at` instead. Raises ControlFailed.
    """
    try:
        found = client().calls.list(to=to, from_=from_, limit=_LIST_LIMIT, page_size=_LIST_LIMIT)
    except SDK_ERRORS as error:
        raise ControlFailed(_cause(error)) from error
    return [_facts(call) for call in found]


def fetch(sid: str) -> CallFacts | None:
    """One call as the carrier sees it; None when it does not know it. Raises ControlFailed."""
    try:
        return _facts(client().calls(sid).fetch())
    except SDK_ERRORS as error:
        if status_of(error) == _NOT_FOUND:
            return None
        raise ControlFailed(_cause(error)) from error


def _update(sid: str, **change: str) -> str:
    try:
        return str(client().calls(sid).update(**change).status)
    except SDK_ERRORS as error:
        if code_of(error) == _NOT_IN_PROGRESS or status_of(error) == _NOT_FOUND:
            return ""
        raise ControlFailed(_cause(error)) from error


def _cause(error: Exception) -> str:
    code = code_of(error) or status_of(error)
    return f"{type(error).__name__}:{code}" if code else type(error).__name__


def _facts(call: object) -> CallFacts:
    duration = str(getattr(call, "duration", None) or "")
    created = getattr(call, "date_created", None)
    return CallFacts(
        sid=str(getattr(call, "sid", "")),
        status=str(getattr(call, "status", "")),
        to=str(getattr(call, "to", "")),
        from_=str(getattr(call, "_from", "")),
        created_at=created if isinstance(created, datetime) else None,
        duration_s=int(duration) if duration.isdigit() else None,
    )
