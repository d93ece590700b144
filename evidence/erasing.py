"""Erasing a person (PIPL §47): two people, no legal hold, and the record stays provable.

- What can be changed is blanked: the customer's row, words in evidence, raw callbacks, what the
  agent saw, the dialogue's variables. The link between the customer and their numbers goes.
- What is append-only keeps its row and loses the personal columns: their salted hashes take their
  place and the salt is destroyed (audit/erasing.py), so that the chain verifies as before.
- The wish not to be called survives, for we must be able to keep it: the numbers that were theirs
  alone stay in the do-not-call list as bare numbers (PIPL §13(3), a legal obligation; used for
  nothing else), and the customer's own entry stays on the empty row.
- What the law makes us keep stays, under the customer's number in our tables, which by then names
  nobody: that a call took place, when, by which rule and signature.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import pending
from approvals.refusing import Refused
from audiences.models import Customer, CustomerNumber
from audit.erasing import erase_rows
from audit.recording import record
from clock.reading import now
from compliance import consenting, suppressing
from compliance.domain.attempt_state import LIVE
from compliance.domain.pack import content_hash
from compliance.holding import held, lock
from compliance.locking import keys_of, take
from compliance.models import (
    Attempt,
    Complaint,
    ComplaintEvent,
    Consent,
    Exemption,
    Preference,
    Suppression,
)
from dialer import recordings
from dialer.models import Call, Callback, Transfer
from evidence.domain.erasure_state import TRANSITIONS, ErasureState
from evidence.models import ErasureRequest
from robot.models import Conversation, SuspectedOptOut
from telephony.models import ReceivedWebhook

#: Ways a request comes in.
CHANNELS = ("branch", "phone", "app", "letter", "email")
#: A customer gets an answer within 15 working days; that is three weeks.
ANSWER_WITHIN = timedelta(days=21)
SOURCE = "erasure"

_LIVE = [state.value for state in LIVE]


class ErasureRefused(Refused):
    """A person who cannot be erased now."""

    _sentence = gettext_noop("This cannot be erased.")


class UnderHold(ErasureRefused):
    """A legal hold stands: nothing about this person may be erased."""

    code = "under_hold"
    _sentence = gettext_noop("A legal hold stands on this customer: nothing may be erased.")


class CallUnderWay(ErasureRefused):
    """There may be a call right now."""

    code = "call_under_way"
    _sentence = gettext_noop("A call to this customer is under way. Try again when it is over.")


class RequestedAlready(ErasureRefused):
    """There is a request, or it has been done."""

    code = "requested_already"
    _sentence = gettext_noop("This customer's erasure has been requested or done already.")


@transaction.atomic
def request(*, customer: Customer, channel: str, received_on: date, maker: User) -> ErasureRequest:
    """Ask for a second person's signature. Raises UnderHold, RequestedAlready."""
    if held([customer.pk]):
        raise UnderHold
    at = now()
    try:
        with transaction.atomic():
            made = ErasureRequest.objects.create(
                customer=customer,
                channel=channel,
                received_on=received_on,
                maker=maker,
                created_at=at,
            )
    except IntegrityError as error:
        raise RequestedAlready from error
    deciding.submit(
        subject=subject_of(made),
        content_hash=hash_of(made),
        maker=maker,
        branch=None,
        title=customer.bank_id,
        expires_at=at + ANSWER_WITHIN,
    )
    return made


@transaction.atomic
def sign(*, request: ErasureRequest, approval: Approval, checker: User) -> ErasureRequest:
    """The second signature: erases. Raises UnderHold, CallUnderWay, and what approving raises."""
    customer = request.customer
    links = CustomerNumber.objects.filter(customer=customer)
    numbers = list(links.values_list("number_id", flat=True))
    lock([customer.pk], numbers)
    take(keys_of(households=[customer.household]))
    if held([customer.pk]):
        raise UnderHold
    if Attempt.objects.filter(
        Q(customer=customer) | Q(number__in=numbers), state__in=_LIVE
    ).exists():
        raise CallUnderWay
    deciding.approve(approval=approval, checker=checker, content_hash=hash_of(request))
    Approval.objects.filter(subject=subject_of(request)).update(title=_blank(customer.pk))
    at = now()
    erased = erase(customer.pk, decision=subject_of(request), actor_id=checker.pk, at=at)
    _move(request, ErasureState.DONE, done_at=at, erased=erased)
    record(
        kind="person.erased",
        actor_id=checker.pk,
        subject=f"customer:{customer.pk}",
        payload={"request": request.pk, "approval": approval.pk, "erased": erased},
    )
    return request


@transaction.atomic
def refuse(
    *, request: ErasureRequest, approval: Approval, checker: User, reason: str
) -> ErasureRequest:
    """Send it back, with the reason that the customer will be told."""
    deciding.send_back(approval=approval, checker=checker, reason=reason)
    _move(request, ErasureState.REFUSED)
    return request


def approval_of(request: ErasureRequest) -> Approval | None:
    """What waits for the second person, if it does."""
    return pending(subject_of(request), now())


def subject_of(request: ErasureRequest) -> str:
    """The request as approvals name it."""
    return f"erasure:{request.pk}"


def hash_of(request: ErasureRequest) -> str:
    """What is signed: whom, since when, through which channel."""
    return content_hash(
        {
            "customer": request.customer_id,
            "channel": request.channel,
            "received_on": request.received_on.isoformat(),
        }
    )


def again() -> int:
    """Erase once more everybody who was: after a backup from before was restored. How many."""
    done = ErasureRequest.objects.filter(state=ErasureState.DONE.value).order_by("pk")
    for request in done:
        with transaction.atomic():
            take(keys_of(customer_ids=[request.customer_id]))
            erase(request.customer_id, decision=subject_of(request), actor_id=None, at=now())
    return done.count()


def erased_on(customer_id: int) -> datetime | None:
    """When this person was erased; None for everybody else."""
    return (
        ErasureRequest.objects.filter(customer_id=customer_id, state=ErasureState.DONE.value)
        .values_list("done_at", flat=True)
        .first()
    )


def erase(customer_id: int, *, decision: str, actor_id: int | None, at: datetime) -> dict[str, int]:
    """Blank everything about one person, and about the records merged into theirs; counts by kind.

    `decision`: the signed request, as approvals name it. Under the person's locks.
    """
    merged = Customer.objects.filter(merged_into_id=customer_id).values_list("pk", flat=True)
    counts: Counter[str] = Counter()
    for each in (customer_id, *merged):
        counts.update(_erase_record(each, decision, actor_id=actor_id, at=at))
    return dict(counts)


def _erase_record(
    customer_id: int, decision: str, *, actor_id: int | None, at: datetime
) -> dict[str, int]:
    counts: dict[str, int] = {}
    counts["numbers"] = _keep_the_wish(customer_id, actor_id, at)
    calls = Call.objects.filter(customer_id=customer_id)
    counts["recordings"] = recordings.erase(list(calls.values_list("pk", flat=True)))
    references = list(calls.values_list("public_id", flat=True))
    counts["calls"] = _erase_calls(calls)
    counts |= _erase_dialogues(references, decision, actor_id)
    counts["decisions"] = erase_rows(
        "compliance_decision", "customer_id", [customer_id], decision=decision, actor_id=actor_id
    )
    counts["evidence"] = _erase_evidence(customer_id, [str(each) for each in references])
    Customer.objects.filter(pk=customer_id).update(
        bank_id=_blank(customer_id),
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
    return counts


def _blank(customer_id: int) -> str:
    return f"erased-{customer_id}"


def _keep_the_wish(customer_id: int, actor_id: int | None, at: datetime) -> int:
    """Nobody calls them again: a "no" of the person, and of each number that is theirs alone."""
    consenting.withdraw(customer_id=customer_id, at=at, evidence={"via": SOURCE}, actor_id=actor_id)
    links = CustomerNumber.objects.filter(customer_id=customer_id)
    numbers = set(links.values_list("number_id", flat=True))
    shared = set(
        CustomerNumber.objects.filter(number_id__in=numbers)
        .exclude(customer_id=customer_id)
        .values_list("number_id", flat=True)
    )
    standing = Suppression.objects.filter(via=SOURCE, lifted_at__isnull=True)
    if not standing.filter(customer_id=customer_id).exists():
        suppressing.opt_out(
            customer_id=customer_id,
            number_id=None,
            source=SOURCE,
            evidence={},
            at=at,
            actor_id=actor_id,
        )
    for number_id in sorted(numbers - shared):
        if not standing.filter(number_id=number_id).exists():
            suppressing.opt_out(
                customer_id=None,
                number_id=number_id,
                source=SOURCE,
                evidence={},
                at=at,
                actor_id=actor_id,
            )
    links.delete()
    return len(numbers)


def _erase_calls(calls: Any) -> int:
    ids = list(calls.values_list("pk", flat=True))
    sids = [sid for sid in calls.values_list("sid", flat=True) if sid]
    ReceivedWebhook.objects.filter(sid__in=sids).update(params={}, reply="")
    Transfer.objects.filter(call_id__in=ids).update(context={}, note="")
    for callback in Callback.objects.filter(call_id__in=ids).exclude(evidence={}):
        _forget(callback)
    return int(calls.update(to="", household=""))


def _erase_dialogues(references: list[Any], decision: str, actor_id: int | None) -> dict[str, int]:
    conversations = Conversation.objects.filter(call_ref__in=references)
    ids = list(conversations.values_list("pk", flat=True))
    SuspectedOptOut.objects.filter(conversation_id__in=ids).update(text="", scores={})
    conversations.update(state={}, variables={})
    return {
        "conversations": len(ids),
        "turns": erase_rows(
            "robot_turn", "conversation_id", ids, decision=decision, actor_id=actor_id
        ),
    }


def _erase_evidence(customer_id: int, calls: list[str]) -> int:
    """Words and documents behind consents, wishes and complaints: their print stays."""
    changed = 0
    for model in (Suppression, Consent, Preference, Exemption, Complaint):
        # a number's own entry was made in the same breath as the person's, with the same words
        whose = Q(customer_id=customer_id) | Q(evidence__call__in=calls)
        for row in model._default_manager.filter(whose).exclude(evidence={}):
            changed += _forget(row)
    cases = Complaint.objects.filter(customer_id=customer_id)
    ComplaintEvent.objects.filter(complaint__in=cases).update(note="")
    cases.update(text="", answer="", cause_note="", remedy="")
    Attempt.objects.filter(customer_id=customer_id).update(household="")
    return changed


def _forget(row: Any) -> bool:
    """Replace evidence by its print, and what says where it came from by nothing."""
    if set(row.evidence) == {"erased"}:
        return False
    row.evidence = {"erased": content_hash(row.evidence)}
    row.save(update_fields=["evidence"])
    return True


def _move(request: ErasureRequest, new: ErasureState, **values: Any) -> None:
    old = ErasureState(request.state)
    assert new in TRANSITIONS[old]
    changed = ErasureRequest.objects.filter(pk=request.pk, state=old.value).update(
        state=new.value, **values
    )
    if changed != 1:
        raise RequestedAlready
    request.state = new.value
    for name, value in values.items():
        setattr(request, name, value)
