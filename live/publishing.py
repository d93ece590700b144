"""Pushing to browsers: a Redis message, sent once the transaction has committed.

PostgreSQL is the truth and Redis the doorbell: a message that is lost costs a screen some seconds,
so nothing here ever fails its caller.
"""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

CHANNEL_PREFIX = "sanshi:live:"


def publish(channel: str, event: str, data: dict[str, Any]) -> None:
    """Send `event` with JSON `data` to everyone who watches `channel`, after commit."""
    message = json.dumps({"event": event, "data": data}, ensure_ascii=False, default=str)
    transaction.on_commit(lambda: _send(channel, message))


def _send(channel: str, message: str) -> None:
    try:
        _client().publish(CHANNEL_PREFIX + channel, message)
    except redis.RedisError:
        log.warning("a push was lost: Redis did not answer")


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, health_check_interval=30
    )
