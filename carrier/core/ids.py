"""Identifiers that follow from the seed, so that two runs give the same call the same SID."""

from __future__ import annotations

import hashlib
import hmac


def sid(prefix: str, seed: str, *parts: object) -> str:
    """Two letters and 32 hex digits: the same for the same seed and parts."""
    digest = hmac.new(seed.encode(), "|".join(str(part) for part in parts).encode(), hashlib.sha256)
    return prefix + digest.hexdigest()[:32]
