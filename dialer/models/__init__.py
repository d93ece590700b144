"""Calls, hand-overs, callbacks."""

from __future__ import annotations

from dialer.models.call import Call, CallEvent
from dialer.models.callback import Callback
from dialer.models.heartbeat import Heartbeat
from dialer.models.message import Message
from dialer.models.recording import Recording
from dialer.models.transfer import Transfer, TransferEvent
from dialer.models.trial_call import TrialCall

__all__ = [
    "Call",
    "CallEvent",
    "Callback",
    "Heartbeat",
    "Message",
    "Recording",
    "Transfer",
    "TransferEvent",
    "TrialCall",
]
