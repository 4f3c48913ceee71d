"""Updates by long polling. The offset moves on only past updates whose turn is committed.

Telegram forgets updates below the offset that we ask with, and gives at most 100 from there. So after an answer we wait
until all of it is committed; when a turn is slow, we ask again from that one on and skip what we know.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from telegram import Update
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import ForeignWebhook, pause_s
from bot.channels.telegram.intake import (
    FinalCall,
    Gate,
    Handle,
    Sleep,
    UpdateQueues,
    confirm_refusal,
    is_update,
    until_done,
)
from bot.channels.telegram.metrics import CONFLICTS, LAST_CONTACT, REBUILT, UPDATES
from bot.channels.telegram.rate_limiter import ONE_TRY, backoff_s

LONG_POLL_S = 30
WEDGED_S = 75.0
"""A long poll without an answer for this long is wedged: LONG_POLL_S and a generous way."""
SLOW_S = 0.1
"""A turn that takes longer no longer holds up the next poll."""
STUCK_S = 1.0
"""Between polls that ask from the same update on; Telegram slows down those who ask faster."""
LEAVE_S = 1.0
"""Longest that the last calls may take, once no turn is under way any more."""

_log = structlog.get_logger()

Json = dict[str, Any]


class Polling:
    """getUpdates in a loop, on the bot's `poll_request`, which a wedged poll reopens.

    `allowed` are the kinds of updates to ask for. `may_delete` tells of the address of a webhook if it may be deleted:
    one that somebody else set takes the bot away from them. `takes_over`: at the start any is deleted; one that is set
    again afterwards stays, lest two programs take turns for ever. `sleep` (seconds) and `chance` (0..1) are given for
    tests.
    """

    def __init__(
        self,
        bot: TelegramBot,
        allowed: Sequence[str],
        *,
        may_delete: Callable[[str], bool] = lambda _: False,
        takes_over: bool = False,
        long_poll_s: int = LONG_POLL_S,
        wedged_s: float = WEDGED_S,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._bot = bot
        self._allowed = list(allowed)
        self._may_delete = may_delete
        self._takes_over = takes_over
        self._long_poll_s = long_poll_s
        self._wedged_s = wedged_s
        self._sleep = sleep
        self._chance = chance
        # Taken in and not below the offset, with the end of its turn.
        self._taken: dict[int, asyncio.Future[FinalCall | None]] = {}
        self._next = 0
        self.seen_at: float | None = None
        self._asked = 0
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self, handle: Handle, gate: Gate | None = None) -> None:
        """Serve until cancelled; then finish what is under way and tell Telegram. ForeignWebhook when one is set."""

        async def handle_all(update: Update, behind: int) -> None:
            if call := await handle(update, behind):
                task = asyncio.create_task(self._make(call))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)

        queues = UpdateQueues(self._bot, handle_all, gate)
        async with self._bot.poll_request:
            try:
                await self._begin()
                while True:
                    if updates := await self._poll():
                        await self._take(updates, queues)
                        await self._settle()
            finally:
                await queues.finish()
                # A Telegram that does not answer holds up nothing: what is not confirmed it sends again.
                await asyncio.wait({asyncio.create_task(self._confirm()), *self._calls}, timeout=LEAVE_S)

    async def _begin(self) -> None:
        foreign = await until_done(
            "deleteWebhook", self._delete_webhook, self._bot, sleep=self._sleep, chance=self._chance
        )
        if foreign:
            raise ForeignWebhook(foreign)
        self._takes_over = False
        _log.info("polling")

    async def _delete_webhook(self) -> str | None:
        """Delete the webhook that is set; return its host when it may not be deleted."""
        url = (await self._bot.get_webhook_info(rate_limit_args=ONE_TRY)).url
        if url and not (self._takes_over or self._may_delete(url)):
            return urlsplit(url).hostname or "?"
        if url:
            await self._bot.delete_webhook(drop_pending_updates=False, rate_limit_args=ONE_TRY)
        return None

    async def _poll(self) -> list[Json]:
        """Return the next updates, by number; none when a long poll ended without any. Repeats for ever on trouble."""
        attempt = 0
        while True:
            try:
                async with asyncio.timeout(self._wedged_s):
                    updates = await self._ask(self._offset(), 100, self._long_poll_s, self._wedged_s * 2)
            except TimeoutError:
                REBUILT.inc()
                _log.error("polling_wedged", seconds=self._wedged_s, did="rebuilt the connection")
                await self._bot.poll_request.reopen()
            except TelegramError as error:
                attempt += 1
                await self._sleep(await self._report(error, attempt))
            else:
                self.seen_at = time.time()
                LAST_CONTACT.set(self.seen_at)
                return sorted(filter(is_update, updates), key=_number)

    async def _ask(self, offset: int, limit: int, long_poll_s: int, answer_s: float) -> list[Any]:
        self._asked = offset
        return await self._bot.fetch_updates(offset, limit, long_poll_s, self._allowed, answer_s)

    async def _report(self, error: TelegramError, attempt: int) -> float:
        """Log what is wrong with polling; return seconds to wait before the next try. Raises WrongToken."""
        if isinstance(error, InvalidToken):
            await confirm_refusal(self._bot, self._sleep)
        wait = max(backoff_s(attempt, self._chance), pause_s(error))
        if not isinstance(error, Conflict):
            _log.warning("polling_failed", why=error.message, attempt=attempt, wait_s=round(wait, 1))
            return wait
        CONFLICTS.inc()
        if "webhook" not in error.message.lower():
            _log.error("polling_conflict", why="another process polls with this token; only one may", attempt=attempt)
            return wait
        with contextlib.suppress(TelegramError):  # the next poll shows if it is gone
            stays = await self._delete_webhook()
            did = "it is deleted" if stays is None else "it stays; no update comes here while it is set"
            _log.error("polling_conflict", why=f"somebody set a webhook for this token; {did}", attempt=attempt)
        return wait

    async def _take(self, updates: list[Json], queues: UpdateQueues) -> None:
        for update in updates:
            number = _number(update)
            if number not in self._taken or self._taken[number].cancelled():
                self._taken[number] = await queues.put(update)
                # Not the highest ever: after a quiet week Telegram may begin anew at a lower number.
                self._next = number + 1
                UPDATES.labels("polling").inc()

    def _offset(self) -> int:
        """Return the lowest update that is not committed, or the one after the last; forget what is below it."""
        offset = min((number for number, done in self._taken.items() if not _is_committed(done)), default=self._next)
        self._taken = {number: done for number, done in self._taken.items() if number >= offset}
        return offset

    async def _settle(self) -> None:
        """Wait a little for turns, so that the next poll asks for what is new."""
        pending = {number: done for number, done in self._taken.items() if not done.done()}
        if not pending:
            return
        _, late = await asyncio.wait(pending.values(), timeout=SLOW_S)
        if late and (first := pending[min(pending)]) in late and min(pending) <= self._asked:
            await asyncio.wait({first}, timeout=STUCK_S)

    async def _confirm(self) -> None:
        """Tell Telegram what is committed, so that the next run does not get it again."""
        offset = self._offset()
        if offset > self._asked:
            with contextlib.suppress(TelegramError):
                await self._ask(offset, 1, 0, LEAVE_S)

    async def _make(self, call: FinalCall) -> None:
        try:
            await call.make(self._bot)
        except TelegramError as error:
            if "too old" not in error.message:  # answered before we were killed, or the person waited too long
                _log.warning("call_failed", method=call.method, why=error.message)


def _is_committed(done: asyncio.Future[FinalCall | None]) -> bool:
    return done.done() and not done.cancelled()


def _number(update: Json) -> int:
    number: int = update["update_id"]
    return number
