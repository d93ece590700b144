"""Bots that play agents through the desk's own HTTP endpoints, as browsers do.

Each bot signs in on the sandbox page, says it is ready, pings every 3 s (real), hears the pushed
events, accepts at once, and writes up each talk after some simulated seconds. What comes of a talk
depends on the seed and the customer alone, so a run can be repeated.

Events are doorbells: the state behind them is fetched where it matters. Only the accept does not
wait for that, because an offer may last a fifth of a second at high speed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import aiohttp
from yarl import URL

log = logging.getLogger(__name__)

PING_EVERY_S = 3.0
#: The stream sends a comment every 5 s; a longer silence means that it is dead.
STREAM_SILENCE_S = 16.0
ANSWER_WITHIN_S = 20.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
#: Simulated seconds of writing up.
WRITING_UP_S = (4.0, 15.0)
#: What talks lead to, per hundred.
DISPOSITIONS = {
    "sold": 28,
    "interested_later": 22,
    "callback": 14,
    "not_interested": 28,
    "opt_out": 4,
    "complaint": 1,
    "wrong_number": 3,
}
_ACCEPTABLE = ("reserved", "offered")


class NoSuchAgent(Exception):
    """The sandbox knows nobody of this name."""


class SignedOut(Exception):
    """The session is gone (the server was restarted with another database, or somebody else's)."""


@dataclass
class AgentBot:
    """One agent. `done` counts accepts, talks written up, and offers that were gone."""

    username: str
    base_url: str
    seed: str
    http: aiohttp.ClientSession
    done: Counter[str] = field(default_factory=Counter)
    speed: float = 1.0
    _writing: set[str] = field(default_factory=set)
    #: hand-over and state of the pushes already answered: an accept is pushed back as an event
    _answered: set[tuple[str, str]] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def work(self) -> None:
        """Play until cancelled; every kind of trouble with the server is waited out.

        Raises NoSuchAgent.
        """
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._sign_in()
                wait = FIRST_WAIT_S
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep_pinging())
                    group.create_task(self._keep_listening())
            except* (aiohttp.ClientError, TimeoutError, OSError, SignedOut) as trouble:
                log.info("%s: %s; again in %.1f s", self.username, trouble.exceptions[0], wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def leave(self) -> None:
        """Stop what is under way and sign off politely."""
        for task in self._tasks:
            task.cancel()
        with suppress(aiohttp.ClientError, TimeoutError, OSError, SignedOut):
            await self._post("/desk/presence/", {"state": "offline"})

    # --- the session -----------------------------------------------------------------------------

    async def _sign_in(self) -> None:
        async with self.http.get(f"{self.base_url}/sandbox/") as answer:
            answer.raise_for_status()
        fields = {"user": self.username}
        async with self._posting("/sandbox/sign-in/", fields) as answer:
            if answer.status == 404:
                raise NoSuchAgent(self.username)
            answer.raise_for_status()
        await self._read_clock()
        await self._act(await self._get("/desk/state/"))

    async def _read_clock(self) -> None:
        facts = await self._get("/sandbox/clock/")
        self.speed = facts["anchors"]["speed"] if facts["anchors"] else 1.0

    async def _keep_pinging(self) -> None:
        """The sign of life; it also notices what a lost push did not tell."""
        while True:
            answer = await self._post("/desk/ping/")
            if answer.get("state") in ("offline", "break", "reserved", "wrap_up"):
                await self._act(await self._get("/desk/state/"))
            await self._read_clock()
            await asyncio.sleep(PING_EVERY_S)

    async def _keep_listening(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            ticket = await self._get("/live-ticket/")
            try:
                async for event, data in self._stream(ticket["url"]):
                    wait = FIRST_WAIT_S
                    self._hear(event, data)
            except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
                log.info("%s: the stream broke (%s)", self.username, type(trouble).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _stream(self, url: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        limits = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=STREAM_SILENCE_S)
        async with self.http.get(url, timeout=limits) as answer:
            answer.raise_for_status()
            event = ""
            async for raw in answer.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield event, json.loads(line.removeprefix("data: "))

    # --- the work --------------------------------------------------------------------------------

    def _hear(self, event: str, data: dict[str, Any]) -> None:
        """React without waiting: the stream must be read on."""
        if event in ("offer", "transfer") and data.get("state") in _ACCEPTABLE:
            offer = (data["id"], data["state"])
            if offer not in self._answered:
                self._answered.add(offer)
                self._begin(self._accept(data["id"]))
        elif event in ("open", "transfer") or _wants_ready(data.get("agent")):
            self._begin(self._look())

    async def _look(self) -> None:
        await self._act(await self._get("/desk/state/"))

    async def _act(self, state: dict[str, Any]) -> None:
        """Do what the desk's state asks for; harmless when done twice."""
        transfer = state.get("transfer")
        if transfer is None:
            self._answered.clear()
            if _wants_ready(state["agent"]):
                await self._post("/desk/presence/", {"state": "ready"})
        elif transfer["state"] in _ACCEPTABLE and not transfer["accepted_early"]:
            await self._accept(transfer["id"])
        elif transfer["state"] == "wrap_up" and transfer["id"] not in self._writing:
            self._writing.add(transfer["id"])
            self._begin(self._wrap_up(transfer))

    async def _accept(self, transfer_id: str) -> None:
        answer = await self._post(f"/desk/transfers/{transfer_id}/accept/")
        self.done[answer.get("answer", "gone")] += 1

    async def _wrap_up(self, transfer: dict[str, Any]) -> None:
        try:
            decided = disposition_of(self.seed, transfer["customer"]["key"])
            await asyncio.sleep(decided.seconds / self.speed)
            fields = {"disposition": decided.disposition, "note": ""}
            if decided.disposition == "callback":
                now = (await self._get("/desk/state/"))["now"]
                later = datetime.fromisoformat(now) + timedelta(hours=decided.callback_hours)
                fields["callback_at"] = later.isoformat()
            answer = await self._post(f"/desk/transfers/{transfer['id']}/wrap-up/", fields)
            if "error" in answer and decided.disposition == "callback":
                # nobody may promise a call for after the campaign's end: then it is for some time
                fields = {"disposition": "interested_later", "note": ""}
                answer = await self._post(f"/desk/transfers/{transfer['id']}/wrap-up/", fields)
            if "error" in answer:
                log.warning("%s: a write-up was refused: %s", self.username, answer["error"])
            else:
                self.done["wrapped_up"] += 1
                await self._act(answer)
        finally:
            self._writing.discard(transfer["id"])

    def _begin(self, doing: Any) -> None:
        """Run beside the stream; trouble ends it quietly, the next ping looks again."""

        async def guarded() -> None:
            with suppress(aiohttp.ClientError, TimeoutError, OSError, SignedOut):
                await doing

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- requests --------------------------------------------------------------------------------

    async def _get(self, path: str) -> dict[str, Any]:
        limits = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with self.http.get(
            f"{self.base_url}{path}", allow_redirects=False, timeout=limits
        ) as answer:
            return await self._content(answer)

    async def _post(self, path: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
        async with self._posting(path, fields or {}) as answer:
            return await self._content(answer)

    def _posting(self, path: str, fields: dict[str, str]) -> Any:
        cookies = self.http.cookie_jar.filter_cookies(URL(self.base_url))
        token = cookies["csrftoken"].value if "csrftoken" in cookies else ""
        return self.http.post(
            f"{self.base_url}{path}",
            data=fields,
            headers={"X-CSRFToken": token, "Accept": "application/json"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
        )

    @staticmethod
    async def _content(answer: aiohttp.ClientResponse) -> dict[str, Any]:
        """The JSON of an answer, or of a refusal (400, 409), or {} for what is not ours (404)."""
        if answer.status in (301, 302, 403):
            raise SignedOut
        if answer.status == 404:
            return {}
        if answer.status not in (400, 409):
            answer.raise_for_status()
        content: dict[str, Any] = await answer.json()
        return content


@dataclass(frozen=True, slots=True)
class Decided:
    """How a talk with a customer ends, and how long (simulated) it takes to write that up."""

    disposition: str
    seconds: float
    callback_hours: int


def disposition_of(seed: str, customer_key: object) -> Decided:
    """The same for the same seed and customer, whoever takes the call and whenever."""
    stream = Random(f"{seed}|{customer_key}")
    names, weights = list(DISPOSITIONS), list(DISPOSITIONS.values())
    return Decided(
        disposition=stream.choices(names, weights)[0],
        seconds=stream.uniform(*WRITING_UP_S),
        callback_hours=stream.randint(18, 30),
    )


def _wants_ready(agent: dict[str, Any] | None) -> bool:
    return agent is not None and agent["state"] in ("offline", "break", "wrap_up")


async def play(*, base_url: str, usernames: list[str], seed: str) -> Counter[str]:
    """Play these agents until cancelled; returns what they did. Raises NoSuchAgent."""
    sessions = [
        # a jar of its own for each browser; `unsafe` because addresses may be bare numbers
        aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={"Referer": f"{base_url}/", "Accept-Language": "en"},
        )
        for _ in usernames
    ]
    bots = [
        AgentBot(username, base_url.rstrip("/"), seed, session)
        for username, session in zip(usernames, sessions, strict=True)
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for bot in bots:
                group.create_task(bot.work())
    except asyncio.CancelledError:
        await asyncio.gather(*(bot.leave() for bot in bots))
    except BaseExceptionGroup as group:
        unknown, _ = group.split(NoSuchAgent)
        if unknown is None:
            raise
        raise NoSuchAgent(*unknown.exceptions[0].args) from None
    finally:
        await asyncio.gather(*(session.close() for session in sessions))
    return sum((bot.done for bot in bots), Counter())
