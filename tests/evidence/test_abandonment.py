"""Abandoned calls by the denominator of each pack, from the counts that the gate divides."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Entry
from campaigns.models import Campaign
from compliance.counting import counts_by_day, tally
from compliance.domain.facts import CampaignCounts
from compliance.domain.pack import content_hash
from compliance.domain.rules.pacing import Abandonment
from compliance.models import Contact, Pack, PackVersion
from compliance.packs import read_shipped
from evidence.abandonment import Judgement, Line, abandonment, abandonment_sheet
from evidence.certificate import certificate
from evidence.certificate_pdf import certificate_pdf
from evidence.domain.periods import days_of, period_of
from evidence.sheets import FORMATS
from tests.campaigns.making import make_campaign
from tests.cast import Cast

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = datetime(2026, 3, 1, tzinfo=SHANGHAI)
UNTIL = datetime(2026, 4, 1, tzinfo=SHANGHAI)
TENTH = datetime(2026, 3, 10, 14, tzinfo=SHANGHAI)


def write(campaign_id: int, kind: str, at: datetime, count: int = 1, outcome: str = "") -> None:
    Contact.objects.bulk_create(
        Contact(
            at=at,
            kind=kind,
            campaign_id=campaign_id,
            outcome=outcome,
            actor="robot",
            purpose="marketing",
            attempt_id=uuid.uuid4(),
        )
        for _number in range(count)
    )


def in_force(name: str, since: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
    document = read_shipped(name)
    pack = Pack.objects.create(code=name, name=document["name_zh"], layer=document["layer"])
    PackVersion.objects.create(
        pack=pack,
        version=document["version"],
        document=document,
        sha256=content_hash(document),
        state="approved",
        effective_from=since,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    made = make_campaign(cast)
    Campaign.objects.filter(pk=made.pk).update(
        starts_at=datetime(2026, 2, 20, tzinfo=SHANGHAI), ends_at=UNTIL
    )
    made.refresh_from_db()
    # on the tenth: 200 answered (50 of them machines), 40 agreed, 3 of these met nobody
    write(made.pk, "connect", TENTH, 200)
    write(made.pk, "outcome", TENTH, 50, "machine")
    write(made.pk, "outcome", TENTH, 2, "machine_wrong")
    write(made.pk, "consented", TENTH, 40)
    write(made.pk, "abandon", TENTH, 3)
    return made


def lines(campaign: Campaign, since: datetime = SINCE, until: datetime = UNTIL) -> list[Line]:
    return [line for _one, found in abandonment([campaign], since, until) for line in found]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        # the bank's own: of those who agreed, each day; 40 are too few to judge
        ("cn-bank", [("P1", 3, 40, date(2026, 3, 10), 1, Judgement.FEW)]),
        # the TSR: of those who answered, in successive 30 days from the campaign's first
        ("us-tsr", [("P1", 3, 150, date(2026, 2, 19), 30, Judgement.WITHIN)]),
        # Ofcom: each 24 hours, people taken for machines among the abandoned
        (
            "uk-ofcom",
            [
                ("P1", 5, 150, date(2026, 3, 10), 1, Judgement.OVER),
                ("P2", 5, 150, date(2026, 3, 10), 1, Judgement.OVER),
            ],
        ),
    ],
)
def test_each_pack_divides_in_its_own_way(
    campaign: Campaign, pack: str, expected: list[tuple[object, ...]]
) -> None:
    in_force(pack)
    # days are the pack's own: what begins at midnight in Shanghai began the day before in New York
    assert [
        (
            line.definition.rule,
            line.abandoned,
            line.of,
            line.period.first,
            (line.period.last - line.period.first).days + 1,
            line.judgement,
        )
        for line in lines(campaign)
    ] == expected


@pytest.mark.django_db
def test_a_hundred_who_agreed_are_enough_and_three_percent_is_over(campaign: Campaign) -> None:
    in_force("cn-bank")
    write(campaign.pk, "consented", TENTH, 60)
    (line,) = lines(campaign)
    assert (line.abandoned, line.of, line.percent) == (3, 100, 3.0)
    assert line.judgement is Judgement.OVER  # the guard stops at 3 % itself


OWN = {
    "rules": [
        {"id": "STRICT", "kind": "pacing", "zh": "放弃率", "en": "Half a percent and no more",
         "abandonment": {"of": "answered", "hours": 24, "stop_above_percent": 0.5}}
    ]
}  # fmt: skip


@pytest.mark.django_db
def test_a_campaigns_own_guard_counts_for_that_campaign_only(
    campaign: Campaign, cast: Cast, client: Client
) -> None:
    in_force("cn-bank")
    other = make_campaign(cast)
    Campaign.objects.filter(pk=other.pk).update(starts_at=SINCE, ends_at=UNTIL)
    other.refresh_from_db()
    write(other.pk, "connect", TENTH, 10)
    write(other.pk, "abandon", TENTH, 10)
    Campaign.objects.filter(pk=campaign.pk).update(limits=OWN)
    campaign.refresh_from_db()
    both = abandonment([campaign, other], SINCE, UNTIL)
    assert [(one.rule, one.guard.stop_above_percent) for one, _lines in both] == [
        ("P1", 3.0),
        ("STRICT", 0.5),
    ]
    (own,) = both[1][1]
    assert (own.campaign_id, own.abandoned, own.of) == (campaign.pk, 3, 150)
    assert own.judgement is Judgement.OVER
    assert own.definition.zone == SHANGHAI
    # certificate, page and file
    found = certificate(campaign)["abandonment"]
    assert [(each["pack"], each["rule"]) for each in found] == [
        ("cn-bank@1.0", "P1"),
        (f"campaign:{campaign.pk}", "STRICT"),
    ]
    assert found[1]["sentence"] == {"zh": "放弃率", "en": "Half a percent and no more"}
    client.force_login(cast.officer)
    with translation.override("en"):
        assert certificate_pdf(certificate(campaign)).startswith(b"%PDF-")
        sheet = abandonment_sheet([campaign, other], SINCE, UNTIL)
    assert [row[:4] for row in sheet.rows if row[2] == "STRICT"] == [
        [f"Own limits of “{campaign.name}”", "Half a percent and no more", "STRICT",
         "The campaign's own"]
    ]  # fmt: skip
    span = {"since": "2026-03-01", "until": "2026-03-31"}
    assert "STRICT" in client.get("/compliance/evidence/abandonment/", span).content.decode()


@pytest.mark.django_db
def test_limits_that_cannot_be_read_count_nothing(campaign: Campaign) -> None:
    """The gate lets no call through with them."""
    in_force("cn-bank")
    Campaign.objects.filter(pk=campaign.pk).update(limits={"rules": [{"kind": "pacing"}]})
    campaign.refresh_from_db()
    assert {line.definition.rule for line in lines(campaign)} == {"P1"}


@pytest.mark.django_db
def test_a_period_that_began_before_the_span_is_counted_whole(campaign: Campaign) -> None:
    in_force("us-tsr")
    write(campaign.pk, "connect", datetime(2026, 2, 25, 14, tzinfo=SHANGHAI), 100)
    (line,) = lines(campaign, datetime(2026, 3, 12, tzinfo=SHANGHAI))
    assert line.of == 250


@pytest.mark.django_db
def test_another_pack_counts_from_its_own_day_on(campaign: Campaign) -> None:
    in_force("cn-bank", datetime(2026, 3, 11, tzinfo=SHANGHAI))
    assert lines(campaign) == []


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata"])
def test_days_are_the_same_with_hours_counted_before_and_without(
    campaign: Campaign, seed: int, zone: str
) -> None:
    random = Random(seed)
    kinds = ["connect", "consented", "conversation", "abandon"]
    for _number in range(300):
        at = SINCE + timedelta(minutes=random.randrange(10 * 24 * 60))
        write(campaign.pk, random.choice(kinds), at)
    days = ZoneInfo(zone)
    bounds = (datetime(2026, 3, 1, tzinfo=days), datetime(2026, 4, 1, tzinfo=days))

    def counted() -> dict[int, dict[date, CampaignCounts]]:
        return counts_by_day([campaign.pk], *bounds, days)

    by_line = counted()
    assert tally([campaign.pk], SINCE + timedelta(days=random.randrange(1, 12), hours=3)) > 0
    assert counted() == by_line
    expected: dict[date, int] = {}
    for at in Contact.objects.filter(campaign_id=campaign.pk, kind="abandon").values_list(
        "at", flat=True
    ):
        if bounds[0] <= at < bounds[1]:
            day = at.astimezone(days).date()
            expected[day] = expected.get(day, 0) + 1
    found = by_line[campaign.pk]
    assert {day: one.abandoned for day, one in found.items() if one.abandoned} == expected


@given(
    begun=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    offset=st.integers(-400, 400),
    days=st.integers(1, 32),
)
def test_periods_follow_on_without_a_gap(begun: date, offset: int, days: int) -> None:
    day = begun + timedelta(days=offset)
    period = period_of(day, begun=begun, days=days)
    assert period.first <= day <= period.last
    assert (period.last - period.first).days + 1 == days
    assert (period.first - begun).days % days == 0
    after = period_of(period.last + timedelta(days=1), begun=begun, days=days)
    assert after.first == period.last + timedelta(days=1)


@pytest.mark.parametrize(
    ("of", "hours", "days"),
    [("consented", 720, 1), ("answered", 24, 1), ("answered", 720, 30), ("answered", 5, 1)],
)
def test_how_long_a_figure_covers(of: str, hours: int, days: int) -> None:
    guard = Abandonment.model_validate({"of": of, "hours": hours, "stop_above_percent": 3})
    assert days_of(guard) == days


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FORMATS)
def test_it_is_shown_and_handed_out(
    campaign: Campaign, cast: Cast, client: Client, kind: str
) -> None:
    in_force("cn-bank")
    client.force_login(cast.officer)
    span = {"since": "2026-03-01", "until": "2026-03-31", "campaign": str(campaign.pk)}
    page = client.get("/compliance/evidence/abandonment/", span).content.decode()
    assert "cn-bank@1.0" in page and "3 / 40" in page
    assert not Entry.objects.filter(kind="evidence.abandonment").exists()
    answer = client.get("/compliance/evidence/abandonment/", {**span, "format": kind})
    assert answer.headers["Content-Type"] == FORMATS[kind][0]
    (entry,) = Entry.objects.filter(kind="evidence.abandonment")
    assert (entry.actor_id, entry.payload["campaign"]) == (cast.officer.pk, campaign.pk)
    if kind == "csv":
        (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert "too_few" in row.values()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"since": "2026-13-45", "until": "yesterday"},
        {"since": "2026-03-31", "until": "2026-03-01"},
        {"campaign": "x"},
        {"since": "2030-01-01", "until": "2030-02-01"},
    ],
)
def test_absurd_questions_are_answered(
    campaign: Campaign, cast: Cast, client: Client, asked: dict[str, str]
) -> None:
    in_force("cn-bank")
    client.force_login(cast.officer)
    assert client.get("/compliance/evidence/abandonment/", asked).status_code == 200
    assert client.get("/compliance/evidence/registers/exceptions/", asked).status_code == 200
    assert client.get("/compliance/evidence/", asked).status_code == 200
    assert client.get("/compliance/evidence/abandonment/", {"format": "doc"}).status_code == 404
