"""The queue of suspected opt-outs as people work through it, several at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import User
from approvals.deciding import ApprovalRefused
from clock.reading import now
from dialer import clearing
from robot.models import SuspectedOptOut


def confirm_all(chosen: Iterable[SuspectedOptOut], *, officer: User) -> str:
    """Confirm each; the sentence says how many were decided by somebody else already."""
    done = late = 0
    for suspected in chosen:
        try:
            clearing.confirm(suspected, officer=officer, at=now())
            done += 1
        except clearing.AlreadyDecided:
            late += 1
    return _("%(done)d confirmed, %(late)d decided before.") % {"done": done, "late": late}


def dismiss_all(chosen: Iterable[SuspectedOptOut], *, officer: User) -> str:
    """Ask for, or sign, the dismissal of each; the sentence says what came of it and what not."""
    came: Counter[str] = Counter()
    refused = ""
    for suspected in chosen:
        try:
            came[
                "lifted" if clearing.dismiss(suspected, officer=officer, at=now()) else "asked"
            ] += 1
        except clearing.AlreadyDecided:
            came["late"] += 1
        except ApprovalRefused as error:
            refused = error.sentence
    told = _("%(lifted)d dismissed, %(asked)d wait for a second person, %(late)d decided before.")
    return " ".join(
        filter(None, [told % {key: came[key] for key in ("lifted", "asked", "late")}, refused])
    )
