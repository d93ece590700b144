"""A year's calendar from a file to force: read, looked at, submitted, signed by a second person.

Two forms are read: the document of the shipped years (YAML), and a table (CSV) with a line a day,
`date,kind,name,name_en`, where kind is `statutory` or `adjusted_work` (放假, 上班). A correction is
a new version; the old one stays for replays.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NoReturn

import yaml
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import ValidationError

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import pending
from approvals.refusing import Refused
from audit.recording import record
from clock.reading import now as clock_now
from compliance import calendar_doubts
from compliance.calendar_doubts import CalendarDoubt
from compliance.calendars import put_in_force, store
from compliance.document_wording import told
from compliance.domain.calendar import DayType
from compliance.domain.calendar_state import TRANSITIONS, CalendarState
from compliance.domain.documents import CalendarDocument, days_hash
from compliance.models.calendar import CalendarYear
from compliance.pack_source import TooLarge, bounded

MAX_BYTES = 64 * 1024
#: The source of a table when nobody has said it.
UNNAMED = "—"
#: How long somebody has to sign.
OPEN_FOR = timedelta(days=30)

_KINDS = {
    "statutory": DayType.STATUTORY,
    "放假": DayType.STATUTORY,
    "adjusted_work": DayType.ADJUSTED_WORK,
    "上班": DayType.ADJUSTED_WORK,
}


class CalendarRefused(Refused):
    """A step that was not taken."""


class Unreadable(CalendarRefused):
    """The file is no calendar; `detail` says where and why."""

    code = "unreadable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def sentence(self) -> str:
        """With the place."""
        return _("This is no calendar: %(detail)s") % {"detail": self.detail}


class InForceAlready(CalendarRefused):
    """The very same days are in force."""

    code = "in_force_already"
    _sentence = gettext_noop("These very days are in force already.")


class NotWaiting(CalendarRefused):
    """Somebody was faster, or the time to sign is over."""

    code = "not_waiting"
    _sentence = gettext_noop("Nothing waits for a signature here, or the time to sign is over.")


class Doubtful(CalendarRefused):
    """Something seems to be missing, and nobody has said yet that it was compared."""

    code = "doubtful"
    _sentence = gettext_noop(
        "Something seems to be missing in this year. Compare it with the notice and confirm it."
    )


def read(text: str, *, country: str, source: str = "") -> CalendarDocument:
    """A calendar from YAML or CSV. A table does not say its country and source: they are given.

    Raises Unreadable with the place.
    """
    if len(text.encode()) > MAX_BYTES:
        raise Unreadable(_("the file is too large"))
    stripped = text.lstrip("\ufeff \n\r\t")
    if not stripped:
        raise Unreadable(_("the file is empty"))
    raw = _table(stripped, country, source) if _is_table(stripped) else _yaml(stripped)
    if not isinstance(raw, dict):
        raise Unreadable(
            _("neither a year's YAML nor a table; a table begins with date,kind,name,name_en")
        )
    try:
        return CalendarDocument.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        values = [(name, str(value)) for name, value in first.get("ctx", {}).items()]
        said = told(first["type"], first["msg"], values).text
        raise Unreadable(f"{place}: {said}" if place else said) from error


@transaction.atomic
def submit(document: CalendarDocument, maker: User, confirmed: str = "") -> CalendarYear:
    """Store the year as it is, not in force, and ask another person to sign it.

    `confirmed` is the key of the doubts the maker was shown. Raises Doubtful, InForceAlready, or
    deciding.AlreadyPending.
    """
    sha256 = days_hash(document.days())
    year = (
        CalendarYear.objects.select_for_update(no_key=True)
        .filter(country=document.country, year=document.year, sha256=sha256)
        .first()
    )
    if year is not None and year.in_force:
        raise InForceAlready
    doubtful = calendar_doubts.doubts(document.country, document.year, document.days())
    _demand(doubtful, confirmed)
    if year is None:
        year = store(document, state=CalendarState.WAITING)
    elif year.state == CalendarState.REFUSED:
        _move(year, CalendarState.WAITING)
    deciding.submit(
        subject=subject_of(year),
        content_hash=signed_hash(year),
        maker=maker,
        branch=None,
        title=f"{year} · {year.source}"[:200],
        expires_at=clock_now() + OPEN_FOR,
    )
    _record("calendar.submitted", year, maker, doubtful)
    return year


@transaction.atomic
def sign(year: CalendarYear, checker: User, seen: str, confirmed: str = "") -> CalendarYear:
    """Put it in force at once; every later question reads it.

    `confirmed` is the key of the doubts the checker was shown. Raises what `approve` raises, or
    Doubtful.
    """
    locked = CalendarYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    # before it is in force: afterwards it would be compared with itself
    doubtful = doubts_of(locked)
    deciding.approve(
        approval=_asked(locked),
        checker=checker,
        content_hash=seen,
        valid_until=deciding.FOR_GOOD,
    )
    # after the signature was checked: who may not sign is told that, not what to confirm
    _demand(doubtful, confirmed)
    if locked.state != CalendarState.APPROVED:
        _move(locked, CalendarState.APPROVED)
    put_in_force(locked, actor_id=checker.pk, confirmed=tuple(each.code for each in doubtful))
    return locked


@transaction.atomic
def send_back(year: CalendarYear, checker: User, reason: str) -> None:
    """Refuse it; a corrected file is a new version."""
    locked = CalendarYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    deciding.send_back(approval=_asked(locked), checker=checker, reason=reason)
    _refuse(locked, checker)


@transaction.atomic
def withdraw(year: CalendarYear, maker: User) -> None:
    """Its maker takes the request back."""
    locked = CalendarYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    asked = _asked(locked)
    if asked.maker_id != maker.pk:
        raise NotWaiting
    deciding.withdraw(approval=asked, actor=maker, reason="")
    _refuse(locked, maker)


def subject_of(year: CalendarYear) -> str:
    return f"calendar_year:{year.pk}"


def signed_hash(year: CalendarYear) -> str:
    """What a signature is on: the country, the year, its days and where they come from."""
    text = "\n".join((year.country, str(year.year), year.sha256, year.source))
    return hashlib.sha256(text.encode()).hexdigest()


def doubts_of(year: CalendarYear) -> list[CalendarDoubt]:
    """What looks wrong with a stored version."""
    days = {day.date: DayType(day.kind) for day in year.days.all()}
    return calendar_doubts.doubts(year.country, year.year, days)


def _demand(doubtful: Sequence[CalendarDoubt], confirmed: str) -> None:
    """Raises Doubtful unless exactly these doubts were confirmed."""
    if doubtful and calendar_doubts.key_of(doubtful) != confirmed:
        raise Doubtful


def _asked(year: CalendarYear) -> Approval:
    found = pending(subject_of(year), clock_now())
    if found is None:
        raise NotWaiting
    return found


def _refuse(year: CalendarYear, actor: User) -> None:
    """What was signed once stays signed: only its coming back was refused."""
    if year.state == CalendarState.WAITING:
        _move(year, CalendarState.REFUSED)
    _record("calendar.refused", year, actor)


def _move(year: CalendarYear, new: CalendarState) -> None:
    old = CalendarState(year.state)
    moved = CalendarYear.objects.filter(pk=year.pk, state=old.value).update(state=new.value)
    if new not in TRANSITIONS[old] or moved != 1:
        raise NotWaiting
    year.state = new.value


def _record(
    kind: str, year: CalendarYear, actor: User, doubtful: Sequence[CalendarDoubt] = ()
) -> None:
    payload: dict[str, Any] = {"country": year.country, "year": year.year, "sha256": year.sha256}
    if doubtful:
        payload["confirmed"] = [each.code for each in doubtful]
    record(
        kind=kind,
        actor_id=actor.pk,
        subject=subject_of(year),
        payload=payload,
    )


def _is_table(text: str) -> bool:
    head = text.partition("\n")[0].replace("，", ",")
    return head.strip().lower().startswith("date,")


def _yaml(text: str) -> Any:
    try:
        bounded(text)
        return yaml.safe_load(text)
    except (TooLarge, RecursionError) as error:
        raise Unreadable(_("the file is too large")) from error
    except ValueError as error:  # of a date that YAML itself reads
        raise Unreadable(
            _("A date in it does not exist (%(detail)s); write it like 2027-02-05")
            % {"detail": str(error)[:80]}
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = told("yaml", str(error)).text
        place = _("line %(line)d") % {"line": mark.line + 1} if mark is not None else ""
        raise Unreadable(f"{place}: {said}" if place else said) from error


def _table(text: str, country: str, source: str) -> dict[str, Any]:
    """A line a day; days of one name in a row are one holiday."""
    holidays: dict[str, dict[str, Any]] = {}
    worked: list[date] = []
    lines: dict[date, int] = {}
    for line, row in _rows(text):
        day, kind = _day(row.get("date"), line), _kind(row.get("kind"), line)
        if day in lines:
            _refuse_row(
                line, _("%(day)s is named in line %(first)d already"), day=day, first=lines[day]
            )
        if lines and day.year != next(iter(lines)).year:
            _refuse_row(line, _("%(day)s lies in another year: a file is of one year"), day=day)
        lines[day] = line
        if kind is DayType.ADJUSTED_WORK:
            if day.weekday() < 5:
                _refuse_row(
                    line, _("%(day)s is no Saturday or Sunday, so it is worked anyway"), day=day
                )
            worked.append(day)
            continue
        name = (row.get("name") or "").strip()
        english = (row.get("name_en") or "").strip() or name
        holiday = holidays.setdefault(name, {"name": name, "name_en": english, "days": []})
        holiday["days"].append(day)
    if not lines:
        raise Unreadable(_("there are no days in it"))
    return {
        "country": country,
        "year": next(iter(lines)).year,
        "source": source.strip() or UNNAMED,
        "statutory": list(holidays.values()),
        "adjusted_work": worked,
    }


def _day(text: str | None, line: int) -> date:
    said = (text or "").strip()
    try:
        return date(*(int(part) for part in said.replace("/", "-").split("-")))
    except (TypeError, ValueError):
        _refuse_row(line, _("“%(said)s” is no date; write it like 2027-02-05"), said=said[:40])


def _kind(text: str | None, line: int) -> DayType:
    said = (text or "").strip()
    known = _KINDS.get(said.lower())
    if known is None:
        _refuse_row(
            line,
            _("“%(said)s” is no kind of day; write statutory (放假) or adjusted_work (上班)"),
            said=said[:40],
        )
    return known


def _refuse_row(line: int, sentence: str, **values: object) -> NoReturn:
    place = _("line %(line)d") % {"line": line}
    raise Unreadable(f"{place}: {sentence % values}")


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.replace("，", ",")))
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise Unreadable(str(error)) from error
