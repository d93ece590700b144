"""The official SDK, pointed at whichever carrier speaks Twilio's protocol.

One setting, `TWILIO_API_BASE`, decides who that is; the code is the same for all. The *synchronous*
client: the asynchronous one repeats a POST on a 500, which would ring a customer three times.
"""

from __future__ import annotations

import threading
from functools import cache

from django.conf import settings
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

#: Real seconds for a reply. The SDK's own default waits for ever.
TIMEOUT_S = 10.0
#: Connections that are kept: as many threads of one process may ask at a time, and none has to
#: greet the carrier anew. The SDK keeps a few more than there are cores.
KEPT_CONNECTIONS = 100

_making = threading.Lock()


def client() -> Client:
    """The SDK's client for the configured carrier, shared by the threads of this process."""
    with _making:  # the first to ask make one, not one each
        return _client(
            settings.TWILIO_API_BASE.rstrip("/"),
            settings.TWILIO_ACCOUNT_SID,
            settings.TWILIO_AUTH_TOKEN,
        )


@cache
def _client(base: str, account_sid: str, auth_token: str) -> Client:
    http = TwilioHttpClient(timeout=TIMEOUT_S)
    assert http.session is not None
    http.session.mount(base, HTTPAdapter(pool_maxsize=KEPT_CONNECTIONS))
    made = Client(account_sid, auth_token, http_client=http)
    made.api.base_url = base
    return made
