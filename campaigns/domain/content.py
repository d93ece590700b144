"""What a signature covers: people, words, product, upper limits, window, caller IDs.

A list is signed part by part: each part has a hash of its own, so that a void signature can say
what changed; the content hash is the hash of all parts. A tighter pack changes none of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Part(StrEnum):
    """The parts of a list's content, in the order in which they are told."""

    PEOPLE = "people"
    WORDS = "words"
    PRODUCT = "product"
    LIMITS = "limits"
    WINDOW = "window"
    CALLER_IDS = "caller_ids"


def part_hash(document: Any) -> str:
    """SHA-256 (hex) over a canonical JSON text: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(parts: Mapping[Part, str]) -> str:
    """The hash a checker signs. Raises KeyError when a part is missing."""
    return part_hash({part.value: parts[part] for part in Part})


def changed(signed: Mapping[str, str], now: Mapping[Part, str]) -> tuple[Part, ...]:
    """The parts that differ from what was signed."""
    return tuple(part for part in Part if signed.get(part.value) != now[part])
