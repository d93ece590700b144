"""Whether a campaign is well defined: asked by its form and again before every step."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from pydantic import ValidationError

from campaigns.errors import NotReady, Problem
from campaigns.models import Campaign
from clock.reading import now as clock_now
from compliance.campaign_limits import read_limits

#: A campaign longer than this is a mistake of typing; standing ones are renewed.
LONGEST = timedelta(days=400)


def problems(campaign: Campaign) -> list[Problem]:
    """Everything that keeps this campaign from being screened, in the order of its form.

    - the product is on sale, and somebody said whether it is risk-rated
    - the script version is published
    - at least one caller ID, and each is active and registered for marketing
    - it ends after it starts, in the future, and within 400 days
    - its limits can be read
    """
    found: list[Problem] = []
    product = campaign.product
    if not product.on_sale:
        found.append(Problem("product", "product", _("The product is not on sale.")))
    if product.risk_rated is None:
        found.append(
            Problem("risk_rated", "product", _("Nobody said whether the product is risk-rated."))
        )
    if campaign.script_version.state != "published":
        found.append(
            Problem("script", "script_version", _("The script version is not published."))
        )
    found += _caller_ids(campaign)
    found += _dates(campaign)
    return found


def check(campaign: Campaign) -> None:
    """Raises NotReady with all problems, if there are any."""
    found = problems(campaign)
    if found:
        raise NotReady(found)
