"""Runs TwiML on one call: fetches documents, does what their verbs say, follows where they lead."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from carrier.backends.protocol import Heard
from carrier.core.call_state import CallState
from carrier.core.calls import Callback, Fetch, Inline, Join, Link, Source
from carrier.core.conference_state import Left
from carrier.core.conferences import CannotJoin, Membership
from carrier.core.notices import base_params
from carrier.core.twiml import (
    ConferenceNoun,
    Dial,
    Document,
    DocumentError,
    Gather,
    Hangup,
    Pause,
    Play,
    Prompt,
    Record,
    Redirect,
    Reject,
    Say,
    Verb,
    parse,
)
from carrier.webhooks import Answer, Params, fields, is_web_url

if TYPE_CHECKING:
    from carrier.core.runner import CallRunner

_XML = {"text/xml", "application/xml", "text/html"}
_WAITING_VERBS = (Say, Play, Pause, Redirect)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The document refuses the call."""

    busy: bool


@dataclass(frozen=True, slots=True)
class Goto:
    """On with another document."""

    url: str
    method: str
    extra: tuple[tuple[str, str], ...] = ()


class _Over(Exception):
    """Nothing more to do on this call."""


class Interpreter:
    """One run: from a source to its last document."""

    def __init__(self, runner: CallRunner) -> None:
        self._runner = runner
        self._call = runner.call
        self._exchange = runner.exchange
        self._base = ""  # the running document's URL; relative URLs are resolved against it
        self._documents = 0

    async def run(self, source: Source) -> Rejected | None:
        """Run to the end of the last document. Cancelling it stops it where it is."""
        try:
            if isinstance(source, Join):
                await self._participate(source)
                return None
            if isinstance(source, Link):
                await self._be_linked(source)
                return None
            following: Goto | None = None
            document: Document
            if isinstance(source, Inline):
                document = self._read(source.twiml)
            else:
                document = await self._fetch(Goto(source.url, source.method))
            while True:
                outcome = await self._execute(document)
                if isinstance(outcome, Rejected):
                    return outcome
                following = outcome
                if following is None:
                    return None
                document = await self._fetch(following)
        except _Over:
            return None

    # documents

    def _read(self, text: str) -> Document:
        try:
            document = parse(text)
        except DocumentError as error:
            self._warn(error.code, str(error))
            raise _Over from error
        self._warnings(document)
        return document

    async def _fetch(self, goto: Goto) -> Document:
        """Fetch a document; on failure the fallback URL, and after that the end of the call."""
        self._documents += 1
        if self._documents > self._exchange.settings.max_documents:
            self._warn(11200, "too many documents in one call")
            raise _Over
        _, code, document = await self._try(goto)
        if document is not None:
            return document
        self._warn(code, "the document cannot be used")
        fallback = self._call.options.fallback
        if fallback is not None:
            extra = (("ErrorCode", str(code)), ("ErrorUrl", goto.url))
            _, code, document = await self._try(Goto(fallback.url, fallback.method, extra))
            if document is not None:
                return document
            self._warn(code, "nor can the fallback")
        self._runner.pick_up()
        await self._play(Say("We are sorry, an application error has occurred. Goodbye."))
        raise _Over

    async def _try(self, goto: Goto) -> tuple[Answer, int, Document | None]:
        params = base_params(self._call, self._exchange.settings.account_sid)
        if self._call.answered_by:
            params += [("AnsweredBy", self._call.answered_by)]
        params += list(goto.extra)
        answer = await self._exchange.notices.fetch(self._call, goto.url, goto.method, params)
        await self._runner.timeline.skip(self._exchange.settings.fetch_seconds)
        if not answer.ok:
            return answer, answer.error, None
        try:
            document = self._understand(answer)
        except DocumentError as error:
            return answer, error.code, None
        self._base = goto.url
        self._warnings(document)
        return answer, 0, document

    def _understand(self, answer: Answer) -> Document:
        kind = answer.content_type
        if kind in _XML:
            if not answer.body.strip() and answer.status == 204:
                return Document(())
            return parse(answer.body)
        if kind.startswith("audio/"):
            return Document((Play(answer.url), Hangup()))
        if kind == "text/plain":
            try:
                return parse(answer.body)
            except DocumentError:
                return Document((Say(answer.body.strip()),))
        if answer.status == 204 or (not kind and not answer.body):
            return Document(())
        raise DocumentError(12300, f"content type {kind or 'missing'}")

    def _warnings(self, document: Document) -> None:
        for code, why in document.warnings:
            self._warn(code, why)

    def _warn(self, code: int, why: str) -> None:
        self._runner.journal("warning", code=code, why=why)

    def _resolve(self, url: str) -> str | None:
        """A URL of the document, absolute; None with a warning when it leads nowhere."""
        target = urljoin(self._base, url) if self._base else url
        if is_web_url(target):
            return target
        self._warn(11100, "a URL of the document is not valid")
        return None

    # verbs

    async def _execute(self, document: Document) -> Goto | Rejected | None:
        for verb in document.verbs:
            if self._call.state is CallState.RINGING:
                if isinstance(verb, Reject):
                    return Rejected(verb.reason == "busy")
                self._runner.pick_up()
            outcome = await self._perform(verb)
            if outcome is not None:
                return outcome
        self._runner.pick_up()
        return None

    async def _perform(self, verb: Verb) -> Goto | None:
        match verb:
            case Say() | Play() | Pause():
                await self._play(verb)
                return None
            case Gather():
                return await self._gather(verb)
            case Dial():
                return await self._dial(verb)
            case Record():
                return await self._record(verb)
            case Redirect():
                return self._redirect(verb)
            case Hangup() | Reject():
                raise _Over

    async def _play(self, prompt: Prompt) -> None:
        loops = getattr(prompt, "loop", 1)
        for _ in range(loops if loops else 1000):
            self._said(prompt)
            await self._runner.line.play(prompt)

    def _said(self, prompt: Prompt) -> None:
        if isinstance(prompt, Say) and prompt.text:
            self._runner.journal("said", text=prompt.text)
        elif isinstance(prompt, Play) and prompt.url:
            self._runner.journal("said", play=prompt.url)

    def _redirect(self, verb: Redirect) -> Goto:
        url = self._resolve(verb.url) if verb.url else self._base
        if not url:
            raise _Over
        return Goto(url, verb.method)

    def _follow(self, action: str | None, method: str, extra: Sequence[tuple[str, object]]) -> Goto:
        url = self._resolve(action) if action else self._base
        if not url:
            raise _Over
        return Goto(url, method, tuple(fields(extra)))

    async def _gather(self, verb: Gather) -> Goto | None:
        for prompt in verb.prompts:
            self._said(prompt)
        sequence = 0

        def partial(words: str) -> None:
            nonlocal sequence
            url = self._resolve(verb.partial_url) if verb.partial_url else None
            if url:
                callback = Callback(url, verb.partial_method)
                self._exchange.notices.partial(self._call, callback, words, sequence)
                sequence += 1

        heard = await self._runner.line.gather(verb, partial)
        self._runner.journal(
            "heard",
            speech=heard.speech,
            digits=heard.digits,
            confidence=heard.confidence,
            silence=True if heard.speech is None and heard.digits is None else None,
        )
        extra = _gathered(heard)
        if not extra and not verb.action_on_empty:
            return None
        return self._follow(verb.action, verb.method, extra)

    async def _record(self, verb: Record) -> Goto | None:
        recording = self._exchange.recordings.begin(self._call, source="RecordVerb")
        seconds, ended_by = await self._runner.line.record(
            verb.max_length, verb.timeout, verb.finish_on_key
        )
        callback = self._resolve(verb.status_callback) if verb.status_callback else None
        self._exchange.recordings.finish(
            recording, seconds, Callback(callback) if callback else None
        )
        if seconds <= 0:
            return None
        extra: list[tuple[str, object]] = [
            ("RecordingUrl", self._exchange.recordings.url(recording)),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", round(seconds)),
        ]
        if ended_by:
            extra.append(("Digits", ended_by))
        return self._follow(verb.action, verb.method, extra)

    # dial

    async def _dial(self, verb: Dial) -> Goto | None:
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
        return self._follow(verb.action, verb.method, status)

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
            self._warn(error.code, str(error))
            return "failed"
        self._wait_document(member, noun)
        try:
            if not await self._runner.timeline.wait(member.over, verb.time_limit):
                conferences.leave(member, Left.HUNG_UP)
        except asyncio.CancelledError:
            self._left_while_dialing(member, verb)
            raise
        return "answered"

    def _left_while_dialing(self, member: Membership, verb: Dial) -> None:
        """The party hung up, or the call was led elsewhere, while in the conference."""
        going_on = self._runner.going_on()
        self._exchange.conferences.leave(member, Left.UPDATED_VIA_API if going_on else Left.HUNG_UP)
        self._report_dial(verb, "answered")

    def _report_dial(self, verb: Dial, status: str) -> None:
        """The call ends within a Dial: its action is told all the same, and not waited for."""
        if verb.action and not self._runner.going_on() and not self._runner.stopping():
            url = self._resolve(verb.action)
            if url:
                params = base_params(
                    self._call, self._exchange.settings.account_sid, CallState.COMPLETED
                )
                params.append(("DialCallStatus", status))
                callback = Callback(url, verb.method)
                self._exchange.notices.plain(self._call, "dial-action", callback, params)

    def _absolute(self, noun: ConferenceNoun) -> ConferenceNoun:
        if not noun.status_callback:
            return noun
        url = self._resolve(noun.status_callback) or ""
        return ConferenceNoun(
            **{
                **{name: getattr(noun, name) for name in noun.__dataclass_fields__},
                "status_callback": url,
            }
        )

    async def _participate(self, source: Join) -> None:
        member = self._call.membership
        if member is None or member.conference.sid != source.conference_sid:
            raise _Over
        try:
            self._exchange.conferences.enter(member)
        except CannotJoin as error:
            self._warn(error.code, str(error))
            self._exchange.conferences.leave(member, Left.ADD_FAILED)
            raise _Over from error
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
        if not noun.wait_url or member.over.done():
            return
        url = self._resolve(noun.wait_url)
        if url:
            self._exchange.notices.background(self._fetch_wait(url, noun.wait_method))

    async def _fetch_wait(self, url: str, method: str) -> None:
        params: Params = base_params(self._call, self._exchange.settings.account_sid)
        answer = await self._exchange.notices.fetch(self._call, url, method, params, kind="wait")
        if not answer.ok or self._call.over:
            return
        try:
            document = self._understand(answer)
        except DocumentError as error:
            self._warn(error.code, str(error))
            return
        for verb in document.verbs:
            if not isinstance(verb, _WAITING_VERBS):
                self._warn(13238, f"{type(verb).__name__} is not allowed while waiting")

    async def _ring_parties(self, verb: Dial) -> list[tuple[str, object]]:
        """Ring numbers and clients at once; the first who answers is connected."""
        children = [
            self._exchange.dial_out(self._runner, party, verb, self._resolve)
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
        try:
            if not await self._runner.timeline.wait(child.ended, verb.time_limit):
                child.finish()
        finally:
            bridge.remove(child.line)
            bridge.remove(self._runner.line)
        return [
            ("DialCallStatus", "completed"),
            ("DialCallSid", child.call.sid),
            ("DialCallDuration", round(self._runner.timeline.t - begun)),
            ("DialBridged", True),
        ]

    async def _be_linked(self, source: Link) -> None:
        """The other end of a Dial: hear the whisper, then wait to be hung up."""
        if source.whisper is not None:
            document = await self._fetch(Goto(source.whisper.url, source.whisper.method))
            for verb in document.verbs:
                if isinstance(verb, Hangup | Reject):
                    raise _Over
                if isinstance(verb, Say | Play | Pause):
                    await self._play(verb)
                elif isinstance(verb, Gather):
                    goto = await self._gather(verb)
                    if goto is not None:
                        await self._fetch(goto)
        self._runner.link()
        await self._runner.timeline.wait(source.parent.ended)


def _gathered(heard: Heard) -> list[tuple[str, object]]:
    extra: list[tuple[str, object]] = []
    if heard.speech is not None:
        extra.append(("SpeechResult", heard.speech))
        if heard.confidence is not None:
            extra.append(("Confidence", f"{heard.confidence:.8f}"))
    elif heard.digits is not None:
        extra.append(("Digits", heard.digits))
        if heard.finished_on_key is not None:
            extra.append(("FinishedOnKey", heard.finished_on_key))
    return extra


__all__ = ["Fetch", "Interpreter", "Rejected"]
