"""`gradbot db move`: a bot's SQLite file comes over to PostgreSQL whole, also when the move was interrupted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.effects import Effect
from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.domain.questions import Voted
from bot.domain.revisions import Revised
from bot.domain.session import SetAside
from bot.store import Miss, StepEvent, Store, StoreProblem, moving
from bot.store.engine import DEFAULT
from bot.store.tables import metadata, outbox, people
from tests.conftest import Here
from tests.databases import POSTGRES, make_database
from tests.store.conftest import AT

pytestmark = pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL names no server")


async def take_turn(store: Store, number: int, *effects: Effect) -> None:
    await store.save_turn(
        "telegram",
        f"{number}",
        session='{"notice": "n", "walks": {}, "reminders": true}',
        events=[StepEvent("s", "m1", "entered", "r1")] * 3,
        update_id=f"u{number}",
        turn='{"replies": []}',
        miss=Miss("户口怎么迁", ("a",), "r1"),
        at=AT,
        effects=effects,
    )


async def live(path: Path) -> None:
    """Leave something in many tables, and numbers that were given away and are free again."""
    store = await Store.open(path)
    for number in range(25):
        await take_turn(store, number, Queued("user", Reply("提醒\n'\"🎓\\"), user=f"{number}"), SetAside("{broken"))
    await take_turn(store, 3, Revised({"a.yaml": "甲", "b": "乙"}, 0, "c", "me"), Voted("topic", "r", True, ""))
    await store.forget("telegram", "24", update_id="gone", turn="null", at=AT)
    await store.close()


async def everything(store: Store) -> dict[str, list[Any]]:
    async with store._reading() as connection:
        return {
            name: sorted(map(tuple, (await connection.execute(select(table))).all()), key=repr)
            for name, table in metadata.tables.items()
        }


@pytest.fixture
def home(tmp_path: Path, here: Here) -> Path:
    asyncio.run(live(tmp_path / "gradbot.db"))
    return tmp_path


@pytest.fixture
def target(tmp_path: Path) -> str:
    return asyncio.run(make_database("postgresql", tmp_path))


def interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Have the connection end after so many pieces."""
    write, pieces = moving._write, iter(range(after))

    async def breaks(*arguments: Any) -> None:
        if next(pieces, None) is None:
            raise StoreProblem("unreachable", "the connection is gone")
        await write(*arguments)

    monkeypatch.setattr(moving, "_write", breaks)


def test_everything_comes_over_and_the_bot_goes_on(
    here: Here, home: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def both() -> None:
        source, moved = await Store.open(home / "gradbot.db"), await Store.open(target)
        there = await everything(moved)
        assert there == await everything(source)
        await take_turn(moved, 99, Queued("user", Reply("x"), user="99"))
        async with moved._reading() as connection:
            numbers = [max((await connection.execute(select(table.c.id))).scalars()) for table in (people, outbox)]
        assert numbers == [25, 26]  # the outbox uses no number twice, also not 25
        for store in (source, moved):
            await store.close()

    monkeypatch.setattr(moving, "PIECE", 10)
    with monkeypatch.context() as patch:
        interrupt(patch, after=9)
        assert here("db", "move", "--to", target).code == 1
    with pytest.raises(StoreProblem, match="holds tables"):  # nothing serves from half of it
        asyncio.run(Store.open(target))
    done = here("db", "move", "--to", target)
    assert done.code == 0, done.err
    assert "people: 24 (" in done.out
    asyncio.run(both())
    again = here("db", "move", "--to", target)
    assert (again.code, "holds tables already" in again.err) == (1, True)


def test_what_differs_is_named_and_nothing_serves_from_it(
    here: Here, home: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def change() -> None:
        async with moving._writing(target, DEFAULT) as connection:
            await connection.execute(update(people).values(session="{}"))
            await connection.commit()

    with monkeypatch.context() as patch:
        interrupt(patch, after=20)
        assert here("db", "move", "--to", target).code == 1
    asyncio.run(change())
    done = here("db", "move", "--to", target)
    assert done.code == 1
    assert "differs from the file: people (24 rows, 24 arrived)" in done.err
    with pytest.raises(StoreProblem, match="holds tables"):
        asyncio.run(Store.open(target))


def test_only_a_file_that_is_there_moves_to_postgresql_alone(here: Here, tmp_path: Path) -> None:
    assert here("db", "move", "--to", "sqlite+aiosqlite:///x.db").code == 2
    assert here("db", "move", "--to", "postgresql+asyncpg:///x").code == 2
    assert not (tmp_path / "gradbot.db").exists()
