"""The script as a graph: every way from one node to the next, and what is known along it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from robot.domain.intents.catalogue import SUSPECTED_OPT_OUT
from robot.domain.script import NO_MATCH, Node, Script


@dataclass(frozen=True, slots=True)
class Edge:
    """`why` is the intent or result that takes it, `layer` the layer that it belongs to."""

    source: str
    target: str
    why: str
    layer: str


class Graph:
    """Only edges between nodes that exist (V1 names the others)."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.nodes = script.nodes
        self.edges = [
            edge
            for name, node in script.nodes.items()
            for edge in _edges(script, name, node)
            if edge.target in script.nodes
        ]
        self.out: dict[str, list[Edge]] = {name: [] for name in script.nodes}
        self.into: dict[str, list[Edge]] = {name: [] for name in script.nodes}
        for edge in self.edges:
            self.out[edge.source].append(edge)
            self.into[edge.target].append(edge)

    def reachable(
        self, starts: Iterable[str], allowed: Callable[[Edge], bool] = lambda edge: True
    ) -> dict[str, tuple[str, ...]]:
        """Every node that can be reached, with the shortest path to it."""
        paths: dict[str, tuple[str, ...]] = {name: (name,) for name in starts if name in self.nodes}
        waiting = deque(paths)
        while waiting:
            name = waiting.popleft()
            for edge in self.out[name]:
                if edge.target not in paths and allowed(edge):
                    paths[edge.target] = (*paths[name], edge.target)
                    waiting.append(edge.target)
        return paths

    def always(
        self, gained: Callable[[Edge], frozenset[str]], everything: frozenset[str]
    ) -> dict[str, frozenset[str]]:
        """What is certain on entering each node, whichever path was taken (intersection)."""
        known = dict.fromkeys(self.nodes, everything)
        if self.script.start in known:
            known[self.script.start] = frozenset()
        changed = True
        while changed:
            changed = False
            for edge in self.edges:
                held = known[edge.target] & (known[edge.source] | gained(edge))
                if held != known[edge.target]:
                    known[edge.target] = held
                    changed = True
        return known

    def path_without(
        self, target: str, gained: Callable[[Edge], frozenset[str]], fact: str
    ) -> tuple[str, ...]:
        """A shortest path to `target` along which `fact` is never gained."""
        found = self.reachable([self.script.start], lambda edge: fact not in gained(edge))
        return found.get(target, (target,))


def _edges(script: Script, name: str, node: Node) -> list[Edge]:
    if node.kind == "end":
        return []
    edges = [
        Edge(name, target, why, "next") for why, target in node.next.items() if target[:1] != "@"
    ]
    if node.passes_on:
        return edges
    for why, target in script.safety.items():
        edges.append(Edge(name, target, why, "safety"))
    handled = {*node.next, *script.safety}
    for why, target in script.globals.items():
        if why not in handled:
            edges.append(Edge(name, target, why, "globals"))
    if node.kind == "transfer":
        return edges
    for why, faq in script.faq.items():
        if why not in handled and faq.then not in ("resume", "repeat"):
            edges.append(Edge(name, faq.then, why, "faq"))
    if NO_MATCH in node.next.values():
        edges.append(Edge(name, script.no_match.then, "unclear", "counter"))
    edges.append(Edge(name, script.no_input.then, "silence", "counter"))
    edges.append(Edge(name, script.over(), "limit", "counter"))
    if SUSPECTED_OPT_OUT not in script.safety and "opt_out" in script.safety:
        edges.append(Edge(name, script.safety["opt_out"], SUSPECTED_OPT_OUT, "safety"))
    return edges
