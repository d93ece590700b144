"""Calendars as rows: installing the shipped years, and their content by version.

A version of a year is immutable and named by its hash, so its days may be kept for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from audit.recording import record
from clock.reading import now as business_now
from compliance.domain.calendar import Calendar, DayType
from compliance.domain.calendar_state import CalendarState
from compliance.domain.documents import CalendarDocument, days_hash
from compliance.models.calendar import CalendarDay, CalendarYear

#: The State Council's notice comes in November.
WARN_FROM_MONTH = 12

SHIPPED = Path(__file__).resolve().parent / "calendars"

_days: dict[str, dict[date, DayType]] = {}
_calendars: dict[tuple[str, tuple[tuple[int, str], ...]], Calendar] = {}


def calendar_with(country: str, versions: Sequence[tuple[int, str]]) -> Calendar:
    """The calendar made of these (year, hash); read once a process."""
    key = (country, tuple(sorted(versions)))
    found = _calendars.get(key)
    if found is None:
        days: dict[date, DayType] = {}
        for _, sha256 in key[1]:
            days |= days_of(sha256)
        found = _calendars[key] = Calendar(country, key[1], days)
    return found


def in_force(country: str = "CN") -> Calendar:
    """The calendar of a country as it stands now."""
    years = CalendarYear.objects.filter(country=country, in_force=True)
    return calendar_with(country, list(years.values_list("year", "sha256")))


def days_of(sha256: str) -> dict[date, DayType]:
    """The special days of one version of a year. Raises LookupError when they do not match."""
    found = _days.get(sha256)
    if found is None:
        rows = CalendarDay.objects.filter(year__sha256=sha256).values_list("date", "kind")
        found = {day: DayType(kind) for day, kind in rows}
        if days_hash(found) != sha256:
            raise LookupError("a calendar year was changed after it was installed")
        _days[sha256] = found
    return found


def install(document: CalendarDocument, *, actor_id: int | None = None) -> CalendarYear:
    """Put a year in force; an older version of it stays for replays. The same content: nothing.

    For set-up alone: what people bring is signed by a second one (`calendar_importing`).
    """
    sha256 = days_hash(document.days())
    with transaction.atomic():
        year = CalendarYear.objects.filter(
            country=document.country, year=document.year, sha256=sha256
        ).first()
        if year is not None and year.in_force:
            return year
        if year is None:
            year = store(document, state=CalendarState.APPROVED)
        elif year.state != CalendarState.APPROVED:
            CalendarYear.objects.filter(pk=year.pk).update(state=CalendarState.APPROVED.value)
        put_in_force(year, actor_id=actor_id)
    return year


def store(document: CalendarDocument, *, state: CalendarState) -> CalendarYear:
    """A new version of a year with its days, not in force."""
    names = {day: holiday for holiday in document.statutory for day in holiday.days}
    year = CalendarYear.objects.create(
        country=document.country,
        year=document.year,
        sha256=days_hash(document.days()),
        source=document.source[:200],
        state=state.value,
        in_force=False,
        installed_at=business_now(),
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(
            year=year,
            date=day,
            kind=kind.value,
            name=names[day].name[:40] if day in names else "",
            name_en=names[day].name_en[:40] if day in names else "",
        )
        for day, kind in sorted(document.days().items())
    )
    return year


def put_in_force(
    year: CalendarYear, *, actor_id: int | None, confirmed: Sequence[str] = ()
) -> None:
    """This version instead of whichever was in force; `confirmed` are the doubts it came with."""
    siblings = CalendarYear.objects.filter(country=year.country, year=year.year)
    siblings.filter(in_force=True).exclude(pk=year.pk).update(in_force=False)
    siblings.filter(pk=year.pk).update(in_force=True)
    year.in_force = True
    record(
        kind="calendar.installed",
        actor_id=actor_id,
        subject=f"calendar_year:{year.pk}",
        payload={
            "country": year.country,
            "year": year.year,
            "sha256": year.sha256,
            **({"confirmed": list(confirmed)} if confirmed else {}),
        },
    )


def years_missing(country: str, today: date) -> list[int]:
    """Years that ought to be loaded and are not: this one, and from 1 December the next.

    The first call of a year that is not loaded is blocked (CAL_MISSING).
    """
    wanted = [today.year] + ([today.year + 1] if today.month == WARN_FROM_MONTH else [])
    loaded = CalendarYear.objects.filter(country=country, in_force=True, year__in=wanted)
    return sorted(set(wanted) - set(loaded.values_list("year", flat=True)))


@cache
def read_shipped(country: str = "CN") -> tuple[CalendarDocument, ...]:
    """The shipped years of a country, in order. They come with the code: read once a process."""
    documents = []
    for path in sorted(SHIPPED.glob(f"{country.lower()}-*.yaml")):
        with path.open(encoding="utf-8") as file:
            raw: dict[str, Any] = yaml.safe_load(file)
        documents.append(CalendarDocument.model_validate(raw))
    return tuple(documents)


def install_shipped_calendars(country: str = "CN") -> list[CalendarYear]:
    """Put the shipped years of a country in force, but those of which a version is: people may have
    corrected it, and set-up runs again with every upgrade.
    """
    loaded = set(
        CalendarYear.objects.filter(country=country, in_force=True).values_list("year", flat=True)
    )
    return [install(each) for each in read_shipped(country) if each.year not in loaded]
