"""Pack documents: what is refused when one is read, what a stack must say, what a layer can do."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from compliance import calendars
from compliance.campaign_limits import LimitsUnreadable, read_limits
from compliance.domain.calendar import DayType
from compliance.domain.codes import CODES, PREFIXES, lookup
from compliance.domain.decide import decide
from compliance.domain.documents import CalendarDocument, calendar_of
from compliance.domain.explaining import SENTENCES
from compliance.domain.facts import SuppressionSource
from compliance.domain.intent import Actor, Purpose
from compliance.domain.pack import EffectivePack, PackError, compile_pack, content_hash
from compliance.models import CalendarYear
from compliance.packs import read_shipped
from tests.compliance.conftest import Bank
from tests.compliance.world import (
    attempt,
    beijing,
    clean_facts,
    cn_bank,
    conversation,
    human,
    pack_of,
)

NOW = beijing("2026-11-24 10:00")


def document(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(read_shipped("cn-bank")), **changes}


def with_rule(rule_id: str, **changes: Any) -> dict[str, Any]:
    found = document()
    found["rules"] = [
        {**rule, **changes} if rule["id"] == rule_id else rule for rule in found["rules"]
    ]
    return found


def without(kind: str) -> EffectivePack:
    found = document()
    found["rules"] = [rule for rule in found["rules"] if rule["kind"] != kind]
    return EffectivePack((compile_pack(found),))


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (document(zone="Asia/Atlantis"), "Asia/Atlantis"),
        (document(layer="galaxy"), "layer"),
        (document(surprise=1), "surprise"),
        (with_rule("C1", limit=-1), "limit"),
        (with_rule("C1", surprise=1), "surprise"),
        (with_rule("C1", window=None), "window"),
        (with_rule("C1", window={"rolling_days": 1, "lifetime": True}), "window"),
        (with_rule("C1", per=[]), "per"),
        (with_rule("C1", legal_ref=None), "legal_ref"),
        (with_rule("C1", zh="最多{lmit}次"), "lmit"),
        (with_rule("C2", id="C1"), "share an id"),
        (with_rule("W1", windows={"workday": [["9", "25:00"]]}), "25:00"),
        (with_rule("O1-refused", days=3), "days, months or permanent"),
        # a callback relaxes hours, gaps, conversation caps and not-now; nothing else may say so
        (with_rule("C1", relaxed_by_callback=True), "C1: a callback"),
        (with_rule("K1", relaxed_by_callback=True), "K1: a callback"),
        (with_rule("K2", relaxed_by_callback=True), "K2: a callback"),
        (with_rule("S1", relaxed_by_callback=True), "S1: a callback"),
        (with_rule("S2", relaxed_by_callback=True), "S2: a callback"),
        (with_rule("O1-refused", relaxed_by_callback=True), "O1-refused: a callback"),
        # not-now by what it follows, whatever its name says
        (with_rule("O1-not-now", outcomes=["refused"]), "O1-not-now: a callback"),
        (with_rule("O1-not-now", outcomes=["not_now", "complaint"]), "O1-not-now: a callback"),
        (with_rule("O1-not-now", days=None, permanent=True), "O1-not-now: a callback"),
        (with_rule("O1-not-now", name="later"), "O1-not-now: a callback"),
    ],
)
def test_a_document_that_is_no_pack_is_refused_by_name(wrong: dict[str, Any], names: str) -> None:
    with pytest.raises(PackError, match=names):
        compile_pack(wrong)


def test_the_hash_is_of_the_content_and_not_of_the_order_of_keys() -> None:
    one = document()
    other = dict(reversed(list(one.items())))
    assert content_hash(one) == content_hash(other)
    assert content_hash(one) != content_hash(document(version="1.1"))


@pytest.mark.parametrize(
    "kind",
    [
        "consent",
        "suppression",
        "cap",
        "vulnerable",
        "suitability",
        "number",
        "in_flight",
        "blackout",
        "preference",
    ],
)
def test_no_rule_is_not_no_limit(kind: str) -> None:
    decision = decide(clean_facts(NOW), human(), without(kind), NOW)
    assert decision.codes == ["DEP_PACK_GAP"]
    assert decision.reasons[0].observed == kind


@pytest.mark.parametrize("name", ["cn-bank", "uk-ofcom", "us-tsr"])
@pytest.mark.parametrize("source", list(SuppressionSource))
def test_every_refusal_must_be_heeded_by_a_rule_for_all(
    name: str, source: SuppressionSource
) -> None:
    """A rule on refusals alone is not enough: it must look at each of those who may say no."""

    def gaps(purpose: Purpose, **changes: Any) -> tuple[str, ...]:
        found = copy.deepcopy(read_shipped(name))
        rules = []
        for rule in found["rules"]:
            if rule["kind"] == "suppression" and source.value in rule["sources"]:
                others = [each for each in rule["sources"] if each != source.value]
                own = {**rule, "id": f"{rule['id']}-own", "sources": [source.value], **changes}
                rules += [own] if changes else []
                rules += [{**rule, "sources": others}] if others else []
            else:
                rules.append(rule)
        rules.append(next(r for r in found["rules"] if r["kind"] == "suppression") | ELSEWHERE)
        stack = EffectivePack((compile_pack({**found, "rules": rules}),))
        return stack.gaps(purpose, Actor.HUMAN)

    named = (f"refusals by {source.value}",)
    for purpose in (Purpose.MARKETING, Purpose.CALLBACK, Purpose.CARE):
        assert gaps(purpose) == named
        assert gaps(purpose, groups=["private"]) == named
        assert gaps(purpose, actors=["robot"]) == named
        assert gaps(purpose, channels=["sms"]) == named
        assert gaps(purpose, keys=["customer"]) == named
        assert gaps(purpose, channels=["", "voice", "sms"]) == ()
    asked_for = () if source is SuppressionSource.REGISTER else named
    assert gaps(Purpose.MESSAGE) == asked_for


#: A rule on refusals that looks at none of those it might.
ELSEWHERE = {"id": "ELSEWHERE", "sources": ["opt_out"], "areas": ["CN-64"]}


def test_hours_must_be_said_for_every_type_of_day() -> None:
    found = document()
    found["rules"] = [rule for rule in found["rules"] if rule["id"] != "W3"]
    pack = EffectivePack((compile_pack(found),))
    assert pack.gaps(Purpose.MARKETING, Actor.HUMAN) == ("hours on statutory",)
    assert decide(clean_facts(NOW), human(), pack, NOW).codes == ["DEP_PACK_GAP"]


def test_an_unknown_kind_of_rule_is_kept_and_blocks() -> None:
    unknown = {"id": "M1", "kind": "moon_phase"}
    decision = decide(clean_facts(NOW), human(), pack_of(unknown), NOW)
    assert decision.codes == ["DEP_UNKNOWN_RULE"]


def limit_of(most: int, window: dict[str, int]) -> dict[str, Any]:
    return {"id": "X", "kind": "cap", "per": ["customer"], "limit": most, "window": window}


def test_a_campaign_cannot_relax() -> None:
    exemption = {"id": "X", "kind": "exemption", "tolerance_s": 7200}
    decision = decide(
        clean_facts(NOW), human(campaign_limits={"rules": [exemption]}), cn_bank(), NOW
    )
    assert decision.codes == ["DEP_CAMPAIGN_LIMITS"]
    with pytest.raises(LimitsUnreadable, match="only tighten"):
        read_limits({"rules": [exemption]})


@pytest.mark.parametrize(
    "limits",
    [
        {"rule": []},
        {"rules": {}},
        {"rules": ["C1"]},
        {"rules": [{"id": "a", "kind": "?"}]},
        {"rules": [limit_of(2, {"rolling_days": 10**12})]},
        {"rules": [limit_of(-1, {"rolling_days": 7})]},
        {"rules": [limit_of(2, {"rolling_days": 401})]},
        {"rules": [{**limit_of(2, {"rolling_days": 7}), "zh": "{nobody}"}]},
    ],
)
def test_limits_that_cannot_be_read_are_named_before_anybody_signs(limits: dict[str, Any]) -> None:
    with pytest.raises(LimitsUnreadable) as raised:
        read_limits(limits)
    assert all(raised.value.sentences())
    # should such limits ever be stored, nobody is called by them
    decision = decide(clean_facts(NOW), human(campaign_limits=limits), cn_bank(), NOW)
    assert not decision.allowed


@pytest.mark.parametrize("changed", [{"limit": 10**15}, {"en": "a\0b"}])
def test_limits_that_cannot_be_stored_are_named_too(changed: dict[str, Any]) -> None:
    with pytest.raises(LimitsUnreadable):
        read_limits({"rules": [{**limit_of(2, {"rolling_days": 7}), **changed}]})


def test_limits_may_be_empty() -> None:
    assert read_limits(None).rules == read_limits({"rules": []}).rules == ()


def test_null_switches_a_rule_off_and_leaves_the_others() -> None:
    pack = EffectivePack((compile_pack(with_rule("C1", limit=None)),))
    later = beijing("2026-11-24 19:00")
    facts = clean_facts(later, contacts=(attempt("2026-11-24 09:00"), attempt("2026-11-24 14:00")))
    assert decide(facts, human(), pack, later).codes == ["CAP_C4"]


def test_care_calls_count_conversations_apart() -> None:
    facts = clean_facts(NOW, None, contacts=(conversation("2026-11-23 11:00"),), consents=())
    assert decide(facts, human(purpose=Purpose.CARE), cn_bank(), NOW).allowed
    marketing = replace(clean_facts(NOW), contacts=facts.contacts)
    assert decide(marketing, human(), cn_bank(), NOW).codes == ["CAP_C3"]


@pytest.mark.parametrize(
    ("window", "events", "now", "clears"),
    [
        # ISO week, from Monday
        ({"calendar": "week"}, ["2026-11-16 09:00"], "2026-11-20 10:00", "2026-11-23 09:00"),
        ({"calendar": "week"}, ["2026-11-13 09:00"], "2026-11-20 10:00", None),
        ({"calendar": "month"}, ["2026-11-02 09:00"], "2026-11-20 10:00", "2026-12-01 09:00"),
        ({"calendar": "month"}, ["2026-10-30 09:00"], "2026-11-20 10:00", None),
        ({"rolling_days": 30}, ["2026-11-02 09:00"], "2026-11-20 10:00", "2026-12-02 09:00"),
    ],
)
def test_windows_of_caps(
    window: dict[str, Any], events: list[str], now: str, clears: str | None
) -> None:
    rule = {"id": "T", "kind": "cap", "limit": 1, "per": ["customer"], "window": window}
    at = beijing(now)
    facts = clean_facts(at, contacts=tuple(attempt(event) for event in events))
    decision = decide(facts, human(), pack_of(rule), at)
    if clears is None:
        assert decision.allowed
    else:
        assert decision.codes == ["CAP_T"]
        assert decision.earliest_next == beijing(clears)


def test_every_code_has_a_sentence_in_both_languages() -> None:
    assert set(SENTENCES) == set(CODES) | set(PREFIXES)
    assert all(sentence.zh and sentence.en for sentence in SENTENCES.values())


def test_a_code_nobody_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        lookup("MOON_PHASE")


# --- calendars ------------------------------------------------------------------------------------


def year(**changes: Any) -> CalendarDocument:
    values = {
        "country": "CN",
        "year": 2027,
        "source": "draft",
        "statutory": [{"name": "元旦", "name_en": "New Year", "days": ["2027-01-01"]}],
        "adjusted_work": ["2027-01-03"],
    }
    return CalendarDocument.model_validate({**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"adjusted_work": ["2027-01-01"]},  # a day that is off and worked
        {"adjusted_work": ["2027-01-04"]},  # a Monday is worked anyhow
        {"adjusted_work": ["2026-01-03"]},  # another year
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="day"):
        year(**changes)


def test_the_types_of_days() -> None:
    calendar = calendar_of([year()])
    assert calendar.type_of(date(2027, 1, 1)) is DayType.STATUTORY
    assert calendar.type_of(date(2027, 1, 2)) is DayType.REST
    assert calendar.type_of(date(2027, 1, 3)) is DayType.ADJUSTED_WORK
    assert calendar.type_of(date(2027, 1, 4)) is DayType.WORKDAY
    assert calendar.type_of(date(2028, 1, 4)) is None


def test_a_corrected_year_takes_over_and_the_old_one_stays_for_replays(bank: Bank) -> None:
    first = calendars.install(year())
    assert calendars.install(year()).pk == first.pk
    second = calendars.install(year(adjusted_work=["2027-01-10"]))
    in_force = CalendarYear.objects.filter(year=2027, in_force=True)
    assert [found.pk for found in in_force] == [second.pk]
    old = calendars.days_of(first.sha256)
    assert old[date(2027, 1, 3)] is DayType.ADJUSTED_WORK
    assert date(2027, 1, 3) not in calendars.days_of(second.sha256)
    # and the first may come back
    calendars.install(year())
    assert CalendarYear.objects.get(year=2027, in_force=True).pk == first.pk


def test_an_hour_before_midnight_of_the_last_known_year_nothing_is_promised() -> None:
    at = beijing("2026-12-31 19:58")
    assert decide(clean_facts(at), human(), cn_bank(), at).allowed
    later = at + timedelta(hours=3)
    assert decide(clean_facts(later), human(), cn_bank(), later).earliest_next is None


@pytest.mark.parametrize("key", ["campaign", "caller_id", "branch", "channel", "product_family"])
def test_a_cap_over_everybody_is_refused_and_says_where_it_is_set(key: str) -> None:
    with pytest.raises(PackError, match=r"set at the caller ID.* by its lines"):
        compile_pack(with_rule("C2", per=[key]))
    compile_pack(with_rule("C2", per=["customer", key]))
