"""Twilio's request signature, written from its documentation (telephony.md §1.2).

Nothing of Twilio's library is used here: the application checks our signatures with that library,
and the check is worth something only while the two stay independent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

# everything that may stand in a URL as it is; the rest is percent-encoded before it is sent
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


def wire_url(url: str) -> str:
    """The URL of the request line: without the overrides after ``#``, plain ASCII."""
    return quote(url.partition("#")[0], safe=_SAFE)


def signed_url(url: str) -> str:
    """The URL as it enters the signature: no user, no fragment, and no port with HTTPS."""
    parts = urlsplit(wire_url(url))
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        bracket = host.rfind("]")
        colon = host.rfind(":")
        if colon > bracket:
            host = host[:colon]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def signature(token: str, url: str, params: Iterable[tuple[str, str]] = ()) -> str:
    """Sign a request: base64(HMAC-SHA1(token, URL + each key with its value, sorted by key)).

    ``params`` are the POSTed form fields; a GET request carries its fields in ``url``.
    """
    text = signed_url(url) + "".join(key + value for key, value in sorted(set(params)))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
