"""Makes the engine of a database, with the options that the store relies on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.problems import StoreProblem

WAL_ATTEMPTS = 200
"""Attempts to switch a fresh file to write-ahead logging while others open it."""


def engine_for(address: URL, wait_s: float) -> AsyncEngine:
    """Return the engine of a database. StoreProblem when its driver is not installed."""
    if address.get_backend_name() != "sqlite":
        try:
            return create_async_engine(address, connect_args={"timeout": wait_s}, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise StoreProblem(
                "unreachable", f"{error.name} is not installed: pip install 'gradbot[postgres]'"
            ) from error
    # LIFO: the connection used last has the warmest page cache.
    engine = create_async_engine(address, connect_args={"timeout": wait_s}, pool_use_lifo=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself
        cursor = connection.cursor()
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that starts as a reader cannot become the writer while another one writes.
        if line := connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"):
            connection.exec_driver_sql(line)

    return engine


def try_file(path: Path, wait_s: float) -> None:
    """Make folder and file readable by this account only (SQLite gives its log the same rights), and try to write.

    Without the engine, because aiosqlite leaves a thread that outlives the loop when it cannot connect.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreProblem("unwritable", f"{path}: {error.strerror}") from error
    with closing(sqlite3.connect(path, timeout=wait_s, isolation_level=None)) as connection:
        for attempt in range(WAL_ATTEMPTS):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            try:
                connection.execute("PRAGMA journal_mode=WAL")  # stays with the file
                break
            except sqlite3.OperationalError as error:
                # Unlike BEGIN this does not wait while others open a fresh file.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == WAL_ATTEMPTS - 1:
                    raise
