"""Instants that documents hold as ISO text, and lengths of time, as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

from compliance import wording

register = template.Library()


@register.filter
def moment(text: object) -> str:
    """ "2026-03-10T02:07:41+00:00" → "2026-03-10 10:07:41" where the bank is; "" for none."""
    if not isinstance(text, str) or not text:
        return ""
    return timezone.localtime(datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M:%S")


@register.filter
def last_day(until: object) -> str:
    """The last day of a term that ends then: one that ends at midnight ends the day before."""
    if not isinstance(until, datetime):
        return ""
    return f"{timezone.localtime(until) - timedelta(microseconds=1):%Y-%m-%d}"


@register.filter
def lasted(seconds: object) -> str:
    """153 → "2 min 33 s" in the reader's language; "" for what is no number."""
    return wording.duration(seconds) if isinstance(seconds, (int, float)) else ""
