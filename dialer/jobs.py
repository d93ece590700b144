"""Jobs on the RQ queue `placing`: ids in, one function called.

No retries by RQ: a call whose job was lost is found by its lease and brought again by the sweeper.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

import django_rq
import redis
from django.conf import settings
from django.db import close_old_connections, transaction
from rq import Queue

from dialer import placing, speaking

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
    if settings.VOICE_TTS_URL:
        _enqueue_values(call_id)


def voice_values(call_id: int) -> None:
    """Have the values of one call said while it rings."""
    close_old_connections()
    speaking.prepare_values(call_id)


def enqueue_placing(call_ids: Sequence[int]) -> None:
    """Hand calls to the workers once the transaction has committed.

    Redis may be down: then nothing is lost but time, because the rows say what is planned.
    """
    ids = list(call_ids)
    if ids:
        transaction.on_commit(lambda: _enqueue(ids))


def _enqueue_values(call_id: int) -> None:
    """A name that is not ready in time is read by the carrier: nothing hangs on it."""
    try:
        django_rq.get_queue("batch").enqueue(voice_values, call_id, result_ttl=0, at_front=True)
    except redis.RedisError:
        log.warning("the values of a call are not said ahead: Redis did not answer")


def _enqueue(call_ids: Sequence[int]) -> None:
    jobs = [
        Queue.prepare_data(place_call, args=(each,), timeout=TIMEOUT_S, result_ttl=0)
        for each in call_ids
    ]
    try:
        django_rq.get_queue(QUEUE).enqueue_many(jobs)
    except redis.RedisError:
        log.warning("%d planned calls wait for the sweeper: Redis did not answer", len(jobs))
