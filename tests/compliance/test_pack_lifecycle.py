"""A pack version from draft to force: four eyes, no back-dating, frozen, ended by two."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import InternalError, transaction

from accounts.domain.roles import Role
from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from audit.models import Entry
from compliance import drafting, enacting
from compliance.domain.decide import decide
from compliance.domain.pack_state import Phase
from compliance.facts import load
from compliance.models import PackVersion
from compliance.packs import in_force
from tests.cast import person
from tests.compliance.conftest import Bank, set_time
from tests.compliance.world import attempt, beijing, clean_facts, human

NOW = beijing("2026-11-24 10:00")
BEGINS = beijing("2026-12-01 00:00")


@pytest.fixture
def maker(bank: Bank) -> User:
    return person("maker", Role.COMPLIANCE)


@pytest.fixture
def checker(bank: Bank) -> User:
    return person("checker", Role.COMPLIANCE)


def draft(maker: User, *, limit: int | None = 1, begins: datetime = BEGINS) -> PackVersion:
    """A draft of cn-bank with another limit of attempts a day."""
    made = drafting.draft_from(PackVersion.objects.get(version="1.0"), maker)
    return changed(made, maker, limit=limit, begins=begins)


def changed(
    made: PackVersion, maker: User, *, limit: int | None, begins: datetime | None = None
) -> PackVersion:
    rules = [
        {**rule, "limit": limit} if rule["id"] == "C1" else rule for rule in made.document["rules"]
    ]
    return drafting.save(
        made,
        {**made.document, "rules": rules},
        actor=maker,
        seen=made.sha256,
        effective_from=begins,
    )


def signed(maker: User, checker: User, **changes: int | None) -> PackVersion:
    made = draft(maker, **changes)  # type: ignore[arg-type]
    enacting.submit(made, maker)
    return enacting.sign(made, checker, enacting.signed_hash(made))


def test_a_version_is_drafted_submitted_signed_and_takes_over_in_its_time(
    maker: User, checker: User
) -> None:
    made = draft(maker)
    assert (made.version, made.document["effective_from"]) == ("1.1", "2026-12-01")
    assert enacting.phase_of(made, NOW) is Phase.DRAFT
    enacting.submit(made, maker)
    enacting.sign(made, checker, enacting.signed_hash(made), "agreed")
    made.refresh_from_db()
    assert enacting.phase_of(made, NOW) is Phase.SCHEDULED
    assert in_force(BEGINS - timedelta(microseconds=1)).refs == ("cn-bank@1.0",)
    assert in_force(BEGINS).refs == ("cn-bank@1.1",)
    assert enacting.phase_of(made, BEGINS) is Phase.IN_FORCE
    first = PackVersion.objects.get(version="1.0")
    assert enacting.phase_of(first, BEGINS) is Phase.SUPERSEDED
    kinds = Entry.objects.filter(subject=f"pack_version:{made.pk}").order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == [
        "pack.drafted",
        "pack.draft_saved",
        "pack.submitted",
        "approval.submitted",
        "approval.approved",
        "pack.signed",
    ]


def test_what_was_queued_under_the_first_is_judged_by_the_second(
    maker: User, checker: User
) -> None:
    signed(maker, checker)
    facts = clean_facts(BEGINS, contacts=(attempt("2026-12-01 09:00"),))
    monday, tuesday = beijing("2026-11-30 14:00"), beijing("2026-12-01 14:00")
    queued = decide(clean_facts(monday), human(), in_force(monday), monday)
    assert (queued.allowed, queued.packs) == (True, ("cn-bank@1.0",))
    dialled = decide(replace(facts), human(), in_force(tuesday), tuesday)
    assert (dialled.codes, dialled.packs) == (["CAP_C1"], ("cn-bank@1.1",))
    assert dialled.reasons[0].limit == 1
    # and what it changed is known by the name that the decision keeps
    version, changed = enacting.changed_by(dialled.reasons[0].pack)
    assert str(version) == "cn-bank@1.1"
    assert [(c.rule_id, [(f.name, f.old, f.new) for f in c.fields]) for c in changed] == [
        ("C1", [("limit", 2, 1)])
    ]
    assert enacting.changed_by("cn-bank@1.0")[1] == ()
    assert enacting.changed_by("campaign:7") == (None, ())


def test_the_gates_own_statement_reads_the_version_of_the_moment(
    bank: Bank, maker: User, checker: User
) -> None:
    signed(maker, checker)
    pair = [(bank.x.pk, bank.home.pk)]
    before = load(pair, human(), since=NOW, at=BEGINS - timedelta(microseconds=1))
    assert before.stack.refs == ("cn-bank@1.0",)
    assert load(pair, human(), since=NOW, at=BEGINS).stack.refs == ("cn-bank@1.1",)


def test_nobody_signs_their_own_version(maker: User) -> None:
    made = draft(maker)
    enacting.submit(made, maker)
    with pytest.raises(deciding.MakerIsChecker):
        enacting.sign(made, maker, enacting.signed_hash(made))


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SUPERVISOR, Role.REVIEWER, None])
def test_only_compliance_signs(maker: User, role: Role | None) -> None:
    made = draft(maker)
    enacting.submit(made, maker)
    with pytest.raises(deciding.NotYours):
        enacting.sign(made, person("other", role), enacting.signed_hash(made))


def test_nothing_is_back_dated(maker: User, checker: User) -> None:
    late = draft(maker, begins=NOW)
    with pytest.raises(enacting.BackDated):
        enacting.submit(late, maker)
    made = changed(late, maker, limit=1, begins=BEGINS)
    enacting.submit(made, maker)
    set_time(BEGINS)
    with pytest.raises(enacting.BackDated):
        enacting.sign(made, checker, enacting.signed_hash(made))
    # the maker takes it back and gives it another beginning
    back = enacting.take_back(made, maker)
    again = changed(back, maker, limit=1, begins=BEGINS + timedelta(days=7))
    enacting.submit(again, maker)
    enacting.sign(again, checker, enacting.signed_hash(again))


def test_a_signature_is_on_what_was_shown(maker: User, checker: User) -> None:
    made = draft(maker)
    shown = enacting.signed_hash(made)
    again = changed(made, maker, limit=2)
    enacting.submit(again, maker)
    with pytest.raises(deciding.ContentChanged):
        enacting.sign(again, checker, shown)


def test_only_its_maker_changes_a_draft_and_nobody_what_is_submitted(
    maker: User, checker: User
) -> None:
    made = draft(maker)
    with pytest.raises(drafting.NotYourDraft):
        changed(made, checker, limit=2)
    with pytest.raises(drafting.NotYourDraft):
        enacting.submit(made, checker)
    enacting.submit(made, maker)
    with pytest.raises(drafting.NotYourDraft):
        changed(made, maker, limit=2)


def test_two_windows_do_not_write_over_each_other(maker: User) -> None:
    made = draft(maker)
    changed(made, maker, limit=2)
    with pytest.raises(drafting.ChangedMeanwhile):
        changed(made, maker, limit=3)


def test_a_returned_version_is_changed_and_submitted_again(maker: User, checker: User) -> None:
    made = draft(maker)
    enacting.submit(made, maker)
    with pytest.raises(deciding.ReasonMissing):
        enacting.send_back(made, checker, " ")
    back = enacting.send_back(made, checker, "Too strict")
    assert Approval.objects.latest("pk").note == "Too strict"
    again = changed(back, maker, limit=2)
    enacting.submit(again, maker)
    enacting.sign(again, checker, enacting.signed_hash(again))
    assert in_force(BEGINS).refs == ("cn-bank@1.1",)


def test_a_signed_version_is_withdrawn_before_it_begins_and_not_after(
    maker: User, checker: User
) -> None:
    made = signed(maker, checker)
    with pytest.raises(enacting.ReasonMissing):
        enacting.withdraw(made, checker, "")
    set_time(BEGINS)
    with pytest.raises(enacting.WrongStep):
        enacting.withdraw(made, checker, "regret")
    set_time(NOW)
    enacting.withdraw(made, checker, "regret")
    assert in_force(BEGINS).refs == ("cn-bank@1.0",)


def test_what_is_in_force_ends_by_two_people_and_the_one_before_takes_over(
    maker: User, checker: User
) -> None:
    made = signed(maker, checker)
    with pytest.raises(enacting.WrongStep):
        enacting.ask_to_end(made, maker, "wrong limit")
    set_time(BEGINS + timedelta(hours=1))
    enacting.ask_to_end(made, maker, "wrong limit")
    with pytest.raises(deciding.MakerIsChecker):
        enacting.sign_end(made, maker, enacting.end_hash(made))
    ended = enacting.sign_end(made, checker, enacting.end_hash(made))
    later = BEGINS + timedelta(hours=2)
    assert enacting.phase_of(ended, later) is Phase.ENDED
    assert in_force(later).refs == ("cn-bank@1.0",)
    # what was true stays true
    assert in_force(BEGINS + timedelta(minutes=1)).refs == ("cn-bank@1.1",)


def test_the_last_version_of_all_packs_ended_blocks_every_call(maker: User, checker: User) -> None:
    first = PackVersion.objects.get()
    enacting.ask_to_end(first, maker, "closing down")
    enacting.sign_end(first, checker, enacting.end_hash(first))
    later = NOW + timedelta(minutes=1)
    assert decide(clean_facts(later), human(), in_force(later), later).codes == ["DEP_PACK"]


def test_the_database_itself_keeps_a_signed_version_as_it_is(maker: User, checker: User) -> None:
    made = signed(maker, checker)
    rows = PackVersion.objects.filter(pk=made.pk)
    changes: tuple[dict[str, Any], ...] = (
        {"document": {}},
        {"sha256": "0" * 64},
        {"effective_from": NOW},
        {"version": "9"},
        {"maker": checker, "checker": None},
    )
    for change in changes:
        with pytest.raises(InternalError, match="frozen"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(InternalError, match="never deleted"), transaction.atomic():
        rows.delete()


def test_the_database_itself_refuses_a_signature_after_the_beginning(
    maker: User, checker: User
) -> None:
    made = draft(maker)
    enacting.submit(made, maker)
    rows = PackVersion.objects.filter(pk=made.pk)
    with pytest.raises(InternalError, match="signed by somebody"), transaction.atomic():
        rows.update(state="approved")
    set_time(BEGINS + timedelta(seconds=1))
    with pytest.raises(InternalError, match="begins after"), transaction.atomic():
        rows.update(state="approved", checker=checker)


def test_a_draft_with_mistakes_is_kept_and_not_submitted(maker: User) -> None:
    made = draft(maker)
    rules = [{**rule, "kind": "moon_phase"} for rule in made.document["rules"][:1]]
    wrong = drafting.save(made, {**made.document, "rules": rules}, actor=maker, seen=made.sha256)
    assert [problem.kind for problem in drafting.mistakes_of(wrong)] == ["unknown_kind"]
    with pytest.raises(enacting.HasMistakes):
        enacting.submit(wrong, maker)


def test_a_draft_keeps_its_pack_and_its_names_are_used_once(maker: User) -> None:
    made = draft(maker)
    for change in ({"pack": "other"}, {"layer": "country"}):
        with pytest.raises(drafting.AnotherPack):
            drafting.save(made, {**made.document, **change}, actor=maker, seen=made.sha256)
    with pytest.raises(drafting.VersionTaken):
        drafting.save(made, {**made.document, "version": "1.0"}, actor=maker, seen=made.sha256)
    with pytest.raises(drafting.NotReadable):
        drafting.save(made, {**made.document, "zone": "Mars"}, actor=maker, seen=made.sha256)
    assert drafting.draft_from(made, maker).version == "1.2"


def test_a_new_layer_begins_as_a_draft_and_tightens_only_when_signed(
    maker: User, checker: User
) -> None:
    document = {
        "pack": "cn-33",
        "version": "1",
        "layer": "province",
        "name_zh": "浙江",
        "name_en": "Zhejiang",
        "zone": "Asia/Shanghai",
        "areas": ["CN-33"],
        "rules": [
            {
                "id": "Z1",
                "kind": "cap",
                "basis": "policy",
                "legal_ref": "test",
                "zh": "零",
                "en": "never",
                "per": ["customer"],
                "window": {"calendar": "day"},
                "limit": 0,
            }
        ],
    }
    made = drafting.draft_of_new_pack(document, maker)
    tomorrow = beijing("2026-11-25 10:00")
    assert made.effective_from == beijing("2026-11-25 00:00")
    assert decide(clean_facts(tomorrow), human(), in_force(tomorrow), tomorrow).allowed
    enacting.submit(made, maker)
    enacting.sign(made, checker, enacting.signed_hash(made))
    stack = in_force(tomorrow)
    assert stack.refs == ("cn-33@1", "cn-bank@1.0")
    assert decide(clean_facts(tomorrow), human(), stack, tomorrow).codes == ["CAP_Z1"]
    with pytest.raises(drafting.AnotherPack):
        drafting.draft_of_new_pack({**document, "layer": "bank", "version": "2"}, maker)
