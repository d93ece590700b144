"""A customer's contact history: what a person may ask for (PIPL §45), in one table.

Contacts on every channel, decisions to call or not, and what the customer allowed or refused,
oldest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audiences.models import Customer
from campaigns.models import Campaign
from compliance.models import Complaint, Consent, Contact, Decision, Preference, Suppression
from compliance.wording import language
from evidence.erasing import erased_on
from evidence.sheets import Cell, Sheet

Line = tuple[datetime, str, str, str, str]

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
}


def contact_history(customer: Customer) -> Sheet:
    """Everything on record about one customer."""
    names = dict(Campaign.objects.values_list("pk", "name"))
    lines = sorted(
        [*_contacts(customer.pk, names), *_decisions(customer.pk, names), *_wishes(customer.pk)],
        key=lambda line: line[0],
    )
    notes = [_("Customer %(id)s") % {"id": customer.bank_id}]
    erased = erased_on(customer.pk)
    if erased is not None:
        notes.append(_("Erased on %(day)s.") % {"day": f"{erased:%Y-%m-%d}"})
    rows: list[list[Cell]] = [list(line) for line in lines]
    return Sheet(
        title=_("Contact history"),
        columns=[
            ("at", _("Time")),
            ("what", _("What")),
            ("channel", _("Channel")),
            ("campaign", _("Campaign")),
            ("detail", _("Detail")),
        ],
        rows=rows,
        notes=notes,
    )


def _contacts(customer_id: int, names: dict[int, str]) -> Iterator[Line]:
    for line in Contact.objects.filter(customer_id=customer_id).order_by("at").iterator():
        campaign = names.get(line.campaign_id, "") if line.campaign_id else ""
        detail = " ".join(filter(None, [line.actor, line.outcome]))
        yield line.at, str(WHAT.get(line.kind, line.kind)), line.channel, campaign, detail


def _decisions(customer_id: int, names: dict[int, str]) -> Iterator[Line]:
    found = Decision.objects.filter(customer_id=customer_id).defer("facts", "intent")
    tongue = language()
    for stored in found.order_by("at").iterator():
        campaign = names.get(stored.campaign_id, "") if stored.campaign_id else ""
        reasons = stored.decision.get("reasons", [])
        sentences = " ".join(reason.get(tongue, reason["code"]) for reason in reasons)
        yield stored.at, str(WHAT[stored.verdict]), "voice", campaign, sentences


def _wishes(customer_id: int) -> Iterator[Line]:
    for consent in Consent.objects.filter(customer_id=customer_id):
        scope = consent.product_family or "*"
        yield (
            consent.granted_at,
            str(WHAT["consent"]),
            consent.channel,
            "",
            f"{consent.basis} {scope}",
        )
        if consent.withdrawn_at:
            yield consent.withdrawn_at, str(WHAT["consent_withdrawn"]), consent.channel, "", scope
    for entry in Suppression.objects.filter(customer_id=customer_id):
        scope = entry.product_family or "*"
        yield (
            entry.since,
            str(WHAT.get(entry.source, entry.source)),
            entry.channel,
            "",
            f"{entry.via} {scope}",
        )
        if entry.lifted_at:
            yield entry.lifted_at, str(WHAT["lifted"]), entry.channel, "", scope
    for wish in Preference.objects.filter(customer_id=customer_id):
        yield wish.since, str(WHAT["preference"]), "voice", "", ""
    for complaint in Complaint.objects.filter(customer_id=customer_id):
        yield complaint.created_at, str(WHAT["complaint"]), complaint.channel, "", ""
