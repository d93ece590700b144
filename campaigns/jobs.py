"""Background work of campaigns, on the RQ queue `batch`: ids in, one function called."""

from __future__ import annotations

import django_rq

from campaigns.models import TargetList
from campaigns.screening import close_screening, fill_list, plan_lists
from campaigns.what_if import answer


def enqueue_screening(campaign_id: int) -> None:
    """Ask a worker to screen a campaign; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(screen_campaign, campaign_id)


def enqueue_list(list_id: int) -> None:
    """Ask a worker to fill one list; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(screen_list, list_id)


def screen_campaign(campaign_id: int) -> None:
    """Plan the lists and hand each to whichever worker is free."""
    for list_id in plan_lists(campaign_id):
        enqueue_list(list_id)
    close_screening(campaign_id)


def screen_list(list_id: int) -> None:
    """Fill one list; whoever fills the last one closes the screening."""
    fill_list(list_id)
    campaign_id = TargetList.objects.values_list("campaign_id", flat=True).get(pk=list_id)
    close_screening(campaign_id)


def enqueue_what_if(what_if_id: int) -> None:
    """Ask a worker to answer a what-if; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(answer_what_if, what_if_id)


def answer_what_if(what_if_id: int) -> None:
    """Judge the list under both stacks."""
    answer(what_if_id)
