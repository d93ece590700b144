"""The first version of the API: refusals, consents, and contacts on other channels.

Every POST needs `Authorization: Bearer <token>` and an `Idempotency-Key`. An answer outside 2xx is
`{"detail": code}`; the codes are named at each operation.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, NinjaAPI, Status
from ninja.errors import HttpError

from api.clients import Bearer, Scope
from api.models import ApiClient
from api.once import once
from api.schemas import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactMade,
    Done,
    Kept,
    OptOut,
    Withdrawn,
)
from audiences.models import Customer
from clock.reading import now
from compliance import consenting, ledger, opting_out

api = NinjaAPI(
    title="Sanshi",
    version="1",
    description=__doc__,
    docs_url=None,  # its page would load from elsewhere; the document itself is at openapi.json
    urls_namespace="api-1",
)

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=80)]


@api.post("/opt-outs", auth=Bearer(Scope.OPT_OUTS), response={201: Kept}, summary="Say no")
def opt_out(request: HttpRequest, body: OptOut, key: Key) -> Status[dict[str, Any]]:
    """From the answer on no call to this person, on any number, in any campaign, is let through.

    404 `unknown_customer`; 422 `number_<reason>` for a number that cannot be read.
    """
    client = _client(request)

    def act() -> dict[str, Any]:
        at = now()
        evidence = {
            "system": client.name,
            "request": key,
            "reference": body.reference,
            "said_at": body.said_at.isoformat() if body.said_at else None,
            "text": body.words,
        }
        entries = opting_out.opt_out(
            _who(body.customer_id, body.number),
            via=body.channel,
            evidence=evidence,
            at=at,
            product_family=body.product_family,
        )
        return {"entries": entries, "in_force_at": at.isoformat()}

    return Status(201, once(client, key, "opt-out", body, act))


@api.post("/consents", auth=Bearer(Scope.CONSENTS), response={201: Done}, summary="Say yes")
def consent(request: HttpRequest, body: ConsentGiven, key: Key) -> Status[dict[str, Any]]:
    """A consent to marketing calls. It lifts no refusal: that takes two people.

    404 `unknown_customer`; 422 `in_the_future`, `number_<reason>`, `not_their_number`.
    """
    client = _client(request)

    def act() -> dict[str, Any]:
        if body.granted_at > now():
            raise HttpError(422, "in_the_future")
        found = _who(body.customer_id, body.number)
        (customer,) = found.customers
        if found.number is not None and not _linked(customer, found.number):
            raise HttpError(422, "not_their_number")
        consenting.grant(
            customer_id=customer,
            at=body.granted_at,
            basis=body.basis,
            evidence={"system": client.name, "request": key, "reference": body.reference},
            product_family=body.product_family,
            expires_at=body.expires_at,
            number_id=found.number,
        )
        return {"done": True}

    return Status(201, once(client, key, "consent", body, act))


@api.post(
    "/consents/withdrawals",
    auth=Bearer(Scope.CONSENTS),
    response={201: Withdrawn},
    summary="Take a consent back",
)
def withdrawal(request: HttpRequest, body: ConsentWithdrawn, key: Key) -> Status[dict[str, Any]]:
    """From the answer on no call relies on it. 404 `unknown_customer`."""
    client = _client(request)

    def act() -> dict[str, Any]:
        (customer,) = _who(body.customer_id, None).customers
        ended = consenting.withdraw(
            customer_id=customer,
            at=now(),
            evidence={"system": client.name, "request": key, "reference": body.reference},
            product_family=body.product_family,
        )
        return {"consents": ended}

    return Status(201, once(client, key, "withdrawal", body, act))


@api.post("/contacts", auth=Bearer(Scope.CONTACTS), response={201: Done}, summary="We have spoken")
def contact(request: HttpRequest, body: ContactMade, key: Key) -> Status[dict[str, Any]]:
    """A live conversation elsewhere, for the caps. 404 `unknown_customer`; 422 `in_the_future`."""
    client = _client(request)

    def act() -> dict[str, Any]:
        if body.at > now():
            raise HttpError(422, "in_the_future")
        (customer,) = _who(body.customer_id, None).customers
        ledger.record_elsewhere(
            customer_id=customer,
            channel=body.channel,
            product_family=body.product_family,
            at=body.at,
        )
        return {"done": True}

    return Status(201, once(client, key, "contact", body, act))


def _client(request: HttpRequest) -> ApiClient:
    client = getattr(request, "auth", None)
    assert isinstance(client, ApiClient)
    return client


def _who(bank_id: str | None, number: str | None) -> opting_out.Who:
    try:
        return opting_out.who(bank_id=bank_id, number=number)
    except opting_out.UnknownCustomer as error:
        raise HttpError(404, "unknown_customer") from error
    except opting_out.Unreadable as unreadable:
        raise HttpError(422, f"number_{unreadable.reason}") from unreadable


def _linked(customer_id: int, number_id: int) -> bool:
    return Customer.objects.filter(pk=customer_id, numbers=number_id).exists()
