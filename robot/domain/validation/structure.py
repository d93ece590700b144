"""V1 and V4: every target exists, every listening node has an answer for everything."""

from __future__ import annotations

from robot.domain.script import NO_MATCH, REPEAT, Script
from robot.domain.validation.findings import Finding


def structure(script: Script) -> list[Finding]:
    return [*_targets(script), *_catch_all(script)]


def _targets(script: Script) -> list[Finding]:
    """V1: a target that does not exist leaves the customer in silence."""
    places = [("", "start", script.start), ("", "no_input.then", script.no_input.then)]
    places.append(("", "no_match.then", script.no_match.then))
    if script.limits.then:
        places.append(("", "limits.then", script.limits.then))
    places += [("", f"safety.{key}", target) for key, target in script.safety.items()]
    places += [("", f"globals.{key}", target) for key, target in script.globals.items()]
    places += [
        ("", f"faq.{key}", faq.then)
        for key, faq in script.faq.items()
        if faq.then not in ("resume", "repeat")
    ]
    for name, node in script.nodes.items():
        places += [
            (name, key, target)
            for key, target in node.next.items()
            if not (target in (REPEAT, NO_MATCH) and node.listens)
        ]
    return [
        Finding(
            "V1",
            name,
            (name,) if name else (),
            f"{key} 指向不存在的节点 {target}",
            f"{key} leads to {target}, which does not exist",
            "改为已有的节点，或补上该节点。",
            "Name an existing node, or add this one.",
        )
        for name, key, target in places
        if target not in script.nodes
    ]


def _catch_all(script: Script) -> list[Finding]:
    return [
        Finding(
            "V4",
            name,
            (name,),
            f'节点 {name} 没有 "*" 出口',
            f'node {name} has no "*" way out',
            '在 next 中加上 "*": "@no_match"。',
            'Add "*": "@no_match" to next.',
        )
        for name, node in script.nodes.items()
        if node.listens and "*" not in node.next
    ]
