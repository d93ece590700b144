"""Why was this customer (not) called, and may we call now?

Nobody is shown before a reason is given (`accounts.personal_access`); a customer of another branch
is 404. Searching is a POST: a telephone number does not belong in an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.permissions import SEES_ALL_BRANCHES, Page, branches_of, may, requires, roles_of
from accounts.personal_access import (
    CHOICES,
    Why,
    clean_reference,
    is_open,
    note_opened,
    note_search,
    open_person,
)
from audiences.finding import find
from audiences.models import Customer, CustomerNumber
from campaigns.asking import CampaignAnswer, for_customer
from campaigns.domain.masking import mask_name
from clock.reading import now as clock_now
from compliance.domain.pack import PackError
from compliance.holding import held
from compliance.models import Decision
from console import decision_facts, why_rows
from insights import number_history, person_history


@require_http_methods(["GET", "POST"])
@requires(Page.WHY)
def search(request: HttpRequest) -> HttpResponse:
    """Ask who and why; one customer found opens at once, several (a shared number) to choose."""
    shown: dict[str, Any] = {"reasons": CHOICES, "query": "", "found": []}
    if request.method == "POST":
        why = _why(request)
        query = request.POST.get("q", "")
        shown |= {"query": query, "why": why, "reference": _reference(request)}
        if why is None:
            messages.error(request, _("Choose why you look at this person."))
        else:
            found = find(query, branches_of(_user(request)))
            note_search(request, by=found.by, found=len(found.customers), why=why)
            if len(found.customers) == 1:
                open_person(request, found.customers[0].pk, why, _reference(request))
                return redirect("why-customer", found.customers[0].pk)
            if not found.customers and found.number and _sees_all(request):
                # whoever sees one branch is not told whether another branch has the number
                shown["number"] = why_rows.number_row(
                    number_history.about(found.number, clock_now())
                )
            elif not found.customers:
                messages.error(
                    request,
                    _("Nobody found. Type the whole customer id or the whole telephone number."),
                )
            shown["found"] = [
                {"customer": one, "name": mask_name(one.name)} for one in found.customers
            ]
    return render(request, "compliance/why_search.html", shown)


@require_http_methods(["GET", "POST"])
@requires(Page.WHY)
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One customer: the answer for each campaign, what would change it, and what lies behind."""
    who = _customer_of(request, customer_id)
    if request.method == "POST":
        why = _why(request)
        if why is not None:
            open_person(request, who.pk, why, _reference(request))
            return redirect(request.get_full_path())
        messages.error(request, _("Choose why you look at this person."))
    if not is_open(request, who.pk):
        return render(request, "compliance/why_ask.html", {"customer": who, "reasons": CHOICES})
    at = clock_now()
    links = list(
        CustomerNumber.objects.filter(customer=who).select_related("number").order_by("priority")
    )
    answers, failure = _answers(request, who, [link.number_id for link in links], at)
    names = {link.number_id: str(link.number) for link in links}
    chosen = _chosen(request, answers)
    met = person_history.encounters(who.pk, at)
    decided = person_history.decisions(who.pk, _before(request))
    campaigns = person_history.campaign_names(
        {one.campaign_id for one in met if one.campaign_id is not None}
        | {one.campaign_id for one in decided if one.campaign_id is not None}
    )
    return render(
        request,
        "compliance/why_customer.html",
        {
            "customer": who,
            "name": mask_name(who.name),
            "age": decision_facts.age_at(who.birth_date, at),
            "numbers": [link.number for link in links],
            "held": bool(held([who.pk])),
            "now": at,
            "failure": failure,
            "campaigns": [why_rows.campaign_row(one, names) for one in answers],
            "chosen": chosen.campaign.pk if chosen else None,
            "outlook": why_rows.outlook(chosen, at) if chosen else None,
            "encounters": [why_rows.encounter_row(one, campaigns) for one in met],
            "decisions": [why_rows.decision_row(one, campaigns) for one in decided],
            "older": decided[-1].pk if len(decided) == person_history.DECISIONS_SHOWN else None,
            "wishes": why_rows.wishes(who),
            "may_open_decisions": may(request.user, Page.DECISIONS),
            "may_see_cases": may(request.user, Page.CASES),
        },
    )


@require_GET
@requires(Page.DECISIONS)
def decision(request: HttpRequest, customer_id: int, decision_id: int) -> HttpResponse:
    """One stored decision with all of its facts, made again before the reader's eyes."""
    who = _customer_of(request, customer_id)
    stored = get_object_or_404(Decision, pk=decision_id, customer_id=who.pk)
    if not is_open(request, who.pk):
        return redirect("why-customer", who.pk)
    note_opened(request, f"decision:{stored.pk}", customer=who.pk)
    names = person_history.campaign_names({stored.campaign_id} if stored.campaign_id else set())
    return render(
        request,
        "compliance/why_decision.html",
        {
            "customer": who,
            "decision": stored,
            "row": why_rows.decision_row(stored, names),
            "reasons": [
                why_rows.stored_reason(reason) for reason in stored.decision.get("reasons", [])
            ],
            "verdicts": why_rows.verdicts(stored.decision.get("verdicts", {})),
            "replayed": why_rows.replayed(stored),
            "sections": decision_facts.sections(stored.facts, stored.at),
            "facts": why_rows.pretty(decision_facts.masked(stored.facts, stored.at)),
            "intent": why_rows.pretty(stored.intent),
        },
    )


# --- the answers ---------------------------------------------------------------------------------


def _answers(
    request: HttpRequest, who: Customer, number_ids: Sequence[int], at: datetime
) -> tuple[list[CampaignAnswer], str]:
    """The answers, or the sentence that says why there are none (then nobody is called either)."""
    listed_in = None if _sees_all(request) else [who.branch_id]
    try:
        return for_customer(who.pk, number_ids, at, listed_in=listed_in), ""
    except (DatabaseError, PackError, LookupError, ValueError):
        return [], _("The facts cannot be read at the moment; the gate would block every call.")


def _chosen(request: HttpRequest, answers: list[CampaignAnswer]) -> CampaignAnswer | None:
    """The campaign whose days are drawn: the one asked for, else the first that has the customer
    on its list, else the first.
    """
    with_answers = [one for one in answers if one.answers]
    wanted = request.GET.get("campaign", "")
    for one in with_answers:
        if wanted == str(one.campaign.pk):
            return one
    listed = [one for one in with_answers if one.lead is not None]
    return next(iter(listed or with_answers), None)


# --- who asks ------------------------------------------------------------------------------------


def _customer_of(request: HttpRequest, customer_id: int) -> Customer:
    """A customer of the reader's branches, else 404."""
    bounded = Customer.objects.filter(branch__in=branches_of(_user(request)))
    return get_object_or_404(bounded.select_related("branch"), pk=customer_id)


def _sees_all(request: HttpRequest) -> bool:
    user = _user(request)
    return user.is_superuser or bool(roles_of(user) & SEES_ALL_BRANCHES)


def _why(request: HttpRequest) -> Why | None:
    given = request.POST.get("why", "")
    return next((why for why in CHOICES if why.value == given), None)


def _reference(request: HttpRequest) -> str:
    return clean_reference(request.POST.get("reference", ""))


def _before(request: HttpRequest) -> int | None:
    given = request.GET.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
