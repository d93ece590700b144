"""The bank of the gate's bench: two halves alike, one for the crew and one for pgbench."""

from __future__ import annotations

from django.db import connection

from bench.bank_rows import TUESDAY, make_bank
from bench.gate_crew import FIRST_CUSTOMER, FIRST_DECISION, FIRST_NUMBER, HOT, Job

NOW = TUESDAY

_SECOND_NUMBERS = """
WITH made AS (
    INSERT INTO audiences_number (e164, kind, region, time_zone, valid, invalid_reason)
    SELECT '+86138' || lpad(i::text, 8, '0'), 'mobile', 'CN-33', 'Asia/Shanghai', true, ''
    FROM generate_series(0, 2 * %(hot)s - 1) AS i RETURNING id)
INSERT INTO audiences_customernumber (priority, number_id, customer_id)
SELECT 2, id, %(customer)s + (id - %(number)s) / %(hot)s * %(half)s + (id - %(number)s) %% %(hot)s
FROM made
"""


def make(half: int) -> tuple[Job, Job]:
    """`half` customers for each; the first few of a half have two numbers."""
    with connection.cursor() as cursor:
        for table, first in (
            ("audiences_customer", FIRST_CUSTOMER),
            ("audiences_number", FIRST_NUMBER),
            ("compliance_decision", FIRST_DECISION),
        ):
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {first}")
    product, line = make_bank(2 * half)
    second = FIRST_NUMBER + 2 * half
    values = {"hot": HOT, "customer": FIRST_CUSTOMER, "number": second, "half": half}
    with connection.cursor() as cursor:
        cursor.execute(_SECOND_NUMBERS, values)
        cursor.execute("VACUUM ANALYZE")
    ours = Job(half, FIRST_CUSTOMER, FIRST_NUMBER, 2 * half, product.pk, line.pk)
    limits = Job(half, FIRST_CUSTOMER + half, FIRST_NUMBER + half, half + HOT, product.pk, line.pk)
    return ours, limits
