"""Waits out trouble of the database that passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot.domain.messages import Answer
from bot.store import StoreProblem

WAITS_S = (0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 1.5)
"""Seconds between attempts while the database is away; after the last the channel has the update come again."""
WITHIN_S = 5.0
"""Seconds after which no other attempt begins: each is long where the database is silent."""


async def wait_out_trouble(take: Callable[[], Awaitable[Answer]], *, waits: bool) -> Answer:
    """Take a turn; wait out trouble of the database that passes, where the same update is not answered twice."""
    began = time.monotonic()
    for wait_s in WAITS_S if waits else ():
        try:
            return await take()
        except StoreProblem as problem:
            if not problem.passes or time.monotonic() - began > WITHIN_S:
                raise
        await asyncio.sleep(wait_s)
    return await take()
