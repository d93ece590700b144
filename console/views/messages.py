"""Text messages that did not reach whoever asked for them, and trying one again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Page, requires
from campaigns.domain.masking import mask_name
from dialer import messaging, sms_gateway
from dialer.domain.message_state import TRANSITIONS, MessageState
from dialer.models import Message

PER_PAGE: Final = 50

#: A state's name and the colour of its badge.
STATES: Final[dict[MessageState, tuple[str | Promise, str]]] = {
    MessageState.QUEUED: (gettext_lazy("Waiting"), "info"),
    MessageState.SENDING: (gettext_lazy("Being sent"), "info"),
    MessageState.ACCEPTED: (gettext_lazy("At the gateway"), "info"),
    MessageState.DELIVERED: (gettext_lazy("Delivered"), "ok"),
    MessageState.UNDELIVERED: (gettext_lazy("Not delivered"), "bad"),
    MessageState.REFUSED: (gettext_lazy("Not allowed"), "warn"),
    MessageState.FAILED: (gettext_lazy("Failed"), "bad"),
}


@require_GET
@requires(Page.MESSAGES)
def failed(request: HttpRequest) -> HttpResponse:
    """What a person should look at, the newest first, and how many there are of each state."""
    found = messaging.failures().select_related("customer", "number", "call__campaign")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "message": one,
            "name": mask_name(one.customer.name),
            "number": str(one.number),
            "state": STATES[MessageState(one.state)],
            "again": MessageState.QUEUED in TRANSITIONS[MessageState(one.state)],
        }
        for one in page
    ]
    counts = messaging.counts()
    return render(
        request,
        "messages/failed.html",
        {
            "rows": rows,
            "page": page,
            "configured": sms_gateway.is_configured(),
            "counts": [(STATES[state], counts.get(state, 0)) for state in MessageState],
        },
    )


@require_POST
@requires(Page.MESSAGES)
def again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have a failed message tried again; it passes the gate as before."""
    message = get_object_or_404(Message.objects.select_related("call"), public_id=public_id)
    assert isinstance(request.user, User)
    if messaging.try_again(message, actor_id=request.user.pk):
        notices.success(request, _("It is tried again within a minute."))
    else:
        notices.error(request, _("It cannot be tried again: its state has changed."))
    return redirect("messages")
