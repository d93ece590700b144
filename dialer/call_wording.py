"""Calls as people read them: what one was for, and what came of it or how far it is."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.outcome_wording import outcome_label
from dialer.domain.call_kind import CallKind
from dialer.domain.call_state import CallState

KINDS: dict[str, str | Promise] = {
    CallKind.ROBOT: _("The robot called"),
    CallKind.CALLBACK: _("A callback that was asked for"),
    CallKind.AGENT: _("An agent called"),
    CallKind.AGENT_LEG: _("Agent's own leg"),
    CallKind.TEST: _("Test call"),
    CallKind.INBOUND: _("They rang us back"),
}

STATES: dict[str, str | Promise] = {
    CallState.PLANNED: _("Planned"),
    CallState.PLACING: _("Being dialled"),
    CallState.UNKNOWN: _("Outcome unknown"),
    CallState.QUEUED: _("With the carrier"),
    CallState.RINGING: _("Ringing"),
    CallState.ANSWERED: _("In conversation"),
    CallState.COMPLETED: _("Ended"),
    CallState.BUSY: _("Busy"),
    CallState.NO_ANSWER: _("No answer"),
    CallState.FAILED: _("Could not be reached"),
    CallState.CANCELED: _("Cancelled by us"),
    CallState.REFUSED: _("Refused by the gate"),
    CallState.NOT_PLACED: _("Not placed"),
    CallState.LOST: _("Outcome unknown"),
}


def kind_label(kind: str) -> str:
    """What a call was for, in words."""
    return str(KINDS.get(kind, kind))


def call_label(outcome: str, state: str) -> str:
    """What came of a call; how far it has come while there is nothing else to say."""
    return outcome_label(outcome) if outcome else str(STATES.get(state, state))
