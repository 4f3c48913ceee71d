"""Problems of a database, by a code for which there are words for an operator."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

StoreCode = Literal[
    "newer_schema",  # made by a later gradbot
    "older_schema",  # made by an earlier one, and it is not to be changed here
    "locked",  # another process, or all of us together, keep it busy for longer than we wait
    "disk_full",
    "not_a_database",  # another kind of file, a damaged one, or somebody else's tables
    "replaced",  # somebody deleted or replaced the file while it was open
    "unwritable",  # read-only file, folder, file system or account
    "unreachable",  # no server there, no such database, wrong password, no driver
]

# First match wins; names as in sqlite3.Error.sqlite_errorname.
_SQLITE: tuple[tuple[str, StoreCode], ...] = (
    ("SQLITE_BUSY", "locked"),
    ("SQLITE_LOCKED", "locked"),
    ("SQLITE_PROTOCOL", "locked"),
    ("SQLITE_FULL", "disk_full"),
    ("SQLITE_NOTADB", "not_a_database"),
    ("SQLITE_CORRUPT", "not_a_database"),
    ("SQLITE_READONLY", "unwritable"),
    ("SQLITE_CANTOPEN", "unwritable"),
    ("SQLITE_PERM", "unwritable"),
    ("SQLITE_IOERR", "unwritable"),
)
# SQLite has no code of its own for what somebody dropped.
_MISSING = ("no such table", "no such column")
# SQLSTATE, or the beginning of one.
_POSTGRES: tuple[tuple[str, StoreCode], ...] = (
    ("53100", "disk_full"),
    ("40P01", "locked"),
    ("40001", "locked"),
    ("55P03", "locked"),
    ("25006", "unwritable"),
    ("42501", "unwritable"),
    ("42P01", "not_a_database"),  # no such table
    ("42703", "not_a_database"),  # no such column
    ("08", "unreachable"),
    ("28", "unreachable"),
    ("3D000", "unreachable"),
    ("53", "unreachable"),
    ("57", "unreachable"),
)


# Beginnings of the SQLSTATE of what passes by itself: a lost connection, a restart, another primary, a lock.
_PASSING = ("08", "25006", "40", "53300", "55P03", "57")


class StoreProblem(Exception):
    """The database cannot do what was requested, and nothing was changed. `detail`: one English line, no secrets.

    `sqlstate` is PostgreSQL's own code, empty when it did not answer. `passes`: it may be gone a moment later.
    """

    def __init__(self, code: StoreCode, detail: str, sqlstate: str = "", *, passes: bool = False) -> None:
        self.code = code
        self.detail = detail
        self.sqlstate = sqlstate
        self.passes = passes
        super().__init__(f"{code}: {detail}")

    @property
    def for_log(self) -> dict[str, str]:
        """Fields of a log line."""
        return {"code": self.code} | ({"sqlstate": self.sqlstate} if self.sqlstate else {})


listeners: set[Callable[[StoreProblem], None]] = set()
"""Told of every problem that a driver met."""


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn exceptions of drivers and the system into StoreProblem; those that are bugs of ours pass unchanged."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, NoConnectionFree, OSError) as error:
        problem = _problem_of(error)
        if problem is None:
            raise
        for tell in listeners:
            tell(problem)
        raise problem from error


def _problem_of(error: Exception) -> StoreProblem | None:
    if isinstance(error, DBAPIError):
        code = code_of(error)
        state = getattr(error.orig, "sqlstate", None) or ""
        passes = code == "unreachable" if not state else state.startswith(_PASSING)
        return StoreProblem(code, str(error.orig).partition("\n")[0], state, passes=passes) if code else None
    if isinstance(error, sqlite3.Error):
        code = _first(_SQLITE, getattr(error, "sqlite_errorname", ""))
        return StoreProblem(code, str(error)) if code else None
    if isinstance(error, NoConnectionFree):
        return StoreProblem("locked", "every connection has been in use for too long", passes=True)
    # asyncpg lets refused, unresolved and timed-out connections through as they are
    return StoreProblem("unreachable", str(error) or type(error).__name__, passes=True)


def code_of(error: DBAPIError) -> StoreCode | None:
    """Return the code of a driver's exception; None for a bug of ours."""
    if isinstance(error.orig, sqlite3.Error):
        if str(error.orig).startswith(_MISSING):
            return "not_a_database"
        return _first(_SQLITE, getattr(error.orig, "sqlite_errorname", ""))
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return "unreachable"
    return _first(_POSTGRES, getattr(error.orig, "sqlstate", None) or "")


def _first(table: tuple[tuple[str, StoreCode], ...], name: str) -> StoreCode | None:
    return next((code for start, code in table if name.startswith(start)), None)
