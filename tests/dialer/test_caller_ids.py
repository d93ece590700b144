"""dialer.domain.caller_ids: which number is shown."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.caller_ids import UNLIMITED, Usage, assign, room

usages = st.lists(
    st.builds(
        Usage,
        caller_id=st.integers(1, 50),
        last_hour=st.integers(0, 30),
        today=st.integers(0, 60),
        per_hour=st.none() | st.integers(0, 30),
        per_day=st.none() | st.integers(0, 60),
    ),
    max_size=6,
    unique_by=lambda usage: usage.caller_id,
)


@given(st.integers(0, 80), usages)
def test_no_number_goes_beyond_its_caps_and_none_is_left_idle(
    count: int, given_: list[Usage]
) -> None:
    assigned = assign(count, given_)
    used = Counter(assigned)
    for usage in given_:
        assert usage.room is None or used[usage.caller_id] <= usage.room
    assert len(assigned) == min(count, room(given_))


def test_calls_are_spread_over_the_least_used() -> None:
    pool = [Usage(1, 5, 5, 40, 200), Usage(2, 0, 0, 40, 200), Usage(3, 5, 5, 40, 200)]
    assert assign(7, pool) == [2, 2, 2, 2, 2, 1, 2]


def test_a_number_at_its_daily_cap_rests_though_its_hour_is_free() -> None:
    assert assign(3, [Usage(1, 0, 200, 40, 200)]) == []


def test_numbers_without_caps_have_room_for_any_tick() -> None:
    assert room([Usage(1, 999, 999, None, None)]) == UNLIMITED
