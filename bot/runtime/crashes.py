"""A bug of ours as it is logged, and works that outlive one. Never its message: that may quote what a person wrote."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from bot.runtime.log import LazyLogger

AGAIN_S = 10.0
"""After which a work begins again that a bug has ended."""

_log = LazyLogger()


def for_log(bug: BaseException) -> dict[str, Any]:
    """What it is and where, for a log line."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    return {"error": type(bug).__name__, "places": places}


async def restart_on_error(work: Callable[[], Coroutine[Any, Any, None]], again_s: float = AGAIN_S) -> None:
    """Do it until it is cancelled, or ends by itself: a bug in it is logged, and it begins again."""
    while True:
        try:
            return await work()
        except Exception as bug:  # noqa: BLE001 - the boundary: nobody waits for this work, so nobody would hear of it
            _log.error("work_failed", **for_log(bug))
            await asyncio.sleep(again_s)
