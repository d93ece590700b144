"""Background work of the robot, on the RQ queue `batch`: ids in, one function called."""

from __future__ import annotations

from datetime import datetime

import django_rq

from clock import reading as clock
from robot import shadowing, voicing


def enqueue_shadow_question(turn_id: int, at: datetime) -> None:
    """Ask a worker to put one answer to the arbiter; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(ask_in_shadow, turn_id, at.isoformat())


def ask_in_shadow(turn_id: int, at: str) -> None:
    """Put one stored answer to the arbiter."""
    shadowing.ask(turn_id, datetime.fromisoformat(at))


def enqueue_voicing(version_id: int) -> None:
    """Let a worker make a version's clips ahead; sent when the transaction commits."""
    django_rq.get_queue("batch").enqueue(voice_version, version_id)


def voice_version(version_id: int) -> None:
    """Make the clips of one version's fixed words."""
    voicing.render_draft(version_id, at=clock.now())
