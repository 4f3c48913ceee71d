"""A broadcast whose sender is killed again and again: the command line as a process, `kill -9`, and the count after.

Shared by a test with a few kills and the bench with many.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.broadcast.harness import FIRST, Harness
from tests.person import at
from tests.telegram_server import TelegramServer

ROOT = Path(__file__).parents[2]
TODAY = at("2013-12-11")


class Server(Protocol):
    """A Telegram server that a process can use."""

    token: str

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class KillResult:
    """The result of a broadcast with kills. `at_kill` is how many rows were in flight at each kill."""

    people: int
    kills: int
    at_kill: tuple[int, ...]
    totals: dict[str, int]
    lost: int
    twice: int

    @property
    def sound(self) -> bool:
        added_up = sum(self.totals.values()) == self.people
        return added_up and not self.lost and not self.twice and self.totals.get("unsure", 0) <= sum(self.at_kill)


async def run_with_kills(
    harness: Harness, folder: Path, kills: int, draw: random.Random, rate: int = 2000, within_s: float = 0.05
) -> KillResult:
    """Start it, kill its sender `kills` times within so many seconds of its first message, let the last one finish."""
    number, people = await harness.start_new(loud=True), len(harness.telegram.users) - 1
    at_kill: list[int] = []
    for _ in range(kills):
        sender = start(harness.telegram, folder, harness.url, number, rate)
        seen = len(harness.telegram.calls)
        await harness.telegram.until(partial(_has_begun, harness.telegram, seen, sender), 60)
        await asyncio.sleep(draw.random() * within_s)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        totals = await harness.all_totals(number)
        at_kill.append(totals["sending"] + totals["unsure"] - sum(at_kill))
    harness.now = datetime.now(UTC) + timedelta(minutes=5)  # every lease is over
    harness.today = TODAY
    for _ in range(5):
        await harness.sender().send_once(number)
        harness.advance(minutes=1)
    times = Counter(
        int(call.parameters["chat_id"]) for call in harness.telegram.made("sendMessage") if call.code == 200
    )
    unsure = (await harness.all_totals(number))["unsure"]
    missing = sum(1 for n in range(people) if not times[FIRST + n])
    await harness.verify_proof()
    return KillResult(
        people,
        kills,
        tuple(at_kill),
        dict(await harness.totals(number)),
        lost=max(0, missing - unsure),
        twice=sum(1 for n in times.values() if n > 1),
    )


def _has_begun(telegram: TelegramServer, seen: int, sender: subprocess.Popen[bytes]) -> bool:
    """Return whether it has sent a message since so many calls, or is over."""
    return any(call.method == "sendMessage" for call in telegram.calls[seen:]) or sender.poll() is not None


def start(telegram: Server, folder: Path, url: str, number: int, rate: int = 2000) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GRADBOT_")}
    env |= {
        "GRADBOT_HOME": str(folder),
        "GRADBOT_TELEGRAM_TOKEN": telegram.token,
        "GRADBOT_TELEGRAM_API": telegram.url,
        "GRADBOT_TODAY": TODAY.isoformat(),
        "GRADBOT_RATE": str(rate),
        "GRADBOT_DATABASE_URL": url,
    }
    command = [sys.executable, "-m", "bot", "broadcast", "start", str(number), "--here"]
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
