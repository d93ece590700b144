"""One text for one content: what an entry's hash is taken over.

The payload is stored as `jsonb`, which keeps neither the order of keys nor the spelling of numbers,
so the canonical text is made from values that survive the round trip unchanged.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, date, datetime
from typing import Any

#: The hash before the first seal.
GENESIS = "0" * 64


def storable(value: Any) -> Any:
    """`value` in the form that `jsonb` gives back exactly.

    Mappings get text keys, integral floats become integers (jsonb spells 1e16 in full), NUL and
    lone surrogates (which PostgreSQL cannot hold) become U+FFFD, anything unknown its text.
    Raises ValueError for a number that is not finite.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is not finite cannot be recorded")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((storable(item) for item in value), key=str)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _text(str(value))


def canonical(*, kind: str, actor_id: int | None, subject: str, payload: Any) -> str:
    """The entry's content as JSON: sorted keys, no spaces, no escapes beyond JSON's own."""
    content = {"actor": actor_id, "kind": kind, "payload": payload, "subject": subject}
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_hash(at_text: str, text: str) -> str:
    """SHA-256 (hex) over the instant, a line feed and the canonical text."""
    return hashlib.sha256(f"{at_text}\n{text}".encode()).hexdigest()


def print_of(words: str) -> str:
    """What the record keeps of somebody's words, which may be about a person; "" of none."""
    return hashlib.sha256(words.encode()).hexdigest() if words else ""


def instant(at: datetime) -> str:
    """UTC to the microsecond, spelled as `recording.INSERT` spells it in SQL."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seal_hash(
    *,
    previous: str,
    root: str,
    below_transaction: int,
    first_id: int,
    last_id: int,
    count: int,
    version: int,
    at: datetime,
) -> str:
    """SHA-256 (hex) that chains a seal to the one before it. Version 1 leaves its instant out."""
    text = f"{previous}\n{root}\n{below_transaction}\n{first_id}\n{last_id}\n{count}"
    if version > 1:
        text += f"\n{version}\n{instant(at.astimezone(UTC))}"
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: str) -> str:
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
