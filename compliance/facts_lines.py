"""What the facts statement returned, made into facts: lines sorted once, then pair by pair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from audiences.domain.ownership import Ownership
from compliance.domain import attributes
from compliance.domain.facts import (
    Consent,
    Contact,
    ContactKind,
    CustomerFacts,
    Exemption,
    ExemptionKind,
    Facts,
    NumberFacts,
    OpenAttempt,
    Preference,
    Suppression,
    SuppressionSource,
    World,
)
from compliance.domain.intent import Actor, Purpose
from compliance.domain.making import maker
from compliance.facts_statement import BETWEEN, Section

#: A line of the statement: section, customer, number, id, texts.
Line = tuple[Any, ...]
Pair = tuple[int | None, int | None]


class Lines:
    """The statement's lines, in the places where they are looked for."""

    __slots__ = (
        "any_released", "attempts", "consents", "contacts", "contacts_of_household",
        "contacts_of_number", "exemptions", "former", "people", "preferences", "suppressions",
        "world",
    )  # fmt: skip

    def __init__(self, lines: Sequence[Line]) -> None:
        found: list[list[Line]] = [[] for _ in Section]
        for line in lines:
            found[line[0]].append(line)
        (self.world,) = found[Section.WORLD]
        self.people: dict[Pair, Line] = {(line[1], line[2]): line for line in found[Section.PERSON]}
        #: the records that were merged into a customer's
        self.former: dict[int | None, list[int]] = {}
        for line in found[Section.FORMER]:
            self.former.setdefault(line[CUSTOMER], []).append(line[ID])
        self.consents = _by(CUSTOMER, found[Section.CONSENT])
        #: whether any attempt at all was taken back; hardly ever is one
        self.any_released = any(
            line[5] == "release"
            for section in (
                Section.CONTACT,
                Section.CONTACT_OF_NUMBER,
                Section.CONTACT_OF_HOUSEHOLD,
            )
            for line in found[section]
        )
        self.contacts = _by(CUSTOMER, found[Section.CONTACT])
        self.contacts_of_number = _by(NUMBER, found[Section.CONTACT_OF_NUMBER])
        self.contacts_of_household = _by(HOUSEHOLD, found[Section.CONTACT_OF_HOUSEHOLD])
        self.exemptions = _by(CUSTOMER, found[Section.EXEMPTION])
        self.preferences = _by(CUSTOMER, found[Section.PREFERENCE])
        self.suppressions = _of_either(found[Section.SUPPRESSION])
        self.attempts = _of_either(found[Section.ATTEMPT])


CUSTOMER, NUMBER, ID, TEXTS = 1, 2, 3, 4
HOUSEHOLD, REST, ATTEMPT = TEXTS + 2, TEXTS + 3, TEXTS + 8  # of a contact
#: as PostgreSQL writes it within a text
TRUE = "t"


def _by(column: int, lines: list[Line]) -> dict[Any, list[Line]]:
    found: dict[Any, list[Line]] = {}
    for line in lines:
        found.setdefault(line[column], []).append(line)
    return found


def _of_either(lines: list[Line]) -> tuple[dict[Any, list[Line]], dict[Any, list[Line]]]:
    return _by(CUSTOMER, lines), _by(NUMBER, lines)


_make_facts = maker(Facts)
_make_customer = maker(CustomerFacts)
_make_number = maker(NumberFacts)
_make_consent = maker(Consent)
_make_contact = maker(Contact)


def read_facts(lines: Lines, customer: int | None, number: int | None, world: World) -> Facts:
    """The facts of one pair that was asked for."""
    person = lines.people[customer, number]
    household, one = person[TEXTS + 2], person[TEXTS + 7].split(BETWEEN, 14)
    former = lines.former.get(customer)
    consents = lines.consents.get(customer)
    exemptions = lines.exemptions.get(customer)
    preferences = _of_customer(lines.preferences, customer, former)
    return _make_facts(
        world,
        _customer(customer, person, one) if household is not None else None,
        _number(number, person, one) if one[7] == TRUE else None,
        one[13] == TRUE,
        tuple(map(_consent, in_order(consents))) if consents else (),
        _suppressions(lines, customer, number, former),
        _contacts(lines, customer, number, household, former),
        _attempts(lines, customer, number, former),
        tuple(map(_exemption, in_order(exemptions))) if exemptions else (),
        tuple(map(_preference, in_order(preferences))) if preferences else (),
    )


def in_order(lines: list[Line]) -> list[Line]:
    """Lines of one section, by id."""
    return lines if len(lines) == 1 else sorted(lines, key=itemgetter(ID))


def _customer(identity: int | None, line: Line, one: list[str]) -> CustomerFacts:
    """Of the bank's own attributes only plain values; `assets` among them, in whole yuan."""
    birth, assessed, household, branch, text = line[4:9]
    region, zone, tolerance, vulnerable, deceased, sandbox, no_profiling = one[:7]
    columns = (
        identity,
        None if birth is None else date.fromisoformat(birth),
        region,
        zone,
        int(tolerance) if tolerance else None,
        None if assessed is None else date.fromisoformat(assessed),
        household,
        vulnerable == TRUE,
        deceased == TRUE,
        sandbox == TRUE,
        None if branch is None else int(branch),
        no_profiling == TRUE,
        one[14],
    )
    if text is None:
        return _make_customer(*columns)
    held = json.loads(text) or {}
    plain = {name: value for name, value in held.items() if isinstance(value, str | int | bool)}
    assets = attributes.number(plain.get("assets"))
    known = assets if assets is not None and assets >= 0 else None
    return _make_customer(*columns, known, tuple(sorted(plain.items())))


def _number(identity: int | None, line: Line, one: list[str]) -> NumberFacts:
    since, asked = line[9:11]
    region, zone, valid, invalid_reason, ownership = one[8:13]
    if since is None and asked is None:
        return _make_number(identity, region, zone, valid == TRUE, invalid_reason)
    return _make_number(
        identity,
        region,
        zone,
        valid == TRUE,
        invalid_reason,
        _time(since),
        Ownership(ownership),
        _time(asked),
    )


def _consent(line: Line) -> Consent:
    granted, withdrawn, expires, one = line[4:8]
    channel, purpose, basis, profiling_ok, family = one.split(BETWEEN, 4)
    return _make_consent(
        line[ID],
        moment_of(granted),
        channel,
        purpose,
        family,
        None if withdrawn is None else moment_of(withdrawn),
        None if expires is None else moment_of(expires),
        basis,
        profiling_ok == TRUE,
        line[NUMBER],
    )


def _of_customer(
    found: dict[Any, list[Line]], customer: int | None, former: list[int] | None
) -> list[Line] | None:
    """The lines of a customer, and those of the records merged into theirs, as the customer's."""
    lines = found.get(customer)
    if former is None:
        return lines
    theirs = (line for each in former for line in found.get(each, ()))
    return [*(lines or ()), *((line[0], customer, *line[2:]) for line in theirs)]


def _suppressions(
    lines: Lines, customer: int | None, number: int | None, former: list[int] | None
) -> tuple[Suppression, ...]:
    of_customer = _of_customer(lines.suppressions[0], customer, former)
    of_number = lines.suppressions[1].get(number)
    if not of_customer and not of_number:
        return ()
    # a register's entries have ids of their own
    found = sorted(
        (*(of_customer or ()), *(of_number or ())),
        key=lambda line: (line[ID], line[TEXTS + 2] is None, line[TEXTS + 2], line[TEXTS]),
    )
    return tuple(map(_suppression, found))


def _attempts(
    lines: Lines, customer: int | None, number: int | None, former: list[int] | None
) -> tuple[OpenAttempt, ...]:
    """Those of the customer and of the number, each once, the oldest first."""
    of_customer = _of_customer(lines.attempts[0], customer, former)
    of_number = lines.attempts[1].get(number)
    if not of_customer and not of_number:
        return ()
    # what is the customer's comes last, so that it is the customer's
    found = {line[5]: line for line in (*(of_number or ()), *(of_customer or ()))}
    return tuple(sorted(map(_attempt, found.values()), key=lambda each: (each.at, each.id)))


def _suppression(line: Line) -> Suppression:
    source, since, register, channel, family, expires, purpose, product = line[4:12]
    return Suppression(
        line[ID],
        SuppressionSource(source),
        moment_of(since),
        line[CUSTOMER],
        line[NUMBER],
        register or "",
        channel,
        family,
        _time(expires),
        purpose,
        _int(product),
    )


def _attempt(line: Line) -> OpenAttempt:
    return OpenAttempt(line[5], moment_of(line[4]), line[CUSTOMER], line[NUMBER])


def _contacts(
    lines: Lines,
    customer: int | None,
    number: int | None,
    household: str | None,
    former: list[int] | None,
) -> tuple[Contact, ...]:
    """The ledger's lines, in the order of time, without the attempts that were taken back.

    The customer's own; those of the number and of the household where they are others'.
    """
    found = lines.contacts.get(customer)
    of_number = lines.contacts_of_number.get(number)
    of_household = lines.contacts_of_household.get(household) if household else None
    if former is not None:
        found = [
            (*line[:CUSTOMER], customer, *line[NUMBER:HOUSEHOLD], household, *line[REST:])
            for each in former
            for line in lines.contacts.get(each, ())
        ] + (found or [])
    if of_number is not None or of_household is not None:
        others = _of_others(of_number, of_household, number, customer, former)
        if others:
            found = [*(found or ()), *others]
    if not found:
        return ()
    if lines.any_released:
        released = {line[ATTEMPT] for line in found if line[5] == "release"}
        if released:
            found = [line for line in found if line[ATTEMPT] not in released]
    if len(found) > 1:
        found = sorted(found, key=lambda line: (moment_of(line[TEXTS]), line[ID]))
    return tuple(map(_contact, found))


def _of_others(
    of_number: list[Line] | None,
    of_household: list[Line] | None,
    number: int | None,
    customer: int | None,
    former: list[int] | None,
) -> list[Line]:
    """The lines of the number and of the household that are not the customer's own."""
    own = {customer, *(former or ())} - {None}
    return [
        *[line for line in of_number or () if line[CUSTOMER] not in own],
        *[
            line
            for line in of_household or ()
            if line[CUSTOMER] not in own and line[NUMBER] != number
        ],
    ]


_KINDS = {kind.value: kind for kind in ContactKind}
_ACTORS = {actor.value: actor for actor in Actor}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}


def _contact(line: Line) -> Contact:
    at, kind, household, product, family, campaign, branch, caller_id = line[4:12]
    attempt, one = line[12:14]
    actor, purpose, channel, outcome = one.split(BETWEEN, 3)
    return _make_contact(
        moment_of(at),
        _KINDS[kind],
        line[CUSTOMER],
        line[NUMBER],
        household,
        _int(product),
        family,
        _int(campaign),
        _int(branch),
        _int(caller_id),
        _ACTORS[actor],
        _PURPOSES[purpose],
        channel,
        outcome,
        attempt or "",
    )


def _exemption(line: Line) -> Exemption:
    kind, product, campaign, promised, expires = line[4:9]
    return Exemption(
        line[ID],
        ExemptionKind(kind),
        line[NUMBER],
        _int(product),
        _int(campaign),
        _time(promised),
        _time(expires),
    )


def _preference(line: Line) -> Preference:
    since, no_robot, weekdays, hours, families, per_year, per_month = line[4:11]
    return Preference(
        line[ID],
        moment_of(since),
        no_robot == "true",
        tuple(json.loads(weekdays)),
        tuple((int(start), int(end)) for start, end in json.loads(hours)),
        tuple(json.loads(families)),
        _int(per_year),
        _int(per_month),
    )


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


moment_of = datetime.fromisoformat


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
