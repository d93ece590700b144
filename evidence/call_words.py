"""Codes of calls, hand-overs, recordings and the carrier's messages as people read them.

The carrier's own codes are its words; where one is not known here it is shown as it is.
"""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import reasons
from compliance.wording import label
from dialer.call_wording import STATES
from dialer.domain.call_state import CallState
from dialer.domain.recording_state import RecordingState
from dialer.domain.transfer_state import TransferState
from robot.wording import INTENTS, LAYERS

Text = str | Promise

#: How the carrier spells a call's state.
CARRIER_STATES: dict[str, Text] = {
    **STATES,
    "initiated": STATES[CallState.PLACING],
    "in-progress": STATES[CallState.ANSWERED],
    "no-answer": STATES[CallState.NO_ANSWER],
    "accepted": gettext_lazy("Accepted by the carrier"),
    "fetch": gettext_lazy("Answered: the carrier asked what to say"),
}

ANSWERED_BY: dict[str, Text] = {
    "human": gettext_lazy("A person"),
    "machine_start": gettext_lazy("A machine"),
    "machine_end_beep": gettext_lazy("A machine"),
    "machine_end_silence": gettext_lazy("A machine"),
    "machine_end_other": gettext_lazy("A machine"),
    "fax": gettext_lazy("A fax machine"),
    "unknown": gettext_lazy("Nobody can say"),
}

#: Why a call's or a hand-over's state changed, where it is not the carrier's or the gate's word.
_CAUSES: dict[str, Text] = {
    "gate:allowed": gettext_lazy("Allowed by the gate"),
    "reconciled:found": gettext_lazy("Found at the carrier"),
    "reconciled:not_found": gettext_lazy("Not found at the carrier"),
    "lease_passed": gettext_lazy("Not heard of in time"),
    "earlier_run_died": gettext_lazy("Broken off before it was placed"),
    "permission_expired": gettext_lazy("The permission ran out before it was used"),
    "nobody_to_ring": gettext_lazy("There was nobody to ring"),
    "carrier_forgot": gettext_lazy("The carrier does not know it any more"),
    "silent": gettext_lazy("Nothing was heard of it any more"),
    "consent_asked": gettext_lazy("The robot asked for consent"),
    "consented": gettext_lazy("The customer agreed"),
    "no_consent": gettext_lazy("The customer did not agree"),
    "accepted": gettext_lazy("The agent accepted"),
    "declined": gettext_lazy("The agent declined"),
    "missed": gettext_lazy("The agent did not answer"),
    "both_joined": gettext_lazy("Both were in the call"),
    "next_offer": gettext_lazy("Offered to another agent"),
    "agent_asked": gettext_lazy("The agent asked for it"),
    "agent_dropped": gettext_lazy("The agent's line broke off"),
    "agent_left": gettext_lazy("The agent left"),
    "agent_hung_up": gettext_lazy("The agent hung up"),
    "customer_hung_up": gettext_lazy("The customer hung up"),
    "customer_left": gettext_lazy("The customer left"),
    "customer_said_stop": gettext_lazy("The customer said stop"),
    "customer_prefers_callback": gettext_lazy("The customer prefers a callback"),
    "waited_too_long": gettext_lazy("The customer waited too long"),
    "not_reached": gettext_lazy("The customer was not reached"),
    "wrapped_up": gettext_lazy("The agent wrote down what came of it"),
}

TRANSFERS: dict[str, Text] = {
    TransferState.RESERVED: gettext_lazy("A person is reserved"),
    TransferState.OFFERED: gettext_lazy("Offered to an agent"),
    TransferState.ACCEPTED: gettext_lazy("Accepted by the agent"),
    TransferState.CONNECTED: gettext_lazy("Talks with the agent"),
    TransferState.WRAP_UP: gettext_lazy("Talk over, being written down"),
    TransferState.DONE: gettext_lazy("Hand-over done"),
    TransferState.NO_AGENT: gettext_lazy("No agent was free"),
    TransferState.ABANDONED: gettext_lazy("The customer hung up while waiting"),
    TransferState.STOPPED: gettext_lazy("The customer said stop while waiting"),
    TransferState.NOT_WANTED: gettext_lazy("The customer did not want it"),
    TransferState.BRIDGE_FAILED: gettext_lazy("Both were never joined"),
    TransferState.NOT_REACHED: gettext_lazy("The customer was not reached"),
}

RECORDINGS: dict[str, Text] = {
    RecordingState.ANNOUNCED: gettext_lazy("Recorded, still to be fetched"),
    RecordingState.LOST: gettext_lazy("Could not be fetched"),
    RecordingState.KEPT: gettext_lazy("In our keeping"),
    RecordingState.ABSENT: gettext_lazy("Nothing was recorded"),
    RecordingState.ERASED: gettext_lazy("Erased with the person"),
    RecordingState.EXPIRED: gettext_lazy("Its term is over"),
}

#: What a message of the carrier is about (the address that it went to).
MESSAGES: dict[str, Text] = {
    "answer": gettext_lazy("Answered: what to say"),
    "turn": gettext_lazy("What was heard"),
    "status": gettext_lazy("The call's state"),
    "amd": gettext_lazy("Person or machine"),
    "recording": gettext_lazy("Recording"),
    "park": gettext_lazy("Waiting for an agent"),
    "bridge": gettext_lazy("Put through"),
    "after": gettext_lazy("After the hand-over"),
    "conference": gettext_lazy("The room of a hand-over"),
    "overheard": gettext_lazy("Heard while waiting"),
    "inbound": gettext_lazy("They rang us back"),
    "inbound_turn": gettext_lazy("What was heard"),
    "inbound_status": gettext_lazy("The call's state"),
}


def cause(code: str) -> str:
    """Why something changed, in words; what nobody named is shown as it is."""
    if code in _CAUSES:
        return str(_CAUSES[code])
    who, colon, what = code.partition(":")
    if not colon:
        return code
    if who == "carrier" and what in CARRIER_STATES:
        return _("The carrier says: %(what)s") % {"what": label(CARRIER_STATES, what)}
    if who == "gate":
        said = "; ".join(reasons.sentence(each) for each in what.split(",") if each)
        return _("Refused by the gate: %(why)s") % {"why": said}
    if who == "asked":
        return _("We asked the carrier: %(what)s") % {"what": cause(what)}
    return code


def understood(intent: str, layer: str) -> str:
    """How words were understood, and by what means."""
    words = label(INTENTS, intent)
    return f"{words} ({label(LAYERS, layer)})" if words and layer else words


def proof_of_words(evidence: dict[str, Any]) -> str:
    """What is kept behind a refusal: the words, as what they were taken, and what else there is."""
    if set(evidence) == {"erased"}:
        return _("Erased.")
    lines = []
    if evidence.get("text"):
        lines.append(f"“{evidence['text']}”")
    if evidence.get("intent"):
        lines.append(understood(str(evidence["intent"]), str(evidence.get("layer", ""))))
    known = {"call", "text", "intent", "layer"}
    lines += [
        f"{label(_EVIDENCE, name)}: {value}"
        for name, value in sorted(evidence.items())
        if name not in known and value not in (None, "", [], {})
    ]
    return "\n".join(lines)


#: Names in the evidence behind a refusal.
_EVIDENCE: dict[str, Text] = {
    "turn": gettext_lazy("Turn of the dialogue"),
    "score": gettext_lazy("Certainty"),
    "via": gettext_lazy("Via"),
    "note": gettext_lazy("Note"),
    "by": gettext_lazy("By"),
}
