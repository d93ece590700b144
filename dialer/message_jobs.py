"""Jobs of text messages, on the RQ queue `batch`: ids in, one function called.

No retries by RQ: a message whose job was lost is due again at the leader's next look.
"""

from __future__ import annotations

import logging

import django_rq
import redis
from django.db import close_old_connections

from dialer import messaging

log = logging.getLogger(__name__)

QUEUE = "batch"
#: Real seconds: gate and POST together.
TIMEOUT_S = 60


def deliver_message(message_id: int) -> None:
    """Send one message, if it is its time."""
    close_old_connections()
    messaging.deliver(message_id)


def bring_due() -> int:
    """Hand what is due to the workers; returns how many. One that is on its way is not sent twice:
    whoever comes second finds it locked, or no longer due.
    """
    found = messaging.due()
    try:
        for message_id in found:
            django_rq.get_queue(QUEUE).enqueue(
                deliver_message, message_id, job_timeout=TIMEOUT_S, result_ttl=0
            )
    except redis.RedisError:
        log.warning("%d messages wait: Redis did not answer", len(found))
    return len(found)
