"""What can wait for a signature: how each kind of subject is named, and where it is read.

An approval names its subject as "kind:id". A new kind is one line here, and one in
`accounts.permissions.SIGNERS` for whose signature counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals.models import Approval


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """`page` names the address (with the subject's id) at which it is read and signed."""

    label: str | Promise
    page: str


KINDS: dict[str, SubjectKind] = {
    "target_list": SubjectKind(_("Target list"), "inbox-list"),
    "script_version": SubjectKind(_("Dialogue"), "workbench-version"),
    "intent_model": SubjectKind(_("Intent model"), "intent-model"),
    "pack_version": SubjectKind(_("Rule pack"), "pack-version"),
    "calendar_year": SubjectKind(_("Calendar year"), "calendar-year"),
    "pack_end": SubjectKind(_("End of a rule pack"), "pack-version"),
    "unsuppression": SubjectKind(_("End of a refusal"), "unsuppression"),
    "erasure": SubjectKind(_("Erasure of a person"), "erasure"),
    "register_import": SubjectKind(_("Register"), "register-import"),
}


def label_of(subject: str) -> str:
    """The kind of a subject in words; its bare name when it is not listed here."""
    kind, _colon, _identity = subject.partition(":")
    return str(KINDS[kind].label) if kind in KINDS else kind


def title_of(approval: Approval) -> str:
    """What it is about. An end of a refusal is named here: its stored title has a language."""
    kind, _colon, identity = approval.subject.partition(":")
    if kind == "unsuppression":
        return f"{label_of(approval.subject)} #{identity}"
    return approval.title


def address_of(subject: str) -> str:
    """Where a subject is read and signed; "" for a kind without a page."""
    kind, _colon, identity = subject.partition(":")
    return reverse(KINDS[kind].page, args=[identity]) if kind in KINDS else ""
