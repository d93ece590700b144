"""Whoever reads English sees English names, where there are any."""

from __future__ import annotations

import pytest
from django.utils import translation

from accounts.language import in_readers_language


@pytest.mark.parametrize(
    ("language", "chinese", "english", "read"),
    [
        ("zh-hans", "西湖支行", "Xihu", "西湖支行"),
        ("en", "西湖支行", "Xihu", "Xihu"),
        ("en", "西湖支行", "", "西湖支行"),  # nobody wrote an English name
        (None, "西湖支行", "Xihu", "西湖支行"),  # outside a request
    ],
)
def test_names_are_in_the_readers_language(
    language: str | None, chinese: str, english: str, read: str
) -> None:
    with translation.override(language):
        assert in_readers_language(chinese, english) == read
