"""Calendars: which years are loaded, bringing one in from a notice, looking at it, signing it."""

from __future__ import annotations

import calendar as months
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Page, may, may_sign, requires
from approvals.deciding import ApprovalRefused
from approvals.reading import history, pending
from campaigns import labels
from clock.reading import now as clock_now
from compliance import calendar_doubts, calendar_importing, calendars
from compliance.calendar_doubts import CalendarDoubt
from compliance.calendar_importing import CalendarRefused, Doubtful
from compliance.domain.calendar import DayType
from compliance.domain.calendar_state import CalendarState
from compliance.domain.pack import PackError
from compliance.models import CalendarYear
from compliance.packs import in_force
from console.posted import words
from console.texts.packs import word
from console.views.packs import user_of

_STATES = {
    CalendarState.WAITING: (gettext_lazy("Waits for approval"), "warn"),
    CalendarState.APPROVED: (gettext_lazy("Signed"), ""),
    CalendarState.REFUSED: (gettext_lazy("Not signed"), "bad"),
}


class BringForm(forms.Form):
    """A year's file, or its text when it was looked at; where a table comes from."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.csv"}),
        required=False,
    )
    text = forms.CharField(required=False, widget=forms.HiddenInput)
    source = forms.CharField(
        label=gettext_lazy("Notice (for a CSV)"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "国务院办公厅关于2027年部分节假日安排的通知"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "YAML like the shipped years, or CSV with the columns date, kind (statutory or "
            "adjusted_work), name, name_en; at most %(kilobytes)s KB"
        ) % {"kilobytes": calendar_importing.MAX_BYTES // 1024}
        self.content = ""

    def clean(self) -> dict[str, Any]:
        """What there is to read, as text; one of the two must be there."""
        file = self.cleaned_data.get("file")
        self.content = self.cleaned_data.get("text") or ""
        if file is not None:
            try:
                self.content = _decoded(file.read(calendar_importing.MAX_BYTES + 1))
            except UnicodeDecodeError:
                self.add_error("file", _("This is no text: save it as CSV UTF-8, or as YAML."))
        elif not self.content and not self.errors:
            self.add_error("file", _("Please choose a file."))
        return self.cleaned_data


@require_GET
@requires(Page.CALENDARS)
def index(request: HttpRequest) -> HttpResponse:
    """Every version of every year, the newest year first; what is missing."""
    return _index_page(request, BringForm())


@require_POST
@requires(Page.CALENDAR_EDITING)
def preview(request: HttpRequest) -> HttpResponse:
    """The file as a year, beside the year in force; `submit` asks for a signature."""
    form = BringForm(request.POST, request.FILES)
    if not form.is_valid():
        return _index_page(request, form)
    text, source = form.content, form.cleaned_data["source"]
    country = country_in_force() or "CN"
    try:
        document = calendar_importing.read(text, country=country, source=source)
        if document.source == calendar_importing.UNNAMED:
            form.add_error("source", _("Name the notice that the table comes from."))
            return _index_page(request, form)
        if "submit" in request.POST:
            year = calendar_importing.submit(document, user_of(request), _confirmed(request))
            messages.success(request, _("Submitted. A colleague must sign it now."))
            return redirect("calendar-year", year.pk)
    except Doubtful as refused:
        messages.error(request, refused.sentence)
    except (CalendarRefused, ApprovalRefused) as refused:
        form.add_error("file", refused.sentence)
        return _index_page(request, form)
    days = document.days()
    return render(
        request,
        "compliance/calendars/preview.html",
        {
            "document": document,
            "text": text,
            "source": source,
            **_doubted(calendar_doubts.doubts(document.country, document.year, days)),
            **_shown(document.country, document.year, days),
        },
    )


def _index_page(request: HttpRequest, form: BringForm) -> HttpResponse:
    country = country_in_force()
    return render(
        request,
        "compliance/calendars/index.html",
        {
            "form": form,
            "years": [
                {"year": one, "state": _state(one)}
                for one in CalendarYear.objects.order_by("country", "-year", "-in_force", "-pk")
            ],
            "missing": missing_years(country),
            "country": country,
            "may_edit": may(request.user, Page.CALENDAR_EDITING),
        },
    )


@require_GET
@requires(Page.CALENDARS)
def year_page(request: HttpRequest, year_id: int) -> HttpResponse:
    """One version of a year: its grid, what it changes, who signed it."""
    year = get_object_or_404(CalendarYear, pk=year_id)
    subject = calendar_importing.subject_of(year)
    asked = pending(subject, clock_now())
    user = user_of(request)
    days = {day.date: DayType(day.kind) for day in year.days.all()}
    return render(
        request,
        "compliance/calendars/year.html",
        {
            "year": year,
            "state": _state(year),
            "asked": asked,
            "content_hash": calendar_importing.signed_hash(year),
            "may_sign": asked is not None
            and asked.maker_id != user.pk
            and may_sign(user, "calendar_year"),
            "is_maker": asked is not None and asked.maker_id == user.pk,
            "history": [
                {"approval": one, "label": labels.APPROVAL[one.state]} for one in history(subject)
            ],
            **_doubted(calendar_importing.doubts_of(year) if asked is not None else []),
            **_shown(year.country, year.year, days),
        },
    )


@require_POST
@requires(Page.CALENDAR_EDITING)
def step(request: HttpRequest, year_id: int, name: str) -> HttpResponse:
    """Sign, return or take back."""
    year = get_object_or_404(CalendarYear, pk=year_id)
    user, reason = user_of(request), words(request, "reason", 500)
    steps: dict[str, tuple[Callable[[], object], str]] = {
        "sign": (
            lambda: calendar_importing.sign(
                year, user, request.POST.get("content_hash", ""), _confirmed(request)
            ),
            _("Signed. It is in force."),
        ),
        "return": (
            lambda: calendar_importing.send_back(year, user, reason),
            _("Returned to its maker."),
        ),
        "take-back": (lambda: calendar_importing.withdraw(year, user), _("Taken back.")),
    }
    if name not in steps:
        raise Http404
    act, sentence = steps[name]
    try:
        act()
        messages.success(request, sentence)
    except (CalendarRefused, ApprovalRefused) as refused:
        messages.error(request, refused.sentence)
    return redirect("calendar-year", year_id)


def country_in_force() -> str:
    """The country whose calendar the rules in force read; "" when they cannot be read."""
    try:
        return in_force(clock_now()).country
    except PackError:
        return ""


def missing_years(country: str) -> list[int]:
    """Years whose calendar ought to be loaded by today."""
    return calendars.years_missing(country, localdate(clock_now())) if country else []


def missing_count(request: HttpRequest) -> int:
    """For the tile on the starting page."""
    return len(missing_years(country_in_force()))


def _state(year: CalendarYear) -> tuple[Any, str]:
    if year.in_force:
        return gettext_lazy("In force"), "ok"
    return _STATES[CalendarState(year.state)]


def _confirmed(request: HttpRequest) -> str:
    return words(request, "confirmed", 500)


def _doubted(found: Sequence[CalendarDoubt]) -> dict[str, Any]:
    """What looks wrong, and the value that confirms exactly that."""
    return {"doubts": found, "doubts_key": calendar_doubts.key_of(found)}


def _shown(country: str, year: int, days: Mapping[date, DayType]) -> dict[str, Any]:
    """The grid and the differences from the version in force."""
    current = CalendarYear.objects.filter(country=country, year=year, in_force=True).first()
    before = {} if current is None else calendars.days_of(current.sha256)
    changed = {day for day in {*days, *before} if days.get(day) != before.get(day)}
    same = current is not None and not changed
    return {
        "months": [
            _month(year, month, days, changed if current else set()) for month in range(1, 13)
        ],
        "weekdays": [date_format(date(2024, 1, day), "D") for day in range(1, 8)],
        "current": current,
        "same": same,
        "changes": [
            {"day": day, "old": _kind(day, before.get(day)), "new": _kind(day, days.get(day))}
            for day in sorted(changed)
        ]
        if current is not None
        else [],
        "off": sum(kind is DayType.STATUTORY for kind in days.values()),
        "worked": sum(kind is DayType.ADJUSTED_WORK for kind in days.values()),
    }


def _month(
    year: int, month: int, days: Mapping[date, DayType], changed: set[date]
) -> dict[str, Any]:
    weeks = months.Calendar().monthdatescalendar(year, month)
    return {
        "name": date_format(date(year, month, 1), "F"),
        "weeks": [
            [
                None
                if day.month != month
                else {
                    "day": day.day,
                    "kind": _plain(day, days.get(day)).value,
                    "said": _kind(day, days.get(day)),
                    "changed": day in changed,
                }
                for day in week
            ]
            for week in weeks
        ],
    }


def _plain(day: date, kind: DayType | None) -> DayType:
    return kind or (DayType.REST if day.weekday() >= 5 else DayType.WORKDAY)


def _kind(day: date, kind: DayType | None) -> str:
    return word(_plain(day, kind).value)


def _decoded(content: bytes) -> str:
    """The text of a file as editors and spreadsheets save it. Raises UnicodeDecodeError."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
