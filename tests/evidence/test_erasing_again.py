"""A backup from before an erasure is restored: it does not know the request, an export does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audiences.models import Customer, CustomerNumber
from audit.models import Entry
from audit.verifying import verify
from clock.reading import now
from compliance import merging
from compliance.models import Suppression
from evidence import erasing
from evidence.models import ErasureRequest
from robot.models import Turn
from tests.audit.test_books import seal_all
from tests.evidence.conftest import Evening
from tests.evidence.test_blanking import lines_left
from tests.evidence.test_erasing import asked, signed
from tests.evidence.test_one_person import another_record
from tests.roles import as_attacker

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(slots=True)
class Restored:
    """The database as it was before the erasure; and the export from after it."""

    evening: Evening
    export: Path


def everything() -> dict[str, list[Any]]:
    """All rows of all tables: a backup."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT"
            " c.relispartition AND c.relnamespace = 'public'::regnamespace"
        )
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{name}" t')  # noqa: S608
            found[name] = [row[0] for row in cursor.fetchall()]
    return found


def restore(backup: dict[str, list[Any]]) -> None:
    """Nothing stays that the backup does not hold."""
    with as_attacker(), connection.cursor() as cursor:
        for name, rows in backup.items():
            cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608
            cursor.execute(
                "SELECT string_agg(format('%%I', attname), ', ') FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = ''",
                [f'"{name}"'],
            )
            columns = cursor.fetchone()[0]
            cursor.execute(
                f'INSERT INTO "{name}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns}'  # noqa: S608
                f' FROM jsonb_populate_recordset(NULL::"{name}", %s::jsonb)',
                [f"[{','.join(rows)}]"],
            )


@pytest.fixture
def went_back(evening: Evening, tmp_path: Path) -> Callable[[Callable[[], object]], Restored]:
    """A backup is made, something happens, the audit is exported, the backup is restored."""

    Customer.objects.update(created_at=now() - timedelta(days=30))

    def go_back(happens: Callable[[], object]) -> Restored:
        backup, file = everything(), tmp_path / "chain.jsonl"
        happens()
        seal_all()
        call_command("audit", "export", str(file), "--chain-only")
        restore(backup)
        return Restored(evening, file)

    return go_back


def erase_again(file: Path | None = None) -> str:
    said = io.StringIO()
    arguments = [] if file is None else ["--from", str(file)]
    call_command("evidence", "erase-again", *arguments, stdout=said)
    return said.getvalue()


WentBack = Callable[[Callable[[], object]], Restored]


def test_who_was_erased_after_the_backup_is_erased_by_the_export(
    evening: Evening, went_back: WentBack
) -> None:
    found = went_back(lambda: signed(asked(evening), evening.second_officer))
    assert Customer.objects.get(pk=evening.cast.wang.pk).name == "王芳"
    assert not ErasureRequest.objects.exists()
    assert Turn.objects.exclude(text="").exists()
    assert erase_again() == "0 people erased again\n"
    assert erase_again(found.export) == "1 people erased again\n"
    assert lines_left() == []
    assert not Turn.objects.exclude(text="").exists()
    assert not CustomerNumber.objects.filter(customer=evening.cast.wang).exists()
    assert Suppression.objects.filter(via="erasure", lifted_at__isnull=True).count() == 2
    assert erasing.erased_on(evening.cast.wang.pk) is not None
    seal_all()
    assert verify().whole


def test_the_restored_record_names_them_for_the_next_time(
    evening: Evening, went_back: WentBack, tmp_path: Path
) -> None:
    found = went_back(lambda: signed(asked(evening), evening.second_officer))
    backup = everything()
    erase_again(found.export)
    later = tmp_path / "later.jsonl"
    seal_all()
    call_command("audit", "export", str(later), "--chain-only")
    restore(backup)
    assert erase_again(later) == "1 people erased again\n"
    assert lines_left() == []


def test_a_merge_that_the_backup_does_not_know_is_erased_on_both_records(
    evening: Evening, went_back: WentBack
) -> None:
    wang, li = evening.cast.wang, evening.cast.li
    other = another_record(evening)
    Customer.objects.update(created_at=now() - timedelta(days=30))

    def merged_and_erased() -> None:
        merging.merge(kept_id=other.pk, gone_id=wang.pk, reason="x", actor_id=None, at=now())
        signed(asked(evening), evening.second_officer)

    found = went_back(merged_and_erased)
    assert Customer.objects.get(pk=wang.pk).merged_into_id is None
    assert erase_again(found.export) == "1 people erased again\n"
    assert lines_left() == []
    wishes = Suppression.objects.filter(via="erasure").values_list("customer_id", flat=True)
    assert {wang.pk, other.pk} <= set(wishes)
    assert Customer.objects.get(pk=li.pk).name == "李建国"


def test_a_customer_who_has_got_the_number_of_an_erased_record_is_left_alone(
    evening: Evening, went_back: WentBack
) -> None:
    found = went_back(lambda: signed(asked(evening), evening.second_officer))
    wang = Customer.objects.filter(pk=evening.cast.wang.pk)
    wang.update(created_at=now() + timedelta(days=1), name="新客户")
    assert erase_again(found.export) == "0 people erased again\n"
    assert wang.get().name == "新客户"


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"entry": {"kind": "person.erased"}}',
        json.dumps(
            {
                "entry": {
                    "id": 1, "at": "2026-03-10T06:00:00.000000Z", "kind": "person.erased",
                    "actor": None, "subject": "customer:1", "payload": {"request": 1}, "hash": "0",
                }
            }
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_erases_nobody(
    evening: Evening, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "chain.jsonl"
    file.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="line 1"):
        erase_again(file)
    with pytest.raises(CommandError, match="cannot be used"):
        erase_again(tmp_path / "missing")
    assert not Entry.objects.filter(kind="person.erased").exists()
