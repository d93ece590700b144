"""The locks that put every gate and every refusal of a person in one order.

Advisory transaction locks on the sorted keys of customers and numbers, then on those of households
(so that whoever knows the persons can begin). They are taken in a
statement of their own, *before* the facts are read: within one statement the read may predate the
lock. Whoever takes them sees everything that was committed under them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from django.db import connection

# unnest yields the array in its order, and a volatile function is called row by row
TAKE = "SELECT pg_advisory_xact_lock(key) FROM unnest(%(keys)s::bigint[]) AS key"
#: The same for the household of one customer, and which it is ('' = none); nothing if there is no
#: such customer. The key is made as `keys_of` makes it.
TAKE_HOUSEHOLD = """
SELECT household, CASE WHEN household <> '' THEN pg_advisory_xact_lock(
    ('x' || left(encode(sha256(convert_to('household:' || household, 'UTF8')), 'hex'), 16))
        ::bit(64)::bigint) END AS locked
FROM audiences_customer WHERE id = %(customer)s::bigint
"""


class NotInTransaction(Exception):
    """A lock that ends with its statement protects nothing."""


def keys_of(
    *,
    customer_ids: Iterable[int | None] = (),
    number_ids: Iterable[int | None] = (),
    households: Iterable[str] = (),
) -> list[int]:
    """The 64-bit lock keys in the one order in which they are taken, each once."""
    names = [f"customer:{key}" for key in customer_ids if key is not None]
    names += [f"number:{key}" for key in number_ids if key is not None]
    persons = {_key(name) for name in names}
    shared = {_key(f"household:{key}") for key in households if key}
    return [*sorted(persons), *sorted(shared - persons)]


def take(keys: list[int]) -> None:
    """Wait for the locks, in order; they are held to the transaction's end.

    Raises NotInTransaction outside one, django.db.OperationalError when `lock_timeout` is over.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"keys": keys})


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
