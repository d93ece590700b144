"""The script document: what a robot may say and where each answer leads.

Four kinds of node (say, ask, transfer, end); everything else is a layer over the graph:
`safety` (always first), `faq` (answer, then back to the question), `globals`, and the retry
counters `no_input` and `no_match`. A document says nothing about how it is heard or spoken.

Two additions to the schema of the design, both optional:
- `say_without: {name: "…"}` on a node is spoken instead of `say` when that variable is empty,
- `again: "…"` is the short form of a question, used when it is asked once more after an
  answer to something else. Without it the last sentence of `say` is asked again.
A node whose only way out is `"*"` asks nothing: it speaks and passes on without listening.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

Question: TypeAlias = Literal["open", "yes_no", "consent", "callback_time"]
BargeIn: TypeAlias = Literal["off", "safety_only", "semantic", "any"]

#: What a script may ask to be done outside the call; the dialer carries these out.
EFFECT: Final = re.compile(
    r"^(dnc\.add|quarantine\.add|case\.open|number\.invalidate|review\.open|consent\.grant"
    r"|prefer\.(said|sms|evening|morning|weekend|human|less)|cooldown:([1-9]\d{0,3})d)$"
)
TRANSFER_RESULTS: Final = ("connected", "no_agent", "no_answer", "rejected", "failed")
DISCLOSURES: Final = frozenset(
    {
        "disclose.bank",
        "disclose.robot",
        "disclose.recording",
        "disclose.purpose",
        "offer.optout",
    }
)
TAGS: Final = DISCLOSURES | {
    "disclose.rate",
    "identity.ask",
    "consent.transfer",
    "personal",
    "sell",
}
#: Reserved targets: ask again in full, or the unclear-answer counter.
REPEAT: Final = "@repeat"
NO_MATCH: Final = "@no_match"
#: The one built-in question that needs no slot: are you the customer?
IDENTITY: Final = "identity"

Text = Annotated[str, Field(min_length=1, max_length=400)]
Name = Annotated[str, Field(min_length=1, max_length=60)]


class Part(BaseModel):
    """A piece of the document: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Var(Part):
    """A value that the campaign or the customer's record supplies before the call."""

    from_: Literal["campaign", "contact", "call"] = Field(alias="from")
    type: Literal["text", "percent", "number", "money", "date"] = "text"
    default: str | None = None
    #: What it may look like; used to time the line and to try the script.
    example: str | None = None


class Attribute(Part):
    """Something the bank knows of the customer that a variant's `when` may ask; never spoken."""

    type: Literal["enum", "number", "flag"] = "enum"
    values: tuple[Name, ...] = ()


class Slot(Part):
    """A value that the customer supplies. `ranges` puts a sum of money into a named band."""

    type: Literal["enum", "number", "percent", "amount", "datetime"]
    values: tuple[Name, ...] = ()
    words: dict[str, tuple[Text, ...]] = {}
    ranges: dict[str, tuple[float | None, float | None]] = {}


class Limits(Part):
    """Where patience ends. `then` is the ending taken when turns or seconds run out."""

    turns: int = Field(14, ge=1, le=60)
    seconds: int = Field(180, ge=10, le=1800)
    refusals: int = Field(1, ge=0, le=9)
    sell_turns_after_refusal: int = Field(0, ge=0, le=9)
    then: str | None = None


class ListenPolicy(Part):
    """How long to wait for an answer and what may interrupt the robot (milliseconds)."""

    wait_ms: int = Field(5000, ge=1000, le=20000)
    end_ms: int = Field(700, ge=200, le=5000)
    min_speech_ms: int = Field(400, ge=0, le=3000)
    barge_in: BargeIn = "semantic"
    dtmf: dict[str, str] = {}
    hints: tuple[Text, ...] = ()


class Retry(Part):
    """One line for each time it happens; when the lines are used up, `then`."""

    say: tuple[Text, ...] = ()
    then: str


class Faq(Part):
    """An answer to the customer's own question, at most `max` times."""

    say: Text | None = None
    max: int = Field(1, ge=1, le=5)
    then: str = "resume"
    tags: frozenset[str] = frozenset()


class Variant(Part):
    """Other words for customers to whom `when` applies (never for those who opted out of it)."""

    when: Text
    say: Text


class TransferTo(Part):
    """Who is fetched, how long the customer waits (seconds), and what they hear meanwhile."""

    queue: Name
    max_wait_s: int = Field(25, ge=5, le=120)
    offers: int = Field(2, ge=1, le=5)
    context: tuple[str, ...] = ()
    hold: tuple[Text, ...] = ()


class Node(Part):
    """One thing the robot says, asks, hands over or ends with."""

    say: Text | None = None
    say_without: dict[str, Text] = {}
    variants: tuple[Variant, ...] = ()
    again: Text | None = None
    ask: str | None = None
    question: Question | None = None
    tags: frozenset[str] = frozenset()
    barge_in: BargeIn | None = None
    hints: tuple[Text, ...] = ()
    next: dict[str, str] = {}
    transfer: TransferTo | None = None
    end: Name | None = None
    sms: Name | None = None
    effects: tuple[str, ...] = ()

    @field_validator("effects")
    @classmethod
    def _known_effects(cls, effects: tuple[str, ...]) -> tuple[str, ...]:
        for effect in effects:
            if not EFFECT.match(effect):
                raise ValueError(f"unknown effect {effect!r}")
        return effects

    @field_validator("tags")
    @classmethod
    def _known_tags(cls, tags: frozenset[str]) -> frozenset[str]:
        unknown = sorted(tags - TAGS)
        if unknown:
            raise ValueError(f"unknown tag {unknown[0]!r}")
        return tags

    @property
    def kind(self) -> Literal["say", "ask", "transfer", "end"]:
        if self.end is not None:
            return "end"
        if self.transfer is not None:
            return "transfer"
        return "ask" if self.ask is not None else "say"

    @property
    def listens(self) -> bool:
        """Whether the robot waits for an answer here."""
        return self.kind in ("say", "ask") and not self.passes_on

    @property
    def passes_on(self) -> bool:
        """Says its line and goes straight on."""
        return self.kind == "say" and set(self.next) == {"*"} and self.next["*"][:1] != "@"

    def lines(self) -> tuple[str, ...]:
        """Every wording a customer may hear at this node."""
        said = [self.say, self.again, *self.say_without.values()]
        said += [variant.say for variant in self.variants]
        if self.transfer is not None:
            said += list(self.transfer.hold)
        return tuple(line for line in said if line)


class Grade(Part):
    grade: Literal["A", "B", "C", "D", "E", "F"]
    when: Text


class Expect(Part):
    """What a golden dialogue must come to."""

    path: tuple[str, ...] | None = None
    end: str | None = None
    max_bot_turns_after: int | None = None
    slots: dict[str, str] = {}
    effects: tuple[str, ...] | None = None
    interest: bool | None = None


class Golden(Part):
    """A dialogue that must always go this way. `say` holds the customer's lines in turn;
    "" is silence, "#9" a key pressed, "!no_agent" the result of a transfer."""

    name: Name
    say: tuple[str, ...]
    vars: dict[str, str] = {}
    can_transfer: bool = True
    expect: Expect


class Script(Part):
    """A whole dialogue."""

    dialog: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
    title: Text | None = None
    title_en: Text | None = None
    locale: Literal["zh-CN", "en"] = "zh-CN"
    purpose: Literal["marketing", "care"] = "marketing"
    intents: str
    start: str
    vars: dict[str, Var] = {}
    attributes: dict[str, Attribute] = {}
    slots: dict[str, Slot] = {}
    limits: Limits = Limits.model_validate({})
    listen: ListenPolicy = ListenPolicy.model_validate({})
    no_input: Retry
    no_match: Retry
    safety: dict[str, str]
    globals: dict[str, str] = {}
    faq: dict[str, Faq] = {}
    nodes: Annotated[dict[str, Node], Field(min_length=1, max_length=300)]
    #: Words and how they sound, for voices that would read them wrongly ("重庆": "崇庆").
    pronounce: Annotated[dict[Name, Name], Field(max_length=200)] = {}
    grades: tuple[Grade, ...] = ()
    tests: tuple[Golden, ...] = ()

    def question_at(self, name: str) -> Question:
        """What kind of answer is awaited, for the intents whose meaning hangs on it.

        A line that sells counts as open: "嗯" while hearing an offer only says "I am listening".
        """
        node = self.nodes[name]
        if node.question is not None:
            return node.question
        if "consent.transfer" in node.tags:
            return "consent"
        slot = self.slots.get(node.ask or "")
        if slot is not None:
            return "callback_time" if slot.type == "datetime" else "open"
        return "open" if "sell" in node.tags else "yes_no"

    def over(self) -> str:
        """The ending taken when nothing better is known."""
        return self.limits.then or self.no_match.then
