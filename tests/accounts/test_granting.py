from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from accounts.domain.roles import Role
from accounts.granting import GRANTS, grant_admin_permissions
from accounts.models import User
from tests.cast import Cast


def test_every_role_has_its_row_and_every_model_exists() -> None:
    assert set(GRANTS) == set(Role)
    for models in GRANTS.values():
        for label in models:
            assert apps.get_model(label)


@pytest.mark.django_db
def test_granting_twice_changes_nothing() -> None:
    first = grant_admin_permissions()
    call_command("grantroles", verbosity=0)
    assert grant_admin_permissions() == first
    assert first[Role.AGENT] == 0
    assert Group.objects.get(name=Role.MARKETING.value).permissions.count() == first[Role.MARKETING]


def test_a_permission_given_by_hand_to_a_role_is_taken_back(cast: Cast) -> None:
    grant_admin_permissions()
    writers = Group.objects.get(name=Role.SCRIPT_WRITER.value)
    compliance = Group.objects.get(name=Role.COMPLIANCE.value)
    writers.permissions.add(*compliance.permissions.all())
    grant_admin_permissions()
    assert not User.objects.get(pk=cast.writer.pk).has_perm("compliance.change_packversion")


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("operator", "/admin/accounts/user/", 200),
        ("operator", "/admin/audiences/customer/", 403),
        ("marketer", "/admin/audiences/customer/", 200),
        ("marketer", "/admin/accounts/user/", 403),
        ("officer", "/admin/audit/seal/", 200),
        ("reviewer", "/admin/approvals/approval/", 200),
        ("outsider", "/admin/", 302),  # not staff: back to signing in
        ("outsider", "/admin/audiences/customer/", 302),
    ],
)
def test_the_admin_opens_for_those_who_work_there(
    cast: Cast, client: Client, name: str, path: str, status: int
) -> None:
    grant_admin_permissions()
    client.force_login(getattr(cast, name))
    assert client.get(path).status_code == status


def test_operations_cannot_make_a_superuser(cast: Cast, client: Client) -> None:
    grant_admin_permissions()
    client.force_login(cast.operator)
    page = client.get(f"/admin/accounts/user/{cast.outsider.pk}/change/")
    assert page.status_code == 200
    assert b"is_superuser" not in page.content
    root = User.objects.create(username="root", is_superuser=True, is_staff=True)
    assert b'name="_save"' not in client.get(f"/admin/accounts/user/{root.pk}/change/").content
