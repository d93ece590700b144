"""The leader: one process of the installation that decides what is dialled next.

It is the one whose database connection holds an advisory lock, and it ticks on that very
connection: a leader that lost its connection has lost the lead, and cannot write on another. The
server notices a dead host within seconds (TCP keep-alives), lets the lock go, and a standby that
tries every second takes over. All it knows is in rows; what it remembers is only to save work.

A tick comes every (real) second; when the sandbox's clock runs faster, more often (`tick_s`), since
telephone calls run faster then.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from agents import presence, reserving
from campaigns import jobs as campaign_jobs
from campaigns import steering
from campaigns.errors import WrongState
from clock.reading import now, real, speed
from compliance import counting
from database.session_locks import try_lock, unlock
from dialer import (
    by_hand,
    calling_back,
    cancelling,
    clearing,
    closing,
    health,
    limits,
    message_jobs,
    reconciling,
    recordings,
    sweeping,
    switches,
    transferring,
)
from dialer.claiming import claim
from dialer.domain.pacing import (
    Group,
    Targets,
    Verdict,
    calls_to_place,
    guard,
    share_lines,
)
from dialer.errands import Errands
from dialer.health import Health
from dialer.locks import Space
from dialer.snapshot import Experience, Sight, View, experience_of, running_campaigns, take
from dialer.wall import wall_snapshot
from live.publishing import publish

log = logging.getLogger(__name__)

#: Server-side keep-alives of the leader's connection, seconds: a dead host is gone in about 4.
_KEEPALIVES = {
    "tcp_keepalives_idle": 1,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
}
_ONE_SECOND = timedelta(seconds=1)
_SWEEP_EVERY = timedelta(seconds=2)
_LEARN_EVERY = timedelta(seconds=5)
_TALLY_EVERY = timedelta(seconds=60)
_RESUME_EVERY = timedelta(seconds=30)
_EXPIRE_EVERY = timedelta(hours=1)


def tick_s(clock_speed: float) -> float:
    """Real seconds between ticks: 1 at real speed, 0.25 from sixteen-fold on."""
    return float(max(0.25, min(1.0, clock_speed**-0.5)))


@dataclass(slots=True)
class Leader:
    """One contender. `step` is one try or tick; a command calls it in a loop, tests directly."""

    targets: Targets = field(default_factory=Targets)
    errands: Errands = field(default_factory=Errands)
    speed: float = 1.0
    _connection: Any = None
    _last: datetime | None = None
    _allowance: float = 0.0
    _due: dict[str, datetime] = field(default_factory=dict)
    _experience: dict[int, Experience] = field(default_factory=dict)
    _drained: set[int] = field(default_factory=set)

    def step(self) -> bool:
        """Tick if this process leads or can take the lead; False for a standby."""
        try:
            if not self._leads():
                return False
            self._tick()
        except (DatabaseError, InterfaceError):
            log.exception("the leader lost its database connection")
            self._resign()
            return False
        return True

    def watch(self) -> None:
        """Between two ticks: hang up on who has just said no. Costs one small query."""
        try:
            if self._leads():
                self._part("end_unwanted", lambda: cancelling.end_unwanted(self.errands))
                self._part("collect", self.errands.collect)
        except (DatabaseError, InterfaceError):
            log.exception("the leader lost its database connection")
            self._resign()

    def close(self) -> None:
        """Give the lead away at once, so that a standby need not wait."""
        self.errands.close()
        if self._connection is not None and connection.connection is self._connection:
            unlock(Space.LEADER)
        self._connection = None

    # --- leading ---------------------------------------------------------------------------------

    def _leads(self) -> bool:
        """Whether this connection holds the lock; tries to take it if nobody has it."""
        if self._connection is not None and connection.connection is self._connection:
            return True
        self._connection = None
        if not try_lock(Space.LEADER):
            return False
        self._keep_alive()
        self._connection = connection.connection
        log.info("this process leads now")
        return True

    def _resign(self) -> None:
        self._connection = None
        self.errands.close()
        connection.close()

    def _keep_alive(self) -> None:
        """Ask the server to notice our death. A Unix socket needs none of it."""
        if str(connection.settings_dict.get("HOST") or "/").startswith("/"):
            return
        with connection.cursor() as cursor:
            for name, value in _KEEPALIVES.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, str(value)])

    # --- one tick --------------------------------------------------------------------------------

    def _tick(self) -> None:
        """All of a tick's parts. One that fails is reported and does not stop the others."""
        at, at_real = now(), real()
        known = health.read()
        self._part("end_unwanted", lambda: cancelling.end_unwanted(self.errands))
        self._part("collect", self.errands.collect)
        self._part("transfers", lambda: transferring.sweep_transfers(at))
        if self._is_due("second", at_real, _ONE_SECOND):
            self.speed = speed()
            self._part("presence", presence.free_if_unseen)
            self._part("close", lambda: self._close_campaigns(at))
            self._part("withdrawn", lambda: calling_back.cancel_unwanted(at))
        if self._is_due("sweep", at_real, _SWEEP_EVERY):
            self._part("sweep", lambda: self._sweep(known, at, at_real))
        if self._is_due("tally", at_real, _TALLY_EVERY):
            self._part("tally", lambda: self._tally(at))
        if self._is_due("expire", at_real, _EXPIRE_EVERY):
            self._part("expire", lambda: recordings.expire(at))
        if self._is_due("resume", at_real, _RESUME_EVERY):
            self._part("resume", lambda: campaign_jobs.resume_stalled(at_real))
        self._part("clear", lambda: clearing.clear(at))
        if known.may_try(at_real):
            # a promise comes before a robot's call: it takes the next agent who is free
            self._part("callbacks", lambda: self._offer_callbacks(at))
        self._part("place", lambda: self._place(known, at, at_real))
        if known.may_try(at_real):
            self._part("by_hand", lambda: by_hand.offer_due(at))
        if self._is_due("wall", at_real, _ONE_SECOND):
            self._part("wall", lambda: self._show(at))

    def _part(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            if not connection.is_usable():
                raise  # the lock went with the connection: step() resigns
            log.exception("the tick's part %s failed", name)

    def _is_due(self, name: str, at_real: datetime, every: timedelta) -> bool:
        if name in self._due and at_real < self._due[name]:
            return False
        self._due[name] = at_real + every
        return True

    def _close_campaigns(self, at: datetime) -> None:
        closing.end_finished(at)
        waiting = closing.ended_with_waiting_leads(self._drained)
        if waiting:
            closing.expire_leads(waiting, at)

    def _sweep(self, known: Health, at: datetime, at_real: datetime) -> None:
        sweeping.bring_stale_plans(known, real_now=at_real)
        sweeping.doubt_stale_placing(real_now=at_real)
        reconciling.ask_about_unknown(self.errands, real_now=at_real)
        sweeping.ask_about_silent(self.errands, real_now=at_real, speed=self.speed)
        sweeping.put_back_stranded(at=at)
        sweeping.release_unused(at=at)
        recordings.bring_again(real_now=at_real)
        message_jobs.bring_due()
        calling_back.put_back_stranded(at)
        calling_back.settle_overdue(at)
        reserving.expire_overdue()

    def _tally(self, at: datetime) -> None:
        running = [campaign.pk for campaign in running_campaigns(at)]
        counting.tally(running, at, speed=self.speed)

    def _offer_callbacks(self, at: datetime) -> None:
        if not switches.everything_stopped():
            calling_back.offer_due(at)

    def _show(self, at: datetime) -> None:
        health.leader_ticked(f"{socket.gethostname()}:{os.getpid()}")
        publish("wall", "snapshot", wall_snapshot(at))

    # --- placing ---------------------------------------------------------------------------------

    def _place(self, known: Health, at: datetime, at_real: datetime) -> int:
        """Plan what pacing asks for; returns how many calls were planned."""
        most = self._cps(at)
        if not known.carrier_ok:
            # the carrier fails: one call asks whether it works again, the rest waits
            most = min(most, 1) if known.may_try(at_real) else 0
        campaigns = switches.still_dialling(running_campaigns(at))
        self._learn([campaign.pk for campaign in campaigns], at, at_real)
        views = [
            view
            for view in take(Sight(at, at_real, most, self._experience), campaigns)
            if self._may_go_on(view)
        ]
        wanted = self._wanted(views)
        free = min(most, views[0].pacing.free_lines) if views else 0
        shares = share_lines(free, wanted, [view.campaign.weight for view in views])
        placed = 0
        for view, share in zip(views, shares, strict=True):
            placed += len(claim(view.campaign, share, now=at, real=at_real))
        self._allowance -= placed
        return placed

    def _wanted(self, views: list[View]) -> list[int]:
        """What each campaign would launch, those before it (heavier) taken into account."""
        wanted: list[int] = []
        for index, view in enumerate(views):
            before = tuple(
                Group(wanted[i], views[i].pacing.chance)
                for i in range(index)
                if views[i].campaign.team_id == view.campaign.team_id
            )
            wanted.append(calls_to_place(view.pacing.with_more(before), self.targets))
        return wanted

    def _may_go_on(self, view: View) -> bool:
        """The abandonment guard: a campaign that loses too many is paused by itself."""
        if guard(view.pacing.consented, view.pacing.abandoned) is not Verdict.PAUSE:
            return True
        log.warning("campaign %s is paused: abandonment", view.campaign.pk)
        with suppress(WrongState):  # paused or ended by somebody else
            steering.pause(view.campaign, None, "abandonment")
        return False

    def _cps(self, at: datetime) -> int:
        """New calls this tick may plan, by the calls-per-second limit. Business time: the carrier's
        queue runs on it too. What was not used adds up for two ticks at most.
        """
        limit = limits.calls_per_second()
        elapsed = (at - self._last).total_seconds() if self._last is not None else 1.0
        self._last = at
        most = max(1.0, limit * 2 * tick_s(self.speed) * self.speed)
        self._allowance = min(most, max(0.0, self._allowance) + max(0.0, elapsed) * limit)
        return int(self._allowance)

    def _learn(self, campaign_ids: list[int], at: datetime, at_real: datetime) -> None:
        if self._is_due("learn", at_real, _LEARN_EVERY):
            self._experience = {}
        for campaign_id in campaign_ids:
            if campaign_id not in self._experience:
                self._experience[campaign_id] = experience_of(campaign_id, at)
