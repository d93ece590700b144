"""Figures in templates. Thousands are grouped by three in both languages, as banks here write
them (Django's format for Chinese would group by four)."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def grouped(value: object) -> str:
    """12345 → 12,345; what is missing counts as 0."""
    return f"{value:,}" if isinstance(value, int) else "0"


@register.filter
def percent(value: object) -> str:
    """A share of 100 with one decimal; nothing for None."""
    return f"{value:.1f} %" if isinstance(value, (int, float)) else ""


@register.filter
def unlocalized(value: object) -> str:
    """A number as style sheets read it, whatever the reader's language."""
    return f"{value:g}" if isinstance(value, (int, float)) else ""
