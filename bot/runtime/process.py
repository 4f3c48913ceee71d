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
"""Not `-m`: then the classes of this module would belong to `__main__` there, and pickles would not fit."""
LONGEST_S = 120.0
"""Seconds after which the work is given up."""
NICENESS = 5
"""Nice value of the child process, so that turns go first."""


async def run_aside(work: Callable[[T], R], about: T, within_s: float = LONGEST_S) -> R:
    """Return `work(about)` from another process; `work` is a function of a module, all values can be pickled.

    TimeoutError after `within_s` seconds; ChildProcessError when the process crashed; OSError from `work`, or when the
    disk is full.
    """
    with _anonymous_file() as output:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, stdin=asyncio.subprocess.PIPE, stdout=output
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
        output.seek(0)
        made: R | OSError = await asyncio.to_thread(pickle.load, output)
    if isinstance(made, OSError):
        raise made
    return made


def _anonymous_file() -> IO[bytes]:
    """Open a temporary file without a name: in memory where the system has such, so that turns have the disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gradbot"), "w+b")
    return tempfile.TemporaryFile()


def main() -> None:
    """Run in the child process: read the work from stdin, write its result to stdout."""
    gc.disable()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    work, about = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
    try:
        made = work(about)
    except OSError as trouble:
        made = trouble
    try:
        sys.stdout.buffer.write(pickle.dumps(made, 5))
        sys.stdout.buffer.flush()
    except OSError as trouble:
        os._exit(trouble.errno or 1)  # the result cannot be written
