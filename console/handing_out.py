"""What pages that hand something out share: a span of days asked for, and a file as an answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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
