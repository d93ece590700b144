"""What an erasure takes: every record of the person, and what names their own number only."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

from approvals.models import Approval
from audiences.models import Customer, CustomerNumber, ImportBatch, RejectedRow
from audit.verifying import verify
from clock.reading import now
from compliance import complaints, lifting, suppressing
from compliance.domain.pack import content_hash
from compliance.holding import place, release
from compliance.models import Attempt, Complaint, Suppression
from dialer.models import Call, Callback, Message
from evidence import erasing
from evidence.models import ErasureRequest
from telephony.models import ReceivedWebhook
from tests.audit.test_books import seal_all
from tests.evidence.conftest import Evening
from tests.evidence.test_erasing import TODAY, asked, everything_stored, signed
from tests.evidence.test_one_person import case_about, merged

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "王芳"
#: Of the audit and of the ledgers: what they hold of a person is said in docs/evidence.md.
LEFT = re.compile("王芳|C0001|13905710001")


def lines_left() -> list[str]:
    """Everything stored that names them, but for the bare number in its own table."""
    return [
        line
        for line in everything_stored().split("\n")
        if LEFT.search(line) and not re.match(r"\(\d+,\+8613905710001,", line)
    ]


def called_in(evening: Evening) -> Call:
    """They rang us, and we do not know who it was."""
    number = evening.cast.wang.numbers.get()
    call = Call.objects.create(
        kind="inbound", state="completed", to="+8657188880001", sid="CA" + "9" * 32,
        number=number, planned_at=now(), answered_at=now(), ended_at=now(),
    )  # fmt: skip
    ReceivedWebhook.objects.create(
        key="in", kind="inbound_turn", sid=call.sid or "", received_at=now(),
        params={"From": number.e164, "SpeechResult": f"我是{NAME}"},
    )  # fmt: skip
    return call


def message_to(evening: Evening) -> Message:
    """A text message that waits to be sent."""
    wang = evening.cast.wang
    return Message.objects.create(
        call=evening.line.call, customer=wang, number=wang.numbers.get(), template="t",
        values={"name": NAME}, evidence={"said": NAME}, created_at=now(), due_at=now(),
    )  # fmt: skip


def test_what_names_their_number_alone_goes_with_them(evening: Evening) -> None:
    number = evening.cast.wang.numbers.get()
    case = complaints.open_case(
        customer_id=None, number_id=number.pk, source="12321", evidence={"said": NAME}, at=now(),
        text=f"{NAME}投诉",
    )  # fmt: skip
    Complaint.objects.filter(pk=case.pk).update(
        answer=NAME, cause_note=NAME, remedy=NAME, answered_at=now()
    )
    case.events.update(note=NAME)
    called_in(evening)
    suppressing.opt_out(
        customer_id=None, number_id=number.pk, source="sms", evidence={"text": NAME}, at=now()
    )
    signed(asked(evening), evening.second_officer)
    assert lines_left() == []
    assert ReceivedWebhook.objects.get(key="in").params == {}
    seal_all()
    assert verify().whole


def test_a_message_loses_its_words_and_is_not_sent_any_more(evening: Evening) -> None:
    message = message_to(evening)
    request = signed(asked(evening), evening.second_officer)
    message.refresh_from_db()
    assert (message.state, message.values, message.cause) == ("refused", {}, "erasure")
    assert set(message.evidence) == {"erased"}
    assert request.erased["messages"] == 1
    assert lines_left() == []


def test_what_people_wrote_about_them_goes(evening: Evening) -> None:
    cast = evening.cast
    hold = place(
        customer_id=cast.wang.pk, number_id=None, reason=NAME, actor_id=cast.officer.pk, at=now()
    )
    release(hold_id=hold.pk, actor_id=cast.reviewer.pk, reason=NAME, at=now())
    refusal = Suppression.objects.filter(customer=cast.wang).first()
    assert refusal is not None
    wish = lifting.ask(refusal, maker=cast.officer, reason=NAME, evidence=f"{NAME}来函")
    lifting.send_back(wish, checker=evening.second_officer, reason=f"{NAME}没有签字")
    LogEntry.objects.create(
        user=cast.officer, object_id=str(cast.wang.pk), object_repr="C0001", action_flag=2,
        content_type=ContentType.objects.get_for_model(Customer), change_message=NAME,
    )  # fmt: skip
    signed(asked(evening), evening.second_officer)
    assert lines_left() == []


def test_the_words_of_an_earlier_request_go_with_those_of_the_last(evening: Evening) -> None:
    request = asked(evening)
    approval = erasing.approval_of(request)
    assert approval is not None
    erasing.refuse(
        request=request, approval=approval, checker=evening.second_officer, reason=f"{NAME}不是本人"
    )
    signed(asked(evening), evening.second_officer)
    assert set(Approval.objects.filter(subject__startswith="erasure:").values_list(
        "title", "note"
    )) == {(f"erased-{evening.cast.wang.pk}", "")}  # fmt: skip
    assert lines_left() == []


def test_cells_of_rows_that_were_not_imported_go_as_far_as_they_are_known(
    evening: Evening,
) -> None:
    batch = ImportBatch.objects.create(file_name="a.csv", created_at=now())
    cells = (NAME, "C0001", "0139 0571 0001", "+86 139-0571-0001", "13905710002", "2月30日")
    for row, cell in enumerate(cells, start=1):
        RejectedRow.objects.create(batch=batch, row=row, reason="x", value=cell)
    signed(asked(evening), evening.second_officer)
    kept = RejectedRow.objects.exclude(value="").values_list("value", flat=True)
    assert sorted(kept) == ["13905710002", "2月30日"]


def test_asked_under_the_record_given_up_the_person_is_erased(evening: Evening) -> None:
    wang = evening.cast.wang
    kept = merged(evening)
    number = kept.numbers.get()
    request = signed(asked(evening), evening.second_officer)
    assert request.customer == kept
    kept.refresh_from_db()
    assert (kept.name, kept.bank_id) == ("", f"erased-{kept.pk}")
    assert not CustomerNumber.objects.filter(customer__in=[wang, kept]).exists()
    wishes = Suppression.objects.filter(via="erasure").values_list("customer_id", "number_id")
    assert set(wishes) == {(kept.pk, None), (None, number.pk)}
    assert lines_left() == []
    assert {bool(erasing.erased_on(each.pk)) for each in (wang, kept)} == {True}
    assert erasing.erased_on(evening.cast.li.pk) is None


def test_a_request_from_before_a_merge_erases_what_they_were_merged_into(
    evening: Evening,
) -> None:
    request = asked(evening)
    kept = merged(evening)
    with pytest.raises(erasing.RequestedAlready):
        erasing.request(customer=kept, channel="app", received_on=TODAY, maker=evening.cast.officer)
    signed(request, evening.second_officer)
    assert lines_left() == []
    assert erasing.erased_on(kept.pk) is not None


def test_what_was_said_of_a_number_that_others_were_called_on_stays(evening: Evening) -> None:
    wang, li = evening.cast.wang, evening.cast.li
    number = wang.numbers.get()
    Call.objects.create(kind="robot", state="completed", customer=li, number=number, to="x",
                        planned_at=now())  # fmt: skip
    case = complaints.open_case(
        customer_id=None, number_id=number.pk, source="12321", evidence={}, at=now(), text="投诉"
    )
    signed(asked(evening), evening.second_officer)
    case.refresh_from_db()
    assert case.text == "投诉"


def test_the_words_of_others_stay(evening: Evening) -> None:
    li = evening.cast.li
    case = case_about(li)
    Complaint.objects.filter(pk=case.pk).update(text="我的话")
    Attempt.objects.create(
        customer=li, household="H1", state="closed", idempotency_key="li", purpose="marketing",
        actor="human", kind="agent", reserved_at=now(), valid_until=now(),
    )  # fmt: skip
    Callback.objects.exclude(customer=evening.cast.wang).update(evidence={"said": "x"})
    signed(asked(evening), evening.second_officer)
    case.refresh_from_db()
    assert case.text == "我的话"
    assert Attempt.objects.get(idempotency_key="li").household == "H1"
    assert not ErasureRequest.objects.exclude(customer=evening.cast.wang).exists()


def test_erasing_again_leaves_what_came_after(evening: Evening) -> None:
    number = evening.cast.wang.numbers.get()
    signed(asked(evening), evening.second_officer)
    case = complaints.open_case(
        customer_id=None,
        number_id=number.pk,
        source="12321",
        evidence={},
        text="新号主",
        at=now() + timedelta(days=1),
    )
    assert erasing.again() == 1
    case.refresh_from_db()
    assert case.text == "新号主"


def test_erased_words_cannot_be_confirmed_by_guessing_them(evening: Evening) -> None:
    guesses = [content_hash(entry.evidence) for entry in Suppression.objects.exclude(evidence={})]
    assert guesses
    signed(asked(evening), evening.second_officer)
    left = Suppression.objects.exclude(via="erasure")
    assert {tuple(entry.evidence) for entry in left} == {("erased",)}
    assert not {entry.evidence["erased"] for entry in left} & set(guesses)


def test_what_was_written_down_in_one_breath_still_shows_as_such(evening: Evening) -> None:
    wang = evening.cast.wang
    number = wang.numbers.get()
    suppressing.opt_out(
        customer_id=wang.pk, number_id=number.pk, source="sms", evidence={"text": NAME}, at=now()
    )
    signed(asked(evening), evening.second_officer)
    mine = Suppression.objects.get(customer=wang, via="sms")
    assert {entry.number_id for entry in lifting.together_with(mine)} == {None, number.pk}


def test_a_print_of_old_gets_its_salt_and_equal_ones_stay_equal(evening: Evening) -> None:
    wang, number = evening.cast.wang, evening.cast.wang.numbers.get()
    guess = {"erased": content_hash({"text": NAME})}
    Suppression.objects.all().update(evidence={"said": "x"})
    for whom in ({"customer": wang}, {"number": number}):
        Suppression.objects.create(source="opt_out", since=now(), evidence=guess, **whom)
    migration = import_module("evidence.migrations.0002_prints_salted").Migration
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET ROLE NONE")
        for statement in migration.operations[0].sql:
            cursor.execute(statement)
        cursor.execute("RESET ROLE")
    said = [entry.evidence for entry in Suppression.objects.order_by("pk")]
    assert said[-1] == said[-2] != guess
    assert set(said[-1]) == {"erased"}
    assert all(each == {"said": "x"} for each in said[:-2])
