"""A dossier as pages to read: the same document, its proof summed up in a few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.language import in_readers_language
from campaigns import labels
from compliance import wording
from compliance.legal_wording import legal_ref
from compliance.wording import label, language
from dialer.call_wording import KINDS, STATES
from evidence import pdf
from evidence.call_words import (
    ANSWERED_BY,
    CARRIER_STATES,
    MESSAGES,
    RECORDINGS,
    TRANSFERS,
    cause,
    proof_of_words,
    understood,
)
from evidence.history import WHAT
from evidence.words import ACTS, DENIALS, VIAS, about, facts_of, outcome

#: What the gate counted of everything on record.
_COUNTED = {
    "consents": gettext_lazy("Consents"),
    "suppressions": gettext_lazy("Refusals"),
    "contacts": gettext_lazy("Contacts"),
    "exemptions": gettext_lazy("Exemptions"),
    "preferences": gettext_lazy("Wishes"),
}
_OF = {"customer": gettext_lazy("Customer"), "number": gettext_lazy("Number")}


def dossier_json(document: dict[str, Any]) -> bytes:
    """The document as it is handed out."""
    return json.dumps(document, ensure_ascii=False, indent=1, default=str).encode()


def dossier_pdf(document: dict[str, Any]) -> bytes:
    """The dossier of a call, for people."""
    call, customer = document["call"], document["customer"]
    title = _("Dossier of call %(id)s") % {"id": call["id"][:8]}
    parts: list[Any] = [pdf.heading(title)]
    if customer and customer["erased_on"]:
        parts.append(
            pdf.paragraph(
                _("Personal data erased on %(day)s.") % {"day": _local(customer["erased_on"])}
            )
        )
    parts += [
        pdf.section(_("The call")),
        pdf.facts(
            [
                (_("Call"), call["id"]),
                (_("Carrier's id (SID)"), call["sid"] or "—"),
                (_("Kind of call"), both(KINDS, call["kind"])),
                (
                    _("Customer"),
                    _whom(customer),
                ),
                (_("Branch"), _branch(customer)),
                (_("Number"), call["number"] or "—"),
                (_("Caller ID"), call["caller_id"] or "—"),
                (_("Campaign"), call["campaign"] or "—"),
                (_("Planned for"), _local(call["planned_at"])),
                (_("Placed"), _local(call["placed_at"])),
                (_("Answered"), _local(call["answered_at"])),
                (_("Answered by"), both(ANSWERED_BY, call["answered_by"]) or "—"),
                (_("Ended"), _local(call["ended_at"])),
                (
                    _("Outcome"),
                    _join(outcome(call["outcome"]), _code(call["outcome"])),
                ),
                (_("How it ended"), _cause(call["cause"])),
            ]
        ),
    ]
    parts += _decisions(document)
    parts += _signatures(document)
    parts += _course(document)
    parts += _talk(document)
    parts += _afterwards(document)
    parts += _record(document)
    return pdf.document(title, parts)


def _decisions(document: dict[str, Any]) -> list[Any]:
    tongue = language()
    parts: list[Any] = [pdf.section(_("May we call? Every decision"))]
    for each in document["decisions"]:
        parts.append(
            pdf.facts(
                [
                    (_("Decided at"), _local(each["at"])),
                    (_("The gate's answer"), both(DENIALS, each["verdict"])),
                    (_("Rule packs"), "\n".join(each["packs"]) or "—"),
                    (_("Fingerprint of the inputs"), each["inputs_hash"] or "—"),
                    (_("Facts"), _facts(each["facts"])),
                ]
            )
        )
        reasons = each["decision"].get("reasons", [])
        if reasons:
            rows = [
                [
                    reason["code"],
                    f"{reason['rule']} {reason['pack']}",
                    legal_ref(reason["legal_ref"], tongue)[0],
                    reason[tongue],
                ]
                for reason in reasons
            ]
            parts.append(
                pdf.table([_("Reason code"), _("Rule"), _("Legal basis"), _("Reason")], rows)
            )
    if not document["decisions"]:
        parts.append(pdf.paragraph(_("No decision is on record for this call.")))
    return parts


def _facts(facts: dict[str, Any]) -> str:
    if not facts:
        return _("Erased.")
    customer = facts.get("customer") or {}
    counted = [f"{text}: {len(facts.get(name) or ())}" for name, text in _COUNTED.items()]
    return "\n".join(filter(None, [facts_of(customer), " · ".join(counted)]))


def _signatures(document: dict[str, Any]) -> list[Any]:
    script = document["script"]
    rows = [
        [about(each["subject"]), both(labels.APPROVAL, each["state"]),
         f"{each['maker']} / {each['checker']}", _local(each["decided_at"]),
         each["content_hash"][:16]]
        for each in document["approvals"]
    ]  # fmt: skip
    packs = [
        [f"{each['pack']}@{each['version']}", _local(each["from"]), _local(each["to"]),
         each["sha256"][:16]]
        for each in document["packs"]
    ]  # fmt: skip
    parts: list[Any] = [
        pdf.section(_("Signatures in force")),
        pdf.table(
            [_("Subject"), _("State"), _("Maker / checker"), _("Decided"), _("Content")], rows
        ),
        pdf.section(_("Rule packs")),
        pdf.table([_("Rule pack"), _("In force from"), _("In force until"), _("Content")], packs),
    ]
    if script:
        parts += [
            pdf.section(_("Script")),
            pdf.facts(
                [
                    (_("Script"), f"{script['script']}@{script['version']}"),
                    (_("Content hash"), script["content_hash"]),
                    (_("Published"), _local(script["published_at"])),
                ]
            ),
        ]
    return parts


def _course(document: dict[str, Any]) -> list[Any]:
    """What the ledgers hold of how the call went."""
    events = [
        [_local(each["at"]), label(STATES, each["old"]) or "—", label(STATES, each["new"]),
         _cause(each["cause"])]
        for each in document["events"]
    ]  # fmt: skip
    contacts = [
        [_local(each["at"]), both(WHAT, each["kind"]),
         _join(outcome(each["outcome"]), _code(each["outcome"])),
         label(wording.ACTORS, each["actor"]), label(wording.PURPOSES, each["purpose"]),
         label(VIAS, each["channel"])]
        for each in document["contacts"]
    ]  # fmt: skip
    return [
        pdf.section(_("Course of the call")),
        pdf.table([_("Time"), _("From"), _("To"), _("Cause")], events),
        pdf.section(_("Lines in the ledger of contacts")),
        pdf.table(
            [_("Time"), _("Kind"), _("Outcome"), _("Who"), _("Purpose"), _("Channel")], contacts
        ),
    ]


def _talk(document: dict[str, Any]) -> list[Any]:
    rows = []
    for turn in document["turns"]:
        at = _local(turn["at"])[11:19]
        if turn["heard"] or turn["keys"]:
            heard = turn["heard"] or f"#{turn['keys']}"
            rows.append([at, _("Customer"), heard, understood(turn["intent"], turn["layer"])])
        if turn["said"]:
            rows.append([at, _("Robot"), turn["said"], ""])
    parts = [
        pdf.section(_("What was said")),
        pdf.table([_("Time"), _("Who"), _("Words"), _("Understood as")], rows),
    ]
    transfer = document["transfer"]
    if transfer:
        steps = [
            [_local(each["at"]), label(TRANSFERS, each["old"]), label(TRANSFERS, each["new"]),
             _cause(each["cause"])]
            for each in transfer["events"]
        ]  # fmt: skip
        parts += [
            pdf.section(_("Hand-over")),
            pdf.table([_("Time"), _("From"), _("To"), _("Cause")], steps),
        ]
    return parts


def _afterwards(document: dict[str, Any]) -> list[Any]:
    no = [
        [_local(each["since"]), both(WHAT, each["source"]), both(VIAS, each["via"]),
         label(_OF, each["of"]),
         proof_of_words(each["evidence"])]
        for each in document["opt_outs"]
    ]  # fmt: skip
    recordings = [[each["sid"], str(each["seconds"] or ""), label(RECORDINGS, each["state"]),
                   each["sha256"] or "—"]
                  for each in document["recordings"]]  # fmt: skip
    hooks = [
        [_local(each["received_at"]), label(MESSAGES, each["kind"]), str(each["sequence"] or ""),
         label(CARRIER_STATES, str(each["params"].get("CallStatus", "")))]
        for each in document["webhooks"]
    ]  # fmt: skip
    complaints = [
        [str(each["id"]), both(VIAS, each["channel"]), _local(each["created_at"]),
         _local(each["due_at"]), _local(each["closed_at"])]
        for each in document["complaints"]
    ]  # fmt: skip
    return [
        pdf.section(_("Refusals heard in this call")),
        pdf.table([_("Since"), _("Kind"), _("Via"), _("Of"), _("Evidence")], no),
        pdf.section(_("Complaints about this call")),
        pdf.table([_("Case"), _("Via"), _("Received"), _("Due by"), _("Closed on")], complaints),
        pdf.section(_("Recordings")),
        pdf.table([_("Recording"), _("Seconds"), _("Status"), _("Fingerprint")], recordings),
        pdf.section(_("Messages of the carrier")),
        pdf.table([_("Received"), _("Kind"), _("Sequence"), _("Status")], hooks),
    ]


def _record(document: dict[str, Any]) -> list[Any]:
    proof = document["proof"]
    rows = [[str(each["id"]), _local(each["at"]), both(ACTS, each["kind"]),
             about(each["subject"]), str(each["seal"] or "—"), each["hash"][:16]]
            for each in proof["entries"]]  # fmt: skip
    head = proof["seals"][-1]["hash"] if proof["seals"] else "—"
    return [
        pdf.section(_("Audit record")),
        pdf.table([_("Entry"), _("Time"), _("Kind"), _("Subject"), _("Seal"), _("Hash")], rows),
        pdf.section(_("Proof")),
        pdf.facts(
            [
                (_("Last seal's hash"), head),
                (_("Rows proved"), str(len(proof["rows"]))),
                (_("Fingerprint of this dossier"), document["sha256"]),
                (_("To check it"), "python3 verify_export.py dossier.json --anchor heads.jsonl"),
            ]
        ),
    ]


def _local(instant: str | None) -> str:
    """An instant of the document in the bank's own zone, to the second."""
    if not instant:
        return "—"
    at = datetime.fromisoformat(instant)
    return timezone.localtime(at).isoformat(" ", timespec="seconds")


def both(table: Mapping[str, Any], code: str) -> str:
    """A code's words with the code itself behind them."""
    words = label(table, code)
    return words if words == code else f"{words} {_code(code)}"


def _code(code: str) -> str:
    return f"[{code}]" if code else ""


def _cause(code: str) -> str:
    words = cause(code)
    return _join(words, _code(code)) if words != code else code or "—"


def _branch(customer: dict[str, Any] | None) -> str:
    return in_readers_language(customer["branch"], customer["branch_en"]) if customer else "—"


def _whom(customer: dict[str, Any] | None) -> str:
    return _join(customer["bank_id"], customer["name"]) if customer else "—"


def _join(*parts: str | None) -> str:
    return " ".join(part for part in parts if part) or "—"
