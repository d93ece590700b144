"""The kill switch: thrown by a person, read by every decision without a cache."""

from __future__ import annotations

from django.db import transaction

from audit.recording import record
from clock.reading import now
from compliance.models.kill_switch import KillSwitch


@transaction.atomic
def throw(*, scope: str, reason: str, actor_id: int | None) -> KillSwitch:
    """Stop calling. `scope`: all, robot, or campaign:<id>; it holds from this commit on."""
    switch = KillSwitch.objects.create(
        scope=scope, reason=reason, thrown_by_id=actor_id, thrown_at=now()
    )
    _note("kill_switch.thrown", switch, actor_id)
    return switch


@transaction.atomic
def release(switch: KillSwitch, *, actor_id: int | None) -> bool:
    """Let calls through again. False when it had been released."""
    changed = KillSwitch.objects.filter(pk=switch.pk, released_at__isnull=True).update(
        released_at=now(), released_by_id=actor_id
    )
    if changed == 1:
        _note("kill_switch.released", switch, actor_id)
    return changed == 1


def thrown() -> list[KillSwitch]:
    """The switches that are off now, the widest first."""
    off = KillSwitch.objects.filter(released_at__isnull=True).select_related("thrown_by")
    order = {"all": 0, "robot": 1}
    return sorted(off, key=lambda switch: (order.get(switch.scope, 2), switch.pk))


def _note(kind: str, switch: KillSwitch, actor_id: int | None) -> None:
    record(
        kind=kind,
        actor_id=actor_id,
        subject=f"kill_switch:{switch.pk}",
        payload={"scope": switch.scope, "reason": switch.reason},
    )
