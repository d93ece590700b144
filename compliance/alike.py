"""What people of a list have in common with those who are alike (compliance.domain.likeness).

Read off the lines of the facts statement, before anything is made of them: of a long list there are
a few thousand likenesses, and most of its people are like somebody before them.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime

from compliance.domain.facts import ContactKind, SuppressionSource
from compliance.domain.intent import Intent
from compliance.domain.likeness import Likeness, Turns
from compliance.facts_lines import (
    CUSTOMER,
    ID,
    NUMBER,
    TEXTS,
    Line,
    Lines,
    Pair,
    in_order,
    moment_of,
)


class Likenesses:
    """Of the pairs of one batch, about whom one thing is asked."""

    __slots__ = (
        "_about", "_assessments", "_births", "_lines", "_more_of_customers", "_more_of_numbers",
        "_now", "_turns",
    )  # fmt: skip

    def __init__(self, lines: Lines, turns: Turns, template: Intent, now: datetime) -> None:
        self._lines, self._turns, self._now = lines, turns, now
        # dates come as texts, and as texts they stand in the same order
        self._births = [born.isoformat() for born in turns.births]
        self._assessments = [assessed.isoformat() for assessed in turns.assessed]
        asked = (template.product_id, template.campaign_id, template.caller_id_id)
        #: product, campaign and caller ID as lines write them; what is not there is like nothing
        self._about = tuple(None if each is None else str(each) for each in asked)
        # of whom, and of which numbers, more is known than a likeness tells
        self._more_of_customers = {
            *lines.attempts[0],
            *lines.exemptions,
            *lines.preferences,
            *lines.former,
        }
        self._more_of_numbers = set(lines.attempts[1])

    def each(self, pairs: Iterable[Pair]) -> Iterator[Likeness | None]:
        """Of every pair, in order. None: there is more to be known, and it must be judged alone."""
        lines, births, assessments = self._lines, self._births, self._assessments
        people, consents, (of_customers, of_numbers) = (
            lines.people, lines.consents, lines.suppressions
        )  # fmt: skip
        own_contacts, contacts_of_number, contacts_of_household = (
            lines.contacts, lines.contacts_of_number, lines.contacts_of_household
        )  # fmt: skip
        for customer, number in pairs:
            if customer in self._more_of_customers or number in self._more_of_numbers:
                yield None
                continue
            person = people[customer, number]
            _, _, _, _, born, assessed, household, branch, held, since, asked, one, _, _ = person
            if household is None or since is not None or asked is not None:
                yield None  # nobody, or a number that had another owner or was asked about
                continue
            agreed = self._agreed(consents.get(customer), number)
            if agreed is None:
                yield None
                continue
            refused: tuple[Hashable, ...] | None = ()
            by_customer, by_number = of_customers.get(customer), of_numbers.get(number)
            if by_customer is not None or by_number is not None:
                both = (*(by_customer or ()), *(by_number or ()))
                refused = self._refused(both, customer, number)
            told: tuple[Hashable, ...] | None = ()
            own, of_number = own_contacts.get(customer), contacts_of_number.get(number)
            of_household = contacts_of_household.get(household) if household else None
            if own is not None or of_number is not None or of_household is not None:
                others = (*(of_number or ()), *(of_household or ()))
                if any(line[CUSTOMER] != customer for line in others):
                    told = None  # others were called, too
                else:
                    told = self._told(own or [], number, household, branch)
            if refused is None or told is None:
                yield None
                continue
            who = (
                agreed,
                refused,
                born and bisect_right(births, born),
                assessed and bisect_right(assessments, assessed),
                # all else that a rule may look at; not the household and the branch
                one,
                held and self._held(held),
            )
            # a rule that remembers may look at refusals, too
            yield Likeness(who, (refused, told))

    def _held(self, text: str) -> tuple[Hashable, ...] | None:
        """The bank's own attributes that a rule looks at, as far as they are plain values."""
        if not self._turns.attributes:
            return None
        held = json.loads(text) or {}
        values = ((name, held.get(name)) for name in self._turns.attributes)
        # true is not 1 to a rule
        return tuple((n, type(v), v) for n, v in values if isinstance(v, str | int | bool)) or None

    def _agreed(
        self, consents: list[Line] | None, number: int | None
    ) -> tuple[Hashable, ...] | None:
        """What the consents have in common with others'; None = one of them ends by itself, or
        one of several was taken back.
        """
        if consents is None:
            return ()
        found = []
        for line in in_order(consents):
            granted, withdrawn, expires, one = line[4:8]
            if expires is not None:
                return None
            named, begun = line[NUMBER], moment_of(granted)
            whose = None if named is None else named == number
            place = bisect_right(self._turns.granted, begun)
            taken_back = None
            if withdrawn is not None:
                if len(consents) > 1:
                    return None  # it may end others that were given before
                ended = moment_of(withdrawn)
                taken_back = (ended <= self._now, begun > ended)
            found.append((place, one, whose, taken_back))
        return tuple(found)

    def _refused(
        self, refusals: tuple[Line, ...], customer: int | None, number: int | None
    ) -> tuple[Hashable, ...] | None:
        """What the refusals have in common with others'; None = a register says so, which may give
        way to a later consent, or it is for a time.
        """
        about_product = self._about[0]
        found: list[Hashable] = []
        for line in refusals:
            source, since, _, channel, family, expires, purpose, product = line[4:12]
            if source == _REGISTER or expires is not None or moment_of(since) > self._now:
                return None
            found.append(
                (
                    source,
                    channel,
                    family,
                    purpose,
                    None if product is None else product == about_product,
                    None if line[CUSTOMER] is None else line[CUSTOMER] == customer,
                    None if line[NUMBER] is None else line[NUMBER] == number,
                )
            )
        return tuple(found)

    def _told(
        self, contacts: list[Line], number: int | None, household: str, branch: str | None
    ) -> tuple[Hashable, ...] | None:
        """What the contacts have in common with others'; None = one of them was taken back."""
        about_product, about_campaign, about_caller_id = self._about
        found: list[Hashable] = []
        if len(contacts) > 1:
            contacts = sorted(contacts, key=lambda line: (moment_of(line[TEXTS]), line[ID]))
        for line in contacts:
            at, kind, home, product, family, campaign, by_branch, caller_id = line[4:12]
            if kind == _RELEASE:
                return None
            found.append(
                (
                    bisect_right(self._turns.contacts, moment_of(at)),
                    kind,
                    family,
                    product is not None and product == about_product,
                    campaign is not None and campaign == about_campaign,
                    caller_id is not None and caller_id == about_caller_id,
                    by_branch is not None and by_branch == branch,
                    home != "" and home == household,
                    line[NUMBER] is not None and line[NUMBER] == number,
                    line[13],  # who spoke, what for, how, and what came of it
                )
            )
        return tuple(found)


_RELEASE = ContactKind.RELEASE.value
_REGISTER = SuppressionSource.REGISTER.value
