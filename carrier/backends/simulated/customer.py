"""A simulated party on the telephone network.

Everything drawn is drawn from streams of this call alone, each for one purpose: what a person
answers to a line the second time they hear it does not hang on how often they were asked something
else, let alone on when our webhooks came in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING

from carrier.backends.protocol import (
    DetectionWanted,
    Dialed,
    Heard,
    LineEvents,
    LineRequest,
    Outcome,
)
from carrier.backends.simulated.personas import Cast, Option, Persona, draw
from carrier.backends.simulated.speech import misheard, prompt_seconds, prompt_text, seconds_of
from carrier.core.timeline import Item, Timeline
from carrier.core.verbs import Gather, Prompt

if TYPE_CHECKING:
    from carrier.backends.simulated.bridge import SimulatedBridge
    from carrier.backends.simulated.ring_backs import RingBacks

_END_SILENCE = 0.8  # how long an ``auto`` recogniser waits after the last word


class Customer:
    """One call's worth of a person (or of a machine, or of nobody)."""

    is_agent = False
    is_typed = False

    def __init__(
        self,
        request: LineRequest,
        persona: Persona,
        cast: Cast,
        seed: str,
        timeline: Timeline,
        events: LineEvents,
        *,
        scripts: dict[str, list[Option]],
        ring_backs: RingBacks | None,
    ) -> None:
        self.request = request
        self._scripts = scripts
        self._ring_backs = ring_backs
        self._cast = cast
        self._stream = f"{seed}|{request.to}|{request.nth}"
        self._timeline = timeline
        self._events = events
        persona = self._who(seed, persona)
        self.persona = persona
        self._answers_like = (
            cast.personas[draw(self._rng("becomes"), persona.becomes)]
            if persona.becomes
            else persona
        )
        self._ring = self._between("ring", persona.ring)
        self._patience = self._between("patience", persona.patience)
        self._instead = self._draw_instead()
        self._heard = ""
        self._turn = 0
        self._times: dict[str, int] = {}
        self._lasting: int | None = None
        self._waiting_since: float | None = None
        self._leaving: Item | None = None
        self._answered_at = 0.0
        self._talks = 0
        self._talk_items: list[Item] = []
        self._scripted = 0

    # drawing

    def _rng(self, *purpose: object) -> Random:
        return Random("|".join([self._stream, *(str(part) for part in purpose)]))

    def _between(self, purpose: object, bounds: tuple[float, float], *more: object) -> float:
        return round(self._rng(purpose, *more).uniform(*bounds), 2)

    def _who(self, seed: str, persona: Persona) -> Persona:
        """From the second call on somebody may pick up who did not the first time."""
        called_again = self.request.nth > 1 and not self.request.inbound
        if called_again and self._rng("again").random() < persona.again:
            return self._cast.living(seed, self.request.to)
        if self.request.inbound and persona.pickup != "answers":
            return self._cast.personas[self._cast.caller]
        return persona

    def _draw_instead(self) -> dict[int, int]:
        """Turn → which of the persona's ``instead`` happens then."""
        found: dict[int, int] = {}
        for index, item in enumerate(self.persona.instead):
            rng = self._rng("instead", index)
            turn = rng.randint(*item.turns)
            if rng.random() < item.chance:
                found.setdefault(turn, index)
        return found

    # the line

    async def dial(self, timeout: float, ringing: Callable[[], None]) -> Dialed:
        setup = self._between("setup", (0.5, 1.5))
        await self._timeline.spend(setup)
        match self.persona.pickup:
            case "failed":
                return Dialed(Outcome.FAILED, 404)
            case "busy":
                ringing()
                await self._timeline.spend(min(self._ring, timeout))
                return Dialed(Outcome.BUSY, 486)
        ringing()
        if self.persona.pickup == "no_answer" or self._ring > timeout:
            await self._timeline.spend(timeout)
            return Dialed(Outcome.NO_ANSWER, 487)
        await self._timeline.spend(self._ring)
        self.answered()
        return Dialed(Outcome.ANSWERED, 200)

    def answered(self) -> None:
        self._answered_at = self._timeline.t

    async def play(self, prompt: Prompt) -> None:
        self._heard += prompt_text(prompt)
        interruption = self._departure_while_listening()
        length = prompt_seconds(prompt)
        if interruption is not None and interruption < length:
            await self._timeline.spend(interruption)
            await self._go()
        await self._timeline.spend(length)

    async def gather(self, wanted: Gather, partial: Callable[[str], Awaitable[None]]) -> Heard:
        before = self._heard
        self._heard += "".join(prompt_text(prompt) for prompt in wanted.prompts)
        length = sum(prompt_seconds(p) * max(1, getattr(p, "loop", 1)) for p in wanted.prompts)
        option, key = self._decide(self._heard, length)
        if option is None or option.silent:
            return await self._keep_silent(length, wanted, partial)
        # whose words do not stop the prompt may speak over it, where somebody listens for that
        interrupts = option.after is not None and (wanted.barge_in or bool(wanted.partial_url))
        if option.after is not None and (interrupts or option.hang_up):
            moment = min(length, self._between("after", option.after, *key))
        else:
            moment = length + self._between("latency", self.persona.latency, *key)
        if moment > length + wanted.timeout:
            await self._timeline.spend(length + wanted.timeout)
            self._heard = before  # nothing was said to it: it is still what was last heard
            return Heard()
        await self._timeline.spend(moment)
        if option.hang_up:
            await self._go()
        left = 0.0 if wanted.barge_in else max(0.0, length - moment)
        return await self._answer(option, key, wanted, partial, left)

    async def record(self, max_length: float, silence: float, keys: str) -> tuple[float, str]:
        spoken = self._between("message", (2.0, 12.0))
        seconds = min(max_length, spoken + silence)
        await self._timeline.spend(seconds)
        return seconds, ""

    def detect_machine(self, wanted: DetectionWanted, verdict: Callable[[str, int], None]) -> None:
        kind = draw(self._rng("amd"), self.persona.amd)
        rng = self._rng("amd", "seconds")
        if kind == "human":
            after = rng.uniform(1.2, 3.2)
        elif kind == "unknown":
            after = wanted.timeout
        else:
            after = rng.uniform(2.6, 4.6)
            if kind == "machine_start" and wanted.to_the_end:
                after = seconds_of(self._greeting()) + rng.uniform(0.6, 1.4)
                kind = rng.choice(["machine_end_beep", "machine_end_beep", "machine_end_silence"])
        if after >= wanted.timeout:
            kind, after = "unknown", wanted.timeout
        after = round(after, 2)
        self._timeline.after(after, lambda: verdict(kind, round(after * 1000)))

    def missed(self) -> None:
        """Ring back after a while, if this person does and people here do at all."""
        if self._ring_backs is None or self.request.inbound:
            return
        if self._rng("rings_back").random() < self.persona.rings_back:
            after = self._between("rings_back_after", self.persona.rings_back_after)
            self._ring_backs.expect(self.request.to, self.request.from_, after)

    def hang_up(self) -> None:
        self._stop_talking()
        self._stop_waiting()
        self._scripts.pop(self.request.sid, None)

    # answering

    def _greeting(self) -> str:
        greetings = self.persona.greeting
        return self._rng("greeting").choice(greetings) if greetings else ""

    def _decide(self, heard: str, length: float) -> tuple[Option | None, tuple[object, ...]]:
        """What to do about what was heard, and the key of the streams for doing it."""
        script = self._scripts.get(self.request.sid)
        if script and heard:
            self._stop_waiting()
            self._turn += 1
            self._scripted += 1
            return script.pop(0), ("script", self._scripted)
        idea = self._cast.idea(heard)
        if self.persona.pickup == "machine":
            self._turn += 1
            if self._turn == 1 and self._greeting():
                return Option(say=(self._greeting(),), after=(0.3, 1.2)), ("machine",)
            return Option(silent=True), ("machine",)
        if idea == "waiting" or (not heard and self._waiting_since is not None):
            if self._waiting_since is None:
                self._begin_waiting()
            return None, ("waiting",)
        self._stop_waiting()
        if idea == "goodbye" or not heard:
            return Option(silent=True), (idea,)
        self._turn += 1
        times = self._times.get(idea, 0)
        self._times[idea] = times + 1
        index = self._lasting
        if index is None:
            index = self._instead.get(self._turn)
        if index is not None:
            item = self.persona.instead[index]
            if item.stays:
                self._lasting = index
            key = ("instead", index, self._turn)
            return self._pick(item.options, "instead", index), key
        source = self._answers_like
        options = source.answers.get(idea) or source.otherwise
        if not options:
            return Option(silent=True), (idea, times)
        return self._pick(options, idea, times), (idea, times)

    def _pick(self, options: tuple[Option, ...], *key: object) -> Option:
        weights = [option.weight * max(1, len(option.say)) ** 0.5 for option in options]
        return self._rng("option", *key).choices(options, weights)[0]

    async def _answer(
        self,
        option: Option,
        key: tuple[object, ...],
        wanted: Gather,
        partial: Callable[[str], Awaitable[None]],
        left: float = 0.0,
    ) -> Heard:
        """Press or speak; ``left`` seconds of the prompt go on meanwhile."""
        if option.digits and wanted.dtmf:
            return await self._press(option.digits, wanted)
        if not option.say or not wanted.speech:
            await self._timeline.spend(wanted.timeout)
            return Heard()
        words = self._rng("words", *key).choice(option.say)
        length = seconds_of(words)
        noise = self._rng("noise", *key)
        recognised = misheard(noise, words) if noise.random() < self.persona.noise else words
        confidence: float | None = round(noise.uniform(0.72, 0.97), 6)
        if noise.random() < self.persona.no_confidence:
            confidence = None
        await self._timeline.spend(length / 2)
        await partial(recognised[: max(1, len(recognised) // 2)])
        await self._timeline.spend(length / 2)
        await partial(recognised)
        await self._timeline.spend(max(0.0, left - length))
        end = _END_SILENCE if wanted.end_silence is None else wanted.end_silence
        await self._timeline.spend(end)
        self._heard = ""
        return Heard(speech=recognised, confidence=confidence)

    async def _press(self, digits: str, wanted: Gather) -> Heard:
        pressed = ""
        for digit in digits:
            await self._timeline.spend(0.4)
            if wanted.finish_on_key and digit in wanted.finish_on_key:
                self._heard = ""
                return Heard(digits=pressed, finished_on_key=digit)
            pressed += digit
            if wanted.num_digits and len(pressed) >= wanted.num_digits:
                self._heard = ""
                return Heard(digits=pressed)
        await self._timeline.spend(wanted.timeout)
        self._heard = ""
        return Heard(digits=pressed)

    async def _keep_silent(
        self, length: float, wanted: Gather, partial: Callable[[str], Awaitable[None]]
    ) -> Heard:
        """Say nothing, unless patience ends meanwhile and this person then speaks."""
        total = length + wanted.timeout
        until = self._patience_left()
        if until is not None and until < total and (wanted.speech or wanted.dtmf):
            option = self._pick(self.persona.impatient, "impatient")
            if not option.hang_up:
                await self._timeline.spend(max(0.0, until))
                self._stop_waiting()
                self._waiting_since = None
                return await self._answer(option, ("impatient",), wanted, partial)
        await self._timeline.spend(total)
        self._heard = ""
        return Heard()

    def _departure_while_listening(self) -> float | None:
        """Seconds after which this person hangs up during what is played outside a Gather."""
        index = self._lasting if self._lasting is not None else self._instead.get(self._turn + 1)
        if index is None:
            return None
        option = self._pick(self.persona.instead[index].options, "instead", index)
        if option.hang_up and option.after is not None:
            return self._between("after", option.after, "instead", index, self._turn + 1)
        return None

    async def _go(self) -> None:
        """Hang up; the core then ends what was running."""
        self._events.hung_up()
        await asyncio.get_running_loop().create_future()

    # waiting for a person

    def _begin_waiting(self) -> None:
        self._waiting_since = self._timeline.t
        option = self._pick(self.persona.impatient, "impatient")
        if option.hang_up:
            self._leaving = self._timeline.after(self._patience, self._events.hung_up)

    def _patience_left(self) -> float | None:
        if self._waiting_since is None:
            return None
        return self._waiting_since + self._patience - self._timeline.t

    def _stop_waiting(self) -> None:
        self._waiting_since = None
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    # with a person

    def bridged(self, bridge: SimulatedBridge) -> None:
        """Somebody else came or went: talk when there is a person to talk to."""
        others = [line for line in bridge.lines if line is not self]
        if not others:
            self._stop_talking()
        elif not self._talk_items:
            self._stop_waiting()
            self._talk(bridge)

    def unbridged(self) -> None:
        """Out of the room."""
        self._stop_talking()

    def caption(self, who: str, text: str) -> None:
        """What this person says to another, for the journal."""
        self._events.note("caption", who=who, text=text)

    def hear(self, bridge: SimulatedBridge, who: str, text: str) -> None:
        """Somebody in the room said something: answer it when a person typed it."""
        lines = self._cast.customer_lines
        if lines and any(line.is_agent and line.is_typed for line in bridge.lines):
            words = self._rng("reply", text).choice(lines)
            item = self._timeline.after(1.5, lambda: bridge.say(self, words))
            self._talk_items.append(item)

    def _talk(self, bridge: SimulatedBridge) -> None:
        self._talks += 1
        length = self._between("talk", self.persona.talk, self._talks)
        moment, turn = 1.0, 0
        customers, agents = self._cast.customer_lines, self._cast.agent_lines
        while moment < length and turn < max(len(customers), len(agents)):
            if turn < len(agents):
                self._speak(moment, bridge, agents[turn], agent=True)
            if turn < len(customers):
                self._speak(moment + 3.5, bridge, customers[turn], agent=False)
            moment += max(8.0, length / (max(len(customers), len(agents)) + 1))
            turn += 1
        self._talk_items.append(self._timeline.after(length, self._events.hung_up))

    def _speak(self, after: float, bridge: SimulatedBridge, text: str, *, agent: bool) -> None:
        def now() -> None:
            if agent:
                bridge.say_for_agents(text)
            elif not any(line.is_typed for line in bridge.lines):
                bridge.say(self, text)

        self._talk_items.append(self._timeline.after(after, now))

    def _stop_talking(self) -> None:
        for item in self._talk_items:
            item.cancel()
        self._talk_items.clear()
