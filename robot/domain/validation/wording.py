"""Rules about the words themselves, every wording of every line included."""

# ruff: noqa: E501  (tables and patterns are easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from robot.domain.expressions import BadExpression, holds, names
from robot.domain.rendering import PLACEHOLDER, placeholders, undeclared
from robot.domain.script import Script
from robot.domain.validation.findings import Finding

#: Promises and pressure that a bank must not speak; 金融营销宣传 rules and the bank's own list.
FORBIDDEN: Final = (
    "保证下款", "保证通过", "保证收益", "必过", "包过", "百分百", "100%", "零风险", "无风险", "稳赚", "保本", "最后机会",
    "最后一天", "最后名额", "内部名额", "内部渠道", "特殊渠道", "不查征信", "黑户可贷", "秒批", "秒到账", "全网最低", "史上最低",
    "利率最低", "费率最低", "利息最低", "最低利率", "最低费率", "最低利息", "全国最低", "全市最低", "同业最低", "行业最低",
    "保证批", "保证能批", "保证放款", "包批", "一定能批", "肯定能批", "肯定通过", "一定通过", "绝对安全", "稳拿", "免费的午餐", "不办就亏", "限时抢", "机会难得", "错过就没", "仅限今天", "guaranteed", "risk-free", "last chance",
)  # fmt: skip
_SECONDS: Final = 10.0
_PER_SECOND: Final = 4.5
_PRICE: Final = re.compile(r"利率|利息|费率|手续费|年化|\d+(?:\.\d+)?\s*[%％]")
_SPOKEN: Final = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]+|\d")


def lines(script: Script) -> Iterator[tuple[str, str]]:
    """Every line that a customer may hear, with the place where it stands."""
    for name, node in script.nodes.items():
        for line in node.lines():
            yield name, line
    for key, faq in script.faq.items():
        if faq.say:
            yield f"faq.{key}", faq.say
    for line in (*script.no_input.say, *script.no_match.say):
        yield "retries", line


def seconds(script: Script, line: str) -> float:
    """How long the line takes to say, with the variables' example values."""
    example = {name: var.example or var.default or "四个字符" for name, var in script.vars.items()}
    text = PLACEHOLDER.sub(lambda found: example.get(found[1], "四个字符"), line)
    return len(_SPOKEN.findall(text)) / _PER_SECOND


def wording(script: Script) -> list[Finding]:
    return [*_variables(script), *_forbidden(script), *_price(script), *_length(script)]


def _variables(script: Script) -> list[Finding]:
    """V10: every variable is declared, and a line still makes sense when its value is missing."""
    found = []
    for place, line in lines(script):
        for name in undeclared(script, [line]):
            found.append(
                _finding(
                    "V10",
                    place,
                    f"变量 {name} 没有声明",
                    f"variable {name} is not declared",
                    "在 vars 或 slots 中声明它。",
                    "Declare it in vars or slots.",
                )
            )
    for name, var in script.vars.items():
        if var.from_ != "contact" or var.default is not None:
            continue  # with a default, even an empty one, the author has thought of it
        for place, node in script.nodes.items():
            used = [*(v.say for v in node.variants), *(x for x in (node.say, node.again) if x)]
            if any(name in placeholders(line) for line in used) and name not in node.say_without:
                found.append(
                    _finding(
                        "V10",
                        place,
                        f"{name} 为空时这句话不通",
                        f"the line fails without {name}",
                        f"给节点加 say_without: {{{name}: …}}，或给变量一个默认值。",
                        f"Add say_without: {{{name}: …}} or give the variable a default.",
                    )
                )
        for key, faq in script.faq.items():
            if faq.say and name in placeholders(faq.say):
                found.append(
                    _finding(
                        "V10",
                        f"faq.{key}",
                        f"{name} 为空时这句话不通",
                        f"the line fails without {name}",
                        "给变量一个默认值。",
                        "Give the variable a default.",
                    )
                )
    return [*found, *_conditions(script)]


def _conditions(script: Script) -> list[Finding]:
    """V10: a variant's condition can be read, and asks only what the script declares."""
    known = {*script.vars, *script.attributes}
    known.update(value for each in script.attributes.values() for value in each.values)
    found = []
    for place, node in script.nodes.items():
        for variant in node.variants:
            try:
                holds(variant.when, {})
                unknown = sorted(names(variant.when) - known)
            except BadExpression as error:
                found.append(
                    _finding(
                        "V10",
                        place,
                        f"条件读不懂：{variant.when}",
                        f"cannot read condition: {error}",
                        "改写条件。",
                        "Rewrite the condition.",
                    )
                )
                continue
            for name in unknown:
                found.append(
                    _finding(
                        "V10",
                        place,
                        f"条件用了没有声明的 {name}",
                        f"the condition asks for {name}, which is not declared",
                        "在 attributes 中声明该客户属性及其取值。",
                        "Declare the customer attribute and its values in attributes.",
                    )
                )
    return found


def _forbidden(script: Script) -> list[Finding]:
    """V11: no promise, no pressure."""
    return [
        _finding(
            "V11",
            place,
            f"含有禁用词“{word}”",
            f"contains the forbidden words {word!r}",
            "换一种不承诺、不施压的说法。",
            "Say it without promise or pressure.",
        )
        for place, line in lines(script)
        for word in FORBIDDEN
        if word.lower() in line.lower()
    ]


def _price(script: Script) -> list[Finding]:
    """V12: a price is the declared annualised rate, and is subject to approval."""
    rates = {name for name, var in script.vars.items() if var.type == "percent"}
    found = []
    for place, line in lines(script):
        if not _PRICE.search(line):
            continue
        said = rates & set(placeholders(line))
        if not said or "年化" not in line or "审批" not in line:
            found.append(
                _finding(
                    "V12",
                    place,
                    "说到价格，却没有用年化利率变量并说明以审批为准",
                    "speaks of a price without the annualised rate and “subject to approval”",
                    "写成“年化利率{{apr}}，以审批为准”。",
                    "Use the declared rate and say that it is subject to approval.",
                )
            )
    return found


def _length(script: Script) -> list[Finding]:
    """V13: nobody listens to more than ten seconds."""
    found = []
    for place, line in lines(script):
        long = seconds(script, line)
        if long > _SECONDS:
            found.append(
                _finding(
                    "V13",
                    place,
                    f"这句话要说 {long:.1f} 秒",
                    f"the line takes {long:.1f} seconds",
                    "压到十秒以内。",
                    "Keep it under ten seconds.",
                )
            )
    return found


def _finding(rule: str, place: str, zh: str, en: str, mend_zh: str, mend_en: str) -> Finding:
    return Finding(rule, place, (place,), f"{place}：{zh}", f"{place}: {en}", mend_zh, mend_en)
