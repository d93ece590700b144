"""telephony.errors: what an error of the SDK means for the one question that matters."""

from __future__ import annotations

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from urllib3.exceptions import MaxRetryError, NewConnectionError

from telephony.errors import Fault, NeverPlaced, Unknown, sort


def rest(status: int, code: int | None) -> TwilioRestException:
    return TwilioRestException(status, "/Calls.json", "no", code=code, method="POST")


@pytest.mark.parametrize(
    ("error", "fault", "retriable"),
    [
        (rest(429, 20429), Fault.BUSY, True),
        (rest(429, None), Fault.BUSY, True),
        (rest(503, 20503), Fault.BUSY, True),
        (rest(400, 21211), Fault.NUMBER, False),
        (rest(400, 21217), Fault.NUMBER, False),
        (rest(400, 21215), Fault.FORBIDDEN, False),
        (rest(400, 21212), Fault.CONFIGURATION, True),  # our caller ID, not the customer
        (rest(401, 20003), Fault.CONFIGURATION, True),
        (requests.ConnectTimeout(), Fault.DOWN, True),
    ],
)
def test_these_were_provably_never_placed(error: Exception, fault: Fault, retriable: bool) -> None:
    found = sort(error)
    assert isinstance(found, NeverPlaced)
    assert (found.fault, found.retriable) == (fault, retriable)


@pytest.mark.parametrize(
    "error",
    [
        rest(500, 20500),
        rest(502, None),
        rest(503, None),  # a proxy's 503 says nothing about what lies behind it
        requests.ReadTimeout(),
        requests.ConnectionError("Connection aborted."),
        TwilioException("no page"),
        ValueError("no JSON"),
    ],
)
def test_these_may_exist_and_are_never_repeated(error: Exception) -> None:
    assert isinstance(sort(error), Unknown)


def test_a_refused_connection_sent_nothing() -> None:
    reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    error = requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]
    found = sort(error)
    assert isinstance(found, NeverPlaced)
    assert found.fault is Fault.DOWN


def test_the_text_of_an_error_holds_no_number() -> None:
    assert str(sort(rest(400, 21211))) == "number:21211"
