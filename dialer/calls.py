"""Changing a call's state: the one way.

A conditional update guarded by the table in `domain/call_state.py`, with the event in the same
transaction. Two that try at once: one succeeds, the other sees False.

Rows are locked with FOR NO KEY UPDATE throughout the dialer: a plain FOR UPDATE would also stop the
foreign-key checks that other transactions make when they commit, and the two deadlock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from dialer.domain.call_state import CallState, may_become
from dialer.models import Call, CallEvent

_CAUSE_LENGTH = 60


@transaction.atomic
def change(call: Call, new: CallState, *, cause: str, at: datetime, **fields: Any) -> bool:
    """Move `call` to `new`, set `fields` with it, and write the event (`at` = business time).

    False, and nothing changed, when the table forbids it from where the call stands now, or when
    somebody was faster. The instance is brought up to date in both cases.
    """
    values = {**fields, "state": new.value, "cause": cause[:_CAUSE_LENGTH]}
    old = call.state
    if not _update(call, CallState(old), new, values):
        # the instance may be stale: look again, under the lock
        old = _state_now(call)
        if not _update(call, CallState(old), new, values):
            call.state = old
            return False
    for name, value in values.items():
        setattr(call, name, value)
    CallEvent.objects.create(
        call_id=call.pk, old=old, new=new.value, cause=cause[:_CAUSE_LENGTH], at=at
    )
    return True


def _update(call: Call, old: CallState, new: CallState, values: dict[str, Any]) -> bool:
    """`old → new` if the table knows it and the row still is `old`."""
    if not may_become(old, new):
        return False
    return Call.objects.filter(pk=call.pk, state=old.value).update(**values) == 1


def _state_now(call: Call) -> str:
    locked = Call.objects.select_for_update(no_key=True)
    return locked.values_list("state", flat=True).get(pk=call.pk)
