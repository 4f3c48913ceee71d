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
from tests.broadcast.harness import NOON, Harness, add_people, open_harness, session
from tests.broadcast.kill_sender import ROOT

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


async def _killed(harness: Harness, number: int, pieces: int) -> None:
    """Go on with it in another process that is killed after so many pieces."""
    command = [sys.executable, "-c", GOES_ON, harness.url, str(number)]
    worker = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    assert worker.stdout
    for _ in range(pieces):
        assert await worker.stdout.readline()
    worker.kill()
    await worker.wait()


async def _written(harness: Harness, number: int) -> tuple[int, int]:
    """Return how many rows there are, and of how many people."""
    counted = select(func.count(), func.count(recipients.c.who.distinct())).where(recipients.c.broadcast == number)
    async with harness.store._reader.connect() as connection:
        rows, who = (await connection.execute(counted)).one()
    return rows, who


async def test_killed_while_the_audience_is_written_down(tmp_path: Path) -> None:
    async with open_harness(tmp_path, []) as harness:
        await add_people(harness.store, [session()] * PEOPLE)
        number = await harness.start_new()
        await _killed(harness, number, 5)
        there = await harness.get(number)
        assert there.state == "freezing"
        rows, who = await _written(harness, number)
        assert there.total == rows == who
        assert 6 * PIECE <= rows < PEOPLE
        assert (await harness.verify_proof()).count == 0  # it has not begun
        await add_people(harness.store, [session()], first=PEOPLE)  # who comes later is not meant
        while await harness.store.broadcasts.go_on(number, harness.now):
            pass
        there = await harness.get(number)
        assert (there.state, there.total) == ("running", PEOPLE)
        assert await _written(harness, number) == (PEOPLE, PEOPLE)
        assert (await harness.verify_proof()).count == 1


async def test_nothing_is_sent_before_everybody_is_written_down(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session()] * (2 * PIECE + 1)) as harness:
        number = await harness.start_new()
        assert (await harness.get(number)).state == "freezing"
        (row,) = await harness.store.ledger.claim(number, "hasty", 1, harness.now)
        assert not await harness.store.ledger.mark(row.id, "hasty", harness.now)
        await harness.store.ledger.release(number, "hasty")
        await harness.run_due(harness.scheduler())
        assert await harness.totals(number) == {"sent": 2 * PIECE + 1}


async def test_cancelled_half_way_everybody_who_is_left_out_is_counted(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session()] * (3 * PIECE)) as harness:
        number = await harness.start_new()
        await harness.cancel(number)
        await harness.run_due(harness.scheduler())
        assert await harness.totals(number) == {"skipped": PIECE}
        assert (await harness.get(number)).ended_at
        assert harness.telegram.made("sendMessage") == []


async def test_a_large_one_that_is_cancelled_ends_at_once_and_is_tidied_up_after(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session()] * (3 * PIECE)) as harness:
        number = await harness.start_new()
        while await harness.store.broadcasts.go_on(number, harness.now):
            pass
        await harness.cancel(number)
        there = await harness.get(number)
        assert (there.state, there.ended_at) == ("cancelled", None)
        await harness.run_due(harness.scheduler())
        assert await harness.totals(number) == {"skipped": 3 * PIECE}
        assert (await harness.get(number)).ended_at == harness.now
        assert (await harness.verify_proof()).count == 2


async def test_what_is_taken_back_is_written_down_in_pieces_too(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session()] * (2 * PIECE + 1)) as harness:
        number, scheduler = await harness.start_new(), harness.scheduler()
        await harness.run_due(scheduler)
        made = await harness.store.broadcasts.make(
            "telegram", (await harness.get(number)).draft, "1", harness.now, act="delete", parent=number
        )
        assert made
        await harness.start(made)
        assert (await harness.get(made)).state == "freezing"
        await harness.run_due(scheduler)
        assert await harness.totals(made) == {"sent": 2 * PIECE + 1}
        assert len(harness.telegram.made("deleteMessage")) == 2 * PIECE + 1


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
    await store.apply([Moved(broadcast.number, "running", "paused", {})], "telegram", NOON)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "gradbot.db")) as raw:
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
