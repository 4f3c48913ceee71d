"""A large audience is written down in pieces: nobody waits for it, and a kill in the middle loses or repeats nobody."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text

from bot.domain.broadcast import Moved
from bot.store import Store, freezing
from bot.store.broadcast_tables import recipients
from bot.store.schema import MIGRATIONS
from tests.broadcast.crowd import NOON, Crowd, crowd, session, settle
from tests.broadcast.killing import HOUSE

PEOPLE = 600
PIECE = 20
GOES_ON = f"""
import asyncio, sys
from datetime import UTC, datetime
from bot.store import Store, freezing

async def main():
    freezing.PIECE = {PIECE}
    store = await Store.open(sys.argv[1])
    while await store.broadcasts.go_on(int(sys.argv[2]), datetime.now(UTC)):
        print("one more", flush=True)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freezing, "PIECE", PIECE)


async def _killed(town: Crowd, number: int, pieces: int) -> None:
    """Another process goes on with it, and is killed after so many pieces."""
    command = [sys.executable, "-c", GOES_ON, town.url, str(number)]
    worker = await asyncio.create_subprocess_exec(*command, cwd=HOUSE, stdout=subprocess.PIPE)
    assert worker.stdout
    for _ in range(pieces):
        assert await worker.stdout.readline()
    worker.kill()
    await worker.wait()


async def _written(town: Crowd, number: int) -> tuple[int, int]:
    """How many rows there are, and of how many people."""
    counted = select(func.count(), func.count(recipients.c.who.distinct())).where(recipients.c.broadcast == number)
    async with town.store._reader.connect() as connection:
        rows, who = (await connection.execute(counted)).one()
    return rows, who


async def test_killed_while_the_audience_is_written_down(tmp_path: Path) -> None:
    async with crowd(tmp_path, []) as town:
        await settle(town.store, [session()] * PEOPLE)
        number = await town.starts()
        await _killed(town, number, 5)
        there = await town.get(number)
        assert there.state == "freezing"
        rows, who = await _written(town, number)
        assert there.total == rows == who
        assert 6 * PIECE <= rows < PEOPLE
        assert (await town.proven()).count == 0  # it has not begun
        await settle(town.store, [session()], first=PEOPLE)  # who comes later is not meant
        while await town.store.broadcasts.go_on(number, town.now):
            pass
        there = await town.get(number)
        assert (there.state, there.total) == ("running", PEOPLE)
        assert await _written(town, number) == (PEOPLE, PEOPLE)
        assert (await town.proven()).count == 1


async def test_nothing_is_sent_before_everybody_is_written_down(tmp_path: Path) -> None:
    async with crowd(tmp_path, [session()] * (2 * PIECE + 1)) as town:
        number = await town.starts()
        assert (await town.get(number)).state == "freezing"
        (row,) = await town.store.ledger.claim(number, "hasty", 1, town.now)
        assert not await town.store.ledger.mark(row.id, "hasty", town.now)
        await town.store.ledger.release(number, "hasty")
        await town.looks(town.tending())
        assert await town.totals(number) == {"sent": 2 * PIECE + 1}


async def test_cancelled_half_way_everybody_who_is_left_out_is_told(tmp_path: Path) -> None:
    async with crowd(tmp_path, [session()] * (3 * PIECE)) as town:
        number = await town.starts()
        await town.cancels(number)
        await town.looks(town.tending())
        assert await town.totals(number) == {"skipped": PIECE}
        assert (await town.get(number)).ended_at
        assert town.telegram.made("sendMessage") == []


async def test_a_large_one_that_is_cancelled_ends_at_once_and_is_tidied_up_after(tmp_path: Path) -> None:
    async with crowd(tmp_path, [session()] * (3 * PIECE)) as town:
        number = await town.starts()
        while await town.store.broadcasts.go_on(number, town.now):
            pass
        await town.cancels(number)
        there = await town.get(number)
        assert (there.state, there.ended_at) == ("cancelled", None)
        await town.looks(town.tending())
        assert await town.totals(number) == {"skipped": 3 * PIECE}
        assert (await town.get(number)).ended_at == town.now
        assert (await town.proven()).count == 2


async def test_what_is_taken_back_is_written_down_in_pieces_too(tmp_path: Path) -> None:
    async with crowd(tmp_path, [session()] * (2 * PIECE + 1)) as town:
        number, tending = await town.starts(), town.tending()
        await town.looks(tending)
        made = await town.store.broadcasts.make(
            "telegram", (await town.get(number)).draft, "1", town.now, act="delete", parent=number
        )
        assert made
        await town.start(made)
        assert (await town.get(made)).state == "freezing"
        await town.looks(tending)
        assert await town.totals(made) == {"sent": 2 * PIECE + 1}
        assert len(town.telegram.made("deleteMessage")) == 2 * PIECE + 1


async def test_a_broadcast_that_ran_before_the_upgrade_runs_on_after_it(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config, engine = Config(), create_engine(f"sqlite:///{tmp_path / 'gradbot.db'}")
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(
            text(
                "INSERT INTO broadcasts (channel, act, state, came_from, draft, version, made_by, made_at, why)"
                " VALUES ('telegram', 'send', 'running', 'draft', '{}', 1, '1', '2013-12-11T04:00:00.000+00:00', '')"
            )
        )
    engine.dispose()
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
    (broadcast,) = await store.broadcasts.all()
    assert broadcast.state == "running"
    await store.desk.apply([Moved(broadcast.number, "running", "paused", {})], "telegram", NOON)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "gradbot.db")) as raw:
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
