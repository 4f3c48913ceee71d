"""Databases of tests: SQLite's in a folder, and PostgreSQL's where TEST_POSTGRES_URL names a server to make them on."""

from __future__ import annotations

import os
from pathlib import Path

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
