"""Typed questions a second: the whole bot (match, commit to SQLite, answer) beside a bare python-telegram-bot
that only echoes with its default request, in the same run; and the same for taps.

    python -m bench.turns [--seconds 4] [--people 50] [--rounds 3]

The crowd and its Telegram (the tests' own) live in this process, each bot in a process of its own. Everybody sends
something, waits for the answer, sends the next thing. The figure is per second of the bot's CPU time, so that the speed
of this side does not matter.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faq import corpus
from tests.telegram_people import Call, User
from tests.telegram_server import TelegramServer

ROOT = Path(__file__).parent.parent
WARM_S = 2.0


class BusyTelegram(TelegramServer):
    """A Telegram where everybody sends the next thing as soon as an answer arrives."""

    def __init__(self, act: Callable[[User], None]) -> None:
        super().__init__()
        self.answered = 0
        self._act = act
        self._waiting: set[int] = set()

    def act(self, user: User) -> None:
        self._waiting.add(user.id)
        self._act(user)

    def _count_answer(self, chat: int) -> None:
        if chat in self._waiting:
            self._waiting.discard(chat)
            self.answered += 1
            self.calls.clear()
            user = self.users[chat]
            del user.messages[:-4]
            asyncio.get_running_loop().call_soon(self.act, user)

    def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        shown = super()._sendMessage(call)
        self._count_answer(int(call.parameters["chat_id"]))
        return shown

    def _editMessageText(self, call: Call) -> Any:  # noqa: N802
        shown = super()._editMessageText(call)
        self._count_answer(int(call.parameters["chat_id"]))
        return shown


def ask_again() -> Callable[[User], None]:
    """Return an act: type a question of the evaluation set; the same ones come again."""
    draw, asked = random.Random(1), [question.text for question in corpus.questions()]
    return lambda user: discard(user.types(draw.choice(asked)))


def ask_new() -> Callable[[User], None]:
    """Return an act: type a question of the evaluation set, never the same words twice."""
    draw, asked, number = random.Random(1), [question.text for question in corpus.questions()], itertools.count()
    return lambda user: discard(user.types(f"{draw.choice(asked)} {next(number)}"))


def tap_in_turn() -> Callable[[User], None]:
    """Return an act: press 帮助 and 隐私 in turn."""
    turn = dict.fromkeys(range(100_000), 0)

    def tap(user: User) -> None:
        turn[user.id] += 1
        user.presses("cmd|help" if turn[user.id] % 2 else "cmd|privacy") if user.messages else user.types("/start")

    return tap


def discard(_: object) -> None:
    """Drop the result of a call in a lambda."""


async def measure(who: str, mode: str, act: Callable[[User], None], people: int, seconds: float) -> tuple[float, float]:
    """Return answers per second of the bot's CPU, and per second."""
    with tempfile.TemporaryDirectory() as home, (Path(home) / "log").open("wb") as log:
        async with BusyTelegram(act) as telegram:
            bot = start(who, mode, telegram, home, log)
            try:
                for number in range(people):
                    telegram.act(telegram.user(f"P{number}"))
                await telegram.until(lambda: telegram.answered, 60)
                await asyncio.sleep(WARM_S)
                counted, cpu, began = telegram.answered, cpu_s(bot.pid), time.perf_counter()
                await asyncio.sleep(seconds)
                done, used = telegram.answered - counted, cpu_s(bot.pid) - cpu
                return done / used, done / (time.perf_counter() - began)
            finally:
                bot.kill()
                await asyncio.to_thread(bot.wait)


def start(who: str, mode: str, telegram: TelegramServer, home: str, log: Any) -> subprocess.Popen[bytes]:
    if who == "ptb":
        echo = [sys.executable, "-m", "bench.telegram", "--be", "ptb", "--mode", mode, "--url", telegram.url]
        return subprocess.Popen(  # noqa: S603 - our own module, by this Python
            echo, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log
        )
    settings = {
        "GRADBOT_TELEGRAM_TOKEN": telegram.token,
        "GRADBOT_TELEGRAM_API": telegram.url,
        "GRADBOT_HOME": home,
        "GRADBOT_TODAY": "2013-12-05",
        "GRADBOT_RATE": "100000",
    }
    if mode == "webhook":
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        settings["GRADBOT_WEBHOOK_URL"] = f"http://127.0.0.1:{port}/hook"
        settings["GRADBOT_WEBHOOK_SECRET"] = "a-secret-of-the-bench"  # noqa: S105 - of a server that lives for seconds
        settings["GRADBOT_LISTEN"] = f"127.0.0.1:{port}"
    return subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=ROOT, env=os.environ | settings, stderr=log)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, of the user and of the system (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


ACTS = {"echo": ask_again, "questions": ask_again, "fresh": ask_new, "taps": tap_in_turn}


async def main(people: int, seconds: float, rounds: int) -> None:
    print(f"{people} people, {rounds} rounds of {seconds:g} s; per CPU second of the bot (and per second)")
    for mode in ("webhook", "polling"):
        rates: dict[str, list[float]] = {what: [] for what in ("echo", "questions", "fresh", "taps")}
        for _ in range(rounds):
            for what, seen in rates.items():
                who = "ptb" if what == "echo" else "gradbot"
                per_cpu, per_s = await measure(who, mode, ACTS[what](), people, seconds)
                seen.append(per_cpu)
                print(f"  {mode:8} {what:9} {per_cpu:7.0f} ({per_s:.0f})")
        echo = statistics.median(rates.pop("echo"))
        for what, seen in rates.items():
            print(f"{mode}: {what} {statistics.median(seen) / echo:.1f} x the bare echo")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=4.0)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    asyncio.run(main(given.people, given.seconds, given.rounds))
