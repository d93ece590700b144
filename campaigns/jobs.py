"""Background work of campaigns, on the RQ queue `batch`: ids in, one function called."""

from __future__ import annotations

from datetime import datetime

import django_rq
from rq import Queue, Worker

from campaigns.portions import stalled
from campaigns.screening import plan, work
from campaigns.what_if import answer


def enqueue_screening(campaign_id: int) -> None:
    """Ask a worker to screen a campaign; sent when the transaction commits."""
    _queue().enqueue(screen_campaign, campaign_id)


def screen_campaign(campaign_id: int) -> None:
    """Plan the screening, call in the other workers, and work."""
    waiting = plan(campaign_id)
    queue = _queue()
    for _ in range(min(waiting, Worker.count(queue=queue)) - 1):
        queue.enqueue(help_screening, campaign_id)
    work(campaign_id)


def help_screening(campaign_id: int) -> None:
    """Screen portions until none is left."""
    work(campaign_id)


def resume_stalled(at_real: datetime) -> int:
    """Ask again for screenings whose workers died; returns how many."""
    campaigns = stalled(at_real)
    if not campaigns:
        return 0
    name = f"{screen_campaign.__module__}.{screen_campaign.__name__}"
    asked = {job.args[0] for job in _queue().jobs if job.func_name == name}
    lost = [campaign_id for campaign_id in campaigns if campaign_id not in asked]
    for campaign_id in lost:
        enqueue_screening(campaign_id)
    return len(lost)


def _queue() -> Queue:
    return django_rq.get_queue("batch")


def enqueue_what_if(what_if_id: int) -> None:
    """Ask a worker to answer a what-if; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(answer_what_if, what_if_id)


def answer_what_if(what_if_id: int) -> None:
    """Judge the list under both stacks."""
    answer(what_if_id)
