"""A customer's contact history: what a person may ask for (PIPL §45), in one table.

Contacts on every channel, decisions to call or not, and what the customer allowed or refused,
oldest first; in the reader's language, with each code beside its words in a column of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audiences.models import Customer
from audiences.one_person import records_of_one
from campaigns.models import Campaign
from compliance import wording
from compliance.models import (
    Complaint,
    Consent,
    Contact,
    CustomerMerge,
    Decision,
    Preference,
    Suppression,
)
from compliance.wording import label
from evidence.erasing import erased_on
from evidence.sheets import Cell, Sheet
from evidence.words import BASES, FAMILIES, VIAS, outcome

#: A consent or a refusal that names no family is about all of them.
EVERY = "*"
WEEKDAYS: tuple[str | Promise, ...] = (
    gettext_lazy("Monday"), gettext_lazy("Tuesday"), gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"), gettext_lazy("Friday"), gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: in codes; the table puts the words beside them."""

    at: datetime
    what: str
    channel: str
    campaign: str = ""
    family: str = ""
    #: words and codes of the rest
    detail: Sequence[str] = ()
    codes: Sequence[str] = ()


#: The ledger's kinds, the gate's verdicts and the registers' entries in words for the customer.
WHAT: dict[str, str | Promise] = {
    "attempt": gettext_lazy("Call attempted"),
    "release": gettext_lazy("Attempt taken back: no call was placed"),
    "connect": gettext_lazy("Answered"),
    "consented": gettext_lazy("Agreed to speak to a person"),
    "conversation": gettext_lazy("Conversation"),
    "abandon": gettext_lazy("Nobody was free to talk"),
    "outcome": gettext_lazy("Outcome"),
    "allow": gettext_lazy("Decided: may be called"),
    "review": gettext_lazy("Decided: a person must look first"),
    "block_retriable": gettext_lazy("Decided: not now"),
    "block_terminal": gettext_lazy("Decided: not to be called"),
    "consent": gettext_lazy("Consent given"),
    "consent_withdrawn": gettext_lazy("Consent withdrawn"),
    "opt_out": gettext_lazy("Refused further calls"),
    "complaint": gettext_lazy("Complaint"),
    "register": gettext_lazy("On a no-call register"),
    "carrier": gettext_lazy("Refused by the carrier"),
    "wrong_number": gettext_lazy("Wrong number"),
    "lifted": gettext_lazy("Refusal lifted"),
    "preference": gettext_lazy("Wish recorded"),
    "merged": gettext_lazy("Two records merged: only what was allowed under both still holds"),
}


def contact_history(customer: Customer) -> Sheet:
    """Everything on record about one customer, under whichever record of theirs it stands."""
    names = dict(Campaign.objects.values_list("pk", "name"))
    records = records_of_one(customer.pk)
    lines = sorted(
        [*_contacts(records, names), *_decisions(records, names), *_wishes(records)],
        key=lambda line: line.at,
    )
    notes = [_("Customer %(id)s") % {"id": customer.bank_id}]
    erased = erased_on(customer.pk)
    if erased is not None:
        notes.append(_("Erased on %(day)s.") % {"day": f"{erased:%Y-%m-%d}"})
    rows: list[list[Cell]] = [
        [
            line.at,
            label(WHAT, line.what),
            line.what,
            label(VIAS, line.channel),
            line.channel,
            line.campaign,
            label(FAMILIES, line.family),
            line.family,
            " · ".join(filter(None, line.detail)),
            " ".join(filter(None, line.codes)),
        ]
        for line in lines
    ]
    return Sheet(
        title=_("Contact history"),
        columns=[
            ("at", _("Time")),
            ("what", _("What")),
            ("what_code", _("What (code)")),
            ("channel", _("Channel")),
            ("channel_code", _("Channel (code)")),
            ("campaign", _("Campaign")),
            ("family", _("Product family")),
            ("family_code", _("Product family (code)")),
            ("detail", _("Detail")),
            ("detail_code", _("Detail (code)")),
        ],
        rows=rows,
        notes=notes,
    )


def _contacts(records: list[int], names: dict[int, str]) -> Iterator[Line]:
    for line in Contact.objects.filter(customer_id__in=records).order_by("at", "id").iterator():
        yield Line(
            line.at,
            line.kind,
            line.channel,
            names.get(line.campaign_id, "") if line.campaign_id else "",
            line.product_family,
            [label(wording.ACTORS, line.actor), outcome(line.outcome)],
            [line.actor, line.outcome],
        )


def _decisions(records: list[int], names: dict[int, str]) -> Iterator[Line]:
    found = Decision.objects.filter(customer_id__in=records).defer("facts", "intent")
    tongue = wording.language()
    for stored in found.order_by("at", "id").iterator():
        yield Line(
            stored.at,
            stored.verdict,
            "voice",
            names.get(stored.campaign_id, "") if stored.campaign_id else "",
            detail=[
                str(reason.get(tongue, reason["code"]))
                for reason in stored.decision.get("reasons", [])
            ],
            codes=stored.codes,
        )


def _wishes(records: list[int]) -> Iterator[Line]:
    for consent in Consent.objects.filter(customer_id__in=records).order_by("pk"):
        family = consent.product_family or EVERY
        yield Line(
            consent.granted_at,
            "consent",
            consent.channel,
            family=family,
            detail=[label(BASES, consent.basis)],
            codes=[consent.basis],
        )
        if consent.withdrawn_at:
            yield Line(consent.withdrawn_at, "consent_withdrawn", consent.channel, family=family)
    for entry in Suppression.objects.filter(customer_id__in=records).order_by("pk"):
        family = entry.product_family or EVERY
        yield Line(
            entry.since,
            entry.source,
            entry.channel,
            family=family,
            detail=[label(VIAS, entry.via)],
            codes=[entry.via],
        )
        if entry.lifted_at:
            yield Line(entry.lifted_at, "lifted", entry.channel, family=family)
    for wish in Preference.objects.filter(customer_id__in=records).order_by("pk"):
        said = wishes_of(wish)
        yield Line(
            wish.since,
            "preference",
            "voice",
            detail=[text for text, _code in said],
            codes=[code for _text, code in said],
        )
    for merge in CustomerMerge.objects.filter(gone__in=records).order_by("pk"):
        yield Line(merge.at, "merged", "")
    for complaint in Complaint.objects.filter(customer_id__in=records).order_by("pk"):
        yield Line(complaint.created_at, "complaint", complaint.channel)


def wishes_of(wish: Preference) -> list[tuple[str, str]]:
    """What a customer asked for, each part as (words, code)."""
    found = []
    if wish.no_robot:
        found.append((_("No robot"), "no_robot"))
    if wish.weekdays:
        days = ", ".join(str(WEEKDAYS[day]) for day in sorted(wish.weekdays))
        codes = ",".join(str(day) for day in sorted(wish.weekdays))
        found.append((_("Only on: %(days)s") % {"days": days}, f"weekdays={codes}"))
    if wish.hours:
        hours = ", ".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in wish.hours)
        found.append((_("Only at: %(hours)s") % {"hours": hours}, f"hours={hours}"))
    if wish.families_refused:
        families = ", ".join(label(FAMILIES, each) for each in wish.families_refused)
        codes = ",".join(wish.families_refused)
        found.append((_("Not about: %(families)s") % {"families": families}, f"not={codes}"))
    for most, words, code in (
        (wish.conversations_per_month, _("At most %(n)s a month"), "per_month"),
        (wish.conversations_per_year, _("At most %(n)s a year"), "per_year"),
    ):
        if most is not None:
            found.append((words % {"n": most}, f"{code}={most}"))
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
