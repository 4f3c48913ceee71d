"""Fresh, older, newer and foreign databases; migrations make the same schema as the tables."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.store import Store, StoreProblem
from bot.store.schema import MIGRATIONS, REVISION
from bot.store.tables import metadata
from tests.store.conftest import AT


async def touch(url: str) -> None:
    await (await Store.open(url)).close()


def run(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for line in lines:
            connection.execute(line)
        connection.commit()


def make_older(path: Path) -> None:
    """A database as alembic leaves it before the first migration."""
    run(path, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")


def upgrade_to(path: Path, revision: str) -> None:
    """Run migrations up to an older revision, as an older version did."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def schema(path: Path) -> set[str]:
    """Every CREATE statement, its columns and constraints in alphabetical order."""
    found = read(path, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'")
    return {
        " | ".join(
            sorted(re.split(r"[\s(),]*[(),][\s(),]*", " ".join(re.sub(r'TABLE "(\w+)"', r"TABLE \1", sql).split())))
        )
        for (sql,) in found
    }


async def test_migrations_make_the_same_schema_as_the_tables(url: str, path: Path) -> None:
    older = path.with_name("older.db")
    make_older(older)
    await touch(url)
    await touch(f"sqlite+aiosqlite:///{older}")
    assert schema(older) == schema(path)
    assert len(schema(path)) > len(metadata.tables)
    for file in (path, older):
        assert read(file, "SELECT version_num FROM alembic_version") == [(REVISION,)]
        engine = create_engine(f"sqlite:///{file}")
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()


def test_the_newest_migration_is_the_revision() -> None:
    numbers = sorted(file.name[:4] for file in (MIGRATIONS / "versions").glob("*.py"))
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
    assert numbers[-1] == REVISION


async def test_opening_again_keeps_what_is_there(url: str) -> None:
    store = await Store.open(url)
    await store.save_turn("c", "42", session="1", events=(), update_id="1", turn="2", miss=None, at=AT)
    await store.close()
    store = await Store.open(url)
    assert await store.load("c", "42") == "1"
    await store.close()


async def test_what_was_kept_as_drafts_moves_to_its_own_tables(url: str, path: Path) -> None:
    make_older(path)
    upgrade_to(path, "0009")
    at = "2013-12-05T08:30:00.000+00:00"
    run(
        path,
        *(
            f"INSERT INTO people VALUES ({n}, '{channel}', '{user}', '{n}', NULL, 1, '{at}', 1)"
            for n, (channel, user) in enumerate([("t", "1"), ("t", "2"), ("console", "2")])
        ),
        "INSERT INTO texts VALUES ('h1', 'a: 1'), ('h2', '怎么注册'), ('h3', '密码忘了'), ('h4', 'in no file')",
        *(
            "INSERT INTO drafts (key, at, author, note, parent, files)"
            f" VALUES ('{key}', '{at}', '{by}', '{note}', 1, '{files}')"
            for key, by, note, files in (
                ("abc", "1", "", '{"a.yaml": "h1"}'),
                ("last-1", "1", "", '{"a.yaml": "h1"}'),
                ("try-1", "1", '{"misses": 0}', '{"a.yaml": "h1"}'),
                ("why-1", "1", "", '{"question": "h2"}'),
                ("try-2", "2", "", '{"a.yaml": "h1"}'),
                ("why-2", "2", "", '{"question": "h3"}'),
                ("digest-2013-49", "", "", "{}"),
            )
        ),
    )
    await touch(url)
    assert read(path, "SELECT key FROM drafts ORDER BY key") == [("abc",), ("last-1",)]
    assert read(path, "SELECT person, at, files, session FROM trials") == [(0, at, '{"a.yaml": "h1"}', '{"misses": 0}')]
    assert read(path, "SELECT person, at, question FROM explained_questions") == [(0, at, "怎么注册")]
    assert read(path, "SELECT key, at FROM done_once") == [("digest-2013-49", at)]
    assert read(path, "SELECT hash FROM texts") == [("h1",)]
    assert all("密码忘了".encode() not in file.read_bytes() for file in path.parent.iterdir())


async def test_a_failed_upgrade_changes_nothing(url: str, path: Path) -> None:
    make_older(path)
    upgrade_to(path, "0001")
    run(path, "CREATE TABLE invites (mine INTEGER)")  # a table of the second migration is in its way
    before = read(path, "SELECT sql FROM sqlite_master")
    with pytest.raises(StoreProblem, match=r"from revision 0001 .* invites .*gradbot db restore"):
        await touch(url)
    assert read(path, "SELECT sql FROM sqlite_master") == before


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("DELETE FROM alembic_version", "names no revision"),
        ("UPDATE alembic_version SET version_num = 'head'", "names no revision"),
        ("DROP TABLE step_events", "tables are missing: step_events"),
    ],
)
async def test_what_an_operator_did_by_hand_is_named_with_the_way_out(
    url: str, path: Path, mistake: str, said: str
) -> None:
    await touch(url)
    run(path, mistake)
    with pytest.raises(StoreProblem, match=f"{said}.*gradbot db restore") as caught:
        await touch(url)
    assert caught.value.code == "not_a_database"


async def test_a_table_that_is_dropped_under_an_open_store_is_no_bug(url: str, path: Path) -> None:
    store = await Store.open(url)
    run(path, "PRAGMA foreign_keys=OFF", "DROP TABLE people")
    with pytest.raises(StoreProblem, match="no such table"):
        await store.load("c", "42")
    await store.close()


async def test_a_newer_database_is_refused_and_untouched(url: str, path: Path) -> None:
    await touch(url)
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(StoreProblem) as caught:
        await touch(url)
    assert caught.value.code == "newer_schema"
    assert "9999" in caught.value.detail
    assert path.read_bytes() == before


async def test_somebody_elses_tables_are_refused(url: str, path: Path) -> None:
    run(path, "CREATE TABLE wp_posts (id INTEGER)")
    with pytest.raises(StoreProblem) as caught:
        await touch(url)
    assert caught.value.code == "not_a_database"
    assert "wp_posts" in caught.value.detail
    assert read(path, "SELECT name FROM sqlite_master") == [("wp_posts",)]


async def test_many_open_a_fresh_database_at_once(url: str) -> None:
    stores = await asyncio.gather(*[Store.open(url) for _ in range(8)])
    for store in stores:
        await store.close()


def test_alembic_is_not_imported_for_a_current_database(url: str) -> None:
    program = (
        "import asyncio, sys; from bot.store import Store\n"
        f"async def main(): await (await Store.open({url!r})).close()\n"
        "asyncio.run(main()); asyncio.run(main()); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
