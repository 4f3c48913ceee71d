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
    batcher = Batcher(stuck, lambda piece: piece)
    asyncio.ensure_future(asyncio.gather(*(batcher(n) for n in range(3))))
    await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_closing_the_loop_does_not_hang() -> None:
    assert subprocess.run([sys.executable, "-c", CLOSING], timeout=20, check=False).returncode == 0


async def test_a_cancelled_caller_cancels_nobody_else() -> None:
    release = asyncio.Event()

    async def slow(pieces: Sequence[int]) -> Sequence[int]:
        await release.wait()
        return [piece * 10 for piece in pieces]

    batcher = Batcher(slow, lambda piece: piece)
    first, second = (asyncio.create_task(batcher(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert await second == 20
    with pytest.raises(asyncio.CancelledError):
        await first
