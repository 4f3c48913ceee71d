"""Makes the engine of a database, with the options that the store relies on."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.problems import StoreProblem, code_of

WAL_ATTEMPTS = 200
"""Attempts to switch a fresh file to write-ahead logging while others open it."""
SILENT_S = 10
"""Seconds after which a connection whose other end is silent is given up, by us and by the server."""
MIGRATION_S = 3600.0
"""Seconds that a statement of a migration may take."""
UNKNOWN_TO_POOLER = "unsupported startup parameter"
"""With these words PgBouncer refuses what only the server itself understands."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to connect. `wait_s`: seconds for a connection, and for another process that writes to SQLite's file.

    Of PostgreSQL alone: `statement_s` is how long a statement may take, `pool` the number of connections. `pooled`:
    PgBouncer is between, which may give each transaction another connection of the server's. `migrates`: an older
    schema is brought up to date, else it is a StoreProblem.
    """

    wait_s: float = 5.0
    statement_s: float = 10.0
    pool: int = 10
    pooled: bool = False
    migrates: bool = True

    @property
    def of_postgres(self) -> dict[str, Any]:
        """Arguments of asyncpg."""
        ours: dict[str, Any] = {"timeout": self.wait_s, "command_timeout": self.statement_s}
        if self.pooled:  # no statement is there any more in the next transaction
            return ours | {
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": str,
            }
        return ours | {"server_settings": _server_settings(self.statement_s)}


DEFAULT = EngineOptions()


def _server_settings(statement_s: float) -> dict[str, str]:
    """Return settings with which the server gives up as we do: no lock outlives a worker that vanished."""
    return {
        "application_name": "gradbot",
        "statement_timeout": f"{statement_s * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{3 * statement_s * 1000:.0f}",
        "tcp_keepalives_idle": f"{SILENT_S // 2}",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "2",
        "tcp_user_timeout": f"{SILENT_S * 1000}",
    }


def engine_for(address: URL, options: EngineOptions, **more: Any) -> AsyncEngine:
    """Return the engine of a database; `more` are SQLAlchemy's own options. StoreProblem when its driver is missing."""
    if address.get_backend_name() != "sqlite":
        pool = {"pool_size": options.pool, "max_overflow": 0, "pool_timeout": options.wait_s, "pool_use_lifo": True}
        try:
            engine = create_async_engine(address, connect_args=options.of_postgres, **(more or pool))
        except ModuleNotFoundError as error:
            raise StoreProblem(
                "unreachable", f"{error.name} is not installed: pip install 'gradbot[postgres]'"
            ) from error
        event.listen(engine.sync_engine, "connect", _notice_silence)
        return engine
    # LIFO: the connection used last has the warmest page cache.
    engine = create_async_engine(address, connect_args={"timeout": options.wait_s}, pool_use_lifo=True)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself
        cursor = connection.cursor()
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    dialect, roll_back = engine.sync_engine.dialect, engine.sync_engine.dialect.do_rollback

    def end(dbapi_connection: PoolProxiedConnection) -> None:
        # Every call of the driver is a switch of threads, and whoever only read has nothing to take back.
        driver: Any = dbapi_connection.driver_connection
        if driver.in_transaction:
            roll_back(dbapi_connection)

    dialect.do_rollback = end  # type: ignore[method-assign]

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that starts as a reader cannot become the writer while another one writes.
        if line := connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"):
            connection.exec_driver_sql(line)

    return engine


def time_statements(engine: AsyncEngine, note: Callable[[float], None]) -> None:
    """Note the seconds of every statement from now on, also of one that fails; not of BEGIN and COMMIT."""

    def begin(_connection: Any, _cursor: Any, _line: Any, _values: Any, context: Any, _many: Any) -> None:
        context.began = time.perf_counter()

    def end(_connection: Any, _cursor: Any, _line: Any, _values: Any, context: Any, _many: Any) -> None:
        note(time.perf_counter() - context.began)

    def fail(failed: Any) -> None:
        if began := getattr(failed.execution_context, "began", None):
            note(time.perf_counter() - began)

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


def _notice_silence(connection: Any, _record: Any) -> None:
    """Let the system end a connection of PostgreSQL whose other end is gone without a word."""
    transport = getattr(connection.driver_connection, "_transport", None)
    found: socket.socket | None = transport.get_extra_info("socket") if transport else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": SILENT_S * 1000}
    for name, value in wanted.items():
        if number := getattr(socket, name, None):  # not every system has all of them
            found.setsockopt(socket.IPPROTO_TCP, number, value)


@asynccontextmanager
async def given_up_when_broken(connection: AsyncConnection) -> AsyncIterator[None]:
    """Close a connection that is of no use any more: silent, or to a server that only reads now."""
    try:
        yield
    except OSError:
        await connection.invalidate()
        raise
    except DBAPIError as error:
        if connection.dialect.name != "sqlite" and code_of(error) in ("unreachable", "unwritable"):
            await connection.invalidate()
        raise


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
