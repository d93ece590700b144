"""Times as customers say them, "明天下午三点", as instants.

`when(text, now, zone)` returns the first moment after `now` that the words can mean. What is left
out is filled with what people usually mean: a part of the day without an hour is its middle, a
bare hour from one to seven is in the afternoon, an hour that has passed is tomorrow's. Vague
answers ("都行", "晚点") get a moment too, marked `vague`; nonsense gets None.
"""

# ruff: noqa: E501  (tables and patterns are easier to read in one piece)
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from robot.domain.numerals import NUMERAL, number

_DAYS: Final = {
    "大后天": 3, "后天": 2, "后日": 2, "明天": 1, "明儿": 1, "明日": 1, "听日": 1,
    "今天": 0, "今儿": 0, "今日": 0, "今晚": 0, "明晚": 1, "明早": 1, "tomorrow": 1, "today": 0,
}  # fmt: skip
_PARTS: Final = {
    "早上": (9, 0), "早晨": (9, 0), "明早": (9, 0), "上午": (10, 0), "午前": (10, 0), "morning": (10, 0),
    "中午": (12, 0), "午休": (12, 30), "noon": (12, 0),
    "下午": (15, 0), "午后": (14, 0), "afternoon": (15, 0),
    "傍晚": (18, 0), "下班": (18, 30), "晚上": (19, 0), "今晚": (19, 0), "明晚": (19, 0),
    "晚间": (19, 0), "夜里": (20, 0), "evening": (19, 0),
}  # fmt: skip
_WEEKDAYS: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_ENGLISH_DAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_AFTER: Final = re.compile(
    rf"(半|{NUMERAL}|几)\s*个?(半)?(?:多)?(分钟|小时|钟头|钟|天|星期|礼拜|周)(半)?(?:以?后|之后|再|过后|吧|$)"
)
_WEEKDAY: Final = re.compile(r"(下下|下|这|本)?个?(?:周|星期|礼拜)([一二三四五六日天])")
_DATE: Final = re.compile(rf"(?:({NUMERAL})月)?({NUMERAL})[号日](?!码)")
_CLOCK: Final = re.compile(
    rf"(\d{{1,2}})[:：](\d{{2}})|({NUMERAL})点(?:钟|整)?(半|一刻|三刻|{NUMERAL}分?)?"
)
_ENGLISH_CLOCK: Final = re.compile(
    r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm|o'?clock)\b|\bat (\d{1,2})\b"
)
#: What "later" may mean: nobody is promised twenty-five past four.
_ROUND_MOMENTS: Final = (time(10, 0), time(14, 30), time(17, 0), time(19, 0))
#: Nobody is called at night, and nothing can be promised for the past: asked again.
_NOT_THEN: Final = re.compile(r"凌晨|半夜|深夜|后半夜|三更|拂晓|天不亮|midnight|\b[1-5] ?am\b")
_PAST: Final = re.compile(
    r"昨[天晚日]|前天|上个?(?:周|星期|礼拜|月)|去年|yesterday|last (?:week|month|year)"
)
_SOON: Final = re.compile(r"晚点|晚些|待会|等会|等一会|一会|过会|回头|稍后|later")
_ANY: Final = re.compile(
    r"都行|都可以|都方便|都有空|随便|随时|任何时|任意|你们?(?:看着|定|安排|决定)|什么时候都|any ?time|whenever"
)


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    #: The customer named neither a day nor an hour.
    vague: bool = False


def when(text: str, now: datetime, zone: str = "Asia/Shanghai") -> Moment | None:
    """The first moment after `now` (aware) that `text` can mean, in UTC offset of `zone`."""
    text = text.lower().replace(" ", " ")
    local = now.astimezone(ZoneInfo(zone))
    if _NOT_THEN.search(text):
        return None
    if _PAST.search(text) and _day(_PAST.sub("", text), local.date()) is None:
        return None
    after = _after(text)
    if after is not None:
        return Moment(local + after)
    day = _day(text, local.date())
    part = _first(_PARTS, text)
    clock = _clock(text, part)
    if day is None and part is None and clock is None:
        return _vague(text, local)
    if clock is None:
        clock = time(*_PARTS[part]) if part else time(10, 0)
    moment = datetime.combine(day or local.date(), clock, local.tzinfo)
    if moment <= local and part is None and day is None and clock.hour < 12:
        later = moment + timedelta(hours=12)  # "八点" said at noon is tonight at eight
        moment = later if later > local and later.hour <= 20 else moment + timedelta(days=1)
    while moment <= local:
        # A day that was named and has passed means the next one of its kind.
        moment += timedelta(days=7 if day is not None and _WEEKDAY.search(text) else 1)
    return Moment(moment)


def spoken(at: datetime, now: datetime, zone: str = "Asia/Shanghai") -> str:
    """How the robot says a moment back: 明天下午3点, 11月25日上午10点30分."""
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    day = {0: "今天", 1: "明天", 2: "后天"}.get(days, f"{local.month}月{local.day}日")
    hour = local.hour
    part = "上午" if hour < 12 else "中午" if hour == 12 else "下午" if hour < 18 else "晚上"
    minutes = f"{local.minute}分" if local.minute else ""
    return f"{day}{part}{hour if hour <= 12 else hour - 12}点{minutes}"


def _first(table: Mapping[str, object], text: str) -> str | None:
    found = [(text.find(word), -len(word), word) for word in table if word in text]
    return min(found)[2] if found else None


def _vague(text: str, local: datetime) -> Moment | None:
    if _ANY.search(text):
        tomorrow = local.date() + timedelta(days=1)
        return Moment(datetime.combine(tomorrow, time(10, 0), local.tzinfo), vague=True)
    if _SOON.search(text):
        return Moment(_later_today(local), vague=True)
    return None


def _later_today(local: datetime) -> datetime:
    """A round moment for "later": the first of the day's that is an hour away, else tomorrow's."""
    for clock in _ROUND_MOMENTS:
        moment = datetime.combine(local.date(), clock, local.tzinfo)
        if moment - local >= timedelta(hours=1):
            return moment
    return datetime.combine(local.date() + timedelta(days=1), _ROUND_MOMENTS[0], local.tzinfo)


def _after(text: str) -> timedelta | None:
    found = _AFTER.search(text)
    if found is None:
        return None
    count = 0.5 if found[1] == "半" else 3.0 if found[1] == "几" else number(found[1])
    if count is None or not 0 < count <= 90:
        return None
    if found[2] or found[4]:
        count += 0.5
    match found[3]:
        case "分钟":
            return timedelta(minutes=max(count, 1))
        case "小时" | "钟头" | "钟":
            return timedelta(hours=count)
        case "天":
            return timedelta(days=count)
        case _:
            return timedelta(weeks=count)


def _day(text: str, today: date) -> date | None:
    word = _first(_DAYS, text)
    if word is not None:
        return today + timedelta(days=_DAYS[word])
    found = _WEEKDAY.search(text)
    if found:
        ahead = _WEEKDAYS[found[2]] - today.weekday()
        if found[1] in ("下", "下下"):
            return today + timedelta(days=ahead + 7 * len(found[1]))
        return today + timedelta(days=ahead % 7)
    for index, name in enumerate(_ENGLISH_DAYS):
        if name in text:
            return today + timedelta(days=(index - today.weekday()) % 7 or 7)
    if "周末" in text or "weekend" in text:
        return today + timedelta(days=(5 - today.weekday()) % 7)
    if "下周" in text or "下星期" in text or "下礼拜" in text or "next week" in text:
        return today + timedelta(days=7 - today.weekday())
    return _calendar_day(text, today)


def _calendar_day(text: str, today: date) -> date | None:
    found = _DATE.search(text)
    if found is None:
        return None
    day = number(found[2])
    month = number(found[1]) if found[1] else None
    if day is None or (found[1] and month is None):
        return None
    for ahead in range(13):
        index = today.month - 1 + ahead
        year, in_year = today.year + index // 12, index % 12 + 1
        if month is not None and in_year != int(month):
            continue
        try:
            meant = date(year, in_year, int(day))
        except ValueError:
            continue
        if meant >= today:
            return meant
    return None


def _clock(text: str, part: str | None) -> time | None:
    hour: float | None
    minute: float | None = 0
    english = _ENGLISH_CLOCK.search(text)
    found = _CLOCK.search(text)
    if english:
        hour, minute = float(english[1] or english[4]), float(english[2] or 0)
        if english[3] == "pm" and hour < 12:
            hour += 12
        explicit = english[3] == "am"
    elif found:
        if found[1]:
            hour, minute = float(found[1]), float(found[2])
        else:
            hour = number(found[3])
            quarter = {"半": 30.0, "一刻": 15.0, "三刻": 45.0}
            if found[4]:
                minute = quarter.get(found[4], number(found[4].rstrip("分")))
        explicit = False
    else:
        return None
    if hour is None or minute is None or hour > 24 or minute > 59 or hour != int(hour):
        return None
    afternoon = part is not None and _PARTS[part][0] >= 12
    if hour < 12 and not explicit and (afternoon or (part is None and 1 <= hour <= 7)):
        hour += 0 if part in ("中午", "午休") and hour >= 10 else 12
    return time(int(hour) % 24, int(minute))
