"""How people are called on screens."""

from __future__ import annotations

import pytest

from accounts.models import User


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("晓燕", "林", "林晓燕"),
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("", "", "ada01"),
        ("", "欧阳", "欧阳"),
    ],
)
def test_a_chinese_family_name_comes_first_and_a_login_stands_in_for_none(
    first: str, last: str, shown: str
) -> None:
    user = User(username="ada01", first_name=first, last_name=last)
    assert user.get_full_name() == shown
