"""The states of the United States, as ISO 3166-2 codes, with the clocks in each."""

from __future__ import annotations

_EAST, _CENTRAL, _PACIFIC = "America/New_York", "America/Chicago", "America/Los_Angeles"
_MOUNTAIN, _PHOENIX = "America/Denver", "America/Phoenix"
_ALASKA, _ALEUTIANS, _HAWAII = "America/Anchorage", "America/Adak", "Pacific/Honolulu"

#: code, name, every clock that is kept somewhere in the state
_STATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("AL", "Alabama", (_CENTRAL,)),
    ("AK", "Alaska", (_ALASKA, _ALEUTIANS)),
    ("AZ", "Arizona", (_PHOENIX, _MOUNTAIN)),
    ("AR", "Arkansas", (_CENTRAL,)),
    ("CA", "California", (_PACIFIC,)),
    ("CO", "Colorado", (_MOUNTAIN,)),
    ("CT", "Connecticut", (_EAST,)),
    ("DC", "District of Columbia", (_EAST,)),
    ("DE", "Delaware", (_EAST,)),
    ("FL", "Florida", (_EAST, _CENTRAL)),
    ("GA", "Georgia", (_EAST,)),
    ("HI", "Hawaii", (_HAWAII,)),
    ("IA", "Iowa", (_CENTRAL,)),
    ("ID", "Idaho", (_MOUNTAIN, _PACIFIC)),
    ("IL", "Illinois", (_CENTRAL,)),
    ("IN", "Indiana", (_EAST, _CENTRAL)),
    ("KS", "Kansas", (_CENTRAL, _MOUNTAIN)),
    ("KY", "Kentucky", (_EAST, _CENTRAL)),
    ("LA", "Louisiana", (_CENTRAL,)),
    ("MA", "Massachusetts", (_EAST,)),
    ("MD", "Maryland", (_EAST,)),
    ("ME", "Maine", (_EAST,)),
    ("MI", "Michigan", (_EAST, _CENTRAL)),
    ("MN", "Minnesota", (_CENTRAL,)),
    ("MO", "Missouri", (_CENTRAL,)),
    ("MS", "Mississippi", (_CENTRAL,)),
    ("MT", "Montana", (_MOUNTAIN,)),
    ("NC", "North Carolina", (_EAST,)),
    ("ND", "North Dakota", (_CENTRAL, _MOUNTAIN)),
    ("NE", "Nebraska", (_CENTRAL, _MOUNTAIN)),
    ("NH", "New Hampshire", (_EAST,)),
    ("NJ", "New Jersey", (_EAST,)),
    ("NM", "New Mexico", (_MOUNTAIN,)),
    ("NV", "Nevada", (_PACIFIC, _MOUNTAIN)),
    ("NY", "New York", (_EAST,)),
    ("OH", "Ohio", (_EAST,)),
    ("OK", "Oklahoma", (_CENTRAL,)),
    ("OR", "Oregon", (_PACIFIC, _MOUNTAIN)),
    ("PA", "Pennsylvania", (_EAST,)),
    ("RI", "Rhode Island", (_EAST,)),
    ("SC", "South Carolina", (_EAST,)),
    ("SD", "South Dakota", (_CENTRAL, _MOUNTAIN)),
    ("TN", "Tennessee", (_EAST, _CENTRAL)),
    ("TX", "Texas", (_CENTRAL, _MOUNTAIN)),
    ("UT", "Utah", (_MOUNTAIN,)),
    ("VA", "Virginia", (_EAST,)),
    ("VT", "Vermont", (_EAST,)),
    ("WA", "Washington", (_PACIFIC,)),
    ("WI", "Wisconsin", (_CENTRAL,)),
    ("WV", "West Virginia", (_EAST,)),
    ("WY", "Wyoming", (_MOUNTAIN,)),
)

ZONES: dict[str, tuple[str, ...]] = {f"US-{code}": zones for code, _, zones in _STATES}
NAMES: dict[str, str] = {f"US-{code}": name for code, name, _ in _STATES}
ZONES["US"] = tuple(dict.fromkeys(zone for zones in ZONES.values() for zone in zones))
_CODES = {name.lower(): f"US-{code}" for code, name, _ in _STATES} | {
    "washington state": "US-WA",
    "washington d.c.": "US-DC",
}


def state_in(place: str) -> str:
    """The code of the state that an English place name is or ends in ("Miami, FL"), or ""."""
    whole = _CODES.get(place.lower())
    if whole is not None:
        return whole
    _, comma, last = place.rpartition(", ")
    code = f"US-{last}"
    return code if comma and code in ZONES else ""


def read_state(text: str) -> str | None:
    """The code of a state written as "US-FL" or "Florida"; None if unknown."""
    code = text.upper()
    return code if code in ZONES and code != "US" else _CODES.get(text.lower())
