"""Words for rule packs: states, kinds of rules, parameters and their values, what a change does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from pydantic import BaseModel

from compliance import document_wording as documents
from compliance import rule_wording, wording
from compliance.document_wording import Told
from compliance.domain.comparing import Effect, Move
from compliance.domain.intervals import Window
from compliance.domain.pack import Layer
from compliance.domain.pack_checking import Problem
from compliance.domain.pack_state import Phase
from compliance.domain.rules.base import Rule
from compliance.domain.rules.cap import Span

Text = str | Promise

#: In words, and the colour of the badge.
PHASES: dict[Phase, tuple[Text, str]] = {
    Phase.DRAFT: (gettext_lazy("Draft"), ""),
    Phase.SUBMITTED: (gettext_lazy("Waits for approval"), "warn"),
    Phase.SCHEDULED: (gettext_lazy("Signed, not yet in force"), "info"),
    Phase.IN_FORCE: (gettext_lazy("In force"), "ok"),
    Phase.SUPERSEDED: (gettext_lazy("Replaced by a later version"), ""),
    Phase.ENDED: (gettext_lazy("Ended"), ""),
    Phase.WITHDRAWN: (gettext_lazy("Withdrawn"), ""),
}

EFFECTS: dict[Effect, tuple[Text, str]] = {
    Effect.NONE: (gettext_lazy("wording only"), ""),
    Effect.TIGHTER: (gettext_lazy("tighter"), "ok"),
    Effect.LOOSER: (gettext_lazy("looser"), "bad"),
    Effect.UNKNOWN: (gettext_lazy("may be looser"), "warn"),
}

MOVES: dict[Move, Text] = {
    Move.ADDED: gettext_lazy("Rule added"),
    Move.REMOVED: gettext_lazy("Rule removed"),
    Move.CHANGED: gettext_lazy("Rule changed"),
}

LAYERS: dict[Layer, Text] = {
    Layer.PLATFORM: pgettext_lazy("layer", "Platform"),
    Layer.COUNTRY: pgettext_lazy("layer", "Country"),
    Layer.PROVINCE: pgettext_lazy("layer", "Province"),
    Layer.BANK: pgettext_lazy("layer", "Bank"),
    Layer.GROUP: pgettext_lazy("layer", "Customer group"),
    Layer.CAMPAIGN: pgettext_lazy("layer", "Campaign"),
}

KINDS: dict[str, Text] = {
    "approval": gettext_lazy("Four eyes"),
    "authorisation": gettext_lazy("Authorisation"),
    "blackout": gettext_lazy("Blackout"),
    "calendar": gettext_lazy("Calendar"),
    "cap": gettext_lazy("How often"),
    "consent": gettext_lazy("Consent"),
    "cool_off": gettext_lazy("Quiet time"),
    "eligibility": gettext_lazy("Eligibility"),
    "exemption": gettext_lazy("Exemption"),
    "in_flight": gettext_lazy("One call at a time"),
    "number": gettext_lazy("Number"),
    "pacing": gettext_lazy("Abandoned calls"),
    "preference": gettext_lazy("Customer's wishes"),
    "suitability": gettext_lazy("Suitability"),
    "suppression": gettext_lazy("Do not call"),
    "test_call": gettext_lazy("Test calls"),
    "time_window": gettext_lazy("Calling hours"),
    "vulnerable": gettext_lazy("Age and vulnerability"),
}

BASES: dict[str, tuple[Text, str]] = {
    "law": (gettext_lazy("law"), "brand"),
    "policy": (gettext_lazy("policy"), ""),
}

#: Parameters of rules, as a compliance officer says them.
FIELDS: dict[str, Text] = {
    "legal_ref": gettext_lazy("Legal basis"),
    "basis": gettext_lazy("Law or policy"),
    "zh": gettext_lazy("Sentence in Chinese"),
    "en": gettext_lazy("Sentence in English"),
    "purposes": gettext_lazy("Purposes of calls"),
    "actors": gettext_lazy("Who speaks"),
    "relaxed_by_callback": gettext_lazy("Steps back for a callback the customer asked for"),
    "areas": gettext_lazy("Only in these areas"),
    "residence_unknown": gettext_lazy("A residence that is not known"),
    "groups": gettext_lazy("Only for these groups of customers"),
    "subjects": gettext_lazy("What must be signed"),
    "registered_use": gettext_lazy("Use the caller ID must be filed for"),
    "sandbox_carrier": gettext_lazy("Network of sample customers"),
    "signed": gettext_lazy("Script, campaign and list must be signed"),
    "operators": gettext_lazy("Who may run the caller ID"),
    "licences": gettext_lazy("Licence needed, by family of products"),
    "carrier_regions": gettext_lazy("Areas a route may not call"),
    "care_families": gettext_lazy("Families a care call may name"),
    "entries": gettext_lazy("Times without calls"),
    "country": gettext_lazy("Country"),
    "missing_year": gettext_lazy("A year that is not loaded"),
    "limit": gettext_lazy("At most"),
    "counts": gettext_lazy("What counts"),
    "per": gettext_lazy("Counted per"),
    "window": gettext_lazy("Within"),
    "channels": gettext_lazy("Channels"),
    "min_gap_s": gettext_lazy("Least gap (seconds)"),
    "channel": gettext_lazy("Channel"),
    "purpose": gettext_lazy("Purpose"),
    "max_age_months": gettext_lazy("Valid for (months)"),
    "or_purposes": gettext_lazy("Or a consent to one of these purposes"),
    "bases": gettext_lazy("How it must have been given"),
    "number": gettext_lazy("For which number"),
    "profiling": gettext_lazy("Asks whether the customer objects to automated decisions"),
    "name": gettext_lazy("Name in codes"),
    "name_zh": gettext_lazy("Name in Chinese"),
    "name_en": gettext_lazy("Name in English"),
    "outcomes": gettext_lazy("After these outcomes"),
    "scope": gettext_lazy("What is quiet"),
    "days": gettext_lazy("Days"),
    "months": gettext_lazy("Calendar months"),
    "permanent": gettext_lazy("For good"),
    "families": gettext_lazy("Only for these families of products"),
    "require": gettext_lazy("Condition"),
    "tolerance_s": gettext_lazy("Before and after the promise (seconds)"),
    "lease_s": gettext_lazy("A call lasts at most (seconds)"),
    "owner_max_age_days": gettext_lazy("Ownership asked at most so many days ago"),
    "abandonment": gettext_lazy("Abandoned share"),
    "abandoned_again_hours": gettext_lazy("After an abandoned call, people only (hours)"),
    "machine_again_hours": gettext_lazy("After a machine, people only (hours)"),
    "machine_outcomes": gettext_lazy("Outcomes that are a machine"),
    "complaints": gettext_lazy("Complaints"),
    "ring_min_s": gettext_lazy("Rings at least (seconds)"),
    "connect_within_s": gettext_lazy("Connected within (seconds)"),
    "verified_max_age_days": gettext_lazy("Number verified at most so many days ago"),
    "assessment_max_age_months": gettext_lazy("Risk assessment valid for (months)"),
    "max_rating_by_phone": gettext_lazy("Highest R by phone"),
    "matrix": gettext_lazy("Highest R by tolerance C"),
    "max_rating": gettext_lazy("Highest R by who speaks"),
    "max_amount_percent": gettext_lazy("Least amount at most this share of assets (%)"),
    "sources": gettext_lazy("Sources"),
    "keys": gettext_lazy("Holds for"),
    "register_max_age_days": gettext_lazy("No-call lists at most so many days old"),
    "registers": gettext_lazy("Age of single lists"),
    "required": gettext_lazy("Lists without which nobody is called"),
    "overridden_by": gettext_lazy("Gives way to"),
    "on_stale": gettext_lazy("When a list is too old"),
    "windows": gettext_lazy("Hours"),
    "regions": gettext_lazy("Hours in single regions"),
    "where": gettext_lazy("Whose clock"),
    "tail_guard_s": gettext_lazy("Last dial before the end (seconds)"),
    "min_age": gettext_lazy("Least age"),
    "bands": gettext_lazy("Age bands"),
    "flagged_actors": gettext_lazy("Who may call vulnerable customers"),
    "flags": gettext_lazy("Who may call, by circumstance"),
    "capacity": gettext_lazy("Highest R by legal capacity"),
    "zone": gettext_lazy("Time zone"),
}

#: Values that are words of the pack's own language.
VALUES: dict[str, Text] = {
    "marketing": gettext_lazy("marketing"),
    "callback": gettext_lazy("callback asked for"),
    "care": gettext_lazy("care"),
    "test": gettext_lazy("test"),
    "message": gettext_lazy("text message"),
    "agent_leg": gettext_lazy("agent's own leg"),
    "robot": gettext_lazy("robot"),
    "human": gettext_lazy("person"),
    "law": gettext_lazy("law"),
    "policy": gettext_lazy("policy"),
    "attempts": gettext_lazy("attempts"),
    "connects": gettext_lazy("connects"),
    "conversations": gettext_lazy("conversations"),
    "abandons": gettext_lazy("abandoned calls"),
    "customer": gettext_lazy("customer"),
    "household": gettext_lazy("household"),
    "product": gettext_lazy("product"),
    "product_family": gettext_lazy("family of products"),
    "campaign": gettext_lazy("campaign"),
    "branch": gettext_lazy("branch"),
    "channel": gettext_lazy("channel"),
    "caller_id": gettext_lazy("caller ID"),
    "all": gettext_lazy("everything"),
    "number": gettext_lazy("number"),
    "any": gettext_lazy("any"),
    "own": gettext_lazy("own"),
    "outsourced": gettext_lazy("outsourced"),
    "fixed": gettext_lazy("the pack's time zone"),
    "residence": gettext_lazy("where the customer lives"),
    "both_intersect": gettext_lazy("both: residence and number"),
    "as_number": gettext_lazy("is where the number is from"),
    "anywhere": gettext_lazy("may be anywhere in the number's country"),
    "block": gettext_lazy("blocks"),
    "script": gettext_lazy("script"),
    "list": gettext_lazy("list"),
    "opt_out": gettext_lazy("opt-out"),
    "complaint": gettext_lazy("complaint"),
    "register": gettext_lazy("register"),
    "carrier": gettext_lazy("carrier"),
    "wrong_number": gettext_lazy("wrong number"),
    "workday": gettext_lazy("workday"),
    "rest": gettext_lazy("rest day"),
    "statutory": gettext_lazy("statutory holiday"),
    "adjusted_work": gettext_lazy("adjusted workday"),
    "monday": gettext_lazy("Monday"),
    "tuesday": gettext_lazy("Tuesday"),
    "wednesday": gettext_lazy("Wednesday"),
    "thursday": gettext_lazy("Thursday"),
    "friday": gettext_lazy("Friday"),
    "saturday": gettext_lazy("Saturday"),
    "sunday": gettext_lazy("Sunday"),
    "day": gettext_lazy("calendar day"),
    "week": gettext_lazy("calendar week"),
    "month": gettext_lazy("calendar month"),
}


def field_label(name: str) -> str:
    """A parameter in words; its bare name when it has none."""
    return str(FIELDS.get(name, name))


def rule_sentence(rule: Rule, language: str) -> str:
    """A rule as a sentence. A limit that is off has no number: that is said in words."""
    sentence = rule_wording.rule_sentence(rule, language)
    off = rule.named_and_off
    if rule.is_off:
        return _("No limit (switched off): %(sentence)s") % {"sentence": sentence}
    if not off:
        return sentence
    names = ", ".join(field_label(name) for name in off)
    return _("%(sentence)s (switched off, no limit: %(names)s)") % {
        "sentence": sentence,
        "names": names,
    }


def kind_label(kind: str) -> str:
    return str(KINDS.get(kind, kind))


def parameter_text(name: str, value: Any) -> str:
    """A parameter's value; seconds, as its label counts them, also as people say them."""
    said = value_text(value)
    if name.endswith("_s") and isinstance(value, int) and value >= rule_wording.LEAST_S:
        return _("%(seconds)s s (%(said)s)") % {"seconds": said, "said": wording.duration(value)}
    return said


def value_text(value: Any) -> str:
    """A parameter's value as people say it. Null = off, an empty list says so."""
    if value is None:
        return _("off")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Window):
        return str(value)
    if isinstance(value, Enum):
        return word(str(value.value))
    if isinstance(value, str):
        return word(value)
    if isinstance(value, Span):
        return _span(value)
    if isinstance(value, BaseModel):
        return _fields(value.model_dump(mode="json", exclude_none=True))
    if isinstance(value, Mapping):
        return _fields(value)
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(value_text(each) for each in value)) or _("none")
    if isinstance(value, list | tuple):
        return ", ".join(value_text(each) for each in value) or _("none")
    return str(value)


def gap_rows(gaps: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """What the packs leave unsaid, in words: which calls, and what is missing for them."""
    return [
        {
            "code": code,
            "who": " · ".join(word(part) for part in code.split("/")),
            "missing": [_gap(each) for each in missing],
        }
        for code, missing in gaps.items()
    ]


def _gap(missing: str) -> str:
    day = missing.removeprefix("hours on ")
    if day != missing:
        return _("calling hours on a %(day)s") % {"day": word(day)}
    source = missing.removeprefix("refusals by ")
    if source != missing:
        return _("a rule that heeds this: %(source)s") % {"source": word(source)}
    return kind_label(missing)


def word(value: str) -> str:
    """A word of the pack's language in the reader's; others as they are."""
    return str(VALUES.get(value, value))


def _fields(values: Mapping[Any, Any]) -> str:
    parts = []
    for name, value in values.items():
        plain = str(getattr(name, "value", name))
        label = str(VALUES.get(plain) or FIELDS.get(plain) or plain)
        shown = value_text(value) if value or value in (0, False, None) else _("never")
        parts.append(f"{label}: {shown}")
    return "; ".join(parts) or _("none")


def _span(span: Span) -> str:
    if span.rolling_hours is not None:
        return _("any %(n)s hours") % {"n": span.rolling_hours}
    if span.rolling_days is not None:
        return _("any %(n)s days") % {"n": span.rolling_days}
    if span.calendar is not None:
        return word(span.calendar)
    return _("ever")


def told(problem: Problem) -> Told:
    """A mistake in the reader's language."""
    return documents.told(problem.kind, problem.message, problem.values)


def place_text(problem: Problem, rules: list[Any]) -> str:
    """Where in a document: the rule by its id, then the field."""
    parts = list(problem.path)
    if len(parts) > 1 and parts[0] == "rules" and isinstance(parts[1], int):
        rule = rules[parts[1]] if parts[1] < len(rules) else {}
        identity = rule.get("id") if isinstance(rule, Mapping) else None
        parts[:2] = [str(identity or f"#{parts[1] + 1}")]
    return " › ".join(str(part) for part in parts)


def field_of(problem: Problem) -> str:
    """The parameter a mistake is about, in words; nothing for one without."""
    names = [part for part in problem.path if isinstance(part, str)]
    return str(FIELDS[names[-1]]) if names and names[-1] in FIELDS else ""
