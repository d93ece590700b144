"""Lengths of time in words."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from compliance.wording import duration


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (16, "16 s", "16 秒"),
        (59.6, "1 min", "1 分钟"),
        (153, "2 min 33 s", "2 分钟 33 秒"),
        (1800, "30 min", "30 分钟"),
        (3900, "1 h 5 min", "1 小时 5 分钟"),
        (86_400, "24 h", "24 小时"),
        (72 * 3600, "3 d", "3 天"),
        (-5, "0 s", "0 秒"),  # clocks that differ
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(
    seconds: float, english: str, chinese: str
) -> None:
    with override("en"):
        assert duration(seconds) == english
    with override("zh-hans"):
        assert duration(seconds) == chinese
