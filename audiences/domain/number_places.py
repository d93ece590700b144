"""Where a number belongs: province or state, and zone, from the ranges that `phonenumbers` ships.

Importing this reads its tables of places (some 100 MB), so only the import job does.
"""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone as number_zones
from phonenumbers.geodata import GEOCODE_DATA, GEOCODE_LONGEST_PREFIX

from audiences.domain.regions import province_in
from audiences.domain.us_states import state_in

CHINA = "Asia/Shanghai"


def place_of(e164: str) -> tuple[str, str]:
    """(region, time zone): "CN-33" and one zone for mainland numbers, "US-FL" and its zone for
    those of the United States, else country and its zone.

    The region is "" where the range is not known, the zone where it is not or where there may be
    several: then those of the state hold, or nobody knows what time it is there.
    """
    if e164.startswith("+86"):
        return _province(e164[1 : 1 + GEOCODE_LONGEST_PREFIX]), CHINA
    return _abroad(e164)


@lru_cache(maxsize=200_000)
def _province(digits: str) -> str:
    for length in range(len(digits), 3, -1):
        names = GEOCODE_DATA.get(digits[:length])
        if names:
            return province_in(names.get("zh", ""))
    return ""


def _abroad(e164: str) -> tuple[str, str]:
    number = phonenumbers.parse(e164, None)
    zones = number_zones.time_zones_for_number(number)
    country = phonenumbers.region_code_for_number(number) or ""
    sure = len(zones) == 1 and zones[0] != "Etc/Unknown"
    region = _state(e164[1:5]) if country == "US" else country
    return region, zones[0] if sure else ""


@lru_cache(maxsize=1000)
def _state(area_code: str) -> str:
    """The state of an area code ("1305"): none crosses a state's border. "US" if not known.

    Of a few the tables name single exchanges only, all of them in one state.
    """
    whole = state_in(GEOCODE_DATA.get(area_code, {}).get("en", ""))
    if whole:
        return whole
    exchanges = {
        state_in(names.get("en", ""))
        for digits, names in GEOCODE_DATA.items()
        if digits.startswith(area_code)
    }
    return exchanges.pop() or "US" if len(exchanges) == 1 else "US"
