"""What an agent sees of a customer who is coming: who, what was said, what they want."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from campaigns.models import Lead
from compliance.domain.terms import age_on
from dialer.models import Call, Callback, Transfer
from robot import conversing as robot

#: Years to a band: an exact age is nobody's business at the desk.
_BAND = 10


def of(call: Call) -> dict[str, Any]:
    """The screen-pop's content as JSON. Number and name are masked by whoever shows them."""
    customer, campaign = call.customer, call.campaign
    state = robot.state_of(call.public_id)
    return {
        "name": customer.name if customer else "",
        "gender": customer.gender if customer else "",
        "age_band": age_band(customer.birth_date, call.planned_at.date()) if customer else "",
        "segment": customer.segment if customer else "",
        "product": campaign.product.name if campaign else "",
        "product_en": campaign.product.name_en if campaign else "",
        "slots": dict(state.slots),
        "transcript": [
            {"who": line.who, "text": line.text} for line in robot.transcript(call.public_id)
        ],
    }


def of_lead(lead: Lead, at: datetime) -> dict[str, Any]:
    """The same for a customer to whom nobody has spoken yet: only a person may call them."""
    customer, product = lead.customer, lead.campaign.product
    return {
        "name": customer.name,
        "gender": customer.gender,
        "age_band": age_band(customer.birth_date, at.date()),
        "segment": customer.segment,
        "product": product.name,
        "product_en": product.name_en,
        "slots": {},
        "transcript": [],
    }


def of_callback(callback: Callback, at: datetime) -> dict[str, Any]:
    """The same for a customer who is called back: what was said and wanted when it was promised."""
    first = callback.call
    customer, product = callback.customer, callback.campaign.product
    return {
        "name": customer.name,
        "gender": customer.gender,
        "age_band": age_band(customer.birth_date, at.date()),
        "segment": customer.segment,
        "product": product.name,
        "product_en": product.name_en,
        "slots": _slots(first),
        "transcript": [
            {"who": line.who, "text": line.text} for line in robot.transcript(first.public_id)
        ],
        "promised_at": callback.promised_at.isoformat(),
        "note": _note(first),
    }


def _slots(call: Call) -> dict[str, Any]:
    """What the robot had noted; nothing when a person led the talk."""
    try:
        return dict(robot.state_of(call.public_id).slots)
    except robot.NoConversation:
        return {}


def _note(call: Call) -> str:
    """What the colleague who promised the callback wrote down."""
    notes = Transfer.objects.filter(call=call).values_list("note", flat=True)
    return (notes.first() or "")[:500]


def age_band(born: date | None, on: date) -> str:
    """`40-49` for somebody of 43; "" when the birth date is unknown."""
    if born is None:
        return ""
    low = age_on(born, on) // _BAND * _BAND
    return f"{low}-{low + _BAND - 1}"
