"""Broadcasts measured: speed beside a plain python-telegram-bot loop, pace, survival of kills, memory.

    python -m bench.broadcast speed  [--people 5000]     messages a second with the ledger, and the plain loop's
    python -m bench.broadcast pace   [--seconds 20]      at a limit of 30/s with GRADBOT_RATE=29, 50 people chatting
    python -m bench.broadcast kills  [--kills 100]       5,000 recipients, the sender killed at random moments
    python -m bench.broadcast memory [--people 1000000]  growth over a small audience, and the time of a claim

The sender is a process of its own, so its CPU time is its own; Telegram lives in this one: for `speed` one that only
says yes, for the others that of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from bench.quick import QuickTelegram
from bot.store.times import text_of
from tests.broadcast.harness import FIRST, Harness, add_people, open_harness, session
from tests.broadcast.kill_sender import ROOT, run_with_kills, start
from tests.telegram_methods import Refusal
from tests.telegram_people import Call
from tests.telegram_server import TelegramServer

LATENCY_S = 0.3


async def measure_speed(people: int) -> None:
    """Print messages per second of the sender (by the clock and of its CPU), beside a plain loop."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_harness(Path(folder), []) as harness, QuickTelegram() as telegram:
            await add_people(harness.store, [session()] * people, updated_at=text_of(datetime.now(UTC)))
            plain = await run_plain_loop(telegram, people)
            print(f"plain loop of python-telegram-bot: {plain[0]:.0f}/s, {plain[1]:.0f} a CPU second")
            number = await harness.start_new(loud=True)
            telegram.made.clear()
            before = time.perf_counter()
            sender = start(telegram, Path(folder), harness.url, number)
            await _until(lambda: telegram.made["sendMessage"] or sender.poll() is not None)
            first, cpu = time.perf_counter(), cpu_s(sender)
            await _until(lambda: telegram.made["sendMessage"] >= people or sender.poll() is not None)
            took, spent = time.perf_counter() - first, cpu_s(sender) - cpu
            await asyncio.to_thread(sender.wait)
            print(f"gradbot, with its ledger: {people / took:.0f}/s, {people / spent:.0f} a CPU second")
            print(
                f"{people / took / plain[0]:.1f} x the plain loop; {await harness.totals(number)}, "
                f"{first - before:.1f} s to start"
            )


async def _until(what: Callable[[], object]) -> None:
    while not what():  # noqa: ASYNC110 - looks at counters and processes, which wake nobody
        await asyncio.sleep(0.001)


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return the CPU seconds that a process has used (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run_plain_loop(telegram: QuickTelegram, people: int) -> tuple[float, float]:
    """Run the plain loop in a process of its own; return messages per second by the clock and of its CPU."""
    code = PLAIN.format(url=telegram.url, token=telegram.token, first=FIRST, people=people)
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    out, _ = await done.communicate()
    took, used = map(float, out.split())
    return people / took, people / used


PLAIN = """
import asyncio, time
from telegram import Bot

async def main():
    async with Bot("{token}", base_url="{url}/bot") as bot:
        began, cpu = time.perf_counter(), time.process_time()
        room = asyncio.Semaphore(64)
        async def one(n):
            async with room:
                await bot.send_message(n, "2014届秋季毕业生核对：还有9天")
        await asyncio.gather(*(one({first} + n) for n in range({people})))
        print(time.perf_counter() - began, time.process_time() - cpu)

asyncio.run(main())
"""


class Limited(TelegramServer):
    """A Telegram that refuses more than 30 messages in any second, and answers late."""

    def __init__(self) -> None:
        super().__init__()
        self.recent: deque[float] = deque()
        self.refused = 0
        self.bulk: list[float] = []

    async def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        if len(self.recent) >= 30:
            self.refused += 1
            await asyncio.sleep(LATENCY_S)
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        self.recent.append(now)
        await asyncio.sleep(LATENCY_S)
        return super()._sendMessage(call)


async def measure_pace(seconds: float) -> None:
    """Print the messages per second at a limit of 30/s, and the waits of people who chat meanwhile."""
    import tests.broadcast.harness as harness_module

    harness_module.TelegramServer = Limited  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        people = int((seconds + 20) * 30)
        async with open_harness(Path(folder), [session()] * people, seen=datetime.now(UTC)) as harness:
            telegram = harness.telegram
            assert isinstance(telegram, Limited)
            number = await harness.start_new(loud=True)
            bot = serve(telegram, Path(folder))
            try:
                await telegram.until(lambda: len(telegram.made("sendMessage")) > 60, 60)
                waits: list[float] = []
                talking = [asyncio.create_task(chat(telegram, n, waits)) for n in range(50)]
                await asyncio.sleep(8)  # those who are new read the greeting first
                waits.clear()
                began, counted, refused = time.monotonic(), count_sent(telegram), telegram.refused
                await asyncio.sleep(seconds)
                rate = (count_sent(telegram) - counted) / (time.monotonic() - began)
                for task in talking:
                    task.cancel()
                waits = sorted(waits) or [0.0]
                p95 = waits[int(len(waits) * 0.95)]
                print(f"{rate:.1f} messages/s, {telegram.refused - refused} x 429; {len(waits)} answers to 50 people,")
                print(f"median {statistics.median(waits):.2f} s, p95 {p95:.2f} s (latency {LATENCY_S} s a call)")
                print(await harness.totals(number))
            finally:
                bot.terminate()
                bot.wait()


async def chat(telegram: TelegramServer, n: int, waits: list[float]) -> None:
    """Ask something about every twenty seconds, as people do who read and fill in forms."""
    who = telegram.user(f"Chat{n}", 500 + n)
    draw = random.Random(n)
    while True:
        await asyncio.sleep(draw.expovariate(1 / 20))
        said, began = len(who.messages), time.monotonic()
        who.types("帮助")
        await telegram.until(lambda: len(who.messages) > said, 60)  # noqa: B023
        waits.append(time.monotonic() - began)


def count_sent(telegram: TelegramServer) -> int:
    return sum(call.code == 200 for call in telegram.made("sendMessage"))


def serve(telegram: TelegramServer, folder: Path) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GRADBOT_")}
    env |= {
        "GRADBOT_HOME": str(folder),
        "GRADBOT_TELEGRAM_TOKEN": telegram.token,
        "GRADBOT_TELEGRAM_API": telegram.url,
        "GRADBOT_TODAY": "2013-12-11",
        "GRADBOT_RATE": "29",
    }
    return subprocess.Popen([sys.executable, "-m", "bot", "run"], env=env, cwd=ROOT, stderr=subprocess.DEVNULL)


async def measure_kills(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_harness(Path(folder), [session()] * 5000, seen=datetime.now(UTC)) as harness:
            harness.telegram.fault("slow", "sendMessage", times=10**9, seconds=0.02)
            began = time.monotonic()
            account = await run_with_kills(harness, Path(folder), count, random.Random(1), rate=250, within_s=0.4)
            print(f"{account.kills} kills in {time.monotonic() - began:.0f} s: {account.totals}")
            most = f"{sum(account.at_kill)} (at most {max(account.at_kill)})"
            print(f"lost {account.lost}, twice {account.twice}, in flight at the kills {most}")
            print("sound" if account.sound else "NOT SOUND")


class Nowhere:
    """A wire that loses no time."""

    async def send(self, user: str, bulletin: object, ready: Any) -> Any:
        from bot.domain.messages import Outcome

        return Outcome("sent", user) if await ready() else Outcome("later")


async def memory(people: int) -> None:
    for many in (10_000, people):
        code = f"import asyncio; from bench.broadcast import grown; asyncio.run(grown({many}))"
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], check=True, cwd=ROOT)


async def grown(people: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_harness(Path(folder), []) as harness:
            await fill(harness, people)
            waits: list[float] = []
            turns = asyncio.create_task(_turns(harness, waits))
            began = time.perf_counter()
            number = await harness.start_new()
            while await harness.store.broadcasts.go_on(number, harness.now):
                pass
            frozen = time.perf_counter() - began
            turns.cancel()
            sender = harness.sender()
            sender.bulks = {sender.channel: Nowhere()}  # type: ignore[assignment]
            claims = [one async for one in _claims(harness, number)]
            work = asyncio.create_task(sender.send_once(number))
            ends = time.monotonic() + 20
            while not work.done() and time.monotonic() < ends:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            totals = await harness.totals(number)
            await sender.stop()
            work.cancel()
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{people} recipients: frozen in {frozen:.1f} s, meanwhile a turn is saved in "
                f"{statistics.median(waits) * 1000:.0f} ms (99 % within {_most(waits, 0.99) * 1000:.0f}); "
                f"a claim of 64 takes {statistics.median(claims):.1f} ms, "
                f"{totals.get('sent', 0)} sent, peak memory {rss:.0f} MB"
            )


def _most(waits: list[float], share: float) -> float:
    return sorted(waits)[int(len(waits) * share)]


async def _turns(harness: Harness, waits: list[float]) -> None:
    """Saves turns of somebody, now and then."""
    while True:
        began = time.perf_counter()
        await harness.store.save_turn(
            "telegram", "1", session="{}", events=(), update_id=None, turn=None, miss=None, at=harness.now
        )
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)


async def _claims(harness: Harness, number: int) -> Any:
    for n in range(20):
        began = time.perf_counter()
        await harness.store.ledger.claim(number, f"w{n}", 64, harness.now)
        yield (time.perf_counter() - began) * 1000


async def fill(harness: Harness, people: int) -> None:
    for begin in range(0, people, 10_000):
        await add_people(harness.store, [session()] * min(10_000, people - begin), first=begin)


def _main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=("speed", "pace", "kills", "memory"))
    asked.add_argument("--people", type=int, default=0)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--kills", type=int, default=100)
    given = asked.parse_args()
    logging.basicConfig(level=logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    work = {
        "speed": lambda: measure_speed(given.people or 5000),
        "pace": lambda: measure_pace(given.seconds),
        "kills": lambda: measure_kills(given.kills),
        "memory": lambda: memory(given.people or 1_000_000),
    }
    asyncio.run(work[given.what]())


if __name__ == "__main__":
    _main()
