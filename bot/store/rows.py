"""Bases of the parts of an open store, and `run_to_completion` for methods that write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.engine import given_up_when_broken
from bot.store.problems import translate_errors

RunningTasks = set[asyncio.Task[Any]]


class Works(Protocol):
    """Has methods that run to completion; whoever closes the database waits for `_under_way`."""

    _under_way: RunningTasks


W = TypeVar("W", bound=Works)
P = ParamSpec("P")
R = TypeVar("R")


def run_to_completion(
    method: Callable[Concatenate[W, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[W, P], Coroutine[Any, Any, R]]:
    """Make a method finish its database call even if its caller is cancelled; only then is the caller cancelled.

    A driver that is interrupted may keep SQLite's only write lock until the garbage is collected.
    """

    @wraps(method)
    async def run(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        under_way, work = self._under_way, asyncio.create_task(method(self, *args, **kwargs))

        def end(_: asyncio.Task[R]) -> None:
            under_way.discard(work)
            if not work.cancelled():
                work.exception()  # marks it as retrieved: its caller may have gone

        under_way.add(work)
        work.add_done_callback(end)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    return run


@dataclass(frozen=True, slots=True)
class Origin:
    """The person (by channel and the channel's id) whose turn decided an effect, and when.

    `user` is empty where an effect follows from no turn.
    """

    channel: str
    user: str
    at: datetime


class ReadRows:
    """A part of an open store that only reads. `reader` is the store's own engine for reading."""

    def __init__(self, reader: AsyncEngine) -> None:
        self._reader = reader

    @property
    def _dialect(self) -> str:
        return self._reader.dialect.name

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with translate_errors():
            async with self._reader.connect() as connection, given_up_when_broken(connection):
                yield connection

    async def _fetch(self, query: Any, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """Return all rows of a query; their columns are attributes."""
        async with self._reading() as connection:
            return (await connection.execute(query, parameters)).all()


class Rows(ReadRows):
    """A part of an open store that also writes; all three arguments are the store's own."""

    def __init__(
        self,
        reader: AsyncEngine,
        writing: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        under_way: RunningTasks,
    ) -> None:
        super().__init__(reader)
        self._writing = writing
        self._under_way = under_way
