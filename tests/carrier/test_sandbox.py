"""Checks 23 and 25, and what makes a sandbox of it: clock, faults, control, journal."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from carrier.backends.simulated.personas import PersonaError, load
from carrier.core.clock import Anchors, Clock
from carrier.core.timeline import Timeline
from tests.carrier.support import ACCOUNT, FROM, PEOPLE, START, TOKEN, Bench, Hit, bench, say

NUMBERS = [f"+86139{n:08d}" for n in range(40)]
LINES = [
    "您好，我是银行的智能语音助手，通话会录音。想介绍信用卡分期，现在方便吗？不想接听可按9。",
    "请问您是张三本人吗？",
    "您本期账单可以分期。您想让客户经理为您详细介绍吗？",
    "您大概想分多少，五万以内、五到二十万，还是更多？",
    "我现在帮您转接客户经理，通话会继续录音，可以吗？",
    "请问什么时间方便回电？",
    "好的，再见。",
]


def control(b: Bench, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{b.carrier.url}/_carrier/{path}", timeout=10, **more)


def robot(hit: Hit) -> str:
    """A robot that says its lines one after another, whatever it hears."""
    turn = int(hit.url.rpartition("turn=")[2] or 0) if "turn=" in hit.url else 0
    if turn + 1 == len(LINES):
        return say(LINES[turn])
    return (
        f'<Response><Gather input="speech dtmf" numDigits="1" timeout="5" speechTimeout="1" '
        f'actionOnEmptyResult="true" action="/twiml?turn={turn + 1}"><Say>{LINES[turn]}</Say>'
        "</Gather></Response>"
    )


def behaviour(b: Bench) -> dict[str, tuple[Any, ...]]:
    """Per number: outcome, duration and every word."""
    found: dict[str, tuple[Any, ...]] = {}
    for call in b.client.calls.list(page_size=1000):
        if call.direction == "inbound":
            continue
        lines = b.journal(call.sid)
        words = [
            (line["event"], line.get("text"), line.get("speech"), line.get("digits"))
            for line in lines
            if line["event"] in ("said", "heard")
        ]
        found[call.to] = (call.sid, call.status, call.duration, call.answered_by, tuple(words))
    return found


def run(speed: float, threads: int, delay: float = 0.0, **more: Any) -> dict[str, tuple[Any, ...]]:
    with bench(speed=speed, cps=50, **more) as b:

        async def answer(hit: Hit) -> str:
            await asyncio.sleep(delay)
            return robot(hit)

        b.hooks.replies["/twiml"] = answer
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda to: b.create(to, machine_detection="Enable"), NUMBERS))
        b.until(lambda: b.carrier.exchange.live == 0, 60)
        return behaviour(b)


def test_check_25_same_seed_same_behaviour_at_any_speed_and_thread_count() -> None:
    one, other = run(speed=400, threads=1), run(speed=150, threads=6, delay=0.02)
    assert one == other
    assert {status for _, status, _, _, _ in one.values()} >= {"completed", "no-answer"}


def test_ring_backs_change_nothing_about_who_answers_what() -> None:
    again = run(speed=400, threads=4, ring_backs=True, incoming="/in")
    assert again == run(speed=300, threads=2)


def test_check_23_calls_are_dialled_in_their_turn() -> None:
    with bench(speed=20, cps=1) as b:
        sids = [b.create(f"+8613900{n:02d}0487", timeout=5).sid for n in range(10)]
        b.until(lambda: len(b.journal(event="initiated")) == 10)
        times = [datetime.fromisoformat(line["time"]) for line in b.journal(event="initiated")]
        begun = b.client.calls(sids[0]).fetch().date_created
        # a machine under load may dial late, which brings the next call nearer, but never early
        assert all(time >= begun + timedelta(seconds=turn) for turn, time in enumerate(times))
        waits = [int(b.client.calls(sid).fetch().queue_time) for sid in sids]
        assert waits == sorted(waits) and waits[-1] > 3000
        stamps = [
            parsedate_to_datetime(hit.params["Timestamp"])
            for hit in b.hooks.at("/status")
            if hit.params["CallStatus"] == "initiated"
        ]
        assert len({*stamps}) >= 9


def test_check_23_too_many_at_once_are_refused_and_never_made() -> None:
    with bench(speed=1, max_calls=3) as b:
        for n in range(3):
            b.create(f"+8613900{n:02d}0487")
        with pytest.raises(TwilioRestException) as many:
            b.create("+8613900990487")
        assert (many.value.status, many.value.code) == (429, 20429)
        assert len(b.client.calls.list()) == 3
        with pytest.raises(TwilioRestException):
            b.client.conferences("x").participants.create(to="client:a", from_=FROM)
        assert b.client.conferences.list() == []


def test_check_25_a_create_whose_reply_is_lost_has_still_made_its_call() -> None:
    with bench(speed=300, personas=PEOPLE) as b:
        assert control(b, "POST", "faults", json={"create_500": 1000}).status_code == 200
        with pytest.raises(TwilioRestException) as lost:
            b.create("+8613900001111")
        assert lost.value.status == 500
        control(b, "POST", "faults", json={"create_500": 0})
        made = b.client.calls.list(to="+8613900001111")
        assert len(made) == 1 and made[0].date_created >= START
        b.ended(made[0].sid)
        assert b.hooks.at("/twiml")[0].params["CallSid"] == made[0].sid


def test_a_create_whose_reply_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carrier.rest.common.HANG_SECONDS", 0.1)
    with bench(speed=300, personas=PEOPLE) as b:
        control(b, "POST", "faults", json={"create_reply_lost": 1000})
        with pytest.raises(requests.RequestException):
            b.create("+8613900001111")
        assert len(b.client.calls.list(to="+8613900001111")) == 1


def test_faults_of_detection_and_of_connections() -> None:
    with bench(speed=300, personas=PEOPLE) as b:
        b.hooks.replies["/twiml"] = '<Response><Pause length="10"/></Response>'
        control(b, "POST", "faults", json={"amd_never": 1000, "refused": 1000})
        call = b.create(
            "+8613900001111",
            machine_detection="Enable",
            async_amd="true",
            async_amd_status_callback=b.hooks.url("/amd"),
        )
        assert b.ended(call.sid).answered_by == "human"
        assert not b.hooks.at("/amd")
        assert b.hooks.statuses() == ["initiated", "ringing", "in-progress", "completed"]
        hooks = b.journal(call.sid, "webhook")
        assert {line["attempts"] for line in hooks} == {2}


def test_faults_duplicate_drop_and_refuse() -> None:
    with bench(speed=300, personas=PEOPLE) as b:
        control(b, "POST", "faults", json={"duplicated": 1000})
        call = b.create("+8613900001111", status_callback_event=["completed"])
        b.ended(call.sid)
        hits = b.hooks.at("/status")
        assert len(hits) == 2 and hits[0].params == hits[1].params
        assert len({hit.headers["I-Twilio-Idempotency-Token"] for hit in hits}) == 1
        control(b, "POST", "faults", json={"duplicated": 0, "dropped": 1000})
        b.hooks.hits.clear()
        b.ended(b.create("+8613900001112").sid)
        assert not b.hooks.at("/status") and b.hooks.at("/twiml")
        control(b, "POST", "faults", json={"dropped": 0, "create_429": 1000})
        with pytest.raises(TwilioRestException) as many:
            b.create("+8613900001113")
        assert many.value.status == 429 and not b.client.calls.list(to="+8613900001113")
        assert control(b, "POST", "faults", json={"nonsense": 1}).status_code == 400
        assert control(b, "POST", "faults", json={"dropped": 2000}).status_code == 400


def test_a_customer_rings_in_hears_and_answers() -> None:
    with bench(speed=300, personas=PEOPLE) as b:
        b.hooks.replies["/in"] = (
            '<Response><Gather input="speech" action="/turn"><Say>您好</Say></Gather></Response>'
        )
        body = {
            "from": "+8613900001111",
            "to": FROM,
            "url": b.hooks.url("/in"),
            "status_callback": b.hooks.url("/status"),
        }
        sid = control(b, "POST", "inbound", json=body).json()["sid"]
        ended = b.ended(sid)
        first = b.hooks.at("/in")[0].params
        assert (first["CallStatus"], first["Direction"]) == ("ringing", "inbound")
        assert (first["From"], first["To"]) == ("+8613900001111", FROM)
        assert b.hooks.at("/turn")[0].params["CallStatus"] == "in-progress"
        assert ended.direction == "inbound" and ended.status == "completed"
        assert b.hooks.statuses() == ["completed"]
        assert b.journal(sid, "inbound")
        b.hooks.replies["/in"] = "<Response><Reject reason='busy'/></Response>"
        sid = control(b, "POST", "inbound", json=body).json()["sid"]
        assert b.ended(sid).status == "busy"
        assert control(b, "POST", "inbound", json={"from": "x"}).status_code == 400


def test_the_clock_is_three_numbers() -> None:
    with bench(speed=1) as b:
        shown = control(b, "GET", "clock").json()
        assert shown["speed"] == 1 and shown["now"].startswith("2026-03-10T06:00")
        real = datetime.now(UTC)
        numbers = {
            "anchor_real": real.isoformat(),
            "anchor_sim": "2026-03-15T03:00:00+08:00",
            "speed": 60,
        }
        control(b, "POST", "clock", json=numbers)
        now = b.carrier.exchange.clock.now()
        passed = (datetime.now(UTC) - real).total_seconds() * 60
        expected = datetime(2026, 3, 14, 19, tzinfo=UTC) + timedelta(seconds=passed)
        assert abs((now - expected).total_seconds()) < 10
        assert b.create("+8613900000487").date_created.day == 14
        wrong: list[Any] = [
            {"speed": -1},
            {"speed": "x"},
            {"anchor_sim": "2026-03-15T03:00:00"},
            [],
        ]
        for bad in wrong:
            assert control(b, "POST", "clock", json=bad).status_code == 400


def test_a_stepped_clock_moves_by_hand_only() -> None:
    with bench(speed=0, personas=PEOPLE) as b:
        call = b.create("+8613900001111")
        b.until(lambda: b.journal(call.sid, "initiated"))
        assert b.client.calls(call.sid).fetch().status == "queued"
        for _ in range(40):
            if b.carrier.exchange.calls[call.sid].over:
                break
            control(b, "POST", "step", json={"seconds": 1})
        assert b.ended(call.sid).status == "completed"


def test_the_control_plane_exists_in_a_sandbox_only() -> None:
    with bench(speed=1, sandbox=False) as b:
        assert control(b, "GET", "clock").status_code == 404
        assert control(b, "POST", "reset").status_code == 404
        assert control(b, "GET", "health").json()["ok"]


def test_control_shows_calls_journal_and_personas() -> None:
    with bench(speed=1, personas=PEOPLE) as b:
        call = b.create("+8613900001111")
        assert [c["sid"] for c in control(b, "GET", "calls").json()["calls"]] == [call.sid]
        journal = control(b, "GET", "journal?since=0").json()
        assert [line["event"] for line in journal["events"]][:2] == ["queued", "initiated"]
        assert control(b, "GET", f"journal?since={journal['next']}").status_code == 200
        assert control(b, "GET", "journal?since=-1").status_code == 400
        assigned = control(b, "POST", "personas/assign", json={"+8613900001111": "busy"}).json()
        assert assigned == {"assigned": {"+8613900001111": "busy"}}
        who = control(b, "GET", "personas", params={"number": "+8613900001111"}).json()
        assert who["persona"] == "busy"
        bad = control(b, "POST", "personas/assign", json={"+8613900001111": "nobody"})
        assert bad.status_code == 400
        assert control(b, "POST", "reset").json() == {"ok": True}
        assert b.client.calls.list() == [] and b.carrier.exchange.live == 0


def test_a_restart_settles_what_was_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with bench(speed=1, personas=PEOPLE, journal=path, cps=0.01) as b:
        ringing, queued = b.create("+8613900001111"), b.create("+8613900001112")
        b.until(lambda: b.client.calls(ringing.sid).fetch().status == "ringing")
        port = b.hooks.port
    with path.open("ab") as file:
        file.write(b'{"cut off')
    text = path.read_text().replace(f":{port}/", ":PORT/")
    with bench(speed=1, personas=PEOPLE) as other:
        port = other.hooks.port
        path.write_text(text.replace(":PORT/", f":{port}/"))
        with bench(speed=1, personas=PEOPLE, journal=path) as b:
            assert b.client.calls(ringing.sid).fetch().status == "failed"
            assert b.client.calls(queued.sid).fetch().status == "canceled"
            other.until(lambda: other.hooks.at("/status"))
            hits = other.hooks.at("/status")
            assert [hit.params["CallStatus"] for hit in hits] == ["failed"]
            again = b.create("+8613900001111")
            assert again.sid != ringing.sid
            numbers = [line["n"] for line in b.journal()]
            assert numbers == list(range(1, len(numbers) + 1))


def test_the_process_starts_and_stops_and_says_what_is_wrong(tmp_path: Path) -> None:
    journal = tmp_path / "j.jsonl"
    base = [sys.executable, "-m", "carrier", "--port", "0"]
    keys = ["--account-sid", ACCOUNT, "--auth-token", TOKEN]
    process = subprocess.Popen(
        [*base, *keys, "--journal", str(journal), "--sandbox", "--seed", "7"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.rpartition(" ")[2].strip()
        assert requests.get(f"{url}/_carrier/health", timeout=5).json()["ok"]
    finally:
        process.terminate()
        assert process.wait(5) == 0
        assert process.stdout is not None
        process.stdout.close()
    broken = tmp_path / "people.yaml"
    broken.write_text("personas: {a: {pickup: maybe}}\nideas: {}\n")
    failed = subprocess.run(
        [*base, *keys, "--personas", str(broken)], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2 and "pickup must be one of" in failed.stderr


def test_the_shipped_people_make_a_lively_campaign() -> None:
    cast = load()
    counts: dict[str, int] = {}
    for n in range(2000):
        name = cast.persona_of("7", f"+86138{n:08d}").name
        counts[name] = counts.get(name, 0) + 1
    weighted = {name for name, persona in cast.personas.items() if persona.weight}
    assert set(counts) == weighted
    assert 450 <= counts["no_answer"] <= 630
    assert cast.idea("我现在帮您转接客户经理，通话会继续录音，可以吗？") == "consent"
    for line in ("好的，请稍候，正在为您转接。", "让您久等了，客户经理马上就来，也可以说回电。"):
        assert cast.idea(line) == "waiting"
    assert cast.idea("年化利率为百分之五。想让客户经理为您介绍吗？") == "pitch"
    assert cast.idea("不好意思没听清，您是想了解一下，还是不需要呢？") == "unclear"
    assert cast.idea("非常抱歉，客户经理暂时都在忙。请问什么时间方便我们回电？") == "callback_time"
    assert [cast.idea(line) for line in LINES] == [
        "open", "identity", "pitch", "amount", "consent", "callback_time", "goodbye",
    ]  # fmt: skip


def test_a_file_of_personas_with_a_mistake_is_refused(tmp_path: Path) -> None:
    for text in (
        "",
        "[1]",
        "ideas: {a: '('}\npersonas: {}",
        "ideas: {}\npersonas: {a: {like: b}}",
        "ideas: {}\npersonas: {a: {like: a}}",
        "ideas: {}\npersonas: {a: {answers: {nothing: [x]}}}",
        "ideas: {}\npersonas: {a: {otherwise: ['@nothing']}}",
        "ideas: {}\npersonas: {a: {colour: red}}",
        "ideas: {}\npersonas: {a: {ring: [5, 1]}}",
    ):
        path = tmp_path / "people.yaml"
        path.write_text(text)
        with pytest.raises(PersonaError):
            load(path)


def test_own_time_counts_delays_only() -> None:
    async def check() -> None:
        clock = Clock(Anchors(datetime.now(UTC), START, 1000))
        line = Timeline(clock, START)
        seen: list[float] = []
        line.after(5, lambda: seen.append(line.t))
        line.after(7.5, lambda: seen.append(line.t))
        await line.spend(4)
        await asyncio.sleep(0.02)  # real time, which is nobody's
        await line.spend(2)
        await line.skip(2)
        assert line.t == 8.0 and seen == [5.0, 7.5]
        assert line.now() == START + timedelta(seconds=8)

    asyncio.run(check())
