"""The whole bot under updates that are drawn at random: what went wrong, if anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import structlog

from tests.channels.test_desk import STAFF, WithStaff, serving
from tests.telegram_people import Message
from tests.updates import UpdateDrawer

PEOPLE = (1, 7, 8, 77001, 2**31, 2**52 - 1)
"""The first is the owner."""
GROUPS = (STAFF, -5, -(2**52))
BUGS = ("update_failed", "turn_failed", "post_failed", "store_problem", "session_unreadable")
"""Log events that tell of a bug of ours; update_unreadable is one only for an update that was whole."""
PATIENCE_S = 20.0


class Storm:
    """Draws updates for a bot, `batch` at a time, and looks after each batch that everybody is answered.

    `seed` makes it repeatable. `broken` is the share of updates with something wrong in them, 0-1.
    """

    def __init__(self, telegram: WithStaff, seed: int, *, broken: float = 0.2, batch: int = 100) -> None:
        self.telegram = telegram
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._random = Random(seed)
        self._broken, self._batch = broken, batch
        self._draws = UpdateDrawer(self._random, PEOPLE, GROUPS)
        self._people = [telegram.user(f"P{number}", number) for number in PEOPLE]
        for group in GROUPS[1:]:
            telegram.groups[group] = [Message(0, group, {"text": "made"}, {})]

    async def blows(self, updates: int) -> Sequence[str]:
        """Send so many updates; what went wrong, one line each."""
        whole: set[int] = set()
        with structlog.testing.capture_logs() as logs, _loop_problems(self.problems):
            for first in range(0, updates, self._batch):
                whole |= {self._sends() for _ in range(first, min(first + self._batch, updates))}
                try:
                    await self._everybody_is_answered()
                except TimeoutError:
                    unanswered = [number for number, answer in self.telegram.queries.items() if answer is None]
                    self.problems.append(f"nobody answers after {first + self._batch}; taps: {unanswered[:5]}")
                    break
                self.problems += [
                    str(log)
                    for log in logs
                    if log["event"] in BUGS or (log["event"] == "update_unreadable" and log["update"] in whole)
                ]
                self._forget(logs)
        return self.problems

    def _sends(self) -> int:
        update = self._draws.draw(self.telegram.next_update())
        kind = next(name for name in update if name != "update_id")
        self.counts[kind] += 1
        is_whole = self._random.random() >= self._broken
        if query := update.get("callback_query"):
            self.telegram.queries[query["id"]] = None if is_whole else {}
        self.telegram.again(update if is_whole else self._draws.corrupt(update))
        return update["update_id"] if is_whole else 0

    async def _everybody_is_answered(self) -> None:
        telegram = self.telegram
        await telegram.until(lambda: not telegram.pending and None not in telegram.queries.values(), PATIENCE_S)
        before = [len(person.messages) for person in self._people]
        for person in self._people:
            person.types("/menu")
        await telegram.until(
            lambda: all(len(person.messages) > had for person, had in zip(self._people, before, strict=True)),
            PATIENCE_S,
        )

    def _forget(self, logs: list[Any]) -> None:
        logs.clear()
        self.telegram.calls.clear()
        self.telegram.queries.clear()
        for messages in (*(person.messages for person in self._people), *self.telegram.groups.values()):
            del messages[:-1]


@contextmanager
def _loop_problems(problems: list[str]) -> Iterator[None]:
    """Exceptions that nobody waited for are problems too."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(str(context.get("exception") or context["message"])))
    yield
    loop.set_exception_handler(None)


async def storm(database: Path, updates: int, seed: int) -> Storm:
    """A bot with a fresh database in a storm of so many updates."""
    async with WithStaff(forum=bool(seed % 2)) as telegram, serving(telegram, database):
        storm = Storm(telegram, seed)
        await storm.blows(updates)
        return storm
