from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from clock.models import SandboxClock
from clock.reading import anchors, now, real, speed
from clock.setting import NotASandbox, set_sandbox_clock

SUNDAY_NIGHT = datetime(2026, 3, 8, 3, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sandbox(settings: Any) -> None:
    settings.SANDBOX = True


def test_without_a_sandbox_clock_time_is_real() -> None:
    assert anchors() is None
    assert speed() == 1.0
    first, second, third = real(), now(), real()
    assert first <= second <= third
    assert second.tzinfo is not None


def test_the_clock_can_be_set_and_sped_up() -> None:
    set_sandbox_clock(sim=SUNDAY_NIGHT, speed=600.0)
    first = now()
    before = real()
    while real() - before < timedelta(milliseconds=20):
        pass
    assert now() - first >= timedelta(seconds=12)
    assert first >= SUNDAY_NIGHT
    assert speed() == 600.0


def test_the_three_numbers_give_the_time() -> None:
    set_sandbox_clock(sim=SUNDAY_NIGHT, speed=60.0)
    three = anchors()
    assert three is not None
    before, moment, after = real(), now(), real()
    assert three.sim + 60 * (before - three.real) <= moment <= three.sim + 60 * (after - three.real)


def test_changing_the_speed_does_not_jump() -> None:
    set_sandbox_clock(sim=SUNDAY_NIGHT, speed=60.0)
    before = now()
    set_sandbox_clock(speed=1.0)
    after = now()
    assert before <= after < before + timedelta(minutes=10)
    assert speed() == 1.0


def test_the_database_says_the_same_in_sql() -> None:
    set_sandbox_clock(sim=SUNDAY_NIGHT, speed=1.0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sanshi_now(), clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    sim, machine = row
    assert abs(sim - now()) < timedelta(seconds=5)
    assert abs(machine - real()) < timedelta(seconds=5)


def test_production_has_no_clock_to_set(settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(NotASandbox):
        set_sandbox_clock(sim=SUNDAY_NIGHT, speed=2.0)
    assert not SandboxClock.objects.exists()


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_time_runs_forward(wrong: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        set_sandbox_clock(speed=wrong)


def test_there_is_one_clock() -> None:
    set_sandbox_clock(sim=SUNDAY_NIGHT, speed=1.0)
    with pytest.raises(IntegrityError), transaction.atomic():
        SandboxClock.objects.create(id=2, anchor_real=real(), anchor_sim=real(), speed=1.0)
    assert SandboxClock.objects.count() == 1


def test_partitions_are_made_once_a_month() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")  # partitions are the owner's to make
        cursor.execute("CREATE TABLE thing (id bigint, at timestamptz) PARTITION BY RANGE (at)")
        for made in (3, 0):
            cursor.execute("SELECT sanshi_make_partitions('thing', '2031-11-15', '2032-02-01')")
            assert cursor.fetchone() == (made,)
        cursor.execute("INSERT INTO thing VALUES (1, '2031-12-31 23:59+00')")
        cursor.execute("SELECT count(*) FROM thing_203112")
        assert cursor.fetchone() == (1,)
