"""Chinese and Arabic numbers as people say them on the telephone."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {
    "零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4,
    "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "幺": 1,
}  # fmt: skip
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
NUMERAL: Final = (
    r"(?:\d+(?:\.\d+)?|[零〇一二两俩三四五六七八九十百千]+(?:点[零一二三四五六七八九]+)?)"
)
_MONEY: Final = re.compile(
    rf"({NUMERAL})(?:多|来|几)?(?:个)?(万|千|百|块|元|w)([一二两三四五六七八九]?)(?![点号月天])"
)
_PERCENT: Final = re.compile(rf"百分之({NUMERAL})|({NUMERAL})\s*[%％]")


def number(text: str) -> float | None:
    """The value of one numeral ("二十三", "十", "3.5", "三点五"), or None."""
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    whole, _, fraction = text.partition("点")
    value = _whole(whole)
    if value is None or any(char not in _DIGITS for char in fraction):
        return None
    tail = "".join(str(_DIGITS[char]) for char in fraction)
    return float(f"{value}.{tail}") if tail else float(value)


def money(text: str) -> float | None:
    """The first sum of money in yuan ("十万左右", "三万五", "五千块", "20万"), or None."""
    found = _MONEY.search(text)
    if found is None:
        return None
    value = number(found[1])
    if value is None:
        return None
    scale = {"万": 10_000, "w": 10_000, "千": 1000, "百": 100}.get(found[2], 1)
    value *= scale
    if found[3]:  # 三万五 = 35,000
        value += _DIGITS[found[3]] * scale / 10
    return value


def percent(text: str) -> float | None:
    """The first percentage, as a number of per cent ("百分之五", "3.5%"), or None."""
    found = _PERCENT.search(text)
    return number(found[1] or found[2]) if found else None


def _whole(text: str) -> int | None:
    if not text or any(char not in _DIGITS and char not in _UNITS for char in text):
        return None
    if not any(char in _UNITS for char in text):  # read digit by digit: 二零二六
        return int("".join(str(_DIGITS[char]) for char in text))
    total, digit = 0, 0
    for char in text:
        if char in _UNITS:
            total += (digit or (1 if char == "十" else 0)) * _UNITS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit
