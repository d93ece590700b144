"""Staff numbers and test calls: two people verify, gate and carrier do as for every call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from clock.reading import now
from clock.setting import set_sandbox_clock
from compliance import staff_numbers
from compliance.models import (
    Attempt,
    Complaint,
    Contact,
    Decision,
    KillSwitch,
    StaffNumber,
    Suppression,
)
from dialer import clearing
from dialer.domain.call_state import CallState
from dialer.models import Call, Callback, Transfer, TrialCall
from dialer.placing import place_call
from dialer.snapshot import usages_of
from dialer.trial_calls import AlreadyRinging, NoTelephone, place_test_call
from dialer.wall import wall_snapshot
from insights.figures import figures
from robot.domain.versions import VersionState
from robot.models import Conversation, ScriptVersion
from tests.campaigns.making import TUESDAY
from tests.cast import Cast
from tests.dialer.line import Line, running_campaign, spoken, verbs
from tests.dialer.stub_carrier import StubCarrier
from tests.kept import kept

pytestmark = pytest.mark.django_db(transaction=True)

MINE = "138 0571 0099"


@pytest.fixture
def carrier(settings: Settings) -> Iterator[StubCarrier]:
    settings.SANDBOX = True
    settings.CARRIER = "sandbox"
    stub = StubCarrier()
    settings.TWILIO_API_BASE = stub.base
    yield stub
    stub.close()


@pytest.fixture
def campaign_id(cast: Cast, carrier: StubCarrier) -> int:
    return running_campaign(cast).pk


@pytest.fixture
def number(cast: Cast, campaign_id: int) -> StaffNumber:
    """The writer's own telephone, verified with the officer's help (hashing is slow on purpose)."""
    return kept("number", lambda: verified_number(cast), campaign_id)


def verified_number(cast: Cast) -> StaffNumber:
    entered = staff_numbers.enter(cast.writer, MINE, at=now())
    code = staff_numbers.show_code(entered, to=cast.officer, at=now())
    assert staff_numbers.verify(cast.writer, code, at=now())
    entered.refresh_from_db()
    return entered


def version() -> ScriptVersion:
    return ScriptVersion.objects.get(script__code="cc-instalment-prescreen")


def placed(cast: Cast, **of_version: object) -> Line:
    """A test call that the carrier took."""
    ScriptVersion.objects.filter(pk=version().pk).update(**of_version)
    call = place_test_call(cast.writer, version())
    place_call(call.pk)
    call.refresh_from_db()
    return Line(call)


def test_a_number_is_verified_by_a_code_that_a_colleague_was_shown(
    cast: Cast, number: StaffNumber
) -> None:
    assert number.e164 == "+8613805710099"
    assert number.verified_at is not None
    assert number.code_hash == ""
    assert number.code_by == cast.officer


def test_nobody_is_shown_their_own_code(cast: Cast, db: None) -> None:
    entered = staff_numbers.enter(cast.officer, MINE, at=now())
    with pytest.raises(staff_numbers.OwnNumber):
        staff_numbers.show_code(entered, to=cast.officer, at=now())


def test_five_wrong_answers_end_a_code(cast: Cast, db: None) -> None:
    entered = staff_numbers.enter(cast.writer, MINE, at=now())
    code = staff_numbers.show_code(entered, to=cast.officer, at=now())
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert not staff_numbers.verify(cast.writer, wrong, at=now())
    assert not staff_numbers.verify(cast.writer, code, at=now())


def test_a_code_ends_after_eight_hours(cast: Cast, db: None) -> None:
    entered = staff_numbers.enter(cast.writer, MINE, at=now())
    code = staff_numbers.show_code(entered, to=cast.officer, at=now())
    assert not staff_numbers.verify(cast.writer, code, at=now() + timedelta(hours=8))


def test_another_number_must_be_verified_anew(cast: Cast, number: StaffNumber) -> None:
    changed = staff_numbers.enter(cast.writer, "13805710098", at=now())
    assert changed.verified_at is None
    with pytest.raises(NoTelephone):
        place_test_call(cast.writer, version())


@pytest.mark.parametrize("text", ["", "12345", "95588", "abc", "138****0099"])
def test_what_is_no_number_is_not_kept(cast: Cast, text: str) -> None:
    with pytest.raises(staff_numbers.NotANumber):
        staff_numbers.enter(cast.writer, text, at=now())


def test_a_number_has_one_owner(cast: Cast, number: StaffNumber) -> None:
    with pytest.raises(staff_numbers.Taken):
        staff_numbers.enter(cast.officer, MINE, at=now())


def test_a_draft_is_heard_on_ones_own_telephone_through_gate_and_carrier(
    cast: Cast, number: StaffNumber, carrier: StubCarrier
) -> None:
    line = placed(cast, state=VersionState.DRAFT.value, published_at=None)
    assert line.call.sid, line.call.cause
    assert carrier.created[-1]["To"] == "+8613805710099"
    attempt = Attempt.objects.get()
    assert (attempt.purpose, attempt.kind, attempt.customer_id) == ("test", "test", None)
    assert attempt.staff_number_id == number.pk
    decision = Decision.objects.get()
    assert (decision.verdict, decision.purpose) == ("allow", "test")
    assert decision.facts["staff_number"]["id"] == number.pk
    assert "湖城银行" in spoken(line.answer())
    assert "Gather" in verbs(line.say("方便"))


def test_what_is_said_in_a_test_has_no_effect_outside(
    cast: Cast, number: StaffNumber, campaign_id: int
) -> None:
    line = placed(cast)
    line.answer()
    assert "Hangup" in verbs(line.say("别再打了，我要投诉"))
    line.status("completed", CallDuration="12")
    assert line.call.state == CallState.COMPLETED
    assert not Suppression.objects.exists()
    assert not Complaint.objects.exists()
    again = placed(cast)
    assert again.call.sid
    assert clearing.clear(now()) == 0  # and nobody has to review it


def test_no_agent_is_promised_to_a_test(cast: Cast, number: StaffNumber) -> None:
    line = placed(cast)
    twiml = line.until_consent_asked()
    assert "转接" not in spoken(twiml)
    line.say("明天下午三点")
    assert not Transfer.objects.exists()
    assert not Callback.objects.exists()


def test_it_is_marked_in_the_ledger_and_left_out_of_every_figure(
    cast: Cast, number: StaffNumber, campaign_id: int
) -> None:
    before = figures(campaign_id).as_json()
    line = placed(cast)
    line.answer()
    line.say("方便")
    line.status("completed", CallDuration="20")
    assert set(Contact.objects.values_list("purpose", flat=True)) == {"test"}
    assert {"attempt", "connect", "conversation"} <= set(
        Contact.objects.values_list("kind", flat=True)
    )
    assert figures(campaign_id).as_json() == before
    shown = wall_snapshot(now())
    assert (shown["today"]["placed"], shown["today"]["conversations"]) == (0, 0)
    assert not any(shown["stages"].values())
    assert Conversation.objects.get().trial
    assert line.call.caller_id is not None
    campaign = line.call.caller_id.campaign_set.get()
    assert [usage.today for usage in usages_of([campaign], now())[campaign.pk]] == [0]


def test_the_eleventh_of_a_day_is_refused(cast: Cast, number: StaffNumber) -> None:
    for index in range(10):
        Attempt.objects.create(
            purpose="test",
            actor="robot",
            kind="test",
            staff_number_id=number.pk,
            idempotency_key=f"test-{index}",
            state="closed",
            reserved_at=now() - timedelta(hours=1),
            valid_until=now(),
        )
    line = placed(cast)
    assert line.call.state == CallState.REFUSED
    assert line.call.cause == "gate:CAP_T1"


def test_calling_hours_hold(cast: Cast, number: StaffNumber) -> None:
    set_sandbox_clock(sim=TUESDAY + timedelta(hours=9), speed=0.000001)
    assert "WINDOW" in placed(cast).call.cause


def test_the_kill_switch_holds(cast: Cast, number: StaffNumber) -> None:
    KillSwitch.objects.create(reason="test", thrown_at=now())
    assert "KILL_SWITCH" in placed(cast).call.cause


def test_a_number_that_lost_its_verification_before_the_dial_is_not_rung(
    cast: Cast, number: StaffNumber, carrier: StubCarrier
) -> None:
    call = place_test_call(cast.writer, version())
    StaffNumber.objects.update(verified_at=None)
    place_call(call.pk)
    call.refresh_from_db()
    assert call.cause == "gate:TEST_NUMBER_UNVERIFIED"
    assert carrier.created == []


def test_one_telephone_rings_once(cast: Cast, number: StaffNumber) -> None:
    place_test_call(cast.writer, version())
    with pytest.raises(AlreadyRinging):
        place_test_call(cast.writer, version())


# --- the page -------------------------------------------------------------------------------------


def test_from_entering_a_number_to_hearing_a_script(
    cast: Cast, campaign_id: int, client: Client
) -> None:
    client.force_login(cast.writer)
    assert client.get("/test-calls/").status_code == 200
    client.post("/test-calls/number/", {"number": MINE})
    entered = StaffNumber.objects.get()
    colleague = Client()
    colleague.force_login(cast.operator)
    page = colleague.post(f"/test-calls/{entered.pk}/show-code/")
    code = page.context["shown"]["code"]
    assert code in page.content.decode()
    assert code not in colleague.get("/test-calls/").content.decode()
    client.post("/test-calls/code/", {"code": code})
    client.post("/test-calls/ring/", {"version": str(version().pk)})
    test = TrialCall.objects.get()
    assert test.user == cast.writer
    page_now = client.get("/test-calls/").content.decode()
    assert "+8613805710099" not in page_now
    assert Call.objects.get(pk=test.call_id).state == CallState.PLANNED


def test_who_writes_scripts_is_shown_nobodys_code(
    cast: Cast, campaign_id: int, client: Client
) -> None:
    entered = staff_numbers.enter(cast.officer, MINE, at=now())
    client.force_login(cast.writer)
    assert client.post(f"/test-calls/{entered.pk}/show-code/").status_code == 403
