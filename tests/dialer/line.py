"""One customer on the line: a call that the gate let through, and the carrier's side of it."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from django.conf import settings
from django.test import Client
from twilio.request_validator import RequestValidator

from accounts.models import User
from agents import presence
from agents.models import Agent
from audiences.models import Customer
from campaigns.approving import approve_list
from campaigns.domain.lead_state import LeadState
from campaigns.models import Campaign, Lead
from campaigns.screening import screen_campaign
from campaigns.steering import launch, start_screening
from campaigns.submitting import submit_all
from clock.reading import now
from dialer.models import Call, Transfer
from dialer.placing import place_call
from robot.conversing import last_turn
from robot.models import ScriptVersion
from robot.publishing import install_shipped_scripts
from tests.campaigns.making import list_of, make_campaign, make_world
from tests.cast import Cast
from tests.kept import kept


@dataclass
class Line:
    """The carrier's side of one call: posts signed webhooks, reads what is to be said."""

    call: Call
    sequence: int = 0

    def post(self, path: str, **params: str) -> str:
        """A signed webhook; the TwiML of the reply ("" for none)."""
        assert self.call.sid
        form = {"CallSid": self.call.sid, "AccountSid": settings.TWILIO_ACCOUNT_SID, **params}
        signature = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(
            settings.PUBLIC_BASE_URL + path, form
        )
        reply = Client().post(path, form, headers={"X-Twilio-Signature": signature})
        assert reply.status_code in (200, 204), reply.status_code
        self.call.refresh_from_db()
        return reply.content.decode()

    def status(self, word: str, **params: str) -> None:
        """One progress callback."""
        self.sequence += 1
        self.post(
            f"/hooks/call/{self.call.public_id}/status/",
            CallStatus=word,
            SequenceNumber=str(self.sequence),
            CallbackSource="call-progress-events",
            **params,
        )

    def answer(self) -> str:
        """The customer picks up; the opening."""
        self.status("ringing")
        self.status("in-progress")
        return self.post(f"/hooks/call/{self.call.public_id}/answer/")

    def say(self, text: str) -> str:
        """The customer says something in the next turn of the dialogue."""
        return self.say_in(last_turn(self.call.public_id) + 1, text)

    def say_in(self, number: int, text: str) -> str:
        """The customer says something in this turn."""
        path = f"/hooks/call/{self.call.public_id}/turn/{number}/"
        return self.post(path, SpeechResult=text, Confidence="0.9")

    def wait(self, loop: int, text: str = "") -> str:
        """One waiting loop, in silence or with words."""
        path = f"/hooks/transfer/{self.transfer.pk}/park/{self.transfer.offers}/{loop}/"
        return self.post(path, **({"SpeechResult": text} if text else {}))

    def joins(self, label: str) -> None:
        self._conference("participant-join", label)

    def leaves(self, label: str) -> None:
        self._conference("participant-leave", label)

    def _conference(self, event: str, label: str) -> None:
        self.sequence += 1
        self.post(
            f"/hooks/transfer/{self.transfer.pk}/conference/",
            StatusCallbackEvent=event,
            ParticipantLabel=label,
            ConferenceSid="CF" + "1" * 32,
            SequenceNumber=str(self.sequence),
        )

    def until_consent_asked(self) -> str:
        """A willing customer up to the consent question."""
        self.answer()
        for words in ("方便", "我是", "可以啊"):
            self.say(words)
        return self.say("十万左右")

    @property
    def transfer(self) -> Transfer:
        return Transfer.objects.get(call=self.call)

    @property
    def lead(self) -> Lead:
        assert self.call.lead_id is not None
        return Lead.objects.get(pk=self.call.lead_id)


def spoken(twiml: str) -> str:
    """All that a document says aloud."""
    return "".join(each.text or "" for each in ElementTree.fromstring(twiml).iter("Say"))


def verbs(twiml: str) -> list[str]:
    """The verbs of a document, in order."""
    return [each.tag for each in ElementTree.fromstring(twiml)]


def running_campaign(cast: Cast, *, by_hand: bool = False) -> Campaign:
    """A campaign with the shipped script that the Xihu branch has signed and marketing launched."""
    return kept("running", lambda: make_running_campaign(cast, by_hand), cast.xihu.pk, by_hand)


def make_running_campaign(cast: Cast, by_hand: bool = False) -> Campaign:
    """The same by the real paths, whatever the settings are now."""
    make_world()
    install_shipped_scripts()
    campaign = make_campaign(cast, by_hand=by_hand)
    campaign.script_version = ScriptVersion.objects.get(script__code="cc-instalment-prescreen")
    campaign.variables = {"bank": "湖城银行", "apr": "13.2%", "number_source": "办卡时的登记"}
    campaign.save(update_fields=["script_version", "variables"])
    start_screening(campaign, cast.marketer)
    screen_campaign(campaign.pk)
    submit_all(campaign, cast.marketer)
    campaign.refresh_from_db()
    target_list = list_of(campaign, "HZ-XH")
    approve_list(target_list, cast.manager_xihu, target_list.content_hash)
    launch(campaign, cast.marketer)
    return campaign


def ready_agent(campaign: Campaign, user_of: User) -> Agent:
    """Somebody at a desk, ready."""
    agent = Agent.objects.create(user=user_of, team=campaign.team)
    presence.ping(agent)
    assert presence.go_ready(agent)
    agent.refresh_from_db()
    return agent


def dial(campaign: Campaign, customer: Customer) -> Line:
    """Claim a customer's lead and place its call, past the gate."""
    lead = Lead.objects.get(campaign=campaign, customer=customer)
    Lead.objects.filter(pk=lead.pk).update(state=LeadState.CALLING.value)
    assert lead.number is not None
    call = Call.objects.create(
        kind="robot",
        campaign=campaign,
        lead=lead,
        customer=customer,
        number=lead.number,
        household=customer.household,
        caller_id=campaign.caller_ids.get(),
        to=lead.number.e164,
        planned_at=now(),
    )
    place_call(call.pk)
    call.refresh_from_db()
    assert call.sid, call.cause
    return Line(call)
