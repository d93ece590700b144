"""Which language a person reads: their choice, else their browser's, else Chinese."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


def in_readers_language(chinese: str, english: str) -> str:
    """The English name for those who read English, if there is one; else the Chinese."""
    reads_english = (translation.get_language() or "").startswith("en")
    return english if reads_english and english else chinese


class UserLanguageMiddleware:
    """Activates the user's language for the length of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._choice(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    @staticmethod
    def _choice(request: HttpRequest) -> str:
        known = {code for code, _ in settings.LANGUAGES}
        chosen = getattr(request.user, "language", "") if hasattr(request, "user") else ""
        cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        for candidate in (cookie, chosen):
            if candidate in known:
                return candidate
        return translation.get_language_from_request(request)
