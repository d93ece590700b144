"""An export is checked without us: by a file that knows nothing of Sanshi, with -I and -S."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from audit import verify_export
from audit.exporting import proof
from audit.models import Entry, Seal
from tests.audit.test_record import note, seal

pytestmark = pytest.mark.django_db(transaction=True)

PROGRAM = Path(verify_export.__file__)


def check(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """Three seals of three entries, anchored, and exported to the file given back."""
    for batch in range(3):
        for number in range(3):
            note(batch * 10 + number, words="适", share=0.25, big=2**60)
        seal()
    call_command("audit", "seal", "--anchor", str(tmp_path / "heads"))
    file = tmp_path / "chain.jsonl"
    call_command("audit", "export", str(file))
    return file


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def write_lines(file: Path, lines: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def test_a_whole_export_fits(chain: Path) -> None:
    done = check(chain, "--anchor", str(chain.parent / "heads"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "3 seals, 9 entries, 0 rows of other ledgers, 0 not sealed yet\neverything fits\n"
    )


def test_a_part_of_the_chain_fits_too(chain: Path) -> None:
    middle = str(Seal.objects.order_by("id")[1].pk)
    call_command("audit", "export", str(chain), "--from-seal", middle, "--to-seal", middle)
    done = check(chain)
    assert (done.returncode, done.stdout[:18]) == (0, "1 seals, 3 entries")


@pytest.mark.parametrize(
    ("place", "name", "value", "said"),
    [
        (2, "payload", {"words": "不"}, "entry_changed"),
        (2, "actor", 9, "entry_changed"),
        (2, "hash", "0" * 64, "batch_changed"),
        (5, "root", "0" * 64, "seal_changed"),
        (5, "previous", "0" * 64, "seal_changed"),
    ],
)
def test_a_change_is_named(chain: Path, place: int, name: str, value: object, said: str) -> None:
    lines = lines_of(chain)
    document = lines[place].get("entry") or lines[place]["seal"]
    document[name] = value
    write_lines(chain, lines)
    done = check(chain)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.parametrize("places", [[1], [3], [5], [5, 6, 7, 8]])
def test_what_is_left_out_is_missed(chain: Path, places: list[int]) -> None:
    lines = lines_of(chain)
    write_lines(chain, [line for place, line in enumerate(lines) if place not in places])
    assert check(chain).returncode == 1


def test_an_end_that_was_cut_off_lacks_an_anchored_head(chain: Path) -> None:
    write_lines(chain, lines_of(chain)[:9])
    assert check(chain).returncode == 0
    done = check(chain, "--anchor", str(chain.parent / "heads"))
    assert (done.returncode, done.stderr[:12]) == (1, "head_missing")


def test_a_part_needs_a_head_of_its_own(chain: Path) -> None:
    first, middle, _last = (str(seal.pk) for seal in Seal.objects.order_by("id"))
    call_command("audit", "export", str(chain), "--from-seal", first, "--to-seal", middle)
    done = check(chain, "--anchor", str(chain.parent / "heads"))
    assert (done.returncode, "none in this part" in done.stderr) == (1, True)


def test_what_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not JSON")
    assert check(file).returncode == 2


def test_one_entry_is_proved_alone(chain: Path) -> None:
    note(99)  # not sealed yet
    chosen = Entry.objects.filter(subject__in=["thing:11", "thing:99"])
    document = proof(list(chosen.values_list("id", flat=True)))
    file = chain.parent / "proof.json"
    file.write_text(json.dumps(document))
    done = check(file, "--anchor", str(chain.parent / "heads"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("2 seals, 2 entries, 0 rows of other ledgers, 1 not sealed yet")
    document["entries"][0]["payload"]["words"] = "不"
    file.write_text(json.dumps(document))
    assert check(file).returncode == 1
