from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.domain.roles import Role
from accounts.models import User
from accounts.permissions import PAGES, Page, branches_of, may, requires, roles_of
from tests.cast import Cast


def test_every_page_says_who_may_open_it() -> None:
    assert set(PAGES) == set(Page)


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        (
            "manager_xihu",
            {
                Page.HOME,
                Page.INBOX,
                Page.RESULTS,
                Page.WHY,
                Page.DECISIONS,
                Page.CASES,
                Page.PRESSURE,
            },
        ),
        ("agent_lin", {Page.HOME, Page.DESK}),
        (
            "supervisor",
            {
                Page.HOME,
                Page.WALL,
                Page.STEERING,
                Page.RESULTS,
                Page.APPROVALS,
                Page.FINDINGS,
                Page.PRESSURE,
                Page.SWITCH,
                Page.MESSAGES,
            },
        ),
        ("outsider", set()),
    ],
)
def test_a_role_opens_its_pages(cast: Cast, name: str, opens: set[Page]) -> None:
    user: User = getattr(cast, name)
    assert {page for page in Page if may(user, page)} == opens


def test_nobody_who_left_opens_anything(cast: Cast) -> None:
    cast.supervisor.is_active = False
    assert not any(may(cast.supervisor, page) for page in Page)
    assert not any(may(AnonymousUser(), page) for page in Page)
    assert roles_of(AnonymousUser()) == frozenset()


def test_a_superuser_opens_everything(cast: Cast) -> None:
    root = User.objects.create(username="root", is_superuser=True)
    assert all(may(root, page) for page in Page)
    assert branches_of(root).count() == 2


def test_a_branch_manager_sees_their_branch_and_nothing_else(cast: Cast) -> None:
    assert list(branches_of(cast.manager_xihu)) == [cast.xihu]
    assert branches_of(cast.marketer).count() == 2
    for nobody in (cast.outsider, cast.agent_lin, AnonymousUser()):
        assert not branches_of(nobody).exists()


def test_a_view_sends_strangers_to_sign_in_and_others_away(cast: Cast, rf: RequestFactory) -> None:
    @requires(Page.DESK)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    request = rf.get("/desk/?x=1")
    request.user = AnonymousUser()
    assert view(request)["Location"] == "/sign-in/?next=/desk/%3Fx%3D1"
    request.user = cast.agent_lin
    assert view(request).status_code == 200
    request.user = cast.marketer
    with pytest.raises(PermissionDenied):
        view(request)


def test_the_roles_are_groups_from_the_first_migration(cast: Cast) -> None:
    assert roles_of(cast.officer) == {Role.COMPLIANCE}
