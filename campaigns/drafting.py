"""Whether a campaign is well defined: asked by its form and again before every step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.errors import NotReady, Problem
from campaigns.models import Campaign
from clock.reading import now as clock_now
from compliance.campaign_limits import LimitsUnreadable, read_limits
from compliance.models import CallerId
from robot.domain.versions import VersionState

#: A campaign longer than this is a mistake of typing; standing ones are renewed.
LONGEST = timedelta(days=400)
MOST_RETRIES = 5
#: the use a caller ID must be filed for (compliance: rule A1)
MARKETING_USE = "marketing_out"


def defaults(at: datetime) -> dict[str, Any]:
    """What a new campaign's form begins with: two weeks from now, and a gentle retry plan.

    Minutes after the first and second fruitless try; whom the robot reached is not tried again.
    """
    start = localtime(at).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {
        "starts_at": start,
        "ends_at": (start + timedelta(days=14)).replace(hour=20),
        "retry_plan": {"BUSY": [30, 240], "NO_ANSWER": [240, 1440], "MACHINE": [1440]},
        "max_lines": 30,
        "weight": 50,
        "ring_timeout_s": 30,
    }


def problems(campaign: Campaign) -> list[Problem]:
    """Everything that keeps a stored campaign from being screened (see `problems_of`)."""
    return problems_of(campaign, list(campaign.caller_ids.all()))


def problems_of(campaign: Campaign, caller_ids: Sequence[CallerId]) -> list[Problem]:
    """Everything that keeps this campaign from being screened, in the order of its form.

    - the product may be offered by phone, and somebody said whether it is risk-rated
    - the script version is published
    - at least one caller ID, and each is active and registered for marketing
    - it ends after it starts, in the future, and within 400 days
    - its limits can be read
    """
    found: list[Problem] = []
    product = campaign.product
    if not product.by_phone:
        found.append(Problem("product", "product", _("The product may not be offered by phone.")))
    if product.risk_rated is None:
        found.append(
            Problem("risk_rated", "product", _("Nobody said whether the product is risk-rated."))
        )
    if campaign.script_version.state != VersionState.PUBLISHED:
        found.append(Problem("script", "script_version", _("The script version is not published.")))
    found += caller_id_problems(caller_ids)
    found += date_problems(campaign)
    found += document_problems(campaign)
    return found


def check(campaign: Campaign) -> None:
    """Raises NotReady with all problems, if there are any."""
    found = problems(campaign)
    if found:
        raise NotReady(found)


def caller_id_problems(caller_ids: Sequence[CallerId]) -> list[Problem]:
    """What is wrong with this choice of caller IDs."""
    if not caller_ids:
        return [Problem("caller_ids", "caller_ids", _("Choose at least one caller ID."))]
    unfit = [
        each.number
        for each in caller_ids
        if not each.active or MARKETING_USE not in each.registered_use
    ]
    if not unfit:
        return []
    text = _("Not active, or not registered for marketing: %(numbers)s") % {
        "numbers": ", ".join(unfit)
    }
    return [Problem("caller_ids_unfit", "caller_ids", text)]


def date_problems(campaign: Campaign) -> list[Problem]:
    """What is wrong with the campaign's span."""
    if campaign.ends_at <= campaign.starts_at:
        return [Problem("dates", "ends_at", _("The end must come after the start."))]
    if campaign.ends_at <= clock_now():
        return [Problem("dates_past", "ends_at", _("The end lies in the past."))]
    if campaign.ends_at - campaign.starts_at > LONGEST:
        return [Problem("dates_long", "ends_at", _("Longer than 400 days."))]
    return []


def document_problems(campaign: Campaign) -> list[Problem]:
    """What is wrong with the limits and the retry plan, which are documents."""
    found: list[Problem] = []
    try:
        read_limits(campaign.limits)
    except LimitsUnreadable as error:
        text = _("The limits cannot be read: %(error)s") % {"error": error}
        found.append(Problem("limits", "limits", text))
    plan = campaign.retry_plan
    sound = isinstance(plan, dict) and all(
        isinstance(delays, list)
        and len(delays) <= MOST_RETRIES
        and all(isinstance(minutes, int) and minutes > 0 for minutes in delays)
        for delays in plan.values()
    )
    if not sound:
        text = _('A retry plan maps an outcome to minutes, like {"BUSY": [30, 120]}.')
        found.append(Problem("retry_plan", "retry_plan", text))
    return found
