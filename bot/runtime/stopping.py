"""Signals that stop the bot."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from bot.runtime.log import LazyLogger

HANGUP = getattr(signal, "SIGHUP", None)
"""None on Windows, which has no such signal."""
STOPPING = [number for number in (signal.SIGTERM, signal.SIGINT, HANGUP) if number is not None]
"""Signals that stop the bot."""

STOP_WITHIN_S = 9.0
"""Seconds after a signal to stop when the process ends at the latest; nothing that is saved is lost by it."""

_log = LazyLogger()


def end_in_time() -> None:
    """End the process, whatever it waits for: a database or a Telegram that is silent must not keep it."""
    ending = threading.Timer(STOP_WITHIN_S, _end)
    ending.daemon = True
    ending.start()


def _end() -> None:
    _log.error("stop_cut_off", after_s=STOP_WITHIN_S)
    os._exit(1)


async def until_signal(serving: Coroutine[Any, Any, None], stopping: Callable[[], None] = lambda: None) -> None:
    """Run a coroutine until it ends, or a signal of STOPPING cancels it; a second one cancels its finishing too.

    `stopping` is called at the first.

    A SIGHUP is not counted a second time: a terminal that closes sends it more than once.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(serving)
    # Under nohup the process is to outlive its terminal: then SIGHUP is ignored when it starts.
    numbers = [number for number in STOPPING if number != HANGUP or signal.getsignal(number) != signal.SIG_IGN]
    asked = False

    def ask(number: signal.Signals) -> None:
        nonlocal asked
        if asked and number == HANGUP:
            return
        _log.info("stopping", signal=number.name)
        if not asked:
            stopping()
        asked = True
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, ask, number)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
