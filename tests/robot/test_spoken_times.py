"""Times as customers say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robot.domain.numerals import money, number, percent
from robot.domain.script import Slot
from robot.domain.slots import fill
from robot.domain.spoken_times import spoken, when

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, 14, 0, tzinfo=CHINA)  # a Tuesday


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("明天下午三点", "2026-03-11 15:00"),
        ("明天下午三点半吧", "2026-03-11 15:30"),
        ("后天上午十点二十", "2026-03-12 10:20"),
        ("下午四点以后", "2026-03-10 16:00"),
        ("三点打给我", "2026-03-10 15:00"),
        ("一点吧", "2026-03-11 13:00"),
        ("早上九点", "2026-03-11 09:00"),
        ("晚上八点", "2026-03-10 20:00"),
        ("今晚七点", "2026-03-10 19:00"),
        ("明天", "2026-03-11 10:00"),
        ("明天下午", "2026-03-11 15:00"),
        ("周五上午", "2026-03-13 10:00"),
        ("下周三下午两点", "2026-03-18 14:00"),
        ("周末吧", "2026-03-14 10:00"),
        ("15号下午", "2026-03-15 15:00"),
        ("四月二号上午九点", "2026-04-02 09:00"),
        ("半小时后", "2026-03-10 14:30"),
        ("一个半小时以后", "2026-03-10 15:30"),
        ("两个小时后", "2026-03-10 16:00"),
        ("15:30", "2026-03-10 15:30"),
        ("中午十二点", "2026-03-11 12:00"),
        ("tomorrow at 3 pm", "2026-03-11 15:00"),
        ("随便什么时候都行", "2026-03-11 10:00"),
        ("晚点", "2026-03-10 17:00"),
    ],
)
def test_a_time_as_it_is_said(words: str, meant: str) -> None:
    moment = when(words, NOW)
    assert moment is not None
    assert moment.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") == meant


@pytest.mark.parametrize("words", ["不知道", "你好", "可以", "", "我再想想", "0钟"])
def test_no_time_is_heard_where_none_was_said(words: str) -> None:
    assert when(words, NOW) is None


@given(
    st.text(
        alphabet="一二三四五六七八九十两半点分号月日周下上中午早晚明后今天小时钟以后0123456789:",
        max_size=12,
    )
)
@example("0钟")
@example("零天后")
def test_a_time_always_lies_ahead(words: str) -> None:
    moment = when(words, NOW.astimezone(UTC))
    assert moment is None or moment.at > NOW


def test_a_moment_is_said_back_plainly() -> None:
    moment = when("明天下午三点半", NOW)
    assert moment is not None
    assert spoken(moment.at, NOW) == "明天下午3点30分"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("二十三", 23),
        ("十", 10),
        ("一百零五", 105),
        ("3.5", 3.5),
        ("三点五", 3.5),
        ("二零二六", 2026),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("十万左右", 1e5), ("三万五", 35000), ("五千块吧", 5000), ("20万", 2e5), ("没有", None)],
)
def test_sums_of_money(text: str, value: float | None) -> None:
    assert money(text) == value


def test_percentages() -> None:
    assert percent("百分之五") == 5
    assert percent("3.5%") == 3.5


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("上午别打，我要开会，下午三点打过来", "2026-03-10 15:00"),
        ("今天别打了，明天下午打", "2026-03-11 15:00"),
        ("不要太早，早上十点以后打给我", "2026-03-11 10:00"),
        ("中午别打，在午休，两点半打来就行", "2026-03-10 14:30"),
        ("明天别打，后天上午联系我", "2026-03-12 10:00"),
        # nothing is forbidden
        ("明天下午三点", "2026-03-11 15:00"),
    ],
)
def test_a_promised_time_is_never_the_one_that_was_forbidden(words: str, meant: str) -> None:
    found = fill(Slot(type="datetime"), words, NOW, "Asia/Shanghai")
    assert found is not None
    assert f"{datetime.fromisoformat(found):%Y-%m-%d %H:%M}" == meant


@pytest.mark.parametrize(
    "words",
    [
        "明天凌晨三点给我打",
        "半夜两点打吧",
        "昨天下午三点打",
        "上周三打",
        "tomorrow at 3 am",
        "at midnight",
    ],
)
def test_nothing_is_promised_for_the_night_or_the_past(words: str) -> None:
    assert when(words, NOW) is None


def test_what_was_said_yesterday_does_not_hide_the_day_that_is_meant() -> None:
    found = when("昨天说过了，明天下午三点打", NOW)
    assert found is not None
    assert found.at == datetime(2026, 3, 11, 15, 0, tzinfo=CHINA)
