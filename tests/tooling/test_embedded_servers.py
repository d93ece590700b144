from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from config.embedded.folder import (
    MARK,
    EmbeddedError,
    FolderBusy,
    StateFolder,
    is_alive,
    processes_working_in,
)
from config.embedded.servers import Servers
from tests.tooling.conftest import remove_state

ROOT = Path(__file__).resolve().parents[2]

KILLED_RUN = """
import subprocess, sys, time
from pathlib import Path
from config.embedded.servers import Servers

servers = Servers.start(Path(sys.argv[1]), durable=False, environ={})
subprocess.Popen(["sleep", "600"], env=servers.folder.environment, start_new_session=True)
print(servers.database_url, flush=True)
time.sleep(600)
"""


def start(folder: Path) -> Servers:
    return Servers.start(folder, durable=False, environ={})


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def ping(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    finally:
        client.close()


def servers_in(folder: Path) -> list[psutil.Process]:
    return [
        *processes_working_in(folder / "postgres" / "data", "postgres"),
        *processes_working_in(folder / "valkey", "valkey-server"),
    ]


def test_servers_start_answer_and_leave_nothing_behind(state: Path) -> None:
    with start(state) as servers:
        assert query(servers.database_url, "SELECT current_database()") == [("sanshi",)]
        assert query(servers.database_url, "SHOW max_connections") == [("200",)]
        assert query(servers.database_url, "SELECT upper('é')") == [("É",)]
        assert ping(servers.redis_url)
        assert servers_in(state)
    assert servers_in(state) == []


def test_data_survives_a_stop(state: Path) -> None:
    with start(state) as servers:
        query(servers.database_url, "CREATE TABLE kept (n int)")
    with start(state) as servers:
        assert query(servers.database_url, "SELECT count(*) FROM kept") == [(0,)]


def test_a_killed_run_leaves_orphans_which_the_next_run_ends(state: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED_RUN, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    query(url, "CREATE TABLE kept AS SELECT 7 AS n")
    run.kill()
    run.wait()
    run.stdout.close()
    orphans = [*servers_in(state), *marked(state)]
    assert {orphan.name() for orphan in orphans} >= {"postgres", "valkey-server", "sleep"}

    with start(state) as servers:
        assert query(servers.database_url, "SELECT n FROM kept") == [(7,)]
        assert not any(is_alive(orphan) for orphan in orphans)
    assert [*servers_in(state), *marked(state)] == []


def test_a_killed_postgres_starts_again_with_its_data(state: Path) -> None:
    with start(state) as servers:
        query(servers.database_url, "CREATE TABLE kept AS SELECT 7 AS n")
        assert servers.postgres is not None
        os.kill(servers.postgres.process.pid, signal.SIGKILL)
    with start(state) as servers:
        assert query(servers.database_url, "SELECT n FROM kept") == [(7,)]


def test_a_stale_pid_file_with_a_living_number_does_not_stop_the_start(state: Path) -> None:
    with start(state):
        pass
    pid_file = state / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n0\n5432\n\n\n  0 0\nready\n")
    with start(state) as servers:
        assert query(servers.database_url, "SELECT 1") == [(1,)]


def test_a_half_made_cluster_is_made_anew(state: Path) -> None:
    data = state / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    with start(state) as servers:
        assert query(servers.database_url, "SELECT 1") == [(1,)]


def test_a_second_run_in_the_same_folder_is_told_who_has_it(state: Path) -> None:
    holder = StateFolder.hold(state)
    with pytest.raises(FolderBusy, match=f"process {os.getpid()}"):
        start(state)
    holder.release()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match=f"{file} cannot be used"):
        start(file)


def test_a_long_path_and_a_closed_folder_above_do_no_harm(state: Path) -> None:
    closed = state / "closed"
    deep = closed / ("long" * 25)
    deep.mkdir(parents=True)
    closed.chmod(0o700)
    try:
        with start(deep) as servers:
            assert query(servers.database_url, "SELECT 1") == [(1,)]
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        remove_state(deep)


def test_servers_named_in_the_environment_are_used_as_they_are(state: Path) -> None:
    real = {"DATABASE_URL": "postgresql://real/bank", "REDIS_URL": "redis://real"}
    with Servers.start(state, environ=real) as servers:
        assert servers.environment == real | {"MIGRATION_DATABASE_URL": "postgresql://real/bank"}
        assert servers_in(state) == []


def test_the_owner_is_another_login_than_the_application(state: Path) -> None:
    with start(state) as servers:
        application = servers.environment["DATABASE_URL"]
        assert query(application, "SELECT current_user::text") == [("sanshi_app",)]
        owner = servers.environment["MIGRATION_DATABASE_URL"]
        assert query(owner, "SELECT current_user::text") == [("postgres",)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(application, "CREATE TABLE thing (n int)")


def marked(folder: Path) -> list[psutil.Process]:
    """What carries the mark of the folder's run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
