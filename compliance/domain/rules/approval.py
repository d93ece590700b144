"""Four eyes: the script, the campaign and the list are signed by somebody who did not make them.

That maker and checker are two people, that a signature is of this very content and has not expired,
is kept by the approvals themselves; here it is asked whether one is in force. What exists only at
the moment of dialling (a running campaign, the list's approval) is not asked for when a list is
screened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from compliance.domain.decision import Reason
from compliance.domain.facts import Facts, World
from compliance.domain.intent import Gate, Intent
from compliance.domain.rules.base import Rule, objection

Subject = Literal["script", "campaign", "list"]
_ALL: frozenset[Subject] = frozenset({"script", "campaign", "list"})


class ApprovalRule(Rule):
    kind: Literal["approval"]
    subjects: frozenset[Subject] = _ALL


def evaluate(rule: ApprovalRule, facts: Facts, intent: Intent, now: datetime) -> list[Reason]:
    """SCRIPT_NOT_APPROVED, CAMPAIGN_NOT_RUNNING, APPROVAL_NONE."""
    return unsigned(rule, intent, rule.subjects)


def idle(rule: ApprovalRule, world: World, intent: Intent, now: datetime) -> bool:
    """Everything is signed that a signature is asked for."""
    return not unsigned(rule, intent, rule.subjects)


def unsigned(rule: Rule, intent: Intent, subjects: frozenset[Subject] = _ALL) -> list[Reason]:
    """What of these is not signed."""
    reasons = []
    if "script" in subjects and not intent.script_approved:
        reasons.append(objection(rule, "SCRIPT_NOT_APPROVED"))
    if intent.gate is Gate.LIST:
        return reasons
    if "campaign" in subjects and not intent.campaign_running:
        reasons.append(objection(rule, "CAMPAIGN_NOT_RUNNING"))
    if "list" in subjects and not intent.approval_in_force:
        reasons.append(objection(rule, "APPROVAL_NONE"))
    return reasons
