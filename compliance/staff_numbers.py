"""Staff numbers: entered by their owner, verified by a code that a colleague reads out to them.

There is no SMS, and a number that is not verified may not be rung by us. So a colleague (never the
owner) is shown a code, rings the number with their own telephone, and tells it to whoever answers;
the owner types it in. Two people, and the number provably reaches the owner.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F

from accounts.models import User
from audiences.domain.phone_numbers import normalize
from audit.recording import record
from compliance.domain.attempt_state import AttemptState
from compliance.domain.facts import StaffNumberFacts
from compliance.models.attempt import Attempt
from compliance.models.staff_number import StaffNumber

#: How long a code is good for, and how many wrong answers it survives (business time).
CODE_FOR = timedelta(hours=8)
TRIES = 5
#: The daily limit counts calls of a calendar day; this reaches back over any.
REACH = timedelta(days=2)


class NotANumber(ValueError):
    """The text gave no telephone number; the argument is the named reason."""


class Taken(ValueError):
    """Somebody else has entered this number."""


class OwnNumber(PermissionError):
    """Nobody is shown the code of their own number."""


@transaction.atomic
def enter(user: User, text: str, *, at: datetime, region: str = "CN") -> StaffNumber:
    """The user's telephone; another one than before must be verified anew.

    Raises NotANumber, Taken.
    """
    found = normalize(text, region)
    if found.e164 is None:
        raise NotANumber(found.reason)
    if StaffNumber.objects.filter(e164=found.e164).exclude(user=user).exists():
        raise Taken
    before = StaffNumber.objects.select_for_update(no_key=True).filter(user=user).first()
    if before is not None and before.e164 == found.e164:
        return before
    number, _ = StaffNumber.objects.update_or_create(
        user=user,
        defaults={
            "e164": found.e164,
            "code_hash": "",
            "code_expires_at": None,
            "code_by": None,
            "tries_left": 0,
            "verified_at": None,
            "created_at": at,
        },
    )
    _note("staff_number.entered", number, user)
    return number


@transaction.atomic
def show_code(number: StaffNumber, *, to: User, at: datetime) -> str:
    """A new code, shown once to a colleague of the owner's. Raises OwnNumber."""
    if to.pk == number.user_id:
        raise OwnNumber
    code = f"{secrets.randbelow(1_000_000):06d}"
    StaffNumber.objects.filter(pk=number.pk).update(
        code_hash=make_password(code),
        code_expires_at=at + CODE_FOR,
        code_by=to,
        tries_left=TRIES,
    )
    _note("staff_number.code_shown", number, to)
    return code


@transaction.atomic
def verify(user: User, code: str, *, at: datetime) -> bool:
    """Whether the owner was told the code. A wrong answer costs a try; the last one the code."""
    number = StaffNumber.objects.select_for_update(no_key=True).filter(user=user).first()
    if number is None or not number.code_hash or number.tries_left == 0:
        return False
    if number.code_expires_at is None or at >= number.code_expires_at:
        return False
    if not check_password(code.strip(), number.code_hash):
        StaffNumber.objects.filter(pk=number.pk).update(tries_left=F("tries_left") - 1)
        _note("staff_number.wrong_code", number, user)
        return False
    StaffNumber.objects.filter(pk=number.pk).update(
        code_hash="", code_expires_at=None, tries_left=0, verified_at=at
    )
    _note("staff_number.verified", number, user)
    return True


def facts_of(staff_number_id: int | None, *, now: datetime) -> StaffNumberFacts | None:
    """What the rule of test calls looks at, under the number's lock: two calls at once count.

    Inside the gate's transaction.
    """
    number = (
        StaffNumber.objects.select_for_update(no_key=True).filter(pk=staff_number_id).first()
        if staff_number_id is not None
        else None
    )
    if number is None:
        return None
    calls = (
        Attempt.objects.filter(staff_number_id=number.pk, reserved_at__gt=now - REACH)
        .exclude(state=AttemptState.RELEASED.value)
        .order_by("reserved_at")
        .values_list("reserved_at", flat=True)
    )
    return StaffNumberFacts(number.pk, number.verified_at, tuple(calls))


def _note(kind: str, number: StaffNumber, actor: User) -> None:
    record(kind=kind, actor_id=actor.pk, subject=f"staff_number:{number.pk}", payload={})
