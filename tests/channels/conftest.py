"""A Telegram to talk to, a way to it, and time that passes when it is told to."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.rate_limiter import TelegramRateLimiter
from bot.channels.telegram.request import AiohttpRequest
from tests.telegram_server import TelegramServer


class Alarm:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeTime:
    """A clock in seconds with alarms; `slept` are the sleeps that were asked for and cost nothing."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    _alarms: list[tuple[float, int, Alarm, Callable[[], None]]] = field(default_factory=list)
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def clock(self) -> float:
        return self.now

    def call_later(self, seconds: float, do: Callable[[], None]) -> Alarm:
        alarm = Alarm()
        heapq.heappush(self._alarms, (self.now + seconds, next(self._count), alarm, do))
        return alarm

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        """Ring every alarm on the way, and let those who were woken run."""
        end = self.now + seconds
        await settle()
        while self._alarms and self._alarms[0][0] <= end:
            at, _, alarm, do = heapq.heappop(self._alarms)
            self.now = max(self.now, at)
            if not alarm.cancelled:
                do()
            await settle()
        self.now = end


async def settle() -> None:
    """Let everybody who can run, run."""
    for _ in range(80):
        await asyncio.sleep(0)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def bot(telegram: TelegramServer, time: FakeTime) -> AsyncIterator[TelegramBot]:
    """Without paces; backoff costs no time."""
    async with to(telegram, time) as bot:
        yield bot


def to(telegram: TelegramServer, time: FakeTime, limits: Limits | None = None, answer_s: float = 5.0) -> TelegramBot:
    """A way to this Telegram whose repeats do not take real time."""
    limiter = TelegramRateLimiter(limits, clock=time.clock, sleep=time.sleep, chance=lambda: 1.0)
    request, polls = AiohttpRequest(connect_s=1, answer_s=answer_s), AiohttpRequest(connect_s=1, connections=1)
    return TelegramBot(telegram.token, request, limiter, base=telegram.url, poll_request=polls)
