"""One hand-written statement that says what rules of cn-bank say of the bench's customers.

The limit beside the bench: what these very rules cost when nobody needs to explain them, to change
them, or to know when a block ends. It stores leads as screening does. It is written for this bank,
this pack and this Tuesday afternoon; whoever changes the shipped pack changes it too.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection

from campaigns.models import Campaign
from campaigns.screening import judged_at

_TWIN = """
WITH twin AS (
    INSERT INTO campaigns_campaign (name, product_id, script_version_id, team_id, purpose, state,
        starts_at, ends_at, limits, retry_plan, variables, max_lines, weight, ring_timeout_s,
        pause_cause, maker_id, created_at)
    SELECT 'by hand', product_id, script_version_id, team_id, purpose, state, starts_at, ends_at,
        limits, retry_plan, variables, max_lines, weight, ring_timeout_s, pause_cause, maker_id,
        created_at
    FROM campaigns_campaign WHERE id = %(campaign)s RETURNING id)
INSERT INTO campaigns_targetlist (campaign_id, branch_id, version, state, content_hash, counts,
    screened_at)
SELECT twin.id, branch.id, 1, 'screened', '', '{}', %(at)s
FROM twin, accounts_branch AS branch RETURNING campaign_id
"""

_STATEMENT = """
WITH own AS (
    SELECT customer_id,
        count(*) FILTER (WHERE kind = 'attempt' AND at >= %(midnight)s) AS today,
        count(*) FILTER (WHERE kind = 'attempt' AND at > %(at)s - interval '7 days') AS week,
        count(*) FILTER (WHERE kind = 'attempt' AND actor = 'robot'
                         AND at > %(at)s - interval '7 days') AS robot,
        count(*) FILTER (WHERE kind = 'attempt' AND campaign_id = %(twin)s) AS campaign,
        count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '7 days') AS talks7,
        count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '90 days')
            AS talks90,
        count(*) FILTER (WHERE kind = 'conversation' AND at > %(at)s - interval '365 days')
            AS talks365,
        count(*) FILTER (WHERE kind = 'conversation' AND product_family = 'fund'
                         AND at > %(at)s - interval '30 days') AS talks_family,
        count(*) FILTER (WHERE kind = 'abandon' AND at > %(at)s - interval '72 hours') AS abandoned,
        bool_or(outcome IN ('refused', 'not_interested') AND product_family = 'fund'
                AND (((at AT TIME ZONE 'Asia/Shanghai')::date + interval '6 months')::date + 1)
                    ::timestamp AT TIME ZONE 'Asia/Shanghai' > %(at)s) AS refused,
        bool_or(outcome IN ('not_now', 'undecided', 'busy_now')
                AND (at > %(at)s - interval '7 days'
                     OR at > %(at)s - interval '30 days' AND product_id = %(product)s)) AS not_now,
        bool_or(outcome = 'hung_up_early' AND at > %(at)s - interval '14 days') AS hung_up,
        bool_or(outcome IN ('bought', 'sold') AND product_id = %(product)s
                AND at > %(at)s - interval '90 days') AS bought,
        bool_or(outcome = 'complaint') AS complained,
        bool_or(outcome = 'wrong_number' AND number_id = linked.number) AS wrong,
        bool_or(outcome = 'deceased') AS died
    FROM compliance_contact
    JOIN (SELECT customer_id, number_id AS number FROM audiences_customernumber) AS linked
        USING (customer_id)
    WHERE at > %(at)s - interval '400 days' AND at <= %(at)s
      AND customer_id %% %(parts)s = %(part)s
    GROUP BY customer_id),
of_number AS (
    SELECT number_id,
        count(*) FILTER (WHERE kind = 'attempt' AND at > %(at)s - interval '24 hours') AS day,
        count(*) FILTER (WHERE kind = 'attempt' AND at > %(at)s - interval '2 hours') AS gap,
        count(*) FILTER (WHERE kind = 'abandon' AND at > %(at)s - interval '72 hours') AS abandoned,
        bool_or(outcome = 'wrong_number') AS wrong
    FROM compliance_contact WHERE at > %(at)s - interval '33 days' AND at <= %(at)s
    GROUP BY number_id),
of_household AS (
    SELECT household, count(*) AS talks FROM compliance_contact
    WHERE at > %(at)s - interval '7 days' AND at <= %(at)s AND kind = 'conversation'
      AND household <> ''
    GROUP BY household),
judged AS (
    SELECT c.id, c.branch_id, n.id AS number_id, array_remove(ARRAY[
        CASE WHEN s.opt_out THEN 'OPT_OUT' END,
        CASE WHEN s.complaint THEN 'COMPLAINT' END,
        CASE WHEN r.register THEN 'DNC_INDUSTRY' END,
        CASE WHEN k.customer_id IS NULL THEN 'CONSENT_NONE'
             WHEN k.withdrawn THEN 'CONSENT_WITHDRAWN'
             WHEN k.ends <= %(at)s THEN 'CONSENT_EXPIRED' END,
        CASE WHEN p.no_robot THEN 'PREFERENCE_ROBOT' END,
        CASE WHEN own.talks365 >= p.per_year THEN 'PREFERENCE_CAP' END,
        CASE WHEN c.deceased THEN 'DECEASED' END,
        CASE WHEN c.vulnerable THEN 'VULNERABLE' END,
        CASE WHEN c.birth_date + interval '18 years' > %(today)s THEN 'UNDERAGE' END,
        CASE WHEN c.birth_date + interval '65 years' <= %(today)s THEN 'ELDER_ROBOT' END,
        CASE WHEN c.birth_date + interval '65 years' <= %(today)s THEN 'ELDER_REVIEW' END,
        CASE WHEN c.birth_date + interval '80 years' <= %(today)s THEN 'ELDER_WHITELIST' END,
        CASE WHEN c.risk_tolerance < 2 THEN 'SUIT_R_GT_C' END,
        CASE WHEN c.risk_assessed_on + interval '12 months' <= %(today)s THEN 'SUIT_EXPIRED' END,
        CASE WHEN c.region = 'CN-65' THEN 'WINDOW' END,
        CASE WHEN own.today >= 2 THEN 'CAP_C1' END,
        CASE WHEN own.week >= 3 THEN 'CAP_C2' END,
        CASE WHEN own.talks7 >= 1 THEN 'CAP_C3' END,
        CASE WHEN own.talks90 >= 3 THEN 'CAP_C3Q' END,
        CASE WHEN f.day >= 2 THEN 'CAP_C4' END,
        CASE WHEN f.gap >= 1 THEN 'MIN_GAP' END,
        CASE WHEN own.talks_family >= 1 THEN 'CAP_C5' END,
        CASE WHEN own.campaign >= 3 THEN 'CAP_C6' END,
        CASE WHEN own.robot >= 1 THEN 'CAP_C7' END,
        CASE WHEN h.talks >= 2 THEN 'CAP_C8' END,
        CASE WHEN own.abandoned > 0 OR f.abandoned > 0 THEN 'ABANDON_72H' END,
        CASE WHEN own.refused THEN 'COOLOFF_REFUSED' END,
        CASE WHEN own.not_now THEN 'COOLOFF_NOT_NOW' END,
        CASE WHEN own.hung_up THEN 'COOLOFF_HUNG_UP' END,
        CASE WHEN own.bought THEN 'COOLOFF_BOUGHT' END,
        CASE WHEN own.complained THEN 'COOLOFF_COMPLAINT' END,
        CASE WHEN own.wrong OR f.wrong THEN 'COOLOFF_WRONG_NUMBER' END,
        CASE WHEN own.died THEN 'COOLOFF_DECEASED' END], NULL) AS codes
    FROM audiences_customer AS c
    LEFT JOIN audiences_customernumber AS l ON l.customer_id = c.id
    LEFT JOIN audiences_number AS n ON n.id = l.number_id AND n.valid
    LEFT JOIN (SELECT customer_id, bool_or(source = 'opt_out') AS opt_out,
                   bool_or(source = 'complaint') AS complaint
               FROM compliance_suppression
               WHERE lifted_at IS NULL AND since <= %(at)s AND product_family IN ('', 'fund')
               GROUP BY customer_id) AS s ON s.customer_id = c.id
    LEFT JOIN (SELECT number_id, true AS register FROM compliance_suppression
               WHERE lifted_at IS NULL AND since <= %(at)s AND source = 'register'
               GROUP BY number_id) AS r ON r.number_id = n.id
    LEFT JOIN (SELECT customer_id, withdrawn_at <= %(at)s AS withdrawn,
                   (((granted_at AT TIME ZONE 'Asia/Shanghai')::date + interval '24 months')::date
                    + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS ends
               FROM compliance_consent
               WHERE channel = 'voice' AND purpose = 'marketing' AND granted_at <= %(at)s
                 AND product_family IN ('', 'fund')) AS k ON k.customer_id = c.id
    LEFT JOIN (SELECT customer_id, bool_or(no_robot) AS no_robot,
                   min(conversations_per_year) AS per_year
               FROM compliance_preference WHERE ended_at IS NULL AND since <= %(at)s
               GROUP BY customer_id) AS p ON p.customer_id = c.id
    LEFT JOIN own ON own.customer_id = c.id
    LEFT JOIN of_number AS f ON f.number_id = n.id
    LEFT JOIN of_household AS h ON h.household = c.household AND c.household <> ''
    WHERE c.id %% %(parts)s = %(part)s)
INSERT INTO campaigns_lead (target_list_id, campaign_id, customer_id, number_id, state, codes,
    attempts, outcome, result)
SELECT list.id, %(twin)s, j.id, j.number_id,
    CASE WHEN j.number_id IS NULL OR j.codes <> '{}' THEN 'blocked' ELSE 'listed' END,
    CASE WHEN j.number_id IS NULL THEN '{NUMBER_NONE}' ELSE j.codes END, 0, '', ''
FROM judged AS j
JOIN campaigns_targetlist AS list ON list.branch_id = j.branch_id AND list.campaign_id = %(twin)s
"""

_DIFFERENT = """
SELECT count(*) FILTER (WHERE ours.id IS NULL OR theirs.id IS NULL
    OR NOT (ours.codes @> theirs.codes AND theirs.codes @> ours.codes))
FROM (SELECT * FROM campaigns_lead WHERE campaign_id = %s) AS ours
FULL JOIN (SELECT * FROM campaigns_lead WHERE campaign_id = %s) AS theirs USING (customer_id)
"""


def screen_by_hand(campaign_id: int, sessions: int) -> int:
    """Judge and store everybody, in as many sessions; returns the id of the twin campaign."""
    at = judged_at(Campaign.objects.get(pk=campaign_id))
    with connection.cursor() as cursor:
        cursor.execute(_TWIN, {"campaign": campaign_id, "at": at})
        (twin,) = cursor.fetchone()
        cursor.execute("SELECT product_id FROM campaigns_campaign WHERE id = %s", [campaign_id])
        (product,) = cursor.fetchone()

    values = {
        "at": at,
        "today": at.date(),
        "midnight": at.replace(hour=0, minute=0) - timedelta(hours=8),  # in Shanghai
        "twin": twin,
        "product": product,
        "parts": sessions,
    }

    def part(number: int) -> None:
        # each thread has a connection of its own
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET work_mem = '256MB'")
                # the lists of its campaign are a moment old and without statistics: believed to be
                # one row, they would be looked through for every customer
                cursor.execute("SET enable_nestloop = off")
                cursor.execute(_STATEMENT, {**values, "part": number})
        finally:
            connection.close()

    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(part, range(sessions)))
    return int(twin)


def different(campaign_id: int, twin: int) -> int:
    """How many customers the two campaigns give different reasons for."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, [campaign_id, twin])
        (count,) = cursor.fetchone()
    return int(count)
