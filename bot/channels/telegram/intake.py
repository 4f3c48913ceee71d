"""The ways in for updates: what both intakes promise, and the queues of people between them and the handler.

`handle(update, behind)` gets an update, and how many of the same person wait behind it. It returns when the turn is
committed; only then is Telegram told that the update arrived. That is why the library's Updater and Application are not
used: they confirm an update to Telegram before it is handled, and a kill in between loses it.

When the handler raises NotSaved, neither this update nor those of the same person behind it are confirmed: Telegram
gives them again, in order.

The handler may return a FinalCall, whose result nobody needs: a webhook makes it in its own reply and saves a request.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import structlog
from telegram import Bot, Update
from telegram.error import InvalidToken, TelegramError

from bot.channels.http.pages import FINISH_S
from bot.channels.telegram import updates
from bot.channels.telegram.errors import WrongToken, pause_s
from bot.channels.telegram.metrics import DROPPED, FAILED, TURN, UNDER_WAY
from bot.channels.telegram.rate_limiter import ONE_TRY, backoff_s
from bot.domain.messages import NotSaved

UNDER_WAY_MOST = 512
"""Updates taken in and not yet committed; more are left waiting at Telegram."""
UNSAVED_MOST = 4096
"""Updates that could not be saved and are remembered."""
UNSAVED_S = 1.0
"""Seconds until updates that could not be saved may come again."""
REFUSALS_S = (5.0, 10.0, 15.0, 30.0)
"""Seconds between the questions whether Telegram knows the token, after it was refused; after the last it is wrong."""

_log = structlog.get_logger()

T = TypeVar("T")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FinalCall:
    """A call whose result nobody needs; `parameters` as ExtBot's method and the Bot API both name them."""

    method: Literal["answerCallbackQuery", "answerInlineQuery"]
    parameters: Mapping[str, Any]

    async def make(self, bot: Bot) -> None:
        """Make the call. Raises telegram.error's errors."""
        await getattr(bot, self.method)(**self.parameters)


Handle = Callable[[Update, int], Awaitable[FinalCall | None]]
Sleep = Callable[[float], Awaitable[None]]


class Gate(Protocol):
    """Decides before an update is queued whether it is handled at all."""

    def hears_person(self, who: int, text: str, *, is_behind: bool) -> bool:
        """Tell if something that a person wrote in a private chat is handled; `is_behind`: earlier ones wait."""
        ...

    def hears(self, update: Update) -> bool:
        """Tell if an update from anywhere else is handled."""
        ...


class OpenGate:
    """Hears everything."""

    def hears_person(self, who: int, text: str, *, is_behind: bool) -> bool:
        return True

    def hears(self, update: Update) -> bool:
        return True


class Intake(Protocol):
    """A way in for updates. `run` serves until it is cancelled, and finishes what is under way (within FINISH_S) first.

    Raises WrongToken when Telegram does not know the token; everything else is retried for ever.
    """

    @property
    def seen_at(self) -> float | None:
        """Return when Telegram was last heard of, as time.time() gives it; None: not yet."""
        ...

    async def run(self, handle: Handle, gate: Gate | None = None) -> None: ...


class UpdateQueues:
    """A queue of updates for each person, worked side by side, with a bound for all.

    A failing handler is logged and its update counts as done: the same again would fail again and block its person.
    """

    def __init__(self, bot: Bot, handle: Handle, gate: Gate | None = None, most: int = UNDER_WAY_MOST) -> None:
        self._bot = bot
        self._handle = handle
        self._gate = gate or OpenGate()
        self._most = most
        self._queues: dict[int | str, deque[tuple[Update, asyncio.Future[FinalCall | None]]]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._count = 0
        # Numbers of updates that could not be saved, newest last: they were heard, and come again.
        self._unsaved: OrderedDict[int, None] = OrderedDict()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def under_way(self) -> int:
        """Return the number of updates taken in and not yet committed."""
        return self._count

    async def put(self, update: Json) -> asyncio.Future[FinalCall | None]:
        """Queue an update's JSON; wait while there is no room. The future is done when its turn is committed.

        One that cannot be read is logged, and one that is not heard dropped (before it is
        parsed, where that can be told: parsing thousands takes a second); both are done at once.
        """
        done: asyncio.Future[FinalCall | None] = asyncio.get_running_loop().create_future()
        sender, gate = updates.private_sender(update), self._gate
        if update["update_id"] in self._unsaved:
            del self._unsaved[update["update_id"]]
            gate = OpenGate()  # whoever wrote it does not write more because the database was away
        if sender and not gate.hears_person(*sender, is_behind=sender[0] in self._queues):
            return _drop(done)
        try:
            read = updates.parse(update, self._bot)
        except updates.Unreadable as odd:
            _log.warning("update_unreadable", update=update["update_id"], why=str(odd))
            done.set_result(None)
            return done
        if not sender and not gate.hears(read):
            return _drop(done)
        while self._count >= self._most:
            self._has_room.clear()
            await self._has_room.wait()
        self._count += 1
        UNDER_WAY.inc()
        self._append(read, done)
        return done

    async def finish(self, within_s: float = FINISH_S) -> bool:
        """Wait for what is under way; cancel the rest, which stays unconfirmed. Return True if all was done."""
        if not self._workers:
            return True
        _, late = await asyncio.wait(self._workers, timeout=within_s)
        for worker in late:
            worker.cancel()
        if late:
            _log.warning("turns_cut_off", count=self._count)
            await asyncio.wait(late, timeout=1)
        return not late

    def _append(self, update: Update, done: asyncio.Future[FinalCall | None]) -> None:
        key = queue_key(update)
        if key in self._queues:
            self._queues[key].append((update, done))
            return
        self._queues[key] = deque([(update, done)])
        worker = asyncio.create_task(self._work(key))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self, key: int | str) -> None:
        queue = self._queues[key]
        try:
            while queue:
                update, done = queue[0]
                began = time.perf_counter()
                call = await self._run_turn(update, len(queue) - 1)
                queue.popleft()
                TURN.observe(time.perf_counter() - began)
                self._finish_one(done, call)
        except NotSaved:
            await asyncio.sleep(UNSAVED_S)
        finally:
            del self._queues[key]
            for update, done in queue:
                self._unsaved[update.update_id] = None
                done.cancel()
                self._finish_one(done, None)
            while len(self._unsaved) > UNSAVED_MOST:
                self._unsaved.popitem(last=False)

    def _finish_one(self, done: asyncio.Future[FinalCall | None], call: FinalCall | None) -> None:
        self._count -= 1
        UNDER_WAY.dec()
        self._has_room.set()
        if not done.done():
            done.set_result(call)

    async def _run_turn(self, update: Update, behind: int) -> FinalCall | None:
        try:
            return await self._handle(update, behind)
        except NotSaved:
            raise
        except Exception as bug:  # noqa: BLE001 - the boundary: no update stops the intake
            FAILED.inc()
            # No message of the exception: it may quote what the person wrote.
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
            _log.error("update_failed", update=update.update_id, error=type(bug).__name__, places=places)
            return None


def _drop(done: asyncio.Future[FinalCall | None]) -> asyncio.Future[FinalCall | None]:
    DROPPED.inc()
    done.set_result(None)
    return done


def queue_key(update: Update) -> int | str:
    """Return the user's id, else the chat's, else the update's own number; its own for an inline search as well, which
    waits for nothing.
    """
    for who in () if update.inline_query else (update.effective_user, update.effective_chat):
        if who is not None and type(who.id) is int:
            return who.id
    return f"update {update.update_id}"


async def confirm_refusal(bot: Bot, sleep: Sleep) -> None:
    """Ask who we are after Telegram refused the token, which it also does in passing; WrongToken when it insists.

    Returns when it knows the token after all, and when its answer says nothing about it.
    """
    for wait in (*REFUSALS_S, None):
        try:
            await bot.get_me(rate_limit_args=ONE_TRY)  # type: ignore[call-arg]
        except InvalidToken as error:
            _log.error("token_refused", why=error.message, again_s=wait)
        except TelegramError:
            return
        else:
            return
        if wait is None:
            raise WrongToken
        await sleep(wait)


async def until_done(
    name: str, call: Callable[[], Awaitable[T]], bot: Bot, *, sleep: Sleep, chance: Callable[[], float]
) -> T:
    """Return the result of a call without which nothing begins, repeated for ever with capped backoff.

    `name` is for the log, `call` makes one try (ONE_TRY). Raises WrongToken when getMe confirms it.
    """
    attempt = 0
    while True:
        try:
            return await call()
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                await confirm_refusal(bot, sleep)
            attempt += 1
            wait = max(backoff_s(attempt, chance), pause_s(error))
            _log.warning("telegram_not_ready", method=name, why=error.message, attempt=attempt, wait_s=round(wait, 1))
        await sleep(wait)


def is_update(thing: Any) -> bool:
    """Tell if parsed JSON looks like an update at all."""
    return isinstance(thing, dict) and type(thing.get("update_id")) is int
