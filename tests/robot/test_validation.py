"""Publishing is proof: each rule is broken on purpose and must be found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robot import validate
from robot.domain.documents import canonical
from robot.domain.validation.checking import check
from tests.robot.scripts import FOLDER, INSTALMENT, SCRIPTS, SOURCES

Document = dict[str, Any]
Breaking = Callable[[Document], object]


def broken(change: Breaking) -> set[str]:
    document = canonical(INSTALMENT)
    change(document)
    return {finding.rule for finding in check(document)}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_the_shipped_scripts_are_proven(name: str) -> None:
    assert check(canonical(SCRIPTS[name])) == []


CASES: dict[str, tuple[str, Breaking]] = {
    "a target that does not exist": (
        "V1",
        lambda d: d["nodes"]["open"]["next"].update(affirm="no"),
    ),
    "a node nothing leads to": ("V2", lambda d: d["nodes"].update(x={"say": "喂", "end": "X"})),
    "no way to an ending": (
        "V3",
        lambda d: d["nodes"]["ask_callback"].update(next={"filled": "sorry", "*": "sorry"}),
    ),
    "no catch-all": ("V4", lambda d: d["nodes"]["open"]["next"].pop("*")),
    "a circle": ("V5", lambda d: d["nodes"]["amount"]["next"].update(hesitate="pitch")),
    "a disclosure left out": ("V6", lambda d: d["nodes"]["open"]["tags"].remove("offer.optout")),
    "a disclosure only tagged": (
        "V6",
        lambda d: d["nodes"]["open"].update(
            say="您好，我是{{bank}}，想介绍分期，方便吗？按9拒绝。"
        ),
    ),
    "a jump past the disclosure": ("V6", lambda d: d.update(start="identify")),
    "a disclosure that can be interrupted": (
        "V6b",
        lambda d: d["nodes"]["open"].update(barge_in="any"),
    ),
    "an opt-out that is not kept": ("V7", lambda d: d["nodes"]["end_optout"].pop("effects")),
    "an opt-out in two hops": ("V7", lambda d: d["safety"].update(opt_out="ask_callback")),
    "key 9 unbound": ("V7", lambda d: d["listen"]["dtmf"].pop("9")),
    "selling after no": ("V8", lambda d: d["nodes"]["open"]["next"].update(deny="pitch")),
    "talking round after no": (
        "V8",
        lambda d: d["nodes"]["end_refused"].update(say="您真的不再考虑一下吗？再见。"),
    ),
    "a transfer without consent": (
        "V9",
        lambda d: d["nodes"]["amount"]["next"].update(filled="xfer"),
    ),
    "a transfer on anything": ("V9", lambda d: d["nodes"]["consent"]["next"].update({"*": "xfer"})),
    "a transfer result forgotten": ("V9", lambda d: d["nodes"]["xfer"]["next"].pop("rejected")),
    "an undeclared variable": ("V10", lambda d: d["nodes"]["sorry"].update(say="{{who}}在忙。")),
    "a condition on what is not declared": (
        "V10",
        lambda d: d["nodes"]["sorry"].update(variants=[{"when": "rich == yes", "say": "稍候。"}]),
    ),
    "a promise in a variant": (
        "V11",
        lambda d: d["nodes"]["sorry"].update(variants=[{"when": "apr > 3", "say": "保证下款。"}]),
    ),
    "a proxy told what it is about": (
        "V21",
        lambda d: d["nodes"]["end_proxy"].update(say="是分期的事，再见。"),
    ),
    "a sale in a call of care": ("V8", lambda d: d.update(purpose="care")),
    "a forbidden promise": ("V11", lambda d: d["nodes"]["sorry"].update(say="保证下款，请稍候。")),
    "a bare price": ("V12", lambda d: d["faq"]["ask_price"].update(say="利息很低，一天几块。")),
    "a long line": ("V13", lambda d: d["nodes"]["sorry"].update(say="抱歉" * 30)),
    "patience with refusals": ("V14", lambda d: d["limits"].update(refusals=2)),
    "an ungraded ending": ("V15", lambda d: d["grades"].pop()),
    "an opt-out graded as a lead": ("V15", lambda d: d["grades"].pop(0)),
    "an unpinned catalogue": ("V16", lambda d: d.update(intents="zh-bank")),
    "a catalogue that does not exist": ("V16", lambda d: d.update(intents="zh-bank@9")),
    "an unknown intent": ("V16", lambda d: d["globals"].update(happy="end_refused")),
    "a golden dialogue that fails": (
        "V17",
        lambda d: d["tests"][0]["expect"].update(end="REFUSED"),
    ),
    "a way that no golden dialogue takes": ("V17", lambda d: d["tests"].pop()),
    "a message nobody asked for": ("V20", lambda d: d["nodes"]["end_refused"].update(sms="promo")),
    "personal before identity": (
        "V21",
        lambda d: d["nodes"]["open"]["next"].update(affirm="pitch", interested="pitch"),
    ),
    "personal words without a tag": (
        "V21",
        lambda d: d["nodes"]["consent"].update(say="您的账单八千元，我帮您转接，可以吗？"),
    ),
    "a proxy told too much": (
        "V21",
        lambda d: d["nodes"]["end_proxy"].update(say="请转告{{name}}，再见。"),
    ),
}


def test_an_age_is_never_spoken() -> None:
    document = canonical(SCRIPTS["birthday-greeting"])
    document["nodes"]["wish"]["say"] = "祝您七十岁生日快乐！"
    assert {("V21", "wish")} == {(finding.rule, finding.node) for finding in check(document)}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_broken_rule_is_found(case: str) -> None:
    rule, change = CASES[case]
    assert rule in broken(change)


def test_a_finding_names_the_path_and_the_cure() -> None:
    document = canonical(INSTALMENT)
    document["nodes"]["open"]["next"]["interested"] = "pitch"
    finding = next(f for f in check(document) if f.rule == "V21")
    assert finding.node == "pitch"
    assert finding.path == ("open", "pitch")
    assert finding.mend_zh and finding.mend_en


def test_the_command_exits_with_one_on_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(SOURCES["cc-instalment-prescreen"].replace("affirm: identify", "affirm: x"))
    good = FOLDER / "cc-instalment-prescreen.yaml"
    assert validate.main([str(good)]) == 0
    assert validate.main([str(good), str(bad), "--json"]) == 1
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"rule", "node", "path", "zh", "en"} <= set(report["findings"][0])


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"a: [", b"- 1\n"])
def test_the_command_survives_any_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    assert validate.main([str(path)]) == 1
    assert validate.main([str(tmp_path / "missing.yaml")]) == 1
