"""Bodies and answers of the API. Unknown fields are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field, model_validator

Short = Annotated[str, Field(min_length=1, max_length=40)]
Reference = Annotated[str, Field(min_length=1, max_length=80)]
Family = Annotated[str, Field(max_length=40)]
Channel = Literal["app", "sms", "branch", "web", "email", "letter", "hotline", "other"]


class Body(Schema):
    model_config = ConfigDict(extra="forbid")


class OptOut(Body):
    """Somebody does not want to be called: the customer, the owner of a number, or both.

    `said_at`: when they said so; it holds from the moment it is kept in any case. `words`: what
    they said. `reference`: where your system keeps the evidence. `product_family`: only for a wish
    that is narrower in so many words; leave it out in doubt.
    """

    customer_id: Short | None = None
    number: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    channel: Channel
    reference: Reference
    said_at: AwareDatetime | None = None
    words: Annotated[str, Field(max_length=500)] = ""
    product_family: Family = ""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.customer_id is None and self.number is None:
            raise ValueError("customer_id or number")
        return self


class Kept(Schema):
    """`entries`: the ids of what was written down."""

    entries: list[int]
    in_force_at: datetime


class ConsentGiven(Body):
    """A customer consents to marketing calls. `number`: on this number alone."""

    customer_id: Short
    basis: Short
    reference: Reference
    granted_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    product_family: Family = ""
    number: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class ConsentWithdrawn(Body):
    """Consent taken back: all of it, or of one family."""

    customer_id: Short
    reference: Reference
    product_family: Family | None = None


class Withdrawn(Schema):
    """How many consents ended."""

    consents: int


class ContactMade(Body):
    """A live conversation with a customer on another channel: caps count it too."""

    customer_id: Short
    channel: Literal["branch", "visit", "chat", "video", "phone", "other"]
    at: AwareDatetime
    product_family: Family = ""


class Done(Schema):
    done: bool = True
