"""The facts statement: the same for one customer at the gate and for 10,000 in a list.

Arrays of (customer, number) pairs go in. Lines of one shape come out, each of a `Section`: what all
pairs share, a line a pair, and a line for every consent, refusal, contact, … of any of
them. Each table is read once, by the arrays, which walks an index in order instead of descending it
for each customer, and a monthly partition likewise. Who has none of something costs nothing.

What a register says is asked for by the number and the bank's id themselves, for it holds for
people who have come to us only since. What happened to a record that was merged into the customer's
happened to the customer: FORMER lines name such records, and theirs come too.

In a second text spans bound the ledger, so that a list need not read what its rules have forgotten:
the kinds of lines remembered `long` (at most 400 days), those remembered for a short time, and of
both each kind and outcome (`told`) for its own time, longer where customers have said how they want
to be called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum

from compliance.counting import COUNTS


class Section(IntEnum):
    """What a line is about. A line is (section, customer, number, id, texts…)."""

    WORLD = 0
    PERSON = 1
    CONSENT = 2
    SUPPRESSION = 3
    CONTACT = 4
    CONTACT_OF_NUMBER = 5
    CONTACT_OF_HOUSEHOLD = 6
    ATTEMPT = 7
    EXEMPTION = 8
    PREFERENCE = 9
    FORMER = 10


#: Texts of a line; what a section does not need is null.
WIDTH = 10
#: Between the texts that travel as one: codes and truths, of which no rule needs one alone before
#: all are read. Fewer and shorter lines are sent, and alike ones are told at a glance.
BETWEEN = "\x1f"


def _as_one(*texts: str) -> str:
    """Texts as one. An empty text and null become the same; only the last may hold `BETWEEN`."""
    return f"concat({f', chr({ord(BETWEEN)}), '.join(texts)})"


def _line(
    section: Section, *texts: str, customer: str = "NULL", number: str = "NULL", id: str = "NULL"
) -> str:
    columns = [f"{text}::text" for text in texts] + ["NULL"] * (WIDTH - len(texts))
    ids = ", ".join(f"{key}::bigint" for key in (customer, number, id))
    return f"SELECT {section:d}, {ids}, {', '.join(columns)}"


_WORLD = f"""
    SELECT json_build_object(
        'packs', (SELECT json_agg(json_build_array(id, sha256)) FROM in_force),
        'campaign_counts', ({COUNTS}),
        'years', (SELECT json_agg(json_build_array(country, year, sha256))
                  FROM compliance_calendaryear WHERE in_force),
        'registers', (SELECT json_agg(json_build_array(name, imported_at, max_age_days)
                                      ORDER BY name)
                      FROM compliance_register WHERE active AND kind = 'no_call'),
        'blackouts', (SELECT json_agg(json_build_array(id, since, until, region, product_family,
                                                       reason, product_id) ORDER BY id)
                      FROM compliance_blackout WHERE until > moment.at),
        'switches', (SELECT json_agg(json_build_array(id, scope) ORDER BY id)
                     FROM compliance_killswitch WHERE released_at IS NULL),
        'product', (SELECT json_build_array(id, family, risk_rated, risk_rating,
                                            issuer_risk_rating, min_age, max_age, by_phone,
                                            on_sale, private, min_amount)
                    FROM compliance_product WHERE id = %(product)s),
        'caller_id', (SELECT json_build_array(id, active, registered_use, operator, route)
                      FROM compliance_callerid WHERE id = %(caller_id)s),
        'already_reserved', EXISTS (SELECT 1 FROM compliance_attempt
                                    WHERE idempotency_key = %(key)s AND %(key)s <> ''),
        'speed', coalesce((SELECT speed FROM clock_sandboxclock), 1.0))
"""  # noqa: S608 - made of constants alone


_PERSON = _line(
    Section.PERSON,
    "c.birth_date",
    "c.risk_assessed_on",
    "c.household",
    "c.branch_id",
    "CASE WHEN c.attributes <> '{}' THEN c.attributes END",
    "n.in_use_since",
    "n.ownership_asked_at",
    _as_one(
        "c.region",
        "c.time_zone",
        "c.risk_tolerance",
        "c.vulnerable",
        "c.deceased",
        "c.sandbox",
        "c.no_profiling",
        "n.id IS NOT NULL",
        "n.region",
        "n.time_zone",
        "n.valid",
        "n.invalid_reason",
        "n.ownership",
        "l.id IS NOT NULL",
        "c.segment",
    ),
    customer="w.customer_id",
    number="w.number_id",
)
_CONSENT = _line(
    Section.CONSENT,
    "s.granted_at",
    "s.withdrawn_at",
    "s.expires_at",
    _as_one("s.channel", "s.purpose", "s.basis", "s.profiling_ok", "s.product_family"),
    customer="s.customer_id",
    number="s.number_id",
    id="s.id",
)
_SUPPRESSION = _line(
    Section.SUPPRESSION,
    "s.source",
    "s.since",
    "r.name",
    "s.channel",
    "s.product_family",
    "s.expires_at",
    "s.purpose",
    "s.product_id",
    customer="s.customer_id",
    number="s.number_id",
    id="s.id",
)
_REFUSALS = f"""{_SUPPRESSION}
    FROM compliance_suppression AS s LEFT JOIN compliance_register AS r ON r.id = s.register_id"""
_REGISTERED = _line(
    Section.SUPPRESSION,
    "'register'",
    "g.since",
    "r.name",
    "r.channel",
    "r.product_family",
    "g.expires_at",
    "r.purpose",
    customer="n.customer_id",
    number="n.number_id",
    id="g.id",
)
_EXEMPTION = _line(
    Section.EXEMPTION,
    "e.kind",
    "e.product_id",
    "e.campaign_id",
    "e.promised_at",
    "e.expires_at",
    customer="e.customer_id",
    number="e.number_id",
    id="e.id",
)
_PREFERENCE = _line(
    Section.PREFERENCE,
    "p.since",
    "p.no_robot",
    "to_json(p.weekdays)",
    "p.hours",
    "to_json(p.families_refused)",
    "p.conversations_per_year",
    "p.conversations_per_month",
    customer="p.customer_id",
    id="p.id",
)


def _attempts(key: str) -> str:
    columns = _line(
        Section.ATTEMPT, "a.reserved_at", "a.id", customer="a.customer_id", number="a.number_id"
    )
    return f"""{columns} FROM compliance_attempt AS a
    WHERE a.{key} AND a.state IN ('bound', 'reserved')"""


#: A line that its kind, or its outcome, is remembered long enough for: everybody's, or that of a
#: customer with a wish.
_REMEMBERED = """k.at >= (
        CASE WHEN k.customer_id IN (SELECT id FROM wishing)
            THEN %(wished_since)s::timestamptz[] ELSE %(told_since)s::timestamptz[] END
        )[array_position(%(told)s::text[],
            CASE k.kind WHEN 'outcome' THEN 'outcome:' || k.outcome ELSE k.kind END)]"""


def _contacts(section: Section, key: str, since: str, kinds: str) -> str:
    """`kinds` empty: every line is remembered."""
    columns = _line(
        section,
        "k.at",
        "k.kind",
        "k.household",
        "k.product_id",
        "k.product_family",
        "k.campaign_id",
        "k.branch_id",
        "k.caller_id_id",
        "CASE WHEN k.kind IN ('attempt', 'release') THEN k.attempt_id END",
        _as_one("k.actor", "k.purpose", "k.channel", "k.outcome"),
        customer="k.customer_id",
        number="k.number_id",
        id="k.id",
    )
    return f"""{columns} FROM compliance_contact AS k
    WHERE k.{key} AND k.at >= %({since})s::timestamptz AND k.at < %(until)s::timestamptz
      {f"AND k.kind = ANY(%({kinds})s::text[]) AND {_REMEMBERED}" if kinds else ""}"""


_OF_CUSTOMERS = "customer_id = ANY((SELECT customers FROM asked)::bigint[])"
#: the customers, and the records merged into theirs
_OF_ALL = "customer_id = ANY((SELECT everyone FROM asked)::bigint[])"
_OF_NUMBERS = "number_id = ANY((SELECT numbers FROM asked)::bigint[])"
_OF_HOUSEHOLDS = "household = ANY((SELECT households FROM homes)::text[]) AND k.household <> ''"


def _statement(*contacts: str) -> str:
    return _FRAME.replace("{contacts}", "\nUNION ALL\n".join(contacts))


_FRAME = f"""
WITH moment AS MATERIALIZED (
    SELECT coalesce(%(at)s::timestamptz, sanshi_now()) AS at, clock_timestamp() AS real),
in_force AS MATERIALIZED (
    SELECT DISTINCT ON (pack_id) id, sha256, document FROM compliance_packversion, moment
    WHERE state = 'approved' AND effective_from <= moment.at
      AND (effective_to IS NULL OR effective_to > moment.at)
    ORDER BY pack_id, effective_from DESC, id DESC),
given AS MATERIALIZED (
    SELECT %(customers)s::bigint[] AS customers, %(numbers)s::bigint[] AS numbers),
former AS MATERIALIZED (
    SELECT id, bank_id, merged_into_id FROM audiences_customer
    WHERE merged_into_id = ANY((SELECT customers FROM given)::bigint[])),
asked AS MATERIALIZED (
    SELECT customers, numbers, customers || (SELECT array_agg(id) FROM former) AS everyone
    FROM given),
wanted AS MATERIALIZED (
    SELECT * FROM unnest(%(customers)s::bigint[], %(numbers)s::bigint[])
        AS pair(customer_id, number_id)),
people AS MATERIALIZED (
    SELECT * FROM audiences_customer WHERE id = ANY(%(customers)s::bigint[])),
phones AS MATERIALIZED (
    SELECT * FROM audiences_number WHERE id = ANY(%(numbers)s::bigint[])),
wishing AS MATERIALIZED (
    SELECT customer_id AS id FROM compliance_preference
    WHERE customer_id = ANY((SELECT everyone FROM asked)::bigint[]) AND ended_at IS NULL
    UNION ALL SELECT id FROM former UNION ALL SELECT merged_into_id FROM former),
homes AS MATERIALIZED (
    SELECT array_agg(DISTINCT household::text) AS households FROM people WHERE household <> ''),
names AS MATERIALIZED (
    SELECT id AS customer_id, NULL::bigint AS number_id, 'c:' || bank_id AS key FROM people
    UNION SELECT id, NULL, 'c:' || bank_id FROM former
    UNION ALL SELECT NULL, id, e164 FROM phones),
registered AS MATERIALIZED (
    SELECT id, key, batch_id, since, expires_at FROM compliance_registerentry
    WHERE key = ANY((SELECT array_agg(key) FROM names)::text[] COLLATE "C"))
{_line(Section.WORLD, "moment.at", "moment.real", f"({_WORLD})")} FROM moment
UNION ALL
{_PERSON}
FROM wanted AS w
LEFT JOIN people AS c ON c.id = w.customer_id AND c.merged_into_id IS NULL
LEFT JOIN phones AS n ON n.id = w.number_id
LEFT JOIN (SELECT id, customer_id, number_id FROM audiences_customernumber
           WHERE {_OF_CUSTOMERS}) AS l
    ON l.customer_id = w.customer_id AND l.number_id = w.number_id
UNION ALL
{_CONSENT} FROM compliance_consent AS s WHERE s.{_OF_CUSTOMERS}
UNION ALL
{_line(Section.FORMER, customer="merged_into_id", id="id")} FROM former
UNION ALL
{_REFUSALS} WHERE s.{_OF_ALL} AND s.lifted_at IS NULL
UNION ALL
{_REFUSALS} WHERE s.{_OF_NUMBERS} AND s.lifted_at IS NULL
UNION ALL
{_REGISTERED} FROM registered AS g
JOIN names AS n ON n.key = g.key
JOIN compliance_registerimport AS b ON b.id = g.batch_id AND b.state = 'in_force'
JOIN compliance_register AS r ON r.id = b.register_id AND r.active AND r.kind = 'no_call'
UNION ALL
{{contacts}}
UNION ALL
{_attempts(_OF_ALL)}
UNION ALL
{_attempts(_OF_NUMBERS)}
UNION ALL
{_EXEMPTION} FROM compliance_exemption AS e
WHERE e.{_OF_CUSTOMERS} AND e.used_at IS NULL AND e.withdrawn_at IS NULL
UNION ALL
{_PREFERENCE} FROM compliance_preference AS p
WHERE p.{_OF_ALL} AND p.ended_at IS NULL
"""  # noqa: S608 - made of constants alone

#: All that is known, as the gate asks.
STATEMENT = _statement(
    _contacts(Section.CONTACT, _OF_ALL, "long_since", ""),
    _contacts(Section.CONTACT_OF_NUMBER, _OF_NUMBERS, "others_since", ""),
    _contacts(Section.CONTACT_OF_HOUSEHOLD, _OF_HOUSEHOLDS, "others_since", ""),
)
#: The same without what the rules of a list have forgotten.
REMEMBERED_STATEMENT = _statement(
    _contacts(Section.CONTACT, _OF_ALL, "long_since", "long_kinds"),
    _contacts(Section.CONTACT, _OF_ALL, "short_since", "short_kinds"),
    _contacts(Section.CONTACT_OF_NUMBER, _OF_NUMBERS, "others_since", "kinds"),
    _contacts(Section.CONTACT_OF_HOUSEHOLD, _OF_HOUSEHOLDS, "others_since", "kinds"),
)


def bounded(statement: str, bounds: Mapping[str, datetime]) -> str:
    """The statement with an instant written beside each comparison of `at` with one of these
    parameters, which never lies outside it.

    A plan that is made for all values of the parameters looks at every month of the ledger, and
    locks it; beside what is written out, only at those that can matter.
    """
    for name, bound in bounds.items():
        comparison = rf"([\w.]+) (>=|<) %\({name}\)s::timestamptz"
        written = rf"\g<0> AND \1 \2 '{bound.isoformat()}'::timestamptz"
        statement = re.sub(comparison, written, statement)
    return statement
