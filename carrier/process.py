"""Puts the parts together and runs them: a context for tests, and for ``python -m carrier``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from carrier import control
from carrier.backends.simulated.backend import SimulatedBackend
from carrier.backends.simulated.personas import load
from carrier.backends.simulated.ring_backs import RingBacks
from carrier.config import Settings
from carrier.core.clock import Anchors, Clock
from carrier.core.exchange import Exchange
from carrier.journal import Journal
from carrier.recovery import recover
from carrier.rest.app import build
from carrier.webhooks import Limits, Sender


@dataclass(frozen=True, slots=True)
class Running:
    """A carrier that is up."""

    exchange: Exchange
    backend: SimulatedBackend
    port: int

    @property
    def url(self) -> str:
        return self.exchange.public_url


@asynccontextmanager
async def running(
    settings: Settings, anchors: Anchors, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Running]:
    """Run a carrier for as long as the context lasts; port 0 takes any that is free."""
    cast = load(settings.personas)
    clock = Clock(anchors)
    journal = Journal(clock, settings.journal)
    sender = Sender(
        settings.auth_token,
        Limits(
            connect=settings.webhook_connect_timeout,
            read=settings.webhook_timeout,
            total=settings.webhook_timeout,
        ),
    )
    backend = SimulatedBackend(cast, settings.seed)
    exchange = Exchange(settings, clock, backend, sender, journal)
    if settings.ring_backs:
        backend.ring_backs = RingBacks(clock, exchange.incoming)
    app = build(exchange)
    control.add_to(app, backend)
    await sender.start()
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024, reuse_address=True)
        await site.start()
        bound = runner.addresses[0][1]
        exchange.public_url = f"http://{host}:{bound}"
        if settings.journal is not None:
            recover(exchange, settings.journal)
        yield Running(exchange, backend, bound)
    finally:
        backend.close()
        await exchange.close()
        await runner.cleanup()
        await sender.close()
        journal.close()
