"""People who ring back, people who do as they are told, and the seed they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from carrier.backends.simulated.personas import load
from tests.carrier.support import FROM, PEOPLE, Bench, bench

ASK = (
    '<Response><Gather input="speech dtmf" action="/twiml" actionOnEmptyResult="true" '
    'timeout="3" speechTimeout="1"><Say>您好，方便吗</Say></Gather></Response>'
)


def control(b: Bench, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{b.carrier.url}/_carrier/{path}", timeout=10, **more)


def test_who_missed_a_call_rings_back_to_the_number_that_rang() -> None:
    with bench(speed=500, personas=PEOPLE, ring_backs=True, incoming="/in") as b:
        to = b.person("rings_back")
        missed = b.create(to, timeout=10)
        assert b.ended(missed.sid).status == "no-answer"
        back = b.until(lambda: b.hooks.at("/in"))[0].params
        assert (back["From"], back["To"], back["Direction"]) == (to, FROM, "inbound")
        assert back["CallStatus"] == "ringing"
        end = b.until(lambda: b.hooks.at("/in/status"))[0]
        assert end.valid and end.params["CallStatus"] == "completed"
        assert b.ended(back["CallSid"]).direction == "inbound"
        waited = (
            b.carrier.exchange.calls[back["CallSid"]].created
            - b.client.calls(missed.sid).fetch().end_time
        )
        assert 55 <= waited.total_seconds() <= 120


def test_nobody_rings_back_unless_the_carrier_lets_them() -> None:
    with bench(speed=2000, personas=PEOPLE, incoming="/in") as b:
        b.ended(b.create(b.person("rings_back"), timeout=5).sid)
        assert b.carrier.backend.ring_backs is None
    with bench(speed=1, personas=PEOPLE, ring_backs=True, incoming="/in") as b:
        call = b.create(b.person("rings_back"))
        b.until(lambda: b.client.calls(call.sid).fetch().status == "ringing")
        b.client.calls(call.sid).update(status="canceled")
        b.ended(call.sid)
        waiting = b.carrier.backend.ring_backs
        assert waiting is not None and len(waiting) == 1
        assert control(b, "POST", "reset").json() == {"ok": True}
        b.until(lambda: len(waiting) == 0)


def test_a_share_of_the_shipped_people_ring_back() -> None:
    cast = load()
    assert 0 < cast.personas["no_answer"].rings_back <= 0.1
    assert cast.personas["interested"].rings_back == 0


def test_a_script_says_what_a_party_does() -> None:
    with bench(speed=300, personas=PEOPLE) as b:
        b.hooks.replies["/twiml"] = ASK
        to = b.person("mute")
        turns = ["我是张三", {"digits": "42"}, {"silent": True}, {"hang_up": True}]
        assert control(b, "POST", "scripts", json={to: turns}).json() == {"ok": True}
        call = b.create(to)
        assert b.ended(call.sid).status == "completed"
        heard = [
            (line.get("speech"), line.get("digits"), line.get("silence"))
            for line in b.journal(call.sid, "heard")
        ]
        assert heard == [("我是张三", None, None), (None, "42", None), (None, None, True)]
        again = b.create(to)  # a script is for one call
        b.until(lambda: b.journal(again.sid, "heard"))
        left = control(b, "GET", f"calls/{again.sid}/script").json()
        assert left == {"turns_left": 0}
        path = f"calls/{again.sid}/script"
        assert control(b, "POST", path, json={"turns": [{"hang_up": True}]}).json() == {"ok": True}
        b.ended(again.sid)
        assert control(b, "POST", path, json={"turns": []}).status_code == 404


@pytest.mark.parametrize("turns", ["x", [1], [{"colour": "red"}], [{"after": [3, 1]}], ["@x"]])
def test_a_script_that_cannot_be_read_is_refused(turns: Any) -> None:
    with bench(speed=1, personas=PEOPLE) as b:
        answer = control(b, "POST", "scripts", json={"+8613800000001": turns})
        assert answer.status_code == 400
        assert control(b, "POST", "scripts", json={"nobody": ["x"]}).status_code == 400


def test_another_seed_makes_other_people() -> None:
    with bench(speed=1) as b:
        numbers = [f"+86138{n:08d}" for n in range(40)]

        def cast() -> list[str]:
            return [b.carrier.backend.persona_of(number).name for number in numbers]

        before, first = cast(), b.create(numbers[0]).sid
        assert control(b, "GET", "seed").json() == {"seed": "7"}
        assert control(b, "POST", "seed", json={"seed": 8}).json() == {"seed": "8"}
        assert cast() != before
        control(b, "POST", "reset")
        other = b.create(numbers[0]).sid
        control(b, "POST", "seed", json={"seed": "7"})
        control(b, "POST", "reset")
        assert cast() == before
        assert b.create(numbers[0]).sid == first != other
        assert control(b, "POST", "seed", json={"seed": ""}).status_code == 400


def test_callbacks_that_are_reordered_change_places_with_the_next() -> None:
    with bench(speed=50, personas=PEOPLE) as b:
        control(b, "POST", "faults", json={"reordered": 1000})
        call = b.create(b.person("speaker"))
        b.ended(call.sid)
        told = [hit.params["CallStatus"] for hit in b.hooks.at("/status")]
        assert told == ["ringing", "initiated", "completed", "in-progress"]


def test_a_create_that_is_never_answered_may_have_made_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("carrier.rest.common.HANG_SECONDS", 0.1)
    with bench(speed=300, personas=PEOPLE) as b:
        control(b, "POST", "faults", json={"create_timeout": 1000})
        with pytest.raises(requests.RequestException):
            b.create("+8613900001111")
        assert b.client.calls.list() == []


def test_weights_of_the_hour_decide_who_picks_up(tmp_path: Path) -> None:
    people = yaml.safe_load(PEOPLE.read_text(encoding="utf-8"))
    people["weights_by_hour"] = {14: {"speaker": 0, "busy": 1}}
    path = tmp_path / "people.yaml"
    path.write_text(yaml.safe_dump(people, allow_unicode=True), encoding="utf-8")
    with bench(speed=300, personas=path) as b:  # it is 14:00 there
        assert b.ended(b.create("+8613912345678").sid).status == "busy"
        later = {"anchor_sim": "2026-03-10T16:00:00+08:00"}
        control(b, "POST", "clock", json=later)
        assert b.ended(b.create("+8613912345678").sid).status == "completed"
