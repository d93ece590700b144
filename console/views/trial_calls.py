"""Ring my phone: hear a script on one's own telephone before a customer does."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, requires
from campaigns import reasons
from clock.reading import now
from compliance import staff_numbers
from compliance.models import StaffNumber
from dialer import trial_calls
from dialer.domain.call_state import LIVE, CallState
from dialer.models import TrialCall
from robot.models import ScriptVersion

_SHOWN = 10


@requires(Page.TEST_CALLS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """One's number, the scripts to hear, the latest calls; for some, colleagues who need a code."""
    return _shown_page(request)


@requires(Page.TEST_CALLS)
@require_POST
def enter_number(request: HttpRequest) -> HttpResponse:
    """Keep the user's number; a colleague must then confirm that it reaches them."""
    try:
        staff_numbers.enter(_user(request), request.POST.get("number", ""), at=now())
    except staff_numbers.NotANumber:
        messages.error(request, _("This is not a telephone number that can be called."))
    except staff_numbers.Taken:
        messages.error(request, _("Somebody else has entered this number."))
    return redirect("test_calls")


@requires(Page.TEST_CALLS)
@require_POST
def enter_code(request: HttpRequest) -> HttpResponse:
    """The code that a colleague has read out."""
    if staff_numbers.verify(_user(request), request.POST.get("code", ""), at=now()):
        messages.success(request, _("Your number is verified."))
    else:
        messages.error(request, _("The code is wrong, too old, or was tried too often."))
    return redirect("test_calls")


@requires(Page.TEST_CALLS)
@require_POST
def ring(request: HttpRequest) -> HttpResponse:
    """Ring the user's own telephone with a version of a script."""
    version = get_object_or_404(ScriptVersion, pk=_number(request.POST.get("version", "")))
    try:
        trial_calls.place_test_call(_user(request), version)
    except trial_calls.NoTelephone:
        messages.error(request, _("Enter and verify your number first."))
    except trial_calls.NoCallerId:
        messages.error(request, _("None of the bank's numbers is in use."))
    except trial_calls.AlreadyRinging:
        messages.error(request, _("Your telephone is being rung already."))
    return redirect("test_calls")


@requires(Page.TEST_CODES)
@require_POST
def show_code(request: HttpRequest, number_id: int) -> HttpResponse:
    """Show a colleague's new code, this once: the answer to the POST, never an address."""
    number = get_object_or_404(StaffNumber.objects.select_related("user"), pk=number_id)
    try:
        code = staff_numbers.show_code(number, to=_user(request), at=now())
    except staff_numbers.OwnNumber:
        messages.error(request, _("Somebody else must confirm your own number."))
        return redirect("test_calls")
    return _shown_page(request, shown={"code": code, "number": number})


def _shown_page(request: HttpRequest, *, shown: dict[str, object] | None = None) -> HttpResponse:
    user = _user(request)
    calls = list(
        TrialCall.objects.select_related("call", "version__script")
        .filter(user=user)
        .order_by("-call__planned_at")[:_SHOWN]
    )
    waiting = StaffNumber.objects.select_related("user").filter(verified_at__isnull=True)
    context = {
        "number": StaffNumber.objects.filter(user=user).first(),
        "versions": ScriptVersion.objects.select_related("script").order_by(
            "script__code", "-number"
        ),
        "calls": [(each, _told(each)) for each in calls],
        "ringing": any(CallState(each.call.state) in LIVE for each in calls),
        "waiting": waiting.exclude(user=user) if may(user, Page.TEST_CODES) else [],
        "shown": shown,
    }
    return render(request, "trial_calls/trial_calls.html", context)


def _told(trial: TrialCall) -> str:
    """Why a call did not come about, in words; "" where its state says enough."""
    cause = trial.call.cause
    if not cause.startswith("gate:") or cause == "gate:allowed":
        return ""
    return reasons.sentence(cause.removeprefix("gate:").split(",")[0])


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
