"""The one registry of metrics: name, label, definition, and how it is counted.

Every screen, the headless run's JSON and exports read these, so that a figure means the same
wherever it stands. A metric names its *source* (one table) and an aggregate over it; `figures.py`
runs one query a source, whatever the number of metrics and branches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.domain.lead_state import LeadState
from compliance.domain.facts import ContactKind, SuppressionSource
from compliance.models import Complaint, Suppression
from dialer.conversing import INTERESTED
from dialer.deskwork import Disposition
from dialer.domain.callback_state import CallbackState
from dialer.domain.transfer_state import ENDS as TRANSFER_ENDS


class Source(StrEnum):
    """The rows a metric counts. LISTS reads what screening and approval stored on the lists."""

    LISTS = "lists"
    LEADS = "leads"
    CALLS = "calls"
    CONTACTS = "contacts"
    TRANSFERS = "transfers"
    CALLBACKS = "callbacks"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `count` is None for LISTS: the figure of that name in a list's counts.

    `of` names the metric that this one is a share of, for the percentage beside it.
    """

    name: str
    label: str | Promise
    definition: str | Promise
    source: Source
    count: Aggregate | None = None
    of: str = ""
    funnel: bool = False


#: People, not rows: a customer of two versions of a list, or of three calls, counts once.
def _customers(condition: Q, path: str = "customer") -> Count:
    return Count(path, filter=condition, distinct=True)


def _said(entries: QuerySet[Any]) -> Exists:
    """Whether such an entry about the call's customer came out of this call or its hand-over.

    The outcome of a call does not tell: it stays "interested" for one who says stop afterwards.
    """
    return Exists(
        entries.filter(customer_id=OuterRef("customer_id"))
        .annotate(in_call=KT("evidence__call"), in_transfer=KT("evidence__transfer"))
        .filter(
            Q(in_call=Cast(OuterRef("public_id"), TextField()))
            | Q(in_transfer=Cast(OuterRef("transfer__id"), TextField()))
        )
    )


_CONSENTED = Q(consented_at__isnull=False)
_ANSWERED = Q(answered_at__isnull=False)
#: what only sounded like a refusal is held as one, and not counted as one
_OPT_OUTS = Suppression.objects.filter(source=SuppressionSource.OPT_OUT.value).exclude(
    evidence__has_key="suspected"
)

METRICS: tuple[Metric, ...] = (
    Metric(
        "listed",
        _("Listed"),
        _("Customers of the audience, in the newest list of each branch."),
        Source.LISTS,
        funnel=True,
    ),
    Metric(
        "eligible",
        _("Eligible"),
        _("Listed customers whom screening found callable before the campaign ends."),
        Source.LISTS,
        of="listed",
        funnel=True,
    ),
    Metric(
        "excluded",
        _("Taken out"),
        _("Eligible customers whom the branch took out before it signed."),
        Source.LISTS,
        of="eligible",
    ),
    Metric(
        "approved",
        _("Approved"),
        _("Eligible customers in lists that their branch signed."),
        Source.LISTS,
        of="eligible",
        funnel=True,
    ),
    Metric(
        "blocked",
        _("Not callable"),
        _("Customers a rule keeps from being called: found at screening, or later by the gate."),
        Source.LEADS,
        Count("pk", filter=Q(state=LeadState.BLOCKED.value)),
        of="listed",
    ),
    Metric(
        "open",
        _("Still open"),
        _("Approved customers who are due or being called now."),
        Source.LEADS,
        Count("pk", filter=Q(state__in=[LeadState.DUE.value, LeadState.CALLING.value])),
        of="approved",
    ),
    Metric(
        "settled",
        _("Settled"),
        _("Approved customers about whom nothing more will be done: an outcome is kept."),
        Source.LEADS,
        Count("pk", filter=Q(state=LeadState.SETTLED.value)),
        of="approved",
    ),
    Metric(
        "expired",
        _("Expired"),
        _("Customers who could not be called before the campaign ended."),
        Source.LEADS,
        Count("pk", filter=Q(state=LeadState.EXPIRED.value)),
        of="approved",
    ),
    Metric(
        "calls",
        _("Calls"),
        _("Calls the carrier was asked to place, by robot or by hand; retries count again."),
        Source.CALLS,
        Count("pk", filter=Q(placed_at__isnull=False)),
    ),
    Metric(
        "dialled",
        _("Dialled"),
        _("Customers called at least once."),
        Source.CALLS,
        _customers(Q(placed_at__isnull=False)),
        of="approved",
        funnel=True,
    ),
    Metric(
        "answered",
        _("Answered"),
        _("Customers on whose line somebody or something picked up at least once."),
        Source.CALLS,
        _customers(Q(answered_at__isnull=False)),
        of="dialled",
        funnel=True,
    ),
    Metric(
        "conversations",
        _("Conversations"),
        _("Customers who said something to the robot; machines do not count."),
        Source.CONTACTS,
        _customers(Q(kind=ContactKind.CONVERSATION.value), "customer_id"),
        of="answered",
        funnel=True,
    ),
    Metric(
        "interested",
        _("Interested"),
        _("Customers who came to the question whether they want a person, free agent or not."),
        Source.CALLS,
        _customers(Q(outcome=INTERESTED)),
        of="conversations",
        funnel=True,
    ),
    Metric(
        "transferred",
        _("Transferred"),
        _("Customers who agreed to be handed over."),
        Source.TRANSFERS,
        Count("pk", filter=_CONSENTED),
        of="interested",
        funnel=True,
    ),
    Metric(
        "connected",
        _("Connected"),
        _("Customers who met an agent: both joins were seen."),
        Source.TRANSFERS,
        Count("pk", filter=Q(connected_at__isnull=False)),
        of="transferred",
        funnel=True,
    ),
    Metric(
        "sold",
        _("Sold"),
        _("Talks an agent closed as sold."),
        Source.TRANSFERS,
        Count("pk", filter=Q(disposition=Disposition.SOLD.value)),
        of="connected",
        funnel=True,
    ),
    Metric(
        "abandoned",
        _("Abandoned"),
        _("Customers who agreed to be handed over and did not meet an agent."),
        Source.TRANSFERS,
        Count(
            "pk",
            filter=_CONSENTED
            & Q(connected_at__isnull=True, state__in=[state.value for state in TRANSFER_ENDS]),
        ),
        of="transferred",
    ),
    Metric(
        "callbacks",
        _("Callbacks"),
        _("Callbacks promised to customers and not withdrawn."),
        Source.CALLBACKS,
        Count("pk", filter=~Q(state=CallbackState.CANCELLED.value)),
    ),
    Metric(
        "opt_outs",
        _("Opt-outs"),
        _("Customers who told the robot or the agent that they want no more calls."),
        Source.CALLS,
        _customers(_ANSWERED & Q(_said(_OPT_OUTS))),
        of="conversations",
    ),
    Metric(
        "complaints",
        _("Complaints"),
        _("Customers who complained, to the robot or to the agent."),
        Source.CALLS,
        _customers(_ANSWERED & Q(_said(Complaint.objects.all()))),
        of="conversations",
    ),
)

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
FUNNEL: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.funnel)
NAMES: tuple[str, ...] = tuple(metric.name for metric in METRICS)

#: Where each source's rows tell their branch.
BRANCH: dict[Source, F] = {
    Source.CONTACTS: F("branch_id"),
    Source.LEADS: F("target_list__branch_id"),
    Source.CALLS: F("lead__target_list__branch_id"),
    Source.TRANSFERS: F("call__lead__target_list__branch_id"),
    Source.CALLBACKS: F("customer__branch_id"),
}
