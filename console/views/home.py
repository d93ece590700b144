"""The first page after signing in: each role's own."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import roles_of

#: Where somebody's day begins; the first of their roles in this order decides.
FIRST_PAGES: tuple[tuple[Role, str], ...] = (
    (Role.AGENT, "/desk/"),
    (Role.BRANCH_MANAGER, "/inbox/"),
    (Role.SUPERVISOR, "/wall/"),
    (Role.MARKETING, "/campaigns/"),
    (Role.SCRIPT_WRITER, "/workbench/"),
    (Role.COMPLIANCE, "/compliance/"),
    (Role.REVIEWER, "/compliance/"),
)


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Leads on to the role's first page, the others to the admin; else says what is missing."""
    assert isinstance(request.user, User)
    address = first_page(request.user)
    return redirect(address) if address else render(request, "home.html")


def first_page(user: User) -> str:
    """The address somebody's day begins at; "" when no screen is theirs."""
    roles = roles_of(user)
    for role, address in FIRST_PAGES:
        if role in roles:
            return address
    return "/admin/" if user.is_staff else ""
