"""``<Dial>``: into a conference, or to numbers and clients; and the other ends of both."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from carrier.core.call_state import CallState
from carrier.core.calls import Callback, Join, Link
from carrier.core.conference_state import ConferenceState, Left
from carrier.core.conferences import CannotJoin, Membership
from carrier.core.flow import Goto, Over
from carrier.core.notices import base_params
from carrier.core.recordings import Recording
from carrier.core.twiml import Document, DocumentError
from carrier.core.verbs import (
    ConferenceNoun,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
)

if TYPE_CHECKING:
    from carrier.core.interpreter import Interpreter
    from carrier.core.runner import CallRunner

_WAITING_VERBS = (Say, Play, Pause, Redirect)


class Dialing:
    """The part of an interpreter that connects its call with others."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._in = interpreter
        self._runner = interpreter.runner
        self._call = interpreter.runner.call
        self._exchange = interpreter.runner.exchange

    async def dial(self, verb: Dial) -> Goto | None:
        """Connect, and when that is over go on at the action, if there is one."""
        if verb.noun is not None:
            status: list[tuple[str, object]] = [
                ("DialCallStatus", await self._confer(verb, verb.noun))
            ]
        elif verb.parties:
            status = await self._ring_parties(verb)
        else:
            status = [("DialCallStatus", "failed")]
        if verb.action is None:
            return None
        return self._in.follow(verb.action, verb.method, status)

    async def _confer(self, verb: Dial, noun: ConferenceNoun) -> str:
        conferences = self._exchange.conferences
        conference = conferences.open(noun.name, self._runner.now())
        try:
            member = conferences.expect(conference, self._call, self._absolute(noun))
            try:
                conferences.enter(member)
            except CannotJoin:
                conferences.leave(member, Left.ADD_FAILED)
                raise
        except CannotJoin as error:
            self._in.warn(error.code, str(error))
            return "failed"
        self._wait_document(member, noun)
        recording = self._record(verb)
        if verb.hangup_on_star:
            self._runner.on_star = lambda: conferences.leave(member, Left.HUNG_UP)
        try:
            if not await self._runner.timeline.wait(member.over, verb.time_limit):
                conferences.leave(member, Left.HUNG_UP)
        except asyncio.CancelledError:
            self._left_while_dialing(member, verb)
            raise
        finally:
            self._runner.on_star = None
            if recording is not None:
                self._exchange.recordings.finish(recording)
        return "answered"

    def _record(self, verb: Dial) -> Recording | None:
        """Begin to record the call for as long as the Dial lasts, if it says so."""
        if not verb.record:
            return None
        callback = None
        if verb.recording_callback and (url := self._in.resolve(verb.recording_callback)):
            events = frozenset(verb.recording_events or ("completed",))
            callback = Callback(url, verb.recording_method, events)
        return self._exchange.recordings.begin(
            self._call, source="DialVerb", channels=verb.recording_channels, callback=callback
        )

    def _left_while_dialing(self, member: Membership, verb: Dial) -> None:
        """The party hung up, or the call was led elsewhere, while in the conference."""
        going_on = self._runner.going_on()
        self._exchange.conferences.leave(member, Left.UPDATED_VIA_API if going_on else Left.HUNG_UP)
        self._report_dial(verb, "answered")

    def _report_dial(self, verb: Dial, status: str) -> None:
        """The call ends within a Dial: its action is told all the same, and not waited for."""
        if verb.action and not self._runner.going_on() and not self._runner.stopping():
            url = self._in.resolve(verb.action)
            if url:
                params = base_params(
                    self._call, self._exchange.settings.account_sid, CallState.COMPLETED
                )
                params.append(("DialCallStatus", status))
                callback = Callback(url, verb.method)
                self._exchange.notices.plain(self._call, "dial-action", callback, params)

    def _absolute(self, noun: ConferenceNoun) -> ConferenceNoun:
        def resolved(url: str) -> str:
            return (self._in.resolve(url) or "") if url else ""

        return replace(
            noun,
            status_callback=resolved(noun.status_callback),
            recording_callback=resolved(noun.recording_callback),
        )

    async def participate(self, source: Join) -> None:
        """Be in the conference that REST put this call into, until it or the call is over."""
        member = self._call.membership
        if member is None or member.conference.sid != source.conference_sid:
            raise Over
        try:
            self._exchange.conferences.enter(member)
        except CannotJoin as error:
            self._in.warn(error.code, str(error))
            self._exchange.conferences.leave(member, Left.ADD_FAILED)
            raise Over from error
        self._wait_document(member, source.noun)
        try:
            await self._runner.timeline.wait(member.over)
        except asyncio.CancelledError:
            going_on = self._runner.going_on()
            self._exchange.conferences.leave(
                member, Left.UPDATED_VIA_API if going_on else Left.HUNG_UP
            )
            raise

    def _wait_document(self, member: Membership, noun: ConferenceNoun) -> None:
        """Fetch what a waiting member is to hear; only prompts are allowed there (13238)."""
        waiting = member.conference.state is ConferenceState.INIT and not member.over.done()
        if not noun.wait_url or not waiting:
            return
        url = self._in.resolve(noun.wait_url)
        if url:
            self._exchange.notices.background(self._fetch_wait(url, noun.wait_method))

    async def _fetch_wait(self, url: str, method: str) -> None:
        params = base_params(self._call, self._exchange.settings.account_sid)
        answer = await self._exchange.notices.fetch(self._call, url, method, params, kind="wait")
        if not answer.ok or self._call.over:
            return
        try:
            document = self._in.understand(answer)
        except DocumentError as error:
            self._in.warn(error.code, str(error))
            return
        for verb in document.verbs:
            if isinstance(verb, Say | Play):
                self._in.said(verb)
            if not isinstance(verb, _WAITING_VERBS):
                self._in.warn(13238, f"{type(verb).__name__} is not allowed while waiting")

    async def _ring_parties(self, verb: Dial) -> list[tuple[str, object]]:
        """Ring numbers and clients at once; the first who answers is connected."""
        children = [
            self._exchange.dial_out(self._runner, party, verb, self._in.resolve)
            for party in verb.parties
        ]
        live = [child for child in children if child is not None]
        if not live:
            return [("DialCallStatus", "failed")]
        try:
            answered = await self._first_answer(live)
            if answered is None:
                last = live[-1].call
                return [("DialCallStatus", last.state.value), ("DialCallSid", last.sid)]
            for other in live:
                if other is not answered:
                    other.finish()
            return await self._talk_with(answered, verb)
        except asyncio.CancelledError:
            talked = any(child.linked for child in live)
            for child in live:
                child.finish()
            self._report_dial(verb, "completed" if talked else "canceled")
            raise

    async def _first_answer(self, children: list[CallRunner]) -> CallRunner | None:
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def look(_: object) -> None:
            some = any(c.linked for c in children)
            if not settled.done() and (some or all(c.call.over for c in children)):
                settled.set_result(None)

        for child in children:
            child.ready.add_done_callback(look)
            child.ended.add_done_callback(look)
        await self._runner.timeline.wait(settled)
        return next((child for child in children if child.linked and not child.call.over), None)

    async def _talk_with(self, child: CallRunner, verb: Dial) -> list[tuple[str, object]]:
        bridge = self._exchange.backend.bridge(self._call.sid)
        begun = self._runner.timeline.t
        bridge.add(self._runner.line)
        bridge.add(child.line)
        recording = self._record(verb)
        if verb.hangup_on_star:
            self._runner.on_star = child.finish
        try:
            if not await self._runner.timeline.wait(child.ended, verb.time_limit):
                child.finish()
        finally:
            self._runner.on_star = None
            bridge.remove(child.line)
            bridge.remove(self._runner.line)
            if recording is not None:
                self._exchange.recordings.finish(recording)
        status: list[tuple[str, object]] = [
            ("DialCallStatus", "completed"),
            ("DialCallSid", child.call.sid),
            ("DialCallDuration", round(self._runner.timeline.t - begun)),
            ("DialBridged", True),
        ]
        if recording is not None:
            status.append(("RecordingUrl", self._exchange.recordings.url(recording)))
        return status

    async def be_linked(self, source: Link) -> None:
        """The other end of a Dial: hear the whisper, then wait to be hung up."""
        following: Goto | None = None
        if source.whisper is not None:
            following = Goto(source.whisper.url, source.whisper.method)
        while following is not None:
            following = await self._whisper(await self._in.fetch(following))
        self._runner.link()
        await self._runner.timeline.wait(source.parent.ended)

    async def _whisper(self, document: Document) -> Goto | None:
        """Run a document for the called party alone; a Hangup there refuses the call."""
        for verb in document.verbs:
            if isinstance(verb, Hangup | Reject):
                raise Over
            if isinstance(verb, Say | Play | Pause):
                await self._in.play(verb)
            elif isinstance(verb, Gather):
                following = await self._in.gather(verb)
                if following is not None:
                    return following
        return None
