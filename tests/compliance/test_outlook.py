"""The days to come: spans in which the call would be allowed, found by asking."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from compliance.domain.decide import decide
from compliance.domain.decision import Decision, Outcome
from compliance.domain.intent import Intent
from compliance.domain.outlook import PRECISION, openings
from tests.compliance.world import attempt, beijing, clean_facts, cn_bank, human, robot

NOON = beijing("2026-11-24 12:30")


def test_a_workday_opens_in_the_morning_and_in_the_afternoon() -> None:
    found = openings(
        lambda at: decide(clean_facts(NOON), human(), cn_bank(), at),
        beijing("2026-11-24 00:00"),
        beijing("2026-11-25 00:00"),
    )
    # the last dial is a minute before the window ends
    assert [(one.start, one.end) for one in found] == [
        (beijing("2026-11-24 09:00"), beijing("2026-11-24 11:59")),
        (beijing("2026-11-24 14:00"), beijing("2026-11-24 19:59")),
    ]


def test_a_rest_day_is_a_persons_alone() -> None:
    saturday, sunday = beijing("2026-11-28 00:00"), beijing("2026-11-29 00:00")

    def of(intent: Intent) -> int:
        facts, pack = clean_facts(NOON), cn_bank()
        return len(openings(lambda at: decide(facts, intent, pack, at), saturday, sunday))

    assert (of(robot()), of(human())) == (0, 2)


def test_a_full_cap_delays_the_first_opening() -> None:
    facts = clean_facts(NOON, contacts=(attempt("2026-11-24 09:30"), attempt("2026-11-24 11:40")))
    found = openings(
        lambda at: decide(facts, human(), cn_bank(), at), NOON, NOON + timedelta(days=3)
    )
    # two calls on this number within 24 hours: free again when the first is 24 hours old
    assert found[0].start == beijing("2026-11-25 09:30")


@given(
    seed=st.lists(
        st.tuples(st.integers(0, 3 * 86_400), st.integers(60, 86_400)), min_size=0, max_size=5
    )
)
def test_every_span_is_open_from_its_start_to_its_end_and_no_further(
    seed: list[tuple[int, int]],
) -> None:
    since = beijing("2026-11-24 00:00")
    until = since + timedelta(days=4)
    windows = _merged([(since + timedelta(seconds=s), timedelta(seconds=d)) for s, d in seed])

    def ask(at: datetime) -> Decision:
        for start, end in windows:
            if start <= at < end:
                return Decision(Outcome.ALLOW, at, earliest_next=at)
        following = min((start for start, _ in windows if start > at), default=None)
        return Decision(Outcome.BLOCK_RETRIABLE, at, earliest_next=following)

    found = openings(ask, since, until, timedelta(seconds=60))
    assert all(ask(one.start).allowed and ask(one.end).allowed for one in found)
    assert all(one.end == until or not ask(one.end + PRECISION).allowed for one in found)
    assert [one.start for one in found] == [start for start, _ in windows if start <= until]


def _merged(spans: list[tuple[datetime, timedelta]]) -> list[tuple[datetime, datetime]]:
    """Windows that neither touch nor come closer than the step is long."""
    found: list[tuple[datetime, datetime]] = []
    for start, length in sorted(spans):
        if found and start - found[-1][1] < timedelta(seconds=61):
            found[-1] = (found[-1][0], max(found[-1][1], start + length))
        else:
            found.append((start, start + length))
    return found
