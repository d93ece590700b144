"""The life of a complaint's case: one enum, one table of transitions.

OPENED     on record, and the person is called no more; nobody handles it yet
ASSIGNED   somebody who is not complained of handles it
EXTENDED   as ASSIGNED, with a longer term and a reason for it
ANSWERED   the complainant has our answer
CLOSED     its cause is named and has gone to whoever owns it
"""

from __future__ import annotations

from enum import StrEnum


class CaseState(StrEnum):
    OPENED = "opened"
    ASSIGNED = "assigned"
    EXTENDED = "extended"
    ANSWERED = "answered"
    CLOSED = "closed"


TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPENED: frozenset({CaseState.ASSIGNED}),
    # assigned again: to somebody else
    CaseState.ASSIGNED: frozenset({CaseState.ASSIGNED, CaseState.EXTENDED, CaseState.ANSWERED}),
    # extended once more, or handed to somebody else, it keeps its longer term
    CaseState.EXTENDED: frozenset({CaseState.EXTENDED, CaseState.ANSWERED}),
    # the complainant is not content with the answer
    CaseState.ANSWERED: frozenset({CaseState.CLOSED, CaseState.ASSIGNED}),
    CaseState.CLOSED: frozenset({CaseState.ASSIGNED}),
}

#: Its answer is still due.
OPEN = frozenset({CaseState.OPENED, CaseState.ASSIGNED, CaseState.EXTENDED})


def sources(new: CaseState) -> list[str]:
    """The states from which the table lets a case become `new`."""
    return sorted(old.value for old, following in TRANSITIONS.items() if new in following)


class Cause(StrEnum):
    """Why somebody had to complain; each goes to whoever can change it."""

    WORDS = "words"  # what was said
    PRODUCT = "product"  # what was offered
    TOO_OFTEN = "too_often"
    AFTER_REFUSAL = "after_refusal"
    NO_CONSENT = "no_consent"
    WRONG_TIME = "wrong_time"
    WRONG_PERSON = "wrong_person"
    CONDUCT = "conduct"  # how an agent spoke
    NOT_OURS = "not_ours"  # no call of ours
    OTHER = "other"
