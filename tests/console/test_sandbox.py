"""The sandbox page: anybody's role, the clock, the carrier; and none of it in production."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from clock.models import SandboxClock
from console.carrier_calls import masked
from tests.cast import Cast
from tests.console.control_plane import ControlPlane


@pytest.fixture
def plane(settings: Settings) -> Iterator[ControlPlane]:
    settings.SANDBOX = True
    with ControlPlane() as running:
        settings.TWILIO_API_BASE = running.base
        yield running


@pytest.mark.parametrize(
    "address",
    [
        "/sandbox/",
        "/sandbox/sign-in/",
        "/sandbox/speed/",
        "/sandbox/carrier/",
        "/sandbox/clock/",
        "/sandbox/people/",
    ],
)
def test_production_has_no_sandbox(
    cast: Cast, client: Client, settings: Settings, address: str
) -> None:
    settings.SANDBOX = False
    assert client.get(address).status_code == 404
    assert client.post(address, {"user": "supervisor", "speed": "10"}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_visitor_becomes_anybody_with_one_click(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.SANDBOX = True
    page = client.get("/sandbox/").content.decode()
    assert all(f'value="{name}"' in page for name in ("supervisor", "manager_xihu", "agent_lin"))
    answer = client.post("/sandbox/sign-in/", {"user": "supervisor"})
    assert answer.headers["Location"] == "/wall/"
    assert client.get("/wall/").status_code == 200
    assert client.post("/sandbox/sign-in/", {"user": "nobody"}).status_code == 404


def test_becoming_somebody_needs_the_csrf_token(cast: Cast, settings: Settings) -> None:
    settings.SANDBOX = True
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post("/sandbox/sign-in/", {"user": "supervisor"}).status_code == 403
    assert "_auth_user_id" not in stranger.session


@pytest.mark.django_db
def test_the_speed_changes_here_and_at_the_carrier(client: Client, plane: ControlPlane) -> None:
    answer = client.post("/sandbox/speed/", {"speed": "60"})
    assert answer.headers["Location"] == "/sandbox/"
    clock = SandboxClock.objects.get()
    assert (clock.speed, plane.clock["speed"]) == (60, 60)
    assert plane.clock["anchor_sim"] == clock.anchor_sim.isoformat()
    assert client.get("/sandbox/clock/").json()["anchors"]["speed"] == 60
    assert client.post("/sandbox/speed/", {"speed": "1000"}).status_code == 404


@pytest.mark.django_db
def test_a_silent_carrier_keeps_both_clocks(client: Client, settings: Settings) -> None:
    settings.SANDBOX = True
    settings.TWILIO_API_BASE = "http://127.0.0.1:1"
    client.post("/sandbox/speed/", {"speed": "60"})
    assert not SandboxClock.objects.exists()
    assert client.get("/sandbox/carrier/").status_code == 503


@pytest.mark.django_db
def test_calls_are_shown_with_masked_numbers(client: Client, plane: ControlPlane) -> None:
    shown = client.get("/sandbox/carrier/").json()
    assert shown["live"] == 1
    assert shown["calls"][0]["to"] == "+86139****0001"
    assert shown["faults"] == {"dropped": 0}


@pytest.mark.django_db
def test_faults_are_switched_per_mille(client: Client, plane: ControlPlane) -> None:
    assert client.post("/sandbox/faults/", {"dropped": "25"}).json()["faults"] == {"dropped": 25}
    for wrong in ("-1", "1001", "many", "٣"):
        assert client.post("/sandbox/faults/", {"dropped": wrong}).status_code == 400
    assert plane.faults == {"dropped": 25}


def test_customers_are_made_to_behave(cast: Cast, client: Client, plane: ControlPlane) -> None:
    def behave(customer: str, persona: str) -> int:
        form = {"customer": customer, "persona": persona}
        return client.post("/sandbox/people/", form).status_code

    assert behave("", "interested") == behave(cast.wang.bank_id, "busy") == 200
    assert plane.assigned["*"] == "interested"
    shown = client.get("/sandbox/carrier/").json()["people"]
    assert shown["everybody"] == "interested" and shown["personas"] == ["interested", "busy"]
    assert shown["chosen"][0]["persona"] == "busy" and "****" in shown["chosen"][0]["to"]
    assert shown["chosen"][0]["customer"]
    assert behave(" +8613905710001 ", "") == behave("", "") == 200
    assert plane.assigned == {}
    assert behave("nobody", "busy") == behave("", "a stranger") == 400


@pytest.mark.parametrize(
    ("party", "shown"),
    [("+8613905710001", "+86139****0001"), ("client:agent01", "client:agent01"), ("", "")],
)
def test_a_number_is_masked_and_a_desk_is_not(party: str, shown: str) -> None:
    assert masked(party) == shown
