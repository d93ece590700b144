"""The exchange: every call, conference and recording, and the operations REST offers on them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from carrier.backends.protocol import Backend
from carrier.config import Settings
from carrier.core.call_state import FIRST_STATE, CallState
from carrier.core.calls import Call, Callback, CallOptions, Fetch, Join, Link, Source
from carrier.core.clock import Clock
from carrier.core.conferences import CannotJoin, Conference, Conferences, Membership
from carrier.core.faults import Faults
from carrier.core.ids import sid
from carrier.core.media import Media
from carrier.core.notices import Notices
from carrier.core.rate import DialQueue
from carrier.core.recordings import Recordings
from carrier.core.runner import CallRunner
from carrier.core.verbs import ConferenceNoun, Dial, PartyNoun
from carrier.journal import Journal
from carrier.webhooks import Sender

log = logging.getLogger("carrier")


class TooMany(Exception):
    """As many calls are live as the account may have (429, 20429)."""


class NotLive(Exception):
    """The call has ended, or is not yet answered (21220)."""


class Exchange:
    """Holds what is going on. ``public_url`` is where REST is reached, for media links."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        backend: Backend,
        sender: Sender,
        journal: Journal,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.backend = backend
        self.journal = journal
        self.faults = Faults(settings.seed)
        self.notices = Notices(settings, sender, journal, clock, self.faults)
        self.media = Media(sender)
        self.conferences = Conferences(settings, clock, backend, self.notices, journal)
        self.recordings = Recordings(self)
        self.conferences.on_start = self.recordings.begin_conference
        self.conferences.on_end = self.recordings.finish_of
        self.queue = DialQueue(clock, settings.cps)
        self.calls: dict[str, Call] = {}
        self.public_url = ""
        self._by_to: dict[str, list[Call]] = {}
        self._live: set[str] = set()
        self._nth: dict[str, int] = {}

    @property
    def live(self) -> int:
        """Calls that have not ended."""
        return len(self._live)

    def to(self, number: str) -> list[Call]:
        """Calls to a number, oldest first."""
        return self._by_to.get(number, [])

    def create(self, options: CallOptions) -> Call:
        """Accept a call; it is dialled in its turn. Raises TooMany."""
        if self.live >= self.settings.max_calls:
            raise TooMany
        call = self._register(options, self.clock.now())
        self._begin(call)
        return call

    def add_participant(
        self, conference: Conference, options: CallOptions, noun: ConferenceNoun
    ) -> Membership:
        """Accept a call that goes into a conference. Raises TooMany, CannotJoin."""
        if self.live >= self.settings.max_calls:
            raise TooMany
        if noun.label and conference.find(noun.label) is not None:
            raise CannotJoin(16025, "a participant with this label is in the conference")
        if len(conference.members) >= noun.max_participants:
            raise CannotJoin(16001, "the conference is full")
        options.source = Join(conference.sid, noun)
        call = self._register(options, self.clock.now())
        member = self.conferences.expect(conference, call, noun)
        self._begin(call)
        return member

    def receive(self, from_: str, to: str, source: Source, status: Callback | None) -> Call:
        """A party calls in. Raises TooMany."""
        if self.live >= self.settings.max_calls:
            raise TooMany
        options = CallOptions(to, from_, source, status=status, direction="inbound")
        call = self._register(options, self.clock.now())
        self._begin(call)
        return call

    def incoming(self, from_: str, to: str) -> Call | None:
        """The network brings a call to one of our numbers; None when it cannot be taken."""
        settings = self.settings
        status = None
        if settings.inbound_status_url:
            events = frozenset({"completed"})
            status = Callback(settings.inbound_status_url, "POST", events)
        try:
            if not settings.inbound_url:
                raise NotLive
            return self.receive(from_, to, Fetch(settings.inbound_url), status)
        except (TooMany, NotLive):
            self.journal.write("warning", to=to, from_=from_, why="an incoming call was refused")
            return None

    def reseed(self, seed: str) -> None:
        """Draw everything to come from another seed."""
        self.settings.seed = seed
        self.faults.seed = seed

    def dial_out(
        self, parent: CallRunner, party: PartyNoun, verb: Dial, resolve: Callable[[str], str | None]
    ) -> CallRunner | None:
        """Ring a party for ``<Dial>``; None when the account may have no more calls."""
        if self.live >= self.settings.max_calls or not party.to:
            return None
        url = resolve(party.url) if party.url else None
        status = resolve(party.status_callback) if party.status_callback else None
        options = CallOptions(
            party.to,
            verb.caller_id or parent.call.from_,
            Link(parent, Fetch(url, party.method) if url else None),
            status=Callback(
                status, party.status_method, frozenset(party.status_events or ("completed",))
            )
            if status
            else None,
            timeout=verb.timeout,
            direction="outbound-dial",
            parent_sid=parent.call.sid,
            parameters=party.parameters,
        )
        call = self._register(options, parent.now())
        self._begin(call)
        return call.runner

    def finish(self, call: Call) -> None:
        """``Status=completed``. Raises NotLive."""
        if call.over or call.runner is None:
            raise NotLive
        call.runner.finish()

    def cancel(self, call: Call) -> None:
        """``Status=canceled``: queued and ringing calls only, others go on. Raises NotLive."""
        if call.over or call.runner is None:
            raise NotLive
        if call.state is not CallState.IN_PROGRESS:
            call.runner.finish()

    def redirect(self, call: Call, source: Source) -> None:
        """Interrupt what is running for another document. Raises NotLive."""
        if call.state is not CallState.IN_PROGRESS or call.runner is None:
            raise NotLive
        call.runner.run(source)

    def settled(self, call: Call) -> None:
        """A call has ended: let go of what only a live one needs."""
        call.runner = None
        call.membership = None
        call.cookies = {}
        self._live.discard(call.sid)

    async def settle(self, call: Call) -> None:
        """Let an order take effect before it is answered for."""
        for _ in range(8):
            if call.over:
                return
            await asyncio.sleep(0)

    def forget(self, call: Call) -> None:
        """Delete a call that has ended; its number still counts it."""
        self.calls.pop(call.sid, None)
        self._by_to.get(call.to, []).remove(call)

    def restore(self, call: Call) -> None:
        """Take in a call of an earlier run, already ended."""
        self.calls[call.sid] = call
        self._by_to.setdefault(call.to, []).append(call)
        key = self._counted(call.options)
        self._nth[key] = max(self._nth.get(key, 0), call.nth)

    def reset(self) -> None:
        """Forget everything, without telling anybody."""
        for key in list(self._live):
            runner = self.calls[key].runner
            if runner is not None:
                runner.kill()
        self.calls.clear()
        self._by_to.clear()
        self._nth.clear()
        self.conferences.reset()
        self.recordings.reset()
        self.faults.clear()
        self.backend.reset()

    async def close(self) -> None:
        """Stop all calls where they are."""
        for key in list(self._live):
            runner = self.calls[key].runner if key in self.calls else None
            if runner is not None:
                runner.kill()
        await asyncio.sleep(0)
        await self.notices.close()

    def _counted(self, options: CallOptions) -> str:
        return f"from:{options.from_}" if options.direction == "inbound" else options.to

    def _register(self, options: CallOptions, now: datetime) -> Call:
        entered = self.clock.elapsed()
        key = self._counted(options)
        nth = self._nth.get(key, 0) + 1
        self._nth[key] = nth
        state = FIRST_STATE.get(options.direction, CallState.QUEUED)
        key_ = sid("CA", self.settings.seed, key, nth)
        call = Call(key_, options, nth, now, entered, now, state)
        self.calls[call.sid] = call
        self._by_to.setdefault(call.to, []).append(call)
        self._live.add(call.sid)
        call.runner = CallRunner(self, call)
        return call

    def _begin(self, call: Call) -> None:
        if call.runner is not None:
            call.runner.start()
