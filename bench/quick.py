"""A Telegram that accepts every call as fast as Python can, so that the bot is measured and not its other end.

It answers every call but `getMe` like a message that was sent, and counts calls by method. Not for tests: it refuses
nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Self

import httptools

from tests.telegram_methods import TOKEN

ME = b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"bench","username":"bench_bot"}}'
RESULT = b'{"ok":true,"result":{"message_id":%d,"date":1700000000,"chat":{"id":1,"type":"private"},"text":"x"}}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class QuickTelegram:
    """`async with QuickTelegram() as telegram`: `url`, `token`, and `made`, how often each method was called."""

    token = TOKEN

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self.made), "127.0.0.1", 0)
        return self

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, made: Counter[str]) -> None:
        self._made = made
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_message_complete(self) -> None:
        method = self._url.rsplit(b"/", 1)[-1].decode()
        self._made[method] += 1
        body = ME if method == "getMe" else RESULT % self._made.total()
        self._transport.write(HEAD % len(body) + body)
