"""Everything that is wrong with a pack document, each with its place in it.

`compile_pack` stops at the first mistake; who writes a draft wants them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from audiences.domain.regions import is_region
from compliance.domain.intent import Actor, Purpose
from compliance.domain.pack import (
    CAMPAIGN_RULE,
    EffectivePack,
    Pack,
    PackDocument,
    PackError,
    campaign_layer,
    compile_pack,
)
from compliance.domain.pack_bounds import beyond
from compliance.domain.registry import KINDS


class Problem(NamedTuple):
    """`path`: where in the document; `kind` is pydantic's name of the mistake, or ours."""

    path: tuple[str | int, ...]
    kind: str
    message: str
    values: tuple[tuple[str, str], ...] = ()


def problems(document: Any) -> list[Problem]:
    """All mistakes of a document; none means that it compiles."""
    if not isinstance(document, Mapping):
        return [Problem((), "not_a_mapping", "a pack is a mapping of keys to values")]
    unstorable = _of_texts(document)
    if unstorable:
        return unstorable
    found = _of_document(document)
    rules = document.get("rules")
    if isinstance(rules, list):
        for place, rule in enumerate(rules):
            found += _of_rule(document, place, rule)
    if not found:
        try:
            compile_pack(document)
        except PackError as error:
            found.append(Problem((), "pack", str(error)))
    return found


def problems_of_rule(rule: Mapping[str, Any]) -> list[Problem]:
    """The mistakes of one rule by itself; paths begin at the rule."""
    return [problem._replace(path=problem.path[2:]) for problem in _of_rule({}, 0, rule)]


def problems_of_limits(limits: Any) -> list[Problem]:
    """All mistakes of a campaign's own limits, `{"rules": […]}`; none means that they compile."""
    if not isinstance(limits, Mapping):
        return [Problem((), "dict_type", "limits are a mapping")]
    found = _of_texts(limits)
    found += [Problem((str(key),), "extra_forbidden", "") for key in limits if key != "rules"]
    rules = limits.get("rules", [])
    if not isinstance(rules, list):
        return [*found, Problem(("rules",), "list_type", "rules are a list")]
    for place, rule in enumerate(rules):
        if isinstance(rule, Mapping):
            found += _of_rule({}, place, {**CAMPAIGN_RULE, **rule})
        else:
            found.append(Problem(("rules", place), "dict_type", "a rule is a mapping"))
    if not found:
        try:
            campaign_layer(limits, None, "Asia/Shanghai")
        except PackError as error:
            found.append(Problem((), "pack", str(error)))
    return found


def _of_document(document: Mapping[str, Any]) -> list[Problem]:
    try:
        PackDocument.model_validate(document)
    except ValidationError as error:
        return _listed(error, ()) + _of_names(document)
    return _of_names(document) + list(_of_areas(document, ()))


#: What stands in a column of its own is as long as that is.
_LENGTHS = {"pack": 40, "version": 20, "name_zh": 100, "name_en": 100}


def _of_names(document: Mapping[str, Any]) -> list[Problem]:
    found = []
    for name, longest in _LENGTHS.items():
        text = document.get(name)
        if not isinstance(text, str):
            continue  # the document's own check names it
        if len(text) > longest:
            values = (("max_length", str(longest)),)
            found.append(Problem((name,), "string_too_long", f"longer than {longest}", values))
        elif name == "version" and not text.strip():
            found.append(Problem((name,), "missing", "a version has a name"))
    return found


def _of_rule(document: Mapping[str, Any], place: int, rule: Any) -> list[Problem]:
    path: tuple[str | int, ...] = ("rules", place)
    if not isinstance(rule, Mapping):
        return []  # the document's own check names it
    kind = KINDS.get(str(rule.get("kind")))
    if kind is None:
        name = str(rule.get("kind", "—"))
        return [Problem((*path, "kind"), "unknown_kind", f"unknown kind of rule: {name}")]
    unfit = _of_texts(rule, path) + _of_numbers(rule, path)
    if unfit:
        return unfit  # the models count with these numbers
    own = {name: document[name] for name in ("areas", "groups") if document.get(name)}
    try:
        kind.model.model_validate({**own, **rule, "pack": "", "zone": "Asia/Shanghai"})
    except ValidationError as error:
        return _listed(error, path)
    in_vain = [*_of_regions(rule, path), *_of_silence(rule, path)]
    if in_vain:
        return in_vain
    try:
        compile_pack({**_BARE, **own, "rules": [dict(rule)]})
    except PackError as error:
        return [Problem(path, "pack", str(error))]
    return []


def _of_regions(rule: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Regions that do not exist: a rule would be silent where it was meant."""
    yield from _of_areas(rule, path)
    for region in rule.get("regions", {}):
        yield from _of_region(region, (*path, "regions", region))
    for route, regions in rule.get("carrier_regions", {}).items():
        for at, region in enumerate(regions):
            yield from _of_region(region, (*path, "carrier_regions", route, at))
    for at, entry in enumerate(rule.get("entries", ())):
        yield from _of_areas(entry, (*path, "entries", at))


#: Of what a rule must name at least one, or it never speaks; by kind, "" = any.
_MUST_NAME = {
    "": ("purposes", "actors"),
    "approval": ("subjects",),
    "cool_off": ("outcomes",),
    "suppression": ("sources", "keys", "channels"),
}


def _of_silence(rule: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    """What makes a rule speak about nothing at all, which is not the same as switching it off."""
    for name in (*_MUST_NAME[""], *_MUST_NAME.get(str(rule["kind"]), ())):
        if name in rule and not rule[name]:
            yield Problem((*path, name), "never_speaks", "names nothing")
    business = rule.get("overridden_by", {}).get("business", ())
    places: list[tuple[Mapping[str, Any], str, tuple[str | int, ...]]] = [
        (rule, "outcomes", path),
        (rule, "machine_outcomes", path),
        *((e, "outcomes", (*path, "overridden_by", "business", i)) for i, e in enumerate(business)),
    ]
    for where, name, within in places:
        for at, outcome in enumerate(where.get(name, ())):
            if outcome != outcome.lower():
                values = (("outcome", outcome),)
                yield Problem((*within, name, at), "not_lower_case", "not lower case", values)


def _of_areas(value: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    for at, region in enumerate(value.get("areas", ())):
        yield from _of_region(region, (*path, "areas", at))


def _of_region(region: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not is_region(region):
        values = (("region", region),)
        yield Problem(path, "no_such_region", f"there is no region {region}", values)


def _of_numbers(rule: Mapping[str, Any], path: tuple[str | int, ...]) -> list[Problem]:
    found = []
    for each in beyond(rule):
        where = (*path, *each.path)
        if each.most is None:
            found.append(Problem(where, "finite_number", "not a finite number"))
        else:
            kind = "limit_too_large" if each.path[-1] == "limit" else "too_large_a_number"
            values = (("most", str(each.most)),)
            found.append(Problem(where, kind, f"must be at most {each.most}", values))
    return found


def _of_texts(value: object, path: tuple[str | int, ...] = ()) -> list[Problem]:
    """Texts that cannot be stored: with a NUL, or half a character of two."""
    if isinstance(value, Mapping):
        found = []
        for key, entry in value.items():
            found += _of_texts(str(key), path) + _of_texts(entry, (*path, str(key)))
        return found
    if isinstance(value, list | tuple):
        return [
            problem
            for place, entry in enumerate(value)
            for problem in _of_texts(entry, (*path, place))
        ]
    if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        return [Problem(path, "unstorable", "a character that cannot be stored")]
    return []


#: A pack around one rule, so that whatever is wrong is the rule's.
_BARE = {
    "pack": "check",
    "version": "0",
    "layer": "bank",
    "name_zh": "",
    "name_en": "",
    "zone": "Asia/Shanghai",
}


def _listed(error: ValidationError, path: tuple[str | int, ...]) -> list[Problem]:
    return [
        Problem(
            (*path, *each["loc"]),
            each["type"],
            each["msg"],
            tuple((name, str(value)) for name, value in each.get("ctx", {}).items()),
        )
        for each in error.errors(include_url=False, include_input=False)
    ]


def gaps(stack: EffectivePack, compiled: Pack | None = None) -> dict[str, tuple[str, ...]]:
    """What a stack must say and does not, by "purpose/actor": such calls would all be blocked."""
    whole = stack if compiled is None else EffectivePack((*stack.packs, compiled))
    found = {}
    for purpose in (Purpose.MARKETING, Purpose.CALLBACK, Purpose.CARE, Purpose.TEST):
        for actor in Actor:
            missing = whole.gaps(purpose, actor)
            if missing:
                found[f"{purpose.value}/{actor.value}"] = missing
    return found
