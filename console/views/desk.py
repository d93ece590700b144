"""An agent's desk: the page, and the few requests it (or a sandbox bot) makes.

Every answer carries the desk's whole state, so a browser that lost a push is right again after its
next request. Another agent's hand-over is 404.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, requires
from agents import presence
from agents.domain.agent_state import AgentState
from agents.models import Agent
from campaigns import reasons
from console.posted import words
from console.texts.desk import desk_texts, dispositions, wishes
from dialer import calling_back, deskwork

P = ParamSpec("P")
AgentView = Callable[Concatenate[HttpRequest, Agent, P], HttpResponse]


def _for_agent(view: AgentView[P]) -> Callable[Concatenate[HttpRequest, P], Any]:
    """The view gets the signed-in user's agent; a user who is none gets 404."""

    @wraps(view)
    def with_agent(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        agent = _agent_of(request)
        if agent is None:
            raise Http404
        try:
            return view(request, agent, *args, **kwargs)
        except deskwork.NotYours as error:
            raise Http404 from error

    return requires(Page.DESK)(with_agent)


@requires(Page.DESK)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The page. A user with the role but without an agent's place is told so."""
    agent = _agent_of(request)
    if agent is None:
        return render(request, "desk/no_agent.html", status=404)
    context = {
        "agent": agent,
        "state": deskwork.desk_state(agent),
        "texts": desk_texts(),
        "dispositions": dispositions(),
        "wishes": wishes(),
        "softphone": {
            "driver": "sandbox" if settings.CARRIER == "sandbox" else "twilio",
            "carrier": settings.TWILIO_API_BASE,
            "identity": agent.user.get_username(),
        },
    }
    return render(request, "desk/desk.html", context)


@_for_agent
@require_GET
def state(request: HttpRequest, agent: Agent) -> JsonResponse:
    """What the desk shows (see `dialer.deskwork.desk_state`)."""
    return _answer(agent)


@_for_agent
@require_POST
def presence_change(request: HttpRequest, agent: Agent) -> JsonResponse:
    """`state`: ready, break or offline. 409 while promised to a customer, 400 for anything else."""
    changes = {
        AgentState.READY.value: presence.go_ready,
        AgentState.BREAK.value: presence.go_break,
        AgentState.OFFLINE.value: presence.sign_out,
    }
    change = changes.get(request.POST.get("state", ""))
    if change is None:
        return _answer(agent, status=400, error=_("Please choose ready or break."))
    if not change(agent):
        return _answer(agent, status=409, error=_("Not while a customer is with you."))
    return _answer(agent)


@_for_agent
@require_POST
def ping(request: HttpRequest, agent: Agent) -> JsonResponse:
    """A sign of life; answers the agent's state so that a browser notices what it missed."""
    presence.ping(agent)
    return JsonResponse({"state": agent.state})


@_for_agent
@require_POST
def accept(request: HttpRequest, agent: Agent, transfer_id: UUID) -> JsonResponse:
    """`answer`: early (joined the moment the customer consents), accepted, or gone."""
    answer = deskwork.accept(transfer_id, agent)
    return _answer(agent, answer=answer.value)


@_for_agent
@require_POST
def reject(request: HttpRequest, agent: Agent, transfer_id: UUID) -> JsonResponse:
    """Decline; somebody else is asked."""
    deskwork.reject(transfer_id, agent)
    return _answer(agent)


@_for_agent
@require_POST
def hang_up(request: HttpRequest, agent: Agent, transfer_id: UUID) -> JsonResponse:
    """End the talk. 409 when there is none."""
    try:
        deskwork.hang_up(transfer_id, agent)
    except deskwork.NotNow:
        return _answer(agent, status=409, error=_("There is no talk to end."))
    return _answer(agent)


@_for_agent
@require_POST
def call_back(request: HttpRequest, agent: Agent, callback_id: int) -> JsonResponse:
    """Call a customer back now, before or after the promised minute. 409 with the reason if not."""
    try:
        deskwork.call_back_now(callback_id, agent)
    except calling_back.NobodyReady:
        return _answer(agent, status=409, error=_("Please be ready before you call."))
    except calling_back.Refused as refused:
        return _answer(agent, status=409, error=_why_not(refused))
    return _answer(agent)


@_for_agent
@require_POST
def wrap_up(request: HttpRequest, agent: Agent, transfer_id: UUID) -> JsonResponse:
    """File what came of the talk: disposition, note, callback_at (bank's time), opt_out, wish.

    400 with a sentence when something is missing, 409 when the talk is not over or was filed.
    """
    try:
        deskwork.wrap_up(
            transfer_id,
            agent,
            disposition=request.POST.get("disposition", ""),
            note=words(request, "note", 2000),
            callback_at=_instant(request.POST.get("callback_at", "")),
            opt_out=request.POST.get("opt_out", "") in ("1", "on", "true"),
            wish=request.POST.get("wish", ""),
        )
    except deskwork.NotNow:
        return _answer(agent, status=409, error=_("This talk is not over, or filed already."))
    except ValueError as error:
        callback_is_wrong = str(error) == "callback_at"
        return _answer(
            agent,
            status=400,
            error=_("Please choose a time ahead of us, before the campaign ends.")
            if callback_is_wrong
            else _("Please choose what came of the talk."),
        )
    return _answer(agent)


def _why_not(refused: calling_back.Refused) -> str:
    """Why a callback cannot be made now, for the agent; the reason itself where there is one."""
    if refused.decision is None:
        return _("This customer cannot be called at this moment.")
    why = reasons.sentence(refused.decision.codes[0])
    return _("Not now: %(why)s.") % {"why": why}


def _agent_of(request: HttpRequest) -> Agent | None:
    assert isinstance(request.user, User)
    return Agent.objects.select_related("user", "team").filter(user=request.user).first()


def _answer(agent: Agent, *, status: int = 200, **more: object) -> JsonResponse:
    """The desk's state as it is now, with what this request adds."""
    agent.refresh_from_db(fields=["state", "state_since"])
    return JsonResponse({**deskwork.desk_state(agent), **more}, status=status)


def _instant(text: str) -> datetime | None:
    """A time typed at the desk, in the bank's zone unless it names one. Raises ValueError."""
    if not text:
        return None
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    if parsed is None:
        raise ValueError("callback_at")
    return make_aware(parsed) if is_naive(parsed) else parsed
