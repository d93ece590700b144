"""Pack documents as people write them: YAML with the line of each mistake.

Nothing is built from a source before its size is known: an alias counts as all that it stands for,
so a file of a few lines cannot unfold into gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from compliance.domain.pack import PackDocument
from compliance.domain.pack_checking import Problem, problems
from compliance.domain.registry import KINDS

MAX_BYTES = 512 * 1024
MAX_NODES = 50_000


@dataclass(frozen=True, slots=True)
class Located:
    """A mistake and the line it stands on (the first line of the source is 1)."""

    line: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Source:
    """What was read; `document` is None when the YAML itself cannot be read."""

    document: dict[str, Any] | None
    mistakes: tuple[Located, ...]


class TooLarge(ValueError):
    """More than a hand-written document holds."""


class Unreadable(ValueError):
    """The YAML itself cannot be read, and where."""

    def __init__(self, line: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.located = Located(line, Problem((), kind, message))


def read(text: str) -> Source:
    """A pack document with all its mistakes."""
    try:
        document, node = parsed(text)
        unclear = _given_twice(node) + _left_empty(node) if node is not None else ()
        if unclear:
            # of two values, one would be dropped without a word; and nothing is null, which is off
            return Source(None, tuple(sorted(unclear, key=lambda located: located.line)))
        found = [Located(line_of(node, problem.path), problem) for problem in problems(document)]
    except Unreadable as error:
        return Source(None, (error.located,))
    except ValueError as error:
        return Source(None, (Unreadable(1, "yaml", str(error)).located,))
    except RecursionError:
        return Source(None, (Unreadable(1, "too_large", "").located,))
    mistakes = tuple(sorted(found, key=lambda located: located.line))
    return Source(document if isinstance(document, dict) else None, mistakes)


def parsed(text: str) -> tuple[Any, yaml.Node | None]:
    """The document and its nodes. Raises Unreadable."""
    try:
        node = bounded(text)
    except (TooLarge, RecursionError) as error:
        raise Unreadable(1, "too_large", "") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, "yaml", error.problem or "") from error
    except yaml.YAMLError as error:
        raise Unreadable(_line_of(text, error), "yaml", str(error)) from error
    try:
        return None if node is None else yaml.SafeLoader("").construct_document(node), node
    except (yaml.MarkedYAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable(mark.line + 1 if mark else 1, "yaml", str(error)) from error
    except RecursionError as error:
        raise Unreadable(1, "too_large", "") from error


def bounded(text: str) -> yaml.Node | None:
    """The source as nodes, not yet built. Raises TooLarge, or yaml.YAMLError."""
    if len(text.encode()) > MAX_BYTES:
        raise TooLarge
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is not None and _size(node, {}) > MAX_NODES:
        raise TooLarge
    return node


def write(document: dict[str, Any]) -> str:
    """A document as a person would write it, its keys in the order of their models."""
    return yaml.dump(
        _in_order(document), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110, indent=2
    )


#: How a rule begins, whatever its kind.
_RULE_HEAD = ("id", "kind", "purposes", "actors", "basis", "legal_ref", "zh", "en")


def _in_order(document: Any) -> Any:
    """The database keeps no order of keys."""
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        return document
    whole = _sorted_by(document, tuple(PackDocument.model_fields))
    whole["rules"] = [_rule_in_order(rule) for rule in document["rules"]]
    return whole


def _rule_in_order(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    kind = KINDS.get(str(rule.get("kind")))
    own = tuple(kind.model.model_fields) if kind is not None else ()
    return _sorted_by(rule, (*_RULE_HEAD, *(name for name in own if name not in _RULE_HEAD)))


def _sorted_by(mapping: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    known = {name: mapping[name] for name in names if name in mapping}
    return known | mapping


class _Plain(yaml.SafeDumper):
    """Short lists on one line, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_list(self, data: Any) -> yaml.SequenceNode:
        short = all(not isinstance(each, dict) for each in data)
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


_Plain.add_representer(list, _Plain.represent_list)
_Plain.add_representer(tuple, _Plain.represent_list)


def _given_twice(node: yaml.Node) -> tuple[Located, ...]:
    """Every key that a mapping has twice."""
    found: list[Located] = []
    for path, pairs in _mappings(node):
        first: dict[str, int] = {}
        for key, _ in pairs:
            name, line = str(key.value), key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and name in first:
                values = (("key", name), ("line", str(first[name])))
                problem = Problem((*path, name), "duplicate_key", "given twice", values)
                found.append(Located(line, problem))
            first.setdefault(name, line)
    return tuple(sorted(found, key=lambda each: each.line))


def _left_empty(node: yaml.Node) -> tuple[Located, ...]:
    """Every key of a rule after which nothing stands: null is off, so somebody must write it."""
    return tuple(
        Located(
            key.start_mark.line + 1,
            Problem((*path, str(key.value)), "left_empty", "null must be written"),
        )
        for path, pairs in _mappings(node)
        for key, value in pairs
        if path[:1] == ("rules",)
        and isinstance(value, yaml.ScalarNode)
        and value.value == ""
        and value.style is None
    )


def _mappings(
    node: yaml.Node,
) -> Iterator[tuple[tuple[str | int, ...], list[tuple[yaml.Node, yaml.Node]]]]:
    """Every mapping with its place; a node that several aliases name is looked at once."""
    seen: set[int] = set()
    waiting: list[tuple[yaml.Node, tuple[str | int, ...]]] = [(node, ())]
    while waiting:
        place, path = waiting.pop()
        if id(place) in seen:
            continue
        seen.add(id(place))
        if isinstance(place, yaml.SequenceNode):
            waiting += [(each, (*path, at)) for at, each in enumerate(place.value)]
        elif isinstance(place, yaml.MappingNode):
            yield path, place.value
            waiting += [(value, (*path, str(key.value))) for key, value in place.value]


def _line_of(text: str, error: yaml.YAMLError) -> int:
    """Of a character that YAML does not take, which comes with its place and without a line."""
    place = getattr(error, "position", None)
    return text[:place].count("\n") + 1 if isinstance(place, int) else 1


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes it unfolds into; one that holds itself is too large."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_NODES + 1  # until it is counted: a loop meets this
    if isinstance(node, yaml.MappingNode):
        size = 1 + sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size = 1 + sum(_size(each, known) for each in node.value)
    else:
        size = 1
    known[id(node)] = size
    return size


def line_of(node: yaml.Node | None, path: tuple[str | int, ...]) -> int:
    """The line of a place, or of the nearest thing around it."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        node = found
        line = node.start_mark.line + 1
    return line


def _step(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if 0 <= step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == str(step)), None)
    return None
