"""A script as a picture: its nodes and ways, and what an answer really leads to at each node.

Safety, globals and the customer's own questions hold everywhere. Drawn as arrows they would hide
the dialogue, so they stand beside the picture, once; what they mean at one node is its *effective
table*: every intent with the layer that answers and where it leads, in the engine's order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from robot.domain.intents.catalogue import LABELS, SAFETY, UNCLEAR, Intent
from robot.domain.script import NO_MATCH, Node, Script


@dataclass(frozen=True, slots=True)
class Drawn:
    """One node: `line` is what is said first, `listens` whether an answer is awaited."""

    name: str
    kind: str
    line: str
    tags: tuple[str, ...]
    end: str
    effects: tuple[str, ...]
    listens: bool


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow: every answer of `whys` leads from `source` to `target`."""

    source: str
    target: str
    whys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effective:
    """What one intent does at one node. `layer` is safety, next, faq, globals or no_match."""

    intent: str
    layer: str
    target: str


def picture(script: Script) -> dict[str, Any]:
    """Nodes, arrows of the nodes' own `next`, and the layers that hold everywhere. Plain JSON."""
    return {
        "start": script.start,
        "nodes": [asdict(_drawn(name, node)) for name, node in script.nodes.items()],
        "ways": [asdict(way) for way in ways(script)],
        "safety": dict(script.safety),
        "globals": dict(script.globals),
        "faq": {name: faq.then for name, faq in script.faq.items()},
        "no_input": script.no_input.then,
        "no_match": script.no_match.then,
        "limit": script.over(),
        "effective": {
            name: [asdict(row) for row in effective(script, name)]
            for name, node in script.nodes.items()
            if node.listens
        },
    }


def ways(script: Script) -> list[Way]:
    """The arrows between existing nodes, in the order of the document; those alike in one."""
    found = []
    for name, node in script.nodes.items():
        whys: dict[str, list[str]] = {}
        for why, target in node.next.items():
            if target in script.nodes:
                whys.setdefault(target, []).append(why)
        found += [Way(name, target, tuple(answers)) for target, answers in whys.items()]
    return found


def effective(script: Script, name: str) -> list[Effective]:
    """Every intent with what it does at this node (an answer that fills a slot comes before)."""
    return [_effective(script, script.nodes[name], intent) for intent in (*LABELS, UNCLEAR)]


def _effective(script: Script, node: Node, intent: str) -> Effective:
    if intent in SAFETY:
        target = script.safety.get(intent) or script.safety.get(Intent.OPT_OUT) or script.over()
        return Effective(intent, "safety", target)
    if intent in node.next:
        return Effective(intent, "next", node.next[intent])
    if intent in script.faq:
        return Effective(intent, "faq", script.faq[intent].then)
    if intent in script.globals:
        return Effective(intent, "globals", script.globals[intent])
    return Effective(intent, "no_match", node.next.get("*", NO_MATCH))


def _drawn(name: str, node: Node) -> Drawn:
    return Drawn(
        name=name,
        kind=node.kind,
        line=node.say or "",
        tags=tuple(sorted(node.tags)),
        end=node.end or "",
        effects=node.effects,
        listens=node.listens,
    )
