"""A step that was not taken, as programs and as people read it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop


class Refused(Exception):
    """`code` is for programs, `sentence` for people; each kind of refusal names its own."""

    code = "refused"
    _sentence = gettext_noop("This cannot be done now.")

    @property
    def sentence(self) -> str:
        """Why, in the reader's language."""
        return _(self._sentence)

    def __str__(self) -> str:
        return self.code
