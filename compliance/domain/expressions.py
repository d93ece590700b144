"""A closed, typed expression over a frozen snapshot of customer, number and product. No code.

    all: [{field: customer.age, at_least: 25},
          {any: [{field: customer.segment, in: [gold, private]},
                 {field: customer.attributes.payroll, is: true}]},
          {not: {field: product.family, in: [loan]}}]

Fields and their types are listed here and nowhere else; an operator that does not fit the type of
its field is refused when the pack is read. Logic has three values: what is not known is neither
true nor false (Kleene), and an expression that comes out unknown lets nobody through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from compliance.domain import attributes
from compliance.domain.facts import Facts
from compliance.domain.rules.suitability import effective_rating
from compliance.domain.rules.values import Truth, Whole
from compliance.domain.terms import becomes_elder, comes_of_age

Value = str | int | bool
Type = Literal["text", "number", "truth"]

ATTRIBUTE = "customer.attributes."


class Snapshot(NamedTuple):
    """What an expression may look at: the facts, and the local date (ages).

    `older`: whoever was born on 29 February is a year older on 28 February already.
    """

    facts: Facts
    today: date
    older: bool = False


class _FieldOf(NamedTuple):
    type: Type
    read: Callable[[Snapshot], Value | None]


def _customer(name: str) -> Callable[[Snapshot], Value | None]:
    return lambda at: getattr(at.facts.customer, name, None)


def _number(name: str) -> Callable[[Snapshot], Value | None]:
    return lambda at: getattr(at.facts.number, name, None)


def _product(name: str) -> Callable[[Snapshot], Value | None]:
    return lambda at: getattr(at.facts.world.product, name, None)


def _age(at: Snapshot) -> int | None:
    """Whole years; born on 29 February, a year older on 1 March (or the day before)."""
    birth = at.facts.customer.birth_date if at.facts.customer else None
    if birth is None or birth > at.today:
        return None
    years = at.today.year - birth.year
    reached = becomes_elder if at.older else comes_of_age
    return years if at.today >= reached(birth, years) else years - 1


def _rating(at: Snapshot) -> int | None:
    product = at.facts.world.product
    return effective_rating(product) if product is not None else None


FIELDS: dict[str, _FieldOf] = {
    "customer.age": _FieldOf("number", _age),
    "customer.region": _FieldOf("text", _customer("region")),
    "customer.time_zone": _FieldOf("text", _customer("time_zone")),
    "customer.segment": _FieldOf("text", _customer("segment")),
    "customer.risk_tolerance": _FieldOf("number", _customer("risk_tolerance")),
    "customer.assets": _FieldOf("number", _customer("assets")),
    "customer.branch": _FieldOf("number", _customer("branch_id")),
    "customer.vulnerable": _FieldOf("truth", _customer("vulnerable")),
    "customer.no_profiling": _FieldOf("truth", _customer("no_profiling")),
    "number.region": _FieldOf("text", _number("region")),
    "product.family": _FieldOf("text", _product("family")),
    "product.risk_rating": _FieldOf("number", _rating),
    "product.risk_rated": _FieldOf("truth", _product("risk_rated")),
    "product.min_amount": _FieldOf("number", _product("min_amount")),
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Comparison(_Strict):
    """One field and one operator: `at_least`, `at_most` (numbers), `in` (texts and numbers), `is`
    (truths). A customer's attribute has the type of what it is compared with.
    """

    field: str
    at_least: Whole | None = None
    at_most: Whole | None = None
    one_of: tuple[Value, ...] | None = Field(default=None, alias="in", min_length=1)
    truth: Truth | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _typed(self) -> Self:
        given = [
            name
            for name in ("at_least", "at_most", "one_of", "truth")
            if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError(f"{self.field}: one of at_least, at_most, in, is")
        if self.type not in _FITS[given[0]]:
            raise ValueError(f"{self.field} is a {self.type}: {given[0]} does not fit")
        wanted = int if self.type == "number" else str
        if self.one_of is not None and any(type(value) is not wanted for value in self.one_of):
            raise ValueError(f"{self.field} is a {self.type}: every value of in must be one")
        return self

    @property
    def type(self) -> Type:
        known = FIELDS.get(self.field)
        if known is not None:
            return known.type
        name = self.field.removeprefix(ATTRIBUTE)
        if name == self.field or not name.isidentifier():
            raise ValueError(f"no such field: {self.field}")
        if self.truth is not None:
            return "truth"
        if self.one_of is not None and type(self.one_of[0]) is str:
            return "text"
        return "number"

    def read(self, at: Snapshot) -> Value | None:
        """The field's value; None = not known. An attribute is read as the type asked for, since
        files hold text; one that cannot be is not known.
        """
        known = FIELDS.get(self.field)
        if known is not None:
            value = known.read(at)
            return None if value == "" else value
        customer = at.facts.customer
        held = dict(customer.attributes) if customer is not None else {}
        found = held.get(self.field.removeprefix(ATTRIBUTE))
        if self.type == "number":
            return attributes.number(found)
        if self.type == "truth":
            return attributes.truth(found)
        return found if isinstance(found, str) else None

    def holds(self, at: Snapshot) -> bool | None:
        value = self.read(at)
        if value is None:
            return None
        if self.truth is not None:
            return value is self.truth
        if self.one_of is not None:
            return value in self.one_of
        assert isinstance(value, int)
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


_FITS: dict[str, tuple[Type, ...]] = {
    "at_least": ("number",),
    "at_most": ("number",),
    "one_of": ("number", "text"),
    "truth": ("truth",),
}


class AllOf(_Strict):
    all: tuple[Expression, ...] = Field(min_length=1)

    def holds(self, at: Snapshot) -> bool | None:
        found = [part.holds(at) for part in self.all]
        if any(value is False for value in found):
            return False
        return None if any(value is None for value in found) else True


class AnyOf(_Strict):
    any: tuple[Expression, ...] = Field(min_length=1)

    def holds(self, at: Snapshot) -> bool | None:
        found = [part.holds(at) for part in self.any]
        if any(value is True for value in found):
            return True
        return None if any(value is None for value in found) else False


class NotOf(_Strict):
    negated: Expression = Field(alias="not")

    def holds(self, at: Snapshot) -> bool | None:
        found = self.negated.holds(at)
        return None if found is None else not found


def _kind(value: Any) -> str:
    """Which of the four an expression is, by the key it has."""
    if isinstance(value, BaseModel):
        return type(value).__name__
    keys = set(value) if isinstance(value, dict) else set()
    for key, name in (("all", "AllOf"), ("any", "AnyOf"), ("not", "NotOf")):
        if key in keys:
            return name
    return "Comparison"


Expression = Annotated[
    Annotated[AllOf, Tag("AllOf")]
    | Annotated[AnyOf, Tag("AnyOf")]
    | Annotated[NotOf, Tag("NotOf")]
    | Annotated[Comparison, Tag("Comparison")],
    Discriminator(_kind),
]

for _model in (AllOf, AnyOf, NotOf):
    _model.model_rebuild()


def protected(expression: Expression, facts: Facts, today: date) -> bool | None:
    """Whether it holds; where an age is ambiguous (29 February), whether it does either way.

    A lower limit must be reached and an upper one not yet, however they are negated.
    """
    young = expression.holds(Snapshot(facts, today))
    birth = facts.customer.birth_date if facts.customer else None
    if birth is None or (birth.month, birth.day) != (2, 29) or (today.month, today.day) != (2, 28):
        return young
    old = expression.holds(Snapshot(facts, today, older=True))
    if young is old:
        return young
    return False if False in (young, old) else None


def comparisons(expression: Expression) -> list[Comparison]:
    """Every comparison in an expression, in order."""
    if isinstance(expression, Comparison):
        return [expression]
    if isinstance(expression, NotOf):
        return comparisons(expression.negated)
    parts = expression.all if isinstance(expression, AllOf) else expression.any
    return [test for part in parts for test in comparisons(part)]
