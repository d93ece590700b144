"""Whom a complaint is about, so that they do not handle it, and to whom its cause may go.

The agent who spoke, the author of the script and the maker of the campaign: of the call that the
case names, or else of every call to the person in the months before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from accounts.domain.roles import Role
from accounts.models import User
from audiences.one_person import records_of_one
from compliance.models import Complaint
from dialer.models import Call, Transfer

#: A case that names no call is about the calls of this time before it.
REACH = timedelta(days=90)

#: Whose causes a bank's product, script and team answer for.
OWNERS = (Role.MARKETING, Role.SCRIPT_WRITER, Role.SUPERVISOR)


class Part(StrEnum):
    """What somebody had to do with the calls."""

    AGENT = "agent"
    SCRIPT = "script"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Parties:
    """User id → their parts; product and script version of the newest call (None = no call)."""

    parts: dict[int, set[Part]] = field(default_factory=dict)
    product_id: int | None = None
    script_version_id: int | None = None

    @property
    def ids(self) -> frozenset[int]:
        """Those who may not handle the case."""
        return frozenset(self.parts)


def parties(case: Complaint) -> Parties:
    """The people complained of; nobody when no call of ours is behind it."""
    calls = calls_of(case)
    parts: defaultdict[int, set[Part]] = defaultdict(set)
    campaigns = [
        call.campaign
        for call in calls.order_by("-planned_at").select_related("campaign__script_version")
        if call.campaign is not None
    ]
    for campaign in campaigns:
        parts[campaign.maker_id].add(Part.CAMPAIGN)
        if campaign.script_version.author_id is not None:
            parts[campaign.script_version.author_id].add(Part.SCRIPT)
    spoke = Transfer.objects.filter(call__in=calls, agent__isnull=False)
    for user_id in spoke.values_list("agent__user_id", flat=True):
        parts[user_id].add(Part.AGENT)
    if not campaigns:
        return Parties(dict(parts))
    return Parties(dict(parts), campaigns[0].product_id, campaigns[0].script_version_id)


def calls_of(case: Complaint) -> QuerySet[Call]:
    """The calls a case is about: the one it names, else the person's of the last 90 days."""
    if case.call_ref is not None:
        return Call.objects.filter(public_id=case.call_ref)
    return Call.objects.filter(
        person_of(case), planned_at__gte=case.created_at - REACH, planned_at__lte=case.created_at
    )


def person_of(case: Complaint) -> Q:
    """Rows that are about the customer of a case, by whichever record of theirs, or its number."""
    about = Q(pk__in=[])
    if case.customer_id is not None:
        about |= Q(customer_id__in=records_of_one(case.customer_id))
    if case.number_id is not None:
        about |= Q(number_id=case.number_id)
    return about


def handlers(case: Complaint, barred: frozenset[int], roles: frozenset[Role]) -> list[User]:
    """Who may be given the case: of these roles, its branch or head office, not complained of."""
    people = User.objects.filter(is_active=True, groups__name__in=[role.value for role in roles])
    bounded = Q(branch__isnull=True) | Q(branch_id=case.branch_id)
    return list(people.filter(bounded).exclude(pk__in=barred).distinct().order_by("username"))


def owners(about: Parties) -> list[User]:
    """Those to whom a cause may go; who made the script or campaign first."""
    people = User.objects.filter(is_active=True, groups__name__in=[role.value for role in OWNERS])
    found = list(people.distinct().order_by("username"))
    return sorted(found, key=lambda user: user.pk not in about.parts)
