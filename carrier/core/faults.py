"""Faults on demand: how many in a thousand go wrong, drawn from each call's own stream."""

from __future__ import annotations

from random import Random

KINDS = (
    "duplicated",
    "reordered",
    "delayed",
    "dropped",
    "refused",
    "amd_late",
    "amd_never",
    "create_reply_lost",
    "create_timeout",
    "create_500",
    "create_429",
)


class Faults:
    """Per mille by kind; all 0 at the start."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._per_mille: dict[str, int] = dict.fromkeys(KINDS, 0)

    def current(self) -> dict[str, int]:
        """The rates in force."""
        return dict(self._per_mille)

    def set(self, rates: dict[str, int]) -> None:
        """Put rates in force; kinds not named keep theirs. Raises ValueError for unknown ones."""
        for kind, rate in rates.items():
            if kind not in KINDS:
                raise ValueError(f"unknown fault {kind}")
            if isinstance(rate, bool) or not isinstance(rate, int) or not 0 <= rate <= 1000:
                raise ValueError(f"{kind} must be 0…1000 per mille")
        self._per_mille.update(rates)

    def clear(self) -> None:
        """No faults."""
        self._per_mille = dict.fromkeys(KINDS, 0)

    def strikes(self, kind: str, *key: object) -> bool:
        """Whether this one goes wrong: the same answer for the same seed and key."""
        rate = self._per_mille[kind]
        if rate == 0:
            return False
        parts = "|".join(str(part) for part in (self.seed, *key, "fault", kind))
        return Random(parts).random() * 1000 < rate
