"""Cases as people read them: channels, states, steps, causes, refusals, notices."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import wording
from compliance.domain.case_state import CaseState, Cause
from compliance.domain.case_terms import CaseChannel, Urgency

Text = str | Promise

CHANNELS: dict[str, Text] = {
    CaseChannel.REGULATOR: _("12378 (banking regulator)"),
    CaseChannel.TELECOM: _("12321 (telecom complaints)"),
    CaseChannel.CITY: _("12345 (city hotline)"),
    CaseChannel.BRANCH: _("At a branch"),
    CaseChannel.HOTLINE: _("The bank's hotline"),
    CaseChannel.LETTER: _("Letter or e-mail"),
    # said in a call: who heard it
    "robot": _("Said to the robot"),
    "agent": _("Said to an agent"),
    "ring_back": _("Said when ringing back"),
}

#: Where a refusal, a consent or a complaint came from.
ORIGINS: dict[str, Text] = {
    **CHANNELS,
    **wording.VIAS,
    "erasure": _("When the person was erased"),
}

#: A state, and the colour of its badge.
STATES: dict[str, tuple[Text, str]] = {
    CaseState.OPENED: (_("To be handed on"), "warn"),
    CaseState.ASSIGNED: (_("Being handled"), "info"),
    CaseState.EXTENDED: (_("Term extended"), "info"),
    CaseState.ANSWERED: (_("Customer answered"), "ok"),
    CaseState.CLOSED: (_("Case closed"), ""),
}

STEPS: dict[str, Text] = {
    "opened": _("Opened"),
    "assigned": _("Handed on"),
    "extended": _("Term extended"),
    "answered": _("Customer answered"),
    "closed": _("Case closed"),
    "reopened": _("Reopened"),
    "remedied": _("Put right"),
}

CAUSES: dict[str, Text] = {
    Cause.WORDS: _("Our words"),
    Cause.PRODUCT: _("What was offered"),
    Cause.TOO_OFTEN: _("Called too often"),
    Cause.AFTER_REFUSAL: _("Called after a refusal"),
    Cause.NO_CONSENT: _("Called without consent"),
    Cause.WRONG_TIME: _("Called at a bad time"),
    Cause.WRONG_PERSON: _("Not the person we meant"),
    Cause.CONDUCT: _("How an agent spoke"),
    Cause.NOT_OURS: _("No call of ours"),
    Cause.OTHER: _("Something else"),
}

#: How a term stands, and the colour of its badge.
URGENCIES: dict[str, tuple[Text, str]] = {
    Urgency.IN_TIME: (_("in time"), ""),
    Urgency.SOON: (_("due soon"), "warn"),
    Urgency.LATE: (_("overdue"), "bad"),
}

REFUSALS: dict[str, Text] = {
    "complained_of": _("Somebody the complaint is about may not act in its case."),
    "moved_on": _("The case has moved on meanwhile. Look again."),
    "no_text": _("Something is missing: a reason, an answer or a cause."),
    "too_often": _("The term cannot be extended any further."),
    "not_yours": _("Somebody else handles this."),
}
