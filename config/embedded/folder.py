"""The state folder: where a run keeps its servers' data and its logs, and whose it is.

One run at a time owns a state folder, by a file lock that the kernel lets go of however the run
ends. Whatever process still works for the folder once we hold the lock is therefore an orphan of a
run that was killed, and may be stopped. Processes carry the folder's path in their environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 100
# PostgreSQL names its socket .s.PGSQL.<port>.
SOCKET_NAME = ".s.PGSQL.5432"
# The environment variable that tells which folder's run a process belongs to.
MARK = "SANSHI_RUN_OF_FOLDER"


class EmbeddedError(Exception):
    """An embedded server cannot run; the message is for the person at the terminal."""


class FolderBusy(EmbeddedError):
    """Another run owns the state folder."""


@dataclass
class StateFolder:
    """A state folder held by this process until `release`."""

    path: Path
    lock: IO[str]

    @classmethod
    def hold(cls, path: Path) -> StateFolder:
        """Makes the folder if need be and takes it, ending the orphans of a killed run.

        Raises FolderBusy if another run has it.
        """
        path = path.resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / "log").mkdir(exist_ok=True)
            lock = (path / "lock").open("a+")
        except OSError as error:
            raise EmbeddedError(
                f"The folder {path} cannot be used: {error.strerror} ({error.filename})."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise FolderBusy(
                f"Another run (process {holder}) uses {path}. Stop it first, or use another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        folder = cls(path, lock)
        end_processes(folder.marked_processes(), grace=5)
        return folder

    @property
    def environment(self) -> dict[str, str]:
        """The mark that every process of this run carries."""
        return {MARK: str(self.path)}

    def marked_processes(self) -> list[psutil.Process]:
        """The running processes with this folder's mark, but for ourselves and our callers."""
        me = psutil.Process()
        spared = {me.pid, *(parent.pid for parent in me.parents())}
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid in spared or process.environ().get(MARK) != str(self.path):
                    continue
                if is_alive(process):
                    found.append(process)
        return found

    def release(self) -> None:
        """Lets the next run have the folder."""
        self.lock.close()

    def log_file(self, name: str) -> Path:
        """The log of one server or process; the log of the run before is kept beside it."""
        file = self.path / "log" / f"{name}.log"
        if file.exists():
            file.replace(file.with_suffix(".log.1"))
        return file


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for the message that something died."""
    if not log.exists():
        return "(nothing)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or "(nothing)"


def short_folder_for_socket(wanted: Path, note: Path) -> Path:
    """`wanted`, or a new short folder when a socket in `wanted` would have too long a path.

    `note` remembers the short folder, so that the next run removes it if this one is killed.
    """
    remove_noted(note)
    if len(os.fsencode(wanted / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
        wanted.mkdir(exist_ok=True)
        return wanted
    roots = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - mkdtemp makes it private
    for root in roots:
        if len(os.fsencode(root)) <= LONGEST_SOCKET_PATH - 40:
            short = Path(tempfile.mkdtemp(prefix="sanshi-", dir=root))
            note.write_text(f"{short}\n")
            return short
    raise EmbeddedError(f"No temporary folder with a path short enough for a socket: {roots}")


def remove_noted(note: Path) -> None:
    """Removes the folder that `note` remembers, and the note."""
    if note.exists():
        folder = Path(note.read_text().strip())
        # The note lies in our own folder, but a slip here would be dear.
        if folder.name.startswith("sanshi-"):
            shutil.rmtree(folder, ignore_errors=True)
        note.unlink()


def processes_working_in(folder: Path, name: str) -> list[psutil.Process]:
    """The running processes called `name` whose working directory is `folder`.

    Both servers change into their data folder, and rewrite their command line: so it is the folder
    that tells whose they are. Processes we may not look at are not ours.
    """
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error, OSError):
            if process.info["name"] == name and Path(process.cwd()) == folder:
                found.append(process)
    return found


def end_processes(processes: list[psutil.Process], *, grace: float) -> None:
    """Ends the processes, politely, after `grace` seconds by force; returns when all are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in _still_alive(processes, grace):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _still_alive(processes, 5)


def is_alive(process: psutil.Process) -> bool:
    """Whether the process does anything still; one that has ended and waits for its parent's look
    does not. (An orphan's new parent, in a container, may never look.)"""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _still_alive(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits so long for the processes to end; returns those that have not."""
    deadline = time.monotonic() + seconds
    while (alive := [p for p in processes if is_alive(p)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive
