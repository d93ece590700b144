"""What an erasure takes of a person, under every record of theirs, and what it leaves.

- What can be changed is blanked: the customers' rows, words in evidence, cases, messages, reasons
  and notes of people, raw callbacks, what the agent saw, the dialogue's variables. The links of the
  customer to their numbers go.
- What is append-only keeps its row and loses the personal columns: their salted hashes take their
  place and the salt is destroyed (audit/erasing.py), so that the chain verifies as before.
- On a number that was theirs alone, so does what names the number and no customer: a case by
  number, a call that came in from it.
- The wish not to be called survives, for we must be able to keep it: the numbers that were theirs
  alone stay in the do-not-call list as bare numbers (PIPL §13(3), a legal obligation; used for
  nothing else), and the customer's own entry stays on the empty row.
- What the law makes us keep stays, under the customer's number in our tables, which by then names
  nobody: that a call took place, when, by which rule and signature. docs/evidence.md says what
  that is, and what a ledger cannot give up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import JSONObject

from approvals.models import Approval
from audiences.models import Customer, CustomerNumber, Number, RejectedRow
from audiences.one_person import records_of
from audit.erasing import erase_rows
from compliance import consenting, lifting, suppressing
from compliance.models import (
    Attempt,
    Complaint,
    ComplaintEvent,
    Consent,
    CustomerMerge,
    Exemption,
    LegalHold,
    LiftRequest,
    Preference,
    Suppression,
)
from dialer import clearing, recordings
from dialer.domain.message_state import MessageState
from dialer.models import Call, Callback, Message, Transfer
from robot.models import Conversation, SuspectedOptOut
from telephony.models import ReceivedWebhook

#: What an erasure's own "no" says of where it came from.
SOURCE = "erasure"
#: So many digits at the end of a number say whose it is.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure is about: every record (the one that is kept first), the numbers `linked` to
    them, those of these that are nobody else's (`kept_silent`: the wish stays on them), and those,
    linked or called, on which nobody else was ever called either (`alone`).
    """

    records: tuple[int, ...]
    linked: frozenset[int]
    kept_silent: frozenset[int]
    alone: frozenset[int]


def whom(records: Sequence[int]) -> Person:
    """The person behind these records."""
    links = CustomerNumber.objects.filter(customer_id__in=records)
    linked = frozenset(links.values_list("number_id", flat=True))
    dialled = Call.objects.filter(customer_id__in=records, number__isnull=False)
    theirs = linked | {pk for pk in dialled.values_list("number_id", flat=True) if pk is not None}
    others = CustomerNumber.objects.filter(number_id__in=theirs).exclude(customer_id__in=records)
    shared = set(others.values_list("number_id", flat=True))
    called = Call.objects.filter(number_id__in=theirs, customer__isnull=False)
    with_others = called.exclude(customer_id__in=records).values_list("number_id", flat=True)
    return Person(
        records=tuple(records),
        linked=linked,
        kept_silent=linked - shared,
        alone=theirs - shared - set(with_others),
    )


def blank_person(
    person: Person, *, decision: str, actor_id: int | None, at: datetime, until: datetime
) -> dict[str, int]:
    """Blank everything about one person; counts by kind. Under the person's locks.

    `decision`: the signed request, as approvals name it. What names a number alone is theirs as
    far as it is from before `until`, when they were erased first.
    """
    _keep_the_wish(person, actor_id, at)
    unnamed = Q(customer__isnull=True, number_id__in=person.alone)
    calls = Call.objects.filter(
        Q(customer_id__in=person.records) | unnamed & Q(planned_at__lte=until)
    )
    ids = list(calls.values_list("pk", flat=True))
    references = list(calls.values_list("public_id", flat=True))
    counts = {
        "numbers": len(person.linked),
        "recordings": recordings.erase(ids),
        "calls": _blank_calls(calls, ids),
        "messages": _blank_messages(person.records, at),
    }
    counts |= _blank_dialogues(references, decision, actor_id)
    counts["decisions"] = erase_rows(
        "compliance_decision",
        "customer_id",
        person.records,
        decision=decision,
        actor_id=actor_id,
    )
    cases = Complaint.objects.filter(
        Q(customer_id__in=person.records)
        | unnamed & Q(created_at__lte=until)
        | Q(customer__isnull=True, call_ref__in=references)
    )
    counts["evidence"] = _blank_evidence(person, ids, references, cases, until)
    counts["remarks"] = _blank_remarks(person, cases, until)
    counts["remarks"] += _blank_rejected_rows(person)
    _blank_customers(person.records, at)
    return counts


def blank_id(customer_id: int) -> str:
    """What stands in the place of the bank's id of somebody who was erased."""
    return f"erased-{customer_id}"


def _keep_the_wish(person: Person, actor_id: int | None, at: datetime) -> None:
    """Nobody calls them again: a "no" of the person, and of each number that is theirs alone."""
    kept = person.records[0]
    consenting.withdraw(customer_id=kept, at=at, evidence={"via": SOURCE}, actor_id=actor_id)
    # of a record that was given up nobody reads a consent; none shall be left standing
    Consent.objects.filter(customer_id__in=person.records, withdrawn_at__isnull=True).update(
        withdrawn_at=at
    )
    standing = Suppression.objects.filter(via=SOURCE, lifted_at__isnull=True)
    # one record, but in a restored backup that does not know of a merge yet
    people = set(records_of(person.records).values())
    silent_people = set(standing.filter(customer__in=people).values_list("customer_id", flat=True))
    wishes: list[tuple[int | None, int | None]] = [
        (customer_id, None) for customer_id in sorted(people - silent_people)
    ]
    silent = set(standing.values_list("number_id", flat=True).filter(number__in=person.kept_silent))
    wishes += [(None, number_id) for number_id in sorted(person.kept_silent - silent)]
    for customer_id, number_id in wishes:
        suppressing.opt_out(
            customer_id=customer_id,
            number_id=number_id,
            source=SOURCE,
            evidence={},
            at=at,
            actor_id=actor_id,
        )


def _blank_calls(calls: QuerySet[Call], ids: list[int]) -> int:
    sids = [sid for sid in calls.values_list("sid", flat=True) if sid]
    ReceivedWebhook.objects.filter(sid__in=sids).update(params={}, reply="")
    Transfer.objects.filter(call_id__in=ids).update(context={}, note="")
    return Call.objects.filter(pk__in=ids).update(to="", household="")


def _blank_messages(records: Collection[int], at: datetime) -> int:
    """What a text message says; one that was not sent is not sent any more."""
    theirs = Message.objects.filter(customer_id__in=records)
    theirs.filter(state=MessageState.QUEUED.value).update(
        state=MessageState.REFUSED.value, cause=SOURCE, settled_at=at
    )
    return theirs.update(values={})


def _blank_dialogues(references: list[UUID], decision: str, actor_id: int | None) -> dict[str, int]:
    conversations = Conversation.objects.filter(call_ref__in=references)
    ids = list(conversations.values_list("pk", flat=True))
    doubts = SuspectedOptOut.objects.filter(conversation_id__in=ids)
    doubts.update(text="", scores={})
    subjects = [clearing.subject_of(each) for each in doubts]
    Approval.objects.filter(subject__in=subjects).update(note="")
    conversations.update(state={}, variables={})
    return {
        "conversations": len(ids),
        "turns": erase_rows(
            "robot_turn", "conversation_id", ids, decision=decision, actor_id=actor_id
        ),
    }


def _blank_evidence(
    person: Person,
    calls: list[int],
    references: list[UUID],
    cases: QuerySet[Complaint],
    until: datetime,
) -> int:
    """Words and documents behind consents, wishes, promises and complaints; how many pieces.

    In their place stands what stands in a ledger's: SHA-256 over a salt and the value, and the salt
    is kept nowhere, so that nobody can try out what it was. One salt for all: what was written down
    in the same breath still shows as such (`lifting.together_with`).
    """
    salt = uuid4()
    # a number's own entry was made in the same breath as the person's, with the same words
    said = Q(evidence__call__in=[str(each) for each in references])
    theirs = Q(customer_id__in=person.records)
    pieces: tuple[QuerySet[Any], ...] = (
        _refusals(person, until) | Suppression.objects.filter(said),
        Consent.objects.filter(theirs | said),
        Preference.objects.filter(theirs | said),
        Exemption.objects.filter(theirs | said),
        Complaint.objects.filter(said) | cases,
        Callback.objects.filter(theirs | Q(call_id__in=calls)),
        Message.objects.filter(theirs),
    )
    return sum(_forget(rows, salt) for rows in pieces)


def _refusals(person: Person, until: datetime) -> QuerySet[Suppression]:
    """Of the person, and of each number that was theirs alone."""
    return Suppression.objects.filter(
        Q(customer_id__in=person.records) | Q(number_id__in=person.alone, since__lte=until)
    )


def _forget(rows: QuerySet[Any], salt: UUID) -> int:
    """Replace evidence by a commitment to it, and what says where it came from by nothing."""
    rest = Func(
        F("evidence"),
        Value("erased"),
        template="(%(expressions)s)",
        arg_joiner=" - ",
        output_field=JSONField(),
    )
    # what was erased before stays as it is
    said = rows.alias(rest=rest).exclude(rest={})
    return int(
        said.update(
            evidence=JSONObject(
                erased=Func(Value(salt), F("evidence"), function="sanshi_commitment")
            )
        )
    )


def _blank_remarks(person: Person, cases: QuerySet[Complaint], until: datetime) -> int:
    """What people wrote about them: in cases, holds, merges, requests and their decisions."""
    theirs = Q(customer_id__in=person.records)
    on_numbers = Q(customer__isnull=True, number_id__in=person.alone, placed_at__lte=until)
    asked = LiftRequest.objects.filter(suppression__in=_refusals(person, until))
    subjects = [lifting.subject_of(each) for each in asked]
    ComplaintEvent.objects.filter(complaint__in=cases).update(note="")
    Approval.objects.filter(subject__in=subjects).update(note="")
    Attempt.objects.filter(theirs).update(household="")
    names = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Customer),
        object_id__in=[str(pk) for pk in person.records],
    )
    names.update(object_repr="", change_message="")
    merges = CustomerMerge.objects.filter(
        Q(kept_id__in=person.records) | Q(gone_id__in=person.records)
    )
    return (
        cases.update(text="", answer="", cause_note="", remedy="")
        + LegalHold.objects.filter(theirs | on_numbers).update(reason="", release_reason="")
        + asked.update(reason="", evidence="")
        + merges.update(reason="")
    )


def _blank_rejected_rows(person: Person) -> int:
    """Cells of rows that were not imported, as far as they hold what we know of the person."""
    rows = Customer.objects.filter(pk__in=person.records).values_list("bank_id", "name")
    known = {text for row in rows for text in row if text}
    endings: set[str] = set()
    for e164 in Number.objects.filter(pk__in=person.alone).values_list("e164", flat=True):
        digits = e164.removeprefix("+")
        for start in range(len(digits) - _DIGITS + 1):
            # as they are written: with and without the country's code, with a zero for it
            endings |= {digits[start:], f"0{digits[start:]}"}
    digits_only = Func(
        "value",
        Value(r"\D"),
        Value(""),
        Value("g"),
        function="regexp_replace",
        output_field=TextField(),
    )
    kept = RejectedRow.objects.exclude(value="").annotate(digits=digits_only)
    return kept.filter(Q(value__in=known) | Q(digits__in=endings)).update(value="")


def _blank_customers(records: Collection[int], at: datetime) -> None:
    CustomerNumber.objects.filter(customer_id__in=records).delete()
    for customer_id in records:
        Customer.objects.filter(pk=customer_id).update(
            bank_id=blank_id(customer_id),
            name="",
            gender="",
            birth_date=None,
            segment="",
            region="",
            risk_tolerance=None,
            risk_assessed_on=None,
            household="",
            attributes={},
            updated_at=at,
        )
