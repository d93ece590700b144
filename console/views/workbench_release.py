"""Asking for a version's release, signing it, sending it back, retiring it; and its funnel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, may, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.models import Approval
from clock.reading import now as clock_now
from console.posted import storable
from robot import publishing, releasing
from robot.funnel import funnel
from robot.models import ScriptVersion
from robot.publishing import NotPublishable

SPAN: Final = timedelta(days=30)


@require_POST
@requires(Page.WORKBENCH)
def release(request: HttpRequest, version_id: int, step: str) -> HttpResponse:
    """One step of a version's way into use: ask, sign, return, withdraw, retire."""
    version = get_object_or_404(ScriptVersion.objects.select_related("script"), pk=version_id)
    if step not in _STEPS:
        raise Http404
    assert isinstance(request.user, User)
    try:
        messages.success(request, _STEPS[step](version, request.user, request.POST))
    except ApprovalRefused as error:
        messages.error(request, error.sentence)
    except NotPublishable as error:
        told = _("There are %(count)d things to mend first.") % {"count": len(error.findings)}
        messages.error(request, told)
    return redirect("workbench-version", version.pk)


@require_GET
@requires(Page.WORKBENCH)
def figures(request: HttpRequest, version_id: int) -> JsonResponse:
    """What became of this version's calls in the last 30 days, node by node."""
    version = get_object_or_404(ScriptVersion, pk=version_id)
    found = funnel(version.pk, since=clock_now() - SPAN)
    nodes = {name: asdict(one) for name, one in found.nodes.items()}
    return JsonResponse({"calls": found.calls, "nodes": nodes})


def _ask(version: ScriptVersion, user: User, fields: QueryDict) -> str:
    _writer(user)
    releasing.ask(version, maker=user, at=clock_now())
    return _("Submitted. A reviewer reads and signs it.")


def _sign(version: ScriptVersion, user: User, fields: QueryDict) -> str:
    _signer(user)
    approval = _waiting(version)
    releasing.sign(version, approval=approval, checker=user, at=clock_now())
    return _("Signed and published. Campaigns may use it now.")


def _return(version: ScriptVersion, user: User, fields: QueryDict) -> str:
    _signer(user)
    reason = storable(fields.get("reason", ""), 500)
    releasing.send_back(approval=_waiting(version), checker=user, reason=reason)
    return _("Returned to its writer.")


def _withdraw(version: ScriptVersion, user: User, fields: QueryDict) -> str:
    _writer(user)
    releasing.take_back(approval=_waiting(version), actor=user)
    return _("Taken back. It is a draft again.")


def _retire(version: ScriptVersion, user: User, fields: QueryDict) -> str:
    _writer(user)
    if not publishing.retire(version, actor=user, at=clock_now()):
        raise ApprovalRefused
    return _("Retired. Campaigns that began with it keep it; new ones cannot choose it.")


_STEPS: Final[dict[str, Callable[[ScriptVersion, User, QueryDict], str]]] = {
    "ask": _ask,
    "sign": _sign,
    "return": _return,
    "withdraw": _withdraw,
    "retire": _retire,
}


def _waiting(version: ScriptVersion) -> Approval:
    found = releasing.waiting(version, clock_now())
    if found is None:
        raise ApprovalRefused
    return found


def _writer(user: User) -> None:
    if not may(user, Page.WRITING):
        raise PermissionDenied


def _signer(user: User) -> None:
    if not may_sign(user, "script_version"):
        raise PermissionDenied
