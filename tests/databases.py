"""Databases of tests: SQLite's in a folder, and PostgreSQL's where TEST_POSTGRES_URL names a server to make them on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")
# Not `skipif`, of which pytest reports every test on a line of its own.
_UNLESS_THERE = () if POSTGRES else pytest.mark.skip(reason="TEST_POSTGRES_URL names no server")
BACKENDS = ("sqlite", pytest.param("postgresql", marks=_UNLESS_THERE))


async def make_database(backend: str, folder: Path) -> str:
    """Return the URL of an empty database. On PostgreSQL it replaces the one before: each test process has one."""
    if backend == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'gradbot.db'}"
    server = make_url(POSTGRES)
    name = f"gradbot_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        # FORCE: a process that a test killed may still be connected.
        await connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    await engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


class Cluster:
    """A PostgreSQL of its own in a folder, that can be stopped and started. `url` is its database.

    `copy_of` is one that is stopped: this one goes on from its data.
    """

    def __init__(self, folder: Path, copy_of: Cluster | None = None) -> None:
        folder.mkdir()
        found = shutil.which("initdb") or max(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))
        self._programs, self.folder = Path(os.path.realpath(found)).parent, folder
        self._as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as_owner:
            shutil.chown(folder, "postgres")
        if copy_of:
            self._run("cp", "-a", str(copy_of.folder / "data"), "data", own=False)
        else:
            self._run("initdb", "-D", "data", "-U", "gradbot", "--auth=trust", "--encoding=UTF8", "--no-locale")
        self.url = f"postgresql+asyncpg://gradbot@/postgres?host={folder}"

    def _run(self, program: str, *more: str, own: bool = True) -> None:
        with (self.folder / "pg.log").open("a") as log:
            line = [*self._as_owner, str(self._programs / program) if own else program, *more]
            subprocess.run(line, cwd=self.folder, check=True, stdout=log, stderr=log)

    def start(self) -> None:
        """Start it; it is ready on return."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=120"
        options += " -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=top"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "server.log", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it; connections are cut."""
        self._run("pg_ctl", "-D", "data", "-m", how, "stop")

    async def ask(self, line: str) -> Any:
        """Return the rows of a statement."""
        engine = create_async_engine(self.url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            done = await connection.exec_driver_sql(line)
            rows = done.all() if done.returns_rows else []
        await engine.dispose()
        return rows
