"""Personas: how people pick up and what they answer, read from YAML.

A persona answers *ideas*: regular expressions over what the robot said since the person last spoke,
in the order of the file; the first that matches counts. An answer is a list of options; an option
says words, presses digits, stays silent or hangs up, with a weight. ``like`` takes over another
persona's answers; ``instead`` replaces the answer at a drawn turn. The format is described at the
head of ``carrier/personas.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import yaml

PICKUPS = ("answers", "busy", "no_answer", "failed", "machine")
DEFAULT_FILE = Path(__file__).resolve().parents[2] / "personas.yaml"


class PersonaError(Exception):
    """The file of personas cannot be used; the text says why and where."""


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer. ``after``: barge in so many seconds into what the robot says."""

    say: tuple[str, ...] = ()
    digits: str = ""
    silent: bool = False
    hang_up: bool = False
    after: tuple[float, float] | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Instead:
    """At a drawn turn another answer; ``stays`` keeps it up from then on."""

    turns: tuple[int, int]
    options: tuple[Option, ...]
    stays: bool = False
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class Persona:
    """One kind of person. Pairs are ranges to draw from, in seconds."""

    name: str
    pickup: str = "answers"
    ring: tuple[float, float] = (4.0, 18.0)
    latency: tuple[float, float] = (0.4, 1.5)
    noise: float = 0.04
    no_confidence: float = 0.05
    patience: tuple[float, float] = (40.0, 90.0)
    impatient: tuple[Option, ...] = (Option(hang_up=True),)
    talk: tuple[float, float] = (60.0, 150.0)
    amd: dict[str, float] = field(default_factory=lambda: {"human": 1.0})
    answers: dict[str, tuple[Option, ...]] = field(default_factory=dict)
    otherwise: tuple[Option, ...] = ()
    instead: tuple[Instead, ...] = ()
    becomes: dict[str, float] = field(default_factory=dict)
    again: float = 0.0
    greeting: tuple[str, ...] = ()
    rings_back: float = 0.0
    rings_back_after: tuple[float, float] = (120.0, 480.0)
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Cast:
    """Everything of a file: ideas in order, personas, endings of numbers, talk with agents."""

    ideas: tuple[tuple[str, re.Pattern[str]], ...]
    personas: dict[str, Persona]
    endings: dict[str, str]
    caller: str
    customer_lines: tuple[str, ...]
    agent_lines: tuple[str, ...]
    weights_by_hour: dict[int, dict[str, float]]
    zone: ZoneInfo

    def idea(self, heard: str) -> str:
        """The idea of what was heard, or an empty string."""
        return next((name for name, pattern in self.ideas if pattern.search(heard)), "")

    def persona_of(self, seed: str, number: str, hour: int | None = None) -> Persona:
        """Who answers this number: by its last four digits, else drawn from seed and number."""
        ending = self.endings.get(number[-4:])
        if ending is not None:
            return self.personas[ending]
        weights = {name: persona.weight for name, persona in self.personas.items()}
        if hour is not None and hour in self.weights_by_hour:
            weights.update(self.weights_by_hour[hour])
        return self.personas[draw(Random(f"{seed}|{number}"), weights)]

    def living(self, seed: str, number: str) -> Persona:
        """Who it is when somebody does pick up: drawn among those who answer."""
        weights = {n: p.weight for n, p in self.personas.items() if p.pickup == "answers"}
        return self.personas[draw(Random(f"{seed}|{number}|living"), weights)]


def draw(rng: Random, weights: dict[str, float]) -> str:
    """Draw a name by weight."""
    names = [name for name, weight in weights.items() if weight > 0]
    if not names:
        raise PersonaError("no persona has a weight")
    return rng.choices(names, [weights[name] for name in names])[0]


def load(path: Path | None = None) -> Cast:
    """Read a file of personas. Raises PersonaError naming what is wrong."""
    path = path or DEFAULT_FILE
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise PersonaError(f"{path.name}: {error}") from error
    if not isinstance(data, dict):
        raise PersonaError(f"{path.name}: not a mapping")
    try:
        return _Reader(data).cast()
    except PersonaError as error:
        raise PersonaError(f"{path.name}: {error}") from error
    except (TypeError, ValueError, KeyError, AttributeError, re.error) as error:
        raise PersonaError(f"{path.name}: {type(error).__name__} {error}") from error


def read_options(turns: object) -> list[Option]:
    """One option a turn, each as a file of personas has it, without phrases. ValueError if not."""
    if not isinstance(turns, list) or len(turns) > 100:
        raise ValueError("a script is a list of at most 100 turns")
    reader = _Reader({})
    found: list[Option] = []
    for turn in turns:
        if not isinstance(turn, str | dict):
            raise ValueError("a turn is words, or a mapping of say, digits, silent, hang_up, after")
        try:
            found += reader.options("script", [turn])
        except (PersonaError, TypeError, ValueError) as error:
            raise ValueError(str(error)) from error
    return found


class _Reader:
    """Turns the parsed file into a Cast."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._phrases: dict[str, list[str]] = data.get("phrases", {})
        self._personas: dict[str, Persona] = {}

    def cast(self) -> Cast:
        data = self._data
        ideas = tuple((name, re.compile(pattern)) for name, pattern in data["ideas"].items())
        for name in data["personas"]:
            self._persona(name, ())
        known = {name for name, _ in ideas}
        for persona in self._personas.values():
            for idea in persona.answers:
                if idea not in known:
                    raise PersonaError(f"{persona.name}: no idea is called {idea}")
            for other in persona.becomes:
                self._known(other)
        endings = {str(key): str(value) for key, value in data.get("endings", {}).items()}
        for other in endings.values():
            self._known(other)
        caller = str(data.get("caller", next(iter(self._personas))))
        self._known(caller)
        talk = data.get("talk", {})
        by_hour = {
            int(hour): {str(name): float(w) for name, w in weights.items()}
            for hour, weights in (data.get("weights_by_hour") or {}).items()
        }
        return Cast(
            ideas,
            self._personas,
            endings,
            caller,
            tuple(talk.get("customer", ())),
            tuple(talk.get("agent", ())),
            by_hour,
            ZoneInfo(str(data.get("time_zone", "Asia/Shanghai"))),
        )

    def _known(self, name: str) -> None:
        if name not in self._personas:
            raise PersonaError(f"no persona is called {name}")

    def _persona(self, name: str, above: tuple[str, ...]) -> Persona:
        if name in self._personas:
            return self._personas[name]
        if name in above:
            raise PersonaError(f"{name} is like itself")
        raw = self._data["personas"].get(name)
        if raw is None:
            raise PersonaError(f"no persona is called {name}")
        fields: dict[str, Any] = {}
        base = raw.get("like")
        if base is not None:
            parent = self._persona(base, (*above, name))
            fields = {key: getattr(parent, key) for key in Persona.__dataclass_fields__}
        fields |= {"name": name, "weight": float(self._data.get("weights", {}).get(name, 0))}
        for key, value in raw.items():
            fields[key] = self._field(name, key, value, fields)
        fields.pop("like", None)
        if fields.get("pickup", "answers") not in PICKUPS:
            raise PersonaError(f"{name}: pickup must be one of {', '.join(PICKUPS)}")
        persona = Persona(**fields)
        self._personas[name] = persona
        return persona

    def _field(self, name: str, key: str, value: Any, fields: dict[str, Any]) -> Any:
        match key:
            case "like" | "pickup":
                return value
            case "ring" | "latency" | "patience" | "talk" | "rings_back_after":
                return self._range(name, value)
            case "noise" | "no_confidence" | "again" | "rings_back":
                return float(value)
            case "amd" | "becomes":
                return {str(k): float(v) for k, v in value.items()}
            case "impatient" | "otherwise":
                return self.options(name, value)
            case "greeting":
                return tuple(self._words(name, value))
            case "answers":
                own = {idea: self.options(name, options) for idea, options in value.items()}
                return {**fields.get("answers", {}), **own}
            case "instead":
                return tuple(self._instead(name, item) for item in value)
        raise PersonaError(f"{name}: unknown key {key}")

    def _instead(self, name: str, raw: dict[str, Any]) -> Instead:
        low, high = raw["turns"]
        return Instead(
            (int(low), int(high)),
            self.options(name, raw["do"]),
            bool(raw.get("stays", False)),
            float(raw.get("chance", 1.0)),
        )

    def _range(self, name: str, value: Any) -> tuple[float, float]:
        low, high = value
        if not 0 <= low <= high:
            raise PersonaError(f"{name}: {value} is no range")
        return float(low), float(high)

    def options(self, name: str, value: Any) -> tuple[Option, ...]:
        """Read options: words, or mappings."""
        items = value if isinstance(value, list) else [value]
        plain = [item for item in items if isinstance(item, str)]
        found = [self._option(name, item) for item in items if not isinstance(item, str)]
        if plain:
            found.insert(0, Option(say=tuple(self._words(name, plain))))
        if not found:
            raise PersonaError(f"{name}: an answer without options")
        return tuple(found)

    def _option(self, name: str, raw: dict[str, Any]) -> Option:
        unknown = set(raw) - {"say", "digits", "silent", "hang_up", "after", "weight"}
        if unknown:
            raise PersonaError(f"{name}: unknown {', '.join(sorted(unknown))}")
        return Option(
            say=tuple(self._words(name, raw.get("say", []))),
            digits=str(raw.get("digits", "")),
            silent=bool(raw.get("silent", False)),
            hang_up=bool(raw.get("hang_up", False)),
            after=self._range(name, raw["after"]) if "after" in raw else None,
            weight=float(raw.get("weight", 1)),
        )

    def _words(self, name: str, value: Any) -> list[str]:
        found: list[str] = []
        for item in value if isinstance(value, list) else [value]:
            text = str(item)
            if text.startswith("@"):
                if text[1:] not in self._phrases:
                    raise PersonaError(f"{name}: no phrases are called {text[1:]}")
                found += [str(phrase) for phrase in self._phrases[text[1:]]]
            else:
                found.append(text)
        return found
