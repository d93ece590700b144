"""From nothing to a campaign that may start: the same steps that people take, by the same code.

Import the customer file, load what the bank knows besides (consents, earlier contacts), define the
campaign, screen it, submit it, and let each branch manager sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.domain.roles import Role
from accounts.models import User
from agents.models import Team
from audiences.models import ImportBatch
from campaigns.approving import approve_list
from campaigns.domain.lead_state import LeadState
from campaigns.domain.list_state import ListState
from campaigns.models import Audience, Campaign, Lead
from campaigns.screening import screen_campaign
from campaigns.steering import start_screening
from campaigns.submitting import submit_all
from clock.models import SandboxClock
from clock.reading import now
from clock.setting import set_sandbox_clock
from compliance.calendars import install_shipped_calendars
from compliance.models import CalendarDay, CallerId, Product
from compliance.packs import install_shipped_packs
from robot.models import ScriptVersion
from robot.publishing import install_shipped_scripts
from sandbox.sample_bank import SampleBank, import_sample_bank, make_sample_bank

BEIJING = ZoneInfo("Asia/Shanghai")
#: Preparing takes place this long before the campaign starts (business time).
BEFORE = timedelta(minutes=20)
#: How long the headless campaign may run: enough for everybody and for a second try. It ends before
#: 16:00, when Xinjiang's afternoon begins: who lives there is not reached, and the figures say so.
HEADLESS_SPAN = timedelta(hours=1, minutes=50)
DEMO_SPAN = timedelta(days=10)
DEMO_START = datetime(2026, 3, 10, 10, 0, tzinfo=BEIJING)
#: Outcome → minutes until the next try. The gate has the last word on each.
RETRY_PLAN = {"BUSY": [10], "NO_ANSWER": [20]}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made, in numbers of customers (and branches)."""

    customers: int
    rejected: int
    listed: int
    blocked: int
    approved: int
    branches: int


def prepare(
    *,
    customers: int,
    seed: int,
    agents: int,
    folder: Path,
    start: datetime | None,
    leave_branches: int,
    draft: bool = False,
) -> Prepared:
    """Make everything. `start` (default: the demo's day) is when the campaign may dial.

    `leave_branches` lists stay in their branch's inbox, for a visitor to sign; `draft` leaves the
    whole campaign as marketing defined it.
    """
    begins = start or DEMO_START
    set_sandbox_clock(sim=begins - BEFORE, speed=1.0)
    install_shipped_packs()
    install_shipped_calendars()
    install_shipped_scripts()
    bank = make_sample_bank(customers=customers, seed=seed, folder=folder, agents=agents)
    batch = import_sample_bank(bank)
    campaign = _campaign(batch, bank, begins, DEMO_SPAN if start is None else HEADLESS_SPAN)
    branches = 0 if draft else _through_approval(campaign, leave=leave_branches)
    leads = Lead.objects.filter(campaign=campaign)
    return Prepared(
        customers=batch.rows_created + batch.rows_updated + batch.rows_unchanged,
        rejected=batch.rows_rejected,
        listed=leads.count(),
        blocked=leads.filter(state=LeadState.BLOCKED.value).count(),
        approved=leads.filter(state=LeadState.DUE.value).count(),
        branches=branches,
    )


def resume_clock(*, speed: float) -> bool:
    """Whether an earlier run's bank is there; if so its time goes on, at the next calling hour.

    Time never runs back: at night, on a rest day or after hours it jumps to the next workday 10:00.
    """
    if not Campaign.objects.exists() or not SandboxClock.objects.exists():
        return False
    at = now().astimezone(BEIJING)
    if not (_is_workday(at) and 9 <= at.hour < 19):
        at = at.replace(hour=10, minute=0, second=0, microsecond=0)
        if at <= now():
            at += timedelta(days=1)
        while not _is_workday(at):
            at += timedelta(days=1)
    set_sandbox_clock(sim=at, speed=speed)
    with transaction.atomic():
        Campaign.objects.filter(ends_at__lte=at).update(ends_at=at + DEMO_SPAN)
    return True


def _is_workday(at: datetime) -> bool:
    day = CalendarDay.objects.filter(date=at.date()).values_list("kind", flat=True).first()
    if day is None:
        return at.weekday() < 5
    return day in {"workday", "adjusted_work"}


def _campaign(batch: ImportBatch, bank: SampleBank, begins: datetime, span: timedelta) -> Campaign:
    marketer = User.objects.filter(groups__name=Role.MARKETING.value).order_by("pk")[0]
    campaign = Campaign.objects.create(
        name="信用卡账单分期 · 三月",
        product=Product.objects.get(code="cc-instalment"),
        script_version=ScriptVersion.objects.filter(
            script__code="cc-instalment-prescreen", state="published"
        ).latest("number"),
        team=Team.objects.get(code=bank.team_code),
        starts_at=begins,
        ends_at=begins + span,
        retry_plan=RETRY_PLAN,
        variables={"bank": "湖城银行", "apr": "13.2%", "number_source": "您办理业务时预留的信息"},
        max_lines=40,
        maker=marketer,
        created_at=now(),
    )
    campaign.caller_ids.set(CallerId.objects.filter(active=True))
    Audience.objects.create(campaign=campaign, batch=batch)
    return campaign


def _through_approval(campaign: Campaign, *, leave: int) -> int:
    """Screened, submitted and signed; how many branches signed."""
    start_screening(campaign, campaign.maker)
    screen_campaign(campaign.pk)
    campaign.refresh_from_db()
    submit_all(campaign, campaign.maker)
    return _sign(campaign, leave=leave)


def _sign(campaign: Campaign, *, leave: int) -> int:
    """Each branch manager approves the list of their branch, but for the last `leave` lists."""
    waiting = list(
        campaign.lists.filter(state=ListState.SUBMITTED.value)
        .select_related("branch")
        .order_by("branch__code")
    )
    signed = waiting[: max(len(waiting) - leave, 1)]
    for target_list in signed:
        manager = User.objects.filter(
            branch=target_list.branch, groups__name=Role.BRANCH_MANAGER.value
        ).order_by("pk")[0]
        approve_list(target_list, manager, target_list.content_hash, "")
    return len(signed)
