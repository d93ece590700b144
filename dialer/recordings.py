"""Recordings of calls: every call is recorded, for every script says so, and the sound is ours.

The carrier tells that it has one; a worker fetches it, keeps it under its own hash, writes the hash
to the audit and has the carrier delete its copy. What could not be fetched is tried again, at
longer and longer intervals for almost three days; then it is LOST, and stays on the list in the
admin until a person has tried again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import django_rq
import redis
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import Coalesce

from audit.recording import record
from clock.reading import now, real
from compliance.holding import held, lock, numbers_held
from database.kept_files import delete_file, keep_file
from dialer.domain.recording_state import RecordingState, sources
from dialer.models import Call, Recording
from telephony import recorded
from telephony.controlling import ControlFailed

log = logging.getLogger(__name__)

#: So often it is tried, each time after twice the pause (real time); then it is lost.
TRIES = 12
FIRST_PAUSE = timedelta(minutes=1)
#: A job that has not come to its end by then is brought again (real time).
LEASE = timedelta(minutes=5)
#: Of a call that is about no product.
LONGEST_YEARS = 20
#: The first bytes of every WAV file.
_WAV = b"RIFF"
_SHORTEST = 44
_TIMEOUT_S = 300


def announced(call: Call, params: Mapping[str, str], *, at: datetime) -> Recording | None:
    """The carrier tells of a recording of this call; a second telling changes nothing."""
    sid, status = params.get("RecordingSid", ""), params.get("RecordingStatus", "")
    if not sid.startswith("RE") or status not in ("completed", "absent"):
        log.warning("call %s: a recording %r that is %r", call.public_id, sid[:34], status)
        return None
    state = RecordingState.ANNOUNCED if status == "completed" else RecordingState.ABSENT
    seconds, channels = params.get("RecordingDuration", ""), params.get("RecordingChannels", "")
    found, is_new = Recording.objects.get_or_create(
        sid=sid[:34],
        defaults={
            "call": call,
            "state": state.value,
            "seconds": int(seconds) if seconds.isdigit() else 0,
            "channels": 2 if channels == "2" else 1,
            "announced_at": at,
            "tried_at": real(),
        },
    )
    if is_new and state is RecordingState.ANNOUNCED:
        transaction.on_commit(lambda: _enqueue([found.pk]))
    return found


def keep(recording_id: int) -> bool:
    """Fetch one recording and keep it; True when it is kept now. Not inside a transaction.

    The file is there before the row says so, and its name is held until it does: a row that says
    KEPT has its file, whoever deletes an equal one meanwhile.
    """
    found = Recording.objects.filter(pk=recording_id).first()
    if found is None or found.state not in sources(RecordingState.KEPT):
        return False
    try:
        made, sha256, size = _fetched(found.sid)
    except recorded.NotFetched as error:
        _failed(found, error)
        return False
    try:
        kept = _keep(found, made, sha256, size)
    finally:
        made.unlink(missing_ok=True)
    if kept:
        leave(found)
    return kept


def _keep(found: Recording, made: Path, sha256: str, size: int) -> bool:
    with transaction.atomic():
        keep_file(made, file_of(sha256))
        kept = Recording.objects.filter(pk=found.pk, state__in=sources(RecordingState.KEPT)).update(
            state=RecordingState.KEPT.value, sha256=sha256, size=size, kept_at=now()
        )
        if not kept:  # erased meanwhile, or kept by another worker
            transaction.on_commit(lambda: _delete([sha256]))
            return False
        record(
            kind="call.recording_kept",
            actor_id=None,
            subject=f"call:{found.call.public_id}",
            payload={"recording": found.sid, "sha256": sha256, "size": size},
        )
    return True


def leave(found: Recording) -> bool:
    """Have the carrier delete its copy; tried again by the sweep when it fails."""
    try:
        recorded.delete(found.sid)
    except ControlFailed as error:
        log.warning("recording %s is still with the carrier: %s", found.sid, error)
        return False
    return bool(Recording.objects.filter(pk=found.pk, left_at=None).update(left_at=real()))


def bring_again(*, real_now: datetime) -> int:
    """Send again for what is still to be fetched, or to be deleted at the carrier; how many."""
    waiting = Q(state=RecordingState.ANNOUNCED.value) | Q(state__in=_OURS, left_at=None)
    stale = Recording.objects.filter(waiting, tried_at__lt=real_now - LEASE).order_by("tried_at")
    due = [
        pk
        for pk, tries, tried_at in stale.values_list("pk", "tries", "tried_at")[:_AT_ONCE]
        if tried_at is not None and tried_at < real_now - _pause(tries)
    ]
    if due:
        Recording.objects.filter(pk__in=due).update(tried_at=real_now)
        _enqueue(due)
    return len(due)


#: What one sweep brings again.
_AT_ONCE = 200
#: Fewer, for the locks of all their people are held meanwhile.
_EXPIRED_AT_ONCE = 50
_OURS = [
    RecordingState.KEPT.value,
    RecordingState.ERASED.value,
    RecordingState.EXPIRED.value,
]


def fetch_again(recording_ids: Iterable[int]) -> int:
    """Try once more for those that were lost; returns how many."""
    lost = Recording.objects.filter(
        pk__in=list(recording_ids), state=RecordingState.LOST.value
    ).values_list("pk", flat=True)
    ids = list(lost)
    _enqueue(ids)
    return len(ids)


def fetch(recording_id: int) -> None:
    """The job: fetch and keep, or finish what was left of that."""
    close_old_connections()
    found = Recording.objects.filter(pk=recording_id).first()
    if found is not None and found.state in _OURS:
        if found.left_at is None:
            leave(found)
        return
    keep(recording_id)


def file_of(sha256: str) -> Path:
    """Where a recording lies."""
    return Path(settings.MEDIA_ROOT) / "recordings" / sha256[:2] / f"{sha256}.wav"


def erase(call_ids: Iterable[int]) -> int:
    """Erase the recordings of these calls, rows and files; how many. In the caller's transaction:
    the files go when it has committed.
    """
    return _end(call_ids, RecordingState.ERASED)


def expire(at: datetime) -> int:
    """Delete the recordings whose term is over (their product says how many years; a call about
    none: the longest there is); how many. A legal hold on the customer or the number stops it.
    """
    term = Func(
        Coalesce(F("call__campaign__product__recordings_kept_years"), LONGEST_YEARS),
        template="make_interval(years => (%(expressions)s)::int)",
        output_field=DurationField(),
    )
    kept = Recording.objects.filter(state=RecordingState.KEPT.value)
    over = kept.annotate(term=term).filter(
        announced_at__lt=ExpressionWrapper(
            Value(at, output_field=DateTimeField()) - F("term"), output_field=DateTimeField()
        )
    )
    count, last = 0, 0
    while batch := list(
        over.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "call_id", "call__customer_id", "call__number_id")[:_EXPIRED_AT_ONCE]
    ):
        last = batch[-1][0]
        people = {customer for *_, customer, _ in batch if customer is not None}
        called = {number for *_, number in batch if number is not None}
        with transaction.atomic():
            lock(people, called)
            customers, numbers = held(people), numbers_held(called)
            calls = [
                call
                for _, call, customer, number in batch
                if customer not in customers and number not in numbers
            ]
            count += _end(calls, RecordingState.EXPIRED)
    if count:
        record(
            kind="call.recordings_expired",
            actor_id=None,
            subject="recordings",
            payload={"count": count, "before": at.isoformat()},
        )
    return count


def _end(call_ids: Iterable[int], new: RecordingState) -> int:
    """Rows now, files when the transaction has committed."""
    mine = Recording.objects.filter(call_id__in=list(call_ids), state__in=sources(new))
    hashes = set(mine.exclude(sha256="").values_list("sha256", flat=True))
    count = mine.update(state=new.value, sha256="")
    transaction.on_commit(lambda: _delete(hashes))
    return count


def _delete(hashes: Iterable[str]) -> None:
    for sha256 in hashes:
        delete_file(file_of(sha256), wanted=Recording.objects.filter(sha256=sha256).exists)


def _fetched(sid: str) -> tuple[Path, str, int]:
    """Write the sound to a file of its own; the file, its hash and size. Raises NotFetched."""
    folder = Path(settings.MEDIA_ROOT) / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in recorded.sound(sid):
                head = head or piece[:4]
                digest.update(piece)
                size += file.write(piece)
        if head != _WAV or size < _SHORTEST:
            raise recorded.NotFetched("no_sound")
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name), digest.hexdigest(), size


def _failed(found: Recording, error: recorded.NotFetched) -> None:
    log.warning("recording %s was not fetched: %s", found.sid, error)
    Recording.objects.filter(pk=found.pk).update(tries=F("tries") + 1, tried_at=real())
    if error.gone or found.tries + 1 >= TRIES:
        given_up = Recording.objects.filter(
            pk=found.pk, state__in=sources(RecordingState.LOST)
        ).update(state=RecordingState.LOST.value)
        if given_up:
            record(
                kind="call.recording_lost",
                actor_id=None,
                subject=f"call:{found.call.public_id}",
                payload={"recording": found.sid, "cause": str(error)[:60]},
            )


def _pause(tries: int) -> timedelta:
    return timedelta(seconds=FIRST_PAUSE.total_seconds() * 2 ** min(tries, TRIES))


def _enqueue(ids: list[int]) -> None:
    queue = django_rq.get_queue("batch")
    try:
        for each in ids:
            queue.enqueue(fetch, each, job_timeout=_TIMEOUT_S, result_ttl=0)
    except redis.RedisError:
        log.warning("%d recordings wait for the sweep: Redis did not answer", len(ids))
