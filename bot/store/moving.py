"""Moves a database from SQLite's file to an empty one of PostgreSQL: table by table, in pieces, verified at the end.

Until everything is there and the same, the new database has no revision, so that no bot serves from it. A move that was
interrupted goes on after the last row that arrived. All functions raise StoreProblem; the file is only read.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Table, Text, collate, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import EngineOptions, engine_for
from bot.store.problems import StoreProblem, translate_errors
from bot.store.schema import create, stamp
from bot.store.tables import metadata

PIECE = 10_000
"""Rows that are copied in one transaction."""
UNDER_WAY = "gradbot_move"
"""A table of the new database while a move to it is under way."""


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table with its number of rows, and the hash of all of them in order, the same on both sides."""

    name: str
    rows: int
    hash: str


async def move(file: Path, to: str, options: EngineOptions, tell: Callable[[MovedTable], None]) -> None:
    """Copy everything from SQLite's file, whose schema is current and to which nobody writes, and verify it.

    `tell` hears of each table when it is verified. What is found to differ is named, and nothing can serve from it.
    """
    with translate_errors(), _reading(file) as source:
        async with _writing(to, options) as target:
            await target.run_sync(_begin)
            await target.commit()
            for table in metadata.sorted_tables:
                await _copy(source, target, table)
            different = []
            for table in metadata.sorted_tables:
                there = Checksum()
                for row in source.execute(_rows(table)):
                    there.add(row)
                was, came = there.result, await _checksum_of(target, table)
                if was != came:
                    different.append(f"{table.name} ({was[0]} rows, {came[0]} arrived)")
                else:
                    tell(MovedTable(table.name, *was))
            if different:
                raise StoreProblem("not_a_database", f"differs from the file: {', '.join(different)}; {_AGAIN}")
            await _end(source, target)


_AGAIN = "make the new database anew, and move again"


@contextmanager
def _reading(file: Path) -> Iterator[Connection]:
    address = f"{file.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # everything is read as it is now
            yield connection
    finally:
        engine.dispose()


@asynccontextmanager
async def _writing(to: str, options: EngineOptions) -> AsyncIterator[AsyncConnection]:
    engine = engine_for(make_url(to), options)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def _begin(connection: Connection) -> None:
    """Make the tables, unless a move is under way."""
    found = set(inspect(connection).get_table_names())
    if UNDER_WAY in found:
        return
    if there := found & {*metadata.tables, "alembic_version"}:
        raise StoreProblem("not_a_database", f"holds tables already: {', '.join(sorted(there)[:5])}; {_AGAIN}")
    create(connection)
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())
    connection.execute(text(f"CREATE TABLE {UNDER_WAY} (since TEXT)"))


async def _copy(source: Connection, target: AsyncConnection, table: Table) -> None:
    """Copy the rows that have not arrived."""
    if "id" not in table.c:
        await _copy_whole(source, target, table)
        return
    while True:
        after = (await target.execute(select(func.coalesce(func.max(table.c.id), -1)))).scalar_one()
        rows = source.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(PIECE)).all()
        await _write(target, table, rows)
        if len(rows) < PIECE:
            return


async def _copy_whole(source: Connection, target: AsyncConnection, table: Table) -> None:
    """Copy a small table whose rows have no numbers in one transaction."""
    await target.execute(table.delete())
    await _write(target, table, source.execute(select(table)).all())


async def _write(target: AsyncConnection, table: Table, rows: Sequence[Row[Any]]) -> None:
    """Write rows by COPY, in the transaction that is under way, and commit."""
    if rows:
        raw = await target.get_raw_connection()
        assert raw.driver_connection
        names = [column.name for column in table.columns]
        await raw.driver_connection.copy_records_to_table(table.name, records=map(tuple, rows), columns=names)
    await target.commit()


def _rows(table: Table, collation: str = "") -> Any:
    """Select all rows in the order of the primary key; texts by their bytes, on both sides."""
    keys = table.primary_key.columns
    if collation:
        return select(table).order_by(*(collate(key, collation) if isinstance(key.type, Text) else key for key in keys))
    return select(table).order_by(*keys)


async def _checksum_of(target: AsyncConnection, table: Table) -> tuple[int, str]:
    checksum = Checksum()
    async for row in await target.stream(_rows(table, "C")):
        checksum.add(row)
    return checksum.result


class Checksum:
    """Counts and hashes rows, in their order."""

    def __init__(self) -> None:
        self._count, self._hash = 0, hashlib.sha256()

    def add(self, row: Row[Any]) -> None:
        """Add the next row."""
        self._count += 1
        self._hash.update(repr(tuple(row)).encode())

    @property
    def result(self) -> tuple[int, str]:
        """The number of rows and the hash of all of them."""
        return self._count, self._hash.hexdigest()


async def _end(source: Connection, target: AsyncConnection) -> None:
    """Let numbers go on after the last one that was given away, and let bots serve."""
    given: dict[str, int] = {row.name: row.seq for row in source.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    for table in metadata.sorted_tables:
        if table.autoincrement_column is not None and isinstance(table.autoincrement_column.type, BigInteger):
            last = (await target.execute(select(func.coalesce(func.max(table.c.id), 0)))).scalar_one()
            last = max(last, given.get(table.name, 0))
            sequence = func.pg_get_serial_sequence(table.name, "id")
            await target.execute(select(func.setval(sequence, max(last, 1), last > 0)))
    await target.run_sync(stamp)
    await target.execute(text(f"DROP TABLE {UNDER_WAY}"))
    await target.commit()
