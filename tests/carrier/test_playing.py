"""Files that are played: what simulated people hear of them, and what is missing."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from tests.carrier.support import Bench


def clip(words: str, seconds: float) -> web.Response:
    return web.Response(
        body=b"RIFF",
        content_type="audio/wav",
        headers={"X-Sanshi-Words": quote(words), "X-Sanshi-Seconds": str(seconds)},
    )


def test_a_clip_is_heard_as_its_words_for_as_long_as_it_lasts(b: Bench) -> None:
    b.hooks.replies["/clip"] = clip("您好，现在方便吗", 6.5)
    b.hooks.replies["/twiml"] = (
        '<Response><Gather input="speech" action="/turn" actionOnEmptyResult="true">'
        "<Play>/clip</Play></Gather></Response>"
    )
    call = b.create(b.person("speaker"))
    b.ended(call.sid)
    assert b.journal(call.sid, "said")[0]["text"] == "您好，现在方便吗"
    assert b.hooks.at("/turn")[0].params["SpeechResult"]
    assert b.hooks.at("/clip")[0].method == "GET"


def test_the_length_of_a_clip_is_the_servers(b: Bench) -> None:
    b.hooks.replies["/long"] = clip("您好", 9.0)
    b.hooks.replies["/twiml"] = "<Response><Play>/long</Play><Play>/long</Play></Response>"
    call = b.create(b.person("mute"))
    assert int(b.ended(call.sid).duration) == 18
    assert len(b.hooks.at("/long")) == 1


def test_a_file_that_cannot_be_had_is_silence_and_a_warning(b: Bench) -> None:
    b.hooks.replies["/gone"] = web.Response(status=404)
    b.hooks.replies["/twiml"] = "<Response><Play>/gone</Play><Say>再见</Say></Response>"
    call = b.create(b.person("mute"))
    assert int(b.ended(call.sid).duration) < 3
    assert b.journal(call.sid, "warning")[0]["code"] == 11200
    assert [line.get("text") for line in b.journal(call.sid, "said")] == [None, "再见"]
