"""What a branch manager is shown of a list: some of its people, masked, and the words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Func, Q, QuerySet, TextField
from django.db.models.functions import Cast

from campaigns.domain.lead_state import LeadState
from campaigns.domain.masking import mask_name
from campaigns.labels import LEAD
from campaigns.models import Campaign, Lead, TargetList
from campaigns.reasons import sentence
from robot.domain import rendering
from robot.domain.script import DISCLOSURES, Node, Script

SAMPLE = 20
FOUND_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Person:
    """One customer of a list. Names and numbers are masked; `reasons` are sentences."""

    lead_id: int
    customer_id: int
    bank_id: str
    name: str
    number: str
    segment: str
    state: str
    state_label: str
    reasons: tuple[str, ...]
    clears_at: datetime | None


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One line the robot may say; `discloses` what it must tell, `ends` that it says goodbye."""

    node: str
    text: str
    discloses: tuple[str, ...]
    sells: bool
    ends: bool


def sample(target_list: TargetList, size: int = SAMPLE) -> list[Person]:
    """Some of the people who would be called: the same ones each time, and chosen by nobody."""
    chosen = _leads(target_list).filter(state=LeadState.LISTED.value)
    if target_list.approved_at is not None:
        chosen = _leads(target_list).exclude(
            state__in=[LeadState.BLOCKED.value, LeadState.EXCLUDED.value]
        )
    shuffled = chosen.order_by(
        Func(Cast("customer_id", TextField()), function="md5", output_field=TextField())
    )
    return [_person(lead) for lead in shuffled[:size]]


def search(target_list: TargetList, query: str) -> list[Person]:
    """People of the list by the bank's customer id, name, or end of the number; at most 50.

    A query of fewer than two characters finds nobody: a list is not to be leafed through.
    """
    wanted = query.strip()
    if len(wanted) < 2:
        return []
    by_number = (
        Q(number__e164__endswith=wanted) if wanted.isdigit() and len(wanted) >= 4 else Q(pk=None)
    )
    found = _leads(target_list).filter(
        Q(customer__bank_id__istartswith=wanted) | Q(customer__name__startswith=wanted) | by_number
    )
    return [_person(lead) for lead in found.order_by("customer__bank_id")[:FOUND_AT_MOST]]


def taken_out(target_list: TargetList) -> list[Person]:
    """The people whom the branch took out, at most 50."""
    out = _leads(target_list).filter(state=LeadState.EXCLUDED.value)
    return [_person(lead) for lead in out.order_by("customer__bank_id")[:FOUND_AT_MOST]]


def spoken_lines(campaign: Campaign) -> list[SpokenLine]:
    """The script's lines in the order a talk reaches them, with the campaign's values filled in.

    What comes from the customer's record is shown as its name in brackets.
    """
    script = Script.model_validate(campaign.script_version.document)
    given = dict(campaign.variables)
    for name, var in script.vars.items():
        if var.from_ != "campaign":
            given[name] = f"［{name}］"
    values = rendering.variables(script, given)
    return [
        SpokenLine(
            node=name,
            text=rendering.line_of(node, values, {}),
            discloses=tuple(sorted(node.tags & (DISCLOSURES | {"disclose.rate"}))),
            sells="sell" in node.tags,
            ends=node.kind == "end",
        )
        for name, node in _in_order(script)
        if node.say
    ]


def _in_order(script: Script) -> list[tuple[str, Node]]:
    """The nodes as a walk from the start meets them (a stored document keeps no order)."""
    queue = deque([script.start])
    reached: dict[str, None] = {}
    while queue:
        name = queue.popleft()
        if name in script.nodes and name not in reached:
            reached[name] = None
            queue.extend(script.nodes[name].next.values())
    layers = [*script.safety.values(), *script.globals.values(), *sorted(script.nodes)]
    names = dict.fromkeys([*reached, *layers])
    return [(name, script.nodes[name]) for name in names if name in script.nodes]


def _leads(target_list: TargetList) -> QuerySet[Lead]:
    return Lead.objects.filter(target_list=target_list).select_related("customer", "number")


def _person(lead: Lead) -> Person:
    return Person(
        lead_id=lead.pk,
        customer_id=lead.customer_id,
        bank_id=lead.customer.bank_id,
        name=mask_name(lead.customer.name),
        number=str(lead.number) if lead.number else "",
        segment=lead.customer.segment,
        state=lead.state,
        state_label=str(LEAD[lead.state]),
        reasons=tuple(sentence(code) for code in lead.codes),
        clears_at=lead.clears_at,
    )
