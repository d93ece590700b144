"""Twilio's request signature, written from its documentation (telephony.md §1.2).

Nothing of Twilio's library is used here: the application checks our signatures with that library,
and the check is worth something only while the two stay independent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

# everything that may stand in a URL as it is; the rest is percent-encoded before it is sent
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_PLAIN = re.compile(r"http://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9!$%&'()*+,/:;=?@~._-]*")


def wire_url(url: str) -> str:
    """The URL of the request line: without the overrides after ``#``, plain ASCII."""
    target = url.partition("#")[0]
    return target if _PLAIN.fullmatch(target) else quote(target, safe=_SAFE)


def signed_url(url: str) -> str:
    """The URL as it enters the signature: no user, no fragment, and no port with HTTPS."""
    target = wire_url(url)
    if target.startswith("http://") and "@" not in target:
        return target  # nothing to take out; most are so
    parts = urlsplit(target)
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
