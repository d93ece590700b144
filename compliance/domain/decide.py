"""May we call this customer, on this number, about this product, now?

    decide(facts, intent, pack, now) -> Decision

Pure: the same values give the same bytes. Every rule is evaluated (no short-circuit); any objection
blocks; whatever is missing or unknown objects. `earliest_next` is the fixpoint of "go to the latest
instant at which a present objection lifts, and ask again", at most 400 days ahead.

*Invariant (tests/compliance/test_earliest_next.py): with unchanged facts the call is allowed at
`earliest_next` and blocked one microsecond before.*

docs/may-we-call.md explains this page; change both together.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from compliance.domain.decision import HORIZON, Decision, Outcome, Reason, ordered, worst
from compliance.domain.facts import ContactKind, Exemption, Facts, World
from compliance.domain.intent import Actor, Gate, Intent, Purpose
from compliance.domain.making import maker
from compliance.domain.pack import CompiledRule, EffectivePack, PackError
from compliance.domain.rules import authorisation, exemption, time_window
from compliance.domain.rules.base import concerns

MAX_CLOCK_SKEW_S = 2.0
_NO_LINES: frozenset[ContactKind] = frozenset()
#: Each step lifts at least one objection; more steps than this would be a rule that lies.
_MAX_STEPS = 5_000


_make_decision = maker(Decision)


def decide(facts: Facts, intent: Intent, pack: EffectivePack, now: datetime) -> Decision:
    """The decision for one dial at one instant."""
    try:
        stack = pack.with_campaign(intent.campaign_limits, intent.campaign_id)
    except PackError as error:
        reason = Reason("DEP_CAMPAIGN_LIMITS", "campaign", observed=str(error)[:200])
        return Decision(Outcome.BLOCK_RETRIABLE, now, (reason,), packs=pack.refs)
    return decide_stacked(facts, intent, stack, now)


def decide_stacked(facts: Facts, intent: Intent, stack: EffectivePack, now: datetime) -> Decision:
    """As `decide`, for a stack that holds the campaign's layer already (screening a list)."""
    return conclude(_reasons(facts, intent, stack, now), facts, intent, stack, now)


def conclude(
    reasons: list[Reason], facts: Facts, intent: Intent, stack: EffectivePack, now: datetime
) -> Decision:
    """The decision that all reasons together make."""
    if not reasons:
        spent = _exemption(facts, intent, stack, now)
        return _make_decision(
            Outcome.ALLOW,
            now,
            (),
            now,
            stack.refs,
            None if spent else _open_until(facts, intent, stack, now),
            spent.id if spent else None,
        )
    return _make_decision(
        worst(reasons),
        now,
        ordered(reasons),
        _earliest_next(reasons, facts, intent, stack, now),
        stack.refs,
    )


def _earliest_next(
    reasons: list[Reason], facts: Facts, intent: Intent, stack: EffectivePack, now: datetime
) -> datetime | None:
    moment, limit = now, now + HORIZON
    rules = None
    for step in range(_MAX_STEPS):
        latest = moment
        for reason in reasons:
            if reason.clears_at is None:
                return None
            latest = max(latest, reason.clears_at)
        if latest <= moment or latest > limit:
            return None
        moment = latest
        if step == 0 and _all_known(facts, now):
            rules = stack.rules_after(intent.purpose, intent.actor, reasons)
        reasons = _reasons(facts, intent, stack, moment, rules)
        if not reasons:
            return moment
    return None


def _all_known(facts: Facts, now: datetime) -> bool:
    """Whether every rule was asked (none was relaxed), and about nothing still to come."""
    return not facts.exemptions and not any(line.at > now for line in facts.contacts)


def _reasons(
    facts: Facts,
    intent: Intent,
    stack: EffectivePack,
    now: datetime,
    rules: tuple[CompiledRule, ...] | None = None,
) -> list[Reason]:
    """Every objection; `rules`: when no others can object."""
    reasons = ground(facts.world, intent, stack)
    if intent.purpose is Purpose.AGENT_LEG:
        # the customer's own call passed the gate; what is new is who will speak
        for rule in stack.authorisations:
            reasons += authorisation.unlicensed(rule, facts, intent)
        return reasons
    if intent.has_customer:
        reasons += unknown(facts)
    relaxed = _exemption(facts, intent, stack, now) is not None
    starts = None
    if not relaxed and facts.exemptions:
        relaxing = stack.exemption_for(intent.purpose, intent.actor)
        if relaxing is not None:
            starts = exemption.next_start(relaxing, facts, intent, now)
    if rules is None:
        kinds = frozenset([line.kind for line in facts.contacts]) if facts.contacts else _NO_LINES
        rules = stack.rules_about(intent.purpose, intent.actor, kinds)
    for kind, rule in rules:
        if relaxed and rule.relaxed_by_callback:
            continue
        found = kind.evaluate(rule, facts, intent, now)
        if found:
            if starts is not None and rule.relaxed_by_callback:
                found = [_not_after(reason, starts) for reason in found]
            reasons += found
    return reasons


def unknown(facts: Facts) -> list[Reason]:
    """Whom or what we do not know, of a dial to a customer."""
    if facts.customer is not None and facts.number is not None:
        return []
    reasons = [] if facts.customer is not None else [Reason("DEP_CUSTOMER", "ground")]
    return reasons if facts.number is not None else [*reasons, Reason("DEP_NUMBER", "ground")]


def _not_after(reason: Reason, starts: datetime) -> Reason:
    """A rule that an exemption will relax objects no longer than until the exemption begins."""
    if reason.clears_at is not None and reason.clears_at <= starts:
        return reason
    return replace(reason, clears_at=starts)


def _exemption(
    facts: Facts, intent: Intent, stack: EffectivePack, now: datetime
) -> Exemption | None:
    if not facts.exemptions:
        return None
    relaxing = stack.exemption_for(intent.purpose, intent.actor)
    return exemption.in_force(relaxing, facts, intent, now) if relaxing is not None else None


def ground(world: World, intent: Intent, stack: EffectivePack) -> list[Reason]:
    """Kill switch, clock and pack: what holds for every dial, an agent's own leg included."""
    reasons: list[Reason] = []
    if intent.gate is Gate.DIAL:
        reasons += [
            Reason("KILL_SWITCH", "ground", observed=switch.scope)
            for switch in world.kill_switches
            if _switched_off(switch.scope, intent)
        ]
        if not abs(world.clock_skew_s) <= MAX_CLOCK_SKEW_S:  # also refuses NaN
            reasons.append(
                Reason(
                    "CLOCK_SKEW",
                    "ground",
                    observed=f"{world.clock_skew_s:.1f}",
                    limit=f"{MAX_CLOCK_SKEW_S:g}",
                )
            )
    if not stack.packs:
        return [*reasons, Reason("DEP_PACK", "ground")]
    reasons += [
        Reason("DEP_UNKNOWN_RULE", identity, observed=kind) for identity, kind in stack.unknown
    ]
    gaps = stack.gaps(intent.purpose, intent.actor)
    if gaps:
        reasons.append(Reason("DEP_PACK_GAP", "ground", observed=", ".join(gaps)))
    return reasons


def _switched_off(scope: str, intent: Intent) -> bool:
    name, _, number = scope.partition(":")
    if name == "robot":
        return intent.actor is Actor.ROBOT
    if name == "campaign" and number.isdigit():
        return scope == f"campaign:{intent.campaign_id}"
    return True  # all, and what nobody here can read


def _open_until(
    facts: Facts, intent: Intent, stack: EffectivePack, now: datetime
) -> datetime | None:
    ends = [
        time_window.open_until(rule, facts, now)
        for rule in stack.windows_for(intent.purpose, intent.actor)
        if concerns(rule, facts)
    ]
    return min((end for end in ends if end is not None), default=None)
