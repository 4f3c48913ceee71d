"""kill -9 at any moment: acknowledged turns are there, and each turn is complete or absent."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store import Store
from tests.conftest import effort

# Saves turns of one person for ever: turn n has session n, two events and update n; then prints n.
WRITER = """
import asyncio, sys
from datetime import datetime, UTC
from bot.store import StepEvent, Store

async def main(url, user):
    store = await Store.open(url)
    n = int(await store.load("c", user) or 0)
    while True:
        n += 1
        events = [StepEvent("s", str(n), "leave"), StepEvent("s", str(n), "enter")]
        await store.save_turn("c", user, session=str(n), events=events, update_id=f"{user}-{n}", turn=str(n), miss=None,
                              at=datetime.now(UTC))
        print(n, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def start(url: str, user: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, user], stdout=subprocess.PIPE, text=True)


def kill(writer: subprocess.Popen[str]) -> int:
    """The last turn that the writer reported before it died."""
    writer.send_signal(signal.SIGKILL)
    said, _ = writer.communicate()
    return int(said.split()[-1]) if said else 0


async def check(url: str, user: str, reported: int) -> None:
    store = await Store.open(url)
    step = int(await store.load("c", user) or 0)
    assert reported <= step <= reported + 1
    kept = await store.export("c", user)
    assert [int(event["step"]) for event in kept["step_events"]] == [n for n in range(1, step + 1) for _ in range(2)]
    assert await store.find_handled("c", user, f"{user}-{step}") == str(step)
    assert await store.find_handled("c", user, f"{user}-{step + 1}") is None
    await store.close()


def test_killed_between_and_inside_writes(url: str) -> None:
    draw = random.Random(7)
    reported = 0
    for _ in range(effort(1, 4)):
        writer = start(url, "42")
        assert writer.stdout
        for _ in range(draw.randrange(1, 12)):  # die somewhere in the turn after this many
            reported = int(writer.stdout.readline())
        for _ in range(draw.randrange(60_000)):
            pass
        reported = max(reported, kill(writer))
        asyncio.run(check(url, "42", reported))


@pytest.mark.slow
def test_killed_while_making_the_database(path: Path, url: str) -> None:
    for n in range(effort(2, 4)):
        writer = start(url, "42")
        while writer.poll() is None and not (path.exists() and path.stat().st_size >= n * 4096):
            pass
        kill(writer)
    writer = start(url, "42")
    assert writer.stdout
    assert int(writer.stdout.readline()) >= 1
    kill(writer)


def test_writers_in_several_processes(url: str) -> None:
    writers = {user: start(url, user) for user in ("1", "2", "3", "4")[: effort(2, 4)]}
    for writer in writers.values():
        assert writer.stdout
        for n in range(1, 30):
            assert int(writer.stdout.readline()) == n
    reported = {user: max(29, kill(writer)) for user, writer in writers.items()}
    for user, last in reported.items():
        asyncio.run(check(url, user, last))
