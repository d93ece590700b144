"""Conformance check 25, its second half: the carrier makes the call and its reply is lost. Our own
dialer then ends with one call an attempt, whichever way it learns of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clock.reading import now, real
from compliance.domain.attempt_state import AttemptState
from compliance.models import Attempt
from dialer import health, reconciling
from dialer.domain.call_state import CallState
from dialer.errands import Errands
from dialer.models import Call
from dialer.placing import place_call
from telephony import client
from tests.dialer.conftest import Carrier
from tests.dialer.world import World


def calls_at(carrier: Carrier) -> list[dict[str, Any]]:
    """Every call the carrier has ever made."""
    found: list[dict[str, Any]] = carrier.control("calls?all=1")["calls"]
    return found


def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def reread(call: Call) -> Call:
    return Call.objects.get(pk=call.pk)


def reconcile(call: Call, *, times: int = 1) -> None:
    """What the leader does, as often as its patience would let it."""
    errands = Errands(threads=0)
    for _ in range(times):
        Call.objects.filter(pk=call.pk).update(reconciled_at=None)
        reconciling.ask_about_unknown(errands, real_now=real())
        errands.collect()


@pytest.fixture
def impatient_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of ten for the carrier's reply."""
    monkeypatch.setattr(client, "TIMEOUT_S", 0.5)


def test_check_25_lost_replies_end_with_one_call_an_attempt_by_asking(
    committed_world: World, carrier: Carrier, impatient_client: None
) -> None:
    # nothing is told of the calls: only the carrier's list knows that they exist
    carrier.control("faults", {"create_reply_lost": 1000, "dropped": 1000})
    calls = committed_world.claim(3)
    numbers = {call.to for call in calls}
    carrier.control("personas/assign", dict.fromkeys(numbers, "no_answer"))
    for call in calls:
        place_call(call.pk)
        assert reread(call).state == CallState.UNKNOWN
        health.carrier_worked()  # the carrier counts as well again, and still:
        place_call(call.pk)  # a second run asks for nothing
    assert len(calls_at(carrier)) == len(calls)
    for call in calls:
        reconcile(call)
    bound = {reread(call).sid for call in calls}
    assert bound == {made["sid"] for made in calls_at(carrier)}
    for call in calls:
        found = reread(call)
        assert found.state != CallState.UNKNOWN and found.attempt_id is not None
        attempt = Attempt.objects.get(pk=found.attempt_id)
        assert attempt.sid == found.sid and attempt.state == AttemptState.BOUND


def test_check_25_lost_replies_end_with_one_call_an_attempt_by_webhook(
    committed_world: World, carrier: Carrier, impatient_client: None
) -> None:
    carrier.control("faults", {"create_reply_lost": 1000})
    (call,) = committed_world.claim(1)
    carrier.control("personas/assign", {call.to: "busy"})
    place_call(call.pk)
    until(lambda: bool(reread(call).sid))  # the first webhook carries the call's own id
    until(lambda: reread(call).state == CallState.BUSY)
    place_call(call.pk)
    reconcile(call)
    assert [made["sid"] for made in calls_at(carrier)] == [reread(call).sid]


def test_check_25_a_create_that_made_nothing_is_given_up_and_never_repeated(
    committed_world: World, carrier: Carrier, impatient_client: None
) -> None:
    carrier.control("faults", {"create_timeout": 1000})
    (call,) = committed_world.claim(1)
    place_call(call.pk)
    assert reread(call).state == CallState.UNKNOWN
    reconcile(call, times=3)
    assert reread(call).state == CallState.UNKNOWN  # it might still come: not before its latest end
    Call.objects.filter(pk=call.pk).update(placed_at=now() - timedelta(hours=2))
    reconcile(call, times=2)
    assert reread(call).state == CallState.LOST
    assert calls_at(carrier) == []
