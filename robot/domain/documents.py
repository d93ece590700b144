"""Reading and writing script documents: YAML for people, canonical JSON for keeping.

The stored form is canonical JSON (sorted keys, no blanks); its sha256 is the script's identity.
YAML is read strictly: a key given twice, an unknown key, an alias or a value of the wrong kind
is refused with its line. Only `true` and `false` are booleans (YAML 1.1 would also read
`on`, `no` and `y` so, and turn a customer's "no" into False).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pydantic import ValidationError

from robot.domain.script import Script

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a document as a document. `line` counts from 1; 0 means unknown.

    `kind` (pydantic's name of the mistake, or ours) and its `values` are for who says it in another
    language; `message` says it in English.
    """

    line: int
    where: str
    message: str
    kind: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.where + ': ' if self.where else ''}{self.message}"


class ScriptUnreadable(ValueError):
    """The document cannot be read as a script; `faults` says where and why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:5]))
        self.faults = faults


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's many booleans and dates."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_yaml(text: str) -> Script:
    """The script in `text`; ScriptUnreadable names each fault with its line."""
    data, lines = _read(text)
    return _build(data, lines)


def read_json(data: object) -> Script:
    """The script in an already parsed document (as stored)."""
    return _build(data, {})


def canonical(script: Script) -> dict[str, Any]:
    """The document as kept: plain values, aliases as written, nothing unset."""
    dumped: dict[str, Any] = script.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    kept: dict[str, Any] = _sorted(dumped)
    return kept


def canonical_json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_hash(document: object) -> str:
    """sha256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def write_yaml(script: Script) -> str:
    text: str = yaml.safe_dump(canonical(script), allow_unicode=True, sort_keys=False, width=110)
    return text


def _sorted(value: Any) -> Any:
    """Sets become sorted lists, so that the same document always hashes the same."""
    if isinstance(value, dict):
        return {
            key: sorted(item) if key == "tags" and isinstance(item, list) else _sorted(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _read(text: str) -> tuple[Any, dict[tuple[object, ...], int]]:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ScriptUnreadable([Fault(0, "", "the document is larger than 1 MB", "too_large")])
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise ScriptUnreadable([Fault(0, "", "the document is empty", "empty")])
        lines: dict[tuple[object, ...], int] = {}
        faults: list[Fault] = []
        _walk(root, (), lines, faults, set())
        if faults:
            raise ScriptUnreadable(faults)
        return loader.construct_document(root), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        said = error.problem or "not YAML"
        raise ScriptUnreadable([Fault(line, "", said, "yaml")]) from error
    except ScriptUnreadable:
        raise
    except RecursionError as error:
        raise ScriptUnreadable([Fault(0, "", "nested too deeply", "too_large")]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        place = getattr(error, "position", None)  # of a character that YAML does not take
        line = text[:place].count("\n") + 1 if isinstance(place, int) else 0
        said = str(error) or type(error).__name__
        raise ScriptUnreadable([Fault(line, "", f"not YAML: {said}", "yaml")]) from error
    finally:
        if loader is not None:
            loader.dispose()


def _walk(
    node: yaml.Node,
    path: tuple[object, ...],
    lines: dict[tuple[object, ...], int],
    faults: list[Fault],
    seen: set[int],
) -> None:
    """Note the line of every path; refuse duplicate keys, aliases and absurd depth."""
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in seen or len(path) > MAX_DEPTH:
        what, kind = ("aliases are not allowed", "alias")
        if id(node) not in seen:
            what, kind = ("nested too deeply", "too_large")
        faults.append(Fault(line, _where(path), what, kind))
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, faults, seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                faults.append(Fault(at, _where(path), "a key must be plain text", "key_not_text"))
                continue
            if key.value in first:
                earlier = first[key.value]
                message = f"key {key.value!r} given twice (first on line {earlier})"
                values = (("key", key.value), ("line", str(earlier)))
                faults.append(Fault(at, _where(path), message, "duplicate_key", values))
            first.setdefault(key.value, at)
            lines[(*path, key.value)] = at
            _walk(value, (*path, key.value), lines, faults, seen)


def _build(data: object, lines: dict[tuple[object, ...], int]) -> Script:
    try:
        plain = _text_keys(data)
        unstorable = _unstorable(plain)
        if unstorable is not None:
            message = "a character that cannot be stored"
            where = _where(unstorable)
            raise ScriptUnreadable([Fault(_line(unstorable, lines), where, message, "unstorable")])
        return Script.model_validate(plain)
    except ValidationError as error:
        faults = [
            Fault(
                _line(tuple(item["loc"]), lines),
                _where(tuple(item["loc"])),
                _message(item),
                item["type"],
                tuple((name, str(value)) for name, value in item.get("ctx", {}).items()),
            )
            for item in error.errors(include_url=False)
        ]
        raise ScriptUnreadable(faults) from error
    except RecursionError as error:
        raise ScriptUnreadable([Fault(0, "", "nested too deeply", "too_large")]) from error


def _unstorable(value: Any, path: tuple[object, ...] = ()) -> tuple[object, ...] | None:
    """Where the first text stands that a database does not take: a NUL, half a character of two."""
    if isinstance(value, dict):
        pairs = list(value.items())
        entries = [(entry, (*path, key)) for key, entry in pairs] + [
            (key, path) for key, _ in pairs
        ]
    elif isinstance(value, list):
        entries = [(entry, (*path, place)) for place, entry in enumerate(value)]
    elif isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        return path
    else:
        return None
    for entry, where in entries:
        found = _unstorable(entry, where)
        if found is not None:
            return found
    return None


def _text_keys(value: Any) -> Any:
    """YAML reads the key 9 as a number; every key of a script is text."""
    if isinstance(value, dict):
        return {str(key): _text_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text_keys(item) for item in value]
    return value


def _message(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown key"
    if item["type"] == "missing":
        return "is missing"
    return str(item["msg"])


def _line(path: tuple[object, ...], lines: dict[tuple[object, ...], int]) -> int:
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 0)


def _where(path: tuple[object, ...]) -> str:
    return ".".join(str(part) for part in path)
