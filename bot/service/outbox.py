"""Delivers messages to other chats than the one that spoke: one at a time to each chat, until told to stop.

What is under way when it is stopped, or killed, is sent again: at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.domain.messages import Delivered, Outcome, Post
from bot.service.turns import Service
from bot.store import StoreProblem

LOOK_S = 20.0
"""Seconds between looks at what has become due by itself: repeats, and tickets to release."""
UNDER_WAY_MOST = 200
"""Messages under way from which on no more are taken: at Telegram's pace they are gone long before their claim is."""

Deliver = Callable[[Post], Awaitable[Delivered]]

_log = structlog.get_logger()


async def dispatch(serving: Service, channel: str, deliver: Deliver) -> None:
    """Deliver what is owed, for ever; trouble with the database is waited out. A slow chat holds up no other."""
    recalled = False
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            serving.posted.clear()
            wait_s: float = LOOK_S
            try:
                if not recalled:
                    await serving.recall(channel)
                    recalled = True
                await serving.release()
                if len(under_way) < UNDER_WAY_MOST:
                    for delivery in await due(serving, channel, deliver):
                        under_way.add(task := asyncio.create_task(delivery))
                        task.add_done_callback(under_way.discard)
                due_s = await serving.waits_s(channel)
                wait_s = LOOK_S if due_s is None else min(max(due_s, 0.0), LOOK_S)
            except StoreProblem as problem:
                _log.error("store_problem", code=problem.code, channel=channel)
            try:
                async with asyncio.timeout(wait_s):
                    await serving.posted.wait()
            except TimeoutError:
                pass
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def due(serving: Service, channel: str, deliver: Deliver) -> list[Coroutine[Any, Any, None]]:
    """The delivery of the next message of each chat where none is under way; to be run at once."""
    return [_deliver(serving, channel, deliver, post) for post in await serving.next_posts(channel)]


async def _deliver(serving: Service, channel: str, deliver: Deliver, post: Post) -> None:
    try:
        delivered = await deliver(post)
    except Exception as bug:  # noqa: BLE001 - one message must not stop the others; it is tried again
        _log.error("post_failed", post=post.number, error=type(bug).__name__)
        delivered = Delivered(Outcome("later", reason=type(bug).__name__))
    try:
        await serving.settle(channel, post, delivered)
    except StoreProblem as problem:  # sent again when its claim is over
        _log.error("store_problem", code=problem.code, channel=channel, post=post.number)
    serving.posted.set()  # the next one of this chat may go
