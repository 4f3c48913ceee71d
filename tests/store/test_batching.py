"""Pieces of work that share a batch."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest

from bot.store.batching import Batcher

CLOSING = """
import asyncio
from bot.store.batching import Batcher

async def stuck(pieces):
    await asyncio.Event().wait()

async def main():
    together = Batcher(stuck, lambda piece: piece)
    asyncio.ensure_future(asyncio.gather(*(together(n) for n in range(3))))
    await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_a_loop_that_is_closed_waits_for_nobody() -> None:
    assert subprocess.run([sys.executable, "-c", CLOSING], timeout=20, check=False).returncode == 0


async def test_who_leaves_takes_nobody_along() -> None:
    release = asyncio.Event()

    async def slow(pieces: Sequence[int]) -> Sequence[int]:
        await release.wait()
        return [piece * 10 for piece in pieces]

    together = Batcher(slow, lambda piece: piece)
    first, second = (asyncio.create_task(together(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert await second == 20
    with pytest.raises(asyncio.CancelledError):
        await first
