"""The sandbox's own page: be anybody, watch the carrier, let time run faster. 404 in production."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.domain.roles import Role
from accounts.models import User
from clock.reading import speed
from console.carrier_calls import in_flight
from console.carrier_people import NobodyHas, NoSuchPersona, behave, people
from console.context import page_facts
from console.posted import words
from console.texts.sandbox import role_texts, sandbox_texts
from console.views.home import first_page
from telephony.sandbox_carrier import CarrierUnreachable, control, set_both_clocks

SPEEDS = (1, 10, 60)
#: So many people of one role are shown at once; the page lists the rest folded away.
SHOWN_PER_ROLE = 4

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def sandbox_only(view: View[P]) -> View[P]:
    """Outside the sandbox such a page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.SANDBOX:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@sandbox_only
@require_GET
def sandbox(request: HttpRequest) -> HttpResponse:
    """Everybody by role, the clock's speed, the carrier."""
    context = {
        "roles": _people_by_role(),
        "speeds": SPEEDS,
        "speed": speed(),
        "texts": sandbox_texts(),
    }
    return render(request, "sandbox/sandbox.html", context)


@sandbox_only
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Become `user` (a user name) without a password, and go where their day begins."""
    user = get_object_or_404(User, username=words(request, "user"), is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(first_page(user) or "/")


@sandbox_only
@require_POST
def change_speed(request: HttpRequest) -> HttpResponse:
    """Let time run at one of SPEEDS, here and at the carrier, or at neither."""
    wanted = request.POST.get("speed", "")
    if wanted not in {str(each) for each in SPEEDS}:
        raise Http404
    try:
        set_both_clocks(speed=float(wanted))
    except CarrierUnreachable:
        messages.error(request, _("The carrier does not answer, so the speed stays."))
    return redirect("/sandbox/")


@sandbox_only
@require_GET
def clock(request: HttpRequest) -> JsonResponse:
    """The clock's numbers, for the bots that play agents (as on every page)."""
    return JsonResponse(page_facts())


@sandbox_only
@require_GET
def carrier_state(request: HttpRequest) -> JsonResponse:
    """The carrier's calls in flight, its faults and people; 503 when it does not answer."""
    try:
        state = {**in_flight(), "faults": control("GET", "faults"), "people": people()}
        return JsonResponse(state)
    except CarrierUnreachable:
        return JsonResponse({"error": _("The carrier does not answer.")}, status=503)


@sandbox_only
@require_POST
def change_faults(request: HttpRequest) -> JsonResponse:
    """Set the faults that are named in the form, each per mille of the occasions."""
    named = {name: str(request.POST[name]) for name in request.POST}
    named.pop("csrfmiddlewaretoken", None)
    if not all(_is_per_mille(value) for value in named.values()):
        return JsonResponse({"error": _("Please give whole numbers from 0 to 1000.")}, status=400)
    try:
        rates = {name: int(value) for name, value in named.items()}
        return JsonResponse({"faults": control("POST", "faults", rates)})
    except CarrierUnreachable:
        return JsonResponse({"error": _("The carrier does not answer.")}, status=503)


@sandbox_only
@require_POST
def change_people(request: HttpRequest) -> JsonResponse:
    """Let a customer (by number; none: everybody) behave like a persona; none: as drawn."""
    try:
        changed = behave(request.POST.get("customer", ""), request.POST.get("persona", ""))
    except NobodyHas:
        return JsonResponse({"error": _("No customer has this number.")}, status=400)
    except NoSuchPersona:
        return JsonResponse({"error": _("Please choose from the list.")}, status=400)
    except CarrierUnreachable:
        return JsonResponse({"error": _("The carrier does not answer.")}, status=503)
    return JsonResponse({"people": changed})


def _is_per_mille(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 1000


def _people_by_role() -> list[dict[str, Any]]:
    """Roles in the order of the work, each with its people; roles without people are left out."""
    people: dict[str, list[User]] = {}
    users = User.objects.filter(is_active=True).select_related("branch").order_by("username")
    for user in users.prefetch_related("groups"):
        for group in user.groups.all():
            people.setdefault(group.name, []).append(user)
        if user.is_superuser:
            people.setdefault("superuser", []).append(user)
    texts = role_texts()
    order = [*(role.value for role in _ORDER), "superuser"]
    return [
        {
            "name": texts[name].name,
            "day": texts[name].day,
            "shown": people[name][:SHOWN_PER_ROLE],
            "more": people[name][SHOWN_PER_ROLE:],
        }
        for name in order
        if name in people
    ]


_ORDER = (
    Role.MARKETING,
    Role.BRANCH_MANAGER,
    Role.AGENT,
    Role.SUPERVISOR,
    Role.COMPLIANCE,
    Role.REVIEWER,
    Role.SCRIPT_WRITER,
    Role.OPERATIONS,
)
