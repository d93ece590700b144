"""Equal files are one file for many rows: whoever keeps one and whoever deletes it wait in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from clock.reading import now
from database.kept_files import delete_file, keep_file
from robot.models import VoiceClip

pytestmark = pytest.mark.django_db(transaction=True)

SHA = "c" * 64


def write_row(key: str) -> None:
    VoiceClip.objects.create(
        key=key, sha256=SHA, text="", source="value", mime="audio/wav", seconds=1, size=1,
        made_at=now(),
    )  # fmt: skip


def wanted() -> bool:
    return VoiceClip.objects.filter(sha256=SHA).exists()


def made(folder: Path, name: str = "made") -> Path:
    file = folder / name
    file.write_text("sound")
    return file


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def wait_until_somebody_waits() -> None:
    until = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_a_file_that_is_being_kept_again_is_not_deleted(tmp_path: Path) -> None:
    """The old row is gone; an equal file is in its place, its row not committed yet."""
    place = tmp_path / "cc" / SHA
    placed, finish = threading.Event(), threading.Event()

    def keep() -> None:
        with transaction.atomic():
            keep_file(made(tmp_path), place)
            placed.set()
            finish.wait(20)
            write_row("new")

    keeper, _ = in_thread(keep)
    assert placed.wait(20)
    deleter, deleted = in_thread(lambda: delete_file(place, wanted=wanted))
    wait_until_somebody_waits()
    finish.set()
    keeper.join()
    deleter.join()
    assert deleted == [False]
    assert place.read_text() == "sound"


def test_a_file_that_is_being_deleted_is_put_there_afterwards(tmp_path: Path) -> None:
    """The deleter has seen that no row is left, and has not deleted yet."""
    place = tmp_path / "cc" / SHA
    with transaction.atomic():
        keep_file(made(tmp_path), place)
    looked, finish = threading.Event(), threading.Event()

    def wanted_then() -> bool:
        found = wanted()
        looked.set()
        finish.wait(20)
        return found

    def keep() -> None:
        with transaction.atomic():
            keep_file(made(tmp_path, "again"), place)
            write_row("new")

    deleter, deleted = in_thread(lambda: delete_file(place, wanted=wanted_then))
    assert looked.wait(20)
    keeper, _ = in_thread(keep)
    wait_until_somebody_waits()
    finish.set()
    deleter.join()
    keeper.join()
    assert deleted == [True]
    assert place.read_text() == "sound"
    assert wanted()


def test_keepers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    place = tmp_path / "cc" / SHA
    with transaction.atomic():
        keep_file(made(tmp_path), place)

        def keep() -> bool:
            with transaction.atomic():
                keep_file(made(tmp_path, "again"), place)
            return True

        keeper, kept = in_thread(keep)
        keeper.join(20)
        assert kept == [True]


def test_it_takes_a_transaction(tmp_path: Path) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        keep_file(made(tmp_path), tmp_path / "x")
