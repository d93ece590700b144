"""A legal hold stops every erasure: by whichever record or number it was placed, also meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from audiences.models import CustomerNumber
from clock.reading import now
from compliance.holding import place
from dialer import recordings
from dialer.models import Recording
from evidence import erasing
from robot.models import Turn
from tests.evidence.conftest import Evening
from tests.evidence.test_erasing import TODAY, asked, signed
from tests.evidence.test_one_person import merged

pytestmark = pytest.mark.django_db(transaction=True)

#: Of any recording's term.
LATER = timedelta(days=40 * 366)


def hold(evening: Evening, **whom: int) -> None:
    """By the officer; on a customer or a number."""
    both: dict[str, int | None] = {"customer_id": None, "number_id": None, **whom}
    place(
        customer_id=both["customer_id"],
        number_id=both["number_id"],
        reason="court",
        actor_id=evening.cast.officer.pk,
        at=now(),
    )


def recorded(evening: Evening) -> Recording:
    """The evening's call with its sound."""
    return Recording.objects.create(
        sid="RE" + "1" * 32, call=evening.line.call, state="kept", sha256="a" * 64, seconds=5,
        announced_at=now(), kept_at=now(), size=100,
    )  # fmt: skip


def test_a_hold_on_the_record_given_up_stops_the_erasure_of_the_one_kept(evening: Evening) -> None:
    hold(evening, customer_id=evening.cast.wang.pk)
    kept = merged(evening)
    with pytest.raises(erasing.UnderHold):
        erasing.request(customer=kept, channel="app", received_on=TODAY, maker=evening.cast.officer)
    assert Turn.objects.exclude(text="").exists()


def test_a_hold_on_a_number_that_was_theirs_when_they_were_called_stops_it(
    evening: Evening,
) -> None:
    request = asked(evening)
    number = evening.cast.wang.numbers.get()
    CustomerNumber.objects.filter(customer=evening.cast.wang).delete()
    hold(evening, number_id=number.pk)
    with pytest.raises(erasing.UnderHold):
        signed(request, evening.second_officer)
    assert Turn.objects.exclude(text="").exists()


def test_a_recording_is_kept_for_a_hold_on_the_record_that_is_kept(evening: Evening) -> None:
    found = recorded(evening)
    hold(evening, customer_id=merged(evening).pk)
    assert recordings.expire(now() + LATER) == 0
    found.refresh_from_db()
    assert found.state == "kept"


@contextmanager
def in_another_transaction(work: Callable[[], Any]) -> Iterator[None]:
    """Done, but committed only when what follows has had time to look."""
    is_done, may_end = Event(), Event()

    def elsewhere() -> None:
        try:
            with transaction.atomic():
                work()
                is_done.set()
                may_end.wait(0.7)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(elsewhere)
        assert is_done.wait(10)
        yield
        may_end.set()
        other.result()


def test_who_signs_waits_for_a_hold_that_is_being_placed_on_a_number_of_theirs(
    evening: Evening,
) -> None:
    request = asked(evening)
    number = evening.cast.wang.numbers.get()
    CustomerNumber.objects.filter(customer=evening.cast.wang).delete()
    with (
        in_another_transaction(lambda: hold(evening, number_id=number.pk)),
        pytest.raises(erasing.UnderHold),
    ):
        signed(request, evening.second_officer)


def test_deleting_recordings_waits_for_a_hold_that_is_being_placed(evening: Evening) -> None:
    found = recorded(evening)
    with in_another_transaction(lambda: hold(evening, customer_id=evening.cast.wang.pk)):
        assert recordings.expire(now() + LATER) == 0
    found.refresh_from_db()
    assert found.state == "kept"
