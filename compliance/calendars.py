"""Calendars as rows: installing the shipped years, and their content by version.

A version of a year is immutable and named by its hash, so its days may be kept for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from audit.recording import record
from clock.reading import now as business_now
from compliance.domain.calendar import Calendar, DayType
from compliance.domain.documents import CalendarDocument, days_hash
from compliance.models.calendar import CalendarDay, CalendarYear

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
    """Put a year in force; an older version of it stays for replays. The same content: nothing."""
    sha256 = days_hash(document.days())
    names = {day: holiday for holiday in document.statutory for day in holiday.days}
    with transaction.atomic():
        same = CalendarYear.objects.filter(
            country=document.country, year=document.year, sha256=sha256
        ).first()
        if same is not None and same.in_force:
            return same
        CalendarYear.objects.filter(
            country=document.country, year=document.year, in_force=True
        ).update(in_force=False)
        if same is not None:
            CalendarYear.objects.filter(pk=same.pk).update(in_force=True)
            return same
        year = CalendarYear.objects.create(
            country=document.country,
            year=document.year,
            sha256=sha256,
            source=document.source,
            installed_at=business_now(),
        )
        CalendarDay.objects.bulk_create(
            CalendarDay(
                year=year,
                date=day,
                kind=kind.value,
                name=names[day].name if day in names else "",
                name_en=names[day].name_en if day in names else "",
            )
            for day, kind in sorted(document.days().items())
        )
        record(
            kind="calendar.installed",
            actor_id=actor_id,
            subject=f"calendar_year:{year.pk}",
            payload={"country": document.country, "year": document.year, "sha256": sha256},
        )
    return year


def read_shipped(country: str = "CN") -> list[CalendarDocument]:
    """The shipped years of a country, in order."""
    documents = []
    for path in sorted(SHIPPED.glob(f"{country.lower()}-*.yaml")):
        with path.open(encoding="utf-8") as file:
            raw: dict[str, Any] = yaml.safe_load(file)
        documents.append(CalendarDocument.model_validate(raw))
    return documents


def install_shipped_calendars(country: str = "CN") -> list[CalendarYear]:
    """Put every shipped year of a country in force."""
    return [install(document) for document in read_shipped(country)]
