"""A campaign to test with: a deposit, the shipped script and rules, a Tuesday at two o'clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.models import Team
from audiences.models import Customer
from campaigns.models import Audience, Campaign, TargetList
from campaigns.screening import screen_campaign
from campaigns.steering import start_screening
from campaigns.submitting import submit_all
from clock.setting import set_sandbox_clock
from compliance.calendars import install_shipped_calendars
from compliance.consenting import grant_many
from compliance.models import CallerId, Product
from compliance.packs import install_shipped_packs
from robot.domain.versions import VersionState
from robot.models import Script, ScriptVersion
from tests.cast import Cast
from tests.kept import kept

#: Tuesday 2026-03-10, 14:00 in Shanghai: within calling hours.
TUESDAY = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)

#: The smallest script there is; what a script must be to be published is the robot's to test.
DOCUMENT = {
    "dialog": 1,
    "id": "deposit",
    "intents": "zh-bank-prescreen",
    "start": "open",
    "vars": {"bank": {"from": "campaign"}, "name": {"from": "contact", "default": ""}},
    "no_input": {"say": ["您好？"], "then": "bye"},
    "no_match": {"say": ["不好意思没听清。"], "then": "bye"},
    "safety": {"opt_out": "bye"},
    "nodes": {
        "open": {
            "say": "您好，{{name}}，我是{{bank}}的智能语音助手。",
            "tags": ["disclose.bank", "disclose.robot"],
            "next": {"affirm": "bye", "*": "@no_match"},
        },
        "bye": {"say": "再见。", "end": "REFUSED"},
    },
}


def make_world() -> None:
    """The sandbox's clock, the shipped rules and calendars."""
    kept("rules", _make_world)


def _make_world() -> None:
    set_sandbox_clock(sim=TUESDAY, speed=0.000001)
    install_shipped_calendars()
    install_shipped_packs()


def make_campaign(cast: Cast, *, name: str = "Spring deposits", by_hand: bool = False) -> Campaign:
    """A draft for every customer; all of them have consented to calls."""
    customers = Customer.objects.filter(consents=None).values_list("pk", flat=True)
    grant_many(list(customers), at=TUESDAY - timedelta(days=30), basis="branch", evidence={})
    script = Script.objects.get_or_create(code="deposit", defaults={"title": "存款"})[0]
    version = ScriptVersion.objects.get_or_create(
        script=script,
        number=1,
        defaults={
            "document": DOCUMENT,
            "content_hash": "a" * 64,
            "state": VersionState.PUBLISHED.value,
            "created_at": TUESDAY,
            "published_at": TUESDAY,
        },
    )[0]
    product = Product.objects.get_or_create(
        code="TD-1Y",
        defaults={"name": "一年期定期存款", "family": "deposit", "risk_rated": False},
    )[0]
    campaign = Campaign.objects.create(
        name=name,
        product=product,
        script_version=version,
        team=Team.objects.get_or_create(name="一队", defaults={"name_en": "Team 1"})[0],
        starts_at=TUESDAY - timedelta(hours=1),
        ends_at=TUESDAY + timedelta(days=10),
        variables={"bank": "杭城银行"},
        retry_plan={"BUSY": [30]},
        by_hand=by_hand,
        maker=cast.marketer,
        created_at=TUESDAY - timedelta(days=1),
    )
    campaign.caller_ids.set([CallerId.objects.get_or_create(number="+8657188880001")[0]])
    Audience.objects.create(campaign=campaign)
    return campaign


def screened(cast: Cast) -> Campaign:
    """A campaign whose lists are screened."""
    return kept("screened", lambda: _screened(cast), cast.xihu.pk)


def _screened(cast: Cast) -> Campaign:
    campaign = make_campaign(cast)
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def submitted(cast: Cast) -> Campaign:
    """A campaign whose lists wait for their branches."""
    return kept("submitted", lambda: _submitted(cast), cast.xihu.pk)


def _submitted(cast: Cast) -> Campaign:
    campaign = screened(cast)
    submit_all(campaign, cast.marketer)
    return campaign


def list_of(campaign: Campaign, branch_code: str) -> TargetList:
    """The newest list of a branch."""
    return campaign.lists.filter(branch__code=branch_code).latest("version")
