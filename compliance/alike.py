"""What people of a list have in common with those who are alike (compliance.domain.likeness).

Read off the lines of the facts statement, before anything is made of them: of a long list there are
a few thousand likenesses, and most of its people are like somebody before them.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Hashable
from datetime import date, datetime

from compliance.domain.facts import ContactKind, SuppressionSource
from compliance.domain.intent import Intent
from compliance.domain.likeness import Likeness, Turns
from compliance.facts_lines import CUSTOMER, ID, NUMBER, TEXTS, Line, Lines, in_order, moment_of


class Likenesses:
    """Of the pairs of one batch, about whom one thing is asked."""

    __slots__ = ("_about", "_lines", "_more_of_customers", "_more_of_numbers", "_now", "_turns")

    def __init__(self, lines: Lines, turns: Turns, template: Intent, now: datetime) -> None:
        self._lines, self._turns, self._now = lines, turns, now
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

    def of(self, customer: int | None, number: int | None) -> Likeness | None:
        """None: there is more to be known, and the pair must be judged alone."""
        if customer in self._more_of_customers or number in self._more_of_numbers:
            return None
        lines, turns = self._lines, self._turns
        person = lines.people[customer, number]
        born, assessed, household = person[TEXTS], person[TEXTS + 4], person[TEXTS + 5]
        if household is None or person[TEXTS + 17] is not None or person[TEXTS + 19] is not None:
            return None  # nobody, or a number that had another owner or was asked about
        agreed = self._agreed(lines.consents.get(customer), number)
        if agreed is None:
            return None
        refused: tuple[Hashable, ...] | None = ()
        by_customer = lines.suppressions[0].get(customer)
        by_number = lines.suppressions[1].get(number)
        if by_customer is not None or by_number is not None:
            refused = self._refused((*(by_customer or ()), *(by_number or ())), customer, number)
            if refused is None:
                return None
        told: tuple[Hashable, ...] | None = ()
        own = lines.contacts.get(customer)
        of_number = lines.contacts_of_number.get(number)
        of_household = lines.contacts_of_household.get(household) if household else None
        if own is not None or of_number is not None or of_household is not None:
            if any(
                line[CUSTOMER] != customer for line in (*(of_number or ()), *(of_household or ()))
            ):
                return None  # others were called, too
            told = self._told(own or [], number, household, person[TEXTS + 9])
            if told is None:
                return None
        who = (
            agreed,
            refused,
            born and bisect_right(turns.births, date.fromisoformat(born)),
            assessed and bisect_right(turns.assessed, date.fromisoformat(assessed)),
            # all else that a rule may look at; not the household and the branch
            person[TEXTS + 1 : TEXTS + 4],
            person[TEXTS + 6 : TEXTS + 9],
            person[TEXTS + 10 : TEXTS + 12],
            self._held(person[TEXTS + 12]),
            person[TEXTS + 13 : TEXTS + 17],
            person[TEXTS + 18],
            person[TEXTS + 20],
        )
        # a rule that remembers may look at refusals, too
        return Likeness(who, (refused, told))

    def _held(self, text: str | None) -> tuple[Hashable, ...]:
        """The bank's own attributes that a rule looks at, as far as they are plain values."""
        if text is None or not self._turns.attributes:
            return ()
        held = json.loads(text) or {}
        values = ((name, held.get(name)) for name in self._turns.attributes)
        # true is not 1 to a rule
        return tuple((n, type(v), v) for n, v in values if isinstance(v, str | int | bool))

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
            granted, channel, purpose, family, withdrawn, expires, basis, profiling_ok = line[4:12]
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
            found.append((place, channel, purpose, family, basis, profiling_ok, whose, taken_back))
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
                    line[12:16],  # who spoke, what for, how, and what came of it
                )
            )
        return tuple(found)


_RELEASE = ContactKind.RELEASE.value
_REGISTER = SuppressionSource.REGISTER.value
