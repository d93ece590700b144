"""The simulated network: customers by persona, agents by identity."""

from __future__ import annotations

from carrier.backends.protocol import Line, LineEvents, LineRequest
from carrier.backends.simulated.agent import AgentLeg, Desk
from carrier.backends.simulated.bridge import SimulatedBridge
from carrier.backends.simulated.customer import Customer
from carrier.backends.simulated.personas import Cast, Persona
from carrier.core.timeline import Timeline


class SimulatedBackend:
    """Makes lines. ``assigned`` numbers have a persona of their own choosing."""

    def __init__(self, cast: Cast, seed: str) -> None:
        self.cast = cast
        self.seed = seed
        self.assigned: dict[str, str] = {}
        self.desks: dict[str, Desk] = {}

    def line(self, request: LineRequest, timeline: Timeline, events: LineEvents) -> Line:
        if request.to.startswith("client:"):
            return AgentLeg(request, self.desk(request.to), timeline, events)
        persona = self.persona_of(request.to, timeline.now().astimezone(self.cast.zone).hour)
        return Customer(request, persona, self.cast, self.seed, timeline, events)

    def bridge(self, name: str) -> SimulatedBridge:
        return SimulatedBridge(name)

    def reset(self) -> None:
        self.assigned.clear()
        for desk in self.desks.values():
            desk.unreachable = False

    def desk(self, address: str) -> Desk:
        """The desk of an identity, with or without ``client:`` and parameters."""
        identity = address.removeprefix("client:").partition("?")[0]
        return self.desks.setdefault(identity, Desk(identity))

    def persona_of(self, number: str, hour: int | None = None) -> Persona:
        """Who answers a number."""
        name = self.assigned.get(number)
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
