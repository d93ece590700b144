"""Jobs on the RQ queue `placing`: ids in, one function called.

No retries by RQ: a call whose job was lost is found by its lease and brought again by the sweeper.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

import django_rq
import redis
from django.db import close_old_connections, transaction
from rq import Queue

from dialer import placing

log = logging.getLogger(__name__)

QUEUE = "placing"
#: A planned call whose job did not start by then is brought again (real).
PLANNED_LEASE = timedelta(seconds=20)
#: Real seconds: gate and POST together.
TIMEOUT_S = 60


def place_call(call_id: int) -> None:
    """Place one planned call."""
    close_old_connections()
    placing.place_call(call_id)


def enqueue_placing(call_ids: Sequence[int]) -> None:
    """Hand calls to the workers once the transaction has committed.

    Redis may be down: then nothing is lost but time, because the rows say what is planned.
    """
    ids = list(call_ids)
    if ids:
        transaction.on_commit(lambda: _enqueue(ids))


def _enqueue(call_ids: Sequence[int]) -> None:
    jobs = [
        Queue.prepare_data(place_call, args=(each,), timeout=TIMEOUT_S, result_ttl=0)
        for each in call_ids
    ]
    try:
        django_rq.get_queue(QUEUE).enqueue_many(jobs)
    except redis.RedisError:
        log.warning("%d planned calls wait for the sweeper: Redis did not answer", len(jobs))
