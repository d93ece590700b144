"""The facts of a stored decision as people read them: in words, and without the date of birth.

Rules look at the age; the day somebody was born is nobody's question here. What no word stands for
is in the document below the table, which leaves the same out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from audiences.domain.regions import name_of
from compliance import wording
from compliance.domain.terms import age_on
from compliance.outcome_wording import outcome_label

#: Lines of the ledger in the table; the document has all.
CONTACTS_SHOWN = 30

_Say = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Section:
    """One table: what it is about, and its rows."""

    title: str
    rows: list[tuple[str, str]]


def age_at(born: date | None, at: datetime) -> int | None:
    """Full years on the day of `at` at the bank."""
    return None if born is None else age_on(born, timezone.localtime(at).date())


def masked(facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The document with the age on that day in place of the birth date."""
    customer = facts.get("customer")
    if not customer:
        return dict(facts)
    born = customer.get("birth_date")
    kept = {name: value for name, value in customer.items() if name != "birth_date"}
    age = age_at(date.fromisoformat(born) if born else None, at)
    return {**facts, "customer": {"age": age, **kept}}


def sections(facts: Mapping[str, Any], at: datetime) -> list[Section]:
    """What the rules could look at, empty things left out. `at` is when it was decided."""
    facts = masked(facts, at)
    world = facts.get("world") or {}
    found = [
        Section(_("Customer"), _fields(facts.get("customer"), _CUSTOMER)),
        Section(_("Number"), _fields({**(facts.get("number") or {}), **_linked(facts)}, _NUMBER)),
        Section(_("Product"), _fields(world.get("product"), _PRODUCT)),
        Section(_("Caller ID"), _fields(world.get("caller_id"), _CALLER_ID)),
        Section(_("Refusals and consents"), [*_said(facts)]),
        Section(_("Earlier contacts"), _contacts(facts.get("contacts") or [])),
        Section(_("Calendar, lists and switches"), [*_around(world)]),
    ]
    return [section for section in found if section.rows]


# --- values --------------------------------------------------------------------------------------


def _yes(value: Any) -> str:
    return _("yes") if value else _("no")


def _day_or_instant(value: Any) -> str:
    text = str(value)
    if "T" not in text:
        return text
    at = datetime.fromisoformat(text)
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at.tzinfo is not None else text


def _of(table: Mapping[str, wording.Text]) -> _Say:
    return lambda value: wording.label(table, str(value))


def _region(value: Any) -> str:
    return name_of(str(value), chinese=wording.language() == "zh")


def _years(value: Any) -> str:
    return ngettext("%(n)d year", "%(n)d years", value) % {"n": value}


def _yuan(value: Any) -> str:
    return _("%(amount)s yuan") % {"amount": f"{value:,}"}


_CUSTOMER: dict[str, tuple[wording.Text, _Say]] = {
    "age": (pgettext_lazy("person", "Age"), _years),
    "region": (gettext_lazy("Region"), _region),
    "time_zone": (gettext_lazy("Time zone"), str),
    "segment": (gettext_lazy("Customer group"), str),
    "risk_tolerance": (gettext_lazy("Risk tolerance"), lambda value: f"C{value}"),
    "risk_assessed_on": (gettext_lazy("Risk assessed on"), _day_or_instant),
    "assets": (gettext_lazy("Assets"), _yuan),
    "vulnerable": (gettext_lazy("Vulnerable"), _yes),
    "deceased": (gettext_lazy("Deceased"), _yes),
    "no_profiling": (gettext_lazy("Objects to profiling"), _yes),
}
_NUMBER: dict[str, tuple[wording.Text, _Say]] = {
    "region": (gettext_lazy("Region"), _region),
    "time_zone": (gettext_lazy("Time zone"), str),
    "valid": (gettext_lazy("Can be called"), _yes),
    "in_use_since": (gettext_lazy("Its owner has it since"), _day_or_instant),
    "linked": (gettext_lazy("It is this customer's"), _yes),
}
_PRODUCT: dict[str, tuple[wording.Text, _Say]] = {
    "family": (gettext_lazy("Product family"), _of(wording.FAMILIES)),
    "on_sale": (gettext_lazy("On sale"), _yes),
    "by_phone": (gettext_lazy("May be sold by telephone"), _yes),
    "private": (gettext_lazy("To qualified investors only"), _yes),
    "risk_rated": (gettext_lazy("Has a risk rating"), _yes),
    "risk_rating": (gettext_lazy("Risk rating"), lambda value: f"R{value}"),
    "issuer_risk_rating": (gettext_lazy("The issuer's risk rating"), lambda value: f"R{value}"),
    "min_age": (gettext_lazy("From age"), _years),
    "max_age": (gettext_lazy("To age"), _years),
    "min_amount": (gettext_lazy("Least amount"), _yuan),
}
_OPERATORS: dict[str, wording.Text] = {
    "own": gettext_lazy("the bank itself"),
    "outsourced": gettext_lazy("a call centre for the bank"),
}
_CALLER_ID: dict[str, tuple[wording.Text, _Say]] = {
    "active": (gettext_lazy("In use"), _yes),
    "operator": (gettext_lazy("Who calls on it"), _of(_OPERATORS)),
}


def _fields(
    values: Mapping[str, Any] | None, known: Mapping[str, tuple[wording.Text, _Say]]
) -> list[tuple[str, str]]:
    return [
        (str(label), say(values[name]))
        for name, (label, say) in known.items()
        if values and values.get(name) not in (None, "", [])
    ]


def _linked(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"linked": facts.get("linked")} if facts.get("number") else {}


def _said(facts: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for one in facts.get("suppressions") or []:
        scope = wording.label(wording.FAMILIES, one.get("product_family", "")) or _("every product")
        yield (
            wording.label(wording.SUPPRESSIONS, one.get("source", "")),
            _join(
                scope,
                one.get("register", ""),
                _("since %(at)s") % {"at": _day_or_instant(one.get("since", ""))},
                _until(one),
            ),
        )
    for one in facts.get("consents") or []:
        scope = wording.label(wording.FAMILIES, one.get("product_family", "")) or _("every product")
        withdrawn = one.get("withdrawn_at", "")
        yield (
            _("Consent withdrawn") if withdrawn else _("Consent"),
            _join(
                scope,
                wording.label(wording.CHANNELS, one.get("channel", "")),
                wording.label(wording.CONSENT_BASES, one.get("basis", "")),
                _("since %(at)s") % {"at": _day_or_instant(one.get("granted_at", ""))},
                _("withdrawn %(at)s") % {"at": _day_or_instant(withdrawn)} if withdrawn else "",
                _until(one),
            ),
        )
    for one in facts.get("exemptions") or []:
        yield (
            _("Exemption"),
            _join(wording.label(wording.EXEMPTIONS, one.get("kind", "")), _until(one)),
        )
    for one in facts.get("preferences") or []:
        yield (
            _("Customer's wishes"),
            _join(
                _("no robot") if one.get("no_robot", "") else "",
                *(
                    wording.label(wording.FAMILIES, code)
                    for code in one.get("families_refused", "")
                ),
                _("since %(at)s") % {"at": _day_or_instant(one.get("since", ""))},
            ),
        )


def _until(one: Mapping[str, Any]) -> str:
    ends = one.get("expires_at")
    return _("until %(at)s") % {"at": _day_or_instant(ends)} if ends else ""


def _contacts(lines: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    newest = sorted(lines, key=lambda one: str(one.get("at", "")), reverse=True)
    rows = [
        (
            _day_or_instant(one.get("at", "")),
            _join(
                wording.label(wording.CONTACTS, one.get("kind", "")),
                outcome_label(one.get("outcome", "").upper()) if one.get("outcome", "") else "",
                wording.label(wording.ACTORS, one.get("actor", "")),
                wording.label(wording.PURPOSES, one.get("purpose", "")),
                wording.label(wording.CHANNELS, one.get("channel", "")),
                wording.label(wording.FAMILIES, one.get("product_family", "")),
            ),
        )
        for one in newest[:CONTACTS_SHOWN]
    ]
    more = len(newest) - len(rows)
    if more:
        rows.append(
            ("…", ngettext("%(n)d earlier line", "%(n)d earlier lines", more) % {"n": more})
        )
    return rows


def _around(world: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    versions = (world.get("calendar") or {}).get("versions") or []
    if versions:
        yield _("Calendar"), ", ".join(str(year) for year, _sha256 in versions)
    for one in world.get("registers") or []:
        drawn = one.get("imported_at", "")
        yield (
            one.get("name", ""),
            (_("as of %(at)s") % {"at": _day_or_instant(drawn)} if drawn else _("never imported")),
        )
    for one in world.get("blackouts") or []:
        since, until = _day_or_instant(one.get("since", "")), _day_or_instant(one.get("until", ""))
        yield _("Blackout"), _join(f"{since} – {until}", one.get("reason", ""))
    for one in world.get("kill_switches") or []:
        yield _("Kill switch"), wording.label(wording.SWITCH_SCOPES, one.get("scope", ""))
    if world.get("already_reserved"):
        yield _("This very dial"), _("was asked for before")


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
