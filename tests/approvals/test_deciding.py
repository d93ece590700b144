from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.domain.roles import Role
from accounts.models import User
from approvals import deciding
from approvals.domain.approval_state import TRANSITIONS, ApprovalState
from approvals.models import Approval
from approvals.reading import asked_by, in_force, pending, settled_for, waiting_for
from audit.models import Entry
from clock.reading import now
from tests.cast import Cast, make_cast, person

SEEN = "a" * 64
OTHER = "b" * 64


def submitted(cast: Cast, *, hours: float = 24, subject: str = "target_list:1") -> Approval:
    return deciding.submit(
        subject=subject,
        content_hash=SEEN,
        maker=cast.marketer,
        branch=cast.xihu,
        title="Card instalments, Xihu",
        expires_at=now() + timedelta(hours=hours),
    )


def run_out(approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(expires_at=now() - timedelta(seconds=1))


def test_a_manager_signs_what_marketing_submitted(cast: Cast) -> None:
    approval = submitted(cast)
    assert in_force("target_list:1", SEEN, now()) is None
    assert pending("target_list:1", now()) == approval
    deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN, note="fine")
    approval.refresh_from_db()
    assert (approval.state, approval.checker, approval.note) == (
        "approved",
        cast.manager_xihu,
        "fine",
    )
    assert in_force("target_list:1", SEEN, now()) == approval
    assert in_force("target_list:1", OTHER, now()) is None
    assert in_force("target_list:2", SEEN, now()) is None
    kinds = list(Entry.objects.order_by("id").values_list("kind", "actor_id"))
    assert kinds == [
        ("approval.submitted", cast.marketer.pk),
        ("approval.approved", cast.manager_xihu.pk),
    ]


def test_a_signature_ends_at_its_time(cast: Cast) -> None:
    approval = submitted(cast)
    deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN)
    assert in_force("target_list:1", SEEN, approval.expires_at) is None
    run_out(approval)
    assert deciding.expire_overdue() == 1
    approval.refresh_from_db()
    assert approval.state == ApprovalState.EXPIRED
    assert deciding.expire_overdue() == 0


def test_nobody_signs_their_own_work(cast: Cast) -> None:
    approval = submitted(cast)
    with pytest.raises(deciding.MakerIsChecker):
        deciding.approve(approval=approval, checker=cast.marketer, content_hash=SEEN)
    with pytest.raises(deciding.MakerIsChecker):
        deciding.send_back(approval=approval, checker=cast.marketer, reason="x")


def test_a_signature_counts_only_on_what_the_role_signs(cast: Cast) -> None:
    approval = deciding.submit(
        subject="pack_version:1",
        content_hash=SEEN,
        maker=cast.officer,
        branch=None,
        title="cn-bank@1.1",
        expires_at=now() + timedelta(hours=1),
    )
    for other in (cast.marketer, cast.reviewer, cast.manager_xihu, cast.outsider):
        with pytest.raises(deciding.NotYours):
            deciding.approve(approval=approval, checker=other, content_hash=SEEN)
        assert approval not in waiting_for(other, now())
    second = person("second_officer", Role.COMPLIANCE)
    assert approval in waiting_for(second, now())
    assert approval in asked_by(cast.officer, now())
    deciding.approve(approval=approval, checker=second, content_hash=SEEN)
    assert approval in settled_for(second, now())
    assert approval in settled_for(cast.officer, now())
    assert approval not in settled_for(cast.reviewer, now())


def test_nobody_signs_a_kind_that_is_not_listed(cast: Cast) -> None:
    approval = submitted(cast, subject="surprise:1")
    with pytest.raises(deciding.NotYours):
        deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN)


def test_the_database_also_refuses_a_maker_who_checks(cast: Cast) -> None:
    approval = submitted(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(checker=cast.marketer)


def test_another_branchs_manager_cannot_sign(cast: Cast) -> None:
    approval = submitted(cast)
    for stranger in (cast.manager_binjiang, cast.outsider):
        with pytest.raises(deciding.NotYourBranch):
            deciding.approve(approval=approval, checker=stranger, content_hash=SEEN)


def test_what_has_run_out_cannot_be_signed(cast: Cast) -> None:
    approval = submitted(cast)
    run_out(approval)
    with pytest.raises(deciding.Expired) as refused:
        deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN)
    assert refused.value.sentence
    assert pending("target_list:1", now()) is None


def test_changed_content_cannot_be_signed(cast: Cast) -> None:
    approval = submitted(cast)
    with pytest.raises(deciding.ContentChanged):
        deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=OTHER)
    approval.refresh_from_db()
    assert approval.state == ApprovalState.PENDING


def test_sending_back_needs_a_reason_and_ends_the_request(cast: Cast) -> None:
    approval = submitted(cast)
    with pytest.raises(deciding.ReasonMissing):
        deciding.send_back(approval=approval, checker=cast.manager_xihu, reason="  ")
    deciding.send_back(approval=approval, checker=cast.manager_xihu, reason="too many")
    with pytest.raises(deciding.AlreadyDecided):
        deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN)
    assert in_force("target_list:1", SEEN, now()) is None
    assert submitted(cast).pk != approval.pk  # the maker may ask again


def test_only_one_request_waits_for_a_subject(cast: Cast) -> None:
    first = submitted(cast)
    with pytest.raises(deciding.AlreadyPending):
        submitted(cast)
    run_out(first)
    second = submitted(cast)
    first.refresh_from_db()
    assert (first.state, second.state) == ("expired", "pending")


def test_a_request_needs_a_future(cast: Cast) -> None:
    with pytest.raises(deciding.Expired):
        submitted(cast, hours=-1)


def test_a_signature_can_be_withdrawn_but_a_return_cannot(cast: Cast) -> None:
    approval = submitted(cast)
    deciding.approve(approval=approval, checker=cast.manager_xihu, content_hash=SEEN)
    deciding.withdraw(approval=approval, actor=None, reason="content changed")
    assert in_force("target_list:1", SEEN, now()) is None
    approval.refresh_from_db()
    assert approval.checker == cast.manager_xihu  # who had signed stays known
    with pytest.raises(deciding.AlreadyDecided):
        deciding.withdraw(approval=approval, actor=cast.marketer, reason="again")


def test_the_inbox_shows_a_managers_own_branch(cast: Cast) -> None:
    approval = submitted(cast)
    assert list(waiting_for(cast.manager_xihu, now())) == [approval]
    for other in (cast.manager_binjiang, cast.marketer, cast.outsider):
        assert not waiting_for(other, now()).exists()


def test_ends_stay_ends() -> None:
    for state in (ApprovalState.RETURNED, ApprovalState.WITHDRAWN, ApprovalState.EXPIRED):
        assert not TRANSITIONS[state]


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_wins() -> None:
    cast = make_cast()
    second_manager = person("deputy", Role.BRANCH_MANAGER, cast.xihu)
    approval = submitted(cast)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def decide(checker: User, back: bool) -> None:
        try:
            barrier.wait(10)
            if back:
                deciding.send_back(approval=approval, checker=checker, reason="no")
            else:
                deciding.approve(approval=approval, checker=checker, content_hash=SEEN)
            outcomes.append("decided")
        except deciding.AlreadyDecided:
            outcomes.append("late")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide, args=(cast.manager_xihu, False)),
        threading.Thread(target=decide, args=(second_manager, True)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided", "late"]
    decided = [
        kind
        for kind in Entry.objects.values_list("kind", flat=True)
        if kind != "approval.submitted"
    ]
    assert len(decided) == 1
