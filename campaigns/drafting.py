"""Whether a campaign is well defined: asked by its form and again before every step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from agents.models import Team
from campaigns.errors import NotReady, Problem
from campaigns.models import Campaign
from clock.reading import now as clock_now
from compliance.campaign_limits import LimitsUnreadable, read_limits
from compliance.models import CallerId
from robot.domain.script import Script
from robot.domain.versions import VersionState
from robot.models import ScriptVersion

#: A campaign longer than this is a mistake of typing; standing ones are renewed.
LONGEST = timedelta(days=400)
MOST_RETRIES = 5
#: the use a caller ID must be filed for (compliance: rule A1)
MARKETING_USE = "marketing_out"


def defaults(at: datetime) -> dict[str, Any]:
    """What a new campaign's form begins with: the newest script, every fit caller ID, two weeks.

    Minutes after the first and second fruitless try; whom the robot reached is not tried again.
    """
    version = published_versions().order_by("-published_at").first()
    fit = CallerId.objects.filter(active=True, registered_use__contains=[MARKETING_USE])
    start = localtime(at).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {
        "script_version": version.pk if version else None,
        "variables": {name: value or "" for name, value in script_variables(version).items()}
        if version
        else {},
        "caller_ids": list(fit),
        "team": Team.objects.order_by("pk").values_list("pk", flat=True).first(),
        "starts_at": start,
        "ends_at": (start + timedelta(days=14)).replace(hour=20),
        "retry_plan": {"BUSY": [30, 240], "NO_ANSWER": [240, 1440], "MACHINE": [1440]},
        "max_lines": 30,
        "weight": 50,
        "ring_timeout_s": 30,
    }


def published_versions(or_this: int | None = None) -> QuerySet[ScriptVersion]:
    """The script versions a campaign may choose from; `or_this`: the one it has already."""
    return ScriptVersion.objects.filter(
        Q(state=VersionState.PUBLISHED.value) | Q(pk=or_this)
    ).select_related("script")


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
    found += variable_problems(campaign)
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


def variable_problems(campaign: Campaign) -> list[Problem]:
    """Values that the script takes from the campaign and that nobody gave."""
    missing = [
        name
        for name, value in script_variables(campaign.script_version).items()
        if value is None and not campaign.variables.get(name)
    ]
    if not missing:
        return []
    text = _("The script needs a value for: %(names)s") % {"names": ", ".join(missing)}
    return [Problem("variables", "variables", text)]


def script_variables(version: ScriptVersion) -> dict[str, str | None]:
    """What a script takes from its campaign, with the script's own default or None."""
    script = Script.model_validate(version.document)
    return {name: var.default for name, var in script.vars.items() if var.from_ == "campaign"}


def document_problems(campaign: Campaign) -> list[Problem]:
    """What is wrong with the limits and the retry plan, which are documents."""
    found: list[Problem] = []
    try:
        read_limits(campaign.limits)
    except LimitsUnreadable as error:
        found += [Problem("limits", "limits", sentence) for sentence in error.sentences()]
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
