"""Every kind of rule there is. Adding a kind is adding its file, one line here, and its tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Intent
from compliance.domain.likeness import STEADY, Turns
from compliance.domain.memory import Memory
from compliance.domain.rules import (
    approval,
    authorisation,
    blackout,
    calendar,
    cap,
    consent,
    cool_off,
    eligibility,
    exemption,
    in_flight,
    number,
    pacing,
    preference,
    staff_call,
    suitability,
    suppression,
    time_window,
    vulnerable,
)
from compliance.domain.rules.base import Rule

Evaluate = Callable[[Any, Facts, Intent, datetime], list[Reason]]


class Kind(NamedTuple):
    """`relaxable`: whether a rule of the kind may step back for a callback the customer wanted;
    `remembers`: which lines of the ledger it can depend on (all others may be left out);
    `by_ledger`: whether a rule of the kind is silent as long as none of these lines is there;
    `idle`: whether it says nothing to anybody in this world now (judging.py);
    `turns`: what of a person turns its answers (likeness.py), None = it cannot say;
    `settles`: whether a rule of the kind that has nothing to say of what has happened will have
    nothing to say later either, if nothing else happens (tests/compliance/test_settling.py).
    """

    model: type[Rule]
    evaluate: Evaluate
    relaxable: Callable[[Any], bool]
    remembers: Callable[[Any], tuple[Memory, ...]]
    by_ledger: Callable[[Any], bool] = lambda rule: False
    idle: Callable[[Any, World, Intent, datetime], bool] = lambda rule, world, intent, now: False
    turns: Callable[[Any, World, Intent, datetime], Turns | None] = (
        lambda rule, world, intent, now: None
    )
    settles: bool = False


def _never(rule: Rule) -> bool:
    return False


def _nothing(rule: Rule) -> tuple[Memory, ...]:
    return ()


def _steady(rule: Rule, world: World, intent: Intent, now: datetime) -> Turns:
    """It looks at no date and no attribute of a person."""
    return STEADY


def _relaxable_cap(rule: cap.CapRule) -> bool:
    """Conversation caps of customer, family and household, and the min gap; no attempt caps."""
    if rule.limit is None:
        return True
    return rule.counts == "conversations" and set(rule.per) <= {
        "customer",
        "product_family",
        "household",
    }


#: What a customer says who has not said no: only such a quiet time a callback may end.
_NOT_NOW = frozenset({"not_now", "undecided", "busy_now"})


def _relaxable_cool_off(rule: cool_off.CoolOffRule) -> bool:
    """The one after "not now", by what it follows and not by its name; never one for good."""
    return rule.name == "not_now" and rule.outcomes <= _NOT_NOW and rule.permanent is None


KINDS: dict[str, Kind] = {
    "approval": Kind(
        approval.ApprovalRule,
        approval.evaluate,
        _never,
        _nothing,
        idle=approval.idle,
        turns=_steady,
    ),
    "authorisation": Kind(
        authorisation.AuthorisationRule, authorisation.evaluate, _never, _nothing, turns=_steady
    ),
    "blackout": Kind(
        blackout.BlackoutRule,
        blackout.evaluate,
        _never,
        _nothing,
        idle=blackout.idle,
        turns=_steady,
    ),
    "calendar": Kind(
        calendar.CalendarRule,
        calendar.evaluate,
        _never,
        _nothing,
        idle=calendar.idle,
        turns=_steady,
    ),
    "cap": Kind(
        cap.CapRule,
        cap.evaluate,
        _relaxable_cap,
        cap.remembers,
        lambda rule: rule.limit != 0,
        turns=cap.turns,
        settles=True,
    ),
    "consent": Kind(consent.ConsentRule, consent.evaluate, _never, _nothing, turns=consent.turns),
    "cool_off": Kind(
        cool_off.CoolOffRule,
        cool_off.evaluate,
        _relaxable_cool_off,
        cool_off.remembers,
        lambda rule: True,
        turns=cool_off.turns,
        settles=True,
    ),
    "eligibility": Kind(
        eligibility.EligibilityRule, eligibility.evaluate, _never, _nothing, turns=eligibility.turns
    ),
    "exemption": Kind(exemption.ExemptionRule, exemption.evaluate, _never, _nothing),
    "in_flight": Kind(
        in_flight.InFlightRule,
        in_flight.evaluate,
        _never,
        _nothing,
        idle=in_flight.idle,
        turns=_steady,
    ),
    "number": Kind(number.NumberRule, number.evaluate, _never, _nothing, turns=_steady),
    "pacing": Kind(
        pacing.PacingRule, pacing.evaluate, _never, pacing.remembers, turns=pacing.turns
    ),
    "preference": Kind(
        preference.PreferenceRule, preference.evaluate, _never, preference.remembers, turns=_steady
    ),
    "suitability": Kind(
        suitability.SuitabilityRule, suitability.evaluate, _never, _nothing, turns=suitability.turns
    ),
    "suppression": Kind(
        suppression.SuppressionRule,
        suppression.evaluate,
        _never,
        suppression.remembers,
        turns=_steady,
    ),
    "test_call": Kind(staff_call.StaffCallRule, staff_call.evaluate, _never, _nothing),
    "time_window": Kind(
        time_window.TimeWindowRule,
        time_window.evaluate,
        lambda rule: True,
        _nothing,
        idle=time_window.idle,
        turns=_steady,
    ),
    "vulnerable": Kind(
        vulnerable.VulnerableRule, vulnerable.evaluate, _never, _nothing, turns=vulnerable.turns
    ),
}

#: Kinds that relax, and so may not come from a campaign, which can only tighten.
RELAXING = frozenset({"exemption"})
