"""An audience in portions: cut, handed out, counted, and added up.

Portions are stretches of customer ids, not of branches: so the largest branch is screened by every
worker, and each of them walks tables and indexes in order. A worker takes a portion by its row's
lock and writes its leads in the same transaction. Whoever dies has written nothing, the lock goes
with the connection, and the next worker takes the same portion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from audiences.models import Customer
from campaigns.domain.campaign_state import CampaignState
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, Portion, TargetList

#: Customers of a portion: a second's work or so, and one facts statement.
SIZE = 10_000
#: The last so many are cut again, into smaller ones.
LAST = 2
LAST_SIZE = 2_500
#: Nobody has finished a portion for so long (real time): work was lost.
STALLED = timedelta(seconds=60)

_CUT = """
SELECT min(id), max(id) + 1, count(*) FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part FROM ({audience}) AS audience(id)
) AS numbered GROUP BY part ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a screening is, in customers. `planned` 0: the audience is being cut still."""

    planned: int
    done: int

    @property
    def percent(self) -> int:
        """Whole percent of the customers (0 before the audience is cut)."""
        return 100 * self.done // self.planned if self.planned else 0


def cut(
    campaign: Campaign,
    audience: QuerySet[Customer],
    *,
    at_real: datetime,
    target_list: TargetList | None = None,
) -> int:
    """Cut an audience, or what of it belongs to one list; returns how many portions there are.

    The last ones are small, so that no worker waits long for another at the end.
    """
    parts = _parts(audience, SIZE)
    if parts:
        parts, last = parts[:-LAST], parts[-LAST:]
        parts += _parts(audience.filter(pk__gte=last[0][0]), min(LAST_SIZE, SIZE))
    Portion.objects.bulk_create(
        Portion(
            campaign=campaign,
            target_list=target_list,
            first_id=first,
            until_id=until,
            customers=customers,
            planned_at=at_real,
        )
        for first, until, customers in parts
    )
    return len(parts)


def _parts(audience: QuerySet[Customer], size: int) -> list[tuple[int, int, int]]:
    """First id, the id after the last, and how many customers, of each stretch of that size."""
    sql, values = audience.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_CUT.format(audience=sql), [size, *values])
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found


def wanted(campaign_id: int) -> QuerySet[Portion]:
    """The portions of a campaign that are still to be screened."""
    of_all = Q(target_list=None, campaign__state=CampaignState.SCREENING.value)
    of_one = Q(target_list__state=ListState.SCREENED.value, target_list__counts={})
    return Portion.objects.filter(of_all | of_one, campaign_id=campaign_id, done_at=None)


def take(campaign_id: int) -> Portion | None:
    """Lock the next portion that nobody works at; None when there is none."""
    return (
        wanted(campaign_id)
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("target_list_id", "first_id")
        .first()
    )


def progress(campaign: Campaign) -> Progress:
    """How far the screening of this campaign's audience is."""
    portions = campaign.portions.filter(target_list=None).values_list("customers", "done_at")
    return Progress(
        planned=sum(customers for customers, _ in portions),
        done=sum(customers for customers, done_at in portions if done_at is not None),
    )


def stalled(at_real: datetime) -> list[int]:
    """Campaigns of which something is to be screened and nobody has moved it for a while."""
    screening = Campaign.objects.filter(state=CampaignState.SCREENING.value)
    waiting = set(screening.values_list("pk", flat=True))
    one_list = Portion.objects.filter(
        target_list__state=ListState.SCREENED.value, target_list__counts={}
    )
    waiting |= set(one_list.values_list("campaign_id", flat=True))
    moving = Portion.objects.filter(
        Q(planned_at__gt=at_real - STALLED) | Q(done_at__gt=at_real - STALLED),
        campaign_id__in=waiting,
    )
    return sorted(waiting - set(moving.values_list("campaign_id", flat=True)))
