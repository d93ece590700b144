"""Short texts of forms that are one line and a button: what can be stored, as long as may be."""

from __future__ import annotations

import re

from django.http import HttpRequest

#: What a database or a page cannot hold; browsers send none of it, line ends apart.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def sought(request: HttpRequest, name: str, at_most: int = 120) -> str:
    """What an address asks for, as `words` of a form."""
    return storable(request.GET.get(name, ""), at_most)


def words(request: HttpRequest, name: str, at_most: int = 200) -> str:
    """A field's text, "" when there is none. The page bounds what is typed by the same length."""
    return storable(request.POST.get(name, ""), at_most)


def storable(text: str, at_most: int) -> str:
    """Without what cannot be stored, and no longer than may be."""
    return _UNSTORABLE.sub("", text).strip()[:at_most]
