"""The servers a run needs: real ones where the environment names them, embedded ones where not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

from config.embedded.folder import StateFolder
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey


@dataclass
class Servers:
    """PostgreSQL and Redis, ready for use. A context manager: leaving it stops what it started.

    `database_url` logs in as the owner of the tables, `application_url` as the role that the
    application works as; where the environment names one database for both, they are the same.
    """

    database_url: str
    application_url: str
    redis_url: str
    folder: StateFolder
    postgres: Postgres | None = None
    valkey: Valkey | None = None

    @classmethod
    def start(
        cls,
        state_dir: Path,
        *,
        durable: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> Servers:
        """Starts what `DATABASE_URL` and `REDIS_URL` do not name, with its data in `state_dir`.
        `MIGRATION_DATABASE_URL` names the owner beside `DATABASE_URL`.

        Orphans of a killed run in the same folder are stopped first. `durable=False` makes
        PostgreSQL faster and lets a power cut ruin its data. Raises EmbeddedError (FolderBusy when
        another run has the folder).
        """
        environ = os.environ if environ is None else environ
        servers = cls(
            database_url=environ.get("MIGRATION_DATABASE_URL", "")
            or environ.get("DATABASE_URL", ""),
            application_url=environ.get("DATABASE_URL", ""),
            redis_url=environ.get("REDIS_URL", ""),
            folder=StateFolder.hold(state_dir),
        )
        try:
            if not servers.application_url:
                servers.postgres = Postgres.start(servers.folder, durable=durable)
                servers.database_url = servers.postgres.url
                servers.application_url = servers.postgres.application_url
            if not servers.redis_url:
                servers.valkey = Valkey.start(servers.folder)
                servers.redis_url = servers.valkey.url
        except BaseException:
            servers.stop()
            raise
        return servers

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the run needs to find the servers."""
        return {
            "DATABASE_URL": self.application_url,
            "MIGRATION_DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }

    def move_to(self, database: str) -> None:
        """From now on both addresses name another database of the same server."""
        self.database_url, self.application_url = (
            urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
            for url in (self.database_url, self.application_url)
        )

    def stop(self) -> None:
        """Stops what was started here and lets go of the folder. May be called twice."""
        try:
            if self.valkey is not None:
                self.valkey.stop()
                self.valkey = None
        finally:
            try:
                if self.postgres is not None:
                    self.postgres.stop()
                    self.postgres = None
            finally:
                self.folder.release()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
