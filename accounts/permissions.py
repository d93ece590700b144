"""Who may see and do what: the only place that knows.

A page is a screen or an action a person meets; `PAGES` says which roles may open it. Objects are
bounded by branch: `branches_of` gives what a user may see, and a view that fetches through it
answers 404 for anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts.domain.roles import Role
from accounts.models import Branch, User


class Page(StrEnum):
    """Every screen outside the admin."""

    HOME = "home"
    INBOX = "inbox"
    DESK = "desk"
    WALL = "wall"
    STEERING = "steering"  # pausing and resuming a campaign
    RESULTS = "results"
    CAMPAIGNS = "campaigns"
    WORKBENCH = "workbench"  # dialogues: read, try out, compare
    WRITING = "writing"  # changing them
    MESSAGES = "messages"  # texts that did not reach whoever asked for them
    COMPLIANCE = "compliance"  # the way to the compliance screens, each with its own page
    APPROVALS = "approvals"  # the common inbox of head office
    WHY = "why"  # one customer: may we call, and what lies behind
    DECISIONS = "decisions"  # a stored decision with all of its facts
    CASES = "cases"  # complaints: seeing, opening, answering what one was given
    CASE_STEERING = "case_steering"  # handing on, extending, closing, holding
    PRESSURE = "pressure"  # how often customers are contacted
    FINDINGS = "findings"  # what complaints teach about one's product, script or team
    PACKS = "packs"  # reading rule packs
    PACK_EDITING = "pack_editing"  # drafting, signing and ending them
    TEST_CALLS = "test_calls"  # ring my phone
    TEST_CODES = "test_codes"  # the code that confirms a colleague's number
    SUPPRESSIONS = "suppressions"  # who said no; asking that a refusal ends, and signing it
    REGISTERS = "registers"  # no-call lists that others keep, numbers that changed hands
    SWITCH = "switch"  # the kill switch: seeing and throwing it
    SWITCH_RELEASE = "switch_release"  # letting calls through again
    CALENDARS = "calendars"  # reading the years' days
    CALENDAR_EDITING = "calendar_editing"  # importing and signing a year
    WHAT_IF = "what_if"  # a version of a pack against a list

    EVIDENCE = "evidence"  # dossiers, histories and registers to hand out
    CERTIFICATES = "certificates"  # what a campaign did, whole, as it is handed to a regulator
    ERASURES = "erasures"  # requests to be forgotten


_OFFICE = {Role.MARKETING, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATIONS, Role.REVIEWER}

PAGES: dict[Page, frozenset[Role]] = {
    Page.HOME: frozenset(Role),
    Page.INBOX: frozenset({Role.BRANCH_MANAGER}),
    Page.DESK: frozenset({Role.AGENT}),
    Page.WALL: frozenset({Role.SUPERVISOR, Role.OPERATIONS, Role.MARKETING, Role.COMPLIANCE}),
    Page.STEERING: frozenset({Role.SUPERVISOR, Role.MARKETING, Role.COMPLIANCE}),
    Page.RESULTS: frozenset(_OFFICE | {Role.BRANCH_MANAGER}),
    Page.CAMPAIGNS: frozenset({Role.MARKETING}),
    Page.WORKBENCH: frozenset({Role.SCRIPT_WRITER, Role.REVIEWER, Role.MARKETING, Role.COMPLIANCE}),
    Page.WRITING: frozenset({Role.SCRIPT_WRITER}),
    Page.MESSAGES: frozenset({Role.OPERATIONS, Role.SUPERVISOR, Role.COMPLIANCE}),
    Page.COMPLIANCE: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.OPERATIONS}),
    Page.WHY: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.BRANCH_MANAGER, Role.MARKETING}),
    Page.DECISIONS: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.BRANCH_MANAGER}),
    Page.CASES: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.BRANCH_MANAGER}),
    Page.CASE_STEERING: frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    Page.PRESSURE: frozenset(
        {
            Role.COMPLIANCE,
            Role.REVIEWER,
            Role.MARKETING,
            Role.SUPERVISOR,
            Role.BRANCH_MANAGER,
        }
    ),
    Page.FINDINGS: frozenset(
        {Role.COMPLIANCE, Role.REVIEWER, Role.MARKETING, Role.SCRIPT_WRITER, Role.SUPERVISOR}
    ),
    Page.PACKS: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.OPERATIONS}),
    Page.PACK_EDITING: frozenset({Role.COMPLIANCE}),
    Page.TEST_CALLS: frozenset(
        {Role.SCRIPT_WRITER, Role.MARKETING, Role.REVIEWER, Role.COMPLIANCE, Role.OPERATIONS}
    ),
    Page.TEST_CODES: frozenset({Role.COMPLIANCE, Role.OPERATIONS}),
    Page.REGISTERS: frozenset({Role.COMPLIANCE}),
    Page.SWITCH: frozenset({Role.COMPLIANCE, Role.SUPERVISOR, Role.OPERATIONS}),
    Page.SWITCH_RELEASE: frozenset({Role.COMPLIANCE}),
    Page.CALENDARS: frozenset({Role.COMPLIANCE, Role.REVIEWER, Role.OPERATIONS}),
    Page.CALENDAR_EDITING: frozenset({Role.COMPLIANCE}),
    Page.WHAT_IF: frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    Page.SUPPRESSIONS: frozenset({Role.COMPLIANCE}),
    Page.EVIDENCE: frozenset({Role.COMPLIANCE}),
    # of all branches together: a branch manager reads their part among the results
    Page.CERTIFICATES: frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    Page.ERASURES: frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    Page.APPROVALS: frozenset(
        {
            Role.COMPLIANCE,
            Role.REVIEWER,
            Role.OPERATIONS,
            Role.SUPERVISOR,
            Role.SCRIPT_WRITER,
        }
    ),
}

#: Whose signature counts on what waits for one, by the kind of its subject ("kind:id"). Nobody may
#: sign a kind that is not named here. That maker and checker differ is `approvals`' business.
SIGNERS: dict[str, frozenset[Role]] = {
    "target_list": frozenset({Role.BRANCH_MANAGER}),
    "script_version": frozenset({Role.REVIEWER}),
    "intent_model": frozenset({Role.REVIEWER}),
    "pack_version": frozenset({Role.COMPLIANCE}),
    "pack_end": frozenset({Role.COMPLIANCE}),
    "calendar_year": frozenset({Role.COMPLIANCE}),
    "register_import": frozenset({Role.COMPLIANCE}),
    "unsuppression": frozenset({Role.COMPLIANCE}),
    "suspected_opt_out": frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    "erasure": frozenset({Role.COMPLIANCE, Role.REVIEWER}),
    "staff_number": frozenset({Role.COMPLIANCE, Role.OPERATIONS}),
}

#: Roles that see the customers of every branch; the others see their own branch and below.
SEES_ALL_BRANCHES: frozenset[Role] = frozenset(_OFFICE)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def roles_of(user: User | AnonymousUser) -> frozenset[Role]:
    """The roles a user holds; one query, kept on the user object."""
    if not isinstance(user, User):
        return frozenset()
    kept: frozenset[Role] | None = getattr(user, "_sanshi_roles", None)
    if kept is None:
        known = {role.value for role in Role}
        names = user.groups.values_list("name", flat=True)
        kept = frozenset(Role(name) for name in names if name in known)
        user._sanshi_roles = kept  # type: ignore[attr-defined]
    return kept


def may(user: User | AnonymousUser, page: Page) -> bool:
    """Whether this user may open the page. A superuser may all, a stranger nothing."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or bool(PAGES[page] & roles_of(user))


def may_sign(user: User | AnonymousUser, kind: str) -> bool:
    """Whether this user's signature counts on a subject of this kind."""
    if not isinstance(user, User) or not user.is_active or kind not in SIGNERS:
        return False
    return user.is_superuser or bool(SIGNERS[kind] & roles_of(user))


def kinds_signed_by(user: User | AnonymousUser) -> list[str]:
    """The kinds of subject this user may sign."""
    return [kind for kind in SIGNERS if may_sign(user, kind)]


def requires(page: Page) -> Callable[[View[P]], View[P]]:
    """A view only for those who may open `page`: a stranger signs in, others get 403."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Any:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not may(request.user, page):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def branches_of(user: User | AnonymousUser) -> QuerySet[Branch]:
    """The branches whose customers a user may see: all for head office, else their own.

    Nobody without a branch or a head-office role sees any.
    """
    if not isinstance(user, User):
        return Branch.objects.none()
    if user.is_superuser or roles_of(user) & SEES_ALL_BRANCHES:
        return Branch.objects.all()
    if user.branch_id is None:
        return Branch.objects.none()
    return Branch.objects.filter(pk=user.branch_id)
