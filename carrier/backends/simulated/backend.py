"""The simulated network: customers by persona, agents by identity."""

from __future__ import annotations

from carrier.backends.protocol import Line, LineEvents, LineRequest
from carrier.backends.simulated.agent import AgentLeg, Desk
from carrier.backends.simulated.bridge import SimulatedBridge
from carrier.backends.simulated.customer import Customer
from carrier.backends.simulated.personas import Cast, Option, Persona, read_options
from carrier.backends.simulated.ring_backs import RingBacks
from carrier.backends.simulated.sound import wav
from carrier.core.timeline import Timeline

EVERYBODY = "*"  # assigned to, whoever has no persona of their own choosing is like this


class SimulatedBackend:
    """Makes lines. ``assigned`` numbers have a persona of their own choosing.

    ``scripts`` say what the party of a call does at its next turns, by SID; ``next_scripts`` are
    for the next call with a number. ``ring_backs`` is None where nobody rings back.
    """

    def __init__(self, cast: Cast, seed: str) -> None:
        self.cast = cast
        self.seed = seed
        self.ring_backs: RingBacks | None = None
        self.scripts: dict[str, list[Option]] = {}
        self.next_scripts: dict[str, list[Option]] = {}
        self.assigned: dict[str, str] = {}
        self.desks: dict[str, Desk] = {}

    def line(self, request: LineRequest, timeline: Timeline, events: LineEvents) -> Line:
        if request.to.startswith("client:"):
            return AgentLeg(request, self.desk(request.to), timeline, events)
        hour = timeline.now().astimezone(self.cast.zone).hour if self.cast.weights_by_hour else None
        script = self.next_scripts.pop(request.to, None)
        if script is not None:
            self.scripts[request.sid] = script
        return Customer(
            request,
            self.persona_of(request.to, hour),
            self.cast,
            self.seed,
            timeline,
            events,
            scripts=self.scripts,
            ring_backs=self.ring_backs,
        )

    def bridge(self, name: str) -> SimulatedBridge:
        return SimulatedBridge(name)

    def sound(self, seconds: float, channels: int) -> bytes:
        return wav(seconds, channels)

    def script(self, key: str, turns: object) -> None:
        """What a party does at its next turns: of a call by SID, or of a number's next call.

        ``turns`` is a list of options as a file of personas has them. ValueError if it is not.
        """
        options = read_options(turns)
        (self.scripts if key.startswith("CA") else self.next_scripts)[key] = options

    def close(self) -> None:
        """Nobody rings back any more."""
        if self.ring_backs is not None:
            self.ring_backs.clear()

    def reset(self) -> None:
        self.assigned.clear()
        self.scripts.clear()
        self.next_scripts.clear()
        self.close()
        for desk in self.desks.values():
            desk.unreachable = False

    def desk(self, address: str) -> Desk:
        """The desk of an identity, with or without ``client:`` and parameters."""
        identity = address.removeprefix("client:").partition("?")[0]
        return self.desks.setdefault(identity, Desk(identity))

    def persona_of(self, number: str, hour: int | None = None) -> Persona:
        """Who answers a number."""
        name = self.assigned.get(number) or self.assigned.get(EVERYBODY)
        if name is not None:
            return self.cast.personas[name]
        return self.cast.persona_of(self.seed, number, hour)

    def assign(self, numbers: dict[str, str]) -> None:
        """Give numbers personas; an empty name takes one back. ValueError for unknown ones."""
        for name in numbers.values():
            if name and name not in self.cast.personas:
                raise ValueError(f"no persona is called {name}")
        for number, name in numbers.items():
            if name:
                self.assigned[number] = name
            else:
                self.assigned.pop(number, None)
