"""Changing a lead's state from the dialer: the same way as a call's (`dialer/calls.py`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain.lead_state import ENDS, TRANSITIONS, LeadState
from campaigns.models import Lead, LeadEvent

_CAUSE_LENGTH = 60


@transaction.atomic
def change_lead(lead: Lead, new: LeadState, *, cause: str, at: datetime, **fields: Any) -> bool:
    """Move `lead` to `new`, set `fields` with it, and write the event.

    False if the table forbids it. An end sets `settled_at` to `at`.
    """
    locked = Lead.objects.select_for_update(no_key=True)
    old = locked.values_list("state", flat=True).get(pk=lead.pk)
    if new not in TRANSITIONS[LeadState(old)]:
        lead.state = old
        return False
    if new in ENDS:
        fields.setdefault("settled_at", at)
    values = {**fields, "state": new.value}
    Lead.objects.filter(pk=lead.pk).update(**values)
    for name, value in values.items():
        setattr(lead, name, value)
    LeadEvent.objects.create(
        lead_id=lead.pk, old=old, new=new.value, cause=cause[:_CAUSE_LENGTH], at=at
    )
    return True
