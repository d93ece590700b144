"""A small running campaign, made the way people make one: screened, submitted, signed, launched.

It is Tuesday 2026-03-10, 14:00 in Beijing: a workday inside every calling window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agents.models import Agent, Team
from agents.presence import go_ready
from audiences.models import Customer
from campaigns.approving import approve_list
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.lead_state import LeadState
from campaigns.models import Audience, Campaign, Lead
from campaigns.screening import screen_campaign
from campaigns.steering import launch
from campaigns.submitting import submit_all
from clock.reading import now, real
from clock.setting import set_sandbox_clock
from compliance.calendars import install_shipped_calendars
from compliance.models import CallerId, Consent, Product
from compliance.packs import install_shipped_packs
from dialer.claiming import claim
from dialer.models import Call
from robot.publishing import install_shipped_scripts
from tests.cast import Cast, make_cast
from tests.kept import kept

TUESDAY = datetime(2026, 3, 10, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass(slots=True)
class World:
    """The cast, the campaign, and an agent who is ready."""

    cast: Cast
    campaign: Campaign
    agent: Agent

    def lead(self, customer: Customer) -> Lead:
        """The lead of one of the cast, as it is now."""
        return Lead.objects.get(campaign=self.campaign, customer=customer)

    def claim(self, count: int = 1) -> list[Call]:
        """Claim due leads; their calls in order."""
        ids = claim(self.campaign, count, now=now(), real=real())
        return [Call.objects.get(pk=pk) for pk in ids]

    def claim_only(self, customer: Customer) -> Call:
        """Claim this customer's lead; the others' are made to wait."""
        others = Lead.objects.filter(campaign=self.campaign, state=LeadState.DUE.value)
        others.exclude(customer=customer).update(due_at=now() + timedelta(hours=1))
        others.filter(customer=customer).update(due_at=now())
        (call,) = self.claim(1)
        return call


def make_world(*, speed: float = 1.0) -> World:
    """Wang, Zhao and Qian (Zhao's wife, on the same number) and Sun consented; Li did not."""
    made = kept("dialer", _make_world)
    set_sandbox_clock(sim=TUESDAY, speed=speed)
    go_ready(made.agent)
    made.agent.refresh_from_db()
    return made


def _make_world() -> World:
    set_sandbox_clock(sim=TUESDAY, speed=0.000001)
    install_shipped_packs()
    install_shipped_calendars()
    scripts = {version.script.code: version for version in install_shipped_scripts()}
    cast = make_cast()
    for customer in (cast.wang, cast.zhao, cast.qian, cast.sun):
        Consent.objects.create(customer=customer, granted_at=TUESDAY - timedelta(days=90))
    product = Product.objects.create(
        code="cc-instalment", name="账单分期", family="cards", risk_rated=False
    )
    team = Team.objects.create(code="T1", name="一组")
    agent = Agent.objects.create(user=cast.agent_lin, team=team)
    campaign = Campaign.objects.create(
        name="三月分期",
        product=product,
        script_version=scripts["cc-instalment-prescreen"],
        team=team,
        starts_at=TUESDAY - timedelta(hours=1),
        ends_at=TUESDAY + timedelta(hours=5),
        retry_plan={"BUSY": [30], "NO_ANSWER": [60]},
        variables={"bank": "湖城银行", "apr": "13.2%", "number_source": "您办理业务时预留的信息"},
        maker=cast.marketer,
        created_at=TUESDAY - timedelta(days=1),
        state=CampaignState.SCREENING.value,
    )
    for tail in ("01", "02"):
        caller_id = CallerId.objects.create(number=f"+8657188880{tail}0")
        campaign.caller_ids.add(caller_id)
    Audience.objects.create(campaign=campaign)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    submit_all(campaign, cast.marketer)
    managers = {cast.xihu.pk: cast.manager_xihu, cast.binjiang.pk: cast.manager_binjiang}
    for target_list in campaign.lists.all():
        approve_list(target_list, managers[target_list.branch_id], target_list.content_hash)
    launch(campaign, cast.marketer)
    return World(cast, campaign, agent)
