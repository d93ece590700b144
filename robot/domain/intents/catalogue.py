"""The closed catalogue of intents. Each label has a sentence and examples in docs/intents.md."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

#: The names under which scripts pin this catalogue. A later one adds its name here.
CATALOGUES: Final = ("zh-bank@1",)


class Intent(StrEnum):
    OPT_OUT = "opt_out"
    COMPLAINT_THREAT = "complaint_threat"
    NOT_INTERESTED = "not_interested"
    INTERESTED = "interested"
    AFFIRM = "affirm"
    DENY = "deny"
    BACKCHANNEL = "backchannel"
    HESITATE = "hesitate"
    BUSY_CALLBACK = "busy_callback"
    ALREADY_HAVE = "already_have"
    NOT_ELIGIBLE = "not_eligible"
    NEED_HUMAN = "need_human"
    ASK_ROBOT = "ask_robot"
    ASK_IDENTITY = "ask_identity"
    ASK_NUMBER_SOURCE = "ask_number_source"
    DISTRUST_FRAUD = "distrust_fraud"
    ASK_PRICE = "ask_price"
    ASK_PRODUCT = "ask_product"
    SEND_INFO = "send_info"
    REPEAT = "repeat"
    GREETING = "greeting"
    WRONG_NUMBER = "wrong_number"
    NOT_OWNER_PROXY = "not_owner_proxy"
    MINOR = "minor"
    DECEASED = "deceased"
    VULNERABLE_DISTRESS = "vulnerable_distress"
    ABUSE = "abuse"
    VOICEMAIL = "voicemail"
    IVR = "ivr"
    CALL_SCREENER = "call_screener"
    GOODBYE = "goodbye"


#: Heard, but not understood well enough to act upon; not a label, never trained.
UNCLEAR: Final = "unclear"
#: A key of a script's safety layer: an opt-out that is likely but not certain.
SUSPECTED_OPT_OUT: Final = "suspected_opt_out"
#: Another key of it: a refusal that is clearly narrower than "never" (domain/narrower_wishes.py).
NARROWER_WISH: Final = "narrower_wish"

LABELS: Final = tuple(intent.value for intent in Intent)

#: Always first, whatever was asked; nothing in a script can block them.
SAFETY: Final = frozenset(
    {
        Intent.OPT_OUT,
        Intent.COMPLAINT_THREAT,
        Intent.MINOR,
        Intent.DECEASED,
        Intent.VULNERABLE_DISTRESS,
        Intent.WRONG_NUMBER,
        Intent.ABUSE,
        Intent.VOICEMAIL,
        Intent.IVR,
        Intent.CALL_SCREENER,
    }
)
#: Nobody may lose these two: the law gives the customer the last word.
STOP: Final = frozenset({Intent.OPT_OUT, Intent.COMPLAINT_THREAT})
REFUSALS: Final = frozenset({Intent.NOT_INTERESTED, Intent.DENY, Intent.GOODBYE})
POSITIVE: Final = frozenset({Intent.AFFIRM, Intent.INTERESTED, Intent.NEED_HUMAN})
#: With one of these the customer keeps the conversation going. Doubt about who is calling
#: (`distrust_fraud`) is answered once, but is no wish to go on; nor is "嗯" (`backchannel`).
CONTINUE: Final = POSITIVE | {
    Intent.ASK_ROBOT,
    Intent.ASK_IDENTITY,
    Intent.ASK_NUMBER_SOURCE,
    Intent.ASK_PRICE,
    Intent.ASK_PRODUCT,
    Intent.SEND_INFO,
    Intent.BUSY_CALLBACK,
    Intent.REPEAT,
    Intent.GREETING,
}
