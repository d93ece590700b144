"""Is all of it signed: caller ID, script, campaign, approval; and the right network.

A sample customer (made by the sandbox) may be dialled on the sandbox's carrier only. What exists
only at the moment of dialling is not asked for when a list is screened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts
from compliance.domain.intent import Gate, Intent
from compliance.domain.rules.base import Rule, objection


class AuthorisationRule(Rule):
    """`registered_use` is what a caller ID must be filed for."""

    kind: Literal["authorisation"]
    registered_use: str = "marketing_out"
    sandbox_carrier: str = "sandbox"


def evaluate(rule: AuthorisationRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """SANDBOX_CARRIER, SCRIPT_NOT_APPROVED, CAMPAIGN_NOT_RUNNING, APPROVAL_NONE, CLI_*."""
    reasons = []
    customer = facts.customer
    if customer is not None and customer.sandbox and intent.carrier != rule.sandbox_carrier:
        reasons.append(objection(rule, "SANDBOX_CARRIER", observed=intent.carrier))
    if not intent.script_approved:
        reasons.append(objection(rule, "SCRIPT_NOT_APPROVED"))
    if intent.gate is Gate.LIST:
        return reasons
    if not intent.campaign_running:
        reasons.append(objection(rule, "CAMPAIGN_NOT_RUNNING"))
    if not intent.approval_in_force:
        reasons.append(objection(rule, "APPROVAL_NONE"))
    caller_id = facts.world.caller_id
    if caller_id is None:
        return [*reasons, objection(rule, "DEP_CALLER_ID")]
    if not caller_id.active:
        reasons.append(objection(rule, "CLI_INACTIVE"))
    if rule.registered_use not in caller_id.registered_use:
        reasons.append(objection(rule, "CLI_NOT_REGISTERED", limit=rule.registered_use))
    return reasons
