"""No path on which an exception, or an odd answer of the gate, asks the carrier for a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from compliance import gate
from compliance.gate import GateResult
from dialer.domain.call_state import CallState
from dialer.models import Call
from dialer.placing import place_call
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.world import World


@contextmanager
def rolled_back() -> Iterator[None]:
    """To a savepoint of the test's own transaction (inside another the gate would refuse)."""
    savepoint = transaction.savepoint()
    yield
    transaction.savepoint_rollback(savepoint)


@contextmanager
def failing_at(number: int, error: Exception | None) -> Iterator[list[str]]:
    """The so-many-th statement fails; gives the statements so far."""
    sent: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith("PREPARE"):  # once a connection
            sent.append(sql)
        if error is not None and len(sent) == number:
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield sent


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), DatabaseError("gone")], ids=str)
def test_a_failure_at_any_statement_before_the_carrier_is_asked_places_no_call(
    world: World, stub: StubCarrier, error: Exception
) -> None:
    call = world.claim_only(world.cast.wang)
    before: list[int] = []
    with rolled_back(), failing_at(0, None) as sent:
        stub.on_create = lambda _form: before.append(len(sent))
        place_call(call.pk)
    stub.created.clear()
    stub.on_create = lambda _form: None
    (statements,) = before
    assert statements > 10
    for number in range(1, statements + 1):
        with rolled_back():
            with suppress(ZeroDivisionError, DatabaseError), failing_at(number, error):
                place_call(call.pk)
            assert stub.created == [], f"statement {number}"
    place_call(call.pk)
    assert len(stub.created) == 1


@pytest.mark.parametrize("answer", [None, True, "allow", 1, {"decision": "allow"}], ids=str)
def test_what_is_no_result_of_the_gate_places_no_call(
    world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    call = world.claim_only(world.cast.wang)
    monkeypatch.setattr(gate, "reserve", lambda _intent_of: answer)
    with suppress(AttributeError):
        place_call(call.pk)
    assert stub.created == []
    assert Call.objects.get(pk=call.pk).state == CallState.PLANNED


def test_a_gate_that_raises_places_no_call(
    world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never does; and if it did, the call stays planned, for the sweeper to bring again."""

    def fail(_intent_of: object) -> GateResult:
        raise RuntimeError

    call = world.claim_only(world.cast.wang)
    monkeypatch.setattr(gate, "reserve", fail)
    with pytest.raises(RuntimeError):
        place_call(call.pk)
    assert stub.created == []
    assert Call.objects.get(pk=call.pk).state == CallState.PLANNED


def test_a_permission_for_a_call_that_was_taken_over_places_no_call(
    world: World, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = world.claim_only(world.cast.wang)
    reserve = gate.reserve

    def slowly(intent_of: Any) -> GateResult:
        result = reserve(intent_of)
        Call.objects.filter(pk=call.pk).update(state=CallState.NOT_PLACED.value)
        return replace(result)

    monkeypatch.setattr(gate, "reserve", slowly)
    place_call(call.pk)
    assert stub.created == []
