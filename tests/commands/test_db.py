"""`gradbot db`: an operator backs up, breaks, checks and restores the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.runtime.home_lock import lock_home
from bot.store import StepEvent, Store
from tests.conftest import Here
from tests.store.conftest import AT


def run(path: Path, line: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(line).fetchall()
        connection.commit()
        return rows


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
async def database(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a home whose name is no part of an address, with one person in it."""
    home = tmp_path / "h?a#b%41 毕业"
    monkeypatch.setenv("GRADBOT_HOME", str(home))
    store, event = await Store.open(home / "gradbot.db"), StepEvent("archive-check", "m1", "enter")
    await store.save_turn("c", "42", session="1", events=[event], update_id=None, turn=None, miss=None, at=AT)
    await store.close()
    assert names(home) == {"gradbot.db"}
    return home / "gradbot.db"


def test_a_backup_is_restored_and_what_was_there_is_kept(here: Here, database: Path, tmp_path: Path) -> None:
    saved = tmp_path / "a?b#c%41 备份.db"
    with closing(sqlite3.connect(database)) as open_:  # somebody is at it, and the newest is in the log
        open_.execute("UPDATE people SET member = 'in the log'")
        open_.commit()
        assert here("db", "backup", str(saved)).code == 0
    assert here("db", "backup", str(saved)).code == 0  # the next one replaces it
    run(database, "DELETE FROM step_events")
    assert here("db", "restore", str(saved)).code == 0
    assert run(database, "SELECT member FROM people") == [("in the log",)]
    assert run(database, "SELECT count(*) FROM step_events")[0] > (0,)
    (kept,) = database.parent.glob("gradbot.db.replaced-*")
    assert run(kept, "SELECT count(*) FROM step_events") == [(0,)]
    assert here("db", "check").code == 0


def test_what_is_no_backup_is_neither_overwritten_nor_restored(here: Here, database: Path, tmp_path: Path) -> None:
    letter, other, torn, newer = (tmp_path / name for name in ("letter", "other.db", "torn.db", "newer.db"))
    letter.write_text("dear")
    run(other, "CREATE TABLE wp_posts (id INTEGER)")
    for copy in (torn, newer):
        here("db", "backup", str(copy))
    whole = torn.read_bytes()
    torn.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    run(newer, "UPDATE alembic_version SET version_num = '9999'")
    for file in (letter, database):
        assert here("db", "backup", str(file)).code == 1
    assert letter.read_text() == "dear"
    before = names(database.parent), database.read_bytes()
    for file in (letter, other, torn, newer):
        done = here("db", "restore", str(file))
        assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert (names(database.parent) - {"lock"}, database.read_bytes()) == before


def test_nothing_is_restored_under_a_running_bot(here: Here, database: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    here("db", "backup", str(saved))
    with lock_home(database.parent):
        done = here("db", "restore", str(saved))
    assert done.code == 2
    assert "in use" in done.err
    assert run(database, "SELECT count(*) FROM people") == [(1,)]


def test_faults_are_named(here: Here, database: Path) -> None:
    run(database, "DROP TABLE votes")
    run(database, "ALTER TABLE outbox DROP COLUMN planned")
    run(database, "INSERT INTO step_events (person, at, script, step, kind) VALUES (99, '', '', '', '')")
    done = here("db", "check")
    assert done.code == 1
    for fault in ("step_events: row", "table votes is missing", "table outbox lacks planned"):
        assert fault in done.out


async def test_a_file_that_is_replaced_under_an_open_store_is_not_written(tmp_path: Path) -> None:
    """Deleted, moved away, copied over by an older copy, emptied: all the same to who reads it next."""
    path, older, away = tmp_path / "gradbot.db", tmp_path / "older.db", tmp_path / "away.db"
    store = await Store.open(path)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(older)) as target:
        source.backup(target)
    await store.guard()
    assert store.is_intact()
    path.rename(away)
    assert not store.is_intact()
    away.rename(path)
    assert store.is_intact()
    whole = path.read_bytes()
    for content in (older.read_bytes(), b"", b"x" * len(whole)):
        path.write_bytes(content)
        assert not store.is_intact()
    path.write_bytes(whole)
    assert store.is_intact()
    await store.close()
