"""Two customers of the bank's books turn out to be one person: one record is kept.

What either refused or wished holds for the one, what happened to either counts for the one: the
facts statement reads refusals, wishes, contacts and open attempts of whoever was merged into a
customer together with the customer's own, so nothing is copied and the ledger stays as it was
written. Of what they allowed, only what both had remains. Numbers move; flags that protect hold.
The record given up is never called again, whatever a later file says of it.

The gate's locks of both, their numbers and households are taken first: a call to either was
permitted before (and is hung up, if the other one had refused), or is judged as one person's.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Max

from audiences.models import Customer, CustomerNumber
from audit.recording import record
from compliance import suppressing
from compliance.domain.common_consents import common
from compliance.domain.facts import Consent as ConsentFacts
from compliance.locking import keys_of, take
from compliance.models.consent import Consent
from compliance.models.customer_merge import CustomerMerge
from compliance.models.exemption import Exemption


class Refusal(StrEnum):
    """Why two customers cannot be merged."""

    SAME = "same"
    GIVEN_UP_BEFORE = "given_up_before"
    SAMPLE_AND_REAL = "sample_and_real"


class MergeRefused(ValueError):
    """The two cannot be merged; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def refusal_of(kept: Customer, gone: Customer) -> Refusal | None:
    """What speaks against the merge, if anything does."""
    if kept.pk == gone.pk:
        return Refusal.SAME
    if kept.merged_into_id is not None or gone.merged_into_id is not None:
        return Refusal.GIVEN_UP_BEFORE
    if kept.sandbox != gone.sandbox:
        return Refusal.SAMPLE_AND_REAL
    return None


@transaction.atomic
def merge(
    *, kept_id: int, gone_id: int, reason: str, actor_id: int | None, at: datetime
) -> CustomerMerge:
    """`gone` is `kept` from this commit on. Raises MergeRefused, Customer.DoesNotExist."""
    numbers = _lock(kept_id, gone_id)
    kept, gone = Customer.objects.get(pk=kept_id), Customer.objects.get(pk=gone_id)
    refusal = refusal_of(kept, gone)
    if refusal is not None:
        raise MergeRefused(refusal)
    allowed = _keep_common_consents(kept_id, gone_id, at)
    exempt = Exemption.objects.filter(
        customer_id__in=[kept_id, gone_id], used_at__isnull=True, withdrawn_at__isnull=True
    )
    # an elder's review was of one record; a callback was promised under the other's name
    exempt.exclude(customer_id=kept_id, kind="callback").update(withdrawn_at=at)
    _move_numbers(kept_id, gone_id)
    _protect(kept, gone, at)
    Customer.objects.filter(merged_into_id=gone_id).update(merged_into_id=kept_id)
    Customer.objects.filter(pk=gone_id).update(merged_into_id=kept_id, updated_at=at)
    suppressing.stop_if_refused(kept_id, at)
    if kept.deceased:
        suppressing.end_calls(customer_ids=[kept_id], at=at)
    made = CustomerMerge.objects.create(
        kept_id=kept_id, gone_id=gone_id, reason=reason, maker_id=actor_id, at=at
    )
    record(
        kind="customer.merged",
        actor_id=actor_id,
        subject=f"customer:{kept_id}",
        payload={"gone": gone_id, "numbers": numbers, "consents": allowed},
    )
    return made


def _lock(kept_id: int, gone_id: int) -> list[int]:
    """The gate's locks of everybody whom this is about. Returns the numbers.

    A number that is linked meanwhile is another writer's; the customers' own locks keep the gate
    out in any case.
    """
    both = [kept_id, gone_id]
    links = CustomerNumber.objects.filter(customer_id__in=both)
    numbers = sorted(set(links.values_list("number_id", flat=True)))
    households = Customer.objects.filter(pk__in=both).values_list("household", flat=True)
    take(keys_of(customer_ids=both, number_ids=numbers, households=list(households)))
    return numbers


def _keep_common_consents(kept_id: int, gone_id: int, at: datetime) -> int:
    """End what the kept one allowed, but for what both did. Returns how many remain."""
    rows = {row.pk: row for row in Consent.objects.filter(customer_id__in=[kept_id, gone_id])}
    ours = [_facts(row) for row in rows.values() if row.customer_id == kept_id]
    theirs = [_facts(row) for row in rows.values() if row.customer_id == gone_id]
    both = common(ours, theirs, at)
    lasting = Consent.objects.filter(customer_id=kept_id).exclude(expires_at__lte=at)
    lasting.update(expires_at=at)
    Consent.objects.bulk_create(
        Consent(
            customer_id=kept_id,
            channel=consent.channel,
            purpose=consent.purpose,
            product_family=consent.product_family,
            basis=consent.basis,
            evidence={"merged": gone_id, "consent": consent.id},
            granted_at=consent.granted_at,
            expires_at=consent.expires_at,
            profiling_ok=consent.profiling_ok,
            number_id=consent.number_id,
        )
        for consent in both
    )
    return len(both)


def _facts(row: Consent) -> ConsentFacts:
    return ConsentFacts(
        id=row.pk,
        granted_at=row.granted_at,
        channel=row.channel,
        purpose=row.purpose,
        product_family=row.product_family,
        withdrawn_at=row.withdrawn_at,
        expires_at=row.expires_at,
        basis=row.basis,
        profiling_ok=row.profiling_ok,
        number_id=row.number_id,
    )


def _move_numbers(kept_id: int, gone_id: int) -> None:
    """What the kept one did not have comes after its own numbers."""
    own = CustomerNumber.objects.filter(customer_id=kept_id)
    last = own.aggregate(last=Max("priority"))["last"] or 0
    links = CustomerNumber.objects.filter(customer_id=gone_id)
    links.filter(number_id__in=own.values("number_id")).delete()
    for place, link in enumerate(links.order_by("priority", "pk"), start=last + 1):
        CustomerNumber.objects.filter(pk=link.pk).update(customer_id=kept_id, priority=place)


def _protect(kept: Customer, gone: Customer, at: datetime) -> None:
    """Flags that protect hold if either had them, of two risk tolerances the lower does."""
    kept.vulnerable = kept.vulnerable or gone.vulnerable
    kept.deceased = kept.deceased or gone.deceased
    kept.no_profiling = kept.no_profiling or gone.no_profiling
    other = gone.risk_tolerance
    if kept.risk_tolerance is not None and other is not None and other < kept.risk_tolerance:
        kept.risk_tolerance, kept.risk_assessed_on = other, gone.risk_assessed_on
    kept.updated_at = at
    kept.save(
        update_fields=[
            "vulnerable",
            "deceased",
            "no_profiling",
            "risk_tolerance",
            "risk_assessed_on",
            "updated_at",
        ]
    )
