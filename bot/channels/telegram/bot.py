"""python-telegram-bot's ExtBot on our HTTP and our rate limiter."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from telegram.ext import ExtBot

from bot.channels.telegram.limits import Limits
from bot.channels.telegram.rate_limiter import RateLimitArgs, TelegramRateLimiter
from bot.channels.telegram.request import AiohttpRequest

TELEGRAM = "https://api.telegram.org"

# The library logs the token and people's words at DEBUG.
logging.getLogger("telegram").setLevel(logging.WARNING)


class TelegramBot(ExtBot[RateLimitArgs]):
    """ExtBot that shows its token nowhere and waits for a Telegram that does not answer.

    `base` is Telegram's address or that of a server that speaks like it. `poll_request` is a pool of its own for
    getUpdates, so that a wedged one can be reopened without touching what is being sent; Polling opens it.
    """

    def __init__(
        self,
        token: str,
        request: AiohttpRequest,
        rate_limiter: TelegramRateLimiter,
        *,
        base: str = TELEGRAM,
        poll_request: AiohttpRequest | None = None,
    ) -> None:
        self._poll_request = poll_request or AiohttpRequest()
        self._limiter = rate_limiter
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=self._poll_request,
            rate_limiter=rate_limiter,
        )

    def __repr__(self) -> str:
        """Return the class's name: the library's repr has the token."""
        return f"{type(self).__name__}()"

    @property
    def poll_request(self) -> AiohttpRequest:
        """The connections of `fetch_updates`."""
        return self._poll_request

    def keep(self, limits: Limits) -> None:
        """Keep to these limits from now on; nothing for a bot without limits."""
        self._limiter.keep(limits)

    async def initialize(self) -> None:
        """Open the connections.

        The library also asks getMe here and fails when Telegram does not answer; the channel asks it when it starts,
        and waits (intake.until_done).
        """
        await self.request.initialize()

    async def shutdown(self) -> None:
        """Close the connections."""
        await self.request.shutdown()

    async def fetch_updates(
        self, offset: int, limit: int, timeout_s: int, allowed: Sequence[str], answer_s: float
    ) -> list[Any]:
        """Return the result of getUpdates as JSON, at most `limit` updates from `offset` on.

        `get_updates` parses them all or none: one that cannot be read would hide the others for ever, and the library
        would log every word of them. The intake parses each by itself.
        """
        asked = {"offset": offset, "limit": limit, "timeout": timeout_s, "allowed_updates": list(allowed)}
        updates = await self._post("getUpdates", asked, read_timeout=answer_s)
        return updates if isinstance(updates, list) else []


def make_bot(token: str, limits: Limits | None, *, base: str = TELEGRAM, proxy: str | None = None) -> TelegramBot:
    """Return a bot with connections of its own (see AiohttpRequest for `proxy`)."""
    request, polls = AiohttpRequest(proxy=proxy), AiohttpRequest(proxy=proxy)
    return TelegramBot(token, request, TelegramRateLimiter(limits), base=base, poll_request=polls)
