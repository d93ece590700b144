"""``python -m carrier``: the arguments, and the process's beginning and end."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from carrier.backends.simulated.personas import PersonaError
from carrier.config import Settings
from carrier.core.clock import Anchors
from carrier.process import running


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError("not an ISO instant") from error
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant needs its offset from UTC")
    return found


def _positive(text: str) -> float:
    try:
        found = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("not a number") from error
    if not 0 < found < 1e6:
        raise argparse.ArgumentTypeError("must be positive")
    return found


def parser() -> argparse.ArgumentParser:
    """The arguments; account and keys may come from the environment instead (TWILIO_…)."""
    env = os.environ.get
    found = argparse.ArgumentParser(
        prog="python -m carrier", description="A telephone carrier that speaks Twilio's protocol."
    )
    add = found.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8900)
    add("--account-sid", default=env("TWILIO_ACCOUNT_SID", ""))
    add("--auth-token", default=env("TWILIO_AUTH_TOKEN", ""))
    add("--api-key", default=env("TWILIO_API_KEY", ""))
    add("--api-secret", default=env("TWILIO_API_SECRET", ""))
    add("--webhook-timeout", type=_positive, default=15.0, help="real seconds, all in all")
    add("--webhook-connect-timeout", type=_positive, default=5.0, help="real seconds")
    add("--seed", default="1", help="same seed, same people, same answers")
    add("--speed", type=float, default=1.0, help="simulated seconds a real one; 0: stepped by hand")
    add("--anchor-real", type=_instant, help="the real instant that is --anchor-sim; default now")
    add("--anchor-sim", type=_instant, help="default: the real time")
    add("--journal", type=Path, help="file of JSON lines; continued if it exists")
    add("--personas", type=Path, help="YAML; default: the bundled file")
    add("--cps", type=_positive, default=10.0, help="calls dialled in a simulated second")
    add("--max-calls", type=int, default=1000, help="live at once; more are refused with 429")
    add(
        "--incoming-url",
        "--inbound-url",
        dest="inbound_url",
        default="",
        help="where a call from outside asks for its document",
    )
    add(
        "--incoming-status-url",
        "--inbound-status-url",
        dest="inbound_status_url",
        default="",
        help="where the end of such a call is told",
    )
    add(
        "--ring-backs",
        action="store_true",
        help="let people ring back after a missed call; needs --incoming-url",
    )
    add("--sandbox", action="store_true", help="open the control plane /_carrier/")
    return found


def _settings(args: argparse.Namespace) -> Settings:
    keys = {args.api_key: args.api_secret} if args.api_key and args.api_secret else {}
    return Settings(
        account_sid=args.account_sid,
        auth_token=args.auth_token,
        api_keys=keys,
        seed=args.seed,
        cps=args.cps,
        max_calls=args.max_calls,
        webhook_timeout=args.webhook_timeout,
        webhook_connect_timeout=args.webhook_connect_timeout,
        sandbox=args.sandbox,
        personas=args.personas,
        journal=args.journal,
        inbound_url=args.inbound_url,
        inbound_status_url=args.inbound_status_url,
        ring_backs=args.ring_backs,
    )


async def serve(args: argparse.Namespace) -> None:
    """Run until told to stop."""
    now = datetime.now(UTC)
    anchors = Anchors(args.anchor_real or now, args.anchor_sim or now, args.speed)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(_settings(args), anchors, args.host, args.port) as carrier:
        print(f"carrier: listening on {carrier.url}", flush=True)
        await stop.wait()


def main() -> int:
    """Returns the exit code: 2 for arguments that cannot be used, 1 when the port is taken."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    arguments = parser()
    args = arguments.parse_args()
    if not args.account_sid or not args.auth_token:
        arguments.error(
            "--account-sid and --auth-token are needed (or TWILIO_… in the environment)"
        )
    if args.ring_backs and not args.inbound_url:
        arguments.error("--ring-backs needs --incoming-url")
    if args.speed < 0:
        arguments.error("--speed must not be negative")
    try:
        # thousands of live calls are no garbage: looking through them often costs a tenth
        gc.set_threshold(50_000, 20, 50)
        asyncio.run(serve(args))
    except PersonaError as error:
        print(f"carrier: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"carrier: cannot listen: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
