"""A database with a million people: its migration from the schema before, and what is asked of it.

    python -m bench.million [--people 100000] [--events 20] [--to FOLDER | --to postgresql+asyncpg://…] [--filled]

Fills an empty database at revision 0022 (about 7 kB a person), brings it up to date as `gradbot db migrate` does, and
prints seconds of the clock and of CPU, in the middle of several times. The database stays; `--filled` asks it again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.loading import load
from bot.domain.audience import Wrong, parse_audience, search
from bot.domain.effects import Effect
from bot.domain.zone import local
from bot.store import StepEvent, Store
from bot.store.engine import EngineOptions, engine_for, try_file
from bot.store.schema import MIGRATIONS

BEFORE = "0022"
AT = datetime(2013, 12, 11, 4, tzinfo=UTC)
EXPIRY_S = 10
"""Seconds of turns with nothing beside, to compare those with expiry beside them."""
LONG = EngineOptions(statement_s=3600)
RULES = ("", "未完成", "专业=会计学 -完成", "步骤=m1-phone", "步骤=m7-fields -完成", "停在=m6-record", "卡住")
STEPS = ("m1-phone", "m2-site", "m3-account", "m4-form", "m5-login", "m6-record", "m7-fields", "m8-photo")

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
STEP = "CASE i % 8 " + " ".join(f"WHEN {n} THEN '{step}'" for n, step in enumerate(STEPS)) + " END"
STATE = "CASE WHEN i % 10 < 5 THEN 'walking' WHEN i % 10 < 6 THEN 'reported' ELSE 'done' END"
# A session as the conversation writes it, about 700 bytes.
OFFERED = ", ".join(f'"1|archive-check|m7-fields|9|{way}"' for way in ("right", "wrong", "unsure", "help"))
SESSION = (
    """'{"notice": "2014-autumn", "walks": {"2014-autumn": {"script": "archive-check", "revision": 1, """
    """"step": "' || """ + STEP + """ || '", "item": 1, "moves": 9, "answers": {"level": "专科", "cohort": "' """
    """ || CASE WHEN i % 3 = 0 THEN 'zhuanke' ELSE 'ancai' END || '", "major": "' """
    """ || CASE WHEN i % 7 = 0 THEN '会计学' ELSE '工商管理' END || '", "field:姓名": "right"}, """
    """"trail": ["m0-who", "m1-phone", "m2-site"], "state": "' || """
    + STATE
    + """ || '", "compared": ["field:姓名"]}}, "misses": 0, "moves": 9, "told": ["where-photo"], "reminders": ' """
    """ || CASE WHEN i % 5 = 0 THEN 'null' ELSE 'true' END || ', "code": null, "last": "step", "offered": ["""
    + OFFERED
    + """], "pieces": [], "pieces_at": "", "asked_code": null}'"""
)
TWO_DIGITS = "CASE WHEN {0} < 10 THEN '0' ELSE '' END || CAST({0} AS TEXT)"
PEOPLE = (
    f"{NUMBERS} INSERT INTO people (channel, user_id, member, session, turns, updated_at) "  # noqa: S608
    f"SELECT 'telegram', CAST(100000000 + i AS TEXT), 'member-' || i, {SESSION}, 21, "
    f"'2013-12-' || {TWO_DIGITS.format('(1 + i % 11)')} || 'T08:30:00.000+00:00' FROM n"
)
EVENTS = (
    f"{NUMBERS} INSERT INTO step_events (person, at, script, step, kind, revision) "  # noqa: S608
    f"SELECT i, '2013-{{day}}T' || {TWO_DIGITS.format('(i % 24)')} || ':30:00.000+00:00', 'archive-check', "
    "'{step}', CASE WHEN {last} = 1 AND i % 10 > 5 THEN 'done' ELSE '{kind}' END, 'r1' FROM n"
)
TURN = '{{"replies":[{{"text":"{text}","buttons":[]}}],"step":"m7-fields","state":"walking"}}'
UPDATES = (
    f"{NUMBERS} INSERT INTO handled_updates (channel, update_id, person, slot, turn, at) "  # noqa: S608
    "SELECT 'telegram', CAST(i AS TEXT), i, 21, '{turn}', '2013-12-11T04:00:00.000+00:00' FROM n"
)


def fill(connection: Connection, people: int, events: int) -> None:
    """Make the schema before, and everybody in it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, BEFORE)
    run = connection.exec_driver_sql
    run(PEOPLE.replace("{most}", str(people)))
    for n in range(events):
        day = f"{9 + n * 4 // events:02}-{1 + n % 11:02}"
        kind = ("entered", "gone", "entered", "walking")[n % 4]
        run(EVENTS.format(most=people, day=day, step=STEPS[n % 8], kind=kind, last=int(n == events - 1)))
    run(UPDATES.format(most=people, turn=TURN.format(text="请核对这一项" * 75)))


class Stopwatch:
    """Prints how long something takes: seconds of the clock, and of all cores of this process and the server's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self, name: str, work: Callable[[], Awaitable[Any]], times: int = 3) -> Any:
        """Do it so many times and print the middle; return the last result."""
        clocks, cpus, result = [], [], None
        for _ in range(times):
            clock, cpu = time.perf_counter(), await self._cpu()
            result = await work()
            clocks.append(time.perf_counter() - clock)
            cpus.append(await self._cpu() - cpu)
        print(f"{name}: {statistics.median(clocks):.3f} s, {statistics.median(cpus):.3f} s of CPU", flush=True)
        return result

    async def _cpu(self) -> float:
        """Return seconds of CPU so far; of PostgreSQL only on this machine, without what runs beside a statement."""
        pids = []
        if self._engine.dialect.name == "postgresql":
            async with self._engine.connect() as connection:
                found = await connection.exec_driver_sql(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'gradbot' AND pid <> pg_backend_pid()"
                )
                pids = found.scalars().all()
        files = [file for pid in pids if (file := Path(f"/proc/{pid}/stat")).exists()]
        ticks = sum(sum(map(int, file.read_text().split()[13:15])) for file in files)
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


async def ask(store: Store, timed: Stopwatch) -> None:
    content = load()
    notice, steps = next(iter(content.notices.values())), [step.id for step in content.script.steps]
    for rule in RULES:
        audience = parse_audience(rule, notice, steps)
        assert not isinstance(audience, Wrong), audience
        query = search(audience, notice, ("telegram",), local(AT, None), AT)
        print(await timed(f"head count {rule or 'everybody'}", lambda q=query: store.broadcasts.count(q)))

    async def stats() -> int:
        groups = await store.funnel.groups("telegram", notice.id, AT, timedelta(days=3))
        await store.funnel.days("telegram", notice.id, AT - timedelta(days=13))
        await store.funnel.questions("telegram", notice.id, AT - timedelta(days=13))
        return sum(group.people for group in groups)

    print(await timed("/stats", stats), "people")


async def act(store: Store, people: int, timed: Stopwatch) -> None:
    numbers = iter(range(10**9))

    async def turn(effects: tuple[Effect, ...] = ()) -> None:
        number = next(numbers)
        user = str(100000001 + number * 7919 % people)
        known = await store.load_known("telegram", user, f"u{number}")
        await store.save_turn(
            "telegram", user, session=known.session, events=[StepEvent("archive-check", "m1-phone", "entered", "r1")],
            update_id=f"u{number}", turn="{}", miss=None, at=AT, effects=effects, seen=known.turns,
        )  # fmt: skip

    await timed("a turn in the database", turn, 200)
    forgotten = iter(range(100000001, 100000100))
    await timed(
        "忘记我",
        lambda: store.forget("telegram", str(next(forgotten)), update_id=None, turn=None, at=AT),
        9,
    )

    async def turns_during(work: Awaitable[Any], name: str) -> Any:
        """Print how long turns take while something else is done, one after the other."""
        waits: list[float] = []
        under_way, began = asyncio.ensure_future(work), time.perf_counter()
        while not under_way.done():
            clock = time.perf_counter()
            await turn()
            waits.append(time.perf_counter() - clock)
            await asyncio.sleep(0.005)
        p50, p99, slowest = statistics.median(waits), statistics.quantiles(waits, n=100)[98], max(waits)
        print(f"{name}: {time.perf_counter() - began:.1f} s; of {len(waits)} turns meanwhile", end=" ")
        print(f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, the slowest {slowest * 1000:.0f} ms", flush=True)
        return await under_way

    await turns_during(asyncio.sleep(EXPIRY_S), "nothing beside")
    print(await turns_during(store.expire(AT - timedelta(days=9)), "expiry beside"), "people expired")


async def main(to: str, people: int, events: int, *, is_filled: bool) -> None:
    url = make_url(to if "://" in to else f"sqlite+aiosqlite:///{Path(to) / 'million.db'}")
    if url.get_backend_name() == "sqlite":
        try_file(Path(url.database or ""), 5)
    engine = engine_for(url, LONG)
    where = url.render_as_string(hide_password=False)

    async def fill_database() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(fill, people, events)
        if engine.dialect.name == "postgresql":
            async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                await connection.exec_driver_sql("VACUUM ANALYZE")
                # So that all that a statement costs is counted where it runs.
                off = f'ALTER DATABASE "{url.database}" SET max_parallel_workers_per_gather = 0'
                await connection.exec_driver_sql(off)

    timed = Stopwatch(engine)
    if not is_filled:
        await timed(f"filled with {people:,} people and {people * events:,} events", fill_database, 1)
    store = await timed(f"migration from {BEFORE}", lambda: Store.open(where, options=LONG), 1)
    await ask(store, timed)
    await act(store, people, timed)
    await store.close()
    await engine.dispose()


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=100_000)
    asked.add_argument("--events", type=int, default=20)
    asked.add_argument("--to", default=".")
    asked.add_argument("--filled", action="store_true")
    given = asked.parse_args()
    asyncio.run(main(given.to, given.people, given.events, is_filled=given.filled))
