"""Ringing one's own telephone to hear a script: through the gate and the carrier like any call.

The intent's purpose is `test`: a verified staff number, a daily limit, windows and the kill switch
hold, marketing's caps do not. Any version may be heard, drafts too. What the dialogue would do
outside the call it does not do: no opt-out, no case, no callback, no agent. docs/decisions/006.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from campaigns.models import Campaign
from clock.reading import now, real
from compliance.models import CallerId, StaffNumber
from dialer.domain.call_kind import CallKind
from dialer.jobs import PLANNED_LEASE, enqueue_placing
from dialer.models import Call, CallEvent, TrialCall
from dialer.snapshot import LIVE_STATES
from robot.models import ScriptVersion


class NoTelephone(Exception):
    """The user has entered no number, or it is not verified."""


class NoCallerId(Exception):
    """None of our numbers is in use."""


class AlreadyRinging(Exception):
    """One test call at a time and telephone."""


@transaction.atomic
def place_test_call(
    user: User, version: ScriptVersion, variables: Mapping[str, str] | None = None
) -> Call:
    """Plan a call to the user's own telephone; a worker takes it to the gate and the carrier.

    `variables` fill the lines; None: as in the latest campaign with this script.

    The call's state and cause say what became of it (REFUSED with the gate's codes). Raises
    NoTelephone, NoCallerId, AlreadyRinging.
    """
    number = (
        StaffNumber.objects.select_for_update(no_key=True)
        .filter(user=user, verified_at__isnull=False)
        .first()
    )
    if number is None:
        raise NoTelephone
    caller_id = CallerId.objects.filter(active=True).order_by("pk").first()
    if caller_id is None:
        raise NoCallerId
    if Call.objects.filter(trial__staff_number=number, state__in=LIVE_STATES).exists():
        raise AlreadyRinging
    at = now()
    call = Call.objects.create(
        kind=CallKind.TEST.value,
        caller_id=caller_id,
        to=number.e164,
        planned_at=at,
        leased_until=real() + PLANNED_LEASE,
    )
    CallEvent.objects.create(call_id=call.pk, old="", new=call.state, cause="test", at=at)
    TrialCall.objects.create(
        call=call,
        staff_number=number,
        user=user,
        version=version,
        variables=_sample(user, version) if variables is None else dict(variables),
    )
    enqueue_placing([call.pk])
    return call


def _sample(user: User, version: ScriptVersion) -> dict[str, str]:
    """What the lines are filled with: as in the latest campaign with this script, for the user."""
    latest = (
        Campaign.objects.filter(script_version__script_id=version.script_id)
        .order_by("-created_at", "-pk")
        .values_list("variables", flat=True)
        .first()
    )
    return {**(latest or {}), "name": user.get_full_name()}
