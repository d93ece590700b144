"""What is wrong with a document that people write (a rule pack, a script), in their language.

PyYAML, pydantic and our own models name a mistake by its kind or by an English sentence. Here, and
nowhere else, that becomes a sentence that helps; what the program said is kept beside it (`raw`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Told:
    """A mistake as people read it, and in the program's words where those say more."""

    text: str
    raw: str = ""


#: By pydantic's name of the mistake or ours; `%(…)s` are the values that come with it.
_KINDS: Final[dict[str, Text]] = {
    "missing": gettext_lazy("This is missing."),
    "extra_forbidden": gettext_lazy("There is no such key here."),
    "int_type": gettext_lazy("A whole number is needed."),
    "int_parsing": gettext_lazy("A whole number is needed."),
    "int_parsing_size": gettext_lazy("This number is too long."),
    "int_from_float": gettext_lazy("A whole number is needed."),
    "float_type": gettext_lazy("A number is needed."),
    "float_parsing": gettext_lazy("A number is needed."),
    "finite_number": gettext_lazy("A finite number is needed."),
    "bool_type": gettext_lazy("Yes or no is needed (true or false)."),
    "bool_parsing": gettext_lazy("Yes or no is needed (true or false)."),
    "string_type": gettext_lazy("A text is needed; quote dates and numbers."),
    "string_pattern_mismatch": gettext_lazy("Letters, digits and the dash only."),
    "string_too_short": gettext_lazy("At least %(min_length)s characters are needed."),
    "string_too_long": gettext_lazy("At most %(max_length)s characters are allowed."),
    "greater_than": gettext_lazy("It must be above %(gt)s."),
    "greater_than_equal": gettext_lazy("It must be at least %(ge)s."),
    "less_than": gettext_lazy("It must be below %(lt)s."),
    "less_than_equal": gettext_lazy("It must be at most %(le)s."),
    "literal_error": gettext_lazy("One of these is needed: %(expected)s."),
    "enum": gettext_lazy("One of these is needed: %(expected)s."),
    "too_short": gettext_lazy("At least one is needed."),
    "too_long": gettext_lazy("At most %(max_length)s entries are allowed."),
    "list_type": gettext_lazy("A list is needed."),
    "tuple_type": gettext_lazy("A list is needed."),
    "set_type": gettext_lazy("A list is needed."),
    "frozen_set_type": gettext_lazy("A list is needed."),
    "dict_type": gettext_lazy("A mapping of keys to values is needed."),
    "mapping_type": gettext_lazy("A mapping of keys to values is needed."),
    "model_type": gettext_lazy("A mapping of keys to values is needed."),
    "model_attributes_type": gettext_lazy("A mapping of keys to values is needed."),
    "date_parsing": gettext_lazy("This is no date. Write it like 2026-01-31."),
    "date_from_datetime_parsing": gettext_lazy("This is no date. Write it like 2026-01-31."),
    "datetime_parsing": gettext_lazy("This is no time. Write it like 2026-01-31T09:00+08:00."),
    "datetime_from_date_parsing": gettext_lazy(
        "This is no time. Write it like 2026-01-31T09:00+08:00."
    ),
    "timezone_aware": gettext_lazy("This is no time. Write it like 2026-01-31T09:00+08:00."),
    "unknown_kind": gettext_lazy("There is no such kind of rule."),
    "not_a_mapping": gettext_lazy("A pack is a mapping of keys to values."),
    "too_large": gettext_lazy("The source is too large or too deeply nested."),
    "empty": gettext_lazy("The document is empty."),
    "alias": gettext_lazy("Anchors and aliases (& and *) are not allowed: write it out."),
    "key_not_text": gettext_lazy("A key must be plain text."),
    "duplicate_key": gettext_lazy(
        "The key “%(key)s” is given twice, first on line %(line)s. Remove one."
    ),
    "unstorable": gettext_lazy("It has a character that cannot be stored (NUL). Remove it."),
    "limit_too_large": gettext_lazy(
        "It must be at most %(most)s. For no limit leave it empty: that switches it off, and a "
        "second person must sign it."
    ),
    "too_large_a_number": gettext_lazy("It must be at most %(most)s here."),
    "never_speaks": gettext_lazy(
        "Nothing is named, so this rule would never speak. Name at least one, or take the rule out."
    ),
    "not_lower_case": gettext_lazy(
        "Outcomes are written in lower case: “%(outcome)s” never occurs."
    ),
    "left_empty": gettext_lazy(
        "Nothing stands here. Write the value, or null: that switches a limit off, and a second "
        "person must sign it."
    ),
    "no_such_region": gettext_lazy(
        "There is no region “%(region)s”. Write a country (CN), a province (CN-33) or a state "
        "(US-FL)."
    ),
}

#: What PyYAML says, by a part of it.
_YAML: Final[tuple[tuple[str, Text], ...]] = (
    (
        r"mapping values are not allowed",
        gettext_lazy(
            "A colon stands where none may be: quote the text, or check the indentation of the "
            "line before."
        ),
    ),
    (r"could not find expected ':'", gettext_lazy("A colon after the key is missing.")),
    (r"'\\t'", gettext_lazy("A tab stands here: indent with spaces only.")),
    (r"undefined alias", gettext_lazy("An alias (*…) names an anchor that does not exist.")),
    (r"duplicate anchor", gettext_lazy("Two anchors (&…) share a name.")),
    (
        r"end of stream|<stream end>|found unexpected document",
        gettext_lazy("A quotation mark or bracket is not closed."),
    ),
    (
        r"expected ',' or",
        gettext_lazy("A comma or a closing bracket is missing in the list or mapping."),
    ),
    (
        r"expected <block end>|expected the node content|bad indentation",
        gettext_lazy(
            "Indentation or bracket do not fit here: entries of one level begin in one column."
        ),
    ),
    (
        r"special characters are not allowed|unacceptable character",
        gettext_lazy("It has a character that cannot be stored (NUL). Remove it."),
    ),
    (
        r"cannot start any token|unknown escape character",
        gettext_lazy("A character stands here that means something in YAML: quote the text."),
    ),
    (r"constructor for the tag", gettext_lazy("Tags (!…) are not allowed: write plain values.")),
    (r"expected a single document", gettext_lazy("One document only: remove the line “---”.")),
    (r"unhashable key|hashable", gettext_lazy("A key must be plain text.")),
)
_NO_YAML: Final = gettext_lazy("This is no YAML: check indentation, colons and quotation marks.")

#: Sentences of our own models; named groups are the values.
_OWN: Final[tuple[tuple[str, Text], ...]] = (
    (
        r"a sentence takes values|format string|format specifier|expected '}'",
        gettext_lazy(
            "Curly brackets hold the plain name of a parameter, like {limit}, and nothing else."
        ),
    ),
    (
        r"its (?P<language>\w+) sentence names '?(?P<name>[^']*)'?",
        gettext_lazy(
            "The sentence in “%(language)s” names {%(name)s}, which this rule does not have."
        ),
    ),
    (
        r"a window is rolling_hours",
        gettext_lazy("Exactly one of rolling_hours, rolling_days, calendar, lifetime is needed."),
    ),
    (r"a limit needs a window", gettext_lazy("A limit needs the time it holds for (window).")),
    (
        r"a cap is per customer",
        gettext_lazy(
            "It must be counted per customer, number or household, and may name more: of these "
            "alone calls are counted exactly. A caller ID's calls an hour and a day are set at the "
            "caller ID; how much a campaign calls, by its lines, its dates and its list."
        ),
    ),
    (
        r"contacts are known for (?P<days>\d+) days",
        gettext_lazy("It looks back further than contacts are known: %(days)s days."),
    ),
    (r"a blackout ends", gettext_lazy("A blackout ends after it begins.")),
    (
        r"a cool-off has",
        gettext_lazy("A quiet time has exactly one of days, months and permanent."),
    ),
    (r"unknown time zone (?P<zone>\S+)", gettext_lazy("There is no time zone “%(zone)s”.")),
    (r"a day is named twice", gettext_lazy("A day is named twice.")),
    (r"a day lies in another year", gettext_lazy("A day lies in another year than the file.")),
    (
        r"an adjusted workday is",
        gettext_lazy("An adjusted workday is a Saturday or a Sunday."),
    ),
    (r"two rules share an id", gettext_lazy("Two rules share an id.")),
    (
        r"plain JSON",
        gettext_lazy("Dates, and numbers that are keys, need quotation marks around them."),
    ),
    (
        r"the zone is the pack's",
        gettext_lazy("The time zone is the pack's; a rule has none of its own."),
    ),
    (
        r"what relaxes holds",
        gettext_lazy("An exemption holds for everybody: it may not name areas or groups."),
    ),
    (
        r"a campaign can only tighten",
        gettext_lazy("A campaign can only tighten: it may not bring an exemption."),
    ),
    (r"a callback may not relax", gettext_lazy("A callback may not relax this rule.")),
    (r"no time of day: (?P<text>.*)", gettext_lazy("“%(text)s” is no time of day.")),
    (
        r"hours are \[",
        gettext_lazy(
            'Hours are a start and an end, each in quotes: ["09:00", "12:00"]. Without quotes, '
            "10:00 is the number 600 to YAML."
        ),
    ),
    (
        r"from (?P<start>\S+) to (?P<end>\S+) is no time",
        gettext_lazy(
            "“%(start)s” to “%(end)s” cannot be hours. Midnight is “00:00” as a start and “24:00” "
            "as an end, so the whole day is “00:00” to “24:00”; for no calls leave the list empty."
        ),
    ),
    (r"no such field: (?P<name>.*)", gettext_lazy("There is no field “%(name)s”.")),
    (
        r"(?P<name>\w+): one of at_least",
        gettext_lazy("%(name)s: exactly one of at_least, at_most, in and is is needed."),
    ),
    (
        r"(?P<name>\w+) is a \w+: (?P<test>\w+) does not fit",
        gettext_lazy("%(name)s cannot be asked with “%(test)s”."),
    ),
    (
        r"(?P<name>\w+) is a \w+: every value",
        gettext_lazy("%(name)s: the values of “in” are of another kind."),
    ),
    (
        r"the draft was changed since",
        gettext_lazy("The draft was changed after the question was asked."),
    ),
    (r"unknown effect '(?P<name>.*)'", gettext_lazy("There is no effect “%(name)s”.")),
    (r"unknown tag '(?P<name>.*)'", gettext_lazy("There is no tag “%(name)s”.")),
)


def told(kind: str, message: str, values: Iterable[tuple[str, str]] = ()) -> Told:
    """A mistake by its kind, by the English sentence that came with it, and by its values."""
    if kind == "yaml":
        return Told(_matched(_YAML, message) or str(_NO_YAML), message)
    known = _KINDS.get(kind)
    if known is not None:
        given = dict(values)
        if "expected" in given:  # "'law', 'policy' or 'none'" in English
            named = re.findall(r"'([^']*)'", given["expected"]) or [given["expected"]]
            given["expected"] = ", ".join(named)
        try:
            return Told(str(known) % given)
        except KeyError:
            return Told(_unnamed(), message)
    return Told(_matched(_OWN, message) or _unnamed(), message)


def told_failure(message: str) -> Told:
    """Why work on a document broke off; what nobody put into words is in the raw text alone."""
    return Told(_matched(_OWN, message), message)


def _unnamed() -> str:
    return _("This value does not fit here.")


def _matched(table: tuple[tuple[str, Text], ...], message: str) -> str:
    for pattern, text in table:
        found = re.search(pattern, message)
        if found is not None:
            return str(text) % found.groupdict() if found.groupdict() else str(text)
    return ""
