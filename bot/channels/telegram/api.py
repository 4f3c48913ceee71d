"""The Bot API by its own names: `await api.call("sendMessage", {"chat_id": 7, "text": "…"})`.

The seam between the wire and what people see. Below it: paces, pauses, repeats. Above it: what to say.

    request = AiohttpRequest(proxy=settings.proxy)
    async with Api(token, request, Limits.at(settings.rate), base=settings.telegram_api) as api:
        message = await api.call("sendMessage", {"chat_id": 7, "text": "你好"})
        await api.call("sendDocument", {"chat_id": 7}, files={"document": ("a.ics", b"...", "text/calendar")})
        outcome = await api.one_try("sendMessage", {"chat_id": 7, "text": "…"}, ready)  # for broadcasts

A call repeats by itself what is safe to repeat. A send that may have happened it repeats only when told that a second
copy does no harm (`again`): right for a reply, which must arrive at least once; wrong for a broadcast.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, Self

import structlog
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from yarl import URL

from bot.channels.telegram.errors import Flood, Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.limiter import PATIENCE, Chat, Limiter, Limits, Patience, Paused
from bot.channels.telegram.metrics import CALLS
from bot.channels.telegram.request import UPLOAD_S, AiohttpRequest, dumps, form, read
from bot.domain.messages import Cause, Outcome, Ready

TROUBLE_S = 10.0
"""How long one call goes on repeating before its last error is raised."""
AGAIN_S = 15.0
"""When a message that met such trouble may be tried again."""
BACKOFF_S = 0.5
BACKOFF_MAX_S = 30.0

File = tuple[str, bytes, str]
"""Name, content, media type."""

_log = structlog.get_logger()
# Words in which Telegram refuses a repeat because the first time worked.
_DONE_BEFORE = ("not modified", "not found", "too old", "already")
_REPEATABLE = ("get", "set", "delete", "edit", "answer", "pin", "unpin", "close", "reopen", "hide", "unhide")


@cache
def pace(method: str) -> Literal["message", "edit"] | None:
    """What a call counts as for Telegram's limits; None: nothing."""
    if method.startswith(("send", "copy", "forward")) and method not in {"sendChatAction", "sendMessageDraft"}:
        return "message"
    return "edit" if method.startswith("editMessage") else None


@cache
def repeatable(method: str) -> bool:
    """Whether the same call twice does no more than once."""
    return method.startswith(_REPEATABLE) or method == "sendChatAction"


def backoff_s(attempt: int, chance: Callable[[], float]) -> float:
    """Seconds before attempt 1, 2, …: doubled each time up to a cap, spread so that callers do not return together."""
    return min(BACKOFF_MAX_S, BACKOFF_S * 2.0 ** min(attempt - 1, 10)) * (0.5 + chance() / 2)


class Api:
    """Calls for one bot. `base` is Telegram's address or a server's that speaks like it.

    `clock` in seconds, `sleep` in seconds, `present` in UTC, `chance` in 0..1: given so that tests need no real time.
    """

    def __init__(
        self,
        token: str,
        request: AiohttpRequest,
        limits: Limits | None,
        *,
        base: str = "https://api.telegram.org",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        present: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.request = request
        self.limiter = Limiter(
            limits, clock=clock, call_later=lambda seconds, do: asyncio.get_running_loop().call_later(seconds, do)
        )
        self._methods = f"{base}/bot{token}/"
        self._files = f"{base}/file/bot{token}/"
        self._urls: dict[str, URL] = {}
        self._clock = clock
        self.sleep = sleep
        self._present = present
        self._chance = chance

    async def __aenter__(self) -> Self:
        await self.request.initialize()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.request.shutdown()

    async def call(
        self,
        method: str,
        parameters: Mapping[str, Any],
        *,
        files: Mapping[str, File] | None = None,
        again: bool = False,
        patience: Patience = PATIENCE["reply"],
    ) -> Any:
        """The result of the call, as JSON gives it. Waits for the turn of its chat, in the lane of replies.

        Raises telegram.error's BadRequest, Forbidden, ChatMigrated, InvalidToken, Conflict at once; Later for a wait
        longer than `patience`; OutcomeUnknown when a send may have happened (with `again`:
        repeated like the others); NeverSent, ServerTrouble and Flood when they have not passed within TROUBLE_S.
        """
        kind = pace(method)
        # An edit of an inline message has no chat: Telegram does not say where it is.
        chat = parameters.get("chat_id") if kind else None
        edit, again = kind == "edit", again or repeatable(method)
        return await self._insist(method, parameters, files, chat, edit=edit, again=again, patience=patience)

    async def one_try(self, method: str, parameters: Mapping[str, Any], ready: Ready) -> Outcome:
        """One message of many, in the bulk lane, tried once: whoever keeps the ledger tries again.

        `ready` is asked when its turn has come and nothing has left yet: what it writes down is in flight from then on.
        """
        chat: Chat = parameters["chat_id"]
        try:
            await self.limiter.turn(chat, "bulk")
        except Paused as pause:
            return self._not_now("flood", pause.seconds)
        spent = False
        try:
            if not await ready():
                return Outcome("later")
            spent = True
            result = await self.once(method, parameters)
        except Flood as flood:
            self.limiter.told(chat, flood.seconds)
            return self._not_now("flood", flood.seconds)
        except NeverSent as error:
            spent = False
            return self._not_now("network", 0, error.message)
        except ServerTrouble as error:
            return self._not_now("server", 0, error.message)
        except InvalidToken as error:
            return self._not_now("token", 0, error.message)
        except TelegramError as error:
            return self.outcome(error)
        finally:
            self.limiter.done(chat, spent=spent)
        number = result.get("message_id") if isinstance(result, dict) else None
        return Outcome("sent", message=None if number is None else str(number))

    def _not_now(self, cause: Cause, seconds: float, reason: str = "") -> Outcome:
        again = self._present() + timedelta(seconds=seconds)
        return Outcome("later", resume_at=again, reason=reason or f"retry after {seconds:g} s", cause=cause)

    def outcome(self, error: TelegramError) -> Outcome:
        """What an error of `call` means for its message."""
        if isinstance(error, Later):
            return Outcome("later", resume_at=error.resume_at, reason=error.message)
        if isinstance(error, OutcomeUnknown):
            return Outcome("unsure", reason=error.message)
        if isinstance(error, Forbidden) or (
            isinstance(error, BadRequest) and "chat not found" in error.message.lower()
        ):
            return Outcome("blocked", reason=error.message)
        if isinstance(error, NeverSent | ServerTrouble | Flood):
            return Outcome("later", resume_at=self.later().resume_at, reason=error.message)
        return Outcome("failed", reason=error.message)

    async def file(self, path: str) -> bytes:
        """The content of a file that `getFile` gave the path of (at most 20 MB)."""
        code, payload = await self.request.exchange(URL(self._files + path, encoded=False), None, answer_s=UPLOAD_S)
        if code != 200:
            raise ServerTrouble(f"HTTP {code}") if code >= 500 else BadRequest(f"HTTP {code}")
        return payload

    async def once(
        self,
        method: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, File] | None = None,
        *,
        request: AiohttpRequest | None = None,
        answer_s: float | None = None,
    ) -> Any:
        """One try, without paces and repeats: the result or the error."""
        url = self._urls.get(method) or self._url(method)
        body = form(dict(parameters), dict(files)) if files else dumps(parameters)
        try:
            code, payload = await (request or self.request).exchange(
                url, body, answer_s=UPLOAD_S if files and answer_s is None else answer_s
            )
            result = read(code, payload)
        except TelegramError as error:
            CALLS.labels(method, type(error).__name__).inc()
            raise
        self._counted(method)
        return result

    async def _insist(
        self,
        method: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, File] | None,
        chat: Chat | None,
        *,
        edit: bool,
        again: bool,
        patience: Patience,
    ) -> Any:
        """Try until it is done, refused, or not safe or not sensible to try again."""
        attempt, began, unsure = 0, 0.0, False
        while True:
            try:
                if chat is None:
                    return await self.once(method, parameters, files)
                return await self._in_turn(method, parameters, files, chat, edit=edit, patience=patience)
            except TelegramError as error:
                if unsure and type(error) is BadRequest and any(w in error.message.lower() for w in _DONE_BEFORE):
                    return True
                attempt += 1
                wait = self._pause_s(error, attempt, paced=chat is not None, again=again)
                unsure = unsure or isinstance(error, OutcomeUnknown)
                trouble = error
            now = self._clock()
            if attempt == 1:
                began = now
            if now + wait > began + TROUBLE_S:
                raise trouble
            _log.warning("telegram_again", method=method, why=trouble.message, attempt=attempt, wait_s=round(wait, 2))
            await self.sleep(wait)

    def _pause_s(self, error: TelegramError, attempt: int, *, paced: bool, again: bool) -> float:
        """Seconds until the call may be repeated after this error; raises it (or Later) when it must not be."""
        if isinstance(error, Flood):
            if error.seconds > PATIENCE["reply" if paced else "bulk"].chat_s:
                raise self.later(error.seconds) from None
            return 0.0 if paced else error.seconds  # the limiter knows the pause of a chat
        if isinstance(error, NeverSent | ServerTrouble) or (isinstance(error, OutcomeUnknown) and again):
            return backoff_s(attempt, self._chance)
        raise error

    def later(self, seconds: float = AGAIN_S) -> Later:
        """What to raise for something that is to be tried again in so many seconds."""
        return Later(self._present() + timedelta(seconds=seconds))

    async def _in_turn(
        self,
        method: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, File] | None,
        chat: Chat,
        *,
        edit: bool,
        patience: Patience,
    ) -> Any:
        try:
            await self.limiter.turn(chat, "reply", edit=edit, patience=patience)
        except Paused as pause:
            raise self.later(pause.seconds) from None
        spent = True
        try:
            return await self.once(method, parameters, files)
        except Flood as flood:
            self.limiter.told(chat, flood.seconds)
            raise
        except NeverSent:
            spent = False
            raise
        finally:
            self.limiter.done(chat, edit=edit, spent=spent)

    def _url(self, method: str) -> URL:
        url = self._urls[method] = URL(self._methods + method)
        return url

    def _counted(self, method: str) -> None:
        counter = _DONE.get(method)
        if counter is None:
            counter = _DONE[method] = CALLS.labels(method, "done")
        counter.inc()


_DONE: dict[str, Any] = {}
