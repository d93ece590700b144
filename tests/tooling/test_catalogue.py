"""The Chinese catalogue against the sources: every text people see is there, and says the same."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
import pytest
from django.apps import apps
from django.utils.translation import override
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
#: What is no source of ours, and what nobody reads on a screen.
SKIPPED = {"tests", "bench", "carrier", "docs", "static", "staticfiles", "node_modules"}

#: How many leading arguments of a call are texts, by the function's name without `_lazy`/`_noop`.
ARGUMENTS = {"_": 1, "gettext": 1, "ngettext": 2, "pgettext": 2, "npgettext": 3}
QUOTED = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
TEMPLATE_CALL = re.compile(rf"(?<!\w)(_|n?p?gettext)\(({QUOTED}(?:, {QUOTED})*)(?:, count)?\)")
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[sd]|%[sd]|\{\w*\}")
CHINESE = re.compile(r"[一-鿿]")


class Text(NamedTuple):
    """A text as a source asks for it, and where."""

    context: str | None
    singular: str
    plural: str | None
    where: str


def text_of(function: str, arguments: list[str], where: str) -> Text:
    """The call of a translating function, as a Text."""
    context = arguments.pop(0) if "pgettext" in function else None
    return Text(context, arguments[0], arguments[1] if len(arguments) > 1 else None, where)


def in_python(path: Path) -> Iterator[Text]:
    """Literal texts; what is looked up by a variable was marked with gettext_noop."""
    source = path.read_text()
    if "gettext" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        function = name.removesuffix("_lazy").removesuffix("_noop")
        count = ARGUMENTS.get(function)
        if count is None:
            continue
        texts = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant)]
        if len(texts) == count:
            yield text_of(function, [str(t) for t in texts], f"{path.name}:{node.lineno}")


def in_template(path: Path) -> Iterator[Text]:
    """Texts as makemessages finds them: Django's own reading of a template, without xgettext."""
    for function, arguments in TEMPLATE_CALL.findall(templatize(path.read_text())):
        texts = ast.literal_eval(f"[{arguments}]")
        yield text_of(function, texts, str(path.relative_to(ROOT)))


def in_sources() -> Iterator[Text]:
    """Every text of the project."""
    for folder in sorted(ROOT.iterdir()):
        if folder.name.startswith(".") or folder.name in SKIPPED or not folder.is_dir():
            continue
        for path in sorted(folder.rglob("*.py")):
            yield from in_python(path)
        for path in sorted(folder.rglob("*.html")):
            yield from in_template(path)


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return list(in_sources())


@pytest.fixture(scope="module")
def catalogue() -> dict[tuple[str | None, str], polib.POEntry]:
    return {
        (entry.msgctxt, entry.msgid): entry
        for entry in polib.pofile(str(CATALOGUE))
        if not entry.obsolete
    }


def chinese_of(entry: polib.POEntry) -> str:
    """The translation; Chinese has one form for every number."""
    return str(entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr)


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def test_sources_of_every_kind_are_read(texts: list[Text]) -> None:
    assert len(texts) > 500
    assert any(text.plural for text in texts)
    assert {text.where.rpartition(".")[2].partition(":")[0] for text in texts} == {"py", "html"}


def test_every_text_has_a_chinese_translation(
    texts: list[Text], catalogue: dict[tuple[str | None, str], polib.POEntry]
) -> None:
    missing = {
        f"{text.singular!r} ({text.where})"
        for text in texts
        if (entry := catalogue.get((text.context, text.singular))) is None
        or not entry.translated()
        or (text.plural or "") not in ("", entry.msgid_plural)
    }
    assert not missing, "makemessages -l zh_Hans, then translate: " + "\n".join(sorted(missing))


def test_every_choice_of_a_model_has_a_chinese_label(
    catalogue: dict[tuple[str | None, str], polib.POEntry],
) -> None:
    """Labels made from enums are no literals in the models: config/choice_texts.py lists them."""
    ours = [app for app in apps.get_app_configs() if Path(app.path).parent == ROOT]
    with override(None):
        labels = {
            str(label)
            for app in ours
            for model in app.get_models()
            for field in model._meta.fields
            for _, label in field.flatchoices
        }
    assert {label for label in labels if (None, label) not in catalogue} == set()


def test_translations_keep_the_placeholders(
    catalogue: dict[tuple[str | None, str], polib.POEntry],
) -> None:
    different = [
        entry.msgid
        for entry in catalogue.values()
        if placeholders(chinese_of(entry)) != placeholders(entry.msgid_plural or entry.msgid)
    ]
    assert different == []


def test_translations_are_chinese_and_end_as_the_english_does(
    catalogue: dict[tuple[str | None, str], polib.POEntry],
) -> None:
    ends = {".": "。", "?": "？", ":": "：", "…": "…"}
    wrong = [
        entry.msgid
        for entry in catalogue.values()
        if not CHINESE.search(chinese_of(entry))
        or ends.get(entry.msgid.replace("...", "…")[-1], "") not in chinese_of(entry)[-1]
    ]
    assert wrong == []
