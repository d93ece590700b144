"""Conditions in scripts (`when`), through a small parser of our own: never `eval`.

    outcome in [CALLBACK, INFO_SENT] and faq_hits >= 1
    segment == "retail" and not (age < 30)

Grammar: or, and, not, brackets; comparisons == != < <= > >= and in [...]; numbers, quoted text,
true, false. A name that is given a value stands for it; any other name stands for itself as
text, so that `outcome == REFUSED` needs no quotes. An order comparison of unlike kinds is false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

Value: TypeAlias = str | float | bool | None

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<op>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)|(?P<name>[\w.]+))"
)
_COMPARE: Final = ("==", "!=", "<", "<=", ">", ">=")
_MAX_TOKENS: Final = 200


class BadExpression(ValueError):
    """The condition cannot be read."""


def holds(expression: str, values: Mapping[str, Value]) -> bool:
    """Whether the condition is true of `values`; BadExpression if it cannot be read."""
    parser = _Parser(_tokens(expression), values)
    result = parser.either()
    parser.finish()
    return bool(result)


def names(expression: str) -> frozenset[str]:
    """Every bare name in the condition (values and constants alike)."""
    keywords = {"and", "or", "not", "in", "true", "false"}
    return frozenset(
        token for kind, token in _tokens(expression) if kind == "name" and token not in keywords
    )


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at, end = [], 0, len(expression.rstrip())
    while at < end:
        found = _TOKEN.match(expression, at)
        if found is None or found.lastgroup is None:
            raise BadExpression(f"cannot read {expression[at : at + 10]!r}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    if not tokens or len(tokens) > _MAX_TOKENS:
        raise BadExpression("empty or too long")
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], values: Mapping[str, Value]) -> None:
        self.tokens, self.values, self.at = tokens, values, 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, *wanted: str) -> str | None:
        kind, token = self.peek()
        if kind in ("name", "op") and token in wanted:
            self.at += 1
            return token
        return None

    def need(self, wanted: str) -> None:
        if self.take(wanted) is None:
            raise BadExpression(f"expected {wanted!r}, found {self.peek()[1]!r}")

    def finish(self) -> None:
        if self.at != len(self.tokens):
            raise BadExpression(f"unexpected {self.peek()[1]!r}")

    def either(self) -> Value:
        value = self.both()
        while self.take("or"):
            other = self.both()
            value = bool(value) or bool(other)
        return value

    def both(self) -> Value:
        value = self.negation()
        while self.take("and"):
            other = self.negation()
            value = bool(value) and bool(other)
        return value

    def negation(self) -> Value:
        if self.take("not"):
            return not self.negation()
        return self.comparison()

    def comparison(self) -> Value:
        left = self.operand()
        operator = self.take(*_COMPARE)
        if operator:
            return _compare(operator, left, self.operand())
        if self.take("in"):
            self.need("[")
            options = [self.operand()]
            while self.take(","):
                options.append(self.operand())
            self.need("]")
            return any(_same(left, option) for option in options)
        return left

    def operand(self) -> Value:
        kind, token = self.peek()
        if self.take("("):
            value = self.either()
            self.need(")")
            return value
        self.at += 1
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1]
        if kind == "name" and token in ("true", "false"):
            return token == "true"  # noqa: S105
        if kind == "name" and token not in ("and", "or", "not", "in"):
            return self.values.get(token, token)
        raise BadExpression(f"unexpected {token!r}")


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        return str(left) == str(right)
    return left == right


def _compare(operator: str, left: Value, right: Value) -> bool:
    if operator == "==":
        return _same(left, right)
    if operator == "!=":
        return not _same(left, right)
    try:
        first, second = float(left or 0), float(right or 0)
    except ValueError:
        return False
    if operator == "<":
        return first < second
    if operator == "<=":
        return first <= second
    return first > second if operator == ">" else first >= second
