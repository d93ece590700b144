"""Carrying out a request once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from ninja import Schema
from ninja.errors import HttpError

from api.models import ApiClient, ApiRequest
from clock.reading import now


def once(
    client: ApiClient, key: str, what: str, body: Schema, act: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What `act` answers, in one transaction with the note that it was done.

    The same key with the same body gets the same answer and does nothing; with another body it is
    422 `key_reused`. Whoever sends it twice at once waits for the first.
    """
    asked = hashlib.sha256(f"{what}\n{body.model_dump_json()}".encode()).hexdigest()
    try:
        with transaction.atomic():
            kept = ApiRequest.objects.create(client=client, key=key, asked=asked, at=now())
            answer = act()
            ApiRequest.objects.filter(pk=kept.pk).update(answer=answer)
            return answer
    except IntegrityError:
        known = ApiRequest.objects.filter(client=client, key=key).first()
        if known is None:
            raise
    if known.asked != asked:
        raise HttpError(422, "key_reused")
    found: dict[str, Any] = known.answer
    return found
