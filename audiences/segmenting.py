"""Segments: a validated document, compiled to one query over customers."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from audiences.models import BatchMember, Customer, Segment


class SegmentFilter(BaseModel):
    """What a segment may ask for; every line that is given must hold. Unknown keys are refused.

    Ages are full years; `attributes` maps a name to the values of which one must be there.
    """

    model_config = ConfigDict(extra="forbid")

    branches: list[str] = []
    segments: list[str] = []
    regions: list[str] = []
    genders: list[str] = []
    age_from: int | None = Field(default=None, ge=0, le=150)
    age_to: int | None = Field(default=None, ge=0, le=150)
    risk_from: int | None = Field(default=None, ge=1, le=5)
    risk_to: int | None = Field(default=None, ge=1, le=5)
    vulnerable: bool | None = None
    attributes: dict[str, list[str]] = {}


def customers_in(segment: Segment, *, on: date) -> QuerySet[Customer]:
    """The customers of a segment, by their age on a day. Raises pydantic's ValidationError."""
    return Customer.objects.filter(condition(SegmentFilter.model_validate(segment.filter), on=on))


def customers_of_import(batch_id: int) -> QuerySet[Customer]:
    """The customers a file held (not its rejected rows)."""
    members = BatchMember.objects.filter(batch_id=batch_id).values("customer_id")
    return Customer.objects.filter(pk__in=members)


def condition(wanted: SegmentFilter, *, on: date) -> Q:
    """The filter as one condition. A customer without a birth date has no age, and no match."""
    found = Q()
    if wanted.branches:
        found &= Q(branch__code__in=wanted.branches)
    if wanted.segments:
        found &= Q(segment__in=wanted.segments)
    if wanted.regions:
        found &= Q(region__in=wanted.regions)
    if wanted.genders:
        found &= Q(gender__in=wanted.genders)
    if wanted.age_from is not None:
        found &= Q(birth_date__lte=_years_before(on, wanted.age_from))
    if wanted.age_to is not None:
        # of that age until the day before the next birthday
        found &= Q(birth_date__gt=_years_before(on, wanted.age_to + 1))
    if wanted.risk_from is not None:
        found &= Q(risk_tolerance__gte=wanted.risk_from)
    if wanted.risk_to is not None:
        found &= Q(risk_tolerance__lte=wanted.risk_to)
    if wanted.vulnerable is not None:
        found &= Q(vulnerable=wanted.vulnerable)
    for name, values in wanted.attributes.items():
        any_of = Q()
        for value in values:
            any_of |= Q(attributes__contains={name: value})
        found &= any_of
    return found


def _years_before(day: date, years: int) -> date:
    """The same day, years earlier; 29 February becomes the 28th."""
    year = max(1, day.year - years)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
