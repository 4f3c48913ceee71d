"""Work in another process: it stays, is replaced when it dies or takes too long, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bot.runtime.process import ChildProcess


def _tell(_: object) -> int:
    print("no word of ours")  # noqa: T201
    return os.getpid()


def _is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


async def test_a_child_stays_and_is_replaced_when_it_dies_or_takes_too_long() -> None:
    child = ChildProcess()
    first = await child.run(_tell, None)
    assert await child.run(_tell, None) == first != os.getpid()
    with pytest.raises(FileNotFoundError):
        await child.run(os.listdir, "/not/there")
    assert await child.run(_tell, None) == first
    with pytest.raises(ChildProcessError):
        await child.run(signal.raise_signal, signal.SIGKILL)
    second = await child.run(_tell, None)
    with pytest.raises(TimeoutError):
        await child.run(time.sleep, 60, 0.01)
    os.kill(third := await child.run(_tell, None), signal.SIGKILL)
    while _is_there(third):  # noqa: ASYNC110 - a process wakes nobody
        await asyncio.sleep(0.001)
    with suppress(ChildProcessError):  # it may not have heard of that death yet
        await child.run(_tell, None)
    last = await child.run(_tell, None)
    assert len({first, second, third, last}) == 4
    await child.stop()
    assert not any(map(_is_there, (first, second, third, last)))


async def test_a_child_that_is_idle_ends_and_comes_back() -> None:
    child = ChildProcess()
    assert await child.end_idle(0.0), "none was started"
    first = await child.run(_tell, None)
    assert not await child.end_idle(3600.0)
    assert await child.run(_tell, None) == first
    assert await child.end_idle(0.0)
    assert not _is_there(first)
    assert await child.run(_tell, None) != first
    await child.stop()
