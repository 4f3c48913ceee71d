"""Parts of every composition root that serves: the event loop, sockets by the settings, health and metrics."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from typing import Any

import structlog

from bot.app.build import Workspace
from bot.app.metrics import Metrics
from bot.app.settings import PREFIX, Address, SettingFault, SettingsProblem
from bot.channels.http.pages import listen, pages
from bot.channels.http.pages import serving as serve
from bot.service.turns import Service

_log = structlog.get_logger()


def loop_factory() -> Any:
    """Return uvloop's factory, about twice as fast as asyncio's; None (asyncio's own) on Windows."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not made for Windows

    return uvloop.new_event_loop


def listen_at(field: str, address: Address) -> socket.socket:
    """Open the socket of a setting. SettingsProblem when its address is taken."""
    try:
        return listen(*address)
    except OSError as taken:
        why = taken.strerror or str(taken)
        raise SettingsProblem([SettingFault(PREFIX + field.upper(), "taken", why)]) from None


async def open_pages(
    workspace: Workspace, serving: Service, ready: Callable[[], Awaitable[Mapping[str, Any]]], open_: AsyncExitStack
) -> Metrics:
    """Serve health and metrics until the end. SettingsProblem when the chosen address is taken."""
    chosen, metrics = workspace.settings, Metrics(workspace, serving)
    try:
        sock = open_.enter_context(closing(listen_at("pages", chosen.pages)))
    except SettingsProblem as taken:
        if "pages" in chosen.model_fields_set:
            raise
        _log.warning("no_pages", why=str(taken))  # another bot on this machine has the default address
        return metrics
    await open_.enter_async_context(serve(pages(ready, metrics.read), sock))
    _log.info("pages", host=chosen.pages.host, port=chosen.pages.port)
    return metrics
