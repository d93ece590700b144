"""The why page's answers, days and books, as its templates show them: labels, sentences, spans."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audiences.models import Customer
from campaigns import labels
from campaigns.asking import CampaignAnswer
from compliance import wording
from compliance.asking import Answer
from compliance.case_wording import CHANNELS as CASE_CHANNELS
from compliance.case_wording import ORIGINS
from compliance.domain.decision import Reason
from compliance.domain.outlook import Opening
from compliance.domain.pack import PackError
from compliance.models import Decision, Product
from compliance.outcome_wording import outcome_label
from compliance.replaying import replay
from console.texts import packs as texts
from console.views.packs import rule_news, rule_words
from insights import person_history
from insights.number_history import NumberHistory

OUTLOOK_DAYS = 14
_DAY_S = 86_400


def campaign_row(one: CampaignAnswer, numbers: dict[int, str]) -> dict[str, Any]:
    return {
        "campaign": one.campaign,
        "state": labels.CAMPAIGN[one.campaign.state],
        "lead": one.lead,
        "lead_state": labels.LEAD[one.lead.state] if one.lead is not None else "",
        "list_state": labels.LIST[one.lead.target_list.state] if one.lead is not None else None,
        "earliest": one.earliest,
        "summary": [_summary(one, actor) for actor in wording.ACTORS],
        "answers": [_answer_row(answer, numbers) for answer in one.answers],
    }


def _summary(one: CampaignAnswer, actor: str) -> dict[str, Any]:
    """The best answer for an actor over all numbers."""
    found = [answer.decision for answer in one.answers if answer.actor == actor]
    best = min(
        found,
        key=lambda d: (not d.allowed, d.earliest_next is None, d.earliest_next or d.at),
        default=None,
    )
    return {
        "actor": wording.ACTORS[actor],
        "outcome": wording.OUTCOMES[best.verdict] if best is not None else None,
        "next": best.earliest_next if best is not None and not best.allowed else None,
    }


def _answer_row(answer: Answer, numbers: dict[int, str]) -> dict[str, Any]:
    found = answer.decision
    return {
        "number": numbers.get(answer.number_id, ""),
        "actor": wording.ACTORS[answer.actor],
        "outcome": wording.OUTCOMES[found.verdict],
        "allowed": found.allowed,
        "open_until": found.open_until,
        "next": found.earliest_next,
        "packs": found.packs,
        "verdicts": verdicts(found.verdicts),
        # a refusal of the customer and one of the number read alike: both stand among the wishes
        "reasons": [
            _reason_row(answer, reason) for reason in {_alike(r): r for r in found.reasons}.values()
        ],
        "needs": list(
            dict.fromkeys(
                wording.label(wording.NEEDS, reason.needs)
                for reason in found.reasons
                if reason.needs is not None
            )
        ),
    }


def _alike(reason: Reason) -> tuple[object, ...]:
    return (reason.code, reason.rule_id, reason.observed, reason.limit, reason.clears_at, reason.zh)


def _reason_row(answer: Answer, reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "sentence": reason.zh if wording.language() == "zh" else reason.en,
        "rule": reason.rule_id,
        "rule_sentence": answer.rule_sentence(reason, wording.language()),
        "pack": reason.pack,
        "legal_ref": reason.legal_ref,
        "observed": observed(reason.observed),
        "limit": limit(reason.code, reason.limit),
        "clears_at": reason.clears_at,
        "needs": wording.label(wording.NEEDS, reason.needs) if reason.needs else "",
        "outcome": wording.OUTCOMES[reason.outcome],
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A value in words; the code it came as, where that is another, is told when pointed at."""

    text: str
    code: str = ""


#: Words of the gate's own that a reason may hold as what was observed.
_OBSERVED: tuple[dict[str, wording.Text], ...] = (
    wording.SUPPRESSIONS,
    wording.FAMILIES,
    wording.SWITCH_SCOPES,
    texts.KINDS,
)


def observed(value: Any) -> Shown | None:
    """What a rule saw: an instant in the bank's time, a word in the reader's language."""
    if value is None:
        return None
    if not isinstance(value, str):
        return Shown(str(value))
    for table in _OBSERVED:
        if value in table:
            return Shown(str(table[value]), value)
    if "T" in value:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return Shown(value)
        if at.tzinfo is not None:
            return Shown(f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}")
    return Shown(value)


#: What the limits of these codes count in, in seconds.
_LIMIT_UNITS_S = {
    "MIN_GAP": 60,
    "TAIL_GUARD": 1,
    "RING_SHORT": 1,
    "ABANDON_72H": 3600,
    "MACHINE_AGAIN": 3600,
}


#: A quiet time stands in decisions as "7天", "3个月", "永久".
_QUIET = re.compile(r"(?:(\d{1,6})(天|个月)|永久)")


def limit(code: str, value: Any) -> Shown | None:
    """A rule's limit; a length of time with its unit, in the reader's language."""
    quiet = _QUIET.fullmatch(str(value)) if code.startswith("COOLOFF_") else None
    if quiet is not None:
        return Shown(_quiet_time(quiet[2], int(quiet[1] or 0)))
    unit = _LIMIT_UNITS_S.get(code)
    if unit is None or not str(value).isdecimal():
        return observed(value)
    return Shown(wording.duration(int(value) * unit))


def _quiet_time(unit: str | None, n: int) -> str:
    if unit == "天":
        return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}
    if unit == "个月":
        return ngettext("%(n)d month", "%(n)d months", n) % {"n": n}
    return _("for ever")


def coded(table: dict[str, wording.Text], code: str) -> Shown | None:
    """A code in words that remember it; None for none."""
    if not code:
        return None
    return Shown(str(table[code]), code) if code in table else Shown(code)


def stored_reason(reason: dict[str, Any]) -> dict[str, Any]:
    """A reason of a stored decision: its rule as a sentence, what was seen in words."""
    clears = reason.get("clears_at")
    return {
        **reason,
        "sentence": reason[wording.language()],
        "rule_sentence": rule_words(reason["pack"], reason["rule"]),
        "observed": observed(reason.get("observed")),
        "limit": limit(reason["code"], reason.get("limit")),
        "clears_at": observed(clears) if clears is not None else None,
        "new": rule_news(reason["pack"], reason["rule"]),
    }


def verdicts(found: dict[str, str]) -> list[dict[str, Any]]:
    """The four verdicts in their fixed order."""
    return [
        {"area": text, "outcome": wording.OUTCOMES[found[area]]}
        for area, text in wording.AREAS.items()
        if area in found
    ]


# --- the next fourteen days ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bar:
    """A span of one day, in percent of the day."""

    left: float
    width: float
    label: str


def outlook(one: CampaignAnswer, at: datetime) -> dict[str, Any]:
    """For each of the next days and each actor, the open spans on the best number."""
    number_id = one.lead.number_id if one.lead is not None else None
    first = one.answers[0].number_id
    wanted = number_id if number_id in {a.number_id for a in one.answers} else first
    signed = {"script_approved": True, "campaign_running": True, "approval_in_force": True}
    spans = {
        answer.actor.value: [
            _within(span, one.campaign.starts_at, one.campaign.ends_at)
            for span in answer.outlook(OUTLOOK_DAYS, **signed)
        ]
        for answer in one.answers
        if answer.number_id == wanted
    }
    today = timezone.localtime(at).date()
    days = [today + timedelta(days=n) for n in range(OUTLOOK_DAYS)]
    rows: list[dict[str, Any]] = [
        {
            "date": day,
            "rest": day.weekday() >= 5,
            "tracks": [
                {"actor": actor, "label": wording.ACTORS[actor], "bars": _bars(found, day)}
                for actor, found in spans.items()
            ],
        }
        for day in days
    ]
    now_local = timezone.localtime(at)
    return {
        "campaign": one.campaign,
        "days": rows,
        "now": round(100 * (now_local.hour * 3600 + now_local.minute * 60) / _DAY_S, 2),
        "any": any(track["bars"] for row in rows for track in row["tracks"]),
        "assumed": not all(
            getattr(one.answers[0].intent, name) == value for name, value in signed.items()
        ),
        "hours": range(0, 25, 3),
    }


def _within(span: Opening, starts: datetime, ends: datetime) -> Opening | None:
    """The part of a span in which the campaign runs; None for no part."""
    start, end = max(span.start, starts), min(span.end, ends)
    return Opening(start, end) if start < end else None


def _bars(spans: Sequence[Opening | None], day: date) -> list[_Bar]:
    begins = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    found = []
    for span in spans:
        if span is None:
            continue
        start = max(0.0, (span.start - begins).total_seconds())
        end = min(float(_DAY_S), (span.end - begins).total_seconds())
        if start < end:
            times = [
                timezone.localtime(begins + timedelta(seconds=s)).strftime("%H:%M")
                for s in (start, end)
            ]
            found.append(
                _Bar(
                    round(100 * start / _DAY_S, 3),
                    round(100 * (end - start) / _DAY_S, 3),
                    f"{times[0]}–{times[1]}",
                )
            )
    return found


# --- what lies behind ----------------------------------------------------------------------------


def encounter_row(one: person_history.Encounter, names: dict[int, str]) -> dict[str, Any]:
    return {
        "at": one.at,
        "channel": wording.label(wording.CHANNELS, one.channel),
        "actor": wording.label(wording.ACTORS, one.actor),
        "purpose": wording.label(wording.PURPOSES, one.purpose),
        "family": coded(wording.FAMILIES, one.family),
        "campaign": names.get(one.campaign_id or 0, ""),
        "kinds": [wording.label(wording.CONTACTS, kind) for kind in one.kinds],
        "outcomes": [outcome_label(name.upper()) for name in one.outcomes],
    }


def decision_row(one: Decision, names: dict[int, str]) -> dict[str, Any]:
    reasons = one.decision.get("reasons", [])
    return {
        "pk": one.pk,
        "at": one.at,
        "outcome": wording.OUTCOMES[one.verdict],
        "actor": wording.label(wording.ACTORS, one.actor),
        "purpose": wording.label(wording.PURPOSES, one.purpose),
        "campaign": names.get(one.campaign_id or 0, ""),
        "sentence": reasons[0].get(wording.language(), "") if reasons else "",
        "more": max(0, len(reasons) - 1),
        "earliest_next": one.earliest_next,
    }


def wishes(who: Customer) -> dict[str, Any]:
    found = person_history.wishes(who.pk)
    products = dict(
        Product.objects.filter(
            pk__in=[each.product_id for each in found.exemptions if each.product_id]
        ).values_list("pk", "name")
    )
    return {
        "any": found.any(),
        "consents": [
            {
                "entry": each,
                "family": coded(wording.FAMILIES, each.product_family),
                "channel": wording.label(wording.CHANNELS, each.channel),
                "basis": coded(wording.CONSENT_BASES, each.basis),
            }
            for each in found.consents
        ],
        "suppressions": [
            {
                "entry": each,
                "source": wording.label(wording.SUPPRESSIONS, each.source),
                "family": coded(wording.FAMILIES, each.product_family),
                "via": coded(ORIGINS, each.via),
            }
            for each in found.suppressions
        ],
        "preferences": [
            {
                "entry": each,
                "hours": _hours(each.hours),
                "weekdays": _weekdays(each.weekdays),
                "families": [
                    wording.label(wording.FAMILIES, code) for code in each.families_refused
                ],
            }
            for each in found.preferences
        ],
        "exemptions": [
            {
                "entry": each,
                "kind": wording.label(wording.EXEMPTIONS, each.kind),
                "product": products.get(each.product_id or 0, ""),
            }
            for each in found.exemptions
        ],
        "complaints": [
            {"entry": each, "channel": wording.label(CASE_CHANNELS, each.channel)}
            for each in found.complaints
        ],
    }


#: Calls by what they are for, as somebody who asks about a number reads it.
_CALL_KINDS: dict[str, wording.Text] = {
    "robot": gettext_lazy("The robot called"),
    "callback": gettext_lazy("A callback was made"),
    "agent": gettext_lazy("An agent called"),
    "agent_leg": gettext_lazy("An agent of ours was rung"),
    "test": gettext_lazy("A test call to our own staff"),
    "inbound": gettext_lazy("Somebody rang us"),
}


def number_row(found: NumberHistory) -> dict[str, Any]:
    """What is known of a number that no customer has."""
    return {
        "found": found,
        "refusals": [
            {
                "entry": each,
                "source": wording.label(wording.SUPPRESSIONS, each.source),
                "family": coded(wording.FAMILIES, each.product_family),
                "via": coded(ORIGINS, each.via),
            }
            for each in found.refusals
        ],
        "calls": [
            {"call": each, "kind": wording.label(_CALL_KINDS, each.kind)} for each in found.calls
        ],
        "complaints": [
            {"entry": each, "channel": wording.label(CASE_CHANNELS, each.channel)}
            for each in found.complaints
        ],
    }


def _hours(hours: list[list[int]]) -> str:
    """Minutes after midnight as "09:00–12:00"."""
    return ", ".join(
        f"{start // 60:02}:{start % 60:02}–{end // 60:02}:{end % 60:02}" for start, end in hours
    )


def _weekdays(days: list[int]) -> list[str]:
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    return [names[day] for day in days if 0 <= day < 7]


def replayed(stored: Decision) -> dict[str, Any]:
    """The stored decision, made again: `same` is byte for byte, `reworded` all but the sentences.

    Sentences are worded better from time to time; what was decided, on what and why, stays.
    """
    if not stored.facts:
        return {"possible": False, "cause": _("A failure around the rules; there were no facts.")}
    try:
        again = replay(stored).document()
    except (LookupError, PackError, ValueError) as error:
        return {"possible": False, "cause": str(error)}
    return {
        "possible": True,
        "same": _canonical(again) == _canonical(stored.decision),
        "reworded": _canonical(_unworded(again)) == _canonical(_unworded(stored.decision)),
    }


def _unworded(document: dict[str, Any]) -> dict[str, Any]:
    reasons = [
        {name: value for name, value in reason.items() if name not in ("zh", "en")}
        for reason in document.get("reasons", [])
    ]
    return {**document, "reasons": reasons}


def _canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def pretty(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
