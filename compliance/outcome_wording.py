"""Outcomes of calls as people read them: what came of a call before any hand-over."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_LABELS: dict[str, str | Promise] = {
    # the network's
    "BUSY": _("Busy"),
    "NO_ANSWER": _("No answer"),
    "FAILED": _("Could not be reached"),
    "CANCELED": _("Cancelled by us"),
    "HUNG_UP": _("Hung up"),
    "LOST": _("Outcome unknown"),
    # a call for which an agent came first
    "TALKED": _("Talked with a person"),
    "ABANDONED": _("Nobody was there for them"),
    # the dialogue's
    "INTERESTED": _("Interested"),
    "TRANSFERRED": _("Handed over"),
    "CALLBACK": _("Wants a callback"),
    "INFO_SENT": _("Information sent"),
    "INFO_WANTED": _("Wants information"),
    "UNDECIDED": _("Undecided"),
    "REFUSED": _("Not interested"),
    "ALREADY_HAS": _("Has it already"),
    "NOT_ELIGIBLE": _("Not eligible"),
    "OPT_OUT": _("Wants no more calls"),
    "OPT_OUT_INFLIGHT": _("Opted out while it rang"),
    "SUSPECTED_OPT_OUT": _("May want no more calls"),
    "COMPLAINT": _("Complaint"),
    "MINOR": _("A minor"),
    "DECEASED": _("Has died"),
    "VULNERABLE": _("Vulnerable"),
    "WRONG_NUMBER": _("Wrong number"),
    "NOT_OWNER": _("Somebody else"),
    "MACHINE": _("Machine"),
    "SCREENED": _("Call screener"),
    "NO_RESPONSE": _("Said nothing"),
    "UNCLEAR": _("Unclear"),
}


def outcome_label(name: str) -> str:
    """The label of an outcome; a script's own, unknown here, is shown as it is."""
    return str(_LABELS.get(name, name))
