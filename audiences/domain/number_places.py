"""Where a number belongs: province and time zone, from the ranges that `phonenumbers` ships.

Importing this reads its tables of places (some 100 MB), so only the import job does.
"""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone as number_zones
from phonenumbers.geodata import GEOCODE_DATA, GEOCODE_LONGEST_PREFIX

from audiences.domain.regions import province_in

CHINA = "Asia/Shanghai"


def place_of(e164: str) -> tuple[str, str]:
    """(region, time zone): "CN-33" and one zone for mainland numbers, else country and its zone.

    The region is "" where the range is not known; the zone of an unknown country is UTC.
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
    zone = number_zones.time_zones_for_number(number)[0]
    country = phonenumbers.region_code_for_number(number) or ""
    return country, "UTC" if zone == "Etc/Unknown" else zone
