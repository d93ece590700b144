"""What a rule of publishing has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: where, by which path through the script, and how to mend it."""

    rule: str
    node: str
    path: tuple[str, ...]
    zh: str
    en: str
    mend_zh: str
    mend_en: str

    def dump(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "node": self.node,
            "path": list(self.path),
            "zh": self.zh,
            "en": self.en,
            "mend_zh": self.mend_zh,
            "mend_en": self.mend_en,
        }
