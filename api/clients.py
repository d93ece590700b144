"""Who may talk to us: tokens of the bank's systems, and how often they may ask."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Sequence
from enum import StrEnum

import redis
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer

from api.models import ApiClient
from audit.recording import record
from clock.reading import now, real

log = logging.getLogger(__name__)

#: Bytes a request may have. Every body here is a small form.
MOST_BYTES = 32 * 1024


class Scope(StrEnum):
    OPT_OUTS = "opt_outs"
    CONSENTS = "consents"
    CONTACTS = "contacts"


def make(name: str, scopes: Sequence[Scope]) -> tuple[ApiClient, str]:
    """A new client and its token, which is nowhere else from now on."""
    token = f"sanshi_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        client = ApiClient.objects.create(
            name=name,
            token_hash=_hash(token),
            scopes=[scope.value for scope in scopes],
            created_at=now(),
        )
        record(
            kind="api_client.made",
            actor_id=None,
            subject=f"api_client:{client.pk}",
            payload={"scopes": client.scopes},
        )
    return client, token


@transaction.atomic
def end(client: ApiClient, *, actor_id: int | None) -> None:
    """From now on its token opens nothing."""
    if ApiClient.objects.filter(pk=client.pk, active=True).update(active=False) == 1:
        record(
            kind="api_client.ended",
            actor_id=actor_id,
            subject=f"api_client:{client.pk}",
            payload={},
        )


def _hash(token: str) -> str:
    # a token is 256 random bits: it needs no slow hash
    return hashlib.sha256(token.encode()).hexdigest()


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>` of a client with this scope, not too large, not too often."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiClient | None:
        """The client; None (401) for a token that opens nothing."""
        client = ApiClient.objects.filter(token_hash=_hash(token), active=True).first()
        if client is None:
            return None
        if self.scope.value not in client.scopes:
            raise HttpError(403, "scope")
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > MOST_BYTES:
            raise HttpError(413, "too_large")
        if _too_often(client):
            raise HttpError(429, "too_often")
        return client


def _too_often(client: ApiClient) -> bool:
    """Counted by the minute in Redis. Without Redis nobody counts: a refusal must get through."""
    key = f"sanshi:api:{client.pk}:{int(real().timestamp()) // 60}"
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1) as counts:
            asked = counts.pipeline().incr(key).expire(key, 120).execute()[0]
    except redis.RedisError:
        log.warning("api: requests of %s are not counted", client.pk)
        return False
    return int(asked) > client.per_minute
