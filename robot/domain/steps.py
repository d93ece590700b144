"""The values that go into and come out of the dialogue engine, all of them plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from robot.domain.expressions import Value
from robot.domain.script import BargeIn


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Heard(Data):
    """One answer: words, keys, or neither (silence). `at` is the business time it came.

    `can_transfer` says whether a person is reserved for this customer; without one the robot
    does not ask to transfer.
    """

    at: datetime
    text: str = ""
    digits: str = ""
    confidence: float | None = None
    can_transfer: bool = True


class Say(Data):
    kind: Literal["say"] = "say"
    text: str
    node: str
    tags: frozenset[str] = frozenset()
    barge_in: BargeIn = "off"


class Listen(Data):
    """Wait for an answer: `wait_s` for it to begin, `end_s` of silence end it."""

    kind: Literal["listen"] = "listen"
    wait_s: float
    end_s: float
    dtmf: str = ""
    hints: tuple[str, ...] = ()
    barge_in: BargeIn = "off"


class Transfer(Data):
    """Fetch a person. Meanwhile the customer hears `hold` in turn, and is still listened to."""

    kind: Literal["transfer"] = "transfer"
    queue: str
    max_wait_s: int
    offers: int
    hold: tuple[str, ...] = ()
    context: tuple[str, ...] = ()


class End(Data):
    kind: Literal["end"] = "end"
    outcome: str
    sms: str | None = None
    grade: str | None = None


Reply: TypeAlias = Annotated[Say | Listen | Transfer | End, Field(discriminator="kind")]


class Evidence(Data):
    """The utterance an effect rests on."""

    text: str
    turn: int
    intent: str
    score: float
    layer: str


class Effect(Data):
    """Something to be done outside the call, in the transaction that stores the turn.

    `name` is one of dnc.add, quarantine.add, case.open, number.invalidate, review.open,
    consent.grant, prefer.*, cooldown (with `days`).
    """

    name: str
    days: int | None = None
    evidence: Evidence


class Trace(Data):
    """Why the robot did what it did."""

    node: str = ""
    question: str = ""
    intent: str = ""
    score: float = 0.0
    layer: str = ""
    rule: str = ""
    #: Which layer of the script answered: begin, safety, slot, next, faq, globals, no_match,
    #: no_input, limit, hold, transfer, ended.
    matched: str = ""
    #: Nodes entered, in order.
    path: tuple[str, ...] = ()
    top: tuple[tuple[str, float], ...] = ()
    model_hash: str = ""


class State(Data):
    """Where a conversation stands; JSON in and out (`dump`, `load`)."""

    node: str
    started_at: datetime
    #: Customer turns heard so far (parked ones not counted).
    turn: int = 0
    #: Seconds the dialogue has taken in the call's own time: lines spoken, and a while per answer.
    talk_s: float = 0.0
    variables: dict[str, str] = {}
    #: Customer attributes for variants; never spoken.
    attributes: dict[str, str | float | bool | None] = {}
    slots: dict[str, str] = {}
    zone: str = "Asia/Shanghai"
    no_input: int = 0
    no_match: int = 0
    consent_reasked: int = 0
    repeats: int = 0
    holds: int = 0
    transfers: int = 0
    faq: dict[str, int] = {}
    refusals: int = 0
    refusal_reason: str = ""
    positives: int = 0
    path: tuple[str, ...] = ()
    #: The customer said they are the customer.
    identified: bool = False
    #: Said yes to the offer, or came as far as the consent question.
    interest: bool = False
    #: Said yes to being transferred; the utterance is kept with its turn.
    consented: bool = False
    #: Waits for a person.
    parked: bool = False
    ended: bool = False
    outcome: str = ""
    grade: str = ""

    def evolve(self, **changes: Any) -> State:
        return self.model_copy(update=changes)

    def dump(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @classmethod
    def load(cls, data: object) -> State:
        return cls.model_validate(data)

    def known(self) -> Mapping[str, Value]:
        """What a grade's condition may ask."""
        return {
            "outcome": self.outcome,
            "positive": float(self.positives),
            "refusals": float(self.refusals),
            "faq_hits": float(sum(self.faq.values())),
            "turns": float(self.turn),
            "interest": self.interest,
            "identified": self.identified,
        }


class Step(Data):
    """What the robot does next. A step stored as JSON is the same step when read again."""

    state: State
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
    trace: Trace = Trace()
    #: This step asks the customer whether they may be transferred.
    asks_consent: bool = False

    @property
    def interest(self) -> bool:
        return self.state.interest

    @property
    def ended(self) -> bool:
        return self.state.ended

    @property
    def spoken(self) -> str:
        """Everything the robot says in this step, in one piece."""
        return "".join(reply.text for reply in self.replies if isinstance(reply, Say))

    def dump(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @classmethod
    def load(cls, data: object) -> Step:
        return cls.model_validate(data)
