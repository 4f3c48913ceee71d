"""Every problem of a database has a code, and nothing is half done."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - else loaded on first use, when this account may not read it
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest

from bot.store import StepEvent, Store, StoreProblem
from bot.store.engine import EngineOptions
from tests.store.conftest import AT

NOBODY = 65534


async def save(store: Store, session: str) -> None:
    event = StepEvent("archive-check", "M1", "enter")
    await store.save_turn("c", "42", session=session, events=[event], update_id=None, turn=None, miss=None, at=AT)


async def code_of_opening(url: str) -> str:
    with pytest.raises(StoreProblem) as caught:
        await Store.open(url, options=EngineOptions(wait_s=0.05))
    assert "\n" not in caught.value.detail
    return caught.value.code


@pytest.mark.parametrize("content", [b"%PDF-1.4 " + b"x" * 5000, b"short", "毕业".encode() * 999])
async def test_another_kind_of_file(url: str, path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert await code_of_opening(url) == "not_a_database"
    assert path.read_bytes() == content


async def test_a_damaged_database(url: str, path: Path) -> None:
    store = await Store.open(url)
    await save(store, "1")
    await store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert await code_of_opening(url) == "not_a_database"


async def test_the_folder_is_a_file(url: str, path: Path) -> None:
    path.parent.write_text("in the way")
    assert await code_of_opening(url) == "unwritable"


async def test_the_file_is_a_folder(url: str, path: Path) -> None:
    path.mkdir(parents=True)
    assert await code_of_opening(url) == "unwritable"


@contextmanager
def bound_by_file_rights() -> Iterator[None]:
    """Act as `nobody` where the tests run as root, who may write anywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that can be reached by everybody; tmp_path is its owner's alone."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: PTH101 - the name is no Path yet
        yield Path(name)


async def test_a_read_only_folder(folder: Path) -> None:
    folder.chmod(0o555)
    with bound_by_file_rights():
        assert await code_of_opening(f"sqlite+aiosqlite:///{folder}/gradbot.db") == "unwritable"
        assert await code_of_opening(f"sqlite+aiosqlite:///{folder}/home/gradbot.db") == "unwritable"
    folder.chmod(0o755)
    assert list(folder.iterdir()) == []


async def test_a_read_only_database(folder: Path) -> None:
    url = f"sqlite+aiosqlite:///{folder}/gradbot.db"
    await (await Store.open(url)).close()
    (folder / "gradbot.db").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    with bound_by_file_rights():
        assert await code_of_opening(url) == "unwritable"


async def test_another_process_holds_it(url: str, path: Path) -> None:
    store = await Store.open(url, options=EngineOptions(wait_s=0.05))
    await save(store, "1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreProblem) as caught:
            await save(store, "2")
        assert caught.value.code == "locked"
        assert await code_of_opening(url) == "locked"
        assert await store.load("c", "42") == "1"  # reading goes on
        other.execute("COMMIT")
    await save(store, "3")
    assert await store.load("c", "42") == "3"
    await store.close()


async def test_a_full_disk_and_then_free_space_again(url: str) -> None:
    store = await Store.open(url)
    await save(store, "1")
    before = await store.export("c", "42")
    async with store._reader.connect() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    for _ in range(3):
        with pytest.raises(StoreProblem) as caught:
            await save(store, "2" * 100_000)
        assert caught.value.code == "disk_full"
    assert await store.export("c", "42") == before
    async with store._reader.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=100000")
    await save(store, "3" * 100_000)
    assert await store.load("c", "42") == "3" * 100_000
    await store.close()


def test_an_unreadable_address_is_a_problem_and_not_quoted() -> None:
    with pytest.raises(StoreProblem) as caught:
        Store.exists("postgresql+asyncpg://gradbot:se@cr:et@db/gradbot")
    assert "cr" not in caught.value.detail


async def test_more_callers_than_connections(url: str) -> None:
    store = await Store.open(url)
    store._engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    async with AsyncExitStack() as taken:
        for _ in range(15):
            await taken.enter_async_context(store._reader.connect())
        with pytest.raises(StoreProblem, match="locked"):
            await store.load("c", "42")
    assert await store.load("c", "42") is None
    await store.close()


@pytest.mark.parametrize(
    "address", ["secret@127.0.0.1:1/gradbot", "se@cr:et@127.0.0.1:1/gradbot", "secret@127.0.0.1:1/gradbot?shoe=12"]
)
async def test_a_server_that_is_not_there_or_cannot_be_there(address: str) -> None:
    assert await code_of_opening(f"postgresql+asyncpg://gradbot:{address}") == "unreachable"
