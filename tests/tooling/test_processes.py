from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded.folder import StateFolder, is_alive
from config.ports import free_port
from config.processes import OnExit, Process, ProcessFailed, Supervisor

ROOT = Path(__file__).resolve().parents[2]

# Starts a child that ignores SIGTERM and a grandchild that leaves its session and its parent.
FAMILY = """
import signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", child])
daemon = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)"
subprocess.run([sys.executable, "-c", daemon])
open(sys.argv[1], "w").close()
time.sleep(600)
"""

WHOLE_RUN = """
import sys
from pathlib import Path
from config.embedded.folder import StateFolder
from config.processes import Process, Supervisor, interruptible

folder = StateFolder.hold(Path(sys.argv[1]))
try:
    with interruptible(), Supervisor(folder) as supervisor:
        supervisor.start(Process("sleeper", ["sleep", "600"]))
        print("up", flush=True)
        supervisor.wait()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    held = StateFolder.hold(tmp_path / "state")
    yield held
    held.release()


def quiet(_line: str) -> None:
    """Says nothing."""


def supervise(folder: StateFolder) -> Supervisor:
    return Supervisor(folder, say=quiet)


def python(name: str, code: str, *arguments: str, **more: object) -> Process:
    return Process(name, [sys.executable, "-c", code, *arguments], **more)  # type: ignore[arg-type]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stopping_reaches_children_grandchildren_and_daemons(
    folder: StateFolder, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    with supervise(folder) as supervisor:
        supervisor.start(python("family", FAMILY, str(ready), stop_seconds=1.0))
        wait_for(ready)
        family = folder.marked_processes()
        assert len(family) == 3
    assert not any(is_alive(member) for member in family)


def test_a_process_is_ready_when_its_port_answers(folder: StateFolder) -> None:
    port = free_port()
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with supervise(folder) as supervisor:
        supervisor.start(Process("by-url", server, ready_url=f"http://127.0.0.1:{port}/"))
        socket.create_connection(("127.0.0.1", port), timeout=1).close()


def test_a_process_that_cannot_start_is_reported_with_the_end_of_its_log(
    folder: StateFolder,
) -> None:
    with supervise(folder) as supervisor:
        with pytest.raises(ProcessFailed, match=r"exit status 3.*\n.*no such bank"):
            supervisor.start(
                python("broken", "print('no such bank'); raise SystemExit(3)", ready_port=1)
            )
        with pytest.raises(ProcessFailed, match="could not be started"):
            supervisor.start(Process("absent", ["/no/such/program"]))


def test_a_process_that_never_gets_ready_is_given_up(folder: StateFolder) -> None:
    process = Process("idle", ["sleep", "60"], ready_port=free_port(), ready_seconds=0.2)
    with (
        supervise(folder) as supervisor,
        pytest.raises(ProcessFailed, match=r"not ready within 0\.2 s"),
    ):
        supervisor.start(process)


def test_a_crashed_process_is_started_again(folder: StateFolder) -> None:
    with supervise(folder) as supervisor:
        supervisor.start(Process("sleeper", ["sleep", "600"]))
        before = supervisor.pid("sleeper")
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while supervisor.pid("sleeper") == before:
            assert time.monotonic() < deadline
            supervisor.wait(0.05)
        assert psutil.pid_exists(supervisor.pid("sleeper"))


def test_a_process_that_the_run_cannot_do_without_ends_it(folder: StateFolder) -> None:
    with supervise(folder) as supervisor:
        supervisor.start(python("vital", "print('out of lines')", on_exit=OnExit.FAIL))
        with pytest.raises(ProcessFailed, match=r"vital ended.*\n.*out of lines"):
            supervisor.wait(10)


def test_a_process_with_one_thing_to_do_may_end(folder: StateFolder) -> None:
    with supervise(folder) as supervisor:
        supervisor.start(Process("once", ["true"], on_exit=OnExit.IGNORE))
        supervisor.wait(0.3)


def test_later_batches_are_stopped_first(folder: StateFolder, tmp_path: Path) -> None:
    record = tmp_path / "record"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(sys.argv[1] + sys.argv[2], 'w').close()\n"
        "time.sleep(600)\n"
    )
    with supervise(folder) as supervisor:
        for name in ("first", "second"):
            supervisor.start(python(name, code, str(record), name))
            wait_for(tmp_path / f"record{name}")
    assert record.read_text().split() == ["second", "first"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_whole_run(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "state"
    with subprocess.Popen(
        [sys.executable, "-c", WHOLE_RUN, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        sleepers = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(number)
        assert run.stdout.readline() == "stopped\n"
        assert run.wait(10) == 0
    assert sleepers
    assert not any(is_alive(sleeper) for sleeper in sleepers)


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert free_port(busy) not in (0, busy)
    assert free_port(busy) == busy
