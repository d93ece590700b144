"""Rules about paths: what must have been said or answered before, whatever way was taken."""

from __future__ import annotations

import re
from typing import Final

from robot.domain.intents.catalogue import POSITIVE
from robot.domain.rendering import placeholders
from robot.domain.script import DISCLOSURES, TRANSFER_RESULTS
from robot.domain.validation.findings import Finding
from robot.domain.validation.graph import Edge, Graph

#: Words that a line with this tag must contain: a tag alone discloses nothing.
_SAID: Final = {
    "disclose.bank": r"\{\{\s*bank\s*\}\}|银行|bank",
    "disclose.robot": r"机器人|智能|语音助手|AI|robot|automated|assistant",
    "disclose.recording": r"录音|record",
    "disclose.purpose": r"介绍|提醒|通知|祝|回访|关于|说明|about|offer|tell you",
    "offer.optout": r"按\s*9|不想接|不再接|拒绝|别再|退订|press 9|stop",
}
_HOLDING: Final = re.compile(
    r"您(?:的|本期|本月|名下|在(?:我行|本行))?[^，。？！]{0,6}(?:账单|额度|存款|到期|余额|欠款|持有)"
)
#: What somebody else must not hear: what the call is about.
_MATTER: Final = re.compile(
    r"分期|贷款|存款|理财|信用卡|到期|账单|额度|欠|还款|逾期|生日|余额|loan|deposit|bill|credit|birthday"
)
_AGE: Final = re.compile(
    r"\{\{\s*(?:age|birth\w*|年龄)\s*\}\}|岁|年龄|高龄|寿星|大寿|花甲|古稀|years old", re.I
)
_KEEPING: Final = re.compile(r"再考虑|真的不|不再考虑|错过|别着急|先别|等一下|再想想|可惜")
_IDENTIFIED: Final = "identified"


def flow(graph: Graph) -> list[Finding]:
    return [
        *_reachable(graph),
        *_ends(graph),
        *_cycles(graph),
        *_disclosed(graph),
        *_disclosure_said(graph),
        *_no_selling_after_no(graph),
        *_consented(graph),
        *_messages(graph),
        *_identified(graph),
        *_care(graph),
    ]


def _reachable(graph: Graph) -> list[Finding]:
    """V2: a node that no answer leads to is a mistake somewhere else."""
    found = graph.reachable([graph.script.start])
    return [
        Finding(
            "V2",
            name,
            (),
            f"没有任何路径到达节点 {name}",
            f"nothing leads to node {name}",
            "删除该节点，或让某个回答指向它。",
            "Remove it, or let an answer lead to it.",
        )
        for name in graph.nodes
        if name not in found
    ]


def _ends(graph: Graph) -> list[Finding]:
    """V3: from every node the script's own answers lead to an ending, without globals or safety."""
    good = {name for name, node in graph.nodes.items() if node.kind == "end"}
    grown = True
    while grown:
        more = {
            edge.source
            for edge in graph.edges
            if edge.target in good
            and (edge.layer == "next" or (edge.layer == "counter" and edge.why == "unclear"))
        }
        grown = not more <= good
        good |= more
    return [
        Finding(
            "V3",
            name,
            graph.reachable([graph.script.start]).get(name, ()),
            f"从节点 {name} 出发，仅凭本节点的出口走不到结束",
            f"from node {name} its own answers reach no ending",
            "给 next 加一个通向结束节点的出口。",
            "Add a way out in next that leads to an ending.",
        )
        for name in graph.nodes
        if name not in good
    ]


def _cycles(graph: Graph) -> list[Finding]:
    """V5: asking again belongs to the counters, so `next` must not run in circles."""
    found = []
    for name in graph.nodes:
        firsts = [edge.target for edge in graph.out[name] if edge.layer == "next"]
        paths = graph.reachable(firsts, lambda edge: edge.layer == "next")
        if name in paths:
            found.append(
                Finding(
                    "V5",
                    name,
                    (name, *paths[name]),
                    f"节点 {name} 会绕回自己而没有计数",
                    f"node {name} leads back to itself without a counter",
                    "重问请用 @repeat 或 @no_match，它们有次数限制。",
                    "Ask again with @repeat or @no_match, which are counted.",
                )
            )
    return found


def _disclosed(graph: Graph) -> list[Finding]:
    """V6: bank, robot, recording, purpose and the way to refuse are said before anything is
    asked, sold or transferred, on every path (jumps by globals included)."""

    def gained(edge: Edge) -> frozenset[str]:
        return graph.nodes[edge.source].tags & DISCLOSURES

    known = graph.always(gained, DISCLOSURES)
    found = []
    for name, node in graph.nodes.items():
        # The opening may ask "is this a good time?" in the breath in which it discloses.
        weighty = node.kind in ("ask", "transfer") or node.tags & {
            "sell",
            "personal",
            "consent.transfer",
            "identity.ask",
        }
        if not weighty:
            continue
        for fact in sorted(DISCLOSURES - known[name]):
            found.append(
                Finding(
                    "V6",
                    name,
                    graph.path_without(name, gained, fact),
                    f"有路径在告知（{fact}）之前到达节点 {name}",
                    f"node {name} can be reached before {fact} was said",
                    "把告知放进开场白，并让所有路径先经过它。",
                    "Disclose in the opening and lead every path through it.",
                )
            )
    return found


def _disclosure_said(graph: Graph) -> list[Finding]:
    """V6: the line really says what its tag claims; V6b: nothing but safety interrupts it."""
    found = []
    for name, node in graph.nodes.items():
        claimed = node.tags & DISCLOSURES
        wordings = [node.say or "", *node.say_without.values(), *(v.say for v in node.variants)]
        for fact in sorted(claimed):
            if not all(re.search(_SAID[fact], wording, re.I) for wording in wordings):
                found.append(
                    Finding(
                        "V6",
                        name,
                        (name,),
                        f"节点 {name} 标了 {fact}，话里却没有说到",
                        f"node {name} is tagged {fact} but does not say it",
                        "在这句话里说清楚，或去掉标签。",
                        "Say it in this line, or remove the tag.",
                    )
                )
        barge_in = node.barge_in or graph.script.listen.barge_in
        if claimed and barge_in not in ("off", "safety_only"):
            found.append(
                Finding(
                    "V6b",
                    name,
                    (name,),
                    f"节点 {name} 的告知可以被打断",
                    f"the disclosure at node {name} can be interrupted",
                    "设 barge_in: safety_only。",
                    "Set barge_in: safety_only.",
                )
            )
    return found


def _no_selling_after_no(graph: Graph) -> list[Finding]:
    """V8: after "no" nothing is sold and nobody is talked round (禁止挽留)."""
    found = []
    for edge in graph.edges:
        if edge.why not in ("deny", "not_interested"):
            continue
        after = graph.reachable([edge.target], lambda way: way.layer != "safety")
        for name, path in after.items():
            node = graph.nodes[name]
            keeps = any(_KEEPING.search(line) for line in node.lines())
            if "sell" in node.tags or (keeps and name == edge.target):
                found.append(
                    Finding(
                        "V8",
                        name,
                        (edge.source, *path),
                        f"客户在 {edge.source} 拒绝之后仍会到达营销节点 {name}",
                        f"after a refusal at {edge.source} the customer still reaches {name}",
                        "拒绝之后只能礼貌结束。",
                        "After a refusal, end politely.",
                    )
                )
    return _unique(found)


def _consented(graph: Graph) -> list[Finding]:
    """V9: only a clear yes to the consent question transfers; every result has its way on."""
    found = []
    for name, node in graph.nodes.items():
        if node.kind != "transfer":
            continue
        for edge in graph.into[name]:
            asked = "consent.transfer" in graph.nodes[edge.source].tags
            if not asked or edge.layer != "next" or edge.why not in POSITIVE:
                found.append(
                    Finding(
                        "V9",
                        name,
                        (edge.source, name),
                        f"经 {edge.source} 的 {edge.why} 未经同意就转接",
                        f"{edge.why} at {edge.source} transfers without consent",
                        "先经过标有 consent.transfer 的提问，并只接受明确的同意。",
                        "Ask at a node tagged consent.transfer and accept only a clear yes.",
                    )
                )
        for result in TRANSFER_RESULTS:
            if result not in node.next:
                found.append(
                    Finding(
                        "V9",
                        name,
                        (name,),
                        f"转接节点 {name} 没有处理结果 {result}",
                        f"transfer node {name} does not say what follows {result}",
                        f"在 next 中写上 {result}。",
                        f"Add {result} to next.",
                    )
                )
    return found


def _messages(graph: Graph) -> list[Finding]:
    """V20: a marketing message only to somebody who asked for one."""
    return [
        Finding(
            "V20",
            name,
            (edge.source, name),
            f"经 {edge.source} 的 {edge.why} 会发短信，而客户没有要",
            f"{edge.why} at {edge.source} sends a message nobody asked for",
            "只让 send_info 通向带 sms 的结束节点。",
            "Let only send_info lead to an ending with sms.",
        )
        for name, node in graph.nodes.items()
        if node.sms
        for edge in graph.into[name]
        if edge.why != "send_info"
    ]


def _identified(graph: Graph) -> list[Finding]:
    """V21: nothing personal before the customer said they are the customer."""

    def gained(edge: Edge) -> frozenset[str]:
        asked = "identity.ask" in graph.nodes[edge.source].tags
        # "filled" is how a script may also write the yes to `ask: identity`
        yes = asked and edge.layer == "next" and edge.why in ("affirm", "filled")
        return frozenset({_IDENTIFIED}) if yes else frozenset()

    known = graph.always(gained, frozenset({_IDENTIFIED}))
    found = []
    for name, node in graph.nodes.items():
        personal = "personal" in node.tags or any(_HOLDING.search(line) for line in node.lines())
        if personal and not known[name]:
            found.append(
                Finding(
                    "V21",
                    name,
                    graph.path_without(name, gained, _IDENTIFIED),
                    f"有路径在确认是本人之前到达涉及个人信息的节点 {name}",
                    f"node {name} says something personal before the customer is confirmed",
                    "先问“请问您是本人吗”，只有肯定的回答才能往下走。",
                    "Ask whether it is the customer first; only a yes may lead here.",
                )
            )
        for edge in graph.into[name]:
            asked = "identity.ask" in graph.nodes[edge.source].tags
            if edge.why != "not_owner_proxy" and not (asked and edge.why == "deny"):
                continue
            told = {var for line in node.lines() for var in placeholders(line)} - {"bank"}
            if node.kind != "end" or told or any(_MATTER.search(line) for line in node.lines()):
                found.append(
                    Finding(
                        "V21",
                        name,
                        (edge.source, name),
                        f"代接的人在节点 {name} 会听到不该听的内容",
                        f"somebody else would hear too much at node {name}",
                        "代接时只说告别。",
                        "Say no more than goodbye to somebody else.",
                    )
                )
    everywhere = [
        key
        for key, faq in graph.script.faq.items()
        if "personal" in faq.tags or (faq.say and _HOLDING.search(faq.say))
    ]
    for key in everywhere:
        found.append(
            Finding(
                "V21",
                f"faq.{key}",
                (),
                f"问答 {key} 在确认本人之前就可能说到个人信息",
                f"the answer {key} may say something personal before the customer is confirmed",
                "问答里不要涉及个人信息。",
                "Keep personal matters out of answers that can be given anywhere.",
            )
        )
    return _unique(found)


def _care(graph: Graph) -> list[Finding]:
    """V8 and V21 for calls of care: nothing is sold, nobody is handed over, no age is spoken."""
    if graph.script.purpose != "care":
        return []
    found = []
    for name, node in graph.nodes.items():
        if "sell" in node.tags or node.kind == "transfer":
            found.append(
                Finding(
                    "V8",
                    name,
                    (name,),
                    f"关怀来电在节点 {name} 营销或转接",
                    f"a call of care sells or transfers at node {name}",
                    "去掉该节点，或把 purpose 改为 marketing。",
                    "Remove the node, or make the purpose marketing.",
                )
            )
        if any(_AGE.search(line) for line in node.lines()):
            found.append(
                Finding(
                    "V21",
                    name,
                    (name,),
                    f"节点 {name} 说到年龄",
                    f"node {name} speaks of age",
                    "祝福里不提年龄。",
                    "Leave the age out of the greeting.",
                )
            )
    return found


def _unique(found: list[Finding]) -> list[Finding]:
    kept: dict[tuple[str, str], Finding] = {}
    for finding in found:
        kept.setdefault((finding.rule, finding.node), finding)
    return list(kept.values())
