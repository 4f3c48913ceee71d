"""Batches calls: those that arrive while a batch runs form the next batch, at most MOST.

A transaction costs the same with one turn in it or fifty. No call waits for others to arrive: a batch begins as soon as
the one before it has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST = 64
"""Pieces in a batch, at most."""


class Batcher(Generic[T, R]):
    """Call it with a piece, get its result. `work` does all of a batch, in order, or raises and has done nothing.

    No two pieces with the same `key` are in one batch. A batch that fails is done again piece by piece, so that each
    piece meets its own error, unless the error is one of `everybodys`. A piece is done even if its caller is cancelled.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        key: Callable[[T], Hashable],
        everybodys: type[Exception] | tuple[()] = (),
    ) -> None:
        self._work = work
        self._key = key
        self._everybodys = everybodys
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, piece: T) -> R:
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((piece, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            done.exception()  # marks it as retrieved: its caller has gone
            raise

    async def finish(self) -> None:
        """Wait until no piece is waiting or running."""
        while self._running:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        try:
            while self._waiting:
                await asyncio.sleep(0)  # other tasks that are ready may add their pieces
                batch = self._next()
                if not await self._is_done(batch):
                    for piece in batch:
                        await self._is_done([piece])
        finally:
            self._running = None
            for _, done in (*batch, *self._waiting):  # when the loop is being closed, no caller waits for ever
                done.cancel()

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch: dict[Hashable, tuple[T, asyncio.Future[R]]] = {}
        later = []
        for waiting in self._waiting:
            key = self._key(waiting[0])
            if key in batch or len(batch) >= MOST:
                later.append(waiting)
            else:
                batch[key] = waiting
        self._waiting = later
        return list(batch.values())

    async def _is_done(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> bool:
        """Do a batch; return False when it failed and its pieces are to be done one by one."""
        try:
            results = await self._work([piece for piece, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to the one who asked for it
            if len(batch) > 1 and not isinstance(error, self._everybodys):
                return False
            for _, done in batch:
                done.set_exception(error)
            return True
        for (_, done), result in zip(batch, results, strict=True):
            done.set_result(result)
        return True
