"""A case's file: every call, decision, consent and word about the person, or that there was none.

Gathered when it is asked for, from the rows as they stand. The full number is in it (a regulator
asks by number): whoever shows or hands it out writes that down first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from audiences.models import CustomerNumber
from audiences.one_person import records_of, records_of_one
from campaigns.models import Campaign
from compliance.domain.facts import ContactKind
from compliance.models import (
    Attempt,
    Complaint,
    Consent,
    Contact,
    CustomerMerge,
    Decision,
    Suppression,
)
from dialer.domain.call_state import CallState
from dialer.models import Call, Recording, Transfer
from insights.complaint_parties import person_of
from insights.person_history import REACH
from robot.models import Conversation, Turn

#: Provably never placed, whatever was planned.
_NEVER_PLACED = frozenset({CallState.REFUSED.value, CallState.NOT_PLACED.value})
#: More calls to one person than the caps allow in years.
AT_MOST = 500


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`placed` counts the calls that rang or may have rung at the person's; ring-backs are theirs.

    `since` and `until` bound the search; consents and suppressions are shown whatever their age.
    """

    case: Complaint
    since: datetime
    until: datetime
    calls: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    suppressions: list[dict[str, Any]]
    lines: int

    @property
    def placed(self) -> int:
        """Calls of ours that were placed, or of which we cannot prove that they were not."""
        return sum(1 for call in self.calls if call["placed"])

    @property
    def none_placed(self) -> bool:
        """Whether no call was placed: neither a call nor a line of the ledger says otherwise."""
        return self.placed == 0 and self.lines == 0

    def document(self) -> dict[str, Any]:
        """The file as plain JSON, full number and words included."""
        case = self.case
        return {
            "case": {
                "id": case.pk,
                "channel": case.channel,
                "reference": case.reference,
                "received": case.created_at.isoformat(),
                "state": case.state,
                "text": case.text,
                "answer": case.answer,
                "cause": case.cause,
                "number": case.number.e164 if case.number is not None else None,
                "customer": case.customer.bank_id if case.customer is not None else None,
                "steps": [
                    {"at": step.at.isoformat(), "step": step.step, "note": step.note}
                    for step in case.events.order_by("at", "pk")
                ],
            },
            "searched": {"since": self.since.isoformat(), "until": self.until.isoformat()},
            "no_call_was_placed": self.none_placed,
            "calls": self.calls,
            "decisions": self.decisions,
            "consents": self.consents,
            "suppressions": self.suppressions,
        }


def gather(case: Complaint, now: datetime) -> CaseFile:
    """Everything about the person of a case in the last 400 days."""
    since, about = min(case.created_at, now) - REACH, person_of(case)
    calls = list(
        Call.objects.filter(about, planned_at__gte=since)
        .select_related("campaign__script_version__script", "caller_id", "number")
        .order_by("-planned_at")[:AT_MOST]
    )
    ledger = Contact.objects.filter(about, at__gte=since, at__lte=now, channel="voice")
    released = ledger.filter(kind=ContactKind.RELEASE.value).values("attempt_id")
    lines = ledger.filter(kind=ContactKind.ATTEMPT.value).exclude(attempt_id__in=released)
    decisions = Decision.objects.filter(_decided(case, calls), at__gte=since, at__lte=now)
    return CaseFile(
        case=case,
        since=since,
        until=now,
        calls=_calls(calls),
        decisions=[
            _decision(one)
            for one in decisions.defer("facts", "intent").order_by("-at", "-pk")[:AT_MOST]
        ],
        consents=_consents(case),
        suppressions=[
            {
                "source": one.source,
                "via": one.via,
                "since": one.since.isoformat(),
                "lifted": _text(one.lifted_at),
                "evidence": one.evidence,
            }
            for one in Suppression.objects.filter(about).order_by("-since", "-pk")
        ],
        lines=lines.count(),
    )


def _decided(case: Complaint, calls: list[Call]) -> Q:
    """Decisions about the customer; those on the number about whoever has it or was called on it;
    and what each call found was permitted by. Each by an index: a number alone has none.
    """
    attempts = [call.attempt_id for call in calls if call.attempt_id is not None]
    permitted = Attempt.objects.filter(pk__in=attempts)
    found = Q(pk__in=[pk for pk in permitted.values_list("decision_id", flat=True) if pk])
    if case.customer_id is not None:
        found |= Q(customer_id__in=records_of_one(case.customer_id))
    if case.number_id is not None:
        called = [call.customer_id for call in calls if call.number_id == case.number_id]
        people = {*_owners(case.number_id), *(pk for pk in called if pk is not None)}
        found |= Q(customer_id__in=sorted(people), number_id=case.number_id)
    return found


def _owners(number_id: int) -> list[int]:
    """Every record of the people who have a number."""
    links = CustomerNumber.objects.filter(number_id=number_id)
    return sorted(records_of(links.values_list("customer_id", flat=True)))


def _calls(calls: list[Call]) -> list[dict[str, Any]]:
    refs = [call.public_id for call in calls]
    talks = {
        talk.call_ref: talk
        for talk in Conversation.objects.filter(call_ref__in=refs).select_related("script_version")
    }
    words: dict[int, list[dict[str, str]]] = {talk.pk: [] for talk in talks.values()}
    for turn in Turn.objects.filter(conversation_id__in=words).order_by("at", "id"):
        words[turn.conversation_id].append(
            {"at": turn.at.isoformat(), "heard": turn.text, "keys": turn.digits, "said": turn.said}
        )
    agents = {
        transfer.call_id: transfer
        for transfer in Transfer.objects.filter(call__in=calls).select_related("agent__user")
    }
    recorded: dict[int, list[dict[str, Any]]] = {call.pk: [] for call in calls}
    for each in Recording.objects.filter(call__in=calls).order_by("announced_at", "pk"):
        recorded[each.call_id].append(
            {
                "id": each.pk,
                "state": each.state,
                "seconds": each.seconds,
                "sha256": each.sha256,
            }
        )
    found = []
    for call in calls:
        talk, transfer = talks.get(call.public_id), agents.get(call.pk)
        campaign: Campaign | None = call.campaign
        found.append(
            {
                "call": str(call.public_id),
                "kind": call.kind,
                "state": call.state,
                "placed": call.placed_at is not None
                and call.kind != "inbound"
                and call.state not in _NEVER_PLACED,
                "planned": call.planned_at.isoformat(),
                "answered": _text(call.answered_at),
                "ended": _text(call.ended_at),
                "seconds": call.duration_s,
                "outcome": call.outcome,
                "cause": call.cause,
                "from": call.caller_id.number if call.caller_id is not None else "",
                "campaign": campaign.name if campaign is not None else "",
                "script": str(talk.script_version) if talk is not None else "",
                "number": call.number.e164 if call.number is not None else "",
                "agent": transfer.agent.user.get_username()
                if transfer is not None and transfer.agent is not None
                else "",
                "agent_name": transfer.agent.user.get_full_name()
                if transfer is not None and transfer.agent is not None
                else "",
                "words": words[talk.pk] if talk is not None else [],
                "attempt": str(call.attempt_id) if call.attempt_id else "",
                "recordings": recorded[call.pk],
            }
        )
    return found


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "id": one.pk,
        "at": one.at.isoformat(),
        "verdict": one.verdict,
        "reasons": one.decision.get("reasons", []),
        "packs": one.packs,
        "attempt": str(one.attempt_id) if one.attempt_id else "",
        "inputs_hash": one.inputs_hash,
    }


def _consents(case: Complaint) -> list[dict[str, Any]]:
    customers: list[int] = []
    if case.customer_id is not None:
        customers = records_of_one(case.customer_id)
    elif case.number_id is not None:
        customers = _owners(case.number_id)
    # what was allowed under a record given up ended when it was: what both had was written anew
    merged = dict(CustomerMerge.objects.filter(gone__in=customers).values_list("gone_id", "at"))
    return [
        {
            "granted": one.granted_at.isoformat(),
            "withdrawn": _text(one.withdrawn_at),
            "expires": _text(_earlier(one.expires_at, merged.get(one.customer_id))),
            "family": one.product_family,
            "basis": one.basis,
            "evidence": one.evidence,
        }
        for one in Consent.objects.filter(customer_id__in=customers).order_by("-granted_at", "-pk")
    ]


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
