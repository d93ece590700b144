"""What a Gather brought: words, keys, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_TEXT = 500
MAX_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of somebody on the line. All empty means silence."""

    text: str = ""
    digits: str = ""
    confidence: float | None = None

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Said:
        """From a webhook's parameters. Confidence may be absent, and is not always a number."""
        try:
            confidence = float(params["Confidence"])
        except (KeyError, ValueError):
            confidence = None
        return cls(
            text=params.get("SpeechResult", "")[:MAX_TEXT],
            digits=params.get("Digits", "")[:MAX_DIGITS],
            confidence=confidence,
        )
