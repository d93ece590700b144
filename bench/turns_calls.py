"""Makes calls that were just answered, and prints their signed webhooks: `turns` runs it.

``python -m bench.turns_calls CALLS ANSWER…`` writes a line a webhook: turn, address, body,
signature, parted by tabs. The calls stand in the database as the gate and the dialer would have
left them: an attempt, its line in the ledger, a call with a SID.
"""

from __future__ import annotations

import sys
import uuid
from datetime import datetime
from urllib.parse import urlencode

import django

django.setup()

from django.conf import settings  # noqa: E402  (Django must be set up first)
from django.db import transaction  # noqa: E402
from twilio.request_validator import RequestValidator  # noqa: E402

from audiences.models import CustomerNumber  # noqa: E402
from campaigns.models import Campaign  # noqa: E402
from clock.reading import now  # noqa: E402
from compliance import ledger  # noqa: E402
from compliance.domain.attempt_state import AttemptState  # noqa: E402
from compliance.domain.facts import ContactKind  # noqa: E402
from compliance.models import Attempt, Contact  # noqa: E402
from dialer.domain.call_state import CallState  # noqa: E402
from dialer.models import Call  # noqa: E402
from telephony.addresses import hook_url  # noqa: E402
from telephony.signing import SIGNATURE_HEADER  # noqa: E402


@transaction.atomic
def make_calls(count: int, at: datetime) -> list[Call]:
    """So many answered calls, each of another customer on a number of their own."""
    campaign = Campaign.objects.select_related("product").get()
    caller_id = campaign.caller_ids.first()
    people = CustomerNumber.objects.select_related("customer", "number").order_by("number_id")
    calls: list[Call] = []
    for link in people.distinct("number_id")[:count]:
        attempt = Attempt.objects.create(
            purpose="marketing",
            actor="robot",
            kind="robot",
            customer=link.customer,
            number=link.number,
            campaign_id=campaign.pk,
            idempotency_key=str(uuid.uuid4()),
            state=AttemptState.CLOSED.value,
            reserved_at=at,
            valid_until=at,
        )
        Contact.objects.create(
            at=at,
            kind=ContactKind.ATTEMPT.value,
            customer_id=link.customer_id,
            number_id=link.number_id,
            campaign_id=campaign.pk,
            actor="robot",
            purpose="marketing",
            attempt_id=attempt.pk,
        )
        ledger.record_connect(attempt.pk, at)
        calls.append(
            Call.objects.create(
                kind="robot",
                state=CallState.ANSWERED.value,
                campaign=campaign,
                customer=link.customer,
                number=link.number,
                caller_id=caller_id,
                attempt=attempt,
                to=link.number.e164,
                sid=f"CA{uuid.uuid4().hex}",
                stage="talking",
                planned_at=at,
                placed_at=at,
                answered_at=at,
            )
        )
    return calls


def main(count: int, answers: list[str]) -> None:
    """Print every webhook of every call."""
    validator = RequestValidator(settings.TWILIO_AUTH_TOKEN)
    for call in make_calls(count, now()):
        given = {"AccountSid": settings.TWILIO_ACCOUNT_SID, "CallSid": str(call.sid)}
        for turn, words in enumerate(["", *answers]):
            name = {"name": "turn", "number": turn} if turn else {"name": "answer"}
            url = hook_url(public_id=call.public_id, **name).partition("#")[0]
            said = {"SpeechResult": words, "Confidence": "0.92"} if turn else {}
            body = given | said
            signature = validator.compute_signature(url, body)
            sys.stdout.write(f"{turn}\t{url}\t{urlencode(body)}\t{signature}\n")


if __name__ == "__main__":
    assert SIGNATURE_HEADER == "X-Twilio-Signature"
    main(int(sys.argv[1]), sys.argv[2:])
