"""What production must not start with (config/checks.py)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from clock.models import SandboxClock
from config.checks import check_production_is_safe
from config.env import database_from_url, env_bool

pytestmark = pytest.mark.django_db


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.SANDBOX = False
    settings.DEBUG = False
    settings.SECRET_KEY = "a long secret of its own"
    settings.TWILIO_AUTH_TOKEN = "a real token"
    return settings


def ids() -> set[str | None]:
    return {found.id for found in check_production_is_safe(None)}


def test_safe_settings_pass(production: Settings) -> None:
    assert ids() == set()


def test_the_development_key_is_refused(production: Settings) -> None:
    production.SECRET_KEY = production.UNSAFE_SECRET_KEY
    assert ids() == {"sanshi.E001"}


def test_the_sandboxs_token_is_refused(production: Settings) -> None:
    production.TWILIO_AUTH_TOKEN = "sandbox-auth-token"
    assert ids() == {"sanshi.E002"}


def test_debug_pages_are_refused(production: Settings) -> None:
    production.DEBUG = True
    assert ids() == {"sanshi.E003"}


def test_a_database_with_a_sandbox_clock_is_refused(production: Settings) -> None:
    noon = datetime(2026, 3, 10, 4, tzinfo=UTC)
    SandboxClock.objects.create(anchor_real=noon, anchor_sim=noon, speed=60)
    assert ids() == {"sanshi.E004"}


def test_the_sandbox_may_have_all_of_it(settings: Settings) -> None:
    settings.SANDBOX = True
    settings.DEBUG = True
    assert ids() == set()


def test_a_switch_that_is_neither_on_nor_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX", "flase")
    with pytest.raises(ValueError, match="SANDBOX"):
        env_bool("SANDBOX")


def test_a_socket_folder_in_the_address_wins() -> None:
    found = database_from_url("postgresql://postgres@/sanshi?host=%2Ftmp%2Frun")
    assert (found["NAME"], found["HOST"], found["USER"]) == ("sanshi", "/tmp/run", "postgres")
