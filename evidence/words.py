"""Codes of the ledgers and registers as people read them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance import case_wording, wording
from compliance.domain.decision import Outcome

Text = str | Promise

#: Where a refusal, a consent or a complaint came from.
VIAS: dict[str, Text] = {
    **wording.CHANNELS,
    **case_wording.CHANNELS,
    "hotline": _("Hotline"),
    "letter": _("Letter"),
    "web": _("Website"),
    "other": _("Other"),
    "clearance": _("Heard after the call"),
    "review": _("Heard after the call"),
    "erasure": _("When the person was erased"),
    "all": _("All"),
}

#: An answer of the gate.
DENIALS: dict[str, Text] = {
    Outcome.ALLOW.value: _("May be called"),
    Outcome.REVIEW.value: _("A person must look first"),
    Outcome.BLOCK_RETRIABLE.value: _("Not now"),
    Outcome.BLOCK_TERMINAL.value: _("Not to be called"),
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


def word(table: Mapping[str, Text], code: str) -> str:
    """A code's text; one that nobody named is shown as it is."""
    return str(table.get(code, code))
