"""How people are called on screens."""

from __future__ import annotations

import pytest

from accounts.models import User


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("晓燕", "林", "林晓燕"),
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("", "", ""),
        ("", "欧阳", "欧阳"),
    ],
)
def test_a_chinese_family_name_comes_first(first: str, last: str, shown: str) -> None:
    assert User(first_name=first, last_name=last).get_full_name() == shown
