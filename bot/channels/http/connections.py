"""Uvicorn's HTTP connections with limits: on the time and size of a request, and on the number of connections."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


@dataclass(slots=True)
class ConnectionLimits:
    """The limits of one server, and its connections without a complete request, the oldest first.

    `most` connections at once (Telegram makes at most 100); the head of a request complete `head_s` seconds after the
    connection or its first byte and at most `head_most` bytes long, the body complete `body_s` seconds after the head.
    """

    most: int = 512
    head_s: float = 5.0
    body_s: float = 10.0
    head_most: int = 1 << 16
    silent: dict[LimitedConnection, None] = field(default_factory=dict)


class LimitedConnection(HttpToolsProtocol):
    """A connection that is cut off when its request takes too long or its head has no end.

    When there are too many, the one that has waited longest for its request goes, so that connections which never ask
    do not keep out those that do.
    """

    def __init__(self, limits: ConnectionLimits, **of_the_server: Any) -> None:
        super().__init__(**of_the_server)
        self._limits = limits
        self._limit: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self._limits.head_s)
        if len(self.connections) > self._limits.most:
            next(iter(self._limits.silent)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > self._limits.head_most:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head = True, 0
        self._wait(self._limits.head_s)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head = False
        self._wait(self._limits.body_s)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._limit:
            self._limits.silent[self] = None  # kept alive, until others need the room

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._limits.silent[self] = None
        self._limit = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        self._limits.silent.pop(self, None)
        if self._limit:
            self._limit.cancel()
            self._limit = None
