"""What the robot understood and by what means, as people read it."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from robot.domain.intents.catalogue import UNCLEAR, Intent
from robot.domain.trying import GARBAGE, SILENCE

#: Each intent in a few words, and what is none.
INTENTS: Final[dict[str, str | Promise]] = {
    Intent.OPT_OUT: gettext_lazy("No more calls"),
    Intent.COMPLAINT_THREAT: gettext_lazy("Complains"),
    Intent.NOT_INTERESTED: gettext_lazy("Not interested"),
    Intent.INTERESTED: gettext_lazy("Interested"),
    Intent.AFFIRM: pgettext_lazy("an answer", "Yes"),
    Intent.DENY: pgettext_lazy("an answer", "No"),
    Intent.BACKCHANNEL: gettext_lazy("Only listens"),
    Intent.HESITATE: gettext_lazy("Hesitates"),
    Intent.BUSY_CALLBACK: gettext_lazy("Busy, call back"),
    Intent.ALREADY_HAVE: gettext_lazy("Has it already"),
    Intent.NOT_ELIGIBLE: gettext_lazy("Does not qualify"),
    Intent.NEED_HUMAN: gettext_lazy("Wants a person"),
    Intent.ASK_ROBOT: gettext_lazy("Asks: a robot?"),
    Intent.ASK_IDENTITY: gettext_lazy("Asks who is calling"),
    Intent.ASK_NUMBER_SOURCE: gettext_lazy("Asks where the number is from"),
    Intent.DISTRUST_FRAUD: gettext_lazy("Fears a fraud"),
    Intent.ASK_PRICE: gettext_lazy("Asks the price"),
    Intent.ASK_PRODUCT: gettext_lazy("Asks about the product"),
    Intent.SEND_INFO: gettext_lazy("Wants it in writing"),
    Intent.REPEAT: gettext_lazy("Did not hear"),
    Intent.GREETING: gettext_lazy("Says hello"),
    Intent.WRONG_NUMBER: gettext_lazy("Wrong number"),
    Intent.NOT_OWNER_PROXY: gettext_lazy("Somebody else answers"),
    Intent.MINOR: gettext_lazy("A child"),
    Intent.DECEASED: gettext_lazy("Has died"),
    Intent.VULNERABLE_DISTRESS: gettext_lazy("In distress"),
    Intent.ABUSE: gettext_lazy("Insults"),
    Intent.VOICEMAIL: gettext_lazy("Voicemail"),
    Intent.IVR: gettext_lazy("A menu"),
    Intent.CALL_SCREENER: gettext_lazy("Call screener"),
    Intent.GOODBYE: gettext_lazy("Says goodbye"),
    UNCLEAR: gettext_lazy("Not understood"),
    SILENCE: gettext_lazy("Silence"),
    GARBAGE: gettext_lazy("Nonsense"),
}

#: What decided how an utterance is understood (`robot.domain.intents.reading.Reading.layer`).
LAYERS: Final[dict[str, str | Promise]] = {
    "safety": gettext_lazy("by the safety words"),
    "context": gettext_lazy("from the context"),
    "model": gettext_lazy("by the model"),
    "gate": gettext_lazy("held by the gate for consent"),
    "arbiter": gettext_lazy("by the arbiter"),
    "dtmf": gettext_lazy("by a key"),
}
