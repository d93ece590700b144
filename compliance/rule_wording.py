"""A rule as a sentence for people: lengths of time as they are said, not as they are counted.

A pack keeps seconds ("{tolerance_s} s"); a reader is told "30 min". The pack's own text, which is
hashed and signed, stays as it is.
"""

from __future__ import annotations

import re

from django.utils import translation

from compliance import wording
from compliance.domain.rules.base import Rule

#: From a minute on, seconds are nothing that anybody reads.
LEAST_S = 60
_SECONDS = re.compile(r"\{(\w+_s)\}\s*(?:秒|s\b|seconds?\b)")


def rule_sentence(rule: Rule, language: str) -> str:
    """The sentence with its values filled in, "zh" or "en"."""
    field = "zh" if language.startswith("zh") else "en"
    with translation.override("zh-hans" if field == "zh" else "en"):
        template = _SECONDS.sub(lambda found: _said(rule, found), getattr(rule, field))
    return rule.model_copy(update={field: template}).sentence(language)


def _said(rule: Rule, found: re.Match[str]) -> str:
    seconds = getattr(rule, found[1], None)
    if not isinstance(seconds, int | float) or seconds < LEAST_S:
        return found[0]
    return wording.duration(seconds)
