"""Histories, opt-out latency and the registers, in every format."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from approvals.deciding import FOR_GOOD
from audit.models import Entry
from audit.recording import record
from campaigns.models import Campaign
from clock.reading import now
from compliance import enacting, suppressing
from compliance.holding import place
from compliance.models import Attempt, Consent, Pack, PackVersion, Preference
from dialer.models import Call
from evidence.history import WHAT, contact_history
from evidence.latency import latencies, latency_sheet
from evidence.registers import exceptions, pack_changes
from evidence.sheets import FORMATS, Sheet, as_csv, as_json, as_pdf, as_xlsx, fold
from evidence.words import ACTS
from tests.evidence.conftest import Evening

pytestmark = pytest.mark.django_db(transaction=True)

SINCE = datetime(2026, 3, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
UNTIL = datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
TABLE = Sheet("表 T", [("a", "甲"), ("b", "B")], [["=1+1", 2], [SINCE, None]], ["说明"])


def test_a_table_is_written_in_each_format() -> None:
    lines = list(csv.reader(io.StringIO(as_csv(TABLE).decode("utf-8-sig"))))
    assert lines == [["甲", "B"], ["'=1+1", "2"], ["2026-03-01 00:00:00+08:00", ""]]
    page = load_workbook(io.BytesIO(as_xlsx(TABLE))).worksheets[0]
    assert [[cell.value for cell in row] for row in page.rows][1] == ["'=1+1", 2]
    assert json.loads(as_json(TABLE))["rows"][0] == {"a": "=1+1", "b": 2}
    assert as_pdf(TABLE).startswith(b"%PDF-")
    assert as_pdf(Sheet("empty", [("a", "A")], [])).startswith(b"%PDF-")


def test_a_history_tells_what_happened_in_order(evening: Evening) -> None:
    sheet = contact_history(evening.cast.wang)
    what = [row[1] for row in sheet.rows]
    times = [str(row[0]) for row in sheet.rows]
    assert times == sorted(times)
    wanted = ("consent", "allow", "attempt", "connect", "conversation", "opt_out")
    assert {str(WHAT[name]) for name in wanted} <= set(what)
    assert "王芳" not in json.dumps(sheet.rows, default=str, ensure_ascii=False)


def test_an_opt_out_in_the_call_ends_nothing_else(evening: Evening) -> None:
    *channels, together = latencies(SINCE, UNTIL, now())
    assert [each.channel for each in channels] == ["robot"]
    assert (together.channel, together.count, together.late) == (
        "all",
        1,
        0,
    )  # kept for her and for her number
    assert (together.under_way, together.longest) == (0, 0)


def ringing(evening: Evening, placed: datetime, ended: datetime | None) -> Call:
    zhao = evening.cast.zhao
    return Call.objects.create(
        kind="robot",
        campaign=evening.campaign,
        customer=zhao,
        number=zhao.numbers.get(),
        to="",
        planned_at=placed,
        placed_at=placed,
        ended_at=ended,
    )


def opt_out(evening: Evening, at: datetime) -> None:
    zhao = evening.cast.zhao
    suppressing.opt_out(customer_id=zhao.pk, number_id=None, source="app", evidence={}, at=at)


def test_the_time_until_the_last_call_under_way_ended_is_counted(evening: Evening) -> None:
    at = now()
    ringing(evening, at - timedelta(seconds=8), at + timedelta(seconds=1.5))
    ringing(evening, at - timedelta(hours=2), at - timedelta(hours=1))
    opt_out(evening, at)
    by_channel = {each.channel: each for each in latencies(SINCE, UNTIL, at)}
    assert (by_channel["app"].under_way, by_channel["app"].longest) == (1, 1.5)
    assert by_channel["app"].late == 0


def test_a_call_placed_after_the_no_is_counted_as_a_fault(evening: Evening) -> None:
    at = now()
    opt_out(evening, at)
    ringing(evening, at + timedelta(minutes=5), None)
    assert latencies(SINCE, UNTIL, at)[-1].late == 1


def test_nobody_who_said_no_is_nothing_to_count(evening: Evening) -> None:
    assert latencies(SINCE - timedelta(days=60), SINCE, now()) == []


def test_exceptions_and_rule_changes_come_from_the_audit(evening: Evening) -> None:
    hold = place(
        customer_id=evening.cast.sun.pk,
        number_id=None,
        reason="case",
        actor_id=evening.cast.officer.pk,
        at=now(),
    )
    (found,) = [row for row in exceptions(SINCE, UNTIL).rows if row[2] == "legal_hold.placed"]
    assert (found[4], found[5]) == (f"legal_hold:{hold.pk}", "officer")
    assert found[8] == Entry.objects.get(kind="legal_hold.placed").pk
    assert "pack.installed" in {row[2] for row in pack_changes(SINCE, UNTIL).rows}
    assert "target_list.approved" not in {row[2] for row in pack_changes(SINCE, UNTIL).rows}


def test_every_limit_that_a_pack_sets_to_null_is_an_exception(evening: Evening) -> None:
    def off() -> list[str]:
        rows = [row for row in exceptions(SINCE, UNTIL).rows if row[2] == "pack.limit_off"]
        return sorted(str(row[7]) for row in rows)

    assert off() == ["cn-bank@1.0 S1 max_amount_percent"]
    rules = [
        {"id": "X1", "limit": None, "hours": 24},
        {"id": "X2", "abandonment": {"at_least": None}, "each": [{"days": 1}, {"days": None}]},
    ]
    PackVersion.objects.create(
        pack=Pack.objects.create(code="x", name="x", layer="bank"), version="1.0",
        document={"rules": rules}, sha256="0" * 64, state="approved",
        effective_from=SINCE, created_at=SINCE,
    )  # fmt: skip
    assert off() == [
        "cn-bank@1.0 S1 max_amount_percent",
        "x@1.0 X1 limit",
        "x@1.0 X2 abandonment.at_least",
        "x@1.0 X2 each.2.days",
    ]


def test_registers_speak_as_people_do(evening: Evening) -> None:
    promised = {"customer": evening.cast.sun.pk, "expires_at": FOR_GOOD.isoformat()}
    record(kind="exemption.callback", actor_id=None, subject="exemption:1", payload=promised)
    record(kind="pack.signed", actor_id=None, subject="pack_version:1", payload={})
    with translation.override("en"):
        rows = exceptions(SINCE, UNTIL).rows
        (callback,) = [row for row in rows if row[2] == "exemption.callback"]
        (off,) = [row for row in rows if row[2] == "pack.limit_off"]
        (signed,) = [row for row in pack_changes(SINCE, UNTIL).rows if row[2] == "pack.signed"]
    assert callback[6] == f"Customer: {evening.cast.sun.bank_id} · Expires: For good"
    assert "12 months" in str(off[6]) and "{" not in str(off[6])
    assert signed[1] == "Rule pack signed"


def test_every_step_of_a_pack_has_a_word() -> None:
    assert {f"pack.{event}" for event in enacting._EVENTS.values()} <= set(ACTS)


def test_what_was_blanked_in_a_ledger_is_an_exception_with_its_decision(evening: Evening) -> None:
    said = {"rows": [1], "decision": "erasure:999"}
    record(kind="ledger.erased", actor_id=None, subject="robot_turn", payload=said)
    with translation.override("en"):
        (found,) = [row for row in exceptions(SINCE, UNTIL).rows if row[2] == "ledger.erased"]
    assert found[3] == "Ledger of dialogues"
    assert found[6] == "Decision: Request for erasure 999"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["opt-outs", "exceptions", "rules"])
def test_a_register_is_handed_out_and_that_is_noted(
    evening: Evening, client: Client, name: str, kind: str
) -> None:
    client.force_login(evening.cast.officer)
    span = {"since": "2026-03-01", "until": "2026-03-31"}
    answer = client.get(f"/compliance/evidence/registers/{name}/", {**span, "format": kind})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == FORMATS[kind][0]
    entry = Entry.objects.get(kind=f"evidence.{name.replace('-', '_')}")
    assert entry.actor_id == evening.cast.officer.pk
    page = client.get(f"/compliance/evidence/registers/{name}/", span)
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ({"since": "abc"}, "“abc” is no date"),
        ({"until": "2026-02-30"}, "“2026-02-30” is no date"),
        ({"since": "1999-12-31"}, "“1999-12-31” is no date that can be asked for"),
        ({"since": "2026-03-31", "until": "2026-03-01"}, "ends (2026-03-01) before it begins"),
    ],
)
@pytest.mark.parametrize(
    "address", ["/compliance/evidence/registers/rules/", "/compliance/evidence/abandonment/"]
)
def test_a_span_that_is_none_is_said_and_no_file_is_made_of_another(
    evening: Evening, client: Client, address: str, span: dict[str, str], said: str
) -> None:
    client.force_login(evening.cast.officer)
    assert said in html.unescape(client.get(address, span).content.decode())
    answer = client.get(address, {**span, "format": "csv"}, follow=True)
    assert "Content-Disposition" not in answer.headers
    assert said in html.unescape(answer.content.decode())
    assert not Entry.objects.filter(kind__in=["evidence.rules", "evidence.abandonment"]).exists()


def test_a_register_or_format_that_is_not_there_is_404(evening: Evening, client: Client) -> None:
    client.force_login(evening.cast.officer)
    assert client.get("/compliance/evidence/registers/dreams/").status_code == 404
    wrong = client.get("/compliance/evidence/registers/rules/", {"format": "doc"})
    assert wrong.status_code == 404


@pytest.mark.parametrize("kind", FORMATS)
def test_a_history_is_handed_out_to_who_says_why(
    evening: Evening, client: Client, kind: str
) -> None:
    client.force_login(evening.cast.officer)
    form = {"q": "C0001", "why": "customer_asks", "format": kind}
    answer = client.post("/compliance/evidence/history/", form)
    assert answer.status_code == 200
    assert Entry.objects.filter(kind="evidence.history").count() == 1
    for change in ({"why": ""}, {"q": "x"}):
        given = {**form, **change, "reference": "12378-7"}
        answer = client.post("/compliance/evidence/history/", given)
        assert "Content-Disposition" not in answer.headers
        shown = answer.content.decode()
        assert f'name="q" value="{given["q"]}"' in shown
        assert shown.count('value="12378-7"') == 1
    assert Entry.objects.filter(kind="evidence.history").count() == 1


def test_the_index_shows_the_latency(evening: Evening, client: Client) -> None:
    client.force_login(evening.cast.officer)
    page = client.get("/compliance/evidence/").content.decode()
    assert "Opt-out latency" in page
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "channel", "outcome"),
    [("zh-hans", "电话", "要求不再致电"), ("en", "Telephone", "Wants no more calls")],
)
def test_a_history_speaks_the_readers_language_and_keeps_the_codes_beside(
    evening: Evening, language: str, channel: str, outcome: str
) -> None:
    with translation.override(language):
        sheet = contact_history(evening.cast.wang)
    keys = [key for key, _heading in sheet.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in sheet.rows]
    (ended,) = [row for row in rows if row["what_code"] == "outcome"]
    assert (ended["channel"], ended["channel_code"]) == (channel, "voice")
    assert outcome in str(ended["detail"])
    assert ended["detail_code"] == "robot opt_out"
    (refused,) = [row for row in rows if row["what_code"] == "opt_out"]
    assert (refused["family_code"], refused["detail_code"]) == ("*", "robot")


def test_on_screen_and_paper_a_code_stands_under_its_words() -> None:
    columns = [("a", "甲"), ("a_code", "甲（代码）"), ("b", "乙"), ("c_code", "丙")]
    folded = fold(Sheet("T", columns, [["话", "voice", None, "alone"]]))
    assert folded.headings == ["甲", "乙", "丙"]
    assert folded.rows == [[("话", "voice"), ("", ""), ("alone", "")]]


def test_a_wish_is_told_in_words(evening: Evening) -> None:
    Preference.objects.create(
        customer=evening.cast.wang,
        no_robot=True,
        weekdays=[5, 6],
        hours=[[600, 690]],
        families_refused=["insurance"],
        conversations_per_year=1,
        since=now(),
    )
    with translation.override("en"):
        sheet = contact_history(evening.cast.wang)
    (row,) = [row for row in sheet.rows if row[2] == "preference"]
    assert row[8] == (
        "No robot · Only on: Saturday, Sunday · Only at: 10:00–11:30 · Not about: Insurance"
        " · At most 1 a year"
    )
    assert row[9] == "no_robot weekdays=5,6 hours=10:00–11:30 not=insurance per_year=1"


def test_names_from_outside_are_no_formulas(evening: Evening) -> None:
    """A campaign's name, a basis or a channel that somebody sent in."""
    Campaign.objects.update(name="=HYPERLINK(1)")
    Consent.objects.update(basis="+1+1", product_family="@SUM")
    text = as_csv(contact_history(evening.cast.wang)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'=HYPERLINK(1)" in cells and "'@SUM" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "设置法律保全"), ("en", "Legal hold placed")]
)
def test_a_register_names_acts_in_words(evening: Evening, language: str, words: str) -> None:
    hold = place(
        customer_id=evening.cast.sun.pk, number_id=None, reason="case",
        actor_id=evening.cast.officer.pk, at=now(),
    )  # fmt: skip
    with translation.override(language):
        (row,) = [r for r in exceptions(SINCE, UNTIL).rows if r[2] == "legal_hold.placed"]
    assert row[1] == words
    assert str(row[3]).endswith(f" {hold.pk}")
    assert row[4] == f"legal_hold:{hold.pk}"


def test_every_act_in_the_registers_has_words() -> None:
    """Of the kinds that stand in the code; a new one needs its line in words.py."""
    root = Path(settings.BASE_DIR)
    written: set[str] = set()
    for folder in ("compliance", "audit", "evidence"):
        for file in (root / folder).rglob("*.py"):
            written.update(re.findall(r'"([a-z_]+\.[a-z_]+)"', file.read_text()))
    beginnings = ("exemption.", "suppression.lifted", "kill_switch.", "legal_hold.", "pack.")
    assert {kind for kind in written if kind.startswith(beginnings)} <= set(ACTS)


def test_the_latency_register_names_channels_in_words(evening: Evening) -> None:
    with translation.override("en"):
        sheet = latency_sheet(SINCE, UNTIL, now())
    assert [row[:3] for row in sheet.rows] == [["To the robot", "robot", 1], ["All", "all", 1]]
