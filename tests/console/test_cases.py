"""Cases: opened from any number, handled by somebody else, answered in time, learned from."""

from __future__ import annotations

import hashlib
import html
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import Branch, User
from agents.models import Agent, Team
from audiences.models import Number
from audit.models import Entry
from campaigns.approving import approve_list
from campaigns.models import Campaign
from clock.setting import set_sandbox_clock
from compliance import suppressing
from compliance.cases import CaseRefused, assign, pressing, remind
from compliance.complaints import open_case
from compliance.domain.case_terms import answer_by
from compliance.holding import held
from compliance.models import CaseNotice, Complaint, LegalHold, Suppression
from dialer.domain.transfer_state import TransferState
from dialer.models import Call, Recording
from dialer.recordings import file_of
from tests.campaigns.making import TUESDAY, list_of, make_world, submitted
from tests.cast import Cast, person
from tests.compliance.world import beijing
from tests.insights.making import make_call, make_transfer
from tests.robot.voice_server import wav

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def do(user: User, address: str, **fields: object) -> str:
    """POST and read what the page says then."""
    answer = signed_in(user).post(address, fields, follow=True)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def opened(user: User, **fields: str) -> Complaint:
    """A case opened through the form."""
    given = {"channel": "12378", "reference": "", "text": "骚扰电话", **fields}
    answer = signed_in(user).post("/compliance/cases/new/", given)
    assert answer.status_code == 302, html.unescape(answer.content.decode())
    return Complaint.objects.latest("pk")


def called(cast: Cast) -> Campaign:
    """Wang was called and handed over to agent Lin."""
    campaign = submitted(cast)
    xihu = list_of(campaign, "HZ-XH")
    approve_list(xihu, cast.manager_xihu, xihu.content_hash)
    call = make_call(xihu.leads.get(customer=cast.wang), outcome="TRANSFERRED")
    team = Team.objects.get(name="一队")
    agent = Agent.objects.create(user=cast.agent_lin, team=team)
    make_transfer(call, TransferState.DONE, connected=True, agent=agent)
    return campaign


def steps_of(case: Complaint) -> list[str]:
    return list(case.events.order_by("pk").values_list("step", flat=True))


# --- opening -------------------------------------------------------------------------------------


def test_a_number_that_we_never_called_gets_a_case_a_suppression_and_a_statement(
    cast: Cast,
) -> None:
    case = opened(cast.officer, number="(0571) 8765 4321")
    assert case.customer is None
    assert case.number is not None and case.number.e164 == "+8657187654321"
    assert Suppression.objects.filter(number=case.number, source="complaint").exists()
    shown = page(cast.officer, f"/compliance/cases/{case.pk}/")
    assert "No call of ours was placed to this person in this time." in shown
    assert "87654321" not in shown
    printed = page(cast.officer, f"/compliance/cases/{case.pk}/file/")
    assert "no call to this person was placed by this system" in printed
    assert "+8657187654321" in printed


def test_a_number_of_one_customer_is_that_customers_case_and_of_two_is_nobodys(
    cast: Cast,
) -> None:
    case = opened(cast.officer, number="13905710001")
    assert (case.customer, case.branch) == (cast.wang, cast.xihu)
    assert opened(cast.officer, number="13905710003").customer is None


def test_terms_count_from_when_the_complaint_came_in(cast: Cast) -> None:
    case = opened(cast.officer, bank_id="C0001", received="2026-03-09T23:00")
    assert case.forward_due_at is not None and case.due_at is not None
    assert case.forward_due_at.isoformat() == "2026-03-12T16:00:00+00:00"
    assert case.due_at.isoformat() == "2026-03-24T16:00:00+00:00"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": "", "bank_id": ""}, "Give a telephone number or a customer id."),
        ({"number": "1390571"}, "The number is too short."),
        ({"number": "", "bank_id": "C9999"}, "No customer of yours has this id."),
        ({"number": "13905710001", "received": "2030-01-01T00:00"}, "still to come"),
    ],
)
def test_what_is_wrong_with_an_opening_is_said_at_the_field(
    cast: Cast, fields: dict[str, str], said: str
) -> None:
    answer = signed_in(cast.officer).post(
        "/compliance/cases/new/", {"channel": "12321", "text": "x", **fields}
    )
    assert said in html.unescape(answer.content.decode())
    assert not Complaint.objects.exists()


def asked(user: User, **fields: object) -> str:
    """What the form asks before it opens a case; nothing is opened."""
    before = Complaint.objects.count()
    given = {"channel": "12378", "text": "骚扰电话", **fields}
    answer = signed_in(user).post("/compliance/cases/new/", given)
    assert answer.status_code == 200
    assert Complaint.objects.count() == before
    return html.unescape(answer.content.decode())


def key_in(shown: str) -> str:
    """The confirmation that is asked for."""
    return shown.split('name="confirmed" value="')[1].split('"')[0]


def refused_in_2019(cast: Cast) -> None:
    """The bank's first record."""
    suppressing.opt_out(
        customer_id=cast.zhao.pk,
        number_id=None,
        source="app",
        evidence={},
        at=beijing("2019-06-01 10:00"),
    )


def test_a_complaint_of_more_than_a_year_ago_is_opened_only_when_somebody_says_so(
    cast: Cast,
) -> None:
    refused_in_2019(cast)
    fields = {"bank_id": "C0001", "text": "x", "received": "2024-03-09T23:00"}
    shown = asked(cast.officer, **fields)
    assert "Received on 2024-03-09: that is more than a year ago." in shown
    assert not Complaint.objects.exists()
    case = opened(cast.officer, **fields, confirmed=key_in(shown))
    assert case.due_at is not None and case.due_at.year == 2024


def test_a_complaint_from_before_the_banks_first_record_is_refused(cast: Cast) -> None:
    refused_in_2019(cast)
    for absurd in ("1990-01-01T00:00", "0001-01-01T00:00", "2019-05-31T00:00"):
        shown = asked(cast.officer, bank_id="C0001", text="x", received=absurd)
        assert "The bank's records begin on 2019-06-01" in html.unescape(
            shown.split('name="received"')[1].split("</div>")[0]
        ), absurd
    Suppression.objects.all().delete()
    assert "records begin on 2016-03-" in html.unescape(
        asked(cast.officer, bank_id="C0001", text="x", received="1990-01-01T00:00")
    )
    assert not Complaint.objects.exists()


def test_a_number_that_is_not_the_customers_is_joined_only_when_somebody_says_so(
    cast: Cast,
) -> None:
    given = {"bank_id": "C0001", "number": "13905710002"}
    shown = asked(cast.officer, **given)
    assert "we know it as somebody else's" in shown
    assert 'value="13905710002"' in shown  # what was typed is still there
    assert not Suppression.objects.exists()
    stranger = asked(cast.officer, bank_id="C0001", number="13900009999")
    assert "no customer of ours is called on it" in stranger
    assert not Number.objects.filter(e164="+8613900009999").exists()
    # what was said of another number does not count
    asked(cast.officer, **given, confirmed=key_in(stranger))
    case = opened(cast.officer, **given, confirmed=key_in(shown))
    assert case.customer == cast.wang
    assert case.number == Number.objects.get(e164="+8613905710002")
    written = Entry.objects.get(kind="complaint.opened")
    assert written.payload["number_not_theirs"] is True
    assert "Not a number of this customer" in page(cast.officer, f"/compliance/cases/{case.pk}/")


def test_the_customers_own_number_is_nothing_to_ask_about(cast: Cast) -> None:
    case = opened(cast.officer, bank_id="C0001", number="139 0571 0001")
    assert case.evidence == {"opened_by": cast.officer.pk}


@pytest.mark.parametrize(
    "again",
    [
        {"number": "13905710001"},  # the same day
        {"bank_id": "C0001"},  # the same person by another name
        {"number": "13900008888", "reference": "12378-77"},  # what the regulator calls it
    ],
)
def test_a_complaint_that_is_on_record_is_shown_before_a_second_case_is_opened(
    cast: Cast, again: dict[str, str]
) -> None:
    first = opened(cast.officer, number="13905710001", reference="12378-77")
    shown = asked(cast.officer, **again)
    assert "may be the same matter" in shown
    assert f"/compliance/cases/{first.pk}/" in shown
    second = opened(cast.officer, **again, confirmed=key_in(shown))
    written = Entry.objects.filter(kind="complaint.opened").latest("pk")
    assert written.payload["beside"] == [first.pk]
    about = page(cast.officer, f"/compliance/cases/{second.pk}/")
    assert (
        f'<a href="/compliance/cases/{first.pk}/">'
        in about.split("<dt>Another matter than</dt>")[1]
    )


def test_another_way_another_day_or_another_branch_is_another_matter(cast: Cast) -> None:
    opened(cast.officer, number="13905710001")
    opened(cast.officer, number="13905710001", channel="12345")
    opened(cast.officer, number="13905710001", received="2026-03-09T10:00")
    # whose cases one may not see, those are not shown to them
    opened(cast.officer, bank_id="C0003", channel="branch", reference="A-1")
    opened(cast.manager_xihu, number="13900007777", channel="branch", reference="A-1")


def test_a_complaint_said_to_the_robot_is_a_case_about_that_call(cast: Cast) -> None:
    call = make_call(submitted(cast).leads.get(customer=cast.wang))
    case = open_case(
        customer_id=cast.wang.pk,
        number_id=call.number_id,
        source="robot",
        evidence={"call": str(call.public_id)},
        at=TUESDAY,
    )
    assert (case.call_ref, case.branch_id) == (call.public_id, cast.xihu.pk)
    assert "Said to the robot" in page(cast.officer, f"/compliance/cases/{case.pk}/")


# --- who sees and who handles --------------------------------------------------------------------


def test_a_branch_sees_its_own_cases_and_head_office_all(cast: Cast) -> None:
    mine = opened(cast.officer, number="13905710001")
    nobodys = opened(cast.officer, number="0571-87654321")
    manager = signed_in(cast.manager_binjiang)
    for case in (mine, nobodys):
        assert manager.get(f"/compliance/cases/{case.pk}/").status_code == 404
        assert manager.get(f"/compliance/cases/{case.pk}/file.json").status_code == 404
        assert manager.post(f"/compliance/cases/{case.pk}/answer/").status_code == 404
    assert signed_in(cast.manager_xihu).get(f"/compliance/cases/{mine.pk}/").status_code == 200
    listed = page(cast.officer, "/compliance/cases/")
    assert (
        f"/compliance/cases/{mine.pk}/" in listed and f"/compliance/cases/{nobodys.pk}/" in listed
    )


def test_steering_a_case_is_head_offices(cast: Cast) -> None:
    case = opened(cast.manager_xihu, number="13905710001", channel="branch")
    client = signed_in(cast.manager_xihu)
    for step in ("assign", "extend", "close", "reopen"):
        assert client.post(f"/compliance/cases/{case.pk}/steps/{step}/").status_code == 403
    assert client.post(f"/compliance/cases/{case.pk}/hold/").status_code == 403
    officer = signed_in(cast.officer)
    assert officer.post(f"/compliance/cases/{case.pk}/steps/nonsense/").status_code == 404


def test_opening_a_case_page_and_handing_its_file_out_are_written_down(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    page(cast.officer, f"/compliance/cases/{case.pk}/")
    page(cast.officer, f"/compliance/cases/{case.pk}/file/")
    written = Entry.objects.filter(kind="record.opened", subject=f"complaint:{case.pk}")
    assert [entry.payload.get("export") for entry in written.order_by("id")] == [None, "print"]
    looked = Entry.objects.get(kind="customer.looked_at")
    assert looked.payload == {"why": "case", "reference": f"case-{case.pk}"}


def test_nobody_complained_of_may_handle_or_see_the_case(cast: Cast) -> None:
    campaign = called(cast)
    Campaign.objects.filter(pk=campaign.pk).update(maker=cast.reviewer)
    case = opened(cast.officer, number="13905710001")
    shown = page(cast.officer, f"/compliance/cases/{case.pk}/")
    barred = shown.split("May not handle it")[1].split("</dd>")[0]
    assert "agent_lin" in barred and "reviewer" in barred
    assert (
        f'value="{cast.reviewer.pk}"'
        not in shown.split('id="assign-handler"')[1].split("</select>")[0]
    )
    said = do(cast.officer, f"/compliance/cases/{case.pk}/steps/assign/", handler=cast.reviewer.pk)
    assert "Somebody the complaint is about may not act in its case." in said
    assert signed_in(cast.reviewer).get(f"/compliance/cases/{case.pk}/").status_code == 404
    with pytest.raises(CaseRefused, match="complained_of"):
        assign(
            case,
            handler_id=cast.agent_lin.pk,
            actor_id=cast.officer.pk,
            barred={cast.agent_lin.pk},
            at=TUESDAY,
        )


# --- the way of a case ---------------------------------------------------------------------------


def test_a_case_goes_from_opening_to_a_remedy(cast: Cast) -> None:
    campaign = called(cast)
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}"
    given = do(cast.officer, f"{at}/steps/assign/", handler=cast.manager_xihu.pk)
    assert "Handed on." in given and "→ manager_xihu" in given.split('class="steps"')[1]
    assert "The term is extended." in do(cast.officer, f"{at}/steps/extend/", reason="需核实录音")
    # only the handler answers, and what was typed by another is not lost on the way
    assert "Somebody else handles this." in do(cast.officer, f"{at}/answer/", text="抱歉")
    assert "Write the answer." in do(cast.manager_xihu, f"{at}/answer/", text="  ")
    assert "Answered." in do(cast.manager_xihu, f"{at}/answer/", text="抱歉，已登记不再来电。")
    closed = do(
        cast.officer,
        f"{at}/steps/close/",
        cause="words",
        upheld="yes",
        owner=cast.writer.pk,
        note="开场白太长",
    )
    assert "The cause has gone to its owner." in closed
    case.refresh_from_db()
    assert (case.state, case.product_id, case.script_version_id) == (
        "closed",
        campaign.product_id,
        campaign.script_version_id,
    )
    found = page(cast.writer, "/compliance/findings/")
    assert "开场白太长" in found
    assert "C0001" not in found and "王" not in found
    do(cast.writer, f"/compliance/findings/{case.pk}/", text="已缩短开场白")
    assert "已缩短开场白" in page(cast.officer, f"{at}/")
    assert steps_of(case) == ["opened", "assigned", "extended", "answered", "closed", "remedied"]
    kinds = Entry.objects.filter(kind__startswith="complaint.").order_by("id")
    assert [entry.kind.removeprefix("complaint.") for entry in kinds] == steps_of(case)
    texts = json.dumps([entry.payload for entry in kinds], ensure_ascii=False)
    assert "录音" not in texts and "抱歉" not in texts


@pytest.mark.parametrize(
    ("step", "field", "typed", "said"),
    [
        ("steps/assign", "handler", "", "Choose who handles it."),
        ("steps/assign", "handler", "9" * 5000, "This person cannot handle it"),
        ("steps/assign", "handler", "a\x00", "This person cannot handle it"),
        ("steps/extend", "reason", " ", "Give a reason."),
        ("steps/extend", "reason", "x" * 501, "at most 500 characters"),
        ("steps/extend", "reason", "a\x00b", "Null characters are not allowed."),
        ("answer", "text", "x" * 8001, "at most 8000 characters"),
        ("answer", "text", "\x00", "Null characters are not allowed."),
        ("hold", "reason", "", "Give a reason."),
        ("hold", "reason", "x\x00", "Null characters are not allowed."),
    ],
)
def test_a_mistake_in_a_step_is_said_at_its_field_and_what_was_typed_stays(
    cast: Cast, step: str, field: str, typed: str, said: str
) -> None:
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}"
    do(cast.officer, f"{at}/steps/assign/", handler=cast.officer.pk)
    before = steps_of(case)
    shown = do(cast.officer, f"{at}/{step}/", **{field: typed})
    name = step.rpartition("/")[2]
    assert said in shown.split(f'id="{name}-{field}"')[1].split("</div>")[0]
    assert shown.count("errorlist") == 1
    if field != "handler" and typed.strip() and "\x00" not in typed:
        assert typed in shown
    assert steps_of(case) == before and not LegalHold.objects.exists()


def test_a_case_is_closed_with_a_cause_and_a_verdict(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}"
    do(cast.officer, f"{at}/steps/assign/", handler=cast.officer.pk)
    do(cast.officer, f"{at}/answer/", text="抱歉")
    shown = do(cast.officer, f"{at}/steps/close/", note="开场白太长", owner="99999999999999999999")
    for said in ("Choose the cause.", "Say whether it was justified.", "Select a valid choice."):
        assert said in shown
    assert 'value="开场白太长"' in shown
    said = do(cast.officer, f"{at}/steps/close/", cause="words", upheld="no")
    assert "The cause went to nobody." in said


def test_a_case_speaks_in_words_and_names(cast: Cast) -> None:
    cast.agent_lin.last_name, cast.agent_lin.first_name = "林", "晓"
    cast.agent_lin.save()
    called(cast)
    call = Call.objects.get(customer=cast.wang)
    Call.objects.filter(pk=call.pk).update(duration_s=153, outcome="", state="completed")
    Suppression.objects.create(
        customer=cast.wang,
        source="opt_out",
        via="agent",
        since=TUESDAY,
        evidence={
            "agent": Agent.objects.get().pk,
            "note": "别再打了",
            "call": str(call.public_id),
            "score": 0.98,
        },
    )
    case = opened(cast.officer, number="13905710001")
    shown = page(cast.officer, f"/compliance/cases/{case.pk}/")
    basis = shown.split('id="basis"')[1].split("</section>")[0]
    for word in ("At a branch", "To an agent", "12378 (banking regulator)", "别再打了"):
        assert word in basis
    for raw in ("opened_by", ">branch<", "score", str(call.public_id)):
        assert raw not in basis
    assert "officer" in basis.split("Written down by")[1][:60]
    calls = shown.split('id="calls"')[1].split("</section>")[0]
    for word in ("2 min 33 s", "The robot called", "Ended", "+86139****0001"):
        assert word in calls
    assert cast.agent_lin.get_full_name() in basis and cast.agent_lin.get_full_name() in calls


def test_a_term_is_extended_twice_and_no_more(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}/steps"
    do(cast.officer, f"{at}/assign/", handler=cast.reviewer.pk)
    received = case.created_at
    for days in (30, 60):
        do(cast.officer, f"{at}/extend/", reason="复杂")
        case.refresh_from_db()
        assert case.due_at is not None
        assert timedelta(days=days) < case.due_at - received <= timedelta(days=days + 1)
    assert "cannot be extended any further" in do(cast.officer, f"{at}/extend/", reason="复杂")
    # another handler keeps the longer term
    do(cast.officer, f"{at}/assign/", handler=cast.officer.pk)
    case.refresh_from_db()
    assert (case.state, case.handler) == ("extended", cast.officer)


def test_a_step_that_was_taken_elsewhere_is_refused(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    seen = Complaint.objects.get(pk=case.pk)
    barred: set[int] = set()
    at = TUESDAY
    assign(case, handler_id=cast.reviewer.pk, actor_id=cast.officer.pk, barred=barred, at=at)
    with pytest.raises(CaseRefused, match="moved_on"):
        assign(seen, handler_id=cast.officer.pk, actor_id=cast.officer.pk, barred=barred, at=at)
    said = do(cast.officer, f"/compliance/cases/{case.pk}/steps/close/", cause="other", upheld="no")
    assert "The case has moved on meanwhile." in said


def test_a_complainant_who_is_not_content_reopens_the_case(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}"
    do(cast.officer, f"{at}/steps/assign/", handler=cast.officer.pk)
    do(cast.officer, f"{at}/answer/", text="抱歉")
    assert "The case is open again." in do(cast.officer, f"{at}/steps/reopen/", reason="不满意")
    case.refresh_from_db()
    assert (case.state, case.handler, case.extensions) == ("assigned", cast.officer, 0)


def test_an_answer_put_off_after_reopening_counts_from_the_reopening(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001", received="2026-01-05T10:00")
    at = f"/compliance/cases/{case.pk}"
    do(cast.officer, f"{at}/steps/assign/", handler=cast.officer.pk)
    do(cast.officer, f"{at}/answer/", text="抱歉")
    do(cast.officer, f"{at}/steps/reopen/", reason="不满意")
    do(cast.officer, f"{at}/steps/extend/", reason="等录音")
    case.refresh_from_db()
    assert (case.state, case.extensions) == ("extended", 1)
    assert case.due_at == answer_by(TUESDAY, 1, "Asia/Shanghai")


def test_a_findings_remedy_is_its_owners(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    Complaint.objects.filter(pk=case.pk).update(cause="product", owner=cast.marketer)
    writer = signed_in(cast.writer)
    assert writer.post(f"/compliance/findings/{case.pk}/", {"text": "x"}).status_code == 404
    assert "Nothing for you" in page(cast.writer, "/compliance/findings/")


# --- reminders, files, holds ---------------------------------------------------------------------


def test_terms_press_and_remind_once(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    other = opened(cast.officer, number="13905710002", received="2026-02-25T10:00")
    everything = Complaint.objects.all()
    assert list(pressing(everything, TUESDAY)) == [other]
    assert set(pressing(everything, TUESDAY + timedelta(days=3))) == {case, other}
    assert remind(TUESDAY) == 2
    assert remind(TUESDAY) == 0
    kinds = CaseNotice.objects.filter(complaint=other).values_list("kind", flat=True)
    assert set(kinds) == {"forward_late", "answer_soon"}
    assert "1 pressing" in page(cast.officer, "/compliance/")
    do(cast.officer, f"/compliance/cases/{other.pk}/steps/assign/", handler=cast.officer.pk)
    set_sandbox_clock(sim=TUESDAY + timedelta(days=10), speed=0.000001)
    listed = page(cast.officer, "/compliance/cases/?show=pressing")
    assert "overdue" in listed
    assert CaseNotice.objects.filter(complaint=other, kind="answer_late").exists()


def test_the_exported_file_holds_calls_words_consents_and_refusals(cast: Cast) -> None:
    called(cast)
    case = opened(cast.officer, number="13905710001")
    answer = signed_in(cast.officer).get(f"/compliance/cases/{case.pk}/file.json")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="case-{case.pk}.json"'
    found = json.loads(answer.content)
    assert found["case"]["number"] == "+8613905710001"
    assert found["no_call_was_placed"] is False
    assert [(call["placed"], call["agent"]) for call in found["calls"]] == [(True, "agent_lin")]
    assert [consent["basis"] for consent in found["consents"]] == ["branch"]
    assert {one["source"] for one in found["suppressions"]} == {"complaint"}


def recorded(case: Complaint) -> Recording:
    """The only call of the case's customer, with its sound."""
    sound = wav(1)
    sha256 = hashlib.sha256(sound).hexdigest()
    file_of(sha256).parent.mkdir(parents=True, exist_ok=True)
    file_of(sha256).write_bytes(sound)
    return Recording.objects.create(
        call=Call.objects.get(customer=case.customer),
        sid="RE" + "1" * 32,
        state="kept",
        seconds=1,
        announced_at=TUESDAY,
        kept_at=TUESDAY,
        sha256=sha256,
        size=len(sound),
    )


def test_the_recording_of_a_call_is_heard_on_its_case_and_that_is_written_down(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    called(cast)
    case = opened(cast.officer, number="13905710001")
    kept = recorded(case)
    address = f"/compliance/cases/{case.pk}/recordings/{kept.pk}/"
    assert address in page(cast.officer, f"/compliance/cases/{case.pk}/")
    assert kept.sha256 in page(cast.officer, f"/compliance/cases/{case.pk}/file/")
    answer = signed_in(cast.officer).get(address)
    assert answer.getvalue()[:4] == b"RIFF"
    assert answer.headers["Content-Type"] == "audio/wav"
    entry = Entry.objects.filter(kind="record.opened").latest("pk")
    assert (entry.subject, entry.actor_id) == (f"recording:{kept.sid}", cast.officer.pk)
    found = json.loads(
        signed_in(cast.officer).get(f"/compliance/cases/{case.pk}/file.json").content
    )
    assert found["calls"][0]["recordings"][0]["sha256"] == kept.sha256


def test_a_recording_is_nobodys_who_may_not_see_the_case(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    called(cast)
    case = opened(cast.officer, number="13905710001")
    kept = recorded(case)
    address = f"/compliance/cases/{case.pk}/recordings/{kept.pk}/"
    # another branch's, the agent who is complained of, another case's, one that is not kept
    assert signed_in(cast.manager_binjiang).get(address).status_code == 404
    assert signed_in(cast.agent_lin).get(address).status_code == 403
    other = opened(cast.officer, number="13900009999")
    elsewhere = f"/compliance/cases/{other.pk}/recordings/{kept.pk}/"
    assert signed_in(cast.officer).get(elsewhere).status_code == 404
    file_of(kept.sha256).unlink()
    assert signed_in(cast.officer).get(address).status_code == 404
    Recording.objects.update(state="erased", sha256="")
    assert signed_in(cast.officer).get(address).status_code == 404
    assert "erased with the person" in page(cast.officer, f"/compliance/cases/{case.pk}/")


def test_a_planned_call_that_was_refused_was_not_placed(cast: Cast) -> None:
    campaign = submitted(cast)
    lead = campaign.leads.get(customer=cast.wang)
    call = make_call(lead)
    type(call).objects.filter(pk=call.pk).update(state="refused", placed_at=None)
    case = opened(cast.officer, number="13905710001")
    found = json.loads(
        signed_in(cast.officer).get(f"/compliance/cases/{case.pk}/file.json").content
    )
    assert found["no_call_was_placed"] is True
    assert [one["placed"] for one in found["calls"]] == [False]


def test_a_hold_is_placed_by_one_and_released_by_another(cast: Cast) -> None:
    case = opened(cast.officer, number="13905710001")
    at = f"/compliance/cases/{case.pk}/hold/"
    assert "Nothing about this person is erased" in do(cast.officer, at, reason="诉讼")
    assert held([cast.wang.pk]) == {cast.wang.pk}
    hold = LegalHold.objects.get()
    assert hold.case == case
    said = do(cast.officer, at, reason="结案", release=hold.pk)
    assert "Who placed a hold does not release it." in said
    assert "The hold is released." in do(cast.reviewer, at, reason="结案", release=hold.pk)
    assert held([cast.wang.pk]) == set()
    again = do(cast.reviewer, at, reason="结案", release=hold.pk)
    assert "released it already" in again


def test_a_hold_of_another_case_is_not_released_here(cast: Cast) -> None:
    mine = opened(cast.officer, number="13905710001")
    other = opened(cast.officer, number="13905710002")
    do(cast.officer, f"/compliance/cases/{other.pk}/hold/", reason="诉讼")
    client = signed_in(cast.reviewer)
    for wanted in (LegalHold.objects.get().pk, "9" * 5000, "x", ""):
        fields = {"reason": "结案", "release": wanted}
        assert client.post(f"/compliance/cases/{mine.pk}/hold/", fields).status_code == 404
    assert held([cast.li.pk]) == {cast.li.pk}


def test_a_handler_comes_from_the_cases_branch_or_head_office(cast: Cast) -> None:
    elsewhere = person("elsewhere", None, Branch.objects.get(code="HZ-BJ"))
    elsewhere.groups.set(cast.manager_binjiang.groups.all())
    case = opened(cast.officer, number="13905710001")
    options = page(cast.officer, f"/compliance/cases/{case.pk}/").split('id="assign-handler"')[1]
    options = options.split("</select>")[0]
    assert "manager_xihu" in options and "officer" in options
    assert "elsewhere" not in options and "manager_binjiang" not in options


def test_a_number_that_stood_already_is_not_made_twice(cast: Cast) -> None:
    opened(cast.officer, number="0571-87654321")
    opened(cast.officer, number="+86 571 8765 4321", channel="12345")
    assert Number.objects.filter(e164="+8657187654321").count() == 1
