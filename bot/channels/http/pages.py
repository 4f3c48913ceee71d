"""Our own HTTP server: health pages and metrics on one address, the webhook and the page of the browser on others.

with listen("127.0.0.1", 8081) as sock:
    async with serving(pages(ready), sock):
        ...
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from bot.channels.http.connections import ConnectionLimits, LimitedConnection

FINISH_S = 6.0
"""Longest that turns under way may take when the bot stops; with what follows (the last calls to Telegram, then what a
broadcast has in flight) the process ends within 10 s."""
Look = Callable[[], Awaitable[None]]
"""Brings metrics up to date before they are shown."""
Ready = Callable[[], Awaitable[Mapping[str, Any]]]
"""Returns states by name. False means not ready; other values only inform (a revision, a time)."""

_log = structlog.get_logger()


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one. OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


async def _look_at_nothing() -> None:
    pass


def pages(ready: Ready, look: Look = _look_at_nothing) -> list[BaseRoute]:
    """Return routes: /livez (the process answers), /readyz (200, or 503 and why), /metrics (for Prometheus)."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        try:
            state = dict(await ready())
        except Exception as bug:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"
            _log.error("readyz_failed", error=type(bug).__name__)
            state = {"readyz": False}
        code = 503 if any(value is False for value in state.values()) else 200
        return Response(orjson.dumps(state), code, media_type="application/json")

    async def metrics(_: Request) -> Response:
        await look()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


@contextlib.asynccontextmanager
async def serving(
    app: Sequence[BaseRoute] | ASGIApp, sock: socket.socket, limits: ConnectionLimits | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve in the task given while this is open; then take no new request, and give those under way FINISH_S."""
    # Uvicorn calls whatever makes a protocol; its annotation names classes only.
    maker: Any = partial(LimitedConnection, limits or ConnectionLimits())
    server = _Server(
        uvicorn.Config(
            Starlette(routes=app) if isinstance(app, Sequence) else app,
            http=maker,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(FINISH_S),
        )
    )
    task = asyncio.create_task(server.serve([sock]))
    try:
        yield task
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
