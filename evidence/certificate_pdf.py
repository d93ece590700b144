"""A certificate as pages to read: the same document, in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.language import in_readers_language
from campaigns import labels, reasons
from compliance import wording
from compliance.wording import label
from evidence import pdf
from evidence.abandonment import JUDGEMENTS, OF
from evidence.fingerprint import fingerprint
from evidence.words import DENIALS, FAMILIES, FAULTS, OPERATORS, USES, VIAS


def certificate_pdf(document: dict[str, Any]) -> bytes:
    """The certificate for people. The same document gives the same bytes."""
    campaign = document["campaign"]
    title = _("Three-appropriates certificate: %(campaign)s") % {"campaign": campaign["name"]}
    parts: list[Any] = [
        pdf.heading(title),
        pdf.paragraph(statement(document)),
        *_what(document),
        *_lists(document),
        *_screening(document),
        *_decisions(document),
        *_calls(document),
        *_people(document),
        *_abandonment(document),
        pdf.section(_("Proof")),
        pdf.facts(
            [
                (_("Fingerprint of this certificate"), fingerprint(document)),
                (
                    _("To check it"),
                    "python3 verify_export.py certificate.json --anchor heads.jsonl",
                ),
            ]
        ),
    ]
    return pdf.document(title, parts, landscape=True)


def statement(document: dict[str, Any]) -> str:
    """What it all comes to, in a few sentences."""
    calls = document["calls"]
    values = {
        "at": local(document["as_of"]),
        "listed": _number(document["screening"]["listed"]),
        "skipped": _number(document["screening"]["skipped"]),
        "refused": _number(document["decisions"]["refused"]),
        "placed": _number(calls["placed"]),
    }
    said = _(
        "As of %(at)s: of %(listed)s customers listed, screening left out %(skipped)s. At the"
        " moment of dialling the gate refused %(refused)s times. %(placed)s calls were placed."
    )
    proof = (
        _("Each call that was placed has one decision that allowed it and one line in the ledger.")
        if calls["sound"]
        else _("Calls, decisions and ledger do not agree: see “Calls and permissions”.")
    )
    return f"{said % values} {proof}"


def _what(document: dict[str, Any]) -> list[Any]:
    campaign, product, script = document["campaign"], document["product"], document["script"]
    return [
        pdf.section(_("Campaign")),
        pdf.facts(
            [
                (_("Campaign"), f"{campaign['id']} {campaign['name']}"),
                (_("Purpose"), label(wording.PURPOSES, campaign["purpose"])),
                (_("State"), str(labels.CAMPAIGN[campaign["state"]][0])),
                (_("From"), local(campaign["starts_at"])),
                (_("Until"), local(campaign["ends_at"])),
                (_("Made by"), campaign["made_by"]),
                (_("Audience"), campaign["audience"] or _("All customers")),
                (
                    _("Chosen by automated decision"),
                    yes_no(campaign["chosen_by_automated_decision"]),
                ),
            ]
        ),
        pdf.section(_("Right product")),
        pdf.facts(product_facts(product)),
        pdf.section(_("Right channel")),
        pdf.facts(
            [
                (_("Script"), f"{script['code']}@{script['version']} {script['title']}"),
                (_("Content hash"), script["content_hash"]),
                (_("Published"), local(script["published_at"])),
            ]
        ),
        _reviews(script),
        pdf.table(
            [
                _("Caller ID"),
                _("Label"),
                _("Registered use"),
                _("Run by"),
                _("Calls an hour / a day"),
            ],
            [
                [
                    each["number"],
                    each["label"],
                    uses_of(each),
                    label(OPERATORS, each["operator"]),
                    f"{each['hourly_cap']} / {each['daily_cap']}",
                ]
                for each in document["caller_ids"]
            ],
        ),
        pdf.section(_("Rule packs in force")),
        pdf.table(
            [
                _("Rule pack"),
                "SHA-256",
                _("Maker / checker"),
                _("Decisions"),
                _("First"),
                _("Last"),
            ],
            [
                [
                    f"{each['pack']}@{each['version']}",
                    each["sha256"],
                    f"{each['maker'] or '—'} / {each['checker'] or '—'}",
                    _number(each["decisions"]),
                    local(each["first_at"]),
                    local(each["last_at"]),
                ]
                for each in document["packs"]
            ],
        ),
    ]


def _reviews(script: dict[str, Any]) -> Any:
    if not script["reviews"]:
        return pdf.paragraph(_("No review of this script version is on record."))
    return pdf.table(
        [_("Review"), _("Maker / checker"), _("Decided"), _("Content hash")],
        [
            [
                str(labels.APPROVAL.get(each["state"], each["state"])),
                f"{each['maker']} / {each['checker'] or '—'}",
                local(each["decided_at"]),
                each["content_hash"],
            ]
            for each in script["reviews"]
        ],
    )


def uses_of(caller_id: dict[str, Any]) -> str:
    """What a caller ID is filed for, in words."""
    return " · ".join(label(USES, each) for each in caller_id["registered_use"])


def product_facts(product: dict[str, Any]) -> list[tuple[str, str]]:
    """The product's terms, by name."""
    rated = product["risk_rated"]
    ages = f"{product['min_age'] or '—'} – {product['max_age'] or '—'}"
    return [
        (
            _("Product"),
            f"{product['code']} {in_readers_language(product['name'], product['name_en'])}",
        ),
        (_("Family"), label(FAMILIES, product["family"])),
        (_("Risk-rated"), _("Nobody said") if rated is None else yes_no(rated)),
        (_("Risk rating"), _rating(product["risk_rating"])),
        (_("Issuer's risk rating"), _rating(product["issuer_risk_rating"])),
        (_("The rating that counts (the higher)"), _rating(product["rating_that_counts"])),
        (_("May be offered by phone"), yes_no(product["by_phone"])),
        (_("Ages"), ages),
    ]


def _lists(document: dict[str, Any]) -> list[Any]:
    rows = []
    for each in document["lists"]:
        signature = each["signature"]
        rows.append(
            [
                f"{branch_of(each)} v{each['version']}",
                str(labels.LIST[each["state"]][0]),
                _number(each["listed"]),
                _number(each["eligible"]),
                _number(each["taken_out"]),
                f"{signature['maker']} / {signature['checker'] or '—'}" if signature else "—",
                local(signature["decided_at"]) if signature else "—",
                each["content_hash"][:16] or "—",
            ]
        )
    heads = [
        _("Branch"), _("State"), _("Listed"), _("Eligible"), _("Taken out"),
        _("Maker / checker"), _("Decided"), _("Content hash"),
    ]  # fmt: skip
    return [pdf.section(_("Lists and signatures")), pdf.table(heads, rows)]


def branch_of(each: dict[str, Any]) -> str:
    """A list's branch in the reader's language."""
    return in_readers_language(each["branch_name"], each["branch_name_en"])


def _screening(document: dict[str, Any]) -> list[Any]:
    screening = document["screening"]
    return [
        pdf.section(_("Right customer: screening")),
        pdf.facts(
            [
                (_("Listed"), _number(screening["listed"])),
                (_("Eligible"), _number(screening["eligible"])),
                (_("Taken out by the branches"), _number(screening["taken_out"])),
                (_("Not callable"), _number(screening["skipped"])),
            ]
        ),
        *_by_area(screening["by_area"], screening["by_code"], _("Customers")),
    ]


def _decisions(document: dict[str, Any]) -> list[Any]:
    decisions = document["decisions"]
    verdicts = decisions["by_verdict"].items()
    return [
        pdf.section(_("Right time: every decision at the moment of dialling")),
        pdf.table(
            [_("The gate's answer"), _("Decisions")],
            [[label(DENIALS, verdict), _number(count)] for verdict, count in verdicts],
        ),
        *_by_area(decisions["by_area"], decisions["by_code"], _("Decisions")),
    ]


def _by_area(areas: dict[str, int], codes: list[dict[str, Any]], what: str) -> list[Any]:
    return [
        pdf.table(
            [_("Verdict"), what],
            [[label(wording.AREAS, area), _number(count)] for area, count in areas.items()],
        ),
        pdf.table(
            [_("Verdict"), _("Reason"), _("Reason code"), _("As the first reason"), _("In all")],
            [
                [
                    label(wording.AREAS, each["area"]),
                    reasons.sentence(each["code"]),
                    each["code"],
                    _number(each["primary"]),
                    _number(each["named"]),
                ]
                for each in codes
            ],
        ),
    ]


def _calls(document: dict[str, Any]) -> list[Any]:
    rows = call_rows(document["calls"])
    return [
        pdf.section(_("Calls and permissions")),
        pdf.table([_("What"), _("How many")], [[label, _number(count)] for label, count in rows]),
    ]


def call_rows(calls: dict[str, Any]) -> list[tuple[str, int]]:
    """The sum that must come out, and whatever does not."""
    return [
        (_("Decisions that allowed a call"), calls["allowed_decisions"]),
        (_("Attempts in the ledger"), calls["ledger_attempts"]),
        (_("less: taken back, provably never placed"), calls["taken_back"]),
        (_("less: under way, or not to be established (they count)"), calls["not_established"]),
        (_("Calls placed"), calls["placed"]),
        *((label(FAULTS, name), count) for name, count in calls["faults"].items() if count),
    ]


def _people(document: dict[str, Any]) -> list[Any]:
    complaints = document["complaints"]
    return [
        pdf.section(_("Opt-outs while it ran, and how soon they held")),
        pdf.table(
            [
                _("Channel"), _("Opt-outs"), _("With a call under way"), _("Median, seconds"),
                _("99th percentile, seconds"), _("Longest, seconds"), _("Calls placed after"),
            ],
            [
                [
                    label(VIAS, each["channel"]),
                    _number(each["opt_outs"]),
                    _number(each["call_under_way"]),
                    str(each["p50_s"]),
                    str(each["p99_s"]),
                    str(each["max_s"]),
                    _number(each["calls_after"]),
                ]
                for each in document["opt_outs"]
            ],
        ),
        pdf.section(_("Complaints")),
        pdf.facts(
            [
                (_("Complaints"), _number(complaints["total"])),
                (_("Still open"), _number(complaints["open"])),
                (_("Found justified"), _number(complaints["justified"])),
                *(
                    (label(VIAS, channel), _number(count))
                    for channel, count in complaints["by_channel"].items()
                ),
            ]
        ),
    ]  # fmt: skip


def _abandonment(document: dict[str, Any]) -> list[Any]:
    rows = [
        [
            rule_of(each, document["campaign"]),
            f"{period['first']} – {period['last']}",
            _number(period["abandoned"]),
            f"{_number(period['of'])} ({label(OF, each['of'])})",
            "—" if period["percent"] is None else f"{period['percent']:.2f} %",
            f"{each['limit_percent']:g} %",
            label(JUDGEMENTS, period["result"]),
        ]
        for each in document["abandonment"]
        for period in each["periods"]
    ]
    heads = [
        _("Rule"), _("Period"), _("Abandoned"), _("Divided by"), _("Share"), _("Limit"),
        _("Result"),
    ]  # fmt: skip
    return [pdf.section(_("Abandoned calls")), pdf.table(heads, rows)]


def rule_of(guard: dict[str, Any], campaign: dict[str, Any]) -> str:
    """By which rule abandoned calls are counted, and where it stands."""
    own = guard["pack"] == f"campaign:{campaign['id']}"
    source = _("The campaign's own limits") if own else guard["pack"]
    return f"{guard['sentence'][wording.language()]}\n{source} {guard['rule']}"


def local(instant: str | None) -> str:
    """An instant of the document in the bank's own zone, to the second."""
    if not instant:
        return "—"
    at = timezone.localtime(datetime.fromisoformat(instant))
    return at.isoformat(" ", timespec="seconds")


def yes_no(value: bool) -> str:
    return pgettext("a fact", "Yes") if value else pgettext("a fact", "No")


def _rating(value: int | None) -> str:
    return f"R{value}" if value else "—"


def _number(value: int) -> str:
    return f"{value:,}"
