"""A "no" ends by two people, and by nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.domain.roles import Role
from accounts.models import User
from approvals.deciding import ContentChanged, MakerIsChecker, NotYours
from approvals.models import Approval
from audit.models import Entry
from compliance import lifting, suppressing
from compliance.models import LiftRequest, Register, Suppression
from compliance.screening import screen
from tests.cast import person
from tests.compliance.conftest import Bank, set_time
from tests.compliance.test_registers import intent
from tests.compliance.world import beijing

NOW = beijing("2026-11-24 10:00")


@pytest.fixture
def maker(bank: Bank) -> User:
    return person("maker", Role.COMPLIANCE)


@pytest.fixture
def checker(bank: Bank) -> User:
    return person("checker", Role.COMPLIANCE)


@pytest.fixture
def refusal(bank: Bank) -> Suppression:
    written = suppressing.opt_out(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        source="robot",
        evidence={"call": "c1", "text": "别再打了"},
        at=NOW - timedelta(days=40),
    )
    return Suppression.objects.get(pk=written[0])


def codes(bank: Bank) -> list[str]:
    found = screen([(bank.x.pk, bank.home.pk)], intent(bank), NOW)
    return found[bank.x.pk].codes


def ask(refusal: Suppression, maker: User) -> LiftRequest:
    return lifting.ask(refusal, maker=maker, reason="asked to be informed", evidence="form 7")


def test_the_refusal_ends_for_person_and_number_once_another_has_signed(
    bank: Bank, refusal: Suppression, maker: User, checker: User
) -> None:
    asked = ask(refusal, maker)
    assert codes(bank) == ["OPT_OUT"]
    lifted = lifting.sign(asked, checker=checker, content_hash=lifting.content_of(asked))
    assert (len(lifted), codes(bank)) == (2, [])
    assert not Suppression.objects.filter(lifted_at__isnull=True).exists()
    entry = Entry.objects.filter(kind="suppression.lifted").latest("pk")
    approval = Approval.objects.get(subject=lifting.subject_of(asked))
    assert entry.payload["approval"] == approval.pk
    with pytest.raises(lifting.Decided):
        lifting.sign(asked, checker=checker, content_hash=lifting.content_of(asked))


def test_whoever_asked_cannot_sign_nor_can_a_role_that_does_not_sign_such_things(
    bank: Bank, refusal: Suppression, maker: User
) -> None:
    asked = ask(refusal, maker)
    seen = lifting.content_of(asked)
    with pytest.raises(MakerIsChecker):
        lifting.sign(asked, checker=maker, content_hash=seen)
    for role in (Role.MARKETING, Role.SUPERVISOR, Role.BRANCH_MANAGER):
        with pytest.raises(NotYours):
            lifting.sign(asked, checker=person(role.value, role), content_hash=seen)
    assert codes(bank) == ["OPT_OUT"]


def test_what_was_changed_after_asking_is_not_signed(
    bank: Bank, refusal: Suppression, maker: User, checker: User
) -> None:
    asked = ask(refusal, maker)
    LiftRequest.objects.filter(pk=asked.pk).update(reason="another")
    asked.refresh_from_db()
    with pytest.raises(ContentChanged):
        lifting.sign(asked, checker=checker, content_hash=lifting.content_of(asked))
    assert codes(bank) == ["OPT_OUT"]


def test_nothing_lifts_without_a_signature(bank: Bank, refusal: Suppression, maker: User) -> None:
    asked = ask(refusal, maker)
    waiting = Approval.objects.get(subject=lifting.subject_of(asked))
    for approval in (waiting.pk, 10**9):
        with pytest.raises(suppressing.NotSigned):
            suppressing.lift(
                suppression_id=refusal.pk, actor_id=maker.pk, approval_id=approval, at=NOW
            )
    assert codes(bank) == ["OPT_OUT"]


def test_one_request_at_a_time_and_a_new_one_after_the_time_to_sign(
    bank: Bank, refusal: Suppression, maker: User, checker: User
) -> None:
    asked = ask(refusal, maker)
    with pytest.raises(lifting.AskedAlready):
        ask(refusal, checker)
    set_time(NOW + lifting.SIGN_WITHIN + timedelta(hours=1))
    with pytest.raises(lifting.Decided):
        lifting.sign(asked, checker=checker, content_hash=lifting.content_of(asked))
    assert ask(refusal, checker).pk != asked.pk


def test_returned_or_withdrawn_the_refusal_stands(
    bank: Bank, refusal: Suppression, maker: User, checker: User
) -> None:
    lifting.send_back(ask(refusal, maker), checker=checker, reason="no form")
    lifting.withdraw(ask(refusal, maker), actor=maker)
    assert codes(bank) == ["OPT_OUT"]
    assert not LiftRequest.objects.filter(closed_at__isnull=True).exists()


@pytest.mark.parametrize(("reason", "evidence"), [("", "form 7"), ("because", "  ")])
def test_a_request_needs_its_reason_and_its_evidence(
    bank: Bank, refusal: Suppression, maker: User, reason: str, evidence: str
) -> None:
    with pytest.raises(lifting.NeedsReason):
        lifting.ask(refusal, maker=maker, reason=reason, evidence=evidence)


def test_registers_entries_and_suspicions_end_elsewhere(bank: Bank, maker: User) -> None:
    register = Register.objects.create(name="industry", imported_at=NOW)
    listed = Suppression.objects.create(
        source="register", register=register, number=bank.home, since=NOW
    )
    with pytest.raises(lifting.OfRegister):
        ask(listed, maker)
    (held, *_) = suppressing.quarantine(
        customer_id=bank.x.pk, number_id=None, source="robot", evidence={"call": "c"}, at=NOW
    )
    with pytest.raises(lifting.Suspected):
        ask(Suppression.objects.get(pk=held), maker)


def test_a_complaint_ends_the_same_way(bank: Bank, maker: User, checker: User) -> None:
    (entry,) = suppressing.complained(
        customer_id=bank.x.pk, number_id=None, source="12378", evidence={"case": 1}, at=NOW
    )
    asked = ask(Suppression.objects.get(pk=entry), maker)
    assert codes(bank) == ["COMPLAINT"]
    lifting.sign(asked, checker=checker, content_hash=lifting.content_of(asked))
    assert codes(bank) == []
