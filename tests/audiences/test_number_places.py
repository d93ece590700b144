"""Where numbers belong: every area code of the United States lies in one state."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from audiences.domain import us_states
from audiences.domain.number_places import place_of
from audiences.domain.regions import name_of, read_region, zones_of


def area_codes() -> list[str]:
    """Those that the library's metadata gives to the United States (territories are apart)."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("US", None)
    assert metadata is not None and metadata.fixed_line is not None
    line = re.compile(metadata.fixed_line.national_number_pattern or "")
    codes = [str(code) for code in range(200, 1000) if line.fullmatch(f"{code}2345678")]
    return [code for code in codes if country_of(code) == "US"]


def country_of(area_code: str) -> str | None:
    number = phonenumbers.parse(f"+1{area_code}2345678", None)
    return phonenumbers.region_code_for_number(number)


def test_every_area_code_of_the_united_states_lies_in_a_state() -> None:
    found = {code: place_of(f"+1{code}2345678")[0] for code in area_codes()}
    assert len(found) >= 359
    assert {region for region in found.values() if region not in us_states.ZONES} == set()
    assert "US" not in found.values()
    assert len(set(found.values())) == 51  # the District of Columbia among them


@pytest.mark.parametrize(
    ("number", "region", "zone"),
    [
        ("+13055550100", "US-FL", "America/New_York"),
        ("+12135550100", "US-CA", "America/Los_Angeles"),
        ("+12065550100", "US-WA", "America/Los_Angeles"),  # the tables say "Washington State"
        ("+12035550100", "US-CT", "America/New_York"),  # the tables name single exchanges only
        ("+12015550100", "US-NJ", "America/New_York"),
        ("+12025550100", "US-DC", "America/New_York"),
        ("+12085550100", "US-ID", ""),  # two clocks
    ],
)
def test_a_number_of_the_united_states_has_its_state(number: str, region: str, zone: str) -> None:
    assert place_of(number) == (region, zone)


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+14165550100", "CA"),
        ("+19025550100", "CA"),
        ("+17875550100", "PR"),
        ("+18765550100", "JM"),
        ("+12425550100", "BS"),
        ("+16715550100", "GU"),
    ],
)
def test_canada_the_caribbean_and_the_territories_are_no_states(number: str, region: str) -> None:
    assert place_of(number)[0] == region


def test_where_a_number_may_be_in_several_zones_it_has_none() -> None:
    assert place_of("+18765550100") == ("JM", "")
    assert place_of("+442083661177") == ("GB", "Europe/London")
    assert place_of("+8613805710001") == ("CN-33", "Asia/Shanghai")


def test_every_clock_of_every_state_exists() -> None:
    assert all(ZoneInfo(zone) for zones in us_states.ZONES.values() for zone in zones)
    assert zones_of("US-FL") == ("America/New_York", "America/Chicago")
    assert set(zones_of("US")) >= {"America/New_York", "Pacific/Honolulu"}
    assert (zones_of("CN-65"), zones_of("FR"), zones_of("")) == (("Asia/Shanghai",), (), ())
    assert zones_of("GB") == zones_of("GB-ENG") == ("Europe/London",)


def test_the_clocks_of_a_state_hold_those_of_all_its_numbers() -> None:
    def clock(zone: str) -> list[str]:
        days = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7))
        return [f"{day:%z}" for day in days]

    for code in area_codes():
        region, zone = place_of(f"+1{code}2345678")
        assert not zone or clock(zone) in [clock(name) for name in zones_of(region)], code


@pytest.mark.parametrize("text", ["US-FL", "us-fl", "Florida", "florida"])
def test_a_state_is_read_from_a_file(text: str) -> None:
    assert read_region(text) == "US-FL"


@pytest.mark.parametrize("text", ["US", "US-XX", "FL"])
def test_what_is_no_state_is_not(text: str) -> None:
    assert read_region(text) is None


@pytest.mark.parametrize(
    ("region", "chinese", "english"),
    [
        ("CN-65", "新疆", "Xinjiang"),
        ("US-FL", "Florida", "Florida"),
        ("GB-ENG", "GB-ENG", "GB-ENG"),
    ],
)
def test_a_region_has_a_name_or_is_called_by_its_code(
    region: str, chinese: str, english: str
) -> None:
    assert name_of(region, chinese=True) == chinese
    assert name_of(region, chinese=False) == english
