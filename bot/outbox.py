"""Delivers messages to other chats than the one that spoke: one at a time to each chat, until told to stop.

What is under way when it is stopped, or killed, is sent again: at least once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.messages import Delivered, Outcome, Post
from bot.service import Service
from bot.store import StoreProblem

LOOK_S = 20.0
"""Seconds between looks at what has become due by itself: repeats, and tickets to release."""

Deliver = Callable[[Post], Awaitable[Delivered]]

_log = structlog.get_logger()


async def dispatch(serving: Service, channel: str, deliver: Deliver) -> None:
    """Deliver what is owed, for ever; trouble with the database is waited out."""
    recalled = False
    while True:
        serving.posted.clear()
        wait_s: float = LOOK_S
        try:
            if not recalled:
                await serving.recall(channel)
                recalled = True
            await serving.release()
            while await deliver_due(serving, channel, deliver):
                pass
            due_s = await serving.waits_s(channel)
            wait_s = LOOK_S if due_s is None else min(max(due_s, 0.0), LOOK_S)
        except StoreProblem as problem:
            _log.error("store_problem", code=problem.code, channel=channel)
        try:
            async with asyncio.timeout(wait_s):
                await serving.posted.wait()
        except TimeoutError:
            pass


async def deliver_due(serving: Service, channel: str, deliver: Deliver) -> int:
    """Deliver the next message of each chat; how many there were."""
    posts = await serving.next_posts(channel)
    await asyncio.gather(*[_one(serving, channel, deliver, post) for post in posts])
    return len(posts)


async def _one(serving: Service, channel: str, deliver: Deliver, post: Post) -> None:
    try:
        delivered = await deliver(post)
    except Exception as bug:  # noqa: BLE001 - one message must not stop the others; it is tried again
        _log.error("post_failed", post=post.number, error=type(bug).__name__)
        delivered = Delivered(Outcome("later", reason=type(bug).__name__))
    await serving.settle(channel, post, delivered)
