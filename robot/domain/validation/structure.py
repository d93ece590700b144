"""Rules about the parts: targets, catch-alls, safety, limits, grades, names."""

from __future__ import annotations

import re

from robot.domain.expressions import BadExpression, holds
from robot.domain.intents.catalogue import (
    CATALOGUES,
    LABELS,
    NARROWER_WISH,
    SAFETY,
    SUSPECTED_OPT_OUT,
    UNCLEAR,
)
from robot.domain.narrower_wishes import WISH_SAID
from robot.domain.script import NO_MATCH, REPEAT, TRANSFER_RESULTS, Script
from robot.domain.validation.findings import Finding


def structure(script: Script) -> list[Finding]:
    return [
        *_targets(script),
        *_catch_all(script),
        *_safety(script),
        *_limits(script),
        *_grades(script),
        *_names(script),
    ]


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


def _safety(script: Script) -> list[Finding]:
    """V7: every safety intent ends the call in one hop; opt-outs and complaints are kept."""
    found = []
    for intent in sorted(SAFETY):
        target = script.safety.get(intent)
        node = script.nodes.get(target or "")
        keep = intent in ("opt_out", "complaint_threat")
        if node is None or node.kind != "end" or (keep and "dnc.add" not in node.effects):
            found.append(
                Finding(
                    "V7",
                    target or "",
                    (target,) if target else (),
                    f"{intent} 必须一步到结束" + ("，并登记勿扰" if keep else ""),
                    f"{intent} must end in one hop" + (" with dnc.add" if keep else ""),
                    f"在 safety 中让 {intent} 指向合适的结束节点。",
                    f"Let {intent} lead to a fitting ending in safety.",
                )
            )
    wish = script.nodes.get(script.safety.get(NARROWER_WISH, ""))
    if NARROWER_WISH in script.safety and (
        wish is None or wish.kind != "end" or WISH_SAID not in wish.effects
    ):
        found.append(
            Finding(
                "V7",
                script.safety[NARROWER_WISH],
                (script.safety[NARROWER_WISH],),
                f"{NARROWER_WISH} 必须一步到结束，并登记客户的愿望",
                f"{NARROWER_WISH} must end in one hop with {WISH_SAID}",
                f"在结束节点写 effects: [{WISH_SAID}]。",
                f"Give the ending effects: [{WISH_SAID}].",
            )
        )
    if script.listen.dtmf.get("9") != "opt_out":
        found.append(
            Finding(
                "V7",
                "",
                (),
                "按键 9 必须是拒绝来电",
                "key 9 must opt out",
                '在 listen.dtmf 中写 "9": opt_out。',
                'Put "9": opt_out into listen.dtmf.',
            )
        )
    return found


def _limits(script: Script) -> list[Finding]:
    """V14: one refusal is enough."""
    if script.limits.refusals <= 1 and script.limits.sell_turns_after_refusal == 0:
        return []
    return [
        Finding(
            "V14",
            "",
            (),
            "拒绝一次之后不得再营销",
            "nothing may be sold after one refusal",
            "refusals 不超过 1，sell_turns_after_refusal 为 0。",
            "Set refusals to at most 1 and sell_turns_after_refusal to 0.",
        )
    ]


def _grades(script: Script) -> list[Finding]:
    """V15: every ending has a grade, and whoever refused for good is never a lead."""
    found = []
    endings = sorted({node.end for node in script.nodes.values() if node.end})
    kept = {
        node.end
        for node in script.nodes.values()
        if node.end and {"dnc.add", "quarantine.add"} & set(node.effects)
    }
    for outcome in endings:
        try:
            grade = next(
                (g.grade for g in script.grades if holds(g.when, {"outcome": outcome})), None
            )
        except BadExpression as error:
            return [
                Finding(
                    "V15",
                    "",
                    (),
                    f"分级条件读不懂：{_unreadable(script)}",
                    f"cannot read a grade: {error}",
                    "改写条件。",
                    "Rewrite the condition.",
                )
            ]
        if grade is None or (outcome in kept and grade != "F"):
            found.append(
                Finding(
                    "V15",
                    "",
                    (),
                    f"结果 {outcome} " + ("必须是 F 级" if grade else "没有分级"),
                    f"outcome {outcome} " + ("must be graded F" if grade else "has no grade"),
                    '在 grades 中补上，最后一条用 when: "true"。',
                    'Complete grades; let the last one be when: "true".',
                )
            )
    return found


def _unreadable(script: Script) -> str:
    """The first grade's condition that cannot be read."""
    for grade in script.grades:
        try:
            holds(grade.when, {})
        except BadExpression:
            return grade.when
    return ""


def _names(script: Script) -> list[Finding]:
    """V16: the catalogue is pinned, and every intent named is in it."""
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9-]*@[1-9]\d*", script.intents):
        found.append(
            Finding(
                "V16",
                "",
                (),
                "intents 必须固定到版本",
                "intents must be pinned to a version",
                "写成 zh-bank@1。",
                "Write zh-bank@1.",
            )
        )
    elif script.intents not in CATALOGUES:
        known_as = "、".join(CATALOGUES)
        found.append(
            Finding(
                "V16",
                "",
                (),
                f"没有意图目录 {script.intents}",
                f"there is no catalogue of intents {script.intents}",
                f"写成 {known_as}。",
                f"Write {', '.join(CATALOGUES)}.",
            )
        )
    used = [("safety", key) for key in script.safety] + [("globals", key) for key in script.globals]
    used += [("faq", key) for key in script.faq]
    used += [("listen.dtmf", intent) for intent in script.listen.dtmf.values()]
    for name, node in script.nodes.items():
        extra = set(TRANSFER_RESULTS) if node.kind == "transfer" else {"filled"}
        used += [(name, key) for key in node.next if key != "*" and key not in extra]
        if node.ask and node.ask != "identity" and node.ask not in script.slots:
            found.append(
                Finding(
                    "V16",
                    name,
                    (name,),
                    f"节点 {name} 询问未声明的 {node.ask}",
                    f"node {name} asks for {node.ask}, which is not a slot",
                    "在 slots 中声明它。",
                    "Declare it in slots.",
                )
            )
    known = {*LABELS, UNCLEAR, SUSPECTED_OPT_OUT, NARROWER_WISH}
    for place, intent in used:
        if intent not in known:
            found.append(
                Finding(
                    "V16",
                    place,
                    (),
                    f"{place} 用了不存在的意图 {intent}",
                    f"{place} names the unknown intent {intent}",
                    "见 docs/intents.md。",
                    "See docs/intents.md.",
                )
            )
    return found
