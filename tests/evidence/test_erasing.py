"""Erasing a person: two people, no hold, nothing personal left, and the record verifies."""

from __future__ import annotations

from datetime import date

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts.models import User
from approvals.deciding import MakerIsChecker
from audiences.models import CustomerNumber
from audit.models import Entry
from audit.verifying import verify
from clock.reading import now
from compliance.domain.attempt_state import AttemptState
from compliance.holding import place
from compliance.models import Attempt, Consent, Decision, Suppression
from dialer.models import Call
from evidence import erasing
from evidence.dossier import dossier
from evidence.history import contact_history
from evidence.models import ErasureRequest
from robot.models import Turn
from tests.audit.test_books import seal_all
from tests.evidence.conftest import WORDS, Evening

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 3, 10)


def asked(evening: Evening) -> ErasureRequest:
    return erasing.request(
        customer=evening.cast.wang, channel="branch", received_on=TODAY, maker=evening.cast.officer
    )


def signed(request: ErasureRequest, checker: User) -> ErasureRequest:
    approval = erasing.approval_of(request)
    assert approval is not None
    return erasing.sign(request=request, approval=approval, checker=checker)


def everything_stored() -> str:
    """Every row of every table, as text, but for the carrier's numbers that are nobody's."""
    found = []
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for model in apps.get_models(include_auto_created=True):
            if model._meta.db_table in tables:
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')  # noqa: S608
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_nothing_personal_is_left_and_the_chain_is_whole(evening: Evening) -> None:
    seal_all()
    before = everything_stored()
    assert WORDS in before and "王芳" in before and "C0001" in before and "1990-06-01" in before
    signed(asked(evening), evening.second_officer)
    after = everything_stored()
    for word in (WORDS, "王芳", "C0001", "1990-06-01"):
        assert word not in after, [line for line in after.split("\n") if word in line]
    seal_all()
    assert verify().whole


def test_the_fact_of_the_call_stays(evening: Evening) -> None:
    signed(asked(evening), evening.second_officer)
    call = Call.objects.get(pk=evening.line.call.pk)
    assert (call.sid, call.to) == (evening.line.call.sid, "")
    stored = Decision.objects.get(attempt_id=call.attempt_id)
    assert (stored.verdict, stored.facts) == ("allow", {})
    assert set(Turn.objects.values_list("text", "said")) == {("", "")}
    document = dossier(call, reader=None, at=now(), revealed=True)
    assert document["customer"]["erased_on"]
    sheet = contact_history(evening.cast.wang)
    assert any("2026" in note for note in sheet.notes[1:])


def test_the_wish_not_to_be_called_survives(evening: Evening) -> None:
    wang = evening.cast.wang
    number = wang.numbers.get()
    Suppression.objects.update(lifted_at=now())  # an earlier refusal had been taken back
    signed(asked(evening), evening.second_officer)
    standing = Suppression.objects.filter(via="erasure", lifted_at__isnull=True)
    assert set(standing.values_list("customer_id", "number_id")) == {
        (wang.pk, None), (None, number.pk),
    }  # fmt: skip
    assert not CustomerNumber.objects.filter(customer=wang).exists()
    assert not Consent.objects.filter(customer=wang, withdrawn_at__isnull=True).exists()


def test_a_number_that_others_share_stays_theirs(evening: Evening) -> None:
    zhao, qian = evening.cast.zhao, evening.cast.qian
    request = erasing.request(
        customer=zhao, channel="app", received_on=TODAY, maker=evening.cast.officer
    )
    signed(request, evening.second_officer)
    assert not Suppression.objects.filter(via="erasure", number_id=qian.numbers.get().pk).exists()
    assert qian.numbers.count() == 1


def test_who_enters_it_does_not_sign_it(evening: Evening) -> None:
    with pytest.raises(MakerIsChecker):
        signed(asked(evening), evening.cast.officer)
    assert ErasureRequest.objects.get().state == "requested"


def test_a_legal_hold_beats_it_before_and_after_the_request(evening: Evening) -> None:
    def hold() -> None:
        place(
            customer_id=evening.cast.wang.pk,
            number_id=None,
            reason="case",
            actor_id=evening.cast.officer.pk,
            at=now(),
        )

    request = asked(evening)
    hold()
    with pytest.raises(erasing.UnderHold):
        signed(request, evening.second_officer)
    assert Turn.objects.exclude(text="").exists()
    with pytest.raises(erasing.UnderHold):
        asked(evening)


def test_a_call_under_way_makes_it_wait(evening: Evening) -> None:
    request = asked(evening)
    attempts = Attempt.objects.filter(sid=evening.line.call.sid)
    attempts.update(state=AttemptState.BOUND.value)
    with pytest.raises(erasing.CallUnderWay):
        signed(request, evening.second_officer)
    attempts.update(state=AttemptState.CLOSED.value)
    assert signed(request, evening.second_officer).state == "done"


def test_it_is_asked_for_once(evening: Evening) -> None:
    request = asked(evening)
    with pytest.raises(erasing.RequestedAlready):
        asked(evening)
    approval = erasing.approval_of(request)
    assert approval is not None
    erasing.refuse(
        request=request, approval=approval, checker=evening.second_officer, reason="不是本人"
    )
    assert asked(evening).state == "requested"  # a request that was sent back may be made again


def test_a_restored_backup_is_erased_again(evening: Evening) -> None:
    signed(asked(evening), evening.second_officer)
    wang = evening.cast.wang
    wang.refresh_from_db()
    wang.name = "王芳"
    wang.save(update_fields=["name"])
    assert erasing.again() == 1
    wang.refresh_from_db()
    assert wang.name == ""
    assert Suppression.objects.filter(via="erasure").count() == 2


def test_two_people_do_it_on_the_pages(evening: Evening) -> None:
    first, second = Client(), Client()
    first.force_login(evening.cast.officer)
    second.force_login(evening.second_officer)
    form = {"q": "C0001", "channel": "branch", "received_on": "2026-03-10"}
    answer = first.post("/compliance/evidence/erasures/", form)
    address = answer.headers["Location"]
    assert b"Sign and erase" not in first.get(address).content
    assert first.post(address, {"step": "sign"}).status_code == 302
    assert ErasureRequest.objects.get().state == "requested"
    assert address in second.get("/compliance/inbox/").content.decode()
    assert b"Sign and erase" in second.get(address).content
    second.post(address, {"step": "sign"})
    request = ErasureRequest.objects.get()
    assert request.state == "done"
    assert request.erased["turns"] == 2
    entry = Entry.objects.get(kind="person.erased")
    assert entry.actor_id == evening.second_officer.pk
    assert b"Turns of dialogue" in second.get(address).content


@pytest.mark.parametrize(
    "change", [{"q": "C9999"}, {"channel": "dream"}, {"received_on": "2026-03-11"}]
)
def test_a_request_that_makes_no_sense_is_not_entered(
    evening: Evening, client: Client, change: dict[str, str]
) -> None:
    client.force_login(evening.cast.officer)
    form = {"q": "C0001", "channel": "branch", "received_on": "2026-03-10"}
    assert client.post("/compliance/evidence/erasures/", {**form, **change}).status_code == 200
    assert not ErasureRequest.objects.exists()
