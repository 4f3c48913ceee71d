"""kill -9 on the whole bot while a crowd walks: what a test does a few times, and `python -m bench.kill` often."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.channels.telegram.outgoing import STAYS
from bot.domain.button_ids import Act, parse
from tests.bot_process import warm
from tests.telegram_people import Call, User
from tests.telegram_server import TelegramServer

WALK = ("jump", "会计电算化", "done", "done", "same", "done", "done", "no", "done", "done")
"""What everybody does after /start: actions of the newest screen, or words that its step reads."""
# The answer's own words: a step that is shown again below it may speak of 免费 as well.
QUESTION, ANSWER = "核对要不要钱", "学历查询永久免费"
PATIENCE_S = 120.0


class BusyTelegram(TelegramServer):
    """A Telegram that counts the answers to QUESTION in each chat: on the screen they may be edited away."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: Counter[int] = Counter()
        self.sent = 0

    def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        shown = super()._sendMessage(call)
        self.sent += 1
        self.answers[call.parameters["chat_id"]] += ANSWER in call.parameters["text"]
        return shown


@dataclass
class Fate:
    """What became of one person: what is on the screen, and how many questions were asked."""

    user: User
    asked: int = 0

    @property
    def act(self) -> Act | None:
        """The furthest action on offer anywhere in the chat."""
        acts = [parse(_named(b)) for m in self.user.messages for row in m.buttons for b in row]
        return max((act for act in acts if isinstance(act, Act)), key=lambda act: act.moves, default=None)

    def _presses(self, data: str) -> int:
        """Press the newest button with this data; the number of the update."""
        offered = [(m, b) for m in reversed(self.user.messages) for r in m.buttons for b in r if _named(b) == data]
        message, button = offered[0]
        return self.user.presses(button["callback_data"], message)

    async def walks(self, telegram: BusyTelegram, killed: Callable[[], float]) -> None:
        """/start and every step of WALK, spread over all kills (`killed`: 0–1), with questions in between."""
        self.user.types("/start")
        await telegram.until(lambda: self.act, PATIENCE_S)
        for number, what in enumerate(WALK):
            while killed() < number / len(WALK):
                await self._asks(telegram)
            here = self.act
            assert here
            pressed = f"1|{here.script}|{here.step}|{here.moves}|{what}"
            update = self._presses(pressed) if what.isascii() else self.user.types(what)
            await self._answered(telegram, update, partial(self._past, here.moves))
        while killed() < 1:
            await self._asks(telegram)

    def _past(self, moves: int) -> bool:
        return bool(self.act and self.act.moves > moves)

    async def _asks(self, telegram: BusyTelegram) -> None:
        before, self.asked = telegram.answers[self.user.id], self.asked + 1
        await self._answered(telegram, self.user.types(QUESTION), lambda: telegram.answers[self.user.id] > before)

    async def _answered(self, telegram: BusyTelegram, update: int, shown: Callable[[], object]) -> None:
        """One thing at a time: until it shows, and Telegram knows that it arrived."""
        await telegram.until(lambda: update not in telegram.pending and shown(), PATIENCE_S)


def _named(button: Mapping[str, str]) -> str:
    """The id of a button; under a message that stays, its data begin with a mark."""
    return button.get("callback_data", "").removeprefix(STAYS)


@dataclass
class Slaughter:
    """A crowd, a bot in a process of its own, and how it went. `lost`, `moved` and `repeated` tell what was wrong."""

    home: Path
    webhook: bool
    people: int
    kills: int
    seed: int
    repeated: int = 0
    _port: int = 0
    _killed: int = 0

    async def run(self) -> None:
        """Everybody reaches the end; AssertionError or TimeoutError when a kill lost or doubled anything."""
        draw = random.Random(self.seed)
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self._port = free.getsockname()[1]
        async with BusyTelegram() as telegram:
            fates = [Fate(telegram.user(f"P{number}")) for number in range(self.people)]
            bot = self._start(telegram)
            try:
                walking = asyncio.gather(*(fate.walks(telegram, lambda: self._killed / self.kills) for fate in fates))
                while self._killed < self.kills:
                    due = telegram.sent + draw.randrange(1, 4 * self.people)
                    await telegram.until(lambda due=due: telegram.sent >= due, PATIENCE_S)  # type: ignore[misc]
                    bot.send_signal(signal.SIGKILL)
                    await asyncio.to_thread(bot.wait)
                    bot, self._killed = self._start(telegram), self._killed + 1
                await walking
                await telegram.until(lambda: not telegram.pending, PATIENCE_S)
            finally:
                bot.terminate()
                await asyncio.to_thread(bot.wait)
            self.repeated = sum(telegram.answers[fate.user.id] - fate.asked for fate in fates)
            self._check(fates, telegram)

    def _start(self, telegram: BusyTelegram) -> subprocess.Popen[bytes]:
        settings = {
            "GRADBOT_TELEGRAM_TOKEN": telegram.token,
            "GRADBOT_TELEGRAM_API": telegram.url,
            "GRADBOT_HOME": str(warm(self.home)),
            "GRADBOT_TODAY": "2013-12-05",
            "GRADBOT_RATE": "100000",
        }
        if self.webhook:
            settings["GRADBOT_WEBHOOK_URL"] = f"http://127.0.0.1:{self._port}/hook"
            settings["GRADBOT_WEBHOOK_SECRET"] = "a-secret-of-the-test"
            settings["GRADBOT_LISTEN"] = f"127.0.0.1:{self._port}"
        log = (self.home / "log").open("ab")
        with log:
            return subprocess.Popen([sys.executable, "-m", "bot", "run"], env=os.environ | settings, stderr=log)

    def _check(self, fates: list[Fate], telegram: BusyTelegram) -> None:
        log = (self.home / "log").read_text()
        assert "failed" not in log, log
        assert "refused" not in log, log
        assert all(answer is not None for answer in telegram.queries.values())
        with closing(sqlite3.connect(self.home / "gradbot.db")) as database:
            rows = database.execute("SELECT id, session FROM people").fetchall()
            walks = {
                json.dumps(json.loads(session)["walks"]["2014-autumn"], sort_keys=True): person
                for person, session in rows
            }
            walked = "SELECT step, kind FROM step_events WHERE person = ? AND script <> 'faq' ORDER BY id"
            events = {tuple(database.execute(walked, (person,))) for person, _ in rows}
            answered = (
                "SELECT user_id, count(*) FROM step_events JOIN people ON people.id = person WHERE script = 'faq'"
            )
            answers = dict(database.execute(f"{answered} GROUP BY user_id").fetchall())
        assert len(rows) == len(fates)
        # Everybody did the same, so everybody stands at the same place and the same happened to everybody, once.
        assert len(walks) == 1, walks
        assert len(events) == 1, events
        assert answers == {str(fate.user.id): fate.asked for fate in fates if fate.asked}
        assert self.repeated <= self.kills * self.people
