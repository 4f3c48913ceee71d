"""One turn is one transaction, an update takes effect once, and a person can have everything shown and deleted."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.domain.questions import Tallied
from bot.store import Miss, StepEvent, Store
from bot.store.engine import EngineOptions
from bot.store.tables import KEPT_TURNS, metadata
from bot.store.turns import KEPT_FORGETTING
from tests.conftest import effort
from tests.store.conftest import AT


async def save(store: Store, user: str = "42", **given: Any) -> bool:
    turn: dict[str, Any] = {"session": None, "events": (), "update_id": None, "turn": None, "miss": None, "at": AT}
    return await store.save_turn("console", user, **turn | given)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_nobody_is_known_at_first(store: Store) -> None:
    assert await store.load("console", "42") is None
    assert await store.find_handled("console", "42", "1") is None
    assert await store.export("console", "42") == {}


async def test_a_turn_is_there_afterwards(store: Store) -> None:
    assert await save(store, session='{"step": "M1"}', update_id="7", turn='{"replies": []}')
    assert await store.load("console", "42") == '{"step": "M1"}'
    assert await store.find_handled("console", "42", "7") == '{"replies": []}'
    assert await store.load("telegram", "42") is None
    assert await store.load("console", "43") is None
    assert await store.find_handled("telegram", "42", "7") is None


async def test_a_turn_without_a_session_leaves_the_old_one(store: Store) -> None:
    await save(store, session='"first"')
    await save(store)
    assert await store.load("console", "42") == '"first"'


async def test_an_update_takes_effect_once(store: Store) -> None:
    event = StepEvent("archive-check", "M1", "enter")
    assert await save(store, session="1", events=[event], update_id="7", turn='"first"')
    assert not await save(store, session="2", events=[event], update_id="7", turn='"second"')
    assert await store.load("console", "42") == "1"
    assert await store.find_handled("console", "42", "7") == '"first"'
    assert len((await store.export("console", "42"))["step_events"]) == 1


async def test_a_turn_that_says_nothing_is_handled_too(store: Store) -> None:
    await save(store, update_id="7")
    assert await store.find_handled("console", "42", "7") == "null"


async def test_an_update_of_somebody_else_is_not_shown(store: Store) -> None:
    await save(store, update_id="7", turn='"for 42"')
    assert await store.find_handled("console", "43", "7") is None
    assert not await save(store, user="43", update_id="7", turn='"for 43"')


async def test_the_same_update_twice_at_once(store: Store) -> None:
    saved = await asyncio.gather(*[save(store, session=str(n), update_id="7", turn=str(n)) for n in range(5)])
    assert sorted(saved) == [False] * 4 + [True]
    assert await store.load("console", "42") == await store.find_handled("console", "42", "7") == str(saved.index(True))


async def test_many_people_at_once(store: Store) -> None:
    await asyncio.gather(*[save(store, user=str(n % 20), session=str(n), update_id=str(n)) for n in range(200)])
    sessions = [await store.load("console", str(n)) for n in range(20)]
    assert [int(session or 0) % 20 for session in sessions] == list(range(20))


async def test_a_turn_that_is_cancelled_is_saved_whole_or_not_at_all(store: Store) -> None:
    event = StepEvent("s", "M1", "enter")
    ends = set()
    for wait in range(0, 120, 3):
        turn = asyncio.create_task(save(store, session=str(wait), events=[event], update_id=str(wait), turn="1"))
        for _ in range(wait):
            await asyncio.sleep(0)
        turn.cancel()
        ends |= {type(end) for end in await asyncio.gather(turn, return_exceptions=True)}
        was_saved = await store.find_handled("console", "42", str(wait)) is not None
        assert (await store.load("console", "42") == str(wait)) == was_saved
        kept = await store.export("console", "42")
        assert len(kept.get("step_events", ())) == (kept["people"][0]["turns"] if kept else 0)
    assert asyncio.CancelledError in ends
    assert await save(store, session='"on"')


async def test_a_cancelled_claim_blocks_no_other_writer(url: str) -> None:
    store = await Store.open(url, options=EngineOptions(wait_s=0.2))
    for wait in range(100):
        await store.apply([Queued("user", Reply("x"), user=f"{wait}")], "console", AT)
        look = asyncio.create_task(store.outbox.claim("console", AT))
        await asyncio.sleep(wait * 0.00005)  # the driver's thread is somewhere in it
        look.cancel()
        assert await save(store)
        await asyncio.wait([look])
    await store.close()


async def test_the_last_updates_are_known_and_the_very_last_answer(store: Store) -> None:
    for n in range(KEPT_TURNS + 5):
        await save(store, update_id=str(n), turn=str(n))
    kept = await store.export("console", "42")
    assert sorted(int(row["update_id"]) for row in kept["handled_updates"]) == list(range(5, KEPT_TURNS + 5))
    assert {row["turn"] for row in kept["handled_updates"]} == {None}
    assert kept["people"][0]["answer"] == KEPT_TURNS + 4
    assert await store.find_handled("console", "42", "4") is None
    assert (await store.load_known("console", "42", "5")).passed
    assert await store.find_handled("console", "42", str(KEPT_TURNS + 4)) == str(KEPT_TURNS + 4)


async def test_a_turn_that_keeps_no_update_hides_no_answer(store: Store) -> None:
    await save(store, update_id="1", turn="1")
    for _ in range(KEPT_TURNS):
        await save(store)
    known = await store.load_known("console", "42", "1")
    assert (known.turn, known.passed) == ("null", True)


async def test_what_audiences_ask_is_written_with_the_session(store: Store) -> None:
    walk = {"state": "walking", "step": "m1", "answers": {"cohort": "zhuanke", "major": ""}}
    session = json.dumps({"notice": "n", "walks": {"n": walk, "other": {"state": "done"}}, "reminders": True})
    names = ("notice", "state", "step", "cohort", "major", "consents")

    async def standing() -> list[Any]:
        (person,) = (await store.export("console", "42"))["people"]
        return [person[name] for name in names]

    await save(store, session=session)
    assert await standing() == ["n", "walking", "m1", "zhuanke", None, True]
    await save(store, session=None)
    assert await standing() == ["n", "walking", "m1", "zhuanke", None, True]
    await save(store, session='{"notice": "new", "walks": {}}')
    assert await standing() == ["new", "new", None, None, None, False]
    await save(store, session="broken")
    assert await standing() == [None, None, None, None, None, False]


async def test_the_first_time_of_everything_is_counted_once(store: Store) -> None:
    session = '{"notice": "n", "walks": {}}'
    for n, kind in enumerate(("entered", "done", "done", "reported")):
        for user in ("42", "43"):
            at = AT + timedelta(days=n)
            await save(store, user=user, session=session, events=[StepEvent("s", "M0", kind)], at=at)
    await store.forget("console", "43", update_id=None, turn=None, at=AT)
    days = await store.funnel.days("console", "n", AT)
    assert {(day.day.day, day.kind, day.people) for day in days} == {(5, "came", 2), (6, "done", 2), (8, "reported", 2)}
    assert len(await store.funnel.days("console", "n", AT + timedelta(days=1))) == 2


async def test_every_step_that_was_entered_is_known_once(store: Store) -> None:
    for steps in ("M0", "M1", "M1 M0 M2", "M_"):
        events = [StepEvent("s", step, "entered") for step in steps.split()]
        await save(store, session='{"notice": "n", "walks": {}}', events=[*events, StepEvent("s", "M9", "gone")])
    assert (await store.export("console", "42"))["people"][0]["reached"] == ",M0,M1,M2,M_,"


async def test_turns_burn_no_numbers(store: Store) -> None:
    for n in range(5):
        tallied = Tallied("n", None, "miss")
        await save(store, update_id=f"a{n}", turn="1", events=[StepEvent("s", "M0", "done")], tallied=tallied)
    await asyncio.gather(*(save(store, user=str(n), update_id=str(n), turn="1") for n in range(40, 46)))
    async with store._transaction() as connection:
        for table, expected in (("people", 6), ("handled_updates", 11), ("asked", 1)):
            ids = (await connection.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id")).scalars().all()
            assert list(ids) == list(range(1, expected + 1)), table


async def test_times_are_utc_and_naive_ones_refused(store: Store) -> None:
    await save(store, at=datetime(2013, 12, 5, 8, tzinfo=timezone(timedelta(hours=8))))
    assert (await store.export("console", "42"))["people"][0]["updated_at"] == "2013-12-05T00:00:00.000+00:00"
    with pytest.raises(ValueError, match="zone"):
        await save(store, at=datetime(2013, 12, 5))  # noqa: DTZ001 - the very mistake


async def test_a_miss_identifies_nobody(url: str, path: Path) -> None:
    store = await Store.open(url)
    await save(store, session="{}", miss=Miss("户口怎么迁", ("deadline", "contact"), "r1"))
    await store.close()
    assert rows(path, "SELECT at, question, topics, revision FROM misses") == [
        ("2013-12-05T08:00:00.000+00:00", "户口怎么迁", '["deadline", "contact"]', "r1")
    ]
    assert set(metadata.tables["misses"].c.keys()) == {
        "id", "at", "question", "topics", "revision", "became", "tied", "mark", "picked", "assignee",
    }  # fmt: skip


async def test_export_shows_everything(store: Store) -> None:
    await save(
        store,
        session='{"step": "M1"}',
        events=[StepEvent("s", "M0", "enter", "r1"), StepEvent("s", "M1", "enter", "r1")],
    )
    await save(store, update_id="7", turn='{"replies": ["好"]}', at=AT + timedelta(minutes=1))
    kept = await store.export("console", "42")
    assert json.loads(json.dumps(kept)) == kept
    assert set(kept) == {"people", "recipients"} | {
        name for name, table in metadata.tables.items() if "person" in table.c
    }
    assert len(kept["people"][0].pop("member")) == 16
    assert kept == {
        "people": [
            {
                "channel": "console",
                "user_id": "42",
                "session": {"step": "M1"},
                "turns": 2,
                "updated_at": "2013-12-05T08:31:00.000+00:00",
                "reachable": True,
                "answer": {"replies": ["好"]},
                **dict.fromkeys(("notice", "state", "step", "cohort", "major", "came_at", "done_at", "reported_at")),
                "consents": False,
                "reached": ",",
            }
        ],
        "step_events": [
            {"at": "2013-12-05T08:30:00.000+00:00", "script": "s", "step": "M0", "kind": "enter", "revision": "r1"},
            {"at": "2013-12-05T08:30:00.000+00:00", "script": "s", "step": "M1", "kind": "enter", "revision": "r1"},
        ],
        "handled_updates": [
            {
                "channel": "console",
                "update_id": "7",
                "turn": None,
                "at": "2013-12-05T08:31:00.000+00:00",
            }
        ],
        "broken_sessions": [],
        "tickets": [],
        "reminders": [],
        "recipients": [],
        "votes": [],
        "accounts": [],
        "ticket_words": [],
        "ticket_files": [],
        "trials": [],
        "explained_questions": [],
        "join_codes": [],
        "roster_resets": [],
        "wanted_answers": [],
        "calls": [],
    }


async def test_forget_deletes_one_person_and_says_what(store: Store) -> None:
    for user in ("42", "43"):
        await save(store, user=user, session="{}", events=[StepEvent("s", "M0", "enter")] * 3, update_id=user)
    before = (await store.export("console", "42"))["people"][0]["member"]
    forgotten = await store.forget("console", "42", update_id="9", turn='"gone"', at=AT)
    assert {table: n for table, n in forgotten.counts.items() if n} == {
        "people": 1,
        "step_events": 3,
        "handled_updates": 1,
    }
    assert await store.export("console", "42") == {}
    assert await store.load("console", "43") == "{}"
    assert await store.find_handled("console", "42", "9") == '"gone"'
    again = await store.forget("console", "42", update_id=None, turn=None, at=AT)
    assert set(again.counts.values()) == {0}
    await save(store, session="{}")
    assert (await store.export("console", "42"))["people"][0]["member"] != before


async def test_the_turn_that_forgot_is_itself_forgotten(store: Store) -> None:
    await store.forget("console", "42", update_id="9", turn='"gone"', at=AT)
    await store.forget("console", "43", update_id="10", turn='"gone"', at=AT + KEPT_FORGETTING + timedelta(seconds=1))
    assert await store.find_handled("console", "42", "9") is None
    assert await store.find_handled("console", "43", "10") == '"gone"'


async def test_forgetting_leaves_nothing_in_the_files(url: str, path: Path) -> None:
    store = await Store.open(url)
    for n in range(60):  # sessions that grow and shrink move over many pages
        for user in ("secretperson", "neighbour"):
            await save(
                store,
                user=user,
                session=json.dumps({"mark": f"mark-{user}", "filler": "x" * (n * 977 % 9000)}),
                events=[StepEvent("s", f"step-{user}", "enter")],
                update_id=f"{user}-{n}",
                turn=json.dumps([f"turn-{user}"] * (n * 31 % 200)),
            )
    assert on_disk(path, b"secretperson")
    await store.forget("console", "secretperson", update_id="9", turn='"gone"', at=AT)
    assert not on_disk(path, b"secretperson")
    assert on_disk(path, b"mark-neighbour")
    await store.close()
    assert not on_disk(path, b"secretperson")


def on_disk(path: Path, what: bytes) -> bool:
    files = list(path.parent.iterdir())
    assert path in files
    return any(what in file.read_bytes() for file in files)


async def test_the_files_are_for_their_owner_alone(url: str, path: Path) -> None:
    store = await Store.open(url)
    await save(store)
    files = [path.parent, *path.parent.iterdir()]
    assert len(files) == 4  # folder, database, log and its index
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    await store.close()


@settings(max_examples=effort(5, 20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    turns=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "'; --"]),
            st.none() | st.text(max_size=50).map(json.dumps),
            st.lists(st.builds(StepEvent, st.text(max_size=9), st.text(max_size=9), st.text(max_size=9)), max_size=3),
            st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=6,
    )
)
def test_what_was_saved_is_what_is_loaded(tmp_path_factory: pytest.TempPathFactory, turns: list[Any]) -> None:
    async def walk() -> None:
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('walk')}/gradbot.db"
        sessions: dict[str, str | None] = {}
        events: dict[str, list[tuple[str, str, str]]] = {}
        for n, (user, session, happened, at) in enumerate(turns):
            store = await Store.open(url)  # a restart between any two turns
            await save(store, user=user, session=session, events=happened, update_id=str(n), turn=str(n), at=at)
            await store.close()
            sessions[user] = session if session is not None else sessions.get(user)
            events.setdefault(user, []).extend((e.script, e.step, e.kind) for e in happened)
        store = await Store.open(url)
        for n, (user, *_) in enumerate(turns):
            assert (await store.load_known("console", user, str(n))).turn in (str(n), "null")
        for user, session in sessions.items():
            assert await store.load("console", user) == session
            kept = await store.export("console", user)
            assert [(e["script"], e["step"], e["kind"]) for e in kept["step_events"]] == events[user]
        await store.close()

    asyncio.run(walk())


async def test_expire_deletes_who_has_not_come_and_only_them(store: Store) -> None:
    long_ago, lately = datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 12, 1, tzinfo=UTC)
    for user, at in (("old", long_ago), ("new", lately)):
        await store.save_turn(
            "test",
            user,
            session="{}",
            events=[StepEvent("walk", "m0", "entered")],
            update_id=user,
            turn="{}",
            miss=Miss(f"question of {user}", (), "r"),
            at=at,
        )
    assert await store.expire(datetime(2013, 6, 1, tzinfo=UTC)) == 1
    assert await store.export("test", "old") == {}
    assert await store.find_handled("test", "old", "old") is None
    assert (await store.export("test", "new"))["step_events"]
