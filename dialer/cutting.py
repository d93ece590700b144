"""Cutting the robot short: somebody says "no" over a line that nothing else may interrupt.

The line goes on for every other word: a disclosure is heard to its end. For a word of the safety
rules it ends at once. The turn is worked out with the words as far as they were heard and is
committed with all its effects; then the carrier is asked to fetch the turn's answer now. Should it
not hear of that, it comes for the same answer when the line has ended.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from database.lookups import save
from dialer import conversing
from dialer.domain.call_state import CallState
from dialer.domain.said import Said
from dialer.models import Call
from robot.conversing import last_turn
from telephony import controlling
from telephony.addresses import hook_url

log = logging.getLogger(__name__)


def take(call: Call, *, turn: int, words: str, at: datetime) -> bool:
    """Carry the turn out with the words so far. The call is locked. False: it came too late."""
    if call.state != CallState.ANSWERED or last_turn(call.public_id) >= turn:
        return False
    conversing.heard(call, turn=turn, said=Said(text=words), at=at)
    call.cut_turn = turn
    save(call, "cut_turn")
    return True


def stop(sid: str, public_id: UUID, turn: int) -> None:
    """Have the carrier leave the line and come for the turn's answer."""
    try:
        controlling.redirect(sid, hook_url("turn", public_id=public_id, number=turn))
    except controlling.ControlFailed as error:
        log.warning("call %s: the line could not be cut short: %s", public_id, error)
