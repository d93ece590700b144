"""The processes of one run on one machine: started, watched, and all stopped again.

The demo and the tests of the whole stack stand on this; production has its own process manager.
Each process gets a session of its own, so Ctrl-C reaches us alone and we stop them in order; each
writes to its own log in the state folder.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import FrameType, TracebackType
from urllib.parse import urlsplit

import psutil

from config.embedded.folder import StateFolder, end_processes, tail

ROOT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 0.2
RESTARTS_ALLOWED = 5
RESTARTS_WITHIN_SECONDS = 60.0


class OnExit(StrEnum):
    """What a process's end, when nobody asked for it, means for the run."""

    RESTART = "restart"  # start it again; give up after too many times
    FAIL = "fail"  # the run is over
    IGNORE = "ignore"  # it had one thing to do


@dataclass(frozen=True)
class Process:
    """A process to run; ready when its port takes connections or its URL answers below 400."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # added to the supervisor's
    ready_url: str = ""
    ready_port: int = 0
    ready_seconds: float = 60
    on_exit: OnExit = OnExit.RESTART
    stop_seconds: float = 10  # from the polite signal to the forcible one
    cwd: Path = ROOT


class ProcessFailed(Exception):
    """A process did not start, or died for good. The message ends with the tail of its log."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        super().__init__(f"{name} {what}. The end of {log}:\n{tail(log)}")
        self.name = name


@dataclass
class Running:
    """A started process and what has happened to it."""

    process: Process
    log: Path
    popen: subprocess.Popen[bytes]
    batch: int
    restarts: list[float] = field(default_factory=list)  # monotonic seconds
    ended: bool = False  # its end was seen and needs nothing more


class Supervisor:
    """Starts processes and answers for their end. A context manager: leaving it stops them all.

    `env` is the whole environment the processes get (this process's own by default).
    """

    def __init__(
        self,
        folder: StateFolder,
        *,
        env: Mapping[str, str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = folder
        self.env = {**(os.environ if env is None else env), **folder.environment}
        self.say = say or _say
        self._running: dict[str, Running] = {}
        self._batch = 0

    def start(self, *processes: Process) -> None:
        """Starts the processes together and returns when all are ready.

        What one call starts is stopped together, after all that later calls started. Raises
        ProcessFailed when one dies or stays unready; the others keep running until `stop`.
        """
        self._batch += 1
        started = []
        for process in processes:
            if process.name in self._running:
                raise ValueError(f"a process called {process.name} runs already")
            log = self.folder.log_file(process.name)
            running = Running(process, log, self._launch(process, log), self._batch)
            self._running[process.name] = running
            started.append(running)
        for running in started:
            self._wait_until_ready(running)

    def pid(self, name: str) -> int:
        """The process id; another one after a restart."""
        return self._running[name].popen.pid

    def check(self) -> None:
        """Looks once at every process and deals with those that ended; raises ProcessFailed."""
        for running in list(self._running.values()):
            if not running.ended and running.popen.poll() is not None:
                self._deal_with_end(running)

    def wait(self, seconds: float | None = None) -> None:
        """Watches over the processes for so many seconds, or until interrupted; see `check`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            self.check()
            time.sleep(LOOK_SECONDS)

    def stop(self, *names: str) -> None:
        """Stops the named processes, or all of them, with all that they have started.

        The last batch goes first. Returns when none is left; interruptions wait until then.
        """
        with undisturbed():
            chosen = [r for n, r in self._running.items() if not names or n in names]
            for batch in sorted({running.batch for running in chosen}, reverse=True):
                self._stop_together([running for running in chosen if running.batch == batch])
            if not names:
                # Whoever has cut loose from its parent still carries our mark.
                end_processes(self.folder.marked_processes(), grace=2)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self, process: Process, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            try:
                return subprocess.Popen(
                    list(process.argv),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**self.env, **process.env},
                    cwd=process.cwd,
                    start_new_session=True,
                )
            except OSError as error:
                output.write(f"{error}\n".encode())
        raise ProcessFailed(process.name, "could not be started", log)

    def _wait_until_ready(self, running: Running) -> None:
        process = running.process
        deadline = time.monotonic() + process.ready_seconds
        while not _is_ready(process):
            status = running.popen.poll()
            if status is not None:
                running.ended = True
                raise ProcessFailed(process.name, f"did not start ({_ending(status)})", running.log)
            if time.monotonic() > deadline:
                waited = f"{process.ready_seconds:g} s"
                raise ProcessFailed(process.name, f"was not ready within {waited}", running.log)
            time.sleep(0.05)

    def _deal_with_end(self, running: Running) -> None:
        process, ending = running.process, _ending(running.popen.returncode)
        if process.on_exit is OnExit.IGNORE:
            running.ended = True
            return
        if process.on_exit is OnExit.FAIL:
            running.ended = True
            raise ProcessFailed(process.name, f"ended ({ending})", running.log)
        now = time.monotonic()
        recent = [at for at in running.restarts if now - at < RESTARTS_WITHIN_SECONDS]
        if len(recent) >= RESTARTS_ALLOWED:
            running.ended = True
            raise ProcessFailed(
                process.name, f"ended again and again ({ending} the last time)", running.log
            )
        # The first restart is at once; one that keeps dying is given a little more rest each time.
        if recent and now - recent[-1] < len(recent):
            return
        self.say(f"{process.name} ended ({ending}) and is started again. The end of its log:")
        self.say(tail(running.log))
        self._end_group(running.popen.pid)
        running.restarts = [*recent, now]
        running.popen = self._launch(process, running.log)

    def _stop_together(self, chosen: list[Running]) -> None:
        # Seen before the parents go: afterwards nothing says whose children they were.
        trees = [member for running in chosen for member in _descendants(running.popen.pid)]
        for running in chosen:
            if running.popen.poll() is None:
                running.popen.terminate()
        for running in chosen:
            try:
                running.popen.wait(running.process.stop_seconds)
            except subprocess.TimeoutExpired:
                self.say(f"{running.process.name} did not stop and is killed")
                running.popen.kill()
                running.popen.wait()
            self._end_group(running.popen.pid)
            del self._running[running.process.name]
        end_processes(trees, grace=2)

    def _end_group(self, leader: int) -> None:
        """Ends what is left of the process group of a leader that has ended.

        Only what carries our mark: the leader's number may already be somebody else's.
        """
        left = []
        for member in self.folder.marked_processes():
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(member.pid) == leader:
                    left.append(member)
        end_processes(left, grace=2)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP interrupt the main thread as Ctrl-C does (KeyboardInterrupt)."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), interrupt):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP do nothing: for the stopping itself."""
    with _handling((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN):
        yield


@contextlib.contextmanager
def _handling(
    numbers: Sequence[signal.Signals],
    handler: Callable[[int, FrameType | None], None] | signal.Handlers,
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread has signals
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _is_ready(process: Process) -> bool:
    if process.ready_url:
        return _answers(process.ready_url)
    if process.ready_port:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", process.ready_port), timeout=1).close()
            return True
        return False
    return True


def _answers(url: str) -> bool:
    """Whether a GET of a plain HTTP address is answered below 400. No proxy stands between."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}".rstrip("?"))
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _ending(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
