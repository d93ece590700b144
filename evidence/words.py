"""Codes of the ledgers and registers as people read them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from compliance import case_wording, wording
from compliance.domain.decision import Outcome
from compliance.domain.facts import Operator
from compliance.outcome_wording import outcome_label

Text = str | Promise

#: Letters of a UUID.
UUID_LENGTH = 36

#: Where a refusal, a consent or a complaint came from, or a contact was made.
VIAS: dict[str, Text] = {**case_wording.ORIGINS, **wording.CHANNELS, "all": _("All")}

#: An answer of the gate.
DENIALS: dict[str, Text] = {
    Outcome.ALLOW.value: _("May be called"),
    Outcome.REVIEW.value: _("A person must look first"),
    Outcome.BLOCK_RETRIABLE.value: _("Not now"),
    Outcome.BLOCK_TERMINAL.value: _("Not to be called"),
}

FAMILIES: dict[str, Text] = {"*": _("Every family of products"), **wording.FAMILIES}

#: On what a consent rests, by the names that imports commonly give.
BASES: dict[str, Text] = {
    **VIAS,
    **wording.CONSENT_BASES,
    "import": _("From a customer file"),
}

#: What a caller ID is filed for, and who runs it.
USES: dict[str, Text] = {
    "marketing_out": _("Outbound marketing"),
    "service": _("Customer service"),
}
OPERATORS: dict[str, Text] = {
    Operator.OWN.value: _("The bank itself"),
    Operator.OUTSOURCED.value: _("An outsourced call centre"),
}

#: Acts in the record, as the registers show them.
ACTS: dict[str, Text] = {
    "exemption.callback": _("Callback that the customer asked for"),
    "suppression.lifted": _("Refusal lifted"),
    "kill_switch.thrown": _("Kill switch thrown"),
    "kill_switch.released": _("Kill switch released"),
    "legal_hold.placed": _("Legal hold placed"),
    "legal_hold.released": _("Legal hold released"),
    "person.erased": _("Person erased"),
    "ledger.erased": _("Words erased from a ledger"),
    "audit.rebased": _("Chain rebased after a restored dump"),
    "pack.limit_off": _("Limit switched off"),
    "pack.installed": _("Rule pack installed"),
    "pack.drafted": _("Rule pack drafted"),
    "pack.draft_saved": _("Draft of a rule pack saved"),
    "pack.submitted": _("Rule pack submitted"),
    "pack.signed": _("Rule pack signed"),
    "pack.discarded": _("Draft of a rule pack given up"),
    "pack.returned": _("Rule pack returned"),
    "pack.withdrawn": _("Rule pack withdrawn"),
    "pack.ended": _("Rule pack ended"),
    "calendar.installed": _("Calendar installed"),
    "calendar.submitted": _("Calendar submitted"),
    "calendar.approved": _("Calendar signed"),
    "calendar.refused": _("Calendar returned"),
    "approval.submitted": _("Signature asked for"),
    "approval.approved": _("Signed"),
    "approval.returned": _("Sent back"),
    "approval.withdrawn": _("Request withdrawn"),
    "approval.expired": _("Request ran out"),
    "gate.allowed": _("Call allowed by the gate"),
    "gate.released": _("Permission given back: no call was placed"),
    "gate.lost": _("What became of the permission is unknown"),
    "gate.opt_out_inflight": _("Refusal while the call was under way"),
    "call.recording_kept": _("Recording kept"),
    "call.recording_lost": _("Recording could not be fetched"),
    "call.recordings_expired": _("Recordings deleted at the end of their term"),
    "target_list.screened": _("List screened"),
    "target_list.submitted": _("List submitted for approval"),
    "target_list.approved": _("List approved"),
    "target_list.returned": _("List returned"),
    "target_list.included": _("Customer put back on the list"),
    "target_list.excluded": _("Customer taken out of the list"),
    "campaign.screening_started": _("Screening started"),
    "campaign.screening_cancelled": _("Screening broken off"),
    "campaign.screened": _("Campaign screened"),
    "campaign.found_nobody": _("Screening found nobody"),
    "campaign.list_screened_again": _("List screened again"),
    "campaign.launched": _("Campaign launched"),
    "campaign.paused": _("Campaign paused"),
    "campaign.resumed": _("Campaign resumed"),
    "campaign.stopped": _("Campaign stopped"),
    "ledger.sealed": _("Rows of a ledger sealed"),
    **{f"suppression.{source}": text for source, text in wording.SUPPRESSIONS.items()},
    **{f"complaint.{step}": text for step, text in case_wording.STEPS.items()},
}

#: What an act is about: the part of a subject ("kind:id") before the colon.
SUBJECTS: dict[str, Text] = {
    "customer": _("Customer"),
    "exemption": _("Exemption"),
    "suppression": _("Refusal"),
    "kill_switch": _("Kill switch"),
    "legal_hold": _("Legal hold"),
    "pack_version": _("Rule pack version"),
    "pack_end": _("End of a rule pack"),
    "calendar_year": _("Calendar year"),
    "audit": _("Audit record"),
    "erasure": _("Request for erasure"),
    "call": _("Call"),
    "attempt": _("Permission"),
    "target_list": _("List"),
    "campaign": _("Campaign"),
    "script_version": _("Script version"),
    "complaint": _("Complaint"),
    "compliance_decision": _("Ledger of decisions"),
    "compliance_contact": _("Ledger of contacts"),
    "dialer_callevent": _("Ledger of call events"),
    "robot_turn": _("Ledger of dialogues"),
}

#: Names in an entry's payload.
NAMES: dict[str, Text] = {
    "scope": _("Scope"),
    "reason": _("Reason"),
    "approval": _("Approval"),
    "content_hash": _("Content hash"),
    "branch": _("Branch"),
    "tier": _("Tier"),
    "customer": _("Customer"),
    "number": _("Number"),
    "source": _("Kind"),
    "via": _("Via"),
    "sha256": _("Fingerprint"),
    "checker": _("Checker"),
    "maker": _("Maker"),
    "request": _("Request"),
    "decision": _("Decision"),
    "country": _("Country"),
    "year": _("Year"),
    "pack": _("Rule pack"),
    "version": _("Version"),
    "expires_at": _("Expires"),
    "call": _("Call"),
    "promised": _("Promised for"),
}

#: Values in an entry's payload.
VALUES: dict[str, Text] = {
    **wording.SUPPRESSIONS,
    **VIAS,
    "all": _("All calls"),
    "robot": _("Robot calls"),
    "case": _("A complaint case"),
}

#: What the gate looks at of a customer, but for our own ids.
FACTS: dict[str, Text] = {
    "birth_date": _("Born on"),
    "region": _("Region"),
    "time_zone": _("Time zone"),
    "segment": _("Segment"),
    "assets": _("Assets"),
    "household": _("Household"),
    "risk_tolerance": _("Risk tolerance (C1 to C5)"),
    "risk_assessed_on": _("Risk assessed on"),
    "vulnerable": _("Vulnerable"),
    "deceased": _("Has died"),
    "no_profiling": _("Refuses profiling"),
    "attributes": _("Attributes"),
    "sandbox": _("Sample customer"),
}

#: What must never be found of a permission (evidence/campaign_ledger.py).
FAULTS: dict[str, Text] = {
    "placed_undecided": _("Fault: placed without a decision that allowed it"),
    "placed_unwritten": _("Fault: placed without a line in the ledger"),
    "placed_twice": _("Fault: placed twice under one permission"),
    "placed_after_release": _("Fault: placed, and taken back in the ledger"),
    "allowed_unwritten": _("Fault: allowed without a line in the ledger"),
    "written_undecided": _("Fault: in the ledger without a decision that allowed it"),
    "decided_twice": _("Fault: one permission decided or written twice"),
}


def outcome(name: str) -> str:
    """What came of a contact, as the ledger spells it."""
    return outcome_label(name.upper()) if name else ""


def facts_of(customer: Mapping[str, Any]) -> str:
    """What the gate knew of a customer, a line each; what it did not know is left out."""
    return "\n".join(
        f"{label}: {_told(customer[name])}"
        for name, label in FACTS.items()
        if customer.get(name) not in (None, "", [], {})
    )


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return pgettext("a fact", "Yes") if value else pgettext("a fact", "No")
    if isinstance(value, list | tuple):
        return ", ".join(_told(each) for each in value)
    return str(value)


def about(subject: str) -> str:
    """A subject ("kind:id") in words; of a long id its beginning."""
    kind, _colon, identity = subject.partition(":")
    if len(identity) == UUID_LENGTH:
        identity = identity[:8]
    return f"{wording.label(SUBJECTS, kind)} {identity}".strip()
