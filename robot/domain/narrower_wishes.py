"""A wish narrower than "never": not about insurance, at the weekend, no robot, once a year.

Only a sentence that says this and nothing else is one: it is matched from its first word to its
last. Whatever more is said, whatever is vague ("少打点"), stays what it was heard as, and that is a
full refusal where somebody does not want to be called: too much quiet is better than too little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from robot.domain.intents.normalise import normalise

#: The effect that keeps such a wish; its evidence is the sentence.
WISH_SAID: Final = "prefer.said"
WEEKEND: Final = (5, 6)
WORKDAYS: Final = (0, 1, 2, 3, 4)
_DAY: Final = 24 * 60
#: Minutes after midnight, as people mean them.
_MORNING: Final = (8 * 60, 12 * 60)
_AFTERNOON: Final = (12 * 60, 18 * 60)
_EVENING: Final = (18 * 60, 21 * 60)
_PARTS: Final = {"上午": _MORNING, "早上": _MORNING, "下午": _AFTERNOON, "晚上": _EVENING}
_NOON: Final = (11 * 60 + 30, 14 * 60)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; empty = says nothing about it. Hours are [start, end) in minutes."""

    no_robot: bool = False
    weekdays: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    #: the kind of product, as the customer named it ("保险")
    not_about: str = ""
    per_year: int | None = None
    per_month: int | None = None


_KINDS: Final = "(?P<kind>信用卡分期|账单分期|分期|信用卡|保险|理财|基金|贷款|存款)"
_POLITE: Final = r"(?:那|那个|你们?|您|麻烦|请|拜托|以后|今后|下次|每次|我(?:说|希望|想)?|就|都)*"
_END: Final = r"(?:了|吧|啊|哈|呀|哦|好了|好吧|就好|就行|就可以|可以|行|谢谢|麻烦了|拜托)*"
_NOT: Final = r"(?:别|不要|不用|甭|莫)(?:再)?"
_CALL: Final = r"(?:给我|跟我)?(?:打|拨|来)(?:给我|过来|来)?(?:电话)?"
_THING: Final = r"(?:方面)?(?:的|类|类的|产品|业务|推销|营销)*(?:电话)?"
_OTHERS: Final = (
    r"(?:其他|其它|别的)(?:的|产品|业务|电话)*(?:都|倒)?(?:可以|没事|没关系|行|无所谓|能打|可以打)"
)
_COUNT: Final = {"一": 1, "1": 1, "两": 2, "二": 2, "2": 2, "三": 3, "3": 3}
_NUMBER: Final = "(?P<n>[" + "".join(_COUNT) + "])"

_MACHINE: Final = r"(?:用|让|叫|拿|是)?(?:机器人|ai|人工智能|语音助手)"
_PERSON: Final = r"(?:让|叫|换|请|用)(?:真人|人工|活人)(?:来)?(?:给我)?打(?:给我|过来)?(?:电话)?"
_WEEKEND: Final = r"(?:在)?(?:周末|星期六|星期天|礼拜天)"
_REST: Final = r"(?:周末|休息日|节假日)"
_MIDDAY: Final = r"(?:中午|午休)(?:时间|的时候)?"
_PART: Final = r"(?P<part>上午|早上|下午|晚上)"
_SPAN: Final = r"(?:一|每|1)(?P<span>年|个?月)(?:最多|顶多|只|就)*"

_RULES: Final = tuple(
    (name, re.compile(_POLITE + pattern + _END))
    for name, pattern in (
        ("kind", rf"{_NOT}{_CALL}{_KINDS}{_THING}{_END}(?:{_OTHERS})?"),
        ("kind", rf"{_KINDS}{_THING}{_POLITE}{_NOT}{_CALL}{_END}(?:{_OTHERS})?"),
        ("robot", rf"{_NOT}{_MACHINE}{_POLITE}(?:{_CALL})?"),
        ("robot", _PERSON),
        ("weekend", rf"{_WEEKEND}{_POLITE}(?:的时候|时)?再{_CALL}"),
        ("weekend", rf"(?:只|只能|等|等到){_WEEKEND}{_POLITE}(?:的时候|时)?(?:再)?{_CALL}"),
        ("weekend", rf"(?:工作日|平时|上班时间|周一到周五){_POLITE}{_NOT}{_CALL}"),
        ("workdays", rf"{_REST}{_POLITE}{_NOT}{_CALL}"),
        ("workdays", rf"{_NOT}(?:在)?{_REST}{_CALL}"),
        ("noon", rf"{_MIDDAY}{_POLITE}{_NOT}{_CALL}"),
        ("noon", rf"{_NOT}(?:在)?{_MIDDAY}{_CALL}"),
        ("not_at", rf"{_PART}{_POLITE}{_NOT}{_CALL}"),
        ("not_at", rf"{_NOT}(?:在)?{_PART}{_CALL}"),
        ("only_at", rf"(?:只|只能|只在|都在){_PART}{_POLITE}{_CALL}"),
        ("often", rf"{_SPAN}(?:{_CALL})?{_NUMBER}(?:次|回|个|通)(?:电话)?"),
    )
)


def narrower(text: str) -> Wish | None:
    """The wish that the whole sentence says, and nothing but that; None for anything else."""
    said = normalise(text).plain.replace(" ", "")
    for name, pattern in _RULES:
        match = pattern.fullmatch(said)
        if match is not None:
            return _wish(name, match)
    return None


def _wish(name: str, match: re.Match[str]) -> Wish:
    wish = Wish()
    if name == "kind":
        return replace(wish, not_about=match["kind"])
    if name == "robot":
        return replace(wish, no_robot=True)
    if name in ("weekend", "workdays"):
        return replace(wish, weekdays=WEEKEND if name == "weekend" else WORKDAYS)
    if name == "noon":
        return replace(wish, hours=_without(_NOON))
    if name == "not_at":
        return replace(wish, hours=_without(_PARTS[match["part"]]))
    if name == "only_at":
        return replace(wish, hours=(_PARTS[match["part"]],))
    count = _COUNT[match["n"]]
    if match["span"] == "年":
        return replace(wish, per_year=count)
    return replace(wish, per_month=count)


def _without(part: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The rest of the day."""
    start, end = part
    return ((0, start), (end, _DAY))
