"""A campaign's counts, live from the ledger, and the guards that divide them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from compliance import counting, gate, ledger
from compliance.complaints import open_case
from compliance.domain.facts import CampaignCounts
from compliance.domain.intent import Gate
from compliance.facts import load
from compliance.gate import reserve
from compliance.models import CampaignHour, Contact, Decision
from compliance.replaying import replay
from compliance.screening import screen
from tests.compliance.conftest import Bank
from tests.compliance.test_facts import NOW, attempt_line, everything, template
from tests.compliance.test_gate import intent

CAMPAIGN = 10
#: The hour that the window begins in counts whole.
WINDOW = timedelta(hours=720)


def counts(bank: Bank, at: datetime = NOW, **changes: object) -> tuple[CampaignCounts, ...]:
    pair = (bank.x.pk, bank.home.pk)
    return load([pair], template(bank, **changes), since=at, at=at).world.campaign_counts


def line(kind: str, at: datetime, outcome: str = "", campaign: int = CAMPAIGN) -> Contact:
    return Contact(
        at=at,
        kind=kind,
        campaign_id=campaign,
        outcome=outcome,
        actor="robot",
        purpose="marketing",
        attempt_id=uuid.uuid4(),
    )


def call(bank: Bank) -> uuid.UUID:
    return attempt_line(bank, bank.x, bank.home, campaign_id=CAMPAIGN, at=NOW)


def test_each_count_means_what_it_says(bank: Bank) -> None:
    hung_up, machine, wrong, talked, lost = (call(bank) for _ in range(5))
    call(bank)  # nobody answered
    for attempt in (hung_up, machine, wrong, talked, lost):
        ledger.record_connect(attempt, NOW)
    for attempt in (wrong, talked, lost):
        ledger.record_conversation(attempt, NOW)
    for attempt in (machine, wrong):
        ledger.record_outcome(attempt, "MACHINE", NOW)
    for attempt in (talked, lost):
        ledger.record_consented(attempt, NOW)
    ledger.record_abandon(lost, NOW)
    open_case(
        customer_id=bank.y.pk,
        number_id=None,
        source="12378",
        evidence={},
        at=NOW,
        campaign_id=CAMPAIGN,
    )
    assert counts(bank, NOW + timedelta(seconds=1)) == (
        CampaignCounts(
            720,
            answered=4,
            consented=2,
            conversations=3,
            abandoned=1,
            machine_wrong=1,
            complaints=1,
        ),
    )


def test_a_list_and_a_call_without_a_campaign_count_nothing(bank: Bank) -> None:
    assert counts(bank, gate=Gate.LIST) == ()
    assert counts(bank, campaign_id=None) == ()


def test_the_campaigns_own_guard_has_counts_of_its_own(bank: Bank) -> None:
    guard = {"of": "answered", "hours": 5, "stop_above_percent": 2}
    limits = {"rules": [{"id": "P", "kind": "pacing", "abandonment": guard}]}
    assert [c.hours for c in counts(bank, campaign_limits=limits)] == [5, 720]
    # what cannot be read asks for nothing here: it blocks (DEP_CAMPAIGN_LIMITS)
    for nonsense in ("?", [1], [{"kind": "pacing", "a": {"hours": "x"}}], [{"kind": "pacing"}]):
        assert [c.hours for c in counts(bank, campaign_limits={"rules": nonsense})] == [720]


def brute_force(lines: list[Contact], since: datetime, until: datetime) -> CampaignCounts:
    seen = [entry for entry in lines if since <= entry.at < until]

    def number(kind: str, outcome: str = "") -> int:
        return sum(1 for entry in seen if (entry.kind, entry.outcome) == (kind, outcome))

    return CampaignCounts(
        720,
        answered=max(0, number("connect") - number("outcome", "machine")),
        consented=number("consented"),
        conversations=number("conversation"),
        abandoned=number("abandon"),
        machine_wrong=number("outcome", "machine_wrong"),
    )


@pytest.mark.parametrize("seed", range(6))
def test_counted_by_the_hour_or_line_by_line_the_sum_is_the_same(bank: Bank, seed: int) -> None:
    random = Random(seed)
    kinds = ["attempt", "connect", "connect", "consented", "conversation", "abandon", "outcome"]
    lines = []
    for _ in range(400):
        kind = random.choice(kinds)
        outcome = random.choice(["machine", "machine_wrong", "refused"]) * (kind == "outcome")
        campaign = random.choice([CAMPAIGN, CAMPAIGN, 11])
        at = NOW - timedelta(seconds=random.uniform(0, 40 * 86400))
        lines.append(line(kind, at, outcome, campaign))
    # the edges of the window and of the hours
    lines += [line("connect", NOW - WINDOW - timedelta(microseconds=m)) for m in (0, 1)]
    lines += [line("consented", NOW - timedelta(hours=h)) for h in (1, 2, 3)]
    Contact.objects.bulk_create(lines)
    ours = [entry for entry in lines if entry.campaign_id == CAMPAIGN]
    later = NOW + timedelta(minutes=random.randrange(1, 59))
    expected = brute_force(ours, NOW - WINDOW, later)
    assert counts(bank, later) == (expected,)
    for hours in sorted(random.sample(range(900), 4), reverse=True):
        counting.tally([CAMPAIGN], NOW - timedelta(hours=hours))
        assert counts(bank, later) == (expected,)
    assert counting.tally([CAMPAIGN], NOW) > 0
    assert counting.tally([CAMPAIGN], NOW) == 0
    assert counts(bank, later) == (expected,)


def test_an_hour_is_counted_when_no_line_of_it_can_come_any_more(bank: Bank) -> None:
    counting.tally([CAMPAIGN], NOW + timedelta(minutes=14))
    last = CampaignHour.objects.order_by("-hour")
    assert last[0].hour == NOW - timedelta(hours=2)
    counting.tally([CAMPAIGN], NOW + timedelta(minutes=15))
    assert last[0].hour == NOW - timedelta(hours=1)
    # a fast clock: a minute of real time is an hour
    assert counting.tally([CAMPAIGN], NOW + timedelta(minutes=119), speed=60.0) == 0
    assert counting.tally([CAMPAIGN], NOW + timedelta(minutes=120), speed=60.0) == 1


def test_counts_for_one_equal_counts_for_many(bank: Bank) -> None:
    pairs = everything(bank)
    asked = template(bank, campaign_id=5)
    many = load(pairs, asked, since=NOW, at=NOW).world
    assert many.campaign_counts[0].conversations > 0
    for pair in pairs:
        alone = load([pair], asked, since=NOW, at=NOW).world
        assert replace(alone, clock_skew_s=many.clock_skew_s) == many


def test_screening_is_not_stopped_by_what_the_campaign_did(bank: Bank) -> None:
    Contact.objects.bulk_create(line("consented", NOW) for _ in range(100))
    Contact.objects.bulk_create(line("abandon", NOW) for _ in range(50))
    pairs = [(bank.x.pk, bank.home.pk)]
    assert screen(pairs, template(bank), NOW + timedelta(seconds=1))[bank.x.pk].allowed


def asked(bank: Bank) -> list[str]:
    wanted = intent(bank, campaign_id=CAMPAIGN)
    result = reserve(lambda: wanted)
    if result.attempt_id is not None:
        assert gate.release(result.attempt_id, "test")
    return result.decision.codes


def happened(kind: str, times: int, ago: timedelta = timedelta(days=3), outcome: str = "") -> None:
    Contact.objects.bulk_create(line(kind, NOW - ago, outcome) for _ in range(times))


@pytest.mark.django_db(transaction=True)
def test_cn_bank_stops_above_three_percent_of_those_who_consented(committed_bank: Bank) -> None:
    bank = committed_bank
    happened("connect", 1000)
    happened("consented", 99)
    happened("abandon", 5)
    assert asked(bank) == []  # too few to say anything
    happened("consented", 1)
    assert asked(bank) == ["ABANDON_RATE"]
    happened("consented", 66)
    assert asked(bank) == ["ABANDON_RATE"]  # 5 of 166: above 3 %
    happened("consented", 1)
    assert asked(bank) == []  # 5 of 167
    happened("abandon", 1, timedelta(days=31))
    assert asked(bank) == []  # long ago
    stored = Decision.objects.filter(codes=["ABANDON_RATE"]).latest("at")
    assert stored.facts["world"]["campaign_counts"][0]["consented"] == 166
    assert replay(stored).document() == stored.decision


@pytest.mark.django_db(transaction=True)
def test_cn_bank_does_not_stop_for_two_abandoned_calls(committed_bank: Bank) -> None:
    happened("consented", 100)
    happened("abandon", 2)
    assert asked(committed_bank) == []
    happened("abandon", 2)
    assert asked(committed_bank) == ["ABANDON_RATE"]


@pytest.mark.django_db(transaction=True)
def test_two_complaints_stop_a_campaign_of_few_conversations(committed_bank: Bank) -> None:
    bank = committed_bank
    for _ in range(2):
        open_case(
            customer_id=None,
            number_id=None,
            source="12321",
            evidence={},
            at=NOW,
            campaign_id=CAMPAIGN,
        )
        happened("conversation", 100)
    assert asked(bank) == ["COMPLAINT_RATE"]
    happened("conversation", 3800)
    assert asked(bank) == []  # 2 in 4,000: one in every 2,000
