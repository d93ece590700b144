"""Rows for the benches, made by the database itself: customers, numbers, consents, a ledger.

Deterministic: everything follows from the row's number. Needs Django set up on an own database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from clock.setting import set_sandbox_clock
from compliance.calendars import install_shipped_calendars
from compliance.models import CallerId, Product
from compliance.packs import install_shipped_packs

#: Tuesday 2026-03-10, 14:00 in Shanghai: within calling hours.
TUESDAY = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
BRANCHES = 40
#: earlier contacts of a customer, on average
CONTACTS = 5

_ROWS = (
    """INSERT INTO accounts_branch (code, name, name_en, region)
       SELECT 'B' || i, 'B' || i, 'B' || i, 'CN-33' FROM generate_series(1, %(branches)s) AS i""",
    """INSERT INTO audiences_customer (bank_id, name, gender, birth_date, segment, region,
           time_zone, risk_tolerance, risk_assessed_on, household, vulnerable, deceased,
           no_profiling, attributes, sandbox, created_at, updated_at, branch_id)
       SELECT 'C' || i, 'n', 'f', date '1940-01-01' + (i * 7919 %% 25000)::int, 'retail', 'CN-33',
           'Asia/Shanghai', 1 + i %% 5, date '2025-11-01',
           CASE WHEN i %% 10 = 0 THEN 'H' || i / 20 ELSE '' END,
           i %% 211 = 0, i %% 499 = 0, false, '{}', true, %(at)s, %(at)s,
           (SELECT min(id) FROM accounts_branch) + i %% %(branches)s
       FROM generate_series(1, %(size)s) AS i""",
    """INSERT INTO audiences_number (e164, kind, region, time_zone, valid, invalid_reason)
       SELECT '+86139' || lpad(i::text, 8, '0'), 'mobile', 'CN-33', 'Asia/Shanghai', true, ''
       FROM generate_series(1, %(size)s) AS i""",
    """INSERT INTO audiences_customernumber (priority, customer_id, number_id)
       SELECT 1, c.id, n.id FROM (SELECT id, row_number() OVER (ORDER BY id) r
                                  FROM audiences_customer) c
       JOIN (SELECT id, row_number() OVER (ORDER BY id) r FROM audiences_number) n USING (r)""",
    """INSERT INTO compliance_consent (channel, purpose, product_family, basis, evidence,
           granted_at, customer_id, profiling_ok)
       SELECT 'voice', 'marketing', '', 'branch', '{}', %(at)s - interval '30 days', id, true
       FROM audiences_customer WHERE id %% 20 <> 0""",
    """INSERT INTO compliance_suppression (source, via, channel, product_family, since, evidence,
           customer_id, purpose)
       SELECT 'opt_out', 'import', 'voice', '', %(at)s - interval '60 days', '{}', id, ''
       FROM audiences_customer WHERE id %% 33 = 0""",
    # 0 to 10 lines each; the age of a line runs over 395 days, a third of them talks
    """INSERT INTO compliance_contact (at, kind, customer_id, number_id, household, product_id,
           product_family, actor, purpose, channel, outcome)
       SELECT %(at)s - interval '1 hour'
               - ((c.id * 7919 + j * 104729) %% 568000) * interval '1 min',
           CASE WHEN (c.id + j) %% 9 = 0 THEN 'outcome' WHEN (c.id + j) %% 3 = 0
                THEN 'conversation' ELSE 'attempt' END,
           c.id, l.number_id, c.household, %(product)s, 'deposit', 'human', 'marketing', 'voice',
           CASE WHEN (c.id + j) %% 9 = 0 THEN 'refused' ELSE '' END
       FROM audiences_customer c
       JOIN audiences_customernumber l ON l.customer_id = c.id
       CROSS JOIN LATERAL generate_series(1, (c.id * 31 %% 11)::int) AS j""",
)


def make_bank(size: int) -> tuple[Product, CallerId]:
    """`size` customers with a number each, the shipped packs and calendars, a product, a line."""
    set_sandbox_clock(sim=TUESDAY, speed=0.000001)
    install_shipped_calendars()
    install_shipped_packs()
    product = Product.objects.create(
        code="TD-1Y", name="一年期定期存款", family="deposit", risk_rated=False
    )
    line = CallerId.objects.create(number="+8657188880001")
    values: dict[str, Any] = {
        "at": TUESDAY,
        "size": size,
        "branches": BRANCHES,
        "product": product.pk,
    }
    with connection.cursor() as cursor:
        for statement in _ROWS:
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")
    return product, line


def ends() -> datetime:
    """When a campaign of these benches ends."""
    return TUESDAY + timedelta(days=10)
