"""What a dialogue does outside the call, in the transaction that stores the turn.

The list is closed (the script's schema names it); each effect keeps the utterance as evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from audit.recording import record
from compliance import complaints, preferring, suppressing
from dialer import callbacks
from dialer.domain.call_kind import CallKind
from dialer.models import Call
from dialer.wishes import SCRIPTED, said
from robot.domain.steps import Effect

SOURCE = "robot"


def carry_out(call: Call, wanted: Iterable[Effect], *, at: datetime) -> None:
    """Carry out each effect. Raises KeyError for a name outside the closed list.

    What somebody says in a test call has no effect outside it.
    """
    if call.kind == CallKind.TEST:
        return
    for effect in wanted:
        _handler(effect.name)(call, effect, at)


def opt_out(call: Call, *, evidence: dict[str, Any], source: str, at: datetime) -> None:
    """The customer of this call is not to be called again, on any number, by any campaign."""
    suppressing.opt_out(
        customer_id=call.customer_id,
        number_id=call.number_id,
        source=source,
        evidence=evidence,
        at=at,
        speaking_attempt_id=call.attempt_id,
    )
    if call.customer_id is not None:
        callbacks.cancel_for(call.customer_id, at=at)


def open_case(call: Call, *, evidence: dict[str, Any], source: str, at: datetime) -> None:
    """Somebody complained: people look into it, with a deadline."""
    complaints.open_case(
        customer_id=call.customer_id,
        number_id=call.number_id,
        source=source,
        evidence=evidence,
        at=at,
        campaign_id=call.campaign_id,
        speaking_attempt_id=call.attempt_id,
    )


def _evidence(call: Call, effect: Effect) -> dict[str, Any]:
    return {"call": str(call.public_id), **effect.evidence.model_dump()}


def _opt_out(call: Call, effect: Effect, at: datetime) -> None:
    opt_out(call, evidence=_evidence(call, effect), source=SOURCE, at=at)


def _quarantine(call: Call, effect: Effect, at: datetime) -> None:
    suppressing.quarantine(
        customer_id=call.customer_id,
        number_id=call.number_id,
        source=SOURCE,
        evidence=_evidence(call, effect),
        at=at,
        speaking_attempt_id=call.attempt_id,
    )


def _case(call: Call, effect: Effect, at: datetime) -> None:
    open_case(call, evidence=_evidence(call, effect), source=SOURCE, at=at)


def _invalidate(call: Call, effect: Effect, at: datetime) -> None:
    if call.number_id is not None:
        suppressing.invalidate_number(
            number_id=call.number_id,
            customer_id=call.customer_id,
            reason="wrong_number",
            evidence=_evidence(call, effect),
            at=at,
            speaking_attempt_id=call.attempt_id,
        )


def _keep(call: Call, effect: Effect, at: datetime) -> None:
    """Kept as evidence: people review it, and cool-offs follow from the outcome by the pack.

    The words stay in the turn, which can be erased; the audit names the turn.
    """
    evidence = _evidence(call, effect)
    evidence.pop("text")
    record(
        kind=f"robot.{effect.name}",
        actor_id=None,
        subject=f"call:{call.public_id}",
        payload={"days": effect.days, "evidence": evidence},
    )


_EFFECTS: dict[str, Callable[[Call, Effect, datetime], None]] = {
    "dnc.add": _opt_out,
    "quarantine.add": _quarantine,
    "case.open": _case,
    "number.invalidate": _invalidate,
    "review.open": _keep,
    "cooldown": _keep,
    "consent.grant": _keep,
}


def _prefer(call: Call, effect: Effect, at: datetime) -> None:
    """Keep the wish with its words. A stranger's wish cannot be kept narrower than "never"; one for
    messages is no wish about calls, and stands in the record alone.
    """
    _keep(call, effect, at)
    if effect.name == "prefer.sms":
        return
    wanted = SCRIPTED.get(effect.name) or said(effect.evidence.text)
    if wanted is None:
        return
    if call.customer_id is None:
        _opt_out(call, effect, at)
        return
    preferring.prefer(
        wanted,
        customer_id=call.customer_id,
        via=SOURCE,
        evidence=_evidence(call, effect),
        at=at,
    )


def _handler(name: str) -> Callable[[Call, Effect, datetime], None]:
    return _prefer if name.startswith("prefer.") else _EFFECTS[name]
