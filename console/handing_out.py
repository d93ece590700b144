"""What pages that hand something out share: a span of days asked for, and a file as an answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from clock.reading import now as clock_now

#: What is shown when nobody chose a span.
SPAN = timedelta(days=30)
#: Days beyond these are nobody's question, and past what databases and calendars can hold.
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def span(request: HttpRequest) -> tuple[datetime, datetime]:
    """[since, until) from two dates, the last one included; 30 days to today when they are not
    dates.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    today = clock_now().astimezone(zone).date()
    last = _date(request.GET.get("until", "")) or today
    first = _date(request.GET.get("since", "")) or last - SPAN
    first = min(first, last)
    midnight = datetime.min.time()
    return (
        datetime.combine(first, midnight, zone),
        datetime.combine(last + timedelta(days=1), midnight, zone),
    )


def span_problem(request: HttpRequest) -> str:
    """Why `span` is not what was asked for, "" when it is: nobody hands out another span unawares.

    A page says it; a file is not made.
    """
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("since", "until")}
    for text in asked.values():
        found = _date(text)
        if text and (found is None or found.isoformat() != text):
            return _("“%(text)s” is no date that can be asked for; write it like 2026-03-10.") % {
                "text": text
            }
    first, last = _date(asked["since"]), _date(asked["until"])
    if last is None:
        last = clock_now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    if first is not None and first > last:
        return _("The span ends (%(until)s) before it begins (%(since)s).") % {
            "since": first.isoformat(),
            "until": last.isoformat(),
        }
    return ""


def _date(text: str) -> date | None:
    try:
        return min(max(date.fromisoformat(text), EARLIEST), LATEST)
    except ValueError:
        return None


def file_answer(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A file to keep; no cache holds it."""
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
