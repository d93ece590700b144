"""How far back rules remember: which lines of the ledger a decision can depend on at all.

Every kind of rule says it of its rules (`remembers` in the registry). A list is screened with what
its stack remembers, and the answer is the same as with the whole ledger
(tests/compliance/test_memory.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from compliance.domain.facts import ContactKind

#: What is remembered no longer than this is read apart: the months before need not be looked at.
SHORT = timedelta(days=33)


class Memory(NamedTuple):
    """One rule's memory of one kind of line.

    `span`: no line this old or older counts; None = as far as facts reach. `outcomes`: of OUTCOME
    lines, those that count. `own_campaign`: lines of the campaign itself only. `wished`: lines of
    customers alone who have said how they want to be called.
    """

    kind: ContactKind
    span: timedelta | None
    outcomes: frozenset[str] = frozenset()
    own_campaign: bool = False
    wished: bool = False


#: What a line is, as memories tell lines apart: its kind, and of an OUTCOME which.
Told = tuple[ContactKind, str]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What some rules remember together, and for how long (None = as far as facts reach).

    `spans`: of everybody; `wished`: of customers with a wish, where that is longer; `campaign`:
    kinds of which the own campaign's lines are remembered from its first on.
    """

    spans: Mapping[Told, timedelta | None]
    wished: Mapping[Told, timedelta | None] = field(default_factory=dict)
    campaign: frozenset[ContactKind] = frozenset()

    def of_wishes(self) -> dict[Told, timedelta | None]:
        """The spans for customers with a wish: what is remembered of everybody, and of them."""
        found = dict(self.spans)
        for told, span in self.wished.items():
            found[told] = _longer(found[told], span) if told in found else span
        return found


def together(memories: Iterable[Memory]) -> Remembered:
    """The memory of several rules. Whoever counts attempts also knows which were taken back."""
    spans: dict[Told, timedelta | None] = {}
    wished: dict[Told, timedelta | None] = {}
    campaign: set[ContactKind] = set()
    for memory in memories:
        kinds = [memory.kind]
        if memory.kind is ContactKind.ATTEMPT:
            kinds.append(ContactKind.RELEASE)
        if memory.own_campaign and (memory.span is None or memory.span > SHORT):
            campaign.update(kinds)
            continue
        found = wished if memory.wished else spans
        for told in ((kind, outcome) for kind in kinds for outcome in memory.outcomes or ("",)):
            found[told] = _longer(found[told], memory.span) if told in found else memory.span
    return Remembered(spans, wished, frozenset(campaign))


def _longer(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return None if one is None or other is None else max(one, other)
