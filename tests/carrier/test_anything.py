"""Whatever is posted and whatever is answered: no 500, no call that hangs, one end told of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from carrier.core.call_state import TERMINAL
from tests.carrier.support import ACCOUNT, FROM, PEOPLE, TOKEN, Bench, bench

ENDS = {state.value for state in TERMINAL}


@pytest.fixture(scope="module")
def quick() -> Iterator[Bench]:
    with bench(speed=5000, personas=PEOPLE, max_documents=15) as found:
        yield found


def everything_ended_once(b: Bench) -> None:
    """Every call has ended, and its end was told exactly once to whoever asked."""
    exchange = b.carrier.exchange
    b.until(lambda: exchange.live == 0 and exchange.notices.under_way == 0, 20)
    for call in list(exchange.calls.values()):
        assert call.over
        told = [status for status in b.hooks.statuses(sid=call.sid) if status in ENDS]
        wanted = call.options.status
        asked = wanted is not None and "completed" in wanted.events and call.started is not None
        if asked and wanted is not None and wanted.url.startswith(b.hooks.url("/status")):
            assert len(told) == 1, (call.sid, told)
        else:
            assert not told


def _verbs() -> st.SearchStrategy[str]:
    words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
    escaped = words.map(lambda t: t.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    number = st.sampled_from(["", "0", "1", "3", "-1", "abc", "99999999"])
    said = escaped.map(lambda t: f"<Say>{t}</Say>")
    pause = number.map(lambda n: f'<Pause length="{n}"/>')
    play = st.sampled_from(
        ["<Play>/a.wav</Play>", '<Play digits="1w2"/>', '<Play loop="2">x</Play>']
    )
    prompts = st.lists(st.one_of(said, pause, play, st.just("<Dial/>")), max_size=2).map("".join)
    kinds = st.sampled_from(["speech", "dtmf", "speech dtmf", "nonsense", ""])
    action = st.sampled_from(["", 'action="/next"', 'action="ftp://x"', 'action="/twiml"'])
    empty = st.sampled_from(["", 'actionOnEmptyResult="true"', 'actionOnEmptyResult="maybe"'])
    gather = st.builds(
        lambda k, t, a, e, p: f'<Gather input="{k}" timeout="{t}" {a} {e}>{p}</Gather>',
        kinds, number, action, empty, prompts,
    )  # fmt: skip
    others = st.sampled_from(
        [
            "<Hangup/>",
            "<Reject/>",
            "<Redirect>/next</Redirect>",
            "<Redirect/>",
            "<Dial>+8613900000486</Dial>",
            "<Dial/>",
            '<Dial timeLimit="5"><Conference>r</Conference></Dial>',
            '<Dial timeLimit="5" action="/next"><Conference label="x" waitUrl=""/></Dial>',
            "<Record maxLength='3'/>",
            "<Record maxLength='3' action='/next' recordingStatusCallback='/rec'/>",
            '<Dial record="true" hangupOnStar="true" timeLimit="5"><Client>x</Client></Dial>',
            '<Dial><Client url="/next"><Identity>y</Identity><Parameter/></Client></Dial>',
            '<Dial timeLimit="5"><Conference record="true" waitUrl="/next">r</Conference></Dial>',
            "<Wrong><Say>x</Say></Wrong>",
            "<!-- remark -->",
            "text",
        ]
    )
    return st.one_of(said, pause, play, gather, others)


DOCUMENTS = st.one_of(
    st.lists(_verbs(), max_size=5).map(lambda vs: f"<Response>{''.join(vs)}</Response>"),
    st.text(max_size=40),
    st.sampled_from(["<Response>", "<!DOCTYPE x><Response/>", "<response/>", "{}"]),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=DOCUMENTS,
    following=DOCUMENTS,
    person=st.sampled_from(["speaker", "mute", "keys", "one_key", "leaver", "machine"]),
)
def test_any_document_brings_the_call_to_one_end(
    quick: Bench, first: str, following: str, person: str
) -> None:
    quick.call(quick.carrier.exchange.reset)
    quick.hooks.hits.clear()
    quick.hooks.replies.update({"/twiml": first, "/next": following})
    call = quick.create(quick.person(person), time_limit=60)
    assert quick.ended(call.sid).status in ("completed", "busy", "failed")
    everything_ended_once(quick)


_NAMES = """
    To From Url Twiml Status Timeout TimeLimit Method StatusCallbackEvent Record MachineDetection
    AsyncAmd AsyncAmdStatusCallback Label Beep Muted Hold Coaching CallSidToCoach FallbackUrl
    ConferenceRecord AnnounceUrl RecordingChannels RecordingStatusCallback PauseBehavior SendDigits
"""
_VALUES = st.one_of(
    st.sampled_from(
        [FROM, "+8613800000001", "client:a", "true", "http://127.0.0.1:9/x", "completed", "GET"]
    ),
    st.text(max_size=20),
    st.binary(max_size=10),
)
_FIELDS = st.dictionaries(st.sampled_from(_NAMES.split()), _VALUES, max_size=8)
_KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=nonsense",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x; charset=koi8-r",
        "application/json",
        'text/plain; charset="',
        "",
    ]
)
PATHS = [
    "/Calls.json",
    "/Calls/{call}.json",
    "/Calls/{call}/Recordings.json",
    "/Calls/{call}/Recordings/Twilio.CURRENT.json",
    "/Conferences/room/Participants.json",
    "/Conferences/room/Participants/x.json",
    "/Conferences/room.json",
    "/Conferences/%2e%2e/Participants.json",
    "/Recordings/x.json",
]
TALK = '<Response><Pause length="2"/></Response>'


def post(b: Bench, where: int, body: Any, kind: str | None = None) -> requests.Response:
    """Post to one of the paths; whatever came must be an answer in Twilio's form."""
    call = next(reversed(b.carrier.exchange.calls), "CA" + "0" * 32)
    url = f"{b.carrier.url}/2010-04-01/Accounts/{ACCOUNT}{PATHS[where].format(call=call)}"
    headers = {} if kind is None else {"Content-Type": kind}
    answer = requests.post(url, data=body, auth=(ACCOUNT, TOKEN), headers=headers, timeout=10)
    assert answer.status_code in (200, 201, 204, 400, 404, 405, 429), answer.text
    assert isinstance(answer.json(), dict)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message", "more_info", "status"}
    return answer


def _fresh(b: Bench) -> None:
    b.call(b.carrier.exchange.reset)
    b.hooks.hits.clear()
    b.hooks.replies.update({"/twiml": TALK})


@settings(max_examples=80, deadline=None)
@given(posted=st.lists(st.tuples(_FIELDS, st.integers(0, len(PATHS) - 1)), max_size=5))
def test_no_form_breaks_the_carrier_or_a_call(
    quick: Bench, posted: list[tuple[dict[str, Any], int]]
) -> None:
    _fresh(quick)
    for fields, where in posted:
        base = {
            "To": "+8613800000001",
            "From": FROM,
            "Url": quick.hooks.url("/twiml"),
            "StatusCallback": quick.hooks.url("/status"),
        }
        post(quick, where, {**base, **fields} if where == 0 else fields)
    # who is alone in a room stays there
    for conference in quick.call(quick.carrier.exchange.conferences.all):
        quick.client.conferences(conference.sid).update(status="completed")
    everything_ended_once(quick)


@settings(max_examples=80, deadline=None)
@given(body=st.binary(max_size=200), kind=_KINDS, where=st.integers(0, len(PATHS) - 1))
@example(body=b"no boundary", kind="multipart/form-data", where=0)
@example(body=b"--x\r\nbroken", kind="multipart/form-data; boundary=x", where=4)
@example(body=b"To=%FF%FE&From=%00", kind="application/x-www-form-urlencoded", where=0)
@example(body=b"a" * (10 * 1024 * 1024), kind="application/x-www-form-urlencoded", where=0)
@example(body=b"a" * (10 * 1024 * 1024), kind="multipart/form-data; boundary=x", where=0)
@example(body=b"To=" + b"1" * (900 * 1024), kind="application/x-www-form-urlencoded", where=0)
def test_no_body_breaks_the_carrier(quick: Bench, body: bytes, kind: str, where: int) -> None:
    _fresh(quick)
    post(quick, where, body, kind)
    everything_ended_once(quick)


_DATES = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "today", ""]),
)
_QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "To": st.sampled_from([FROM, "client:a", ""]),
        "Status": st.sampled_from(["queued", "completed", "in-progress", "initiated"]),
        "StartTime>": _DATES,
        "EndTime": _DATES,
        "DateCreated<": _DATES,
        "Page": st.one_of(st.integers(-1, 10**13).map(str), st.text(max_size=5)),
        "PageSize": st.one_of(st.integers(-1, 2000).map(str), st.text(max_size=5)),
        "PageToken": st.sampled_from(["PA", "x", "PACA" + "0" * 32]),
        "Muted": st.text(max_size=5),
    },
)
LISTS = ["/Calls.json", "/Conferences.json", "/Recordings.json", "/Conferences/q/Participants.json"]


@settings(max_examples=80, deadline=None)
@given(query=_QUERIES, where=st.integers(0, len(LISTS) - 1))
@example(query={"Page": "286"}, where=0)
def test_no_query_breaks_a_list(quick: Bench, query: dict[str, str], where: int) -> None:
    url = f"{quick.carrier.url}/2010-04-01/Accounts/{ACCOUNT}{LISTS[where]}"
    answer = requests.get(url, params=query, auth=(ACCOUNT, TOKEN), timeout=10)
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code == 200:
        assert answer.json()["uri"].startswith("/2010-04-01/")
