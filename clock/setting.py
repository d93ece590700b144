"""Setting the sandbox's clock. The caller tells the carrier the same three numbers."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from clock.models import SandboxClock
from clock.reading import Anchors, now, real


class NotASandbox(Exception):
    """Time can be set in the sandbox only."""


@transaction.atomic
def set_sandbox_clock(*, sim: datetime | None = None, speed: float | None = None) -> Anchors:
    """Move the clock to `sim` (default: where it stands) and let it run at `speed`.

    Raises NotASandbox outside the sandbox, ValueError for a speed that is not positive.
    """
    if not settings.SANDBOX:
        raise NotASandbox
    if speed is not None and speed <= 0:
        raise ValueError("speed must be positive")
    row = SandboxClock.objects.select_for_update().first()
    wanted = speed if speed is not None else (row.speed if row else 1.0)
    anchors = Anchors(real=real(), sim=sim or now(), speed=wanted)
    SandboxClock.objects.update_or_create(
        id=1,
        defaults={
            "anchor_real": anchors.real,
            "anchor_sim": anchors.sim,
            "speed": anchors.speed,
        },
    )
    return anchors
