"""Logs exceptions without their message, which may quote a person, and restarts background tasks after one."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from bot.runtime.log import LazyLogger

AGAIN_S = 10.0
"""Seconds after which a task that ended by an exception starts again."""

_log = LazyLogger()


def for_log(bug: BaseException) -> dict[str, Any]:
    """Return the class and the places of an exception as fields of a log line."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    return {"error": type(bug).__name__, "places": places}


async def restart_on_error(work: Callable[[], Coroutine[Any, Any, None]], again_s: float = AGAIN_S) -> None:
    """Run a task until it ends or is cancelled; log an exception in it and start it again after `again_s` seconds."""
    while True:
        try:
            return await work()
        except Exception as bug:  # noqa: BLE001 - the boundary: nobody awaits this task, so nobody would see the exception
            _log.error("work_failed", **for_log(bug))
            await asyncio.sleep(again_s)
