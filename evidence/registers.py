"""What departed from the rule, and what changed the rules: two registers over a span of time.

Both read the audit's entries, so that nothing is in them that the chain does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.deciding import FOR_GOOD
from audiences.models import Customer
from audit.models import Entry
from compliance import wording
from compliance.domain.pack import PackError, compile_pack
from compliance.models import PackVersion
from compliance.rule_wording import rule_sentence
from compliance.wording import label
from evidence.sheets import Cell, Sheet
from evidence.words import ACTS, NAMES, SUBJECTS, VALUES, about

#: Letters of a cell at most.
LONGEST = 400

#: Beginnings of the kinds of entries.
EXCEPTIONS = (
    "exemption.",
    "suppression.lifted",
    "kill_switch.",
    "legal_hold.",
    "person.erased",
    "ledger.erased",
    "audit.rebased",
)
PACK_CHANGES = ("pack.", "calendar.", "approval.")
#: Approvals are about many things; these belong to the rules.
_PACK_SUBJECTS = ("pack_version:", "pack_end:", "calendar_year:")


def exceptions(since: datetime, until: datetime) -> Sheet:
    """Exemptions, lifted refusals, kill switches, holds, erasures, and limits switched off.

    What an erasure blanked stands there ledger by ledger: nothing is blanked without being seen.
    """
    found = Entry.objects.filter(_begins("kind", EXCEPTIONS), at__gte=since, at__lt=until)
    rows = [*_rows(found.order_by("at", "id")), *_limits_off(since, until)]
    return Sheet(
        _("Exceptions and overrides"),
        _columns(),
        sorted(rows, key=lambda row: str(row[0])),
        [f"{since:%Y-%m-%d} – {until:%Y-%m-%d}"],
    )


def pack_changes(since: datetime, until: datetime) -> Sheet:
    """Everything that was done to rule packs and calendars, by whom."""
    found = Entry.objects.filter(_begins("kind", PACK_CHANGES), at__gte=since, at__lt=until)
    found = found.exclude(Q(kind__startswith="approval.") & ~_begins("subject", _PACK_SUBJECTS))
    return Sheet(
        _("Changes of the rules"),
        _columns(),
        list(_rows(found.order_by("at", "id"))),
        [f"{since:%Y-%m-%d} – {until:%Y-%m-%d}"],
    )


def _columns() -> list[tuple[str, str]]:
    return [
        ("at", _("Time")),
        ("kind", _("Kind")),
        ("kind_code", _("Kind (code)")),
        ("subject", _("Subject")),
        ("subject_code", _("Subject (code)")),
        ("by", _("By")),
        ("detail", _("Detail")),
        ("detail_code", _("Detail (code)")),
        ("entry", _("Audit entry")),
    ]


def _rows(entries: Any) -> Iterator[list[Cell]]:
    found = list(entries)
    names = dict(
        User.objects.filter(pk__in={each.actor_id for each in found}).values_list("pk", "username")
    )
    customers = {each.payload.get("customer") for each in found}
    known = {each for each in customers if isinstance(each, int)}
    bank_ids = dict(Customer.objects.filter(pk__in=known).values_list("pk", "bank_id"))
    for entry in found:
        by = names.get(entry.actor_id, "") if entry.actor_id else ""
        payload = json.dumps(entry.payload, ensure_ascii=False, sort_keys=True)
        # people know a customer by the bank's number, not by ours
        customer = entry.payload.get("customer")
        told = {**entry.payload, "customer": bank_ids.get(customer, customer)}
        yield _row(entry.at, entry.kind, entry.subject, by, _detail(told), payload, entry.pk)


def _row(
    at: datetime, kind: str, subject: str, by: str, detail: str, code: str, entry_id: int | None
) -> list[Cell]:
    """The words, and beside them the codes."""
    words, about_it = label(ACTS, kind), about(subject)
    return [at, words, kind, about_it, subject, by, detail[:LONGEST], code[:LONGEST], entry_id]


def _detail(payload: Mapping[str, Any]) -> str:
    """What an entry says besides, in words; what is said in numbers alone stays with the codes."""
    return " · ".join(
        f"{label(NAMES, name)}: {_said(value)}"
        for name, value in sorted(payload.items())
        if name in NAMES and value not in (None, "", [], {})
    )


def _said(value: Any) -> str:
    """A value in words: an instant where the bank is, a code by its name."""
    if not isinstance(value, str):
        return str(value)
    if value.partition(":")[0] in SUBJECTS:
        return about(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return label(VALUES, value)
    if at.tzinfo is None:
        return value
    return _("For good") if at >= FOR_GOOD else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _limits_off(since: datetime, until: datetime) -> Iterator[list[Cell]]:
    """Parameters of rules that a pack in force in the span sets to null: off, by two people's
    signature.
    """
    versions = PackVersion.objects.filter(state="approved", effective_from__lt=until).filter(
        Q(effective_to__isnull=True) | Q(effective_to__gt=since)
    )
    for version in versions.select_related("pack", "checker"):
        sentences = _sentences(version)
        for rule in version.document.get("rules", []):
            for name in _nulls(rule):
                checker = version.checker.username if version.checker else ""
                subject = f"pack_version:{version.pk}"
                detail = f"{version} {rule.get('id', '')} {name}"
                sentence = sentences.get(rule.get("id"), str(rule.get(wording.language(), "")))
                said = " · ".join([str(version), sentence, name])
                yield _row(
                    version.effective_from, "pack.limit_off", subject, checker, said, detail, None
                )


def _sentences(version: PackVersion) -> dict[str, str]:
    """The rules of a version by id, with their values; none of one that cannot be read any more."""
    try:
        rules = compile_pack(version.document).rules
    except PackError:
        return {}
    return {rule.id: rule_sentence(rule, wording.language()) for _, rule in rules}


def _nulls(value: Any) -> Iterator[str]:
    """Where null stands in a rule, as a path: what is not named at all has its default."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value, start=1)
    for name, inner in entries:
        if inner is None:
            yield str(name)
        else:
            yield from (f"{name}.{rest}" for rest in _nulls(inner))


def _begins(field: str, beginnings: Sequence[str]) -> Q:
    wanted = Q(pk__in=[])
    for beginning in beginnings:
        wanted |= Q(**{f"{field}__startswith": beginning})
    return wanted
