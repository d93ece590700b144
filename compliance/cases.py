"""Handling a case: who, by when, with what answer, and what it teaches whom.

Each step is a conditional update by the table in `domain/case_state.py`, with an event and an audit
entry in the same transaction; texts stay in the case. `barred` are the users complained of (the
agent who spoke, the script's author, the campaign's maker): found by whoever knows calls
(`insights.complaint_parties`), kept in the case, and kept from handling it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from audiences.models import Number
from audit.recording import record
from compliance.domain.case_state import OPEN, CaseState, Cause, sources
from compliance.domain.case_terms import (
    DUE_SOON,
    FORWARD_SOON,
    MOST_EXTENSIONS,
    Urgency,
    answer_by,
    urgency,
)
from compliance.models.complaint import CaseNotice, Complaint, ComplaintEvent


class CaseRefused(Exception):
    """A step that is not possible; `code` says why (compliance/case_wording.py has the sentence).

    complained_of  the person complained of may not act in the case
    moved_on       the case is in another state by now
    no_text        a reason, an answer or a cause is missing
    too_often      it was extended as often as may be
    not_yours      somebody else handles it
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def assign(
    case: Complaint, *, handler_id: int, actor_id: int, barred: Collection[int], at: datetime
) -> None:
    """Give the case to a handler who is not complained of; also again, to another."""
    if handler_id in barred or actor_id in barred:
        raise CaseRefused("complained_of")
    state = CaseState.EXTENDED if case.state == CaseState.EXTENDED else CaseState.ASSIGNED
    handler = User.objects.get(pk=handler_id)
    allowed = [CaseState.EXTENDED.value] if state is CaseState.EXTENDED else _to_assign()
    _change(
        case,
        state,
        "assigned",
        actor_id,
        at,
        allowed=allowed,
        note=f"→ {handler.get_full_name()}",
        payload={"handler": handler_id},
        handler_id=handler_id,
        complained_of=sorted(barred),
    )


def _to_assign() -> list[str]:
    """From where a case is given out anew; reopening has a step of its own."""
    return [CaseState.OPENED.value, CaseState.ASSIGNED.value]


@transaction.atomic
def extend(case: Complaint, *, reason: str, actor_id: int, at: datetime) -> None:
    """Put the answer off: to 30 days, then to 60; each time with a reason."""
    _not_complained_of(case, actor_id)
    if not reason.strip():
        raise CaseRefused("no_text")
    if case.extensions >= MOST_EXTENSIONS:
        raise CaseRefused("too_often")
    _change(
        case,
        CaseState.EXTENDED,
        "extended",
        actor_id,
        at,
        note=reason,
        also=Q(extensions=case.extensions),
        extensions=case.extensions + 1,
        due_at=answer_by(case.term_from, case.extensions + 1, settings.TIME_ZONE),
    )


@transaction.atomic
def answer(case: Complaint, *, text: str, actor_id: int, at: datetime) -> None:
    """The handler's answer to the complainant."""
    _not_complained_of(case, actor_id)
    if not text.strip():
        raise CaseRefused("no_text")
    if case.handler_id != actor_id:
        raise CaseRefused("not_yours")
    _change(
        case,
        CaseState.ANSWERED,
        "answered",
        actor_id,
        at,
        also=Q(handler_id=actor_id),
        answer=text.strip(),
        answered_at=at,
    )


@transaction.atomic
def close(
    case: Complaint,
    *,
    cause: str,
    note: str,
    upheld: bool,
    owner_id: int | None,
    actor_id: int,
    at: datetime,
    product_id: int | None = None,
    script_version_id: int | None = None,
) -> None:
    """Name the cause and give it to whoever owns it: the product's, script's or team's."""
    _not_complained_of(case, actor_id)
    if cause not in {known.value for known in Cause}:
        raise CaseRefused("no_text")
    _change(
        case,
        CaseState.CLOSED,
        "closed",
        actor_id,
        at,
        payload={"cause": cause, "upheld": upheld, "owner": owner_id},
        cause=cause,
        cause_note=note.strip()[:300],
        upheld=upheld,
        owner_id=owner_id,
        product_id=product_id,
        script_version_id=script_version_id,
        closed_at=at,
    )


@transaction.atomic
def reopen(case: Complaint, *, reason: str, actor_id: int, at: datetime) -> None:
    """The complainant is not content: it goes on with the same handler, its answer due again."""
    _not_complained_of(case, actor_id)
    if not reason.strip():
        raise CaseRefused("no_text")
    if case.handler_id is None:
        raise CaseRefused("moved_on")
    _change(
        case,
        CaseState.ASSIGNED,
        "reopened",
        actor_id,
        at,
        note=reason,
        allowed=[CaseState.ANSWERED.value, CaseState.CLOSED.value],
        closed_at=None,
        extensions=0,
        term_from=at,
        due_at=answer_by(at, 0, settings.TIME_ZONE),
    )


@transaction.atomic
def remedy(case: Complaint, *, text: str, actor_id: int, at: datetime) -> None:
    """Whoever the cause went to says what they did about it."""
    if not text.strip():
        raise CaseRefused("no_text")
    changed = Complaint.objects.filter(pk=case.pk, owner_id=actor_id).update(
        remedy=text.strip()[:300], remedied_at=at
    )
    if changed != 1:
        raise CaseRefused("not_yours")
    _note(case, case.state, "remedied", actor_id, at, "", {})


def number_for_case(e164: str, kind: str) -> Number:
    """The row of any telephone number, also one that no customer has: so that it is suppressed
    before it is ever imported.
    """
    # where it belongs is found out when a customer comes with it: the tables for it are large
    return Number.objects.get_or_create(e164=e164, defaults={"kind": kind})[0]


def open_cases() -> QuerySet[Complaint]:
    """The cases whose answer is still due."""
    return Complaint.objects.filter(state__in=[state.value for state in OPEN])


def pressing(cases: QuerySet[Complaint], now: datetime) -> QuerySet[Complaint]:
    """Those of them with a term that is over or ends soon."""
    unassigned = Q(state=CaseState.OPENED.value, forward_due_at__lte=now + FORWARD_SOON)
    open_ones = Q(state__in=[state.value for state in OPEN])
    return cases.filter(open_ones & (Q(due_at__lte=now + DUE_SOON) | unassigned))


def remind(now: datetime) -> int:
    """Write down each term that came near or ran out, once; how many were new."""
    wanted = []
    for case in pressing(open_cases(), now):
        terms = [("answer", case.due_at, urgency(case.due_at, now))]
        if case.state == CaseState.OPENED:
            forward = case.forward_due_at
            terms.append(("forward", forward, urgency(forward, now, FORWARD_SOON)))
        wanted += [
            CaseNotice(complaint=case, kind=f"{kind}_{stands}", term=term, at=now)
            for kind, term, stands in terms
            if term is not None and stands is not Urgency.IN_TIME
        ]
    before = CaseNotice.objects.count()
    CaseNotice.objects.bulk_create(wanted, ignore_conflicts=True)
    return CaseNotice.objects.count() - before


# --- one step ------------------------------------------------------------------------------------


def _not_complained_of(case: Complaint, actor_id: int) -> None:
    if actor_id in case.complained_of:
        raise CaseRefused("complained_of")


def _change(
    case: Complaint,
    new: CaseState,
    step: str,
    actor_id: int,
    at: datetime,
    *,
    note: str = "",
    also: Q | None = None,
    allowed: list[str] | None = None,
    payload: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Move the case on from where the caller saw it, if the table lets it. Raises CaseRefused."""
    from_states = set(sources(new)) & set(allowed or sources(new))
    if case.state not in from_states:
        raise CaseRefused("moved_on")
    old = case.state
    rows = Complaint.objects.filter(also or Q(), pk=case.pk, state=old)
    if rows.update(state=new.value, **values) != 1:
        raise CaseRefused("moved_on")
    _note(case, new.value, step, actor_id, at, note, payload or {})
    case.refresh_from_db()


def _note(
    case: Complaint,
    new: str,
    step: str,
    actor_id: int,
    at: datetime,
    note: str,
    payload: dict[str, Any],
) -> None:
    ComplaintEvent.objects.create(
        complaint=case, old=case.state, new=new, step=step, note=note, actor_id=actor_id, at=at
    )
    record(
        kind=f"complaint.{step}",
        actor_id=actor_id,
        subject=f"complaint:{case.pk}",
        payload={"customer": case.customer_id, **payload},
    )
