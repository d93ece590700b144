"""A simulated room: who hears whom, and the captions of what is said."""

from __future__ import annotations

from typing import Protocol, cast

from carrier.backends.protocol import Line


class Party(Protocol):
    """Somebody in a room."""

    is_agent: bool
    is_typed: bool

    def bridged(self, bridge: SimulatedBridge) -> None:
        """Somebody came or went."""

    def unbridged(self) -> None:
        """This one is out of the room."""

    def hear(self, bridge: SimulatedBridge, who: str, text: str) -> None:
        """Another said something."""

    def caption(self, who: str, text: str) -> None:
        """This one said something."""


class SimulatedBridge:
    """Lines that hear each other; a muted one is not heard, a coach only by whom they coach."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[Party] = []
        self._muted: set[int] = set()
        self._coaches: dict[int, Line] = {}

    def add(self, line: Line) -> None:
        party = _party(line)
        if party not in self.lines:
            self.lines.append(party)
            self._tell()

    def remove(self, line: Line) -> None:
        party = _party(line)
        if party in self.lines:
            self.lines.remove(party)
            party.unbridged()
            self._tell()

    def mute(self, line: Line, muted: bool) -> None:
        (self._muted.add if muted else self._muted.discard)(id(line))

    def coach(self, line: Line, coached: Line | None) -> None:
        if coached is None:
            self._coaches.pop(id(line), None)
        else:
            self._coaches[id(line)] = coached

    def say(self, speaker: Party, text: str) -> None:
        """Somebody in the room says something."""
        if id(speaker) in self._muted or speaker not in self.lines:
            return
        who = "agent" if speaker.is_agent else "customer"
        speaker.caption(who, text)
        coached = self._coaches.get(id(speaker))
        for line in list(self.lines):
            if line is not speaker and (coached is None or id(line) == id(coached)):
                line.hear(self, who, text)

    def say_for_agents(self, text: str) -> None:
        """The next line of an agent for whom nobody types."""
        for line in self.lines:
            if line.is_agent and not line.is_typed:
                self.say(line, text)
                return

    def _tell(self) -> None:
        for line in list(self.lines):
            line.bridged(self)


def _party(line: Line) -> Party:
    return cast(Party, line)  # only lines of this backend come here
