"""The official SDK, pointed at whichever carrier speaks Twilio's protocol.

One setting, `TWILIO_API_BASE`, decides who that is; the code is the same for all. The *synchronous*
client: the asynchronous one repeats a POST on a 500, which would ring a customer three times.
"""

from __future__ import annotations

import threading

from django.conf import settings
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

#: Real seconds for a reply. The SDK's own default waits for ever.
TIMEOUT_S = 10.0

_of_thread = threading.local()


def client() -> Client:
    """The SDK's client for the configured carrier, this thread's own.

    The SDK keeps its last answer on the client and hands out what lies there: two threads that
    share one might get each other's calls.
    """
    wanted = (
        settings.TWILIO_API_BASE.rstrip("/"),
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_AUTH_TOKEN,
        TIMEOUT_S,
    )
    kept: tuple[object, Client] | None = getattr(_of_thread, "kept", None)
    if kept is None or kept[0] != wanted:
        kept = _of_thread.kept = wanted, _made(*wanted)
    return kept[1]


def _made(base: str, account_sid: str, auth_token: str, timeout_s: float) -> Client:
    made = Client(account_sid, auth_token, http_client=TwilioHttpClient(timeout=timeout_s))
    made.api.base_url = base
    return made
