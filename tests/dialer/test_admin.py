"""dialer.admin: what happened, masked, and never edited."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.granting import grant_admin_permissions
from clock.reading import now
from dialer.calls import change
from dialer.domain.call_state import CallState
from tests.dialer.world import World


@pytest.fixture
def supervisor(world: World, client: Client) -> Client:
    grant_admin_permissions()
    client.force_login(world.cast.supervisor)
    return client


def test_calls_are_listed_with_masked_numbers(world: World, supervisor: Client) -> None:
    (call,) = world.claim(1)
    change(call, CallState.REFUSED, cause="gate:TEST", at=now())
    page = supervisor.get("/admin/dialer/call/").content.decode()
    assert "gate:TEST" in page
    assert call.to not in page
    detail = supervisor.get(f"/admin/dialer/call/{call.pk}/change/").content.decode()
    assert "planned → refused" in detail
    assert call.to not in detail


@pytest.mark.parametrize("model", ["transfer", "callback"])
def test_hand_overs_and_callbacks_have_lists(supervisor: Client, model: str) -> None:
    assert supervisor.get(f"/admin/dialer/{model}/").status_code == 200


@pytest.mark.parametrize("model", ["call", "transfer", "callback"])
def test_nothing_is_added_by_hand(supervisor: Client, model: str) -> None:
    assert supervisor.get(f"/admin/dialer/{model}/add/").status_code == 403


def test_a_branch_manager_sees_only_calls_to_the_branchs_customers(
    world: World, client: Client
) -> None:
    grant_admin_permissions()
    calls = {call.customer_id: call for call in world.claim(5)}
    wang, zhao = calls[world.cast.wang.pk], calls[world.cast.zhao.pk]
    client.force_login(world.cast.manager_xihu)
    if client.get("/admin/dialer/call/").status_code == 403:
        return  # managers are given no calls at all
    assert client.get(f"/admin/dialer/call/{wang.pk}/change/").status_code == 200
    assert client.get(f"/admin/dialer/call/{zhao.pk}/change/").status_code != 200
