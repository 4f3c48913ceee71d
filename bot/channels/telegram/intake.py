"""How updates come in: what both intakes promise, and the turns of people between them and the handler.

`handle(update, behind)` gets the update as JSON gave it, and how many of the same person wait behind it. It returns
when the turn is committed; only then is Telegram told that the update arrived. It may return a call ("method" and its
parameters) whose result nobody needs, such as answerCallbackQuery: the webhook puts it into its own reply and saves a
request.
"""

from __future__ import annotations

import asyncio
import signal
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

import structlog
from telegram.error import InvalidToken, TelegramError

from bot.channels.telegram.api import Api, backoff_s
from bot.channels.telegram.errors import Flood, WrongToken
from bot.channels.telegram.metrics import FAILED, TURN, UNDER_WAY

Update = dict[str, Any]
Call = Mapping[str, Any]
Handle = Callable[[Update, int], Awaitable[Call | None]]

UNDER_WAY_MOST = 512
"""Updates taken in and not yet committed; more are left waiting at Telegram."""
FINISH_S = 6.0
"""What is under way when we are told to stop gets this long; with what follows (the last calls to Telegram, then what a
broadcast has in flight) the process ends within 10 s."""

_log = structlog.get_logger()


class Intake(Protocol):
    """A way in for updates. `run` serves until it is cancelled, and finishes what is under way (within FINISH_S) first.

    Raises WrongToken when Telegram does not know the token; everything else is retried for ever.
    """

    @property
    def seen_at(self) -> float | None:
        """When Telegram was last heard of, as time.time() gives it; None: not yet."""
        ...

    async def run(self, handle: Handle) -> None: ...


class Turns:
    """Order for each person, side by side for different people, a bound for all.

    A failing handler is logged and its update counts as done: the same again would fail again and block its person.
    """

    def __init__(self, handle: Handle, most: int = UNDER_WAY_MOST) -> None:
        self._handle = handle
        self._most = most
        self._queues: dict[int | str, deque[tuple[Update, asyncio.Future[Call | None]]]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._count = 0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def under_way(self) -> int:
        """Updates taken in and not yet committed."""
        return self._count

    async def take(self, update: Update) -> asyncio.Future[Call | None]:
        """Queue an update; waits while there is no room. The future is done when its turn is committed."""
        while self._count >= self._most:
            self._room.clear()
            await self._room.wait()
        self._count += 1
        UNDER_WAY.inc()
        done: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()
        key = person(update)
        if key in self._queues:
            self._queues[key].append((update, done))
        else:
            self._queues[key] = deque([(update, done)])
            worker = asyncio.create_task(self._work(key))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return done

    async def finish(self, within_s: float = FINISH_S) -> bool:
        """Wait for what is under way; what is not done then is cancelled and stays unacknowledged. Whether all was."""
        if not self._workers:
            return True
        _, late = await asyncio.wait(self._workers, timeout=within_s)
        for worker in late:
            worker.cancel()
        if late:
            _log.warning("turns_cut_off", count=self._count)
            await asyncio.wait(late, timeout=1)
        return not late

    async def _work(self, key: int | str) -> None:
        queue = self._queues[key]
        try:
            while queue:
                update, done = queue[0]
                began = time.perf_counter()
                call = await self._turn(update, len(queue) - 1)
                queue.popleft()
                TURN.observe(time.perf_counter() - began)
                self._left(done, call)
        finally:
            del self._queues[key]
            for _, done in queue:
                done.cancel()
                self._left(done, None)

    def _left(self, done: asyncio.Future[Call | None], call: Call | None) -> None:
        self._count -= 1
        UNDER_WAY.dec()
        self._room.set()
        if not done.done():
            done.set_result(call)

    async def _turn(self, update: Update, behind: int) -> Call | None:
        try:
            return await self._handle(update, behind)
        except Exception as bug:  # noqa: BLE001 - the boundary: no update stops the intake
            FAILED.inc()
            # No message of the exception: it may quote what the person wrote.
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
            _log.error("update_failed", update=update.get("update_id"), error=type(bug).__name__, places=places)
            return None


def person(update: Update) -> int | str:
    """Whose turn an update is: the person, else the chat, else nobody's but its own, as that of an inline search is."""
    for name, what in update.items():
        if name not in ("update_id", "inline_query") and isinstance(what, dict):
            for field in ("from", "user", "chat"):
                if isinstance(who := what.get(field), dict) and isinstance(who.get("id"), int):
                    return int(who["id"])
    return f"update {update.get('update_id')}"


async def until_signal(serving: Coroutine[Any, Any, None]) -> None:
    """Run until it ends, or SIGTERM or SIGINT cancels it; a second signal does not wait for it to finish."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(serving)
    numbers = (signal.SIGTERM, signal.SIGINT)
    asked = False

    def ask(number: signal.Signals) -> None:
        nonlocal asked
        _log.info("stopping", signal=number.name)
        asked = True
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, ask, number)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def insist(api: Api, method: str, parameters: Mapping[str, Any], chance: Callable[[], float]) -> Any:
    """The result of a call without which nothing begins; repeated for ever with capped backoff. WrongToken at once."""
    attempt = 0
    while True:
        try:
            return await api.once(method, parameters)
        except InvalidToken:
            raise WrongToken from None
        except TelegramError as error:
            attempt += 1
            wait = max(backoff_s(attempt, chance), error.seconds if isinstance(error, Flood) else 0.0)
            _log.warning("telegram_not_ready", method=method, why=error.message, attempt=attempt, wait_s=round(wait, 1))
        await api.sleep(wait)


def is_update(thing: Any) -> bool:
    """Whether parsed JSON looks like an update at all."""
    return isinstance(thing, dict) and type(thing.get("update_id")) is int
