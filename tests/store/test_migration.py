"""A database of the version before, with people in it, as it is after the migration; on both kinds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from bot.store import Store
from bot.store.engine import DEFAULT, engine_for
from bot.store.schema import MIGRATIONS
from bot.store.tables import metadata
from tests.store.conftest import AT

WALK = {"state": "walking", "step": "m1-phone", "answers": {"cohort": "zhuanke", "major": ""}}
SESSIONS = {
    1: json.dumps({"notice": "n", "walks": {"n": WALK}, "reminders": True}),
    2: json.dumps({"notice": "n", "walks": {}, "reminders": None}),
    3: "{broken",
    4: None,
}


def _fill(connection: Connection) -> None:
    """People with 40 turns each, the first two of whom came in the evening, UTC."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0022")

    def add(table: str, **row: Any) -> None:
        names = ", ".join(row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)

    at = "2013-12-05T{}:30:00.000+00:00"
    for person, session in SESSIONS.items():
        about: dict[str, Any] = {"user_id": f"u{person}", "member": f"m{person}", "session": session, "turns": 40}
        add("people", id=person, channel="telegram", updated_at=at.format("20"), **about)
        for turn in range(9, 41):
            update = f"{'web/' if person == 2 else ''}{person}-{turn}"
            kept: dict[str, Any] = {"update_id": update, "slot": turn % 32, "turn": f'"{turn}"', "at": at.format("20")}
            add("handled_updates", id=person * 100 + turn, channel="telegram", person=person, **kept)
    for person, hour, step, kind in (
        (1, "08", "m1-phone", "entered"),
        (1, "09", "m2-site", "entered"),
        (1, "10", "m1-phone", "entered"),
        (1, "11", "m2-site", "done"),
        (1, "17", "m2-site", "done"),
        (2, "17", "deadline", "answer"),
        (3, "08", "m1-phone", "entered"),
    ):
        add("step_events", person=person, at=at.format(hour), script="s", step=step, kind=kind)
    gone = {"update_id": "forgot", "turn": '"gone"', "at": at.format("08")}
    add("handled_updates", id=1000, channel="telegram", **gone)


async def test_what_was_there_is_kept_and_answers_audiences(database_url: str) -> None:
    engine = engine_for(make_url(database_url), DEFAULT)
    async with engine.begin() as connection:
        await connection.run_sync(_fill)
    store = await Store.open(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        names = "notice, state, step, cohort, major, consents, reached, came_at, done_at"
        rows = (await connection.execute(text(f"SELECT {names} FROM people ORDER BY id"))).all()
    await engine.dispose()
    at = "2013-12-05T{}:30:00.000+00:00"
    assert [tuple(row) for row in rows] == [
        ("n", "walking", "m1-phone", "zhuanke", None, True, ",m1-phone,m2-site,", at.format("08"), at.format("11")),
        ("n", "new", None, None, None, False, ",", at.format("17"), None),
        (None, None, None, None, None, False, ",m1-phone,", None, None),
        (None, None, None, None, None, False, ",", None, None),
    ]
    days = await store.funnel.days("telegram", "n", AT - timedelta(days=9))
    assert {(day.day.day, day.kind, day.people) for day in days} == {(5, "came", 1), (5, "done", 1), (6, "came", 1)}
    last, before = [await store.load_known("telegram", "u1", f"1-{turn}") for turn in (40, 39)]
    assert (last.turn, last.passed, before.passed) == ('"40"', False, True)
    assert await store.find_handled("telegram", "u1", "1-24") is None
    talk = await store.talk.load("telegram", "u2", AT)
    assert [turn.turn for turn in talk.turns] == [f'"{turn}"' for turn in range(25, 41)]
    assert await store.find_handled("telegram", "u9", "forgot") == '"gone"'
    await store.save_turn("telegram", "u1", session=None, events=(), update_id="x", turn="1", miss=None, at=AT, seen=40)
    assert (await store.load_known("telegram", "u1", "1-40")).passed
    await store.close()


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))
