"""Changing one value of a script's source and leaving the rest as it was written.

A form edits a value; the writer's comments, order and spelling stay.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from robot.domain.documents import MAX_BYTES, Fault, ScriptUnreadable

#: Longer than any line of a script: nothing is wrapped that was not wrapped before.
_WIDTH: Final = 4096


def changed(text: str, path: Sequence[str], value: Any) -> str:
    """The source with `value` at `path` (keys from the root); None removes what is there.

    Parts of the path that are missing are added. Raises ScriptUnreadable for a source that is no
    YAML or has something else than a mapping on the way.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES or not path:
        raise ScriptUnreadable([Fault(0, "", "nothing to change", "too_large")])
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)  # as the shipped scripts are written
    try:
        root = yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise ScriptUnreadable([Fault(0, "", "not YAML", "yaml")]) from error
    place = root
    for depth, key in enumerate(path[:-1]):
        if not isinstance(place, dict):
            where = ".".join(path[:depth])
            raise ScriptUnreadable([Fault(0, where, "is not a mapping", "dict_type")])
        if place.get(key) is None:
            if value is None:
                return text
            place[key] = {}
        place = place[key]
    if not isinstance(place, dict):
        where = ".".join(path[:-1])
        raise ScriptUnreadable([Fault(0, where, "is not a mapping", "dict_type")])
    if value is None:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = value
    out = io.StringIO()
    yaml.dump(root, out)
    return out.getvalue()
