"""A line as a voice reads it: numbers, amounts, rates and dates in words, and 多音字 by sound.

Chinese only. Voices guess wrongly where the bank cannot afford it: 还款 as "still", 行长 as "walk
long", 1,234.50元 digit by digit. A character that may be read in two ways is written with one that
sounds the same and cannot be misread; only the voice ever sees that spelling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: Words a bank says, as they sound. A word that stands for itself keeps its parts from being found
#: in it (发行长期 is not 行长, 还清楚 is not 还清).
SOUNDS: Final[Mapping[str, str]] = {
    "银行": "银杭", "行长": "杭掌", "总行": "总杭", "分行": "分杭", "支行": "支杭", "本行": "本杭",
    "我行": "我杭", "他行": "他杭", "行业": "杭业", "行内": "杭内", "行员": "杭员",
    "还款": "环款", "还清": "环清", "还贷": "环贷", "还本": "环本", "还息": "环息", "偿还": "偿环",
    "归还": "归环", "应还": "应环", "待还": "待环", "代还": "代环", "还了款": "环了款",
    "调整": "条整", "调低": "条低", "调高": "条高", "调查": "吊查", "重新": "崇新", "重复": "崇复",
    "长期": "常期", "增长": "增掌", "便宜": "骈宜", "了解": "瞭解", "大厦": "大霎",
    "重庆": "崇庆", "厦门": "下门", "朝阳": "潮阳", "六安": "陆安", "台州": "胎州", "丽水": "离水",
    "蚌埠": "泵布", "长沙": "常沙", "长春": "常春", "成长": "成掌",
    "发行": "发行", "进行": "进行", "执行": "执行", "运行": "运行", "实行": "实行", "举行": "举行",
    "银行业": "银杭业", "行动": "行动", "我行动": "我行动", "基本": "基本", "还清楚": "还清楚",
    "还本来": "还本来", "应还是": "应还是", "待还是": "待还是", "还是": "还是", "还有": "还有",
}  # fmt: skip

_NAMES: Final = "零一二三四五六七八九"
#: Where digits are read one by one, 一 is said yao: it cannot be taken for 七.
_BY_DIGIT: Final = str.maketrans("0123456789", "零幺二三四五六七八九")
_PLAIN: Final = str.maketrans("0123456789", _NAMES)
_NARROW: Final = str.maketrans("０１２３４５６７８９％￥", "0123456789%¥")
_WIDE_MARKS: Final = re.compile(r"(?<=[0-9])[．：－](?=[0-9])")
_MARKS: Final = {"．": ".", "：": ":", "－": "-"}
_PLACES: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "万", "亿", "万亿")
_LONGEST: Final = 16
_N: Final = r"[0-9]+(?:,[0-9]{3})+(?![0-9])|[0-9]+"
_AMOUNT: Final = rf"(?:{_N})(?:\.[0-9]+)?"
#: A bare 2 before these is 两.
_COUNTED: Final = "个年点次天期位笔张家名周小万千块元人分"

_DATE: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(?:日|号|(?![0-9]))日?")
_YEAR: Final = re.compile(r"([0-9]{4})(?=年(?!化|利))")
_CLOCK: Final = re.compile(r"(?<![0-9:])([0-9]{1,2}):([0-9]{2})(?![0-9:])")
_RANGE: Final = re.compile(
    rf"(?<=[0-9%])\s*(?:[-~～—]|至)\s*(?=(?:{_AMOUNT})\s*(?:%|元|万|个月|年|天|期))"
)
_PERCENT: Final = re.compile(rf"({_AMOUNT})\s*%")
_MONEY: Final = re.compile(rf"¥\s*({_AMOUNT})(万|亿)?元?|({_AMOUNT})\s*元")
_CODE: Final = re.compile(
    r"(?<=尾号)[0-9]+|(?<=尾号为)[0-9]+|(?<=尾号是)[0-9]+"
    r"|(?<![0-9.,])(?:[48]00-?[0-9]{3}-?[0-9]{4}|0[0-9]{2,3}-[0-9]{7,8}|[0-9]{7,})(?![0-9.,万亿])"
    r"|(?<![0-9.,])(?:95[0-9]{3}|9[56][0-9]{4}|12[0-9]{3})(?![0-9.,元万亿个人次年月天期])"
)
_NUMBER: Final = re.compile(rf"({_N})(\.[0-9]+)?")


def as_spoken(text: str, own: Mapping[str, str] | None = None) -> str:
    """`text` as the voice is to read it; `own` are a script's words with their sounds."""
    sounds = {**SOUNDS, **(own or {})}
    words = "|".join(re.escape(word) for word in sorted(sounds, key=len, reverse=True))
    text = re.sub(words, lambda found: sounds[found[0]], text)
    text = _WIDE_MARKS.sub(lambda found: _MARKS[found[0]], text.translate(_NARROW))
    text = _DATE.sub(_date, text)
    text = _YEAR.sub(lambda found: found[1].translate(_PLAIN), text)
    text = _CLOCK.sub(_clock, text)
    text = _CODE.sub(lambda found: found[0].replace("-", "").translate(_BY_DIGIT), text)
    text = _RANGE.sub("到", text)
    text = _PERCENT.sub(lambda found: f"百分之{_figure(found[1])}", text)
    text = _MONEY.sub(_money, text)
    return _NUMBER.sub(_number, text)


def whole(digits: str) -> str:
    """An integer in words: 1050 is 一千零五十. One that is too long is read digit by digit."""
    digits = digits.lstrip("0")
    if not digits:
        return "零"
    if len(digits) > _LONGEST:
        return digits.translate(_PLAIN)
    groups = []
    while digits:
        groups.append(digits[-4:])
        digits = digits[:-4]
    said, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        value = int(groups[index])
        if not value:
            gap = True
            continue
        if said and (gap or value < 1000):
            said += "零"
        said += _thousands(value) + _GROUPS[index]
        gap = False
    return said[1:] if said.startswith("一十") else said


def _thousands(value: int) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if not digit:
            gap = gap or bool(said)
            continue
        said += ("零" if gap else "") + _NAMES[digit] + _PLACES[place]
        gap = False
    return said


def _figure(text: str) -> str:
    """A number with or without a fraction: 3.60 is 三点六."""
    integer, _, fraction = text.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return whole(integer) + (f"点{fraction.translate(_PLAIN)}" if fraction else "")


def _date(found: re.Match[str]) -> str:
    month, day = int(found[2]), int(found[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0]
    return f"{found[1].translate(_PLAIN)}年{whole(found[2])}月{whole(found[3])}日"


def _clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if hour > 24 or minute > 59:
        return found[0]
    said = "两点" if hour == 2 else f"{whole(found[1])}点"
    if not minute:
        return said
    return f"{said}{'零' if minute < 10 else ''}{whole(found[2])}分"


def _money(found: re.Match[str]) -> str:
    if found[2]:  # ¥1.5万
        return f"{_figure(found[1])}{found[2]}元"
    integer, _, fraction = (found[1] or found[3]).replace(",", "").partition(".")
    if len(fraction.rstrip("0")) > 2:
        return f"{_figure(f'{integer}.{fraction}')}元"
    jiao, fen = (int(digit) for digit in fraction.ljust(2, "0")[:2])
    yuan = int(integer)
    said = ("两元" if yuan == 2 else f"{whole(integer)}元") if yuan or not (jiao or fen) else ""
    if jiao:
        said += f"{_NAMES[jiao]}角"
    elif fen and said:
        said += "零"
    return said + (f"{_NAMES[fen]}分" if fen else "")


def _number(found: re.Match[str]) -> str:
    after = found.string[found.end() : found.end() + 1]
    if found[0] == "2" and after and after in _COUNTED:
        return "两"
    return _figure(found[0])
