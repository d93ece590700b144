"""Bringing in a year: preview, four eyes, corrections, and the warning before it is too late."""

from __future__ import annotations

import html
import re
from datetime import date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.domain.roles import Role
from accounts.models import User
from approvals import deciding
from audit.models import Entry
from compliance import calendar_importing, calendars
from compliance.calendar_doubts import doubts
from compliance.calendar_importing import Unreadable
from compliance.domain.calendar import DayType
from compliance.domain.decide import decide
from compliance.facts import load
from compliance.models import CalendarYear
from tests.cast import person
from tests.compliance.conftest import Bank, make_bank, set_time
from tests.compliance.world import beijing, human

NOTICE = "关于2027年部分节假日安排的通知"
CSV = """\
date,kind,name,name_en
2027-01-01,statutory,元旦,New Year
2027-01-02,statutory,元旦,New Year
2027/02/05,放假,春节,Spring Festival
2027-01-03,上班,,
"""
YAML = """\
country: CN
year: 2027
source: notice
statutory:
  - {name: 元旦, name_en: New Year, days: [2027-01-01]}
adjusted_work: [2027-01-03]
"""


@pytest.fixture
def bank(db: None) -> Bank:
    return make_bank()


@pytest.fixture
def maker(bank: Bank) -> User:
    return person("maker", Role.COMPLIANCE)


@pytest.fixture
def checker(bank: Bank) -> User:
    return person("checker", Role.COMPLIANCE)


def browser(user: User) -> Client:
    user.language = "en"
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


def looked_at(client: Client, text: str, **fields: str) -> str:
    file = SimpleUploadedFile("2027.csv", text.encode())
    address = reverse("calendar-preview")
    answer = client.post(address, {"file": file, "source": NOTICE, **fields}, follow=True)
    return answer.content.decode()


def confirmed_in(shown: str) -> str:
    """What the page's box says when it is ticked; "" when there is none."""
    found = re.search(r'name="confirmed" value="([a-z0-9_,]+)"', shown)
    return found[1] if found else ""


def submitted(client: Client, text: str = CSV) -> CalendarYear:
    fields = {"text": text, "source": NOTICE, "submit": "1"}
    fields["confirmed"] = confirmed_in(looked_at(client, text))
    answer = client.post(reverse("calendar-preview"), fields, follow=True)
    assert "A colleague must sign it now" in answer.content.decode()
    return CalendarYear.objects.latest("pk")


def sign(client: Client, year: CalendarYear) -> str:
    shown = client.get(reverse("calendar-year", args=[year.pk])).content.decode()
    found = re.search(r'name="content_hash" value="([0-9a-f]{64})"', shown)
    seen = found[1] if found else ""
    answer = client.post(
        reverse("calendar-step", args=[year.pk, "sign"]),
        {"content_hash": seen, "confirmed": confirmed_in(shown)},
        follow=True,
    )
    year.refresh_from_db()
    return answer.content.decode()


def test_a_table_and_a_document_are_read_alike() -> None:
    table = calendar_importing.read(CSV, country="CN", source=NOTICE)
    assert table.days() == {
        date(2027, 1, 1): DayType.STATUTORY,
        date(2027, 1, 2): DayType.STATUTORY,
        date(2027, 2, 5): DayType.STATUTORY,
        date(2027, 1, 3): DayType.ADJUSTED_WORK,
    }
    assert [holiday.name_en for holiday in table.statutory] == ["New Year", "Spring Festival"]
    assert calendar_importing.read(YAML, country="XX").country == "CN"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "empty"),
        ("date,kind\n", "no days"),
        ("date,kind\n2027-13-01,statutory\n", "line 2: “2027-13-01” is no date; write it like"),
        ("date,kind\n1月1日,statutory\n", "line 2: “1月1日” is no date"),
        ("date,kind\n,statutory\n", "line 2: “” is no date"),
        ("date,kind\n" + "9" * 5000 + "-1-1,statutory\n", "line 2: “9{40}” is no date"),
        ("date,kind\n2027-01-01,party\n", "line 2: “party” is no kind of day; write statutory"),
        ("date,kind\n2027-01-01\n", "line 2: “” is no kind of day"),
        ("date,kind\n2027-01-01,statutory\n2028-01-01,statutory\n", "line 3: 2028-01-01 lies in"),
        ("date,kind\n2027-01-04,adjusted_work\n", "line 2: 2027-01-04 is no Saturday"),
        ("date,kind\n2027-01-02,statutory\n2027-01-02,adjusted_work\n", "line 3: .* in line 2"),
        ("year: 2027", "country: This is missing"),
        ("{{{", "plain text|not closed|line 1"),
        ("a: &a [*a]", "too large"),
        ("date,kind\n" + "2027-01-01,statutory\n" * 5000, "too large"),
    ],
)
def test_what_is_no_calendar_is_refused_with_its_place(text: str, detail: str) -> None:
    with override("en"), pytest.raises(Unreadable) as refused:
        calendar_importing.read(text, country="CN")
    assert re.search(detail, refused.value.detail)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The submitted file is empty."),
        (b"\x89PNG\r\n\x1a\n\xff\xff", "This is no text"),
        (b"date,kind\n2027-01-01,statutory\n\x00", "NUL|line"),
        ("date,kind\n2027-13-01,放假\n".encode("gbk"), "line 2: “2027-13-01” is no date"),
        (YAML.replace("2027-01-01", "2027-13-01").encode(), "A date in it does not exist"),
        (YAML.replace("[2027-01-03]", "[2027-01-04]").encode(), "a Saturday or a Sunday"),
        ("客户号\nX\n".encode(), "a table begins with date,kind,name,name_en"),
        (b"country: [", "line 1: A quotation mark or bracket is not closed"),
        (
            b"country: CN\nyear: 99999999999999999999\nsource: x\nstatutory: []\n",
            "year: It must be at most",
        ),
        (YAML.replace("2027-01-01", "'1 Jan'").encode(), "statutory.0.days.0: This is no date"),
    ],
)
def test_what_is_no_calendar_is_said_at_the_file_and_the_rest_stays(
    maker: User, content: bytes, said: str
) -> None:
    file = SimpleUploadedFile("2027.csv", content)
    answer = browser(maker).post(
        reverse("calendar-preview"), {"file": file, "source": NOTICE}, follow=True
    )
    shown = html.unescape(answer.content.decode())
    assert re.search(said, shown.split('name="file"')[1].split("</div>")[0])
    assert f'value="{NOTICE}"' in shown


def test_a_table_without_its_notice_is_refused_at_that_field(maker: User) -> None:
    shown = looked_at(browser(maker), CSV, source=" ")
    assert "Name the notice" in shown.split('name="source"')[1].split("</div>")[0]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
def test_a_table_is_read_as_spreadsheets_save_it(maker: User, encoding: str) -> None:
    file = SimpleUploadedFile("2027.csv", CSV.encode(encoding))
    answer = browser(maker).post(reverse("calendar-preview"), {"file": file, "source": NOTICE})
    assert "3 days off, 1 adjusted workdays" in answer.content.decode()


def test_looking_at_a_file_keeps_nothing(maker: User) -> None:
    before = CalendarYear.objects.count()
    shown = looked_at(browser(maker), CSV)
    assert NOTICE in shown
    assert "3 days off, 1 adjusted workdays" in shown
    assert 'class="statutory' in shown
    assert "This year is not loaded yet" in shown
    assert CalendarYear.objects.count() == before


def test_a_year_comes_in_force_by_two_people_and_holds_at_once(
    bank: Bank, maker: User, checker: User
) -> None:
    at = beijing("2027-01-03 10:30")  # a Sunday that is worked
    pair = [(bank.x.pk, bank.home.pk)]
    intent = human(
        customer_id=bank.x.pk,
        number_id=bank.home.pk,
        product_id=bank.product.pk,
        caller_id_id=bank.caller_id.pk,
    )

    def codes() -> list[str]:
        loaded = load(pair, intent, since=at, at=at)
        return decide(loaded.facts[0], intent, loaded.stack, loaded.now).codes

    CalendarYear.objects.filter(year=2027).update(in_force=False)
    assert "CAL_MISSING" in codes()
    year = submitted(browser(maker))
    assert "CAL_MISSING" in codes()
    assert "Whoever submitted this cannot decide it" in sign(browser(maker), year)
    assert reverse("calendar-year", args=[year.pk]) in (
        browser(checker).get(reverse("approvals-inbox")).content.decode()
    )
    assert "It is in force." in sign(browser(checker), year)
    assert (year.in_force, year.state) == (True, "approved")
    assert codes() == []
    kinds = Entry.objects.filter(subject=f"calendar_year:{year.pk}").order_by("id")
    assert list(kinds.values_list("kind", "actor_id")) == [
        ("approval.submitted", maker.pk),
        ("calendar.submitted", maker.pk),
        ("approval.approved", checker.pk),
        ("calendar.installed", checker.pk),
    ]


def test_a_correction_is_a_new_version_and_shows_its_differences(
    maker: User, checker: User
) -> None:
    first = submitted(browser(maker))
    sign(browser(checker), first)
    corrected = CSV.replace("2027-01-03,上班", "2027-01-09,上班")
    shown = looked_at(browser(maker), corrected)
    assert "2027-01-03" in shown and "2027-01-09" in shown
    assert shown.count("changed") >= 2
    second = submitted(browser(maker), corrected)
    sign(browser(checker), second)
    first.refresh_from_db()
    assert (first.in_force, second.in_force) == (False, True)
    assert calendars.days_of(first.sha256)[date(2027, 1, 3)] is DayType.ADJUSTED_WORK
    # set-up runs again and leaves what people signed alone
    calendars.install_shipped_calendars()
    second.refresh_from_db()
    assert second.in_force
    # and the first may be brought back, by two people again
    submitted(browser(maker))
    sign(browser(checker), first)
    second.refresh_from_db()
    assert (first.in_force, second.in_force) == (True, False)


def test_a_year_with_one_holiday_is_doubted_and_confirmed_by_both(
    maker: User, checker: User
) -> None:
    one_day = "date,kind,name\n2028-01-01,statutory,元旦\n"
    shown = looked_at(browser(maker), one_day)
    assert "This year does not look whole." in shown
    assert "No statutory holiday is named for Spring Festival." in shown
    assert "No statutory holiday is named for National Day." in shown
    assert "for New Year." not in shown
    fields = {"text": one_day, "source": NOTICE, "submit": "1"}
    for wrong in ("", "without_spring_festival", "on"):
        answer = browser(maker).post(reverse("calendar-preview"), {**fields, "confirmed": wrong})
        assert "Compare it with the notice and confirm it." in answer.content.decode()
    assert not CalendarYear.objects.filter(year=2028).exists()

    year = submitted(browser(maker), one_day)
    page = browser(checker).get(reverse("calendar-year", args=[year.pk])).content.decode()
    assert "This year does not look whole." in page and 'name="confirmed"' in page
    address = reverse("calendar-step", args=[year.pk, "sign"])
    seen = {"content_hash": calendar_importing.signed_hash(year)}
    refused = browser(checker).post(address, seen, follow=True).content.decode()
    assert "Compare it with the notice and confirm it." in refused
    year.refresh_from_db()
    assert not year.in_force
    assert "It is in force." in sign(browser(checker), year)
    installed = Entry.objects.get(kind="calendar.installed", subject=f"calendar_year:{year.pk}")
    assert "without_national_day" in installed.payload["confirmed"]


def test_far_fewer_days_than_in_force_or_the_year_before_are_said(db: None) -> None:
    for document in calendars.read_shipped("CN"):
        calendars.install(document)
    last = calendars.read_shipped("CN")[-1]
    half = dict(sorted(last.days().items())[: len(last.days()) // 2])
    with override("en"):
        same_year = [each.sentence for each in doubts("CN", last.year, half)]
        assert f"the version in force names {len(last.days())}." in same_year[0]
        moved = {day.replace(year=last.year + 1): kind for day, kind in half.items()}
        CalendarYear.objects.filter(year=last.year + 1).update(in_force=False)
        year_after = [each.sentence for each in doubts("CN", last.year + 1, moved)]
        assert f"{last.year} had {len(last.days())}." in year_after[0]


@pytest.mark.parametrize("country", ["CN", "US", "GB"])
def test_no_shipped_year_is_doubted(db: None, country: str) -> None:
    for document in calendars.read_shipped(country):
        assert doubts(country, document.year, document.days()) == []
        calendars.install(document)


def test_the_days_in_force_are_not_submitted_again(maker: User, checker: User) -> None:
    sign(browser(checker), submitted(browser(maker)))
    fields = {"text": CSV, "source": NOTICE, "submit": "1"}
    answer = browser(maker).post(reverse("calendar-preview"), fields, follow=True)
    assert "in force already" in answer.content.decode()


def test_a_returned_year_shows_why_and_the_same_file_may_come_again(
    maker: User, checker: User
) -> None:
    year = submitted(browser(maker))
    browser(checker).post(
        reverse("calendar-step", args=[year.pk, "return"]), {"reason": "Page 2 is missing"}
    )
    year.refresh_from_db()
    assert year.state == "refused"
    shown = browser(maker).get(reverse("calendar-year", args=[year.pk])).content.decode()
    assert "Page 2 is missing" in shown
    again = submitted(browser(maker))
    assert (again.pk, again.state) == (year.pk, "waiting")
    taken = browser(maker).post(reverse("calendar-step", args=[year.pk, "take-back"]), follow=True)
    assert "Taken back." in taken.content.decode()


def test_the_database_lets_nothing_unsigned_come_in_force(maker: User) -> None:
    year = submitted(browser(maker))
    CalendarYear.objects.filter(year=2027).exclude(pk=year.pk).update(in_force=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarYear.objects.filter(pk=year.pk).update(in_force=True)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATIONS])
def test_a_reader_brings_nothing_in(maker: User, role: Role) -> None:
    year = submitted(browser(maker))
    client = browser(person("reader", role))
    assert "Bring in a year" not in client.get(reverse("calendars")).content.decode()
    assert client.post(reverse("calendar-preview"), {"text": CSV}).status_code == 403
    assert client.post(reverse("calendar-step", args=[year.pk, "sign"])).status_code == 403
    with pytest.raises(deciding.NotYours):
        calendar_importing.sign(
            year, User.objects.get(username="reader"), calendar_importing.signed_hash(year)
        )


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (beijing("2026-11-30 12:00"), []),
        (beijing("2026-12-01 00:00"), [2027]),
        (beijing("2027-01-01 09:00"), [2027]),
    ],
)
def test_a_year_that_is_due_is_asked_for_from_december_on(
    maker: User, client: Client, now: datetime, missing: list[int]
) -> None:
    CalendarYear.objects.filter(year=2027).update(in_force=False)
    set_time(now)
    shown = browser(maker).get(reverse("calendars")).content.decode()
    assert ("The calendar of 2027 is not loaded" in shown) is bool(missing)
    assert client.get("/readyz").json()["calendar_years_missing"] == missing
    hub = browser(maker).get(reverse("compliance")).content.decode()
    assert ("1 pressing" in hub) is bool(missing)
