"""Ring-backs: who rings a missed call back hears who it was, and can refuse.

Nothing is sold here. The caller hears the bank's name and why it rang, and says what they wish;
an opt-out is kept at once for the number and for the customer we last rang on it.
"""

from __future__ import annotations

from datetime import datetime

from audiences.models import Number
from dialer import effects
from dialer.calls import change
from dialer.domain.call_state import CallState
from dialer.domain.said import Said
from dialer.models import Call
from robot.domain.intents.reading import Reading
from robot.intents_in_force import in_force
from telephony import twiml
from telephony.addresses import hook_url
from telephony.receiving import Event

#: The bank's name stands before these lines (campaign variable `bank`).
WELCOME_LINE = "您好，这里是{bank}，之前是我们的智能语音助手给您来电，介绍业务活动。"
ASK_LINE = "如果您不希望再接到此类来电，请说“不要再打”，或者按9。"
STOPPED_LINE = "好的，已为您登记，我们不会再因营销致电，抱歉打扰，再见。"
STRANGER_LINE = "您好，我们没有查到近期给您的来电记录。"
GOODBYE_LINE = "感谢您的来电，再见。"
NO_MARKETING_INTENTS = frozenset({"opt_out", "complaint_threat", "abuse"})
MAX_TURNS = 2
#: The classifier's layer that weighs likeness; the others are rules.
BY_LIKENESS = "model"


def answered(event: Event, *, at: datetime) -> str:
    """Greet whoever rings back. The call is kept like any other, without an attempt."""
    call = _call_of(event, at)
    last = _last_call_to(call.number_id)
    if last is None:
        lines = [STRANGER_LINE, ASK_LINE]
    else:
        bank = str(last.campaign.variables.get("bank", "")) if last.campaign else ""
        lines = [WELCOME_LINE.format(bank=bank or "我行"), ASK_LINE]
    return _listen(lines, turn=1)


def heard(event: Event, *, turn: int, said: Said, at: datetime) -> str:
    """Keep a refusal; anything else ends politely after being asked once more."""
    call = _call_of(event, at)
    reading = in_force().read(said.text, "open") if said.text else None
    if said.digits.startswith("9") or _refuses(reading, turn):
        evidence = {
            "call": str(call.public_id),
            "text": said.text,
            "digits": said.digits,
            "layer": reading.layer if reading else "dtmf",
        }
        effects.opt_out(call, evidence=evidence, source="ring_back", at=at)
        call.outcome = "OPT_OUT"
        call.save(update_fields=["outcome"])
        return twiml.hang_up([STOPPED_LINE])
    if turn < MAX_TURNS and (said.text or said.digits):
        return _listen([ASK_LINE], turn=turn + 1)
    return twiml.hang_up([GOODBYE_LINE])


def _refuses(reading: Reading | None, turn: int) -> bool:
    """Said in so many words: at once. By likeness alone: only when it is said again.

    Who rings back asks who it was, in words that the statistical model takes for annoyance.
    """
    if reading is None or reading.intent not in NO_MARKETING_INTENTS:
        return False
    return reading.layer != BY_LIKENESS or turn >= MAX_TURNS


def advance(event: Event, *, at: datetime) -> None:
    """The ring-back's end."""
    call = _call_of(event, at)
    if event.params.get("CallStatus") in {"completed", "failed", "canceled", "busy", "no-answer"}:
        seconds = event.params.get("CallDuration", "")
        change(
            call,
            CallState.COMPLETED,
            cause="carrier:completed",
            at=at,
            ended_at=at,
            stage="",
            duration_s=int(seconds) if seconds.isdigit() else None,
            outcome=call.outcome or "RING_BACK",
        )


def _listen(lines: list[str], *, turn: int) -> str:
    return twiml.gather(
        lines,
        action=hook_url("inbound_turn", number=turn),
        wait_s=5.0,
        end_s=1.0,
        digits=1,
        hints=("不要再打", "别打了"),
    )


def _call_of(event: Event, at: datetime) -> Call:
    """The row of this ring-back, made when it is first heard of."""
    known = Call.objects.select_for_update(no_key=True).filter(sid=event.sid).first()
    if known is not None:
        return known
    number = Number.objects.filter(e164=event.params.get("From", "")).first()
    last = _last_call_to(number.pk if number else None)
    return Call.objects.create(
        kind="inbound",
        state=CallState.ANSWERED.value,
        to=event.params.get("To", "")[:80],
        sid=event.sid,
        number=number,
        customer_id=last.customer_id if last else None,
        campaign_id=last.campaign_id if last else None,
        planned_at=at,
        answered_at=at,
    )


def _last_call_to(number_id: int | None) -> Call | None:
    """Our own last call to the number that rings back."""
    if number_id is None:
        return None
    return (
        Call.objects.select_related("campaign")
        .filter(number_id=number_id, attempt__isnull=False)
        .order_by("-planned_at")
        .first()
    )
