"""Many people, several workers behind nginx on one PostgreSQL, and what goes wrong in the middle.

    python -m bench.workers day [--workers 1 2 4] [--people 200] [--seconds 20] [--calm]
    python -m bench.workers list [--workers 2 4] [--people 700]
    python -m bench.workers faults [--workers 2] [--people 100]
    python -m bench.workers idle [--workers 1 2] [--seconds 60]

`day`: a day's curve in `--seconds`: some write in the morning, most at once after a reminder, some later. Each asks
four things one after the other and waits for each answer. In the middle a worker is killed and started again, and
PostgreSQL is restarted (not with `--calm`). `list`: 40 tickets, 40 answers of staff, 40 personal reminders, a
broadcast, with a rolling restart, a kill and PostgreSQL stopped for 4 seconds; then a stray `gradbot run`. Both print
lost and doubled messages. `faults`: everybody asks while connections are cut ten times, while packets are swallowed for
a minute, while PostgreSQL only reads, is stopped, is replaced by another one; prints when all are answered. `idle`:
nobody comes; prints the statements.

The crowd and its Telegram (the tests' own) live in this process; nginx and PostgreSQL are this machine's, with
a database that is deleted in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.broadcast import cpu_s
from bot.domain.reminders import Remind
from bot.store import Store
from bot.store.times import text_of
from tests.app.test_database_faults import FAULTS, ask_through, college_behind_a_proxy
from tests.bot_process import settings
from tests.broadcast.harness import Harness, add_people, session
from tests.channels.test_desk import STAFF, WithStaff
from tests.databases import Cluster
from tests.telegram_people import User
from tests.workers import Crew, crew

ASKED = ("老师电话是多少", "截止到什么时候", "忘了密码怎么办", "照片不是我怎么办")
FIRST = 10_000
_SIZE = "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables"
TODAY = datetime(2013, 12, 5)  # noqa: DTZ001 - local time of the notice


@asynccontextmanager
async def college(count: int, **more: str) -> AsyncIterator[tuple[WithStaff, Crew, Cluster]]:
    """A Telegram, workers, nginx and PostgreSQL, all serving."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        folder.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
        cluster = Cluster(folder / "pg")
        cluster.start()
        try:
            async with WithStaff(forum=True) as telegram:
                chosen = {"STAFF_CHAT": f"{STAFF}", "OWNERS": "1"} | more
                async with crew(telegram, folder, cluster.url, count, **chosen) as workers:
                    yield telegram, workers, cluster
        finally:
            cluster.stop("immediate")


def moments(people: int, seconds: float) -> list[float]:
    """Return when each of them begins: a fifth in the morning, three fifths after a reminder, a fifth later."""
    draw, reminded = random.Random(7), 0.4 * seconds

    def one() -> float:
        kind = draw.random()
        if kind < 0.2:
            return draw.uniform(0, reminded)
        return min(reminded + draw.expovariate(1 / (0.05 if kind < 0.8 else 0.3) / seconds), seconds)

    return sorted(one() for _ in range(people))


async def talk(telegram: WithStaff, person: User, waits: list[float], begins_s: float = 0.0) -> None:
    """Ask everything, one after the other; note how long each answer takes."""
    await asyncio.sleep(begins_s)
    for words in ASKED:
        seen, began = len(person.messages), time.perf_counter()
        person.types(words)
        while len(person.messages) == seen:  # noqa: ASYNC110 - looks at a list
            await asyncio.sleep(0.005)
        waits.append(time.perf_counter() - began)


async def begin(workers: Crew, number: int) -> None:
    """Start a worker, again and again as a supervisor does, until it serves: without its database it ends."""
    while True:
        workers.start(number)
        try:
            return await workers.until_logged(number, "serving")
        except AssertionError:
            await asyncio.sleep(1)


async def disturb(workers: Crew, cluster: Cluster, seconds: float) -> None:
    """Kill a worker and start it again; restart the database."""
    await asyncio.sleep(0.42 * seconds)
    killed = workers.workers[0]
    killed.send_signal(signal.SIGKILL)
    await asyncio.to_thread(killed.wait)
    await asyncio.sleep(1)
    again = asyncio.create_task(begin(workers, 0))
    await asyncio.sleep(0.1 * seconds)
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start)
    await again


async def day(count: int, people: int, seconds: float, *, calm: bool) -> None:
    """Print one line: a day's curve with so many workers."""
    async with college(count) as (telegram, workers, cluster):
        # What each of them gets, as one gets it who is alone.
        for n in range(3 * count):
            first = telegram.user("first", 900 + n)
            await talk(telegram, first, [])
        await telegram.until(lambda: not telegram.pending)
        await asyncio.sleep(1)
        expected = len(first.messages)
        await cluster.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await cluster.ask("SELECT pg_stat_statements_reset()")
        crowd = [telegram.user(f"P{n}", FIRST + n) for n in range(people)]
        waits: list[float] = []
        kept = await cluster.ask(_SIZE)
        before = {n: cpu_s(worker) for n, worker in workers.workers.items()}
        trouble = None if calm else asyncio.create_task(disturb(workers, cluster, seconds))
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(seconds * 6 + 90):
                talks = zip(crowd, moments(people, seconds), strict=True)
                await asyncio.gather(*(talk(telegram, person, waits, at) for person, at in talks))
        except TimeoutError:
            print("  not all were answered in time")
        took = time.perf_counter() - begun
        if trouble:
            await trouble
        await telegram.until(lambda: not telegram.pending)
        await asyncio.sleep(2)
        extra = [len(person.messages) - expected for person in crowd]
        line = f"{count} workers, {people} people, {len(waits)} answers in {took:.0f} s: "
        line += f"lost {-sum(n for n in extra if n < 0)}, doubled {sum(n for n in extra if n > 0)}, "
        line += (
            f"p50 {statistics.median(waits) * 1000:.0f} ms, p99 {statistics.quantiles(waits, n=100)[98] * 1000:.0f} ms"
        )
        if calm:
            used = sum(cpu_s(worker) - before[n] for n, worker in workers.workers.items())
            grown, memory = (await cluster.ask(_SIZE))[0][0] - kept[0][0], max(map(memory_mb, workers.workers.values()))
            line += f", CPU {used / len(waits) * 1000:.1f} ms a turn, {await count_statements(cluster, len(waits))}"
            line += f", {grown / people / 1000:.1f} kB a person, {memory:.0f} MB a worker"
        codes = collections.Counter(telegram.webhook_codes)
        print(line + f"; codes {dict(codes)}", flush=True)


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Return the memory that a process has (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def count_statements(cluster: Cluster, turns: int) -> str:
    """Return the statements a turn, and those that the workers make beside them."""
    rows = await cluster.ask("SELECT query, calls FROM pg_stat_statements ORDER BY calls DESC")
    frame = sum(calls for query, calls in rows if query.rstrip(";").split()[0] in ("BEGIN", "COMMIT", "ROLLBACK"))
    every = sum(calls for _, calls in rows)
    if os.environ.get("BENCH_STATEMENTS"):
        for query, calls in rows[:16]:
            print(f"  {calls / turns:.2f} {' '.join(query.split())[:150]}")
    return f"{(every - frame) / turns:.1f} statements a turn and {frame / turns:.1f} BEGIN or COMMIT"


async def idle(count: int, seconds: float) -> None:
    """Print one line: the statements that a worker makes while nobody comes, BEGIN and COMMIT apart."""
    ours = "query !~* '^(begin|commit|rollback|show|create|select (pg_catalog|current_schema|sum|pg_stat))'"
    query = f"SELECT sum(calls) FROM pg_stat_statements WHERE {ours}"  # noqa: S608 - what this script asks is not counted
    async with college(count) as (_, _, cluster):
        await cluster.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await asyncio.sleep(20)
        before = (await cluster.ask(query))[0][0]
        await asyncio.sleep(seconds)
        made = (await cluster.ask(query))[0][0] - before
        print(f"{count} workers, idle for {seconds:.0f} s: {float(made) / seconds / count:.2f} statements/s each")


async def fail(count: int, people: int) -> None:
    """Print one line for each fault of the database."""
    with tempfile.TemporaryDirectory() as there:
        async with college_behind_a_proxy(Path(there), 60, count) as (telegram, place):
            crowd = [telegram.user(f"P{n}", FIRST + n) for n in range(people)]
            for fault in FAULTS:
                took, more = await ask_through(telegram, place, fault, crowd)
                print(f"{count} workers, {fault}: {people} asked, all answered {took:.1f} s after it, {more} twice")


async def judge(count: int, people: int) -> None:
    """Print one line for each thing that must come exactly once."""
    async with college(count, RATE="25") as (telegram, workers, cluster):
        owner = telegram.user("Owner", 1)
        graduates = [telegram.user(f"P{n}", FIRST + n) for n in range(people)]
        asking, store = graduates[:40], await Store.open(cluster.url)
        await add_people(store, [session()] * people, updated_at=text_of(datetime.now(UTC)))
        leader = next(n for n in workers.workers if "leading" in workers.log(n))
        started = time.perf_counter()

        for person in asking:
            person.types("/desk")
        answering = asyncio.create_task(answer_cards(telegram, owner, len(asking)))
        at = datetime.now(UTC) + timedelta(seconds=4)
        for person in asking:
            await store.apply((Remind(at),), "telegram", at, str(person.id))
        harness: Any = Harness(telegram, store, None, cluster.url, now=datetime.now(UTC), today=TODAY)  # type: ignore[arg-type]
        number = await harness.start_new("群发的话，还有{{ days_left }}天", loud=True)
        await asyncio.sleep(3)
        workers.workers[leader].send_signal(signal.SIGKILL)
        await asyncio.to_thread(workers.workers[leader].wait)
        again = asyncio.create_task(begin(workers, leader))
        await asyncio.sleep(1)
        await asyncio.to_thread(cluster.stop)
        await asyncio.sleep(4)
        await asyncio.to_thread(cluster.start)
        await again
        for n in sorted(workers.workers):  # a rolling restart
            workers.workers[n].send_signal(signal.SIGTERM)
            await begin(workers, n)
        await store.close()
        store = await Store.open(cluster.url)
        harness.store = store
        async with asyncio.timeout(180):
            while (await harness.get(number)).state in ("freezing", "running"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.5)
        await asyncio.wait_for(answering, 300)
        await telegram.until(lambda: not telegram.pending, 60)
        while await store.outbox.next_due("telegram"):  # noqa: ASYNC110 - the database wakes nobody
            await asyncio.sleep(0.5)
        took = time.perf_counter() - started
        state, ledger = (await harness.get(number)).state, await harness.all_totals(number)
        await store.close()
        flood = sum(call.code == 429 for call in telegram.calls)
        print(f"{count} workers, a kill, 4 s without the database, a rolling restart, {took:.0f} s; {flood} x 429")
        print(f"  tickets: {len(asking)} asked for, {len(cards(telegram))} cards, {len(telegram.topics)} topics")
        for what, found in (
            ("answers of staff", [says(person, "带户口本来") for person in asking]),
            ("reminders", [says(person, "你让我提醒你") for person in asking]),
            ("broadcast", [says(person, "群发的话") for person in graduates]),
        ):
            told = sum(told for _, told in found)
            print(
                f"  {what}: {dict(collections.Counter(n for n, _ in found))} (times: people), {told} said to be unsure"
            )
        print(f"  ledger: {state} {ledger.states}, left out {ledger.skipped}", flush=True)
        await stray(telegram, graduates[-1])  # who has no ticket: words of the others go to staff


async def stray(telegram: WithStaff, person: User) -> None:
    """Start a worker that polls, as on somebody's laptop; then take the webhook away, as an older program would."""
    with tempfile.TemporaryDirectory() as home:
        laptop = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=settings(telegram, Path(home)), cwd=home,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )  # fmt: skip
        code = await laptop.wait()
    print(f"  a stray run ends with {code}; the webhook is {'there' if telegram.webhook else 'gone'}")
    telegram.webhook, gone_at = None, time.perf_counter()
    await telegram.until(lambda: telegram.webhook, 70)
    await talk(telegram, person, [])
    print(f"  taken away, it is back and answers after {time.perf_counter() - gone_at:.0f} s", flush=True)


async def answer_cards(telegram: WithStaff, owner: User, count: int) -> None:
    """Answer so many tickets, each as soon as its first card is there; the group takes 20 messages a minute."""
    answered: dict[str, Any] = {}
    while len(answered) < count:
        for card in cards(telegram):
            if (number := card.buttons[0][0]["callback_data"].split("|")[1]) not in answered:
                answered[number] = card
                telegram.staff_says(owner, "带户口本来", card)
        await asyncio.sleep(0.1)


def cards(telegram: WithStaff) -> list[Any]:
    return [message for message in telegram.staff if "接手" in str(message.buttons)]


def says(person: User, words: str) -> tuple[int, int]:
    """Return how often somebody was sent words, and how often with a line that they may have come twice."""
    found = [message.text for message in person.messages if words in message.text]
    return len(found), sum("可能发了两遍" in text for text in found)


def _main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=("day", "list", "faults", "idle"))
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    asked.add_argument("--people", type=int, default=200)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--calm", action="store_true")
    given = asked.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    for count in given.workers:
        if given.what == "list":
            asyncio.run(judge(count, given.people))
        elif given.what == "faults":
            asyncio.run(fail(count, given.people))
        elif given.what == "idle":
            asyncio.run(idle(count, given.seconds))
        else:
            asyncio.run(day(count, given.people, given.seconds, calm=given.calm))


if __name__ == "__main__":
    _main()
