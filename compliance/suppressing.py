"""Writing down a "no". From its commit on no gate lets a call to that person through.

Each function takes the gate's own locks, so that a permission is either written before (and is
marked to be cancelled here) or sees the "no". What was said on a number also holds for the number:
whoever is called there next would hear the same voice answer. What came in another way (app,
branch) holds for the person only.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from approvals.domain.approval_state import ApprovalState
from approvals.models import Approval
from audiences.models import Customer, Number
from audiences.one_person import kept_id
from audit.recording import record
from compliance.domain.attempt_state import LIVE
from compliance.domain.facts import ContactKind, SuppressionSource
from compliance.domain.pack import content_hash
from compliance.locking import keys_of, take
from compliance.models.attempt import Attempt
from compliance.models.ledger import Contact
from compliance.models.product import Product
from compliance.models.suppression import Suppression

_LIVE = [state.value for state in LIVE]


@transaction.atomic
def opt_out(
    *,
    customer_id: int | None,
    number_id: int | None,
    source: str,
    evidence: dict[str, Any],
    at: datetime,
    speaking_attempt_id: uuid.UUID | None = None,
    product_family: str = "",
    actor_id: int | None = None,
) -> list[int]:
    """The customer does not want to be called. Returns the ids of the new entries.

    `number_id`: the number on which it was said (then it is suppressed too, for everybody), or
    None. `product_family`: a narrower wish that was recorded as such; empty = all marketing calls.
    `source` says where it was said: robot, agent, dtmf, ring_back, app, sms, branch, …
    """
    return _suppress(
        SuppressionSource.OPT_OUT,
        customer_id=customer_id,
        number_id=number_id,
        via=source,
        evidence=evidence,
        at=at,
        speaking_attempt_id=speaking_attempt_id,
        product_family=product_family,
        actor_id=actor_id,
    )


@transaction.atomic
def quarantine(
    *,
    customer_id: int | None,
    number_id: int | None,
    source: str,
    evidence: dict[str, Any],
    at: datetime,
    speaking_attempt_id: uuid.UUID | None = None,
) -> list[int]:
    """It sounded like a refusal: held as one, in full, until a person has listened."""
    return _suppress(
        SuppressionSource.OPT_OUT,
        customer_id=customer_id,
        number_id=number_id,
        via=source,
        evidence={**evidence, "suspected": True},
        at=at,
        speaking_attempt_id=speaking_attempt_id,
    )


@transaction.atomic
def complained(
    *,
    customer_id: int | None,
    number_id: int | None,
    source: str,
    evidence: dict[str, Any],
    at: datetime,
    speaking_attempt_id: uuid.UUID | None = None,
) -> list[int]:
    """The customer complained: no marketing call any more (complaints.py opens the case)."""
    return _suppress(
        SuppressionSource.COMPLAINT,
        customer_id=customer_id,
        number_id=number_id,
        via=source,
        evidence=evidence,
        at=at,
        speaking_attempt_id=speaking_attempt_id,
    )


@transaction.atomic
def invalidate_number(
    *,
    number_id: int,
    customer_id: int | None,
    reason: str,
    evidence: dict[str, Any],
    at: datetime,
    speaking_attempt_id: uuid.UUID | None = None,
) -> list[int]:
    """The number is not (or no longer) who we thought: nobody is called on it again."""
    take(keys_of(customer_ids=[customer_id], number_ids=[number_id]))
    if reason != "wrong_number":
        Number.objects.filter(pk=number_id).update(valid=False, invalid_reason=reason[:40])
    return _suppress(
        SuppressionSource.WRONG_NUMBER,
        customer_id=None,
        number_id=number_id,
        via=reason,
        evidence={**evidence, "customer": customer_id},
        at=at,
        speaking_attempt_id=speaking_attempt_id,
    )


@transaction.atomic
def mark_deceased(*, customer_id: int, source: str, evidence: dict[str, Any], at: datetime) -> None:
    """We heard that the customer has died."""
    customer_id = _lock(customer_id, None) or customer_id
    Customer.objects.filter(pk=customer_id).update(deceased=True)
    end_calls(customer_ids=[customer_id], at=at)
    record(
        kind="customer.deceased",
        actor_id=None,
        subject=f"customer:{customer_id}",
        payload={"via": source, "evidence": content_hash(evidence)},
    )


class NotSigned(Exception):
    """A "no" ends only with a second person's signature."""


@transaction.atomic
def lift(*, suppression_id: int, actor_id: int | None, approval_id: int, at: datetime) -> bool:
    """End a "no" after a second person signed it (`approval_id`). False when it had ended.

    Raises NotSigned for an approval that is no signature.
    """
    signed = Approval.objects.filter(pk=approval_id, state=ApprovalState.APPROVED.value)
    if not signed.exists():
        raise NotSigned
    changed = Suppression.objects.filter(pk=suppression_id, lifted_at__isnull=True).update(
        lifted_at=at
    )
    if changed != 1:
        return False
    record(
        kind="suppression.lifted",
        actor_id=actor_id,
        subject=f"suppression:{suppression_id}",
        payload={"approval": approval_id},
    )
    return True


def stop_if_refused(customer_id: int, at: datetime) -> None:
    """Hang up what is under way to a person who has come to hold somebody's refusal (a merge)."""
    refused = Suppression.objects.filter(
        Q(customer_id=customer_id) | Q(customer__merged_into=customer_id),
        lifted_at__isnull=True,
        product_family="",
        product=None,
    )
    if refused.exists():
        end_calls(customer_ids=[customer_id], at=at)


def _suppress(
    source: SuppressionSource,
    *,
    customer_id: int | None,
    number_id: int | None,
    via: str,
    evidence: dict[str, Any],
    at: datetime,
    speaking_attempt_id: uuid.UUID | None,
    product_family: str = "",
    actor_id: int | None = None,
) -> list[int]:
    customer_id = _lock(customer_id, number_id)
    written = []
    for key in ({"customer_id": customer_id}, {"number_id": number_id}):
        if None in key.values():
            continue
        entry = Suppression.objects.create(
            source=source.value,
            via=via[:20],
            product_family=product_family,
            since=at,
            evidence=evidence,
            **key,
        )
        written.append(entry.pk)
        record(
            kind=f"suppression.{source.value}",
            actor_id=actor_id,
            subject=f"suppression:{entry.pk}",
            payload={
                **key,
                "via": via,
                "family": product_family,
                # the words stay in the entry, which can be erased; the record keeps their print
                "evidence": content_hash(evidence),
            },
        )
    # a narrower wish does not end calls about something else
    end_calls(
        customer_ids=[customer_id],
        number_ids=[number_id],
        at=at,
        speaking_attempt_id=speaking_attempt_id,
        product_family=product_family,
    )
    return written


def _lock(customer_id: int | None, number_id: int | None) -> int | None:
    """Take the gate's locks of whom this is about; the record that stands for the customer."""
    if customer_id is None:
        take(keys_of(number_ids=[number_id]))
        return None
    person = kept_id(customer_id)
    take(keys_of(customer_ids=[customer_id, person], number_ids=[number_id]))
    now_kept = kept_id(customer_id)
    if now_kept != person:  # merged while we waited
        take(keys_of(customer_ids=[now_kept]))
    return now_kept


def end_calls(
    *,
    customer_ids: Iterable[int | None] = (),
    number_ids: Iterable[int | None] = (),
    at: datetime,
    speaking_attempt_id: uuid.UUID | None = None,
    product_family: str = "",
    spare_answered: bool = False,
) -> int:
    """Ask the dialer to hang up what is under way to these people, but for the one speaking.

    `spare_answered`: nobody is cut off in a conversation (a list has changed, not their wish). The
    caller holds the gate's locks. Returns how many calls.
    """
    customers = [key for key in customer_ids if key is not None]
    numbers = [key for key in number_ids if key is not None]
    live = Attempt.objects.filter(
        Q(customer_id__in=customers)
        | Q(customer__merged_into__in=customers)
        | Q(number_id__in=numbers),
        state__in=_LIVE,
        cancel_wanted_at__isnull=True,
    )
    if speaking_attempt_id is not None:
        live = live.exclude(pk=speaking_attempt_id)
    if product_family:
        products = Product.objects.filter(family=product_family).values("pk")
        live = live.filter(product_id__in=products)
    wanted = list(live.values_list("pk", flat=True))
    if wanted and spare_answered:
        answered = Contact.objects.filter(
            attempt_id__in=wanted, kind=ContactKind.CONNECT.value
        ).values_list("attempt_id", flat=True)
        wanted = [pk for pk in wanted if pk not in set(answered)]
    for attempt_id in wanted:
        Attempt.objects.filter(pk=attempt_id).update(cancel_wanted_at=at)
        record(
            kind="gate.opt_out_inflight",
            actor_id=None,
            subject=f"attempt:{attempt_id}",
            payload={"code": "OPT_OUT_INFLIGHT"},
        )
    return len(wanted)
