"""The rate limiter that ExtBot asks before each call: it waits for the throttle, and repeats what is safe to repeat.

    bot = TelegramBot(token, AiohttpRequest(), TelegramRateLimiter(Limits.at(25)))
    await bot.send_message(7, "你好")                                    # in the lane of replies
    await bot.send_message(7, "…", rate_limit_args=RateLimitArgs(repeat="always"))      # a second copy does no harm
    await bot.send_message(7, "…", rate_limit_args=RateLimitArgs.broadcast(ready))      # bulk lane, one try

python-telegram-bot repeats after RetryAfter alone and leaves other errors to its users. Here the limiter repeats after
those as well, because each try must wait for its chat again. A send that may have happened is repeated only when the
caller says that a second copy does no harm: right for a reply, which must arrive at least once; wrong for a broadcast.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, Literal

import structlog
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bot.channels.telegram.errors import Later, NeverSent, NotReady, OutcomeUnknown, ServerTrouble, pause_s
from bot.channels.telegram.limits import PATIENCE, Chat, Lane, Limits, Patience
from bot.channels.telegram.throttle import Paused, Throttle
from bot.domain.messages import Ready

TROUBLE_S = 10.0
"""Seconds for which one call is repeated before its last error is raised."""
BACKOFF_S = 0.5
BACKOFF_MAX_S = 30.0

Result = bool | dict[str, Any] | list[dict[str, Any]]

_log = structlog.get_logger()
# Words in which Telegram refuses a repeat because the first time worked.
_DONE_BEFORE = ("not modified", "not found", "too old", "already")
_REPEATABLE = ("get", "set", "delete", "edit", "answer", "pin", "unpin", "close", "reopen", "hide", "unhide")


@dataclass(frozen=True, slots=True)
class RateLimitArgs:
    """A caller's wishes for one call of ExtBot (`rate_limit_args`).

    `repeat`: "safe" what surely did not happen or does no harm twice; "always" also a send that may have happened;
    "never": one try. `ready` is asked when the call's turn has come and nothing has left yet; NotReady when it says no.
    `wants_result` False: the call returns True instead of a Message, as the library's methods do for an inline message;
    making a Message takes a tenth of a turn's time.
    """

    patience: Patience = PATIENCE["reply"]
    repeat: Literal["safe", "always", "never"] = "safe"
    lane: Lane = "reply"
    ready: Ready | None = None
    wants_result: bool = True

    @classmethod
    def broadcast(cls, ready: Ready) -> RateLimitArgs:
        """Return the arguments of one message of many: bulk lane, one try; whoever keeps the ledger tries again."""
        return cls(PATIENCE["bulk"], "never", "bulk", ready)


ONE_TRY = RateLimitArgs(repeat="never")
_DEFAULT = RateLimitArgs()


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: `send` makes it; `chat` None: it counts for no limit; `count`: the messages that it makes."""

    send: Callable[[], Coroutine[Any, Any, Result]]
    endpoint: str
    chat: Chat | None
    is_edit: bool
    count: int
    args: RateLimitArgs


@cache
def pace(endpoint: str) -> Literal["message", "edit"] | None:
    """Return what a call counts as for Telegram's limits; None: nothing."""
    if endpoint.startswith(("send", "copy", "forward")) and endpoint not in {"sendChatAction", "sendMessageDraft"}:
        return "message"
    return "edit" if endpoint.startswith("editMessage") else None


@cache
def is_repeatable(endpoint: str) -> bool:
    """Tell if the same call twice does no more than once."""
    return endpoint.startswith(_REPEATABLE) or endpoint == "sendChatAction"


def backoff_s(attempt: int, chance: Callable[[], float]) -> float:
    """Return seconds before attempt 1, 2, …: doubled each time up to a cap, spread so that callers do not collide."""
    return min(BACKOFF_MAX_S, BACKOFF_S * 2.0 ** min(attempt - 1, 10)) * (0.5 + chance() / 2)


class TelegramRateLimiter(BaseRateLimiter[RateLimitArgs]):
    """Two lanes (replies, then bulk), limits for each chat and for all, repeats.

    `limits` None: no pace, only order. `clock` and `sleep` in seconds, `present` in UTC, `chance` in 0..1: given so
    that tests need no real time.
    """

    def __init__(
        self,
        limits: Limits | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        present: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._throttle = Throttle(
            limits, clock=clock, call_later=lambda seconds, do: asyncio.get_running_loop().call_later(seconds, do)
        )
        self._clock = clock
        self._sleep = sleep
        self._present = present
        self._chance = chance

    def keep(self, limits: Limits) -> None:
        """Keep to these limits from now on; nothing for a limiter without limits."""
        self._throttle.keep(limits)

    async def initialize(self) -> None:
        """Do nothing: timers are set when they are needed."""

    async def shutdown(self) -> None:
        """Do nothing: callers that wait are cancelled with their tasks."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Result]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: RateLimitArgs | None,
    ) -> Result:
        """Make the call when its chat's turn comes; return its result.

        Raises telegram.error's BadRequest, Forbidden, ChatMigrated, InvalidToken, Conflict at once; Later for a wait
        longer than the caller's patience; OutcomeUnknown when a send may have happened (unless repeated); NeverSent,
        ServerTrouble and RetryAfter when they have not passed within TROUBLE_S, or at once for one try.
        """
        wanted, kind = rate_limit_args or _DEFAULT, pace(endpoint)
        # An edit of an inline message has no chat: Telegram does not say where it is.
        chat = data.get("chat_id") if kind or wanted.lane == "bulk" else None
        is_edit = kind == "edit" and wanted.lane == "reply"
        count = len(data.get("media") or (1,)) if kind == "message" else 1  # an album is as many messages
        call = _Call(partial(callback, *args, **kwargs), endpoint, chat, is_edit, count, wanted)
        try:
            result = await (self._try(call) if wanted.repeat == "never" else self._repeat(call))
        except Paused as pause:
            raise self._later(pause.seconds) from None
        return result if wanted.wants_result else True

    async def _try(self, call: _Call) -> Result:
        """Make the call once, in its turn."""
        if call.chat is None:
            return await call.send()
        args = call.args
        await self._throttle.acquire(call.chat, args.lane, edit=call.is_edit, count=call.count, patience=args.patience)
        spent = False
        try:
            if args.ready is not None and not await args.ready():
                raise NotReady
            spent = True
            return await call.send()
        except RetryAfter as flood:
            self._throttle.pause(call.chat, pause_s(flood))
            raise
        except NeverSent:
            spent = False
            raise
        finally:
            self._throttle.release(call.chat, edit=call.is_edit, spent=spent)

    async def _repeat(self, call: _Call) -> Result:
        """Try until it is done, refused, or not safe or not sensible to try again."""
        attempt, began, unsure = 0, 0.0, False
        while True:
            try:
                return await self._try(call)
            except TelegramError as error:
                if unsure and _is_done_before(error):
                    return True
                attempt += 1
                wait = self._wait_s(error, attempt, call)
                unsure = unsure or isinstance(error, OutcomeUnknown)
                trouble = error
            now = self._clock()
            if attempt == 1:
                began = now
            if now + wait > began + TROUBLE_S:
                raise trouble
            why = trouble.message
            _log.warning("telegram_again", method=call.endpoint, why=why, attempt=attempt, wait_s=round(wait, 2))
            await self._sleep(wait)

    def _wait_s(self, error: TelegramError, attempt: int, call: _Call) -> float:
        """Return seconds until the call may be repeated after this error; raise it (or Later) when it must not be."""
        if isinstance(error, RetryAfter):
            seconds, is_paced = pause_s(error), call.chat is not None
            if seconds > PATIENCE["reply" if is_paced else "bulk"].chat_s:
                raise self._later(seconds) from None
            return 0.0 if is_paced else seconds  # the throttle knows the pause of a chat
        again = call.args.repeat == "always" or is_repeatable(call.endpoint)
        if isinstance(error, NeverSent | ServerTrouble) or (isinstance(error, OutcomeUnknown) and again):
            return backoff_s(attempt, self._chance)
        raise error

    def _later(self, seconds: float) -> Later:
        return Later(self._present() + timedelta(seconds=seconds))


def _is_done_before(error: TelegramError) -> bool:
    return type(error) is BadRequest and any(words in error.message.lower() for words in _DONE_BEFORE)
