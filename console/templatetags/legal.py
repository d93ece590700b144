"""Legal references in templates, in the reader's language or marked as of another."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compliance import wording
from compliance.legal_wording import legal_ref

register = template.Library()

_LANGUAGES = {"zh": "zh-Hans", "en": "en"}


@register.filter
def legal(reference: str) -> SafeString:
    """A reference; a translated one has its original as its title."""
    if not reference:
        return SafeString("–")
    text, foreign = legal_ref(reference, wording.language())
    if foreign:
        note = _("(Chinese text)") if foreign == "zh" else _("(English text)")
        return format_html(
            '<span lang="{}">{}</span> <span class="muted small">{}</span>',
            _LANGUAGES[foreign],
            text,
            note,
        )
    if text != reference:
        return format_html('<span title="{}">{}</span>', reference, text)
    return format_html("{}", text)
