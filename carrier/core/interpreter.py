"""Runs TwiML on one call: fetches documents, does what their verbs say, follows where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from carrier.backends.protocol import Heard
from carrier.core.call_state import CallState
from carrier.core.calls import Callback, Inline, Join, Link, Source
from carrier.core.dialing import Dialing
from carrier.core.flow import Goto, Over, Rejected
from carrier.core.notices import base_params
from carrier.core.twiml import Document, DocumentError, parse
from carrier.core.verbs import (
    Dial,
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
)
from carrier.webhooks import Answer, fields, is_web_url

if TYPE_CHECKING:
    from carrier.core.runner import CallRunner

_XML = {"text/xml", "application/xml", "text/html"}


class Interpreter:
    """One run: from a source to its last document."""

    def __init__(self, runner: CallRunner) -> None:
        self.runner = runner
        self._call = runner.call
        self._exchange = runner.exchange
        self._base = ""  # the running document's URL; relative URLs are resolved against it
        self._documents = 0
        self._dialing = Dialing(self)

    async def run(self, source: Source) -> Rejected | None:
        """Run to the end of the last document. Cancelling it stops it where it is."""
        try:
            if isinstance(source, Join):
                await self._dialing.participate(source)
                return None
            if isinstance(source, Link):
                await self._dialing.be_linked(source)
                return None
            following: Goto | None = None
            document: Document
            if isinstance(source, Inline):
                document = self._read(source.twiml)
            else:
                document = await self.fetch(Goto(source.url, source.method))
            while True:
                outcome = await self._execute(document)
                if isinstance(outcome, Rejected):
                    return outcome
                following = outcome
                if following is None:
                    return None
                document = await self.fetch(following)
        except Over:
            return None

    # documents

    def _read(self, text: str) -> Document:
        try:
            document = parse(text)
        except DocumentError as error:
            self.warn(error.code, str(error))
            raise Over from error
        self._warnings(document)
        return document

    async def fetch(self, goto: Goto) -> Document:
        """Fetch a document; on failure the fallback URL, and after that the end of the call."""
        self._documents += 1
        if self._documents > self._exchange.settings.max_documents:
            self.warn(11200, "too many documents in one call")
            raise Over
        _, code, document = await self._try(goto)
        if document is not None:
            return document
        self.warn(code, "the document cannot be used")
        fallback = self._call.options.fallback
        if fallback is not None:
            extra = (("ErrorCode", str(code)), ("ErrorUrl", goto.url))
            _, code, document = await self._try(Goto(fallback.url, fallback.method, extra))
            if document is not None:
                return document
            self.warn(code, "nor can the fallback")
        self.runner.pick_up()
        await self.play(Say("We are sorry, an application error has occurred. Goodbye."))
        raise Over

    async def _try(self, goto: Goto) -> tuple[Answer, int, Document | None]:
        params = base_params(self._call, self._exchange.settings.account_sid)
        if self._call.answered_by:
            params += [("AnsweredBy", self._call.answered_by)]
        params += list(goto.extra)
        answer = await self._exchange.notices.fetch(self._call, goto.url, goto.method, params)
        await self.runner.timeline.skip(self._exchange.settings.fetch_seconds)
        if not answer.ok:
            return answer, answer.error, None
        try:
            document = self.understand(answer)
        except DocumentError as error:
            return answer, error.code, None
        self._base = goto.url
        self._warnings(document)
        return answer, 0, document

    def understand(self, answer: Answer) -> Document:
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
            self.warn(code, why)

    def warn(self, code: int, why: str) -> None:
        self.runner.journal("warning", code=code, why=why)

    def resolve(self, url: str) -> str | None:
        """A URL of the document, absolute; None with a warning when it leads nowhere."""
        target = urljoin(self._base, url) if self._base else url
        if is_web_url(target):
            return target
        self.warn(11100, "a URL of the document is not valid")
        return None

    # verbs

    async def _execute(self, document: Document) -> Goto | Rejected | None:
        for verb in document.verbs:
            if self._call.state is CallState.RINGING:
                if isinstance(verb, Reject):
                    return Rejected(verb.reason == "busy")
                self.runner.pick_up()
            outcome = await self._perform(verb)
            if outcome is not None:
                return outcome
        self.runner.pick_up()
        return None

    async def _perform(self, verb: Verb) -> Goto | None:
        match verb:
            case Say() | Play() | Pause():
                await self.play(verb)
                return None
            case Gather():
                return await self.gather(verb)
            case Dial():
                return await self._dialing.dial(verb)
            case Record():
                return await self._record(verb)
            case Redirect():
                return self._redirect(verb)
            case Hangup() | Reject():
                raise Over

    async def play(self, prompt: Prompt) -> None:
        prompt = await self._opened(prompt)
        loops = getattr(prompt, "loop", 1)
        for _ in range(loops if loops else 1000):
            self.said(prompt)
            await self.runner.line.play(prompt)

    def said(self, prompt: Prompt) -> None:
        if isinstance(prompt, Say) and prompt.text:
            self.runner.journal("said", text=prompt.text)
        elif isinstance(prompt, Play) and prompt.url:
            self.runner.journal("said", play=prompt.url, text=prompt.words or None)

    async def _opened(self, prompt: Prompt) -> Prompt:
        """A file to be played, with what can be heard in it."""
        if not isinstance(prompt, Play) or not prompt.url:
            return prompt
        url = self.resolve(prompt.url)
        opened = await self._exchange.media.opened(prompt, url) if url else None
        if opened is None:
            self.warn(11200, "a file to be played cannot be had")
            return replace(prompt, seconds=0.0)
        return opened

    def _redirect(self, verb: Redirect) -> Goto:
        url = self.resolve(verb.url) if verb.url else self._base
        if not url:
            raise Over
        return Goto(url, verb.method)

    def follow(self, action: str | None, method: str, extra: Sequence[tuple[str, object]]) -> Goto:
        url = self.resolve(action) if action else self._base
        if not url:
            raise Over
        return Goto(url, method, tuple(fields(extra)))

    async def gather(self, verb: Gather) -> Goto | None:
        verb = replace(verb, prompts=tuple([await self._opened(each) for each in verb.prompts]))
        for prompt in verb.prompts:
            self.said(prompt)
        sequence = 0

        async def partial(words: str) -> None:
            nonlocal sequence
            url = self.resolve(verb.partial_url) if verb.partial_url else None
            if url:
                callback = Callback(url, verb.partial_method)
                number, sequence = sequence, sequence + 1
                await self._exchange.notices.partial(self._call, callback, words, number)

        heard = await self.runner.line.gather(verb, partial)
        self.runner.journal(
            "heard",
            speech=heard.speech,
            digits=heard.digits,
            confidence=heard.confidence,
            silence=True if heard.speech is None and heard.digits is None else None,
        )
        extra = _gathered(heard)
        if not extra and not verb.action_on_empty:
            return None
        return self.follow(verb.action, verb.method, extra)

    async def _record(self, verb: Record) -> Goto | None:
        url = self.resolve(verb.status_callback) if verb.status_callback else None
        events = frozenset(verb.status_events or ("completed",))
        recording = self._exchange.recordings.begin(
            self._call,
            source="RecordVerb",
            callback=Callback(url, verb.status_method, events) if url else None,
        )
        seconds, ended_by = await self.runner.line.record(
            verb.max_length, verb.timeout, verb.finish_on_key
        )
        self._exchange.recordings.finish(recording, seconds)
        if seconds <= 0:
            return None
        extra: list[tuple[str, object]] = [
            ("RecordingUrl", self._exchange.recordings.url(recording)),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", round(seconds)),
        ]
        if ended_by:
            extra.append(("Digits", ended_by))
        return self.follow(verb.action, verb.method, extra)


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
