"""Run a function of a module in another process, so that no turn waits for it."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from typing import IO, TypeVar

T = TypeVar("T")


R = TypeVar("R")


CHILD = "from bot.runtime.process import main; main()"
"""Not `-m`: then our classes would be called otherwise there than here."""


LONGEST_S = 120.0
"""Seconds after which an examination is given up."""


NICENESS = 5
"""By how much the process aside steps back where turns need the machine (see nice)."""


async def run_aside(work: Callable[[T], R], about: T, within_s: float = LONGEST_S) -> R:
    """What `work` (a function of a module) makes of `about`, in another process.

    TimeoutError, or ChildProcessError when it did not come to an end; OSError when the disk is full.
    """
    with _anonymous_file() as told:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, stdin=asyncio.subprocess.PIPE, stdout=told
        )
        try:
            async with asyncio.timeout(within_s):
                await child.communicate(pickle.dumps((work, about), 5))
        finally:
            if child.returncode is None:
                child.kill()
        if child.returncode == errno.ENOSPC:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if child.returncode != 0:
            raise ChildProcessError(child.returncode)
        told.seek(0)
        made: R | OSError = await asyncio.to_thread(pickle.load, told)
    if isinstance(made, OSError):
        raise made
    return made


def _anonymous_file() -> IO[bytes]:
    """A file without a name, in memory where the system has such: the disk's log is wanted for turns."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gradbot"), "w+b")
    return tempfile.TemporaryFile()


def main() -> None:
    """The other side of `elsewhere`."""
    gc.disable()
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # people who wait for an answer go first
    work, about = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
    try:
        made = work(about)
    except OSError as trouble:
        made = trouble
    try:
        sys.stdout.buffer.write(pickle.dumps(made, 5))
        sys.stdout.buffer.flush()
    except OSError as trouble:
        os._exit(trouble.errno or 1)  # not even this can be told
