"""Every call is recorded; the sound is fetched, kept under its hash, and leaves the carrier."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_rq
import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings
from rq import Queue

from audit.models import Entry
from clock.reading import now, real
from compliance.holding import place, release
from compliance.models import Product
from dialer import recordings
from dialer.domain.recording_state import TRANSITIONS, RecordingState
from dialer.models import Call, Recording
from dialer.placing import place_call
from telephony import recorded
from telephony.sandbox_carrier import set_both_clocks
from tests.cast import Cast
from tests.dialer.conftest import Carrier
from tests.dialer.line import Line, dial, running_campaign
from tests.dialer.stub_carrier import StubCarrier
from tests.dialer.test_scenarios_with_the_carrier import until
from tests.dialer.world import World
from tests.robot.voice_server import wav

pytestmark = pytest.mark.django_db(transaction=True)

SID = "RE" + "1" * 32
OTHER = "RE" + "2" * 32


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.SANDBOX = True
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A queue of this test's own: others use the same Redis at the same time."""
    own: Any = Queue(f"batch-{uuid.uuid4()}", connection=django_rq.get_connection("batch"))
    monkeypatch.setattr("dialer.recordings.django_rq.get_queue", lambda name: own)
    yield own
    own.delete(delete_jobs=True)


@pytest.fixture
def wang(cast: Cast, stub: StubCarrier) -> Line:
    return dial(running_campaign(cast), cast.wang)


def told(line: Line, sid: str = SID, status: str = "completed") -> None:
    assert (
        line.post(
            f"/hooks/call/{line.call.public_id}/recording/",
            RecordingSid=sid,
            RecordingStatus=status,
            RecordingDuration="31",
            RecordingChannels="2",
        )
        == ""
    )


def announced(line: Line, sid: str = SID) -> Recording:
    told(line, sid)
    return Recording.objects.get(sid=sid)


def waiting_jobs(queue: Any) -> list[int]:
    jobs = queue.get_jobs()
    return [job.args[0] for job in jobs if job.func_name == "dialer.recordings.fetch"]


def test_a_call_is_asked_for_with_its_recording(wang: Line, stub: StubCarrier) -> None:
    form = stub.created[0]
    assert form["Record"].lower() == "true"
    assert form["RecordingChannels"] == "dual"
    assert "/recording/" in form["RecordingStatusCallback"]


def test_a_bank_that_records_itself_asks_for_none(
    cast: Cast, stub: StubCarrier, settings: Settings
) -> None:
    settings.RECORD_CALLS = False
    dial(running_campaign(cast), cast.wang)
    assert "Record" not in stub.created[0]


def test_a_recording_is_announced_once_and_brought_to_a_worker(wang: Line, queue: Any) -> None:
    found = announced(wang)
    told(wang)
    assert Recording.objects.count() == 1
    assert (found.state, found.seconds, found.channels) == ("announced", 31, 2)
    assert waiting_jobs(queue) == [found.pk]


def test_nothing_recorded_is_known_and_not_fetched(wang: Line, queue: Any) -> None:
    told(wang, status="absent")
    assert Recording.objects.get().state == "absent"
    assert waiting_jobs(queue) == []


@pytest.mark.parametrize(("sid", "status"), [("XX1", "completed"), (SID, "failed"), ("", "")])
def test_what_makes_no_sense_is_no_recording(wang: Line, sid: str, status: str) -> None:
    told(wang, sid, status)
    assert not Recording.objects.exists()


def test_it_is_kept_under_its_hash_written_down_and_deleted_at_the_carrier(
    wang: Line, stub: StubCarrier
) -> None:
    sound = stub.sounds[SID] = wav(2)
    found = announced(wang)
    recordings.fetch(found.pk)
    found.refresh_from_db()
    sha256 = hashlib.sha256(sound).hexdigest()
    assert (found.state, found.sha256, found.size) == ("kept", sha256, len(sound))
    assert recordings.file_of(sha256).read_bytes() == sound
    assert stub.deleted == [SID]
    assert found.left_at is not None
    entry = Entry.objects.get(kind="call.recording_kept")
    assert entry.payload == {"recording": SID, "sha256": sha256, "size": len(sound)}
    who = f"{django_settings.TWILIO_ACCOUNT_SID}:{django_settings.TWILIO_AUTH_TOKEN}"
    assert stub.authorised == {"Basic " + base64.b64encode(who.encode()).decode()}
    recordings.fetch(found.pk)
    assert Entry.objects.filter(kind="call.recording_kept").count() == 1


@pytest.mark.parametrize(
    ("sound", "claimed"),
    [(500, None), (b"<html>", None), (b"", None), (wav(1), 10**6), (wav(1)[:20], None)],
)
def test_what_cannot_be_fetched_whole_is_tried_again(
    wang: Line, stub: StubCarrier, media: Path, sound: bytes | int, claimed: int | None
) -> None:
    stub.sounds[SID], stub.claimed_length = sound, claimed
    found = announced(wang)
    assert not recordings.keep(found.pk)
    found.refresh_from_db()
    assert (found.state, found.tries, found.sha256) == ("announced", 1, "")
    assert not [each for each in (media / "recordings").rglob("*") if each.is_file()]
    assert stub.deleted == []
    stub.sounds[SID], stub.claimed_length = wav(1), None
    assert recordings.keep(found.pk)


def test_one_without_end_is_not_fetched(
    wang: Line, stub: StubCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.sounds[SID] = wav(30)
    monkeypatch.setattr(recorded, "MAX_BYTES", 100_000)
    assert not recordings.keep(announced(wang).pk)


def test_what_the_carrier_has_no_more_is_lost_until_somebody_asks_again(
    wang: Line, stub: StubCarrier, queue: Any
) -> None:
    found = announced(wang)
    queue.empty()
    assert not recordings.keep(found.pk)
    found.refresh_from_db()
    assert found.state == "lost"
    assert Entry.objects.get(kind="call.recording_lost").payload["cause"] == "http:404"
    assert recordings.fetch_again([found.pk]) == 1
    assert waiting_jobs(queue) == [found.pk]
    stub.sounds[SID] = wav(1)
    assert recordings.keep(found.pk)


def test_it_is_tried_at_longer_and_longer_intervals_and_then_given_up(
    wang: Line, stub: StubCarrier
) -> None:
    stub.sounds[SID] = 503
    found = announced(wang)
    pauses, at = [], real()
    for _ in range(recordings.TRIES):
        began = at
        while not recordings.bring_again(real_now=at):
            at += timedelta(minutes=1)
        pauses.append(at - began)
        recordings.keep(found.pk)
        Recording.objects.filter(pk=found.pk).update(tried_at=at)
    found.refresh_from_db()
    assert found.state == "lost"
    assert pauses == sorted(pauses)
    assert timedelta(days=1) < sum(pauses, timedelta()) < timedelta(days=4)
    assert not recordings.bring_again(real_now=at + timedelta(days=9))


def test_a_copy_that_stayed_with_the_carrier_is_deleted_later(
    wang: Line, stub: StubCarrier, queue: Any
) -> None:
    stub.sounds[SID] = wav(1)
    found = announced(wang)
    assert recordings.keep(found.pk)
    Recording.objects.filter(pk=found.pk).update(left_at=None)
    queue.empty()
    assert recordings.bring_again(real_now=real() + timedelta(hours=1)) == 1
    recordings.fetch(*waiting_jobs(queue))
    assert stub.deleted == [SID, SID]
    assert not recordings.bring_again(real_now=real() + timedelta(hours=9))


def test_erasing_takes_row_and_file_but_not_what_another_call_still_has(
    wang: Line, stub: StubCarrier
) -> None:
    stub.sounds = {SID: wav(1), OTHER: wav(1)}
    one = announced(wang)
    recordings.keep(one.pk)
    another = Call.objects.create(kind="robot", planned_at=one.announced_at, to="")
    same = Recording.objects.create(call=another, sid=OTHER, announced_at=one.announced_at)
    recordings.keep(same.pk)
    one.refresh_from_db()
    path = recordings.file_of(one.sha256)
    assert recordings.erase([wang.call.pk]) == 1
    assert path.is_file()
    assert recordings.erase([another.pk]) == 1
    assert not path.exists()
    assert set(Recording.objects.values_list("state", "sha256")) == {("erased", "")}
    recordings.keep(one.pk)
    assert not path.exists()


def test_a_person_erased_while_the_sound_is_fetched_leaves_no_file(
    wang: Line, stub: StubCarrier, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.sounds[SID] = wav(1)
    found = announced(wang)
    sound = recorded.sound

    def erased_meanwhile(sid: str) -> Iterator[bytes]:
        yield from sound(sid)
        recordings.erase([wang.call.pk])

    monkeypatch.setattr(recorded, "sound", erased_meanwhile)
    assert not recordings.keep(found.pk)
    found.refresh_from_db()
    assert (found.state, found.sha256) == ("erased", "")
    assert not [each for each in (media / "recordings").rglob("*") if each.is_file()]


def test_a_recording_is_deleted_when_its_products_term_is_over_and_no_hold_stands(
    wang: Line, stub: StubCarrier, cast: Cast
) -> None:
    stub.sounds[SID] = wav(1)
    found = announced(wang)
    recordings.keep(found.pk)
    found.refresh_from_db()
    assert wang.call.campaign is not None
    Product.objects.filter(pk=wang.call.campaign.product_id).update(recordings_kept_years=5)
    almost, over = (found.announced_at + timedelta(days=days) for days in (5 * 365, 5 * 366))
    assert recordings.expire(almost - timedelta(days=1)) == 0
    who = {"customer_id": cast.wang.pk, "number_id": None}
    hold = place(**who, reason="case 7", actor_id=cast.officer.pk, at=now())
    assert recordings.expire(over) == 0
    release(hold_id=hold.pk, reason="closed", actor_id=cast.reviewer.pk, at=now())
    path = recordings.file_of(found.sha256)
    assert path.is_file()
    assert recordings.expire(over) == 1
    assert not path.exists()
    found.refresh_from_db()
    assert (found.state, found.sha256) == ("expired", "")
    assert Entry.objects.get(kind="call.recordings_expired").payload["count"] == 1
    assert recordings.expire(over) == 0


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(RecordingState)


def test_with_the_real_carrier_a_call_ends_with_its_recording_kept(
    committed_world: World, carrier: Carrier
) -> None:
    call = committed_world.claim_only(committed_world.cast.wang)
    carrier.control("personas/assign", {call.to: "hangs_up"})
    set_both_clocks(speed=8.0)  # half a minute's call
    place_call(call.pk)
    until(lambda: Recording.objects.filter(call=call).exists(), 60)
    found = Recording.objects.get(call=call)
    assert found.state == "announced"
    assert recordings.keep(found.pk)
    found.refresh_from_db()
    assert recordings.file_of(found.sha256).read_bytes()[:4] == b"RIFF"
    assert found.size > 8_000 * found.seconds
    assert found.left_at is not None
