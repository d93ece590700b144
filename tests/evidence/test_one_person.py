"""Two records turned out to be one person: whoever asks for all about them gets it of both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiences.models import Customer, Number
from audiences.one_person import records_of, records_of_one
from clock.reading import now
from compliance import complaints, merging, suppressing
from compliance.models import Complaint, CustomerMerge, Decision
from dialer.models import Call
from evidence.history import contact_history
from evidence.latency import latencies
from insights import person_history
from insights.case_file import gather
from insights.complaint_parties import parties
from tests.evidence.conftest import WORDS, Evening

pytestmark = pytest.mark.django_db(transaction=True)


def another_record(evening: Evening, bank_id: str = "K1") -> Customer:
    """A customer of the same branch whom nobody has called."""
    wang = evening.cast.wang
    return Customer.objects.create(
        bank_id=bank_id,
        name="王芳",
        branch=wang.branch,
        sandbox=wang.sandbox,
        created_at=now(),
        updated_at=now(),
    )


def merged(evening: Evening, gone: Customer | None = None) -> Customer:
    """The record that is kept of the person who was called under another (Wang's)."""
    kept = another_record(evening)
    given_up = evening.cast.wang if gone is None else gone
    merging.merge(
        kept_id=kept.pk, gone_id=given_up.pk, reason="王芳，同一证件", actor_id=None, at=now()
    )
    return kept


def case_about(customer: Customer | None = None, number: Number | None = None) -> Complaint:
    """A case that came from the regulator, about a customer, a number or both."""
    return complaints.open_case(
        customer_id=customer.pk if customer is not None else None,
        number_id=number.pk if number is not None else None,
        source="12378",
        evidence={},
        at=now(),
    )


def test_all_records_of_a_person_are_found_from_each(evening: Evening) -> None:
    wang, li = evening.cast.wang, evening.cast.li
    first = merged(evening)
    last = another_record(evening, "K2")
    merging.merge(kept_id=last.pk, gone_id=first.pk, reason="x", actor_id=None, at=now())
    theirs = sorted([wang.pk, first.pk])
    for record in (wang, first, last):
        assert records_of_one(record.pk) == [last.pk, *theirs]
    assert records_of([first.pk, li.pk]) == {
        wang.pk: last.pk, first.pk: last.pk, last.pk: last.pk, li.pk: li.pk,
    }  # fmt: skip
    assert records_of([]) == {}


@pytest.mark.parametrize("by", ["customer", "number", "both"])
def test_a_case_on_the_record_kept_knows_the_calls_of_the_other(evening: Evening, by: str) -> None:
    kept = merged(evening)
    number = kept.numbers.get()
    case = case_about(kept if by != "number" else None, number if by != "customer" else None)
    file = gather(case, now())
    assert not file.none_placed
    assert [call["state"] for call in file.calls] == ["completed"]
    assert WORDS in str(file.calls)
    assert "allow" in {one["verdict"] for one in file.decisions}
    # it was allowed when they were called, and ended with the merge: the other had allowed nothing
    assert [one["basis"] for one in file.consents] == ["branch"]
    assert file.consents[0]["expires"] == CustomerMerge.objects.get().at.isoformat()
    assert file.document()["no_call_was_placed"] is False


def test_whoever_called_the_record_given_up_does_not_handle_the_case(evening: Evening) -> None:
    assert evening.campaign.maker_id in parties(case_about(merged(evening))).ids


def test_a_case_knows_what_was_decided_about_others_on_the_number(evening: Evening) -> None:
    wang, li = evening.cast.wang, evening.cast.li
    number = wang.numbers.get()
    file = gather(case_about(li, number), now())
    allowed = Decision.objects.get(verdict="allow", customer_id=wang.pk)
    assert [call["call"] for call in file.calls] == [str(evening.line.call.public_id)]
    assert allowed.pk in {one["id"] for one in file.decisions}


def test_a_case_has_the_permission_of_each_call_whoever_has_the_number_now(
    evening: Evening,
) -> None:
    wang = evening.cast.wang
    number = wang.numbers.get()
    wang.numbers.clear()
    file = gather(case_about(number=number), now())
    assert {one["verdict"] for one in file.decisions} == {"allow"}


def test_the_history_is_the_same_whichever_record_is_asked_for(evening: Evening) -> None:
    before = contact_history(evening.cast.wang).rows
    kept = merged(evening)
    after = contact_history(kept).rows
    assert [row[2] for row in after] == [row[2] for row in contact_history(evening.cast.wang).rows]
    assert len(after) >= len(before) > 0
    assert {"attempt", "consent", "merged"} <= {row[2] for row in after}


def test_the_page_of_the_record_kept_shows_what_happened_under_the_other(
    evening: Evening,
) -> None:
    wang = evening.cast.wang.pk
    kept = merged(evening).pk
    for record_id in (wang, kept):
        (called,) = person_history.encounters(record_id, now())
        assert called.outcomes == ["opt_out"]
        assert "allow" in {one.verdict for one in person_history.decisions(record_id)}
        found = person_history.wishes(record_id)
        assert {one.source for one in found.suppressions} == {"opt_out"}
    assert person_history.wishes(kept).consents == []


def test_a_call_under_the_record_given_up_counts_for_a_no_of_the_one_kept(
    evening: Evening,
) -> None:
    kept = merged(evening)
    at = now() - timedelta(days=1)
    suppressing.opt_out(
        customer_id=kept.pk, number_id=None, source="branch", evidence={}, at=at, actor_id=None
    )
    Call.objects.filter(pk=evening.line.call.pk).update(number=None)
    by_channel = {each.channel: each for each in latencies(at, now() + timedelta(days=1), now())}
    assert by_channel["branch"].late == 1
