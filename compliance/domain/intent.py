"""What somebody wants to do: one dial, before anybody has said that it may happen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    """Why we call. `agent_leg` rings one of our own people and has no customer facts."""

    MARKETING = "marketing"
    CARE = "care"
    CALLBACK = "callback"
    TEST = "test"
    #: a text that the customer asked for in a call; no call is placed
    MESSAGE = "message"
    AGENT_LEG = "agent_leg"


class Actor(StrEnum):
    """Who speaks first."""

    ROBOT = "robot"
    HUMAN = "human"


class DialKind(StrEnum):
    """Which path the dial comes from; every one of them passes the same gate."""

    ROBOT = "robot"
    AGENT = "agent"
    CALLBACK = "callback"
    RETRY = "retry"
    TEST = "test"
    MESSAGE = "message"
    AGENT_LEG = "agent_leg"


class Gate(StrEnum):
    """LIST screens a list in advance; DIAL is the only one whose answer lets a call through.

    What exists only at the moment of dialling (caller ID, approval, running campaign, calls in
    flight) is not asked for when a list is screened.
    """

    LIST = "list"
    DIAL = "dial"


@dataclass(frozen=True, slots=True)
class Intent:
    """One wished-for dial. What compliance does not own reaches it as plain values.

    `carrier` names the network; sample customers are refused on any but "sandbox".
    `campaign_limits` is the campaign's own pack layer: `{"rules": [...]}`; it can only tighten.
    `idempotency_key` is one per dial: a second reservation under the same key is refused.
    """

    purpose: Purpose
    actor: Actor
    kind: DialKind
    customer_id: int | None = None
    number_id: int | None = None
    product_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    caller_id_id: int | None = None
    carrier: str = ""
    script_approved: bool = False
    campaign_running: bool = False
    approval_in_force: bool = False
    idempotency_key: str = ""
    campaign_limits: dict[str, Any] | None = None
    gate: Gate = Gate.DIAL
    #: the audience was chosen by an automated decision about persons (PIPL §24)
    profiled: bool = False
    #: what the person who will speak is licensed for; None = nobody knows yet who that is
    licences: tuple[str, ...] | None = None
    #: whose telephone a test call rings
    staff_number_id: int | None = None
    #: how long it will ring before we give up; None = not known yet
    ring_s: int | None = None

    @property
    def has_customer(self) -> bool:
        """Whether a customer is at the other end (an agent leg and a test call have none)."""
        return self.purpose in WITH_CUSTOMER


WITH_CUSTOMER = frozenset({Purpose.MARKETING, Purpose.CARE, Purpose.CALLBACK, Purpose.MESSAGE})
