"""The bank that the screening bench works on, made by the database itself.

Deterministic: everything follows from the row's number. The ledger is written in the order of time,
as it grows in life, so that a customer's lines lie far apart. Two customers in five belong to one
branch, for branches are not equal. Needs Django set up on a database of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from accounts.models import User
from agents.models import Team
from campaigns.models import Audience, Campaign
from clock.setting import set_sandbox_clock
from compliance.calendars import install_shipped_calendars
from compliance.models import CallerId, Product, Register
from compliance.packs import install_shipped_packs
from robot.domain.versions import VersionState
from robot.models import Script, ScriptVersion

#: Tuesday, 14:30 in Shanghai: within calling hours, and the ledger's months lie behind.
TUESDAY = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
BRANCHES = 200
#: earlier contacts of a customer, on average
CONTACTS = 5

#: The smallest script there is: what is said matters to nobody here.
_SCRIPT = {
    "dialog": 1,
    "id": "fund",
    "intents": "zh-bank-prescreen",
    "start": "open",
    "no_input": {"say": ["您好？"], "then": "bye"},
    "no_match": {"say": ["没听清。"], "then": "bye"},
    "safety": {"opt_out": "bye"},
    "nodes": {
        "open": {
            "say": "您好，我是银行的智能语音助手。",
            "tags": ["disclose.bank", "disclose.robot"],
            "next": {"affirm": "bye", "*": "@no_match"},
        },
        "bye": {"say": "再见。", "end": "REFUSED"},
    },
}


def _dice(seed: str) -> str:
    """A number between 0 and 2**31 that looks like chance and is the same every time."""
    return f"(hashint8extended({seed}, 7) & 2147483647)"


_ROWS = (
    """INSERT INTO accounts_branch (code, name, name_en, region)
       SELECT 'B' || i, 'B' || i, 'B' || i, 'CN-33' FROM generate_series(1, %(branches)s) AS i""",
    f"""INSERT INTO audiences_customer (id, bank_id, name, gender, birth_date, segment, region,
           time_zone, risk_tolerance, risk_assessed_on, household, vulnerable, deceased,
           no_profiling, attributes, sandbox, created_at, updated_at, branch_id)
       SELECT i, 'C' || i, 'n', 'f', date '1935-01-01' + ({_dice("i")} %% 27700)::int, 'retail',
           CASE WHEN i %% 50 = 0 THEN 'CN-65' ELSE 'CN-33' END, 'Asia/Shanghai',
           1 + {_dice("i + 1")} %% 5, %(at)s::date - ({_dice("i + 2")} %% 400)::int,
           CASE WHEN i %% 10 < 2 THEN 'H' || i / 10 ELSE '' END,
           i %% 211 = 0, i %% 499 = 0, false, '{{}}', true, %(at)s, %(at)s,
           first.id + CASE WHEN i %% 5 < 2 THEN 0 ELSE {_dice("i + 3")} %% %(branches)s END
       FROM generate_series(1, %(size)s) AS i,
           (SELECT min(id) AS id FROM accounts_branch) AS first""",  # noqa: S608 - _dice makes it of constants
    """INSERT INTO audiences_number (id, e164, kind, region, time_zone, valid, invalid_reason)
       SELECT i, '+86139' || lpad(i::text, 8, '0'), 'mobile', 'CN-33', 'Asia/Shanghai',
           i %% 100 <> 0, CASE WHEN i %% 100 = 0 THEN 'not_in_service' ELSE '' END
       FROM generate_series(1, %(size)s) AS i""",
    # one in 40 shares the number of the customer before
    """INSERT INTO audiences_customernumber (priority, customer_id, number_id)
       SELECT 1, i, CASE WHEN i %% 40 = 1 AND i > 1 THEN i - 1 ELSE i END
       FROM generate_series(1, %(size)s) AS i""",
    f"""INSERT INTO compliance_consent (channel, purpose, product_family, basis, evidence,
           granted_at, withdrawn_at, customer_id, profiling_ok)
       SELECT 'voice', 'marketing', '', 'branch', '{{}}',
           %(at)s - ({_dice("i + 4")} %% 800) * interval '1 day' - interval '1 hour',
           CASE WHEN i %% 70 = 0 THEN %(at)s - interval '30 minutes' END, i, true
       FROM generate_series(1, %(size)s) AS i WHERE i %% 20 <> 0""",  # noqa: S608 - _dice makes it of constants
    """INSERT INTO compliance_suppression (source, via, channel, product_family, since, evidence,
           customer_id, purpose)
       SELECT CASE WHEN i %% 330 = 0 THEN 'complaint' ELSE 'opt_out' END, 'import', 'voice',
           CASE WHEN i %% 99 = 0 THEN 'deposit' ELSE '' END, %(at)s - interval '60 days', '{}',
           i, ''
       FROM generate_series(33, %(size)s, 33) AS i""",
    """INSERT INTO compliance_suppression (source, via, channel, product_family, since, evidence,
           number_id, purpose, register_id)
       SELECT 'register', 'import', 'voice', '', %(at)s - interval '60 days', '{}', i, '',
           %(register)s
       FROM generate_series(71, %(size)s, 71) AS i""",
    """INSERT INTO compliance_preference (customer_id, no_robot, weekdays, hours, families_refused,
           conversations_per_year, conversations_per_month, evidence, since)
       SELECT i, i %% 202 = 0, '{}', '[]', '{}', CASE WHEN i %% 202 <> 0 THEN 1 END, NULL, '{}',
           %(at)s - interval '90 days'
       FROM generate_series(101, %(size)s, 101) AS i""",
    # 0 to 10 lines each, over 395 days: attempts and what came of some of them
    f"""INSERT INTO compliance_contact (at, kind, customer_id, number_id, household, product_id,
           product_family, branch_id, campaign_id, actor, purpose, channel, outcome, attempt_id)
       SELECT at, (ARRAY['attempt', 'attempt', 'attempt', 'attempt', 'connect', 'connect',
               'conversation', 'outcome', 'outcome', 'abandon'])[1 + dice %% 10],
           customer_id, customer_id, household,
           CASE WHEN dice %% 3 = 0 THEN %(fund)s ELSE %(deposit)s END,
           CASE WHEN dice %% 3 = 0 THEN 'fund' ELSE 'deposit' END, branch_id, 900 + dice %% 30,
           CASE WHEN dice %% 4 = 0 THEN 'human' ELSE 'robot' END, 'marketing', 'voice',
           CASE WHEN dice %% 10 IN (7, 8) THEN (ARRAY['refused', 'no_answer', 'no_answer', 'busy',
               'machine', 'not_now', 'hung_up_early', 'bought', 'interested', 'interested',
               'no_answer', 'no_answer', 'no_answer', 'no_answer', 'no_answer', 'wrong_number'
               ])[1 + dice / 64 %% 16] ELSE '' END,
           gen_random_uuid()
       FROM (SELECT id AS customer_id, household, branch_id, {_dice("id * 16 + j")} AS dice,
                 %(at)s - interval '1 minute'
                 - ({_dice("-id * 16 - j")} %% 568000) * interval '1 minute' AS at
             FROM audiences_customer
             CROSS JOIN LATERAL generate_series(1, ({_dice("id + 5")} %% 11)::int) AS j) AS lines
       ORDER BY at""",  # noqa: S608 - _dice makes it of constants
)


def make_bank(size: int) -> int:
    """`size` customers with a number each and what is known of them; a campaign's id for all."""
    set_sandbox_clock(sim=TUESDAY, speed=0.000001)
    install_shipped_calendars()
    install_shipped_packs()
    rated = {"risk_rated": True, "risk_rating": 2, "issuer_risk_rating": 2}
    fund, _ = Product.objects.get_or_create(
        code="FUND", defaults={"name": "稳健债券基金", "family": "fund", **rated}
    )
    deposit, _ = Product.objects.get_or_create(
        code="TD-1Y", defaults={"name": "一年期定期存款", "family": "deposit", "risk_rated": False}
    )
    values: dict[str, datetime | int] = {
        "at": TUESDAY,
        "size": size,
        "branches": BRANCHES,
        "fund": fund.pk,
        "deposit": deposit.pk,
    }
    with connection.cursor() as cursor:
        register = Register.objects.create(
            name="industry", imported_at=TUESDAY - timedelta(days=3), max_age_days=31
        )
        values["register"] = register.pk
        for statement in _ROWS:
            cursor.execute(statement, values)
    return _campaign(fund)


def settle() -> None:
    """What autovacuum does in life, while nobody waits."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _campaign(product: Product) -> int:
    """Wanted for every customer, and a draft still."""
    script = Script.objects.create(code="fund", title="基金")
    version = ScriptVersion.objects.create(
        script=script,
        number=1,
        document=_SCRIPT,
        content_hash="a" * 64,
        state=VersionState.PUBLISHED.value,
        created_at=TUESDAY,
        published_at=TUESDAY,
    )
    line, _ = CallerId.objects.get_or_create(number="+8657188880001")
    campaign = Campaign.objects.create(
        name="bench",
        product=product,
        script_version=version,
        team=Team.objects.create(name="一队", name_en="Team 1"),
        starts_at=TUESDAY - timedelta(hours=1),
        ends_at=TUESDAY + timedelta(days=14),
        variables={},
        retry_plan={},
        maker=User.objects.get_or_create(username="bench")[0],
        created_at=TUESDAY - timedelta(days=1),
    )
    campaign.caller_ids.set([line])
    Audience.objects.create(campaign=campaign)
    return campaign.pk
