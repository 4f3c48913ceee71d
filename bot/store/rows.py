"""Work on the database that ends as it began: in one piece, also when whoever asked for it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

RunningTasks = set[asyncio.Task[Any]]


class Works(Protocol):
    """Whose methods are run to their end; `_under_way` is for whoever closes the database."""

    _under_way: RunningTasks


W = TypeVar("W", bound=Works)
P = ParamSpec("P")
R = TypeVar("R")


def run_to_completion(
    method: Callable[Concatenate[W, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[W, P], Coroutine[Any, Any, R]]:
    """Let what began finish when its caller is cancelled, who goes only then.

    A driver that is interrupted may keep SQLite's only write lock until the garbage is collected.
    """

    @wraps(method)
    async def whole(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        under_way, work = self._under_way, asyncio.create_task(method(self, *args, **kwargs))

        def done(_: asyncio.Task[R]) -> None:
            under_way.discard(work)
            if not work.cancelled():
                work.exception()  # seen, also when nobody waits any more

        under_way.add(work)
        work.add_done_callback(done)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    return whole


class Rows:
    """A part of an open store; `reader`, `writing` and `under_way` are the store's own."""

    def __init__(
        self,
        reader: AsyncEngine,
        writing: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        under_way: RunningTasks,
    ) -> None:
        self._reader = reader
        self._writing = writing
        self._under_way = under_way
