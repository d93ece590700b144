"""Lines as a voice reads them: numbers in words, ambiguous characters by their sound."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.domain.numerals import number, percent
from robot.domain.pronouncing import as_spoken, whole


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        # characters with two readings
        ("重庆银行提醒您还款", "崇庆银杭提醒您环款"),
        ("行长说利率重新调整", "杭掌说利率崇新条整"),
        ("我行发行长期存单", "我杭发行常期存单"),
        ("您还清楚吗，还有还款日", "您还清楚吗，还有环款日"),
        # rates
        ("年化利率3.6%，以审批为准", "年化利率百分之三点六，以审批为准"),
        ("３．６０％起，１２：３０止", "百分之三点六起，十二点三十分止"),
        ("3.6%-4.25%", "百分之三点六到百分之四点二五"),
        ("0.05%", "百分之零点零五"),
        # amounts
        ("1,234.50元", "一千二百三十四元五角"),
        ("1234.05元", "一千二百三十四元零五分"),
        ("¥10,500", "一万零五百元"),
        ("0.50元", "五角"),
        ("2元", "两元"),
        ("0元", "零元"),
        ("1.5万元", "一点五万元"),
        ("¥20万", "二十万元"),
        ("100,000,000元", "一亿元"),
        # dates and times
        ("2026-03-10到期", "二零二六年三月十日到期"),
        ("2026年12月31日", "二零二六年十二月三十一日"),
        ("2026-13-40", "二千零二十六-十三-四十"),
        ("3月10日下午2点", "三月十日下午两点"),
        ("14:05来电，10:00再来", "十四点零五分来电，十点再来"),
        # digits that are no quantity
        ("尾号1234", "尾号幺二三四"),
        ("请拨打95588或400-812-3456", "请拨打九五五八八或四零零八幺二三四五六"),
        ("投诉请打12378", "投诉请打幺二三七八"),
        ("13800138000", "幺三八零零幺三八零零零"),
        # counts
        ("分12期，2期免息，按9退订", "分十二期，两期免息，按九退订"),
        ("没有数字。", "没有数字。"),
    ],
)
def test_what_is_written_is_read_as_people_say_it(written: str, spoken: str) -> None:
    assert as_spoken(written) == spoken


def test_a_scripts_own_sounds_come_first_and_the_longest_word_wins() -> None:
    assert as_spoken("重庆解放碑", {"重庆": "虫庆", "解放碑": "解放杯"}) == "虫庆解放杯"
    assert as_spoken("长行银行", {"长行银行": "常航银航"}) == "常航银航"


@given(st.integers(0, 9999))
def test_an_integer_is_read_back_as_itself(value: int) -> None:
    assert number(whole(str(value))) == value


@given(st.integers(1, 10**16 - 1))
def test_long_integers_lose_nothing(value: int) -> None:
    """Read group by group, the words come to the same number again."""
    said = whole(str(value))
    assert "零零" not in said
    total = 0
    for scale, name in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万"), (1, "")):
        head, found, tail = said.partition(name) if name else (said, "", "")
        if name and not found:
            continue
        part = number(head.strip("零"))
        total += int(part or 0) * scale
        said = tail
    assert total == value


@given(st.decimals(0, 99, places=2))
def test_a_rate_is_read_back_as_itself(rate: object) -> None:
    read = percent(as_spoken(f"利率{rate}%"))
    assert read == pytest.approx(float(str(rate)))


@given(st.text(alphabet="0123456789.,%-:/¥元万年月日号期个至尾款银行长还重庆好。 ", max_size=40))
def test_no_digit_is_left_to_the_voice_and_nothing_crashes(text: str) -> None:
    assert not re.search(r"[0-9]", as_spoken(text))


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(as_spoken(text), str)
