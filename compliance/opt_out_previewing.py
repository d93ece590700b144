"""What a file of refusals would do, before anybody confirms it. Nothing is written.

At most PREVIEWED rows are looked at, in the request itself: a wish must not wait for a worker to
have counted. A longer file says that there is more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice

from audiences.domain.faults import FileFault, FileFaultCode
from audiences.models import Customer, CustomerNumber, Number
from compliance.domain.facts import SuppressionSource
from compliance.domain.register_rows import CUSTOMER
from compliance.models import OptOutFile, Suppression
from compliance.opt_out_files import UNKNOWN, readings

#: Rows that are looked at; about a second's work.
PREVIEWED = 5_000
#: Rows that are shown as they were read, and rejected rows that are named.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class FirstRow:
    """A row as it was read: a number, a stranger's too, and whom it means."""

    row: int
    numbers: tuple[Number, ...]
    people: tuple[Customer, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What the file would do: people and numbers each once, however often they are named.

    `known` numbers are called for somebody, `strangers` for nobody (kept for the day they come to
    us). `refused_before`: people who have said no already. `whole`: there are no further rows.
    """

    rows: int
    repeated: int
    people: int
    known: int
    strangers: int
    refused_before: int
    reasons: tuple[tuple[str, int], ...]
    rejected: tuple[tuple[int, str], ...]
    first: tuple[FirstRow, ...]
    whole: bool

    @property
    def rows_rejected(self) -> int:
        return sum(count for _reason, count in self.reasons)

    @property
    def numbers(self) -> int:
        return self.known + self.strangers

    @property
    def nothing(self) -> bool:
        """Whether confirming it would change nothing."""
        return self.whole and not self.people and not self.numbers


def look(file: OptOutFile) -> Preview:
    """Read the first rows and find whom they name. Raises FileFault."""
    read = list(islice(readings(file), PREVIEWED + 1))
    if not read:
        raise FileFault(FileFaultCode.NO_ROWS)
    whole, read = len(read) <= PREVIEWED, read[:PREVIEWED]
    keys = {entry.key for _row, found in read for entry in found.entries}
    called, by_id = _called({key for key in keys if not key.startswith(CUSTOMER)}), _by_id(keys)
    people: set[int] = set()
    numbers: set[str] = set()
    reasons: Counter[str] = Counter()
    rejected: list[tuple[int, str]] = []
    first: list[FirstRow] = []
    repeated = 0
    for row, found in read:
        reason = found.reason
        meant: set[int] = set()
        theirs: set[str] = set()
        for entry in found.entries:
            if not entry.key.startswith(CUSTOMER):
                theirs.add(entry.key)
                meant |= called[entry.key]
            elif entry.key in by_id:
                meant.add(by_id[entry.key])
            else:
                reason = reason or UNKNOWN
        repeated += bool(meant or theirs) and meant <= people and theirs <= numbers
        people |= meant
        numbers |= theirs
        if reason is not None:
            reasons[reason] += 1
            rejected.append((row, reason))
        if len(first) < SHOWN:
            first.append(
                FirstRow(
                    row,
                    tuple(Number(e164=key) for key in sorted(theirs)),
                    tuple(Customer(pk=pk) for pk in sorted(meant)),
                    reason,
                )
            )
    refused = Suppression.objects.filter(
        customer_id__in=people,
        source=SuppressionSource.OPT_OUT.value,
        product_family="",
        product=None,
        lifted_at__isnull=True,
    )
    known = sum(1 for number in numbers if called[number])
    return Preview(
        rows=len(read),
        repeated=repeated,
        people=len(people),
        known=known,
        strangers=len(numbers) - known,
        refused_before=refused.values("customer_id").distinct().count(),
        reasons=tuple(reasons.most_common()),
        rejected=tuple(rejected[:SHOWN]),
        first=_named(first),
        whole=whole,
    )


def _called(numbers: set[str]) -> defaultdict[str, set[int]]:
    """Who is called on each of these numbers: the records that stand for the people."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    links = CustomerNumber.objects.filter(number__e164__in=numbers)
    for e164, pk, kept in links.values_list(
        "number__e164", "customer_id", "customer__merged_into_id"
    ):
        found[e164].add(kept or pk)
    return found


def _by_id(keys: set[str]) -> dict[str, int]:
    """The customers that these keys name."""
    ids = [key.removeprefix(CUSTOMER) for key in keys if key.startswith(CUSTOMER)]
    found = Customer.objects.filter(bank_id__in=ids)
    return {
        CUSTOMER + bank_id: kept or pk
        for bank_id, pk, kept in found.values_list("bank_id", "pk", "merged_into_id")
    }


def _named(rows: list[FirstRow]) -> tuple[FirstRow, ...]:
    """The same rows with the people as they are on file."""
    people = Customer.objects.in_bulk([one.pk for row in rows for one in row.people])
    return tuple(
        FirstRow(row.row, row.numbers, tuple(people[one.pk] for one in row.people), row.reason)
        for row in rows
    )
