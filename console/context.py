"""What every page is given: navigation by role and the clock's numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Page, may
from clock.reading import anchors, real


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the top bar; `current` when the page lies below its address."""

    address: str
    label: str
    current: bool


def page(request: HttpRequest) -> dict[str, Any]:
    """`navigation` and `page_facts`, both worked out only when a template asks."""
    return {
        "navigation": _once(lambda: navigation_of(request)),
        "page_facts": _once(page_facts),
        "sandbox": settings.SANDBOX,
    }


def navigation_of(request: HttpRequest) -> list[NavigationItem]:
    """The screens this user may open, in the order of the day's work."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    wanted = [
        ("/desk/", _("My desk"), may(user, Page.DESK) and not user.is_superuser),
        ("/inbox/", _("Inbox"), may(user, Page.INBOX)),
        ("/compliance/inbox/", _("Approvals"), may(user, Page.APPROVALS)),
        ("/wall/", _("Live wall"), may(user, Page.WALL)),
        ("/campaigns/", _("Campaigns"), may(user, Page.CAMPAIGNS)),
        ("/results/", _("Results"), may(user, Page.RESULTS)),
        ("/compliance/", _("Compliance"), may(user, Page.COMPLIANCE)),
        ("/workbench/", _("Dialogues"), may(user, Page.WORKBENCH)),
        (
            "/compliance/why/",
            _("Why?"),
            may(user, Page.WHY) and not may(user, Page.COMPLIANCE),
        ),
        (
            "/compliance/cases/",
            _("Complaint cases"),
            may(user, Page.CASES) and not may(user, Page.COMPLIANCE),
        ),
        (
            "/compliance/findings/",
            _("Findings"),
            may(user, Page.FINDINGS) and not may(user, Page.COMPLIANCE),
        ),
        (
            "/compliance/pressure/",
            _("Pressure"),
            may(user, Page.PRESSURE) and not may(user, Page.COMPLIANCE),
        ),
        (
            "/compliance/switch/",
            _("Kill switch"),
            may(user, Page.SWITCH) and not may(user, Page.COMPLIANCE),
        ),
        ("/messages/", _("Texts"), may(user, Page.MESSAGES)),
        ("/test-calls/", _("Ring my phone"), may(user, Page.TEST_CALLS)),
        ("/admin/", _("Administration"), user.is_staff),
        ("/sandbox/", _("Sandbox"), settings.SANDBOX),
    ]
    shown = [(address, label) for address, label, allowed in wanted if allowed]
    # one may lie below another: the longest address is where we are
    within = [address for address, _label in shown if request.path.startswith(address)]
    current = max(within, key=len, default="")
    return [NavigationItem(address, label, address == current) for address, label in shown]


def page_facts() -> dict[str, Any]:
    """What base.js needs to tell the time: the server's real time, and the sandbox's anchors."""
    found = anchors() if settings.SANDBOX else None
    return {
        "real": real().isoformat(),
        "time_zone": settings.TIME_ZONE,
        "anchors": found
        and {
            "anchor_real": found.real.isoformat(),
            "anchor_sim": found.sim.isoformat(),
            "speed": found.speed,
        },
    }


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Templates call what can be called: a value made at its first use and then kept."""
    return cache(make)
