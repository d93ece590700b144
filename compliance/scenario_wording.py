"""What is wrong with a scenario file, or doubtful in it, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.document_wording import told
from compliance.pack_source import Located

_KINDS: dict[str, str | Promise] = {
    "unreadable_file": gettext_lazy("The file cannot be read."),
    "no_such_pack": gettext_lazy("There is no pack “%(word)s”."),
    "no_pack_files": gettext_lazy("Here a scenario names shipped packs only, and no file."),
    "pack_or_packs": gettext_lazy("Either pack or packs, not both."),
    "number_for_time": gettext_lazy("A number is no time. Write it like 2026-01-31 09:00:00."),
    "number_for_date": gettext_lazy("A number is no date. Write it like 2026-01-31."),
    "of_another": gettext_lazy(
        "“customer” goes with “of: customer”, and “number” with “of: number”."
    ),
    "released": gettext_lazy(
        "An attempt that was taken back does not count: leave it out, and what takes it back."
    ),
    "unread_hours": gettext_lazy(
        "No rule here reads what a campaign did in %(word)s hours. Read are: %(read)s."
    ),
    "unread_counts": gettext_lazy("No rule here reads what a campaign did."),
    "unknown_region": gettext_lazy(
        "“%(word)s” is no region: write CN-33, US-FL or GB-ENG, and null where it is not known."
    ),
    "unknown_zone": gettext_lazy("There is no time zone “%(word)s”."),
    "unknown_outcome": gettext_lazy("No rule reads the outcome “%(word)s”."),
    "unknown_family": gettext_lazy("Nothing else names the family of products “%(word)s”."),
    "unknown_segment": gettext_lazy("Nothing else names the group of customers “%(word)s”."),
    "unknown_list": gettext_lazy("Nothing else names the no-call list “%(word)s”."),
    "unknown_attribute": gettext_lazy("Nothing else names the attribute “%(word)s”."),
}


def sentence(file: str, located: Located) -> str:
    """ "policy.yaml, line 7, scenarios › 2 › at: This is no time. …" in the reader's language."""
    place = " › ".join(_step(step) for step in located.problem.path)
    where = _("%(file)s, line %(line)s") % {"file": file, "line": located.line}
    return f"{where}{f' ({place})' if place else ''}: {text(located)}"


def text(located: Located) -> str:
    """What is wrong, and the word that was probably meant."""
    problem = located.problem
    values = dict(problem.values)
    own = _KINDS.get(problem.kind)
    if own is not None:
        found = str(own) % values
    else:
        mistake = told(problem.kind, problem.message, problem.values)
        found = f"{mistake.text} [{mistake.raw}]" if mistake.raw else mistake.text
    near = values.get("near")
    if not near:
        return found
    return _("%(text)s Did you mean “%(near)s”?") % {"text": found, "near": near}


def _step(step: str | int) -> str:
    return str(step + 1) if isinstance(step, int) else step
