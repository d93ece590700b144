"""From what a scenario gives to facts: whatever it leaves out is clean, null is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from audiences.domain.ownership import Ownership
from compliance.domain.calendar import Calendar
from compliance.domain.common_consents import common
from compliance.domain.facts import (
    Blackout,
    CallerIdFacts,
    CampaignCounts,
    Consent,
    Contact,
    CustomerFacts,
    Exemption,
    ExemptionKind,
    Facts,
    KillSwitch,
    NumberFacts,
    OpenAttempt,
    Preference,
    ProductFacts,
    RegisterFacts,
    StaffNumberFacts,
    Suppression,
    World,
)
from compliance.domain.intervals import parse_clock
from compliance.scenario_format import (
    Event,
    Given,
    GivenCustomer,
    GivenNumber,
    No,
    OtherRecord,
    Wish,
    Yes,
)

#: The one clock of the mainland, which an import writes down for whoever lives there.
MAINLAND = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Clean:
    """What clean means here: the instant, the zone of the file's times, and the pack's country."""

    now: datetime
    where: ZoneInfo
    region: str
    calendar: Calendar
    registers: tuple[str, ...] = ()

    def utc(self, moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=self.where)).astimezone(UTC)

    def time(self, moment: datetime | None) -> datetime | None:
        return None if moment is None else self.utc(moment)


def facts_of(given: Given, clean: Clean) -> Facts:
    """The facts of a scenario. Raises ValueError for a time of day that is none."""
    return Facts(
        _world(given, clean),
        _customer(given.customer, clean),
        _number(given.number, clean),
        given.number is not None and given.number.linked,
        _consents(given, clean),
        _suppressions(given, clean),
        _contacts(given, clean),
        _in_flight(given, clean),
        _exemptions(given, clean),
        _preferences(given, clean),
        _staff_number(given, clean),
    )


def _world(given: Given, clean: Clean) -> World:
    product, caller_id = given.product, given.caller_id
    if not _said(given, "registers"):
        registers = tuple(RegisterFacts(name, clean.now, 31) for name in clean.registers)
    else:
        registers = tuple(
            RegisterFacts(r.name, clean.time(r.imported_at), r.max_age_days)
            for r in given.registers or ()
        )
    return World(
        product=ProductFacts(1, **product.model_dump()) if product is not None else None,
        caller_id=CallerIdFacts(1, **caller_id.model_dump()) if caller_id is not None else None,
        calendar=clean.calendar,
        registers=registers,
        blackouts=tuple(
            Blackout(
                i, clean.utc(b.since), clean.utc(b.until), b.area, b.family, b.reason, b.product
            )
            for i, b in enumerate(given.blackouts)
        ),
        kill_switches=tuple(KillSwitch(i, scope) for i, scope in enumerate(given.kill_switches)),
        clock_skew_s=given.clock_skew_s,
        already_reserved=given.already_reserved,
        campaign_counts=tuple(CampaignCounts(**c.model_dump()) for c in given.campaign_counts),
    )


def _said(given: BaseModel, name: str) -> bool:
    """Whether a scenario speaks of it at all; null says that it is not known."""
    return name in given.model_fields_set


def _place(given: GivenCustomer | GivenNumber, clean: Clean) -> tuple[str, str]:
    """Region and time zone. A zone that is not said is the one that an import stores.

    In the mainland that is its one clock, and elsewhere none: the rules then take every clock that
    is kept in the region (audiences/merging.py). The clock of the pack would be a guess, and one
    that lets calls to California through while it is night there.
    """
    region = (given.region if _said(given, "region") else clean.region) or ""
    zone = MAINLAND if region == "CN" or region.startswith("CN-") else ""
    return region, (given.time_zone if _said(given, "time_zone") else zone) or ""


def _customer(given: GivenCustomer | None, clean: Clean) -> CustomerFacts | None:
    if given is None:
        return None
    values = given.model_dump(exclude={"attributes", "branch"})
    values["region"], values["time_zone"] = _place(given, clean)
    values["household"], values["segment"] = given.household or "", given.segment or ""
    if not _said(given, "risk_assessed_on"):
        values["risk_assessed_on"] = (clean.now - timedelta(days=30)).date()
    held = sorted((name, value) for name, value in given.attributes.items() if value is not None)
    return CustomerFacts(1, **values, branch_id=given.branch, attributes=tuple(held))


def _number(given: GivenNumber | None, clean: Clean) -> NumberFacts | None:
    if given is None:
        return None
    region, zone = _place(given, clean)
    asked = given.ownership_asked_at if _said(given, "ownership_asked_at") else clean.now
    return NumberFacts(
        1,
        region,
        zone,
        given.valid,
        "" if given.valid else "vacant",
        clean.time(given.in_use_since),
        Ownership.NOT_ASKED if given.ownership is None else given.ownership,
        clean.time(asked),
    )


def _consents(given: Given, clean: Clean) -> tuple[Consent, ...]:
    """Of two records merged now: what the kept one allowed has ended, but for what both did.

    So does a merge write it (compliance/merging.py).
    """
    ours = _allowed(given, clean)
    if given.merged_with is None:
        return ours
    theirs = _allowed(given.merged_with, clean)
    ended = (
        consent
        if consent.expires_at is not None and consent.expires_at <= clean.now
        else replace(consent, expires_at=clean.now)
        for consent in ours
    )
    return (*ended, *common(ours, theirs, clean.now))


def _allowed(given: Given | OtherRecord, clean: Clean) -> tuple[Consent, ...]:
    if not _said(given, "consents"):
        return (Consent(1, clean.now - timedelta(days=30), basis="written"),)
    return tuple(_consent(index, yes, clean) for index, yes in enumerate(given.consents or ()))


def _suppressions(given: Given, clean: Clean) -> tuple[Suppression, ...]:
    """Of a record merged into the customer's, what it refused is the customer's."""
    other = given.merged_with.suppressions if given.merged_with is not None else ()
    return tuple(
        _suppression(index, no, clean) for index, no in enumerate((*given.suppressions, *other))
    )


def _contacts(given: Given, clean: Clean) -> tuple[Contact, ...]:
    other = given.merged_with.contacts if given.merged_with is not None else ()
    found = (_contact(event, clean) for event in (*given.contacts, *other))
    return tuple(sorted(found, key=lambda contact: contact.at))


def _preferences(given: Given, clean: Clean) -> tuple[Preference, ...]:
    other = given.merged_with.preferences if given.merged_with is not None else ()
    return tuple(
        _preference(index, wish, clean) for index, wish in enumerate((*given.preferences, *other))
    )


def _consent(index: int, yes: Yes, clean: Clean) -> Consent:
    return Consent(
        index,
        clean.utc(yes.granted_at),
        channel=yes.channel,
        purpose=yes.purpose.value,
        product_family=yes.family,
        withdrawn_at=clean.time(yes.withdrawn_at),
        expires_at=clean.time(yes.expires_at),
        basis=yes.basis or "",
        profiling_ok=yes.profiling_ok,
        number_id=1 if yes.for_number else None,
    )


def _suppression(index: int, no: No, clean: Clean) -> Suppression:
    return Suppression(
        index,
        no.source,
        clean.utc(no.since),
        customer_id=(no.customer or 1) if no.of == "customer" else None,
        number_id=(no.number or 1) if no.of == "number" else None,
        register=no.on_list,
        channel=no.channel,
        product_family=no.family,
        expires_at=clean.time(no.expires_at),
        purpose=no.purpose,
        product_id=no.product,
    )


def _contact(event: Event, clean: Clean) -> Contact:
    return Contact(
        clean.utc(event.at),
        event.kind,
        customer_id=event.customer,
        number_id=event.number,
        household=event.household,
        product_id=event.product,
        product_family=event.family or "",
        campaign_id=event.campaign,
        branch_id=event.branch,
        caller_id_id=event.caller_id,
        actor=event.actor,
        purpose=event.purpose,
        channel=event.channel,
        outcome=event.outcome,
    )


def _in_flight(given: Given, clean: Clean) -> tuple[OpenAttempt, ...]:
    since = clean.time(given.in_flight_since)
    return () if since is None else (OpenAttempt("1", since, 1, 1),)


def _exemptions(given: Given, clean: Clean) -> tuple[Exemption, ...]:
    found = [
        Exemption(index, e.kind, at=clean.time(e.at), expires_at=clean.time(e.expires_at))
        for index, e in enumerate(given.exemptions)
        if not any(
            end is not None and clean.utc(end) <= clean.now for end in (e.used_at, e.withdrawn_at)
        )
    ]
    promised = clean.time(given.promised_callback)
    if promised is not None:
        found.append(Exemption(len(found), ExemptionKind.CALLBACK, number_id=1, at=promised))
    return tuple(found)


def _preference(index: int, wish: Wish, clean: Clean) -> Preference:
    return Preference(
        index,
        clean.utc(wish.since),
        wish.no_robot,
        wish.weekdays,
        tuple((parse_clock(start), parse_clock(end)) for start, end in wish.hours),
        wish.families_refused,
        wish.conversations_per_year,
        wish.conversations_per_month,
    )


def _staff_number(given: Given, clean: Clean) -> StaffNumberFacts | None:
    staff = given.staff_number
    if staff is None:
        return None
    calls = tuple(clean.utc(call) for call in staff.calls)
    return StaffNumberFacts(1, clean.time(staff.verified_at), calls)
