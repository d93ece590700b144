"""What a campaign did lately: the numbers that the pacing guards of its packs divide.

All come from the ledger, but for the complaints:

    answered       connects, less those that ended as a machine: a person answered. A call that is
                   still going on counts as a person's until it is found to be a machine's.
    consented      the customer said yes to being connected to a person
    abandoned      said yes, and was not connected: hung up waiting, or heard the apology
    conversations  the customer spoke with us
    machine_wrong  ended as a machine although somebody had spoken with us (AMD's false positives;
                   a machine that we first took for a person is among them: the safe side)
    complaints     opened against this campaign

Counted is from the whole hour in which the window begins: so whole hours that are over are counted
once (`tally`, by the dialer's leader), and the gate adds up some hundred rows instead of the
hundred thousands of a campaign. The lines after the last such hour are counted on the spot; without
any tally, all of them are, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from compliance.domain.facts import MACHINE, MACHINE_WRONG, CampaignCounts
from compliance.domain.rules.pacing import MOST_HOURS

#: How far back a campaign's lines are read at most.
REACH = timedelta(hours=MOST_HOURS + 2)
#: A line is in the ledger so long after its instant at the latest: business time, and real time.
SETTLED = timedelta(minutes=15)
SETTLED_REAL_S = 60.0

_LINES = f"""
    count(*) FILTER (WHERE kind = 'connect') AS connects,
    count(*) FILTER (WHERE outcome = '{MACHINE}') AS machines,
    count(*) FILTER (WHERE outcome = '{MACHINE_WRONG}') AS machine_wrong,
    count(*) FILTER (WHERE kind = 'consented') AS consented,
    count(*) FILTER (WHERE kind = 'conversation') AS conversations,
    count(*) FILTER (WHERE kind = 'abandon') AS abandoned"""
_TALLIED = ", ".join(
    f"sum({name})::bigint"
    for name in (
        "connects", "machines", "machine_wrong", "consented", "conversations", "abandoned",
    )
)  # fmt: skip
# an index each: (campaign_id, kind, at), and (campaign_id, at) of the machines alone
_OF_CAMPAIGN = f"""
    SELECT kind, '' AS outcome, at FROM compliance_contact
    WHERE campaign_id = %(counted)s
      AND kind IN ('connect', 'consented', 'conversation', 'abandon')
      AND at >= %(count_since)s::timestamptz AND at < %(until)s::timestamptz
    UNION ALL
    SELECT kind, outcome, at FROM compliance_contact
    WHERE campaign_id = %(counted)s
      AND kind = 'outcome' AND outcome IN ('{MACHINE}', '{MACHINE_WRONG}')
      AND at >= %(count_since)s::timestamptz AND at < %(until)s::timestamptz"""  # noqa: S608 - made of constants of this file alone

#: Part of the facts statement: [[hours, answered, …], …] for each number of hours that a pacing
#: rule of the packs in force or of the campaign's own limits asks for.
COUNTS = f"""
    SELECT json_agg(json_build_array(asked.hours, greatest(0, done.connects - done.machines),
               done.consented, done.conversations, done.abandoned, done.machine_wrong,
               (SELECT count(*) FROM compliance_complaint
                WHERE campaign_id = %(counted)s AND created_at >= span.since)) ORDER BY asked.hours)
    FROM (SELECT DISTINCT (found #>> '{{}}')::numeric::int AS hours
          FROM (SELECT document FROM in_force UNION ALL SELECT %(limits)s::jsonb) AS layer,
               jsonb_path_query(layer.document, '$.rules[*] ? (@.kind == "pacing").*.hours
                                                 ? (@ >= 1 && @ <= {MOST_HOURS})') AS found
         ) AS asked
    CROSS JOIN LATERAL (
        SELECT date_trunc('hour', moment.at, 'UTC') - make_interval(hours => asked.hours) AS since
        ) AS span
    CROSS JOIN LATERAL (
        SELECT coalesce(max(hour) + interval '1 hour', '-infinity') AS until
        FROM compliance_campaignhour WHERE campaign_id = %(counted)s) AS tallied
    CROSS JOIN LATERAL (
        SELECT sum(connects) AS connects, sum(machines) AS machines,
               sum(machine_wrong) AS machine_wrong, sum(consented) AS consented,
               sum(conversations) AS conversations, sum(abandoned) AS abandoned
        FROM (SELECT connects, machines, machine_wrong, consented, conversations, abandoned
              FROM compliance_campaignhour
              WHERE campaign_id = %(counted)s AND hour >= span.since
              UNION ALL
              SELECT {_LINES} FROM ({_OF_CAMPAIGN}) AS line
              WHERE at >= greatest(span.since, tallied.until)) AS part
        ) AS done
    WHERE %(counted)s::bigint IS NOT NULL"""  # noqa: S608 - made of constants of this file alone

_TALLY = f"""
    WITH begin AS MATERIALIZED (
        SELECT greatest(%(count_since)s::timestamptz, max(hour) + interval '1 hour') AS at
        FROM compliance_campaignhour WHERE campaign_id = %(counted)s)
    INSERT INTO compliance_campaignhour (campaign_id, hour, connects, machines, machine_wrong,
        consented, conversations, abandoned)
    SELECT %(counted)s, slot.hour, coalesce(connects, 0), coalesce(machines, 0),
        coalesce(machine_wrong, 0), coalesce(consented, 0), coalesce(conversations, 0),
        coalesce(abandoned, 0)
    FROM begin, generate_series(begin.at, %(until)s::timestamptz - interval '1 hour',
                                interval '1 hour') AS slot(hour)
    LEFT JOIN (SELECT date_trunc('hour', at, 'UTC') AS hour, {_LINES}
               FROM ({_OF_CAMPAIGN}) AS line
               WHERE at >= (SELECT begin.at FROM begin)
               GROUP BY 1) AS counted ON counted.hour = slot.hour
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants of this file alone

# of each campaign the hours that are counted already, and the lines before and after them
_DAYS = f"""
    WITH tallied AS (
        SELECT asked.id AS campaign_id,
               coalesce(min(done.hour), %(until)s::timestamptz) AS since,
               coalesce(max(done.hour) + interval '1 hour', %(until)s::timestamptz) AS until
        FROM unnest(%(campaigns)s::bigint[]) AS asked(id)
        LEFT JOIN compliance_campaignhour AS done ON done.campaign_id = asked.id AND %(whole)s
        GROUP BY 1
    ), span AS (
        SELECT campaign_id, %(since)s::timestamptz AS since,
               least(since, %(until)s::timestamptz) AS until FROM tallied
        UNION ALL
        SELECT campaign_id, greatest(until, %(since)s::timestamptz), %(until)s::timestamptz
        FROM tallied
    ), part AS (
        SELECT campaign_id, hour AS at, connects, machines, machine_wrong, consented,
               conversations, abandoned
        FROM compliance_campaignhour
        WHERE campaign_id = ANY(%(campaigns)s::bigint[]) AND hour >= %(since)s::timestamptz
          AND hour < %(until)s::timestamptz AND %(whole)s
        UNION ALL
        SELECT span.campaign_id, counted.* FROM span CROSS JOIN LATERAL (
            SELECT date_trunc('day', at AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s AS at, {_LINES}
            FROM (SELECT kind, '' AS outcome, at FROM compliance_contact
                  WHERE campaign_id = span.campaign_id AND at >= span.since AND at < span.until
                    AND kind IN ('connect', 'consented', 'conversation', 'abandon')
                  UNION ALL
                  SELECT kind, outcome, at FROM compliance_contact
                  WHERE campaign_id = span.campaign_id AND at >= span.since AND at < span.until
                    AND kind = 'outcome' AND outcome IN ('{MACHINE}', '{MACHINE_WRONG}')
                 ) AS line
            GROUP BY 1) AS counted
    )
    SELECT campaign_id, (at AT TIME ZONE %(zone)s)::date AS day, {_TALLIED}
    FROM part GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - made of constants of this file alone


def counts_by_day(
    campaign_ids: Sequence[int], since: datetime, until: datetime, zone: ZoneInfo
) -> dict[int, dict[date, CampaignCounts]]:
    """The same counts of each campaign and day of a zone; days on which nothing happened are not
    in it. [since, until) are bounds of days. No complaints: they are not the ledger's.
    """
    values: dict[str, Any] = {
        "campaigns": list(campaign_ids),
        "since": since,
        "until": until,
        "zone": zone.key,
        # an hour that is counted whole lies in one day, but where clocks stand at half past
        "whole": not (since.astimezone(zone).utcoffset() or timedelta()) % timedelta(hours=1),
    }
    found: dict[int, dict[date, CampaignCounts]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, values)
        for campaign, day, connects, machines, wrong, consented, spoke, abandoned in cursor:
            if not any((connects, machines, wrong, consented, spoke, abandoned)):
                continue
            found.setdefault(campaign, {})[day] = CampaignCounts(
                hours=24,
                answered=max(0, connects - machines),
                consented=consented,
                conversations=spoke,
                abandoned=abandoned,
                machine_wrong=wrong,
            )
    return found


def tally(campaign_ids: Iterable[int], at: datetime, *, speed: float = 1.0) -> int:
    """Count the whole hours of these campaigns that are over. Returns how many were counted.

    Over is an hour of which no line can come any more: `SETTLED` (real time, where the clock runs
    faster) after its end.
    """
    wait = max(SETTLED, timedelta(seconds=SETTLED_REAL_S * speed))
    until = _whole_hour(at - wait)
    counted = 0
    with connection.cursor() as cursor:
        for campaign_id in campaign_ids:
            values: dict[str, int | datetime] = {
                "counted": campaign_id,
                "count_since": until - REACH,
                "until": until,
            }
            cursor.execute(_TALLY, values)
            counted += cursor.rowcount
    return counted


def _whole_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
