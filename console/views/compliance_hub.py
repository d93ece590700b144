"""The compliance officer's starting page: one tile for each screen that this reader may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Page, may, requires
from console.views import calendars, cases, opt_out_files


@dataclass(frozen=True, slots=True)
class Tile:
    """A screen: its address, its name, and what it is for."""

    page: Page
    address: str
    title: str | Promise
    purpose: str | Promise
    #: how much presses there, for this reader
    pressing: Callable[[HttpRequest], int] = lambda request: 0
    #: the administration asks for permissions of its own
    of_admin: str = ""

    def open_to(self, user: User) -> bool:
        """Whether this reader may open it."""
        if self.of_admin:
            return user.is_staff and user.has_module_perms(self.of_admin)
        return may(user, self.page)


#: In the order of the day's work. A new screen adds its line here.
TILES: tuple[Tile, ...] = (
    Tile(
        Page.APPROVALS,
        "/compliance/inbox/",
        _("Approvals"),
        _("What waits for a second person: rule packs, calendars, registers and more."),
    ),
    Tile(
        Page.WHY,
        "/compliance/why/",
        _("Why?"),
        _("One customer: may we call now, what would change it, and every decision so far."),
    ),
    Tile(
        Page.CASES,
        "/compliance/cases/",
        _("Complaint cases"),
        _("Complaints from hotlines, branches and calls: handlers, terms, answers, causes."),
        cases.pressing_count,
    ),
    Tile(
        Page.PRESSURE,
        "/compliance/pressure/",
        _("Pressure"),
        _("How often customers are contacted: by branch and product, caps nearly full, opt-outs."),
    ),
    Tile(
        Page.FINDINGS,
        "/compliance/findings/",
        _("What complaints teach"),
        _("Causes of closed cases, with whom they went to and what was done."),
    ),
    Tile(
        Page.PACKS,
        "/compliance/packs/",
        _("Rule packs"),
        _("The rules in force as sentences; drafts, rehearsals, signatures."),
    ),
    Tile(
        Page.SUPPRESSIONS,
        "/compliance/suppressions/",
        _("Do not call"),
        _("Who said no, when and how; ending a refusal takes two people."),
        opt_out_files.waiting_count,
    ),
    Tile(
        Page.REGISTERS,
        "/compliance/registers/",
        _("Registers"),
        _("No-call lists that others keep, and numbers that changed hands."),
    ),
    Tile(
        Page.CALENDARS,
        "/compliance/calendars/",
        _("Calendars"),
        _("Holidays and adjusted workdays of each year; bringing in a notice."),
        calendars.missing_count,
    ),
    Tile(
        Page.WHAT_IF,
        "/compliance/what-if/",
        _("What-if"),
        _("A version of the rules against a list: who would be called, and when."),
    ),
    Tile(
        Page.SWITCH,
        "/compliance/switch/",
        _("Kill switch"),
        _("Stop calling at once: everything, the robot, or one campaign."),
    ),
    Tile(
        Page.CERTIFICATES,
        "/compliance/evidence/campaigns/",
        _("Campaign certificates"),
        _("One campaign as a regulator asks for it: product, people, time, channel, every call."),
    ),
    Tile(
        Page.EVIDENCE,
        "/compliance/evidence/",
        _("Evidence"),
        _("Dossiers, contact histories and registers to hand out, with their proof."),
    ),
    Tile(
        Page.ERASURES,
        "/compliance/evidence/erasures/",
        _("Erasure requests"),
        _("Who wants to be forgotten: two people sign, and the record stays provable."),
    ),
    Tile(
        Page.COMPLIANCE,
        "/admin/compliance/",
        _("Records"),
        _("Every entry as it was written: decisions, contacts, consents, do-not-call entries."),
        of_admin="compliance",
    ),
)


@require_GET
@requires(Page.COMPLIANCE)
def hub(request: HttpRequest) -> HttpResponse:
    """The tiles this reader may open."""
    user = request.user
    assert isinstance(user, User)
    tiles = [(tile, tile.pressing(request)) for tile in TILES if tile.open_to(user)]
    return render(request, "compliance/hub.html", {"tiles": tiles})
