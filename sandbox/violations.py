"""Did anybody get called who should not have been? Asked of the carrier, not of the dialer.

The rules of `cn-bank` are stated here a second time, plainly and without its code: if the gate and
this page ever disagree, one of them is wrong. What counts is what the carrier dialled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from compliance.domain.decision import Outcome
from compliance.models import CalendarDay, Contact, Decision, Exemption, Suppression
from sandbox.dials import Dial, dials_of, join, read_journal

BEIJING = ZoneInfo("Asia/Shanghai")
XINJIANG = "CN-65"
#: The last dial before a window closes.
TAIL_GUARD = timedelta(seconds=60)
#: A promised callback may come this much early or late.
CALLBACK_TOLERANCE = timedelta(minutes=30)

Hours = tuple[tuple[time, time], ...]
WORKDAY: Hours = ((time(9), time(12)), (time(14), time(20)))
WORKDAY_XINJIANG: Hours = ((time(11), time(13)), (time(16), time(21)))
#: On rest days only people call.
REST: Hours = ((time(10), time(12)), (time(14), time(18)))
REST_XINJIANG: Hours = ((time(11), time(12)), (time(16), time(18)))


def violations(journal: Path) -> dict[str, int]:
    """Dials that broke a rule, by rule; all zero is what must be.

    caps             more attempts than a customer, a number, the robot or a campaign may have, or
                     a dial too soon after another or after a conversation
    windows          dialled or rung outside the calling hours of that customer's day
    double_dials     a second call to a customer, number or attempt while the first was on
    after_opt_out    dialled after the customer's or the number's "no" was written down
    undecided_calls  dialled without exactly one allowing decision behind it
    """
    dials = dials_of(read_journal(journal))
    join(dials)
    promised = _callbacks(dials)
    return {
        "caps": len(_over_caps(dials, promised)),
        "windows": len(_outside_hours(dials, promised)),
        "double_dials": len(_double(dials)),
        "after_opt_out": len(_after_opt_out(dials)),
        "undecided_calls": len(_undecided(dials)),
    }


def _callbacks(dials: list[Dial]) -> set[str]:
    """SIDs of dials that the customer had asked for at about that time."""
    ids = {
        dial.attempt.exemption_id
        for dial in dials
        if dial.attempt is not None and dial.attempt.exemption_id is not None
    }
    promises = dict(
        Exemption.objects.filter(pk__in=ids, kind="callback").values_list("pk", "promised_at")
    )
    kept = set()
    for dial in dials:
        exemption_id = dial.attempt.exemption_id if dial.attempt is not None else None
        at = promises.get(exemption_id) if exemption_id is not None else None
        if at is not None and abs(dial.at - at) <= CALLBACK_TOLERANCE:
            kept.add(dial.sid)
    return kept


# --- how often -----------------------------------------------------------------------------------


def _over_caps(dials: list[Dial], promised: set[str]) -> set[str]:
    """Each dial against those before it, including what the bank did before this journal."""
    by_customer, by_number, by_robot, talks = _earlier(dials)
    by_campaign: dict[tuple[int, int], int] = defaultdict(int)
    over = set()
    for dial in dials:
        at, customer_id = dial.at, dial.customer.pk if dial.customer else None
        counted, callback = _counted_at(dial), dial.sid in promised
        robot = dial.attempt is None or dial.attempt.actor == "robot"
        if customer_id is not None:
            before = by_customer[customer_id]
            today = [t for t in before if _day(t) == _day(at)]
            campaign_id = dial.attempt.campaign_id if dial.attempt is not None else None
            key = (customer_id, campaign_id or 0)
            if (
                len(today) >= 2
                or _within(before, at, timedelta(days=7)) >= 3
                or (robot and _within(by_robot[customer_id], at, timedelta(days=7)) >= 1)
                or (not callback and _within(talks[customer_id], at, timedelta(days=7)) >= 1)
                or (campaign_id is not None and by_campaign[key] >= 3)
            ):
                over.add(dial.sid)
            before.append(counted)
            by_campaign[key] += 1
            if robot:
                by_robot[customer_id].append(counted)
        if dial.number_id is not None:
            before = by_number[dial.number_id]
            too_soon = not callback and _within(before, at, timedelta(hours=2)) >= 1
            if too_soon or _within(before, at, timedelta(hours=24)) >= 2:
                over.add(dial.sid)
            before.append(counted)
    return over


def _counted_at(dial: Dial) -> datetime:
    """From when a dial counts: its permission, if it was dialled while that was valid.

    Two permissions two hours apart may be dialled some seconds less than that apart.
    """
    attempt = dial.attempt
    if attempt is not None and attempt.reserved_at <= dial.at <= attempt.valid_until:
        return attempt.reserved_at
    return dial.at


Instants = dict[int, list[datetime]]


def _earlier(dials: list[Dial]) -> tuple[Instants, Instants, Instants, Instants]:
    """Attempts by customer, by number and by the robot, and conversations, of before.

    What was loaded as history has no attempt of ours; what is ours is read from the journal.
    """
    by_customer: Instants = defaultdict(list)
    by_number: Instants = defaultdict(list)
    by_robot: Instants = defaultdict(list)
    talks: Instants = defaultdict(list)
    loaded = Contact.objects.filter(
        attempt_id__isnull=True, kind__in=["attempt", "conversation"]
    ).values_list("kind", "at", "customer_id", "number_id", "actor", "channel")
    for kind, at, customer_id, number_id, actor, channel in loaded.iterator():
        if kind == "conversation":
            if customer_id is not None:
                talks[customer_id].append(at)
            continue
        if channel != "voice":
            continue
        if customer_id is not None:
            by_customer[customer_id].append(at)
            if actor == "robot":
                by_robot[customer_id].append(at)
        if number_id is not None:
            by_number[number_id].append(at)
    return by_customer, by_number, by_robot, talks


def _within(instants: list[datetime], at: datetime, span: timedelta) -> int:
    return sum(1 for instant in instants if timedelta(0) <= at - instant < span)


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


# --- when ----------------------------------------------------------------------------------------


def _outside_hours(dials: list[Dial], promised: set[str]) -> set[str]:
    days = dict(CalendarDay.objects.values_list("date", "kind"))
    outside = set()
    for dial in dials:
        if dial.sid in promised:
            continue
        hours = _hours(dial, days)
        rang_at = dial.rang_at or dial.at
        if not _inside(hours, dial.at, TAIL_GUARD) or not _inside(hours, rang_at, timedelta(0)):
            outside.add(dial.sid)
    return outside


def _hours(dial: Dial, days: dict[date, str]) -> Callable[[date], Hours]:
    xinjiang = dial.customer is not None and dial.customer.region == XINJIANG
    robot = dial.attempt is None or dial.attempt.actor == "robot"

    def of(day: date) -> Hours:
        kind = days.get(day) or ("rest" if day.weekday() >= 5 else "workday")
        if kind in ("workday", "adjusted_work"):
            return WORKDAY_XINJIANG if xinjiang else WORKDAY
        if kind == "rest" and not robot:
            return REST_XINJIANG if xinjiang else REST
        return ()

    return of


def _inside(hours: Callable[[date], Hours], at: datetime, guard: timedelta) -> bool:
    """Whether `at` lies in an open window of its day, `guard` before its end at the latest."""
    local = at.astimezone(BEIJING)
    day = local.date()
    for opens, closes in hours(day):
        start = datetime.combine(day, opens, BEIJING)
        end = datetime.combine(day, closes, BEIJING)
        if start <= local and (local < end if not guard else local <= end - guard):
            return True
    return False


# --- twice, after a no, without a decision -------------------------------------------------------


def _double(dials: list[Dial]) -> set[str]:
    """Dials that began while another to the same customer or number was on, or of one attempt."""
    doubled = set()
    for key in (_number_key, _customer_key):
        on: dict[object, Dial] = {}
        for dial in sorted(dials, key=lambda each: each.real):
            whom = key(dial)
            if whom is None:
                continue
            first = on.get(whom)
            if first is not None and (first.real_end is None or dial.real < first.real_end):
                doubled.add(dial.sid)
            if first is None or _ends_later(dial, first):
                on[whom] = dial
    for plan_of in (_attempt_key, _call_key):
        seen: set[object] = set()
        for dial in dials:
            plan = plan_of(dial)
            if plan is not None and plan in seen:
                doubled.add(dial.sid)
            seen.add(plan)
    return doubled


def _number_key(dial: Dial) -> object:
    return dial.to


def _customer_key(dial: Dial) -> object:
    return dial.customer.pk if dial.customer is not None else None


def _attempt_key(dial: Dial) -> object:
    return dial.attempt.pk if dial.attempt is not None else None


def _call_key(dial: Dial) -> object:
    return dial.public_id


def _ends_later(dial: Dial, other: Dial) -> bool:
    if other.real_end is None:
        return False
    return dial.real_end is None or dial.real_end >= other.real_end


def _after_opt_out(dials: list[Dial]) -> set[str]:
    """Dials after a standing "no" about all marketing calls, of the person or of the number."""
    by_customer: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    by_number: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    rows = Suppression.objects.filter(
        channel__in=["", "voice"],
        product_family="",
        source__in=["opt_out", "complaint", "wrong_number"],
    ).values_list("customer_id", "number_id", "since", "expires_at", "lifted_at")
    for customer_id, number_id, since, expires_at, lifted_at in rows:
        until = min((end for end in (expires_at, lifted_at) if end is not None), default=None)
        if customer_id is not None:
            by_customer[customer_id].append((since, until))
        elif number_id is not None:
            by_number[number_id].append((since, until))
    after = set()
    for dial in dials:
        said = list(by_number[dial.number_id]) if dial.number_id is not None else []
        if dial.customer is not None:
            said += by_customer[dial.customer.pk]
        if any(since < dial.at and (until is None or dial.at < until) for since, until in said):
            after.add(dial.sid)
    return after


def _undecided(dials: list[Dial]) -> set[str]:
    """Dials without exactly one ALLOW decision, made before the dial, through their attempt."""
    attempt_ids = [dial.attempt.pk for dial in dials if dial.attempt is not None]
    allowed: dict[object, list[datetime]] = defaultdict(list)
    rows = Decision.objects.filter(attempt_id__in=attempt_ids, verdict=Outcome.ALLOW.value)
    for attempt_id, at in rows.values_list("attempt_id", "at"):
        allowed[attempt_id].append(at)
    return {
        dial.sid
        for dial in dials
        if dial.attempt is None
        or len(allowed[dial.attempt.pk]) != 1
        or allowed[dial.attempt.pk][0] > dial.at
    }
