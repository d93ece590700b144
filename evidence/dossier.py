"""Everything about one call, in one document: what a regulator asks for, and its proof.

The document is plain JSON (it is also what the PDF is made from). `proof` lets anybody check it
offline with audit/verify_export.py; `sha256` is the hash over the rest, which the PDF prints and
the audit keeps, so that paper and file can be compared. Names and numbers are masked unless the
reader asks for them, which the audit notes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.forms.models import model_to_dict

from accounts.models import User
from approvals.models import Approval
from audit.exporting import proof
from audit.models import Entry
from audit.proving import prove_rows
from audit.recording import record
from campaigns.domain.masking import mask_name
from campaigns.models import TargetList
from compliance.models import Complaint, Contact, Decision, PackVersion, Suppression
from dialer.models import Call, CallEvent, Recording, Transfer
from evidence.erasing import erased_on
from evidence.fingerprint import fingerprint
from robot.models import Conversation, Turn
from telephony.models import ReceivedWebhook

FORMAT = "sanshi-dossier-1"
#: Keys of a carrier's message that hold a telephone number.
_NUMBERS = ("To", "From", "Called", "Caller", "ForwardedFrom")


def dossier(call: Call, *, reader: User | None, at: datetime, revealed: bool) -> dict[str, Any]:
    """The dossier of a call. `reader` asks for it, which the audit notes (None: a command)."""
    found = _Found(call)
    document = {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "revealed": revealed,
        "call": _call(call, revealed),
        "customer": _customer(call, revealed),
        "decisions": [_decision(each) for each in found.decisions],
        "packs": _packs(found.decisions),
        "approvals": [_approval(each) for each in found.approvals],
        "script": _script(found.conversation),
        "contacts": [_contact(each) for each in found.contacts],
        "events": [_plain(model_to_dict(each)) for each in found.events],
        "webhooks": [_webhook(each, revealed) for each in found.webhooks],
        "turns": [_turn(each) for each in found.turns],
        "transfer": _transfer(call),
        "recordings": _recordings(call),
        "opt_outs": [_suppression(each) for each in found.suppressions],
        "complaints": [_complaint(each) for each in found.complaints],
    }
    document["sha256"] = fingerprint(document)
    entries = list(found.entries())
    rows, sealed_by = prove_rows(
        {
            "compliance_decision": [each.pk for each in found.decisions],
            "compliance_contact": [each.pk for each in found.contacts],
            "dialer_callevent": [each.pk for each in found.events],
            "robot_turn": [each.pk for each in found.turns],
        }
    )
    document["proof"] = proof([*entries, *sealed_by]) | rows
    record(
        kind="evidence.dossier",
        actor_id=reader.pk if reader else None,
        subject=f"call:{call.public_id}",
        payload={"revealed": revealed, "sha256": document["sha256"]},
    )
    return document


def find_call(reference: str) -> Call | None:
    """A call by its own id, the carrier's SID, or the attempt's id; None for anything else."""
    if "\0" in reference:  # no database text holds one, so it names nothing
        return None
    wanted = Q(sid=reference)
    try:
        identity = uuid.UUID(reference)
    except ValueError:
        pass
    else:
        wanted |= Q(public_id=identity) | Q(attempt_id=identity)
    return (
        Call.objects.filter(wanted)
        .select_related("customer__branch", "number", "caller_id", "campaign", "attempt", "lead")
        .first()
    )


class _Found:
    """The rows that belong to a call."""

    def __init__(self, call: Call) -> None:
        self.call = call
        attempt_id = call.attempt_id
        by_lead = Q(lead_id=call.lead_id) if call.lead_id else Q(pk__in=[])
        by_attempt = Q(attempt_id=attempt_id) if attempt_id else Q(pk__in=[])
        #: the permission, and every earlier answer about the same person in the same list
        until = call.ended_at or call.planned_at
        self.decisions = list(
            Decision.objects.filter(by_attempt | by_lead & Q(at__lte=until)).order_by("at", "id")
        )
        self.contacts = list(Contact.objects.filter(by_attempt).order_by("at", "id"))
        self.events = list(CallEvent.objects.filter(call_id=call.pk).order_by("at", "id"))
        self.webhooks = list(
            ReceivedWebhook.objects.filter(sid=call.sid).order_by("received_at") if call.sid else []
        )
        self.conversation = (
            Conversation.objects.filter(call_ref=call.public_id)
            .select_related("script_version__script")
            .first()
        )
        self.turns = (
            list(Turn.objects.filter(conversation_id=self.conversation.pk).order_by("id"))
            if self.conversation
            else []
        )
        self.suppressions = list(
            Suppression.objects.filter(evidence__call=str(call.public_id)).order_by("id")
        )
        self.complaints = list(
            Complaint.objects.filter(
                Q(evidence__call=str(call.public_id)) | Q(call_ref=call.public_id)
            ).order_by("id")
        )
        self.approvals = self._approvals()

    def _approvals(self) -> list[Approval]:
        """The signatures that were in force when the call was planned."""
        subjects = []
        if self.call.lead is not None:
            subjects.append(f"target_list:{self.call.lead.target_list_id}")
        if self.call.campaign_id is not None:
            lists = TargetList.objects.filter(campaign_id=self.call.campaign_id)
            subjects.append(f"campaign:{self.call.campaign_id}")
            if self.call.lead is None:
                subjects += [f"target_list:{pk}" for pk in lists.values_list("pk", flat=True)]
        if self.conversation is not None:
            subjects.append(f"script_version:{self.conversation.script_version_id}")
        return list(
            Approval.objects.filter(subject__in=subjects, decided_at__lte=self.call.planned_at)
            .select_related("maker", "checker", "branch")
            .order_by("decided_at")
        )

    def entries(self) -> Iterable[int]:
        """The audit's entries about the call and what belongs to it."""
        subjects = [f"call:{self.call.public_id}"]
        if self.call.attempt_id:
            subjects.append(f"attempt:{self.call.attempt_id}")
        subjects += [f"suppression:{each.pk}" for each in self.suppressions]
        subjects += [f"complaint:{each.pk}" for each in self.complaints]
        subjects += [each.subject for each in self.approvals]
        found = Entry.objects.filter(subject__in=subjects).exclude(kind="evidence.dossier")
        return found.order_by("id").values_list("id", flat=True)


def _call(call: Call, revealed: bool) -> dict[str, Any]:
    number = call.number
    return {
        "id": str(call.public_id),
        "kind": call.kind,
        "state": call.state,
        "sid": call.sid,
        "attempt": str(call.attempt_id) if call.attempt_id else None,
        "campaign": None if call.campaign is None else call.campaign.name,
        "number": "" if number is None else (number.e164 if revealed else str(number)),
        "caller_id": None if call.caller_id is None else str(call.caller_id),
        "outcome": call.outcome,
        "cause": call.cause,
        "answered_by": call.answered_by,
        **{
            name: _instant(getattr(call, name))
            for name in ("planned_at", "placed_at", "answered_at", "ended_at")
        },
        "seconds": call.duration_s,
    }


def _customer(call: Call, revealed: bool) -> dict[str, Any] | None:
    customer = call.customer
    if customer is None:
        return None
    return {
        "id": customer.pk,
        "bank_id": customer.bank_id,
        "name": customer.name if revealed else mask_name(customer.name),
        "branch": customer.branch.name,
        "branch_en": customer.branch.name_en,
        "erased_on": _instant(erased_on(customer.pk)),
    }


def _decision(stored: Decision) -> dict[str, Any]:
    return {
        "id": stored.pk,
        "at": _instant(stored.at),
        "verdict": stored.verdict,
        "codes": list(stored.codes),
        "earliest_next": _instant(stored.earliest_next),
        "packs": list(stored.packs),
        "decision": stored.decision,
        "intent": stored.intent,
        # {} once the person has been erased
        "facts": stored.facts,
        "inputs_hash": stored.inputs_hash,
    }


def _packs(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    hashes = {ref.partition("#")[2] for each in decisions for ref in each.packs}
    return [
        {
            "pack": version.pack.code,
            "version": version.version,
            "sha256": version.sha256,
            "from": _instant(version.effective_from),
            "to": _instant(version.effective_to),
        }
        for version in PackVersion.objects.filter(sha256__in=hashes).select_related("pack")
    ]


def _approval(approval: Approval) -> dict[str, Any]:
    return {
        "subject": approval.subject,
        "state": approval.state,
        "content_hash": approval.content_hash,
        "maker": approval.maker.username,
        "checker": approval.checker.username if approval.checker else None,
        "branch": approval.branch.code if approval.branch else None,
        "decided_at": _instant(approval.decided_at),
        "expires_at": _instant(approval.expires_at),
    }


def _script(conversation: Conversation | None) -> dict[str, Any] | None:
    if conversation is None:
        return None
    version = conversation.script_version
    return {
        "script": version.script.code,
        "title": version.script.title,
        "version": version.number,
        "content_hash": version.content_hash,
        "published_at": _instant(version.published_at),
    }


def _contact(line: Contact) -> dict[str, Any]:
    return {
        "id": line.pk,
        "at": _instant(line.at),
        "kind": line.kind,
        "outcome": line.outcome,
        "actor": line.actor,
        "purpose": line.purpose,
        "channel": line.channel,
    }


def _webhook(webhook: ReceivedWebhook, revealed: bool) -> dict[str, Any]:
    params = dict(webhook.params)
    if not revealed:
        for name in _NUMBERS:
            if params.get(name):
                params[name] = _masked(str(params[name]))
    return {
        "received_at": _instant(webhook.received_at),
        "kind": webhook.kind,
        "sequence": webhook.sequence,
        "params": params,
        "reply": webhook.reply,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.pk,
        "at": _instant(turn.at),
        "phase": turn.phase,
        "index": turn.index,
        "heard": turn.text,
        "keys": turn.digits,
        "confidence": turn.confidence,
        "intent": turn.intent,
        "score": turn.score,
        "layer": turn.layer,
        "node": turn.node,
        "node_after": turn.node_after,
        "said": turn.said,
        "model": turn.model_hash,
    }


def _transfer(call: Call) -> dict[str, Any] | None:
    transfer = (
        Transfer.objects.filter(call=call)
        .select_related("agent__user")
        .prefetch_related("events")
        .first()
    )
    if transfer is None:
        return None
    names = ("reserved_at", "consented_at", "offered_at", "accepted_at", "connected_at")
    return {
        "id": str(transfer.pk),
        "state": transfer.state,
        "agent": transfer.agent.user.username if transfer.agent else None,
        "conference": transfer.conference_sid,
        "disposition": transfer.disposition,
        "cause": transfer.cause,
        **{name: _instant(getattr(transfer, name)) for name in (*names, "ended_at")},
        "events": [
            {"at": _instant(each.at), "old": each.old, "new": each.new, "cause": each.cause}
            for each in transfer.events.order_by("at", "id")
        ],
    }


def _recordings(call: Call) -> list[dict[str, Any]]:
    """What was recorded of the call; the hash names the file that we keep."""
    return [
        {
            "sid": each.sid,
            "state": each.state,
            "seconds": each.seconds,
            "channels": each.channels,
            "sha256": each.sha256,
            "kept_at": _instant(each.kept_at),
        }
        for each in Recording.objects.filter(call=call).order_by("announced_at", "pk")
    ]


def _suppression(entry: Suppression) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "source": entry.source,
        "via": entry.via,
        "of": "customer" if entry.customer_id else "number",
        "family": entry.product_family,
        "since": _instant(entry.since),
        "lifted_at": _instant(entry.lifted_at),
        "evidence": entry.evidence,
    }


def _complaint(complaint: Complaint) -> dict[str, Any]:
    return {
        "id": complaint.pk,
        "channel": complaint.channel,
        "created_at": _instant(complaint.created_at),
        "due_at": _instant(complaint.due_at),
        "closed_at": _instant(complaint.closed_at),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _instant(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _masked(number: str) -> str:
    return f"{number[:-8]}****{number[-4:]}" if len(number) > 8 else number


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
