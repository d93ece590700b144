"""`bin/demo`: a bank's campaign, run for real on this machine.

Without Django: it starts the servers, prepares the sample bank by a command, starts the processes
and shows the way in. With `--headless` it runs one campaign to its end and writes the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from config.embedded.folder import EmbeddedError, remove_noted
from config.embedded.servers import Servers
from config.ports import free_port
from config.processes import (
    OnExit,
    Process,
    ProcessFailed,
    Supervisor,
    interruptible,
    undisturbed,
)

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
#: Tuesday afternoon, well inside the calling window, whatever day it really is.
HEADLESS_START = "2026-03-10T14:00:00+08:00"
ACCOUNT_SID = "AC" + "5a" * 16


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of a run listen, all on loopback."""

    web: int
    live: int
    carrier: int

    @classmethod
    def find(cls, *, preferred: bool) -> Addresses:
        """The usual ports where they are free (and wanted), others where not."""
        wanted = (8000, 8001, 8900) if preferred else (0, 0, 0)
        return cls(*(free_port(port) for port in wanted))

    def environment(self) -> dict[str, str]:
        """The addresses as settings."""
        return {
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{self.web}",
            "LIVE_BASE_URL": f"http://127.0.0.1:{self.live}",
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.carrier}",
        }


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with interruptible():
            return _headless(options) if options.headless else _interactive(options)
    except KeyboardInterrupt:
        _say("Stopped.")
        return 130 if options.headless else 0
    except (EmbeddedError, ProcessFailed, StepFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="one campaign to its end")
    parser.add_argument("--customers", type=_positive, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    parser.add_argument("--speed", type=_speed, default=None, metavar="K", help="sim s per real s")
    parser.add_argument("--agents", type=_positive, default=10, metavar="N", help="agents played")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep database and journal there")
    parser.add_argument("--fresh", action="store_true", help="forget the demo's earlier days")
    parser.add_argument(
        "--template", metavar="NAME", help="headless: begin with a copy of this migrated database"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _speed(text: str) -> float:
    number = float(text)
    if not 0.1 <= number <= 1000:
        raise argparse.ArgumentTypeError("must be between 0.1 and 1000")
    return number


# --- the two ways to run -------------------------------------------------------------------------


def _headless(options: argparse.Namespace) -> int:
    """A fresh database, one campaign from the file to the figures, everything stopped again."""
    began = time.monotonic()
    state = options.keep or Path(tempfile.mkdtemp(prefix="headless-", dir=_state_root()))
    if options.keep and options.keep.exists() and any(options.keep.iterdir()):
        raise StepFailed(f"{options.keep} is not empty: a headless run wants a folder of its own.")
    result = Path(state) / "result.json"
    try:
        with Run(
            Path(state),
            Addresses.find(preferred=False),
            fresh=True,
            template=options.template,
            kept=bool(options.keep),
        ) as run:
            _say("Preparing the sample bank …")
            run.manage(
                "sandboxprepare",
                "--customers", str(options.customers),
                "--seed", str(options.seed),
                "--start", HEADLESS_START,
                "--folder", str(state),
                "--agents", str(options.agents),
            )  # fmt: skip
            _say("Starting carrier, web, workers, dialer and agents …")
            run.start_all(seed=options.seed, agents=options.agents)
            run.manage(
                "sandboxrun",
                "--speed", str(options.speed or 60),
                "--start", HEADLESS_START,
                "--journal", str(run.journal),
                "--json", str(result),
            )  # fmt: skip
        figures = json.loads(result.read_text())
        figures["seconds"] = round(time.monotonic() - began, 1)
        text = json.dumps(figures, ensure_ascii=False, indent=2, sort_keys=True)
        if options.json:
            options.json.write_text(text + "\n")
        _say(text)
        return 0 if not any(figures["violations"].values()) else 2
    finally:
        if not options.keep:
            remove_state(Path(state))


def remove_state(state: Path) -> None:
    """Remove the folder of a run, with what its server keeps elsewhere."""
    remove_noted(state / "postgres" / "elsewhere")
    shutil.rmtree(state, ignore_errors=True)


def _interactive(options: argparse.Namespace) -> int:
    """Everything at real speed until Ctrl-C, with the ways in printed."""
    state = options.keep or _state_root() / "demo"
    if options.fresh:
        remove_state(state)
    with Run(state, Addresses.find(preferred=True), fresh=False) as run:
        _say("Preparing the sample bank (the first time takes a minute) …")
        run.manage(
            "sandboxprepare",
            "--customers", str(options.customers),
            "--seed", str(options.seed),
            "--folder", str(state),
            "--agents", str(options.agents),
            "--speed", str(options.speed or 1),
            "--continue",
        )  # fmt: skip
        # two desks stay free for whoever tries the demo
        run.start_all(seed=options.seed, agents=max(1, options.agents - 2))
        run.manage("sandboxrun", "--launch-only", "--speed", str(options.speed or 1))
        web = run.addresses.environment()["PUBLIC_BASE_URL"]
        _say(
            f"""
Sanshi 三适 is running. Ctrl-C stops it.

  Start here (sign in as anybody)   {web}/sandbox/
  The wall                          {web}/wall/
  An agent's desk                   {web}/desk/
  A branch manager's inbox          {web}/inbox/
  The admin                         {web}/admin/
"""
        )
        run.supervisor.wait()
    return 0


# --- one run -------------------------------------------------------------------------------------


class StepFailed(Exception):
    """A step of the run did not succeed; the message is for the person at the terminal."""


class Run:
    """Servers, environment and processes of one run. A context manager: leaving stops all."""

    def __init__(
        self,
        state: Path,
        addresses: Addresses,
        *,
        fresh: bool,
        template: str | None = None,
        kept: bool = True,
        durable: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`environ` names real servers (default: this process's environment; {} = none).

        `template`: the database that a fresh one is a copy of, to save the migrations.
        `durable`: every commit reaches the disk, as in production; a demo need not wait for that.
        """
        self.environ = environ
        self.durable = durable
        self.state = state
        self.addresses = addresses
        self.journal = state / "journal.jsonl"
        self.fresh = fresh
        self.template = template
        self.kept = kept
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Run:
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            servers = self._stack.enter_context(
                Servers.start(self.state, durable=self.durable, environ=self.environ)
            )
            if self.fresh:
                database = fresh_database(
                    servers.database_url, kept=self.kept, template=self.template
                )
                servers.move_to(self._stack.enter_context(database))
            self.env = {
                **servers.environment,
                **self.addresses.environment(),
                "SANDBOX": "1",
                "SECRET_KEY": _kept_secret(self.state / "secret"),
                "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": _kept_secret(self.state / "carrier-token"),
                "MEDIA_ROOT": str(self.state / "media"),
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
            }
            self.supervisor = self._stack.enter_context(Supervisor(servers.folder, say=_say))
            self.supervisor.env.update(self.env)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        with undisturbed():
            self._stack.close()

    def manage(self, *arguments: str) -> None:
        """Run one management command to its end; its words reach the terminal."""
        done = subprocess.run(
            [PYTHON, "manage.py", *arguments], cwd=ROOT, env={**self.supervisor.env}
        )
        if done.returncode != 0:
            raise StepFailed(f"{arguments[0]} failed (exit status {done.returncode}).")

    def start_all(self, *, seed: int, agents: int) -> None:
        """Carrier, web and push first; then those who need them."""
        web, live = self.addresses.web, self.addresses.live
        self.supervisor.start(self._carrier(seed))
        self.supervisor.start(
            self.web(),
            Process(
                "live",
                [
                    PYTHON, "-m", "uvicorn", "config.asgi_live:application",
                    "--host", "127.0.0.1", "--port", str(live), "--log-level", "warning",
                    "--timeout-graceful-shutdown", "2",
                ],
                ready_url=f"http://127.0.0.1:{live}/healthz",
            ),
        )  # fmt: skip
        worker = [PYTHON, "manage.py", "rqworker", "--worker-class", "rq.SimpleWorker"]
        self.supervisor.start(
            Process("worker-placing", [PYTHON, "manage.py", "runplacing", "--threads", "8"]),
            Process("worker-batch", [*worker, "batch"]),
            Process("sealer", [PYTHON, "manage.py", "audit", "seal", "--forever"]),
            Process("dialer", [PYTHON, "manage.py", "rundialer"]),
        )
        if agents:
            played = ["--agents", str(agents), "--seed", str(seed)]
            address = ["--base-url", f"http://127.0.0.1:{web}"]
            command = [PYTHON, "manage.py", "sandboxagents", *played, *address]
            self.supervisor.start(Process("agents", command))

    def web(self) -> Process:
        """Pages and webhooks, as production serves them."""
        port = self.addresses.web
        return Process(
            "web",
            [
                PYTHON, "-m", "gunicorn", "config.wsgi", "--worker-class", "gthread",
                "--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}",
                "--keep-alive", "75", "--backlog", "512", "--log-level", "warning",
            ],
            ready_url=f"http://127.0.0.1:{port}/healthz",
        )  # fmt: skip

    def _carrier(self, seed: int) -> Process:
        port = self.addresses.carrier
        clock = subprocess.run(
            [PYTHON, "manage.py", "sandboxclock", "--json"],
            cwd=ROOT,
            env={**self.supervisor.env},
            capture_output=True,
            text=True,
        )
        if clock.returncode != 0:
            raise StepFailed(f"The sandbox clock could not be read:\n{clock.stderr}")
        anchors = json.loads(clock.stdout)
        return Process(
            "carrier",
            [
                PYTHON, "-m", "carrier", "--port", str(port),
                "--seed", str(seed), "--speed", str(anchors["speed"]),
                "--anchor-real", anchors["anchor_real"], "--anchor-sim", anchors["anchor_sim"],
                "--journal", str(self.journal), "--cps", "30", "--max-calls", "500", "--sandbox",
                *self._ring_backs(),
            ],
            ready_url=f"http://127.0.0.1:{port}/_carrier/health",
            on_exit=OnExit.RESTART,
        )  # fmt: skip

    def _ring_backs(self) -> list[str]:
        """In the interactive demo some who missed a call ring back; a headless run counts dials."""
        if self.fresh:
            return []
        hook = f"{self.env['PUBLIC_BASE_URL']}/hooks/inbound/"
        incoming = ["--incoming-url", hook, "--incoming-status-url", f"{hook}status/"]
        return ["--ring-backs", *incoming]


@contextlib.contextmanager
def fresh_database(url: str, *, kept: bool, template: str | None = None) -> Iterator[str]:
    """A database of its own on the same server, dropped afterwards unless it is kept; its name."""
    name = f"sanshi_run_{os.getpid()}_{int(time.time())}"
    server = psycopg2.connect(url)
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            source = template or "template1"  # PostgreSQL's own choice
            cursor.execute(create.format(sql.Identifier(name), sql.Identifier(source)))
        yield name
        if not kept:
            with server.cursor() as cursor:
                drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
                cursor.execute(drop.format(sql.Identifier(name)))
    finally:
        server.close()


def _state_root() -> Path:
    root = ROOT / ".state"
    root.mkdir(exist_ok=True)
    return root


def _kept_secret(path: Path) -> str:
    """A secret made on the first start of this state folder, for its owner's eyes only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(40))
    return path.read_text()


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
