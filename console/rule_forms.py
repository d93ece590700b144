"""A rule as a form: a control for each parameter, made from the rule's own pydantic model.

Reading gives the raw rule again, with only what the form holds; whether it is a rule is asked of
the model, and its complaints come back beside the fields they are about.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic.fields import FieldInfo

from compliance.document_wording import Told, told
from compliance.domain.calendar import DayType
from compliance.domain.pack_checking import problems_of_rule
from compliance.domain.registry import KINDS
from compliance.domain.rules.cap import Span
from compliance.domain.rules.time_window import DayWindows, Weekday
from compliance.pack_source import bounded, write
from console.texts import packs as texts

#: Said by the rule itself, not in its form.
_NOT_IN_FORM = frozenset({"id", "kind", "pack", "zone"})
_LONG = frozenset({"zh", "en"})
#: Limits of which nought means: never.
NEVER_AT_ZERO = frozenset({"limit", "max_age_months"})
#: How an entry of a list that names nothing (and so means the whole) is written.
_ANY = "*"


@dataclass(slots=True)
class Control:
    """One field of the form. `kind` chooses its control in the template."""

    name: str
    label: str
    kind: str
    value: Any = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    help: str = ""
    optional: bool = False
    errors: list[Told] = field(default_factory=list)


class Unreadable(ValueError):
    """A field in YAML that is none, with what is wrong."""

    def __init__(self, mistake: Told) -> None:
        super().__init__(mistake.text)
        self.told = mistake


def controls(rule: Mapping[str, Any]) -> list[Control]:
    """The form of a raw rule; KeyError for an unknown kind."""
    model = KINDS[str(rule["kind"])].model
    return [
        _control(name, info, rule.get(name, _default(info)))
        for name, info in model.model_fields.items()
        if name not in _NOT_IN_FORM
    ]


def read(rule: Mapping[str, Any], posted: QueryDict) -> tuple[dict[str, Any], list[Control]]:
    """The raw rule as posted, and the form with what is wrong; without errors it may be kept."""
    model = KINDS[str(rule["kind"])].model
    changed: dict[str, Any] = {"id": rule["id"], "kind": rule["kind"]}
    shown = []
    for name, info in model.model_fields.items():
        if name in _NOT_IN_FORM:
            continue
        control = _control(name, info, rule.get(name, _default(info)))
        try:
            value = _read(control, posted)
        except ValueError as error:
            control.errors.append(error.told if isinstance(error, Unreadable) else Told(str(error)))
            control.value = posted.get(name, "")
            shown.append(control)
            continue
        if value == [] and control.optional and rule.get(name, _default(info)) is None:
            value = None  # nothing said is not the same as an empty list, and nobody touched it
        if name in rule or value != _plain(_default(info)):
            changed[name] = value
        shown.append(_control(name, info, value))
    if not any(control.errors for control in shown):
        _complain(changed, shown)
    return changed, shown


def _complain(rule: dict[str, Any], shown: list[Control]) -> None:
    by_name = {control.name: control for control in shown}
    for problem in problems_of_rule(rule):
        about = by_name.get(str(problem.path[0])) if problem.path else None
        (about or shown[0]).errors.append(texts.told(problem))


def _control(name: str, info: FieldInfo, value: Any) -> Control:
    annotation, optional = _without_none(info.annotation)
    control = Control(name, texts.field_label(name), "yaml", _plain(value), optional=optional)
    origin, options = get_origin(annotation), get_args(annotation)
    if annotation == DayWindows:
        return _windows(control)
    if annotation is Span:
        return _span(control)
    if annotation is bool or options == (True,):
        control.kind, control.value = "bool", bool(value)
    elif annotation in (int, float):
        control.kind = "int" if annotation is int else "float"
        control.value = "" if value is None else value
        if optional:
            control.help = _("Empty = no limit (switched off): a second person must sign that.")
        if name in NEVER_AT_ZERO:
            control.help = f"{control.help} {_('0 = never')}".strip()
    elif origin is Literal or _is_enum(annotation):
        control.kind, control.choices = "choice", _choices(annotation)
    elif origin in (frozenset, tuple) and _closed(options[0]):
        control.kind, control.choices = "many", _choices(options[0])
        control.value = [str(each) for each in control.value or ()]
    elif origin in (frozenset, tuple) and options[0] is str:
        control.kind = "words"
        control.value = ", ".join(word or _ANY for word in control.value or ())
    elif annotation is str:
        control.kind = "text" if name in _LONG else "line"
    else:
        control.value = "" if control.value in (None, {}, []) else write_snippet(control.value)
    return control


def _read(control: Control, posted: QueryDict) -> Any:
    """The value of one control. Raises ValueError with a sentence."""
    name, text = control.name, posted.get(control.name, "").strip()
    if control.kind == "windows":
        return _read_windows(control, posted)
    if control.kind == "span":
        return _read_span(control, posted)
    if control.kind == "bool":
        given = name in posted
        return (True if given else None) if control.optional else given
    if control.kind in ("int", "float"):
        if not text:
            if control.optional:
                return None
            raise ValueError(_("A number is needed."))
        try:
            return int(text) if control.kind == "int" else float(text)
        except ValueError as error:
            raise ValueError(_("This is no number.")) from error
    if control.kind == "many":
        return posted.getlist(name)
    if control.kind == "words":
        words = [word.strip() for word in text.replace("，", ",").split(",")]
        return ["" if word == _ANY else word for word in words if word]
    if control.kind == "yaml":
        return _read_snippet(control, text)
    return text or (None if control.optional else "")


def _read_snippet(control: Control, text: str) -> Any:
    if not text:
        return None if control.optional else _empty_like(control)
    try:
        bounded(text)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unreadable(told("yaml", str(error))) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(told("too_large", "")) from error


def _empty_like(control: Control) -> Any:
    return [] if control.name in ("entries", "bands") else {}


def write_snippet(value: Any) -> str:
    """A nested value as YAML."""
    return write(value).strip()


# --- calling hours ---------------------------------------------------------------------------


def _windows(control: Control) -> Control:
    given = control.value or {}
    control.kind = "windows"
    control.value = [
        {
            "day": day.value,
            "label": texts.word(day.value),
            "text": _hours_text(given.get(day.value)),
            "rare": not isinstance(day, DayType),
        }
        for day in (*DayType, *Weekday)
    ]
    control.help = _(
        'Like "09:00-12:00, 14:00-20:00". "-" = never on such a day. Empty = not said.'
    )
    return control


def _hours_text(windows: Any) -> str:
    if windows is None:
        return ""
    if not isinstance(windows, list | tuple):
        return str(windows)  # a draft may be kept with mistakes
    return ", ".join(map(_window_text, windows)) or "-"


def _window_text(window: Any) -> str:
    return "-".join(map(str, window)) if isinstance(window, list | tuple) else str(window)


def _read_windows(control: Control, posted: QueryDict) -> dict[str, list[list[str]]]:
    found = {}
    for row in control.value:
        text = posted.get(f"{control.name}.{row['day']}", "").strip()
        row["text"] = text
        if text:
            found[row["day"]] = _hours(text)
    return found


def _hours(text: str) -> list[list[str]]:
    plain = text.replace("–", "-").replace("，", ",").replace("：", ":")
    if plain == "-":
        return []
    windows = []
    for part in plain.split(","):
        start, dash, end = part.strip().partition("-")
        if not dash or ":" not in start or ":" not in end:
            raise ValueError(_("No span of hours: %(text)s") % {"text": part.strip()})
        windows.append([start.strip(), end.strip()])
    return windows


# --- the time a cap looks back on ------------------------------------------------------------


def _span(control: Control) -> Control:
    given = control.value or {}
    unit = next((name for name in given if given[name] is not None), "")
    amount = given.get(unit, "") if unit.startswith("rolling") else ""
    control.kind = "span"
    control.value = {"unit": given["calendar"] if unit == "calendar" else unit, "amount": amount}
    control.choices = [
        ("", _("no time")),
        ("rolling_hours", _("any so many hours")),
        ("rolling_days", _("any so many days")),
        ("day", texts.word("day")),
        ("week", texts.word("week")),
        ("month", texts.word("month")),
        ("lifetime", _("ever")),
    ]
    return control


def _read_span(control: Control, posted: QueryDict) -> dict[str, Any] | None:
    unit = posted.get(f"{control.name}.unit", "")
    if unit in ("day", "week", "month"):
        return {"calendar": unit}
    if unit == "lifetime":
        return {"lifetime": True}
    if unit in ("rolling_hours", "rolling_days"):
        amount = posted.get(f"{control.name}.amount", "").strip()
        if not (amount.isascii() and amount.isdigit() and len(amount) < 20):
            raise ValueError(_("A number is needed."))
        return {unit: int(amount)}
    return None


# --- types -----------------------------------------------------------------------------------


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        if len(rest) == 1:
            return _bare(rest[0]), True
    return _bare(annotation), False


def _bare(annotation: Any) -> Any:
    """A type without what is asked of its values besides (a whole number, not below nought)."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _closed(annotation: Any) -> bool:
    return get_origin(annotation) is Literal or _is_enum(annotation)


def _choices(annotation: Any) -> list[tuple[str, str]]:
    if _is_enum(annotation):
        values = [str(each.value) for each in annotation]
    else:
        values = [str(each) for each in get_args(annotation)]
    return [(value, texts.word(value)) for value in values]


def _default(info: FieldInfo) -> Any:
    return None if info.is_required() else info.get_default(call_default_factory=True)


def _plain(value: Any) -> Any:
    """A default or a raw value as a document holds it."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, frozenset | set):
        return sorted(_plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(each) for name, each in value.items()}
    return value
