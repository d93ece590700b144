"""Conversations in the database: stored once, whatever the network repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from robot import conversing
from robot.domain.steps import End, Listen, Say, Step, Transfer
from robot.models import Conversation, ScriptVersion, Turn
from robot.publishing import install_shipped_scripts

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
VARIABLES = {"bank": "江南城市银行", "name": "张伟", "apr": "6.8"}


@pytest.fixture
def version(db: None) -> ScriptVersion:
    return next(
        version
        for version in install_shipped_scripts()
        if version.script.code == "cc-instalment-prescreen"
    )


@pytest.fixture
def call(version: ScriptVersion) -> UUID:
    call_ref = uuid4()
    conversing.begin(call_ref=call_ref, version=version, variables=VARIABLES, at=AT)
    return call_ref


def say(call: UUID, turn: int, text: str, **more: object) -> Step:
    return conversing.hear(
        call_ref=call,
        turn=turn,
        text=text,
        at=AT + timedelta(seconds=8 * turn),
        **more,  # type: ignore[arg-type]
    )


def talk(call: UUID, *lines: str) -> Step:
    step = None
    for turn, line in enumerate(lines, start=1):
        step = say(call, turn, line)
    assert step is not None
    return step


def test_the_shipped_scripts_install_once() -> None:
    first = install_shipped_scripts()
    again = install_shipped_scripts()
    assert [version.pk for version in first] == [version.pk for version in again]
    assert all(version.state == "published" for version in again)


def test_the_opening_discloses_and_listens(version: ScriptVersion) -> None:
    step = conversing.begin(call_ref=uuid4(), version=version, variables=VARIABLES, at=AT)
    assert isinstance(step.replies[0], Say)
    assert "江南城市银行的智能语音助手" in step.spoken
    assert isinstance(step.replies[-1], Listen)


def test_beginning_twice_begins_once(version: ScriptVersion, call: UUID) -> None:
    again = conversing.begin(call_ref=call, version=version, variables={"bank": "另一家"}, at=AT)
    assert "江南城市银行" in again.spoken
    assert Turn.objects.count() == 1


def test_a_repeated_turn_returns_the_stored_step(call: UUID) -> None:
    first = say(call, 1, "方便")
    repeated = say(call, 1, "别再打了")
    assert repeated == first
    assert Turn.objects.filter(phase="talk", index=1).count() == 1
    assert conversing.state_of(call).turn == 1


def test_an_interested_customer_is_transferred_and_connected(call: UUID) -> None:
    step = talk(call, "方便", "我是", "可以啊", "十万左右")
    assert step.asks_consent
    assert step.interest
    step = say(call, 5, "行")
    assert isinstance(step.replies[-1], Transfer)
    assert step.state.consented
    step = conversing.transfer_result(call_ref=call, result="connected", at=AT)
    assert step.replies == (End(outcome="TRANSFERRED", grade="A"),)
    assert conversing.transfer_result(call_ref=call, result="connected", at=AT) == step
    row = Conversation.objects.get(call_ref=call)
    assert (row.outcome, row.grade, row.interest, row.consented) == ("TRANSFERRED", "A", True, True)


def test_a_waiting_customer_is_still_heard(call: UUID) -> None:
    talk(call, "方便", "我是", "可以啊", "十万左右", "行")
    hold = say(call, 1, "", parked=True)
    assert "还在为您接通" in hold.spoken
    assert hold.state.parked
    step = say(call, 2, "算了，以后别再打了", parked=True)
    assert step.state.outcome == "OPT_OUT"
    assert [effect.name for effect in step.effects] == ["dnc.add"]
    assert step.effects[0].evidence.text == "算了，以后别再打了"
    late = conversing.transfer_result(call_ref=call, result="connected", at=AT)
    assert late.replies == ()


def test_without_a_person_the_consent_question_is_skipped(call: UUID) -> None:
    asked = []

    def nobody() -> bool:
        asked.append(True)
        return False

    for turn, line in enumerate(("方便", "我是", "可以啊"), start=1):
        say(call, turn, line, can_transfer=nobody)
    assert asked == []
    step = say(call, 4, "十万左右", can_transfer=nobody)
    assert asked == [True]
    assert not step.asks_consent
    assert step.interest
    assert "预约回电" in step.spoken


def test_the_transcript_is_in_order(call: UUID) -> None:
    talk(call, "方便", "我是")
    lines = conversing.transcript(call)
    assert [line.who for line in lines] == ["robot", "customer", "robot", "customer", "robot"]
    assert lines[1].intent == "affirm"


def test_turns_lie_in_the_partition_of_their_month(call: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM robot_turn")
        names = {row[0] for row in cursor.fetchall()}
    assert names and "robot_turn_default" not in names


def test_a_hang_up_ends_the_conversation_once(call: UUID) -> None:
    conversing.close(call_ref=call, at=AT)
    conversing.close(call_ref=call, at=AT + timedelta(hours=1), outcome="OTHER")
    row = Conversation.objects.get(call_ref=call)
    assert (row.outcome, row.ended_at) == ("HUNG_UP", AT)


def test_an_unknown_call_is_named_so() -> None:
    with pytest.raises(conversing.NoConversation):
        say(uuid4(), 1, "喂")
    assert conversing.transcript(uuid4()) == []
