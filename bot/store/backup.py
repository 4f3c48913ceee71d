"""Copies, checks and restores SQLite's file as a whole, without the engine: whoever does so may have nothing else.

All functions raise StoreProblem with a sentence for the operator, and then have changed nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from bot.store.file_guard import MAGIC
from bot.store.problems import StoreProblem, translate_errors
from bot.store.schema import REVISION
from bot.store.tables import metadata

BESIDE = ("", "-wal", "-shm")
"""Suffixes of the files that are one database."""
MOST_FAULTS = 20


def back_up(database: Path, to: Path) -> int:
    """Copy the database, also while a bot writes to it, to a file that is complete or not there; return its bytes.

    An older backup is replaced, any other file is not.
    """
    if not database.is_file():
        raise StoreProblem("unwritable", f"{database}: there is no database")
    if to.exists() and (to.samefile(database) or not _is_sqlite(to)):
        raise StoreProblem("unwritable", f"{to}: is there already and no backup")
    with _fresh_copy(to) as copy:
        _copy(database, copy)
        if faults := find_faults(copy):
            raise StoreProblem("not_a_database", "; ".join(faults))
        copy.replace(to)
    return to.stat().st_size


def restore(backup: Path, database: Path, at: datetime) -> Path | None:
    """Put a backup in the place of the database, which is kept beside it; return where, None when there was none.

    Nobody may have the database open.
    """
    if faults := find_faults(backup):
        raise StoreProblem("not_a_database", f"{backup}: {'; '.join(faults)}")
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = database.with_name(f"{database.name}.replaced-{at:%Y%m%dT%H%M%S}") if database.exists() else None
    with translate_errors(), _fresh_copy(database) as copy:
        _copy(backup, copy)
        if kept:
            _empty_log(database)
            kept.hardlink_to(database)
            for suffix in BESIDE[1:]:  # of a damaged database; they would be taken for the backup's
                if (part := Path(f"{database}{suffix}")).exists():
                    part.rename(f"{kept}{suffix}")
        copy.replace(database)  # at no moment is there no database
    return kept


def find_faults(database: Path) -> list[str]:
    """Return all that is wrong with a database file: its pages, references, revision, tables and columns."""
    if not database.is_file():
        return ["there is no such file"]
    if not _is_sqlite(database):
        return ["is no SQLite database"]
    try:
        with closing(_open(database)) as connection:
            broken = [line for (line,) in connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})") if line != "ok"]
            if broken:
                return broken
            loose = [
                f"{row[0]}: row {row[1]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")
            ]
            return [*loose[:MOST_FAULTS], *_schema_faults(connection)]
    except sqlite3.Error as error:
        return [str(error)]


def count_broken_sessions(database: Path) -> int:
    """Return the number of sessions that could not be read and were kept aside."""
    with translate_errors(), closing(_open(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM broken_sessions").fetchone()[0])


def _schema_faults(connection: sqlite3.Connection) -> list[str]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        return ["is a database of something else"]
    revisions = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    if len(revisions) != 1:
        return ["alembic_version names no revision of gradbot"]
    if revisions[0] > REVISION:
        return [f"is at revision {revisions[0]}, this gradbot knows {REVISION}"]
    if revisions[0] < REVISION:
        return []  # older tables; they are brought up to date when a bot opens it
    faults = []
    for table in metadata.sorted_tables:
        columns = {row[1] for row in connection.execute(f'PRAGMA table_info("{table.name}")')}
        if not columns:
            faults.append(f"table {table.name} is missing")
        elif missing := [column.name for column in table.columns if column.name not in columns]:
            faults.append(f"table {table.name} lacks {', '.join(missing)}")
    return faults


def _empty_log(database: Path) -> None:
    """Write what is in the log into the file itself, so that the file is all; not possible with a damaged one."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA user_version=0")  # the last one that closes a database deletes its log


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _open(path: Path) -> sqlite3.Connection:
    """Open a database that is only read; its name may hold any character."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)


@contextmanager
def _fresh_copy(to: Path) -> Iterator[Path]:
    """Give the name of a new file beside `to`, readable by this account only; it is deleted unless it was renamed."""
    copy = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        try:
            copy.unlink(missing_ok=True)
            copy.touch(mode=0o600)
        except OSError as error:
            raise StoreProblem("unwritable", f"{copy}: {error.strerror}") from error
        yield copy
    finally:
        for suffix in BESIDE:
            Path(f"{copy}{suffix}").unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copy page by page in one read transaction, without the mark of the run (see FileGuard), onto the disk itself."""
    with translate_errors(), closing(_open(source)) as reads, closing(sqlite3.connect(target)) as writes:
        reads.backup(writes)
        writes.execute("PRAGMA journal_mode=DELETE")
        writes.execute("PRAGMA user_version=0")
    with target.open("rb") as file:
        os.fsync(file.fileno())
