"""Updates by webhook: Telegram posts each one to us, and gets 200 only after its turn is committed.

Without a 200 Telegram sends it again, so a kill at any moment loses nothing. What is not Telegram's is refused as early
as can be, and logged without a word of it.
"""

from __future__ import annotations

import asyncio
import hmac
import random
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from telegram.error import TelegramError

from bot.channels.http.body import read_body
from bot.channels.http.pages import serving
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.intake import FinalCall, Gate, Handle, Sleep, UpdateQueues, is_update, until_done
from bot.channels.telegram.metrics import LAST_CONTACT, LAST_WEBHOOK_ERROR, PENDING, REFUSED, UPDATES
from bot.channels.telegram.rate_limiter import ONE_TRY
from bot.channels.telegram.request import dumps, loads

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BODY_MOST = 1 << 20
"""Bytes; Telegram's updates have a few thousand."""
WATCH_S = 45.0
"""Seconds between two questions whether Telegram still posts to us."""
SET_AGAIN_S = 5.0
"""Seconds until the next question when it did not."""
CONNECTIONS = 100
"""Updates that Telegram may deliver at once, 1-100."""

_log = structlog.get_logger()


class Webhook:
    """Serves `url`'s path on `sock`, and asks Telegram to post to `url` with `secret`.

    `allowed` are the kinds of updates to ask for, `remember` keeps the address that was set. `is_set`: Telegram posts
    to us, as far as is known. `sleep` in seconds and `chance` in 0..1 are given for tests.
    """

    def __init__(
        self,
        bot: TelegramBot,
        *,
        url: str,
        secret: str,
        sock: socket.socket,
        allowed: Sequence[str],
        remember: Callable[[str], None] = lambda _: None,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._bot = bot
        self._url = url
        self._secret = secret
        self._sock = sock
        self._allowed = list(allowed)
        self._remember = remember
        self.is_set = True
        self._sleep = sleep
        self._chance = chance
        self._endpoint: WebhookEndpoint | None = None

    @property
    def seen_at(self) -> float | None:
        """Return when the last update came, as time.time() gives it; None: none yet."""
        return self._endpoint.seen_at if self._endpoint else None

    async def run(self, handle: Handle, gate: Gate | None = None) -> None:
        """Serve until cancelled; requests under way are answered first."""
        queues = UpdateQueues(self._bot, handle, gate)
        self._endpoint = WebhookEndpoint(queues, self._secret)
        route = Route(urlsplit(self._url).path or "/", self._endpoint)
        try:
            async with serving([route], self._sock) as served:
                await self._begin()
                await asyncio.shield(served)
        finally:
            await queues.finish(1.0)  # requests had FINISH_S already

    async def watch(self) -> None:
        """Look until cancelled if Telegram still posts to us, and ask for it again where it does not."""
        try:
            while True:
                await self._sleep(WATCH_S if self.is_set else SET_AGAIN_S)
                await self._look()
        finally:
            self.is_set = True  # from now on another worker knows

    async def _look(self) -> None:
        try:
            info = await self._bot.get_webhook_info(rate_limit_args=ONE_TRY)
        except TelegramError as trouble:
            _log.warning("webhook_unknown", why=trouble.message)
            return
        PENDING.set(info.pending_update_count)
        LAST_WEBHOOK_ERROR.set(info.last_error_date.timestamp() if info.last_error_date else 0)
        self.is_set = info.url == self._url
        if not self.is_set:
            _log.error("webhook_lost", now=urlsplit(info.url).hostname, did="asked Telegram again to post to us")
            await self._begin()

    async def _begin(self) -> None:
        set_webhook = partial(
            self._bot.set_webhook,
            self._url,
            secret_token=self._secret,
            allowed_updates=self._allowed,
            max_connections=CONNECTIONS,
            drop_pending_updates=False,
            rate_limit_args=ONE_TRY,
        )
        await until_done("setWebhook", set_webhook, self._bot, sleep=self._sleep, chance=self._chance)
        self._remember(self._url)
        # Not the path: some keep a secret in it.
        _log.info("webhook", host=urlsplit(self._url).hostname)


class WebhookEndpoint:
    """The ASGI endpoint that Telegram posts to."""

    def __init__(self, queues: UpdateQueues, secret: str, body_most: int = BODY_MOST) -> None:
        self._queues = queues
        self._secret = secret.encode()
        self._body_most = body_most
        self.seen_at: float | None = None
        self._counter = UPDATES.labels("webhook")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        # Each refusal before anything is read that it makes pointless to read.
        if scope["method"] != "POST":
            return await _refuse(send, 405, "method")
        if not hmac.compare_digest(headers.get(b"x-telegram-bot-api-secret-token", b""), self._secret):
            return await _refuse(send, 403, "secret")
        size = headers.get(b"content-length", b"0")
        try:
            body = (
                await read_body(Request(scope, receive), self._body_most)
                if size.isdigit() and int(size) <= self._body_most
                else None
            )
        except ClientDisconnect:
            return await _refuse(send, 400, "cut")
        if body is None:
            return await _refuse(send, 413, "size")
        try:
            update = loads(body)
        except (ValueError, RecursionError):
            return await _refuse(send, 400, "json")
        if not is_update(update):
            return await _refuse(send, 400, "update")
        self._counter.inc()
        self.seen_at = time.time()
        LAST_CONTACT.set(self.seen_at)
        done = await self._queues.put(update)
        try:
            call = await asyncio.shield(done)  # who hangs up does not stop the turn
        except asyncio.CancelledError:
            if not done.cancelled():
                raise
            return await _answer(send, 503, b"")  # not committed: to be sent again
        return await _answer(send, 200, _body(call) if call else b"")


def _body(call: FinalCall) -> bytes:
    """Return a call as Telegram takes it in the answer to an update."""
    return dumps({"method": call.method, **call.parameters})


async def _refuse(send: Send, code: int, why: str) -> None:
    REFUSED.labels(why).inc()
    _log.warning("webhook_refused", why=why)
    await _answer(send, code, b"")


async def _answer(send: Send, code: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if code == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
