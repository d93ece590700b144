"""May it happen at all: the product on sale, the speaker licensed, the line the right one.

- `registered_use`: what a caller ID must be filed for; `operators`: who may call (a licensed call
  centre may not market); `licences`: product family → what the person who speaks must be licensed
  for; `carrier_regions`: route (the caller ID's own, else the carrier) → areas of numbers that it
  may not call.
- `care_families`: a greeting sells nothing; a care call may name products of these families only.
- `line`: a text message shows no caller ID (false).
- `signed`: script, campaign and list must be signed. A pack with a rule of the kind `approval` says
  it there and sets this to false.

A sample customer (made by the sandbox) may be dialled on the sandbox's carrier only. What exists
only at the moment of dialling is not asked for when a list is screened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, Operator
from compliance.domain.intent import Actor, Gate, Intent, Purpose
from compliance.domain.rules import approval
from compliance.domain.rules.base import Rule, objection, within
from compliance.domain.rules.values import Truth


class AuthorisationRule(Rule):
    kind: Literal["authorisation"]
    registered_use: str = "marketing_out"
    sandbox_carrier: str = "sandbox"
    signed: Truth = True
    operators: frozenset[Operator] = frozenset(Operator)
    licences: dict[str, str] = {}
    carrier_regions: dict[str, frozenset[str]] = {}
    care_families: frozenset[str] | None = None
    #: false: nothing is dialled, so no caller ID is shown
    line: Truth = True


def evaluate(rule: AuthorisationRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """SANDBOX_CARRIER, PRODUCT_OFF_SALE, CARE_SELLS, AGENT_LICENCE, CARRIER_REGION, CLI_*, …"""
    reasons = []
    customer = facts.customer
    if customer is not None and customer.sandbox and intent.carrier != rule.sandbox_carrier:
        reasons.append(objection(rule, "SANDBOX_CARRIER", observed=intent.carrier))
    if rule.signed:
        reasons += approval.unsigned(rule, intent)
    reasons += _product(rule, facts, intent)
    if intent.gate is Gate.LIST:
        return reasons
    number, line = facts.number, facts.world.caller_id
    route = (line.route if line is not None else "") or intent.carrier
    barred = rule.carrier_regions.get(route)
    if barred and number is not None and within(number.region, barred):
        reasons.append(objection(rule, "CARRIER_REGION", observed=number.region, limit=route))
    return reasons + _line(rule, facts) if rule.line else reasons


def _product(rule: AuthorisationRule, facts: Facts, intent: Intent) -> list[Reason]:
    product = facts.world.product
    if product is None:
        return []
    if intent.purpose is Purpose.CARE:
        allowed = rule.care_families
        if allowed is None or product.family in allowed:
            return []
        return [objection(rule, "CARE_SELLS", observed=product.family)]
    reasons = [] if product.on_sale else [objection(rule, "PRODUCT_OFF_SALE")]
    return reasons + unlicensed(rule, facts, intent)


def unlicensed(rule: AuthorisationRule, facts: Facts, intent: Intent) -> list[Reason]:
    """AGENT_LICENCE, DEP_LICENCE: of whoever dials, and of whom a customer is handed to."""
    product = facts.world.product
    needed = rule.licences.get(product.family) if product is not None else None
    if needed is None or intent.actor is not Actor.HUMAN or intent.gate is not Gate.DIAL:
        return []
    if intent.licences is None:
        return [objection(rule, "DEP_LICENCE", limit=needed)]
    if needed not in intent.licences:
        return [objection(rule, "AGENT_LICENCE", limit=needed)]
    return []


def _line(rule: AuthorisationRule, facts: Facts) -> list[Reason]:
    caller_id = facts.world.caller_id
    if caller_id is None:
        return [objection(rule, "DEP_CALLER_ID")]
    reasons = []
    if not caller_id.active:
        reasons.append(objection(rule, "CLI_INACTIVE"))
    if rule.registered_use not in caller_id.registered_use:
        reasons.append(objection(rule, "CLI_NOT_REGISTERED", limit=rule.registered_use))
    if caller_id.operator not in rule.operators:
        reasons.append(objection(rule, "OPERATOR_OUTSOURCED"))
    return reasons
