"""The lines of a conversation as the carrier hears them: words to be read, clips to be played."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from clock import reading as clock
from dialer.domain.call_kind import AGENT_FIRST, CallKind
from dialer.models import Call, TrialCall
from robot import voicing
from robot.models import ScriptVersion
from telephony.addresses import public_url
from telephony.twiml import Clip, Prompt


def prompts(version: ScriptVersion, lines: Iterable[str]) -> list[Prompt]:
    """The lines with the voice of the version that a call holds its conversation with."""
    return [
        Clip(public_url("voice", sha256=part.clip)) if part.clip else part.text
        for part in voicing.spoken(version, lines)
    ]


def version(call: Call) -> ScriptVersion:
    """What is said: the campaign's script; in a test call the version that is tried."""
    if call.kind == CallKind.TEST:
        return TrialCall.objects.select_related("version").get(call=call).version
    assert call.campaign is not None
    return call.campaign.script_version


def variables(call: Call) -> dict[str, object]:
    """The values that the script's lines may be filled with; what it does not declare it drops."""
    if call.kind == CallKind.TEST:
        tried: dict[str, object] = TrialCall.objects.values_list("variables", flat=True).get(
            call=call
        )
        return tried
    campaign, customer = call.campaign, call.customer
    given: dict[str, object] = dict(campaign.variables) if campaign is not None else {}
    if customer is not None:
        given = {**customer.attributes, "name": customer.name, **given}
    return given


def wants_values(call: Call) -> bool:
    """Whether the values of this call's lines are worth having said while it rings."""
    return bool(settings.VOICE_TTS_URL) and call.kind not in AGENT_FIRST


def prepare_values(call_id: int) -> None:
    """Have the values of one call said by the voice, for as long as nobody has answered it."""
    call = Call.objects.select_related("campaign", "customer").filter(pk=call_id).first()
    if call is not None and call.answered_at is None and wants_values(call):
        voicing.prepare_values(version(call), variables(call), at=clock.now())
