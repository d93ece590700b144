"""What changed between two versions of a script, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robot.domain.documents import canonical
from robot.domain.script import Script


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind` is added, removed or changed; `where` the place in the document
    ("nodes.pitch.say"); `node` the node it belongs to, if any.
    """

    kind: str
    where: str
    node: str
    old: str
    new: str
    zh: str
    en: str


#: What a part of a script is called, in Chinese and English.
_PARTS: dict[str, tuple[str, str]] = {
    "say": ("话术", "the line"),
    "again": ("重问话术", "the short line"),
    "say_without": ("缺变量时的话术", "the line without a value"),
    "variants": ("千人千面话术", "the variants"),
    "ask": ("所问的槽位", "the slot asked for"),
    "question": ("问题类型", "the kind of question"),
    "tags": ("标签", "the tags"),
    "barge_in": ("打断策略", "the barge-in policy"),
    "hints": ("识别提示词", "the recogniser's hints"),
    "transfer": ("转人工设置", "the transfer"),
    "end": ("结束结果", "the outcome"),
    "sms": ("挂机短信", "the text message"),
    "effects": ("登记动作", "the effects"),
    "title": ("标题", "the title"),
    "title_en": ("英文标题", "the English title"),
    "purpose": ("用途", "the purpose"),
    "intents": ("意图目录", "the intents"),
    "start": ("起始节点", "the first node"),
    "locale": ("语言", "the language"),
    "vars": ("变量", "the variable"),
    "attributes": ("客户属性", "the customer attribute"),
    "slots": ("槽位", "the slot"),
    "limits": ("时长与轮次上限", "the limit"),
    "listen": ("聆听设置", "the listening"),
    "no_input": ("静默处理", "the reply to silence"),
    "no_match": ("未听懂处理", "the reply to what is unclear"),
    "safety": ("安全意图", "the safety intent"),
    "globals": ("全局意图", "the global intent"),
    "faq": ("问答", "the answer to"),
    "grades": ("意向分级", "the grades"),
    "pronounce": ("读音", "the pronunciation"),
    "tests": ("示范对话", "the golden dialogues"),
}


def differences(old: Script, new: Script) -> list[Change]:
    """Every difference, nodes first, in the order of the documents; empty for the same script."""
    before, after = _whole(old), _whole(new)
    found = _nodes(before.pop("nodes"), after.pop("nodes"))
    for name in [*after, *(name for name in before if name not in after)]:
        found += _part(name, before.get(name), after.get(name))
    return found


def _whole(script: Script) -> dict[str, Any]:
    """The canonical document, with the limits that it leaves at their usual values."""
    usual = {
        name: getattr(script, name).model_dump(mode="json", exclude_none=True)
        for name in ("limits", "listen")
    }
    return canonical(script) | usual


def _nodes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = []
    for name, node in after.items():
        if name not in before:
            said = _text(node.get("say") or node.get("end"))
            found.append(
                Change(
                    "added",
                    f"nodes.{name}",
                    name,
                    "",
                    said,
                    f"新增节点 {name}：{said}",
                    f"Node {name} is new: {said}",
                )
            )
        elif node != before[name]:
            found += _node(name, before[name], node)
    for name, node in before.items():
        if name not in after:
            said = _text(node.get("say") or node.get("end"))
            found.append(
                Change(
                    "removed",
                    f"nodes.{name}",
                    name,
                    said,
                    "",
                    f"删除节点 {name}：{said}",
                    f"Node {name} is gone: {said}",
                )
            )
    return found


def _node(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = []
    for part in [*after, *(part for part in before if part not in after)]:
        old, new = before.get(part), after.get(part)
        if old == new:
            continue
        if part == "next":
            found += _ways(name, old or {}, new or {})
            continue
        zh, en = _PARTS.get(part, (part, part))
        found.append(
            _change(
                f"nodes.{name}.{part}",
                name,
                old,
                new,
                f"节点 {name} 的{zh}",
                f"{en} of node {name}",
            )
        )
    return found


def _ways(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [
        _change(
            f"nodes.{name}.next.{why}",
            name,
            before.get(why),
            after.get(why),
            f"节点 {name} 上回答 {why} 的去向",
            f"the way of {why} at node {name}",
        )
        for why in [*after, *(why for why in before if why not in after)]
        if before.get(why) != after.get(why)
    ]


def _part(name: str, old: Any, new: Any) -> list[Change]:
    if old == new:
        return []
    zh, en = _PARTS.get(name, (name, name))
    if isinstance(old, dict) or isinstance(new, dict):
        old, new = old or {}, new or {}
        return [
            _change(f"{name}.{key}", "", old.get(key), new.get(key), f"{zh} {key}", f"{en} {key}")
            for key in [*new, *(key for key in old if key not in new)]
            if old.get(key) != new.get(key)
        ]
    return [_change(name, "", old, new, zh, en)]


def _change(where: str, node: str, old: Any, new: Any, zh: str, en: str) -> Change:
    before, after = _text(old), _text(new)
    capital = en[:1].upper() + en[1:]
    if old is None:
        return Change(
            "added", where, node, "", after, f"新增{zh}：{after}", f"{capital} is new: {after}"
        )
    if new is None:
        return Change(
            "removed",
            where,
            node,
            before,
            "",
            f"删除{zh}：{before}",
            f"{capital} is gone: {before}",
        )
    return Change(
        "changed",
        where,
        node,
        before,
        after,
        f"{zh}由「{before}」改为「{after}」",
        f"{capital} was “{before}” and is “{after}”",
    )


def _text(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
