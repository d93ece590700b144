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
from clock.setting import set_sandbox_clock
from console import carrier_control
from console.texts.sandbox import role_texts, sandbox_texts
from console.views.home import first_page

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
    user = get_object_or_404(User, username=request.POST.get("user", ""), is_active=True)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(first_page(user) or "/")


@sandbox_only
@require_POST
def change_speed(request: HttpRequest) -> HttpResponse:
    """Let time run at one of SPEEDS, here and at the carrier."""
    wanted = request.POST.get("speed", "")
    if wanted not in {str(each) for each in SPEEDS}:
        raise Http404
    anchors = set_sandbox_clock(speed=float(wanted))
    try:
        carrier_control.tell_clock(anchors)
    except carrier_control.CarrierSilent:
        messages.warning(request, _("The carrier does not answer: its clock was not changed."))
    return redirect("/sandbox/")


@sandbox_only
@require_GET
def carrier_state(request: HttpRequest) -> JsonResponse:
    """The carrier's calls and faults; 503 when it does not answer."""
    try:
        return JsonResponse({"calls": carrier_control.calls(), "faults": carrier_control.faults()})
    except carrier_control.CarrierSilent:
        return JsonResponse({"error": _("The carrier does not answer.")}, status=503)


@sandbox_only
@require_POST
def change_faults(request: HttpRequest) -> JsonResponse:
    """Set the faults that are named in the form (numbers per mille, or 0/1)."""
    try:
        values = {
            name: float(value)
            for name, value in request.POST.items()
            if name != "csrfmiddlewaretoken"
        }
    except ValueError:
        return JsonResponse({"error": _("Please give a number.")}, status=400)
    try:
        return JsonResponse({"faults": carrier_control.set_faults(values)})
    except carrier_control.CarrierSilent:
        return JsonResponse({"error": _("The carrier does not answer.")}, status=503)


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
