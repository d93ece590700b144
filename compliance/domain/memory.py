"""How far back rules remember: which lines of the ledger a decision can depend on at all.

Every kind of rule says it of its rules (`remembers` in the registry). A list is screened with what
its stack remembers, and the answer is the same as with the whole ledger
(tests/compliance/test_memory.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from compliance.domain.facts import ContactKind

#: What is remembered no longer than this is read apart: the months before need not be looked at.
SHORT = timedelta(days=33)


class Memory(NamedTuple):
    """One rule's memory of one kind of line.

    `span`: no line this old or older counts; None = as far as facts reach. `outcomes`: of OUTCOME
    lines, those that count. `own_campaign`: lines of the campaign itself only.
    """

    kind: ContactKind
    span: timedelta | None
    outcomes: frozenset[str] = frozenset()
    own_campaign: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """What some rules remember together; `outcomes` None = every outcome."""

    long: frozenset[ContactKind] = frozenset(ContactKind)
    short: frozenset[ContactKind] = frozenset()
    short_span: timedelta = timedelta(0)
    #: of the own campaign, from its first line on
    campaign: frozenset[ContactKind] = frozenset()
    outcomes: frozenset[str] | None = None


EVERYTHING = Remembered()


def together(memories: Iterable[Memory]) -> Remembered:
    """The memory of several rules. Whoever counts attempts also knows which were taken back."""
    long, campaign = set(), set()
    spans: dict[ContactKind, timedelta] = {}
    outcomes: set[str] = set()
    for memory in memories:
        outcomes |= memory.outcomes
        kinds = {memory.kind}
        if memory.kind is ContactKind.ATTEMPT:
            kinds.add(ContactKind.RELEASE)
        if memory.span is not None and memory.span <= SHORT:
            for kind in kinds:
                spans[kind] = max(memory.span, spans.get(kind, memory.span))
        elif memory.own_campaign:
            campaign |= kinds
        else:
            long |= kinds
    short = {kind: span for kind, span in spans.items() if kind not in long}
    return Remembered(
        long=frozenset(long),
        short=frozenset(short),
        short_span=max(short.values(), default=timedelta(0)),
        campaign=frozenset(campaign - long),
        outcomes=frozenset(outcomes),
    )
