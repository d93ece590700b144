"""Asking the carrier for a call. Imported by `dialer/placing.py` alone: that is the one gate.

There is no idempotency key in this protocol. So nothing here repeats a request: an error says
whether the call provably was not placed (`NeverPlaced`) or may exist (`Unknown`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telephony.client import client
from telephony.errors import SDK_ERRORS, Fault, NeverPlaced, Unknown, sort
from telephony.events import CALL_EVENTS, CONFERENCE_EVENTS

__all__ = ["Fault", "NeverPlaced", "Placed", "Unknown", "create_call", "create_participant"]


@dataclass(frozen=True, slots=True)
class Placed:
    """The carrier took it: `sid` is the call's name there."""

    sid: str


def create_call(
    *,
    to: str,
    from_: str,
    answer_url: str,
    status_url: str,
    amd_url: str | None,
    ring_timeout_s: int,
    time_limit_s: int,
    recording_url: str | None = None,
) -> Placed:
    """Ask for one call; with `amd_url` the machine detector votes without holding the dialogue,
    with `recording_url` both sides are recorded from the answer on and the recording is told there.

    Raises NeverPlaced or Unknown.
    """
    recording: dict[str, object] = {}
    if recording_url is not None:
        recording = {
            "record": True,
            "recording_channels": "dual",
            "recording_status_callback": recording_url,
            "recording_status_callback_event": ["completed", "absent"],
        }
    detection: dict[str, str] = {}
    if amd_url is not None:
        detection = {
            "machine_detection": "Enable",
            # typed as text on the wire: Python's True would go out as "True"
            "async_amd": "true",
            "async_amd_status_callback": amd_url,
        }
    try:
        call = client().calls.create(
            to=to,
            from_=from_,
            url=answer_url,
            status_callback=status_url,
            status_callback_event=CALL_EVENTS,
            timeout=ring_timeout_s,
            time_limit=time_limit_s,
            **detection,
            **recording,
        )
    except SDK_ERRORS as error:
        raise sort(error) from error
    return _placed(call.sid)


def create_participant(
    *,
    conference: str,
    to: str,
    from_: str,
    label: str,
    status_url: str,
    conference_url: str,
    ring_timeout_s: int,
    time_limit_s: int,
    end_on_exit: bool = True,
    events: Sequence[str] = CONFERENCE_EVENTS,
) -> Placed:
    """Ring somebody into a conference (made by its first participant).

    Raises NeverPlaced or Unknown.
    """
    try:
        participant = (
            client()
            .conferences(conference)
            .participants.create(
                from_=from_,
                to=to,
                label=label,
                status_callback=status_url,
                status_callback_event=CALL_EVENTS,
                conference_status_callback=conference_url,
                conference_status_callback_event=list(events),
                start_conference_on_enter=True,
                end_conference_on_exit=end_on_exit,
                beep="false",
                timeout=ring_timeout_s,
                time_limit=time_limit_s,
            )
        )
    except SDK_ERRORS as error:
        raise sort(error) from error
    return _placed(participant.call_sid)


def _placed(sid: object) -> Placed:
    if not isinstance(sid, str) or not sid:
        raise Unknown("no sid in the reply")
    return Placed(sid)
