"""How long it takes from a "no" until nobody rings that person any more.

For each opt-out in a span of time: from the moment it was said to the end of the last call to the
person that was already under way (the call in which it was said is not counted: it says goodbye).
A call placed after the "no", while it stands, is a fault and counted apart. What is kept of one
person's "no" for the customer and for the number is one opt-out. A person is all of their records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from compliance.wording import label
from evidence.sheets import Sheet
from evidence.words import VIAS

_LATENCIES = """
WITH said AS (
    SELECT s.via, s.since, s.lifted_at, s.expires_at, s.customer_id, s.number_id,
           s.evidence ->> 'call' AS call,
           ARRAY(SELECT r.id FROM audiences_customer own JOIN audiences_customer r
                 ON r.id = coalesce(own.merged_into_id, own.id)
                 OR r.merged_into_id = coalesce(own.merged_into_id, own.id)
                 WHERE own.id = s.customer_id) AS records,
           coalesce((SELECT min(person.id) FROM compliance_suppression person
                     JOIN audiences_customer own ON own.id = person.customer_id
                     JOIN audiences_customernumber l
                     ON l.customer_id = coalesce(own.merged_into_id, own.id)
                     WHERE s.customer_id IS NULL AND l.number_id = s.number_id
                     AND person.source = s.source AND person.via = s.via
                     AND person.since = s.since), s.id) AS wish
    FROM compliance_suppression s
    WHERE s.source = 'opt_out' AND s.product_family = '' AND s.product_id IS NULL
    AND s.since >= %(since)s AND s.since < %(until)s
), counted AS (
    SELECT * FROM said WHERE %(campaign)s::bigint IS NULL OR EXISTS (
        SELECT 1 FROM campaigns_lead lead WHERE lead.campaign_id = %(campaign)s::bigint
        AND (lead.customer_id = ANY(said.records) OR lead.number_id = said.number_id))
), reached AS (
    SELECT said.via, said.wish,
           coalesce(extract(epoch FROM max(coalesce(c.ended_at, %(now)s) - said.since)
                    FILTER (WHERE c.placed_at <= said.since)), 0) AS seconds,
           count(DISTINCT c.id) FILTER (WHERE c.placed_at > said.since) AS late
    FROM counted said LEFT JOIN dialer_call c
    ON (c.customer_id = ANY(said.records) OR c.number_id = said.number_id)
    AND c.kind <> 'inbound' AND c.public_id::text IS DISTINCT FROM said.call
    AND (c.placed_at > said.since OR coalesce(c.ended_at, %(now)s) > said.since)
    AND c.placed_at < least(coalesce(said.lifted_at, 'infinity'),
                            coalesce(said.expires_at, 'infinity'))
    GROUP BY said.via, said.wish
)
SELECT coalesce(via, 'all'), count(*), count(*) FILTER (WHERE seconds > 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds), max(seconds), sum(late)
FROM reached GROUP BY GROUPING SETS ((via), ()) ORDER BY GROUPING(via), via
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one channel ("all" = every one): opt-outs, those with a call under way, seconds, and calls
    placed after the "no".
    """

    channel: str
    count: int
    under_way: int
    p50: float
    p99: float
    longest: float
    late: int


def latencies(
    since: datetime, until: datetime, now: datetime, campaign_id: int | None = None
) -> list[Latency]:
    """By channel, and all together last; empty when nobody said no. `campaign_id`: only people on
    that campaign's lists.
    """
    values = {"since": since, "until": until, "now": now, "campaign": campaign_id}
    with connection.cursor() as cursor:
        cursor.execute(_LATENCIES, values)
        return [
            Latency(via, count, under_way, float(p50), float(p99), float(longest), int(late))
            for via, count, under_way, p50, p99, longest, late in cursor.fetchall()
            if count
        ]


def latency_sheet(since: datetime, until: datetime, now: datetime) -> Sheet:
    """The same as a table."""
    return Sheet(
        title=_("Opt-out latency"),
        columns=[
            ("channel", _("Channel")),
            ("channel_code", _("Channel (code)")),
            ("opt_outs", _("Opt-outs")),
            ("under_way", _("With a call under way")),
            ("p50_s", _("Median, seconds")),
            ("p99_s", _("99th percentile, seconds")),
            ("max_s", _("Longest, seconds")),
            ("late", _("Calls placed after")),
        ],
        rows=[
            [label(VIAS, each.channel), each.channel, each.count, each.under_way,
             round(each.p50, 3), round(each.p99, 3), round(each.longest, 3), each.late]
            for each in latencies(since, until, now)
        ],
        notes=[f"{since:%Y-%m-%d} – {until:%Y-%m-%d}"],
    )  # fmt: skip
