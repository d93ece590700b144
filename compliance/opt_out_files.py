"""Refusals that come in a file: customers' ids or numbers, in force as each chunk is committed.

Each chunk takes at most 500 of the gate's locks and writes its entries together with how far the
file has come; its evidence is the file's fingerprint and the row. Brought in on the page, a file is
looked at first (opt_out_previewing.py) and waits for one click; commands carry it out at once.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.models import Customer
from audiences.opening import fingerprint, open_table
from audiences.wording import kept_fault
from audit.recording import record
from clock.reading import now
from compliance import opting_out
from compliance.domain.opt_out_file_state import OFFERED_FOR, OptOutFileState, sources
from compliance.domain.register_rows import CUSTOMER, Read, reader_for
from compliance.locking import keys_of, take
from compliance.models import OptOutFile, OptOutRejection, Suppression
from database.session_locks import alone

#: Keys of the gate in one transaction.
LOCKS = 500
#: First key of the lock by which one worker carries out a file; the second is the file's id.
RUN_LOCK = 0x4F50544F
UNKNOWN = "unknown_customer"


class _Row(NamedTuple):
    """A row to carry out: whom it names; `reason` when something in it could not be read."""

    number: int
    whom: tuple[opting_out.Who, ...]
    reason: str | None


def receive(
    source: BinaryIO, *, file_name: str, via: str, maker: User, offered: bool = False
) -> OptOutFile:
    """Keep an uploaded file, to be carried out or (`offered`) to be looked at and confirmed first.

    The same content again is the file of before; one that was dropped, or not confirmed yet, takes
    what is said now. Raises FileFault TOO_LARGE, and keeps nothing.
    """
    path, sha256 = _keep(source, file_name)
    at = now()
    state = OptOutFileState.OFFERED if offered else OptOutFileState.UPLOADED
    said = {
        "file_name": file_name[:200],
        "path": str(path),
        "via": via[:20],
        "maker": maker,
        "created_at": at,
        "state": state.value,
    }
    with transaction.atomic():
        file, made = OptOutFile.objects.get_or_create(sha256=sha256, defaults=said)
        before = file.path
        untouched = [OptOutFileState.OFFERED.value, OptOutFileState.DROPPED.value]
        again = not made and OptOutFile.objects.filter(pk=file.pk, state__in=untouched).update(
            **said, finished_at=None
        )
        if made or again:
            file.refresh_from_db()
            _note(state, file, maker.pk)
    if again:
        Path(before).unlink(missing_ok=True)
    elif not made:
        path.unlink()
    return file


def _keep(source: BinaryIO, file_name: str) -> tuple[Path, str]:
    folder = settings.MEDIA_ROOT / "opt-outs"
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / f"{uuid.uuid4()}{Path(file_name).suffix[:8].lower()}"
    with path.open("wb") as kept:
        shutil.copyfileobj(source, kept, 1 << 20)
    size = path.stat().st_size
    if size > settings.IMPORT_MAX_BYTES:
        path.unlink()
        raise FileFault(FileFaultCode.TOO_LARGE, detail=f"{size} > {settings.IMPORT_MAX_BYTES}")
    return path, fingerprint(path)


@transaction.atomic
def confirm(file: OptOutFile, *, actor: User) -> bool:
    """Carry out a file that was looked at (by a worker: the caller sends it). False: too late."""
    at = now()
    moved = OptOutFile.objects.filter(
        pk=file.pk, state=OptOutFileState.OFFERED.value, created_at__gt=at - OFFERED_FOR
    ).update(state=OptOutFileState.UPLOADED.value)
    if moved:
        _note(OptOutFileState.UPLOADED, file, actor.pk)
    return moved == 1


@transaction.atomic
def drop(file: OptOutFile, *, actor: User | None) -> bool:
    """Throw away a file that was not confirmed, and what it held. False: somebody was faster."""
    moved = OptOutFile.objects.filter(pk=file.pk, state=OptOutFileState.OFFERED.value).update(
        state=OptOutFileState.DROPPED.value, finished_at=now()
    )
    if moved:
        _note(OptOutFileState.DROPPED, file, actor.pk if actor is not None else None)
        transaction.on_commit(partial(Path(file.path).unlink, missing_ok=True))
    return moved == 1


def waiting() -> QuerySet[OptOutFile]:
    """Files that wait for their confirmation; those that nobody confirmed in time are dropped."""
    offered = OptOutFile.objects.filter(state=OptOutFileState.OFFERED.value)
    for late in offered.filter(created_at__lte=now() - OFFERED_FOR):
        drop(late, actor=None)
    return offered


def run(file_id: int) -> OptOutFile:
    """Carry out a file to its end. One that is done, or that another worker runs, is left alone.

    A fault of the file ends in FAILED with the fault in `error`; any other error also, as
    INTERRUPTED, and is raised. What was carried out before holds.
    """
    with alone(RUN_LOCK, file_id) as mine:
        file = OptOutFile.objects.get(pk=file_id)
        if mine and _begin(file):
            _run(file)
            file.refresh_from_db()
    return file


def _begin(file: OptOutFile) -> bool:
    started = OptOutFile.objects.filter(
        pk=file.pk, state__in=sources(OptOutFileState.RUNNING)
    ).update(state=OptOutFileState.RUNNING.value, error="")
    return started == 1


def _run(file: OptOutFile) -> None:
    try:
        for chunk in _chunks(file):
            _carry_out(file, chunk)
        if file.rows_read == 0:
            raise FileFault(FileFaultCode.NO_ROWS)
    except FileFault as fault:
        _finish(file, OptOutFileState.FAILED, kept_fault(fault))
    except Exception:
        _finish(file, OptOutFileState.FAILED, kept_fault(FileFault(FileFaultCode.INTERRUPTED)))
        raise
    else:
        _finish(file, OptOutFileState.DONE, "")


def _chunks(file: OptOutFile) -> Iterator[list[_Row]]:
    """Rows that take at most LOCKS keys together."""
    chunk: list[_Row] = []
    keys = 0
    for row in _rows(file):
        wanted = sum(who.keys for who in row.whom)
        if chunk and keys + wanted > LOCKS:
            yield chunk
            chunk, keys = [], 0
        chunk.append(row)
        keys += wanted
    if chunk:
        yield chunk


def _rows(file: OptOutFile) -> Iterator[_Row]:
    for number, found in readings(file, after=file.last_row):
        yield _row(number, found)


def readings(file: OptOutFile, *, after: int = 0) -> Iterator[tuple[int, Read]]:
    """What each row after that one gave, with its number; empty rows are left out.

    Raises FileFault.
    """
    path = Path(file.path)
    if not path.is_file() or fingerprint(path) != file.sha256:
        raise FileFault(FileFaultCode.DAMAGED, detail="sha256")
    today = now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    with open_table(path) as rows:
        first = next(rows, (1, []))
        reader = reader_for(first[1], today=today)
        for number, cells in rows if reader.headed else chain([first], rows):
            found = reader.read(cells) if number > after else None
            if found is not None:
                yield number, found


def _row(number: int, found: Read) -> _Row:
    reason = found.reason
    whom = []
    for entry in found.entries:
        try:
            whom.append(_who(entry.key))
        except opting_out.UnknownCustomer:
            reason = reason or UNKNOWN
    return _Row(number, tuple(whom), reason)


def _who(key: str) -> opting_out.Who:
    if key.startswith(CUSTOMER):
        return opting_out.who(bank_id=key.removeprefix(CUSTOMER), number=None)
    return opting_out.who(bank_id=None, number=key)


@transaction.atomic
def _carry_out(file: OptOutFile, chunk: list[_Row]) -> None:
    """One chunk: all of its locks first, in order; then its entries and how far we are."""
    at = now()
    everybody = [who for row in chunk for who in row.whom]
    take(
        keys_of(
            customer_ids=[customer for who in everybody for customer in who.customers],
            number_ids=[who.number for who in everybody],
        )
    )
    written = _Written.of(file, everybody)
    for row in chunk:
        evidence = {"file": file.file_name, "sha256": file.sha256, "row": row.number}
        new = [left for who in row.whom if (left := written.left_of(who)).keys]
        for who in new:
            entries = opting_out.opt_out(
                who, via=file.via, evidence=evidence, at=at, actor_id=file.maker_id
            )
            file.entries += len(entries)
            file.people += len(who.customers)
        file.rows_repeated += bool(row.whom) and not new
    rejected = [(row.number, row.reason) for row in chunk if row.reason is not None]
    OptOutRejection.objects.bulk_create(
        OptOutRejection(file=file, row=number, reason=reason) for number, reason in rejected
    )
    file.rows_read += len(chunk)
    file.rows_rejected += len(rejected)
    file.last_row = chunk[-1].number
    file.save(
        update_fields=[
            "entries", "people", "rows_read", "rows_rejected", "rows_repeated", "last_row",
        ]
    )  # fmt: skip


class _Written:
    """Who of a chunk has an entry from this file: nobody gets two, in whatever run or chunk."""

    def __init__(self, people: set[int], numbers: set[int], kept: dict[int, int]) -> None:
        self._people, self._numbers, self._kept = people, numbers, kept

    @classmethod
    def of(cls, file: OptOutFile, everybody: list[opting_out.Who]) -> _Written:
        """As the rows before this chunk left it."""
        customers = {pk for who in everybody for pk in who.customers}
        # a refusal is written for the record that stands for the person
        merged = Customer.objects.filter(pk__in=customers, merged_into__isnull=False)
        kept = dict(merged.values_list("pk", "merged_into_id"))
        people = {kept.get(pk, pk) for pk in customers}
        numbers = {who.number for who in everybody if who.number is not None}
        ours = Suppression.objects.filter(evidence__sha256=file.sha256)
        return cls(
            set(ours.filter(customer_id__in=people).values_list("customer_id", flat=True)),
            set(ours.filter(number_id__in=numbers).values_list("number_id", flat=True)),
            kept,
        )

    def left_of(self, who: opting_out.Who) -> opting_out.Who:
        """What of it is still to be written; from now on it counts as written."""
        people = {self._kept.get(pk, pk) for pk in who.customers} - self._people
        number = who.number if who.number not in self._numbers else None
        self._people |= people
        if number is not None:
            self._numbers.add(number)
        return opting_out.Who(tuple(sorted(people)), number)


def _finish(file: OptOutFile, new: OptOutFileState, error: str) -> None:
    at: datetime = now()
    with transaction.atomic():
        OptOutFile.objects.filter(pk=file.pk, state=OptOutFileState.RUNNING.value).update(
            state=new.value, error=error, finished_at=at
        )
        _note(
            new,
            file,
            file.maker_id,
            rows=file.rows_read,
            rejected=file.rows_rejected,
            repeated=file.rows_repeated,
            entries=file.entries,
        )


def _note(step: OptOutFileState, file: OptOutFile, actor_id: int | None, **counts: int) -> None:
    record(
        kind=f"opt_out_file.{step.value}",
        actor_id=actor_id,
        subject=f"opt_out_file:{file.pk}",
        payload={"sha256": file.sha256, **counts},
    )
