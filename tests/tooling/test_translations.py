from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest

from config import translations

CATALOGUE = """\
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

msgid "Accept"
msgstr "接听"

#, fuzzy
msgid "Return"
msgstr "回来"

msgid "Pause"
msgstr ""
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(CATALOGUE)
    return tmp_path


def translate(root: Path, text: str) -> str:
    return gettext.translation("django", root / "locale", ["zh_Hans"]).gettext(text)


def test_a_catalogue_is_compiled_and_doubtful_entries_stay_out(root: Path) -> None:
    assert len(translations.compile_all(root)) == 1
    assert translate(root, "Accept") == "接听"
    assert translate(root, "Return") == "Return"


def test_only_a_changed_catalogue_is_compiled_again(root: Path) -> None:
    (source,) = translations.compile_all(root)
    assert translations.compile_all(root) == []
    later = source.with_suffix(".mo").stat().st_mtime + 10
    os.utime(source, (later, later))
    assert translations.compile_all(root) == [source]


def test_missing_and_doubtful_translations_are_listed(root: Path) -> None:
    assert [msgid for _source, msgid in translations.missing(root)] == ["Return", "Pause"]


def test_the_shipped_catalogues_can_be_read() -> None:
    translations.compile_all()
