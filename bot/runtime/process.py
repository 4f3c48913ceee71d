"""Run a function of a module in another process, so that no turn waits for it."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CHILD = "from bot.runtime.process import main; main()"
"""Not `-m`: then the classes of this module would belong to `__main__` there, and pickles would not fit."""
LONGEST_S = 120.0
"""Seconds after which the work is given up."""
NICENESS = 5
"""Nice value of the child process, so that turns go first."""
_DONE = "done"


class ChildProcess:
    """A process that does one piece of work after the other. It stays until `stop`: what it has imported and remembers
    serves the next piece. It is started by the first; one that crashed, took too long or was idle is replaced at the
    next.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._output: IO[bytes] | None = None
        self._lock = asyncio.Lock()
        self._used_at = 0.0

    async def run(self, work: Callable[[T], R], about: T, within_s: float = LONGEST_S) -> R:
        """Return `work(about)`; `work` is a function of a module, all values can be pickled.

        TimeoutError after `within_s` seconds; ChildProcessError when the process crashed; OSError from `work`, or when
        the disk is full.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(within_s):
                    made: Any = await self._ask(pickle.dumps((work, about), 5))
            except BaseException:
                await self.stop()
                raise
            self._used_at = time.monotonic()
        if isinstance(made, OSError):
            raise made
        result: R = made
        return result

    async def end_idle(self, idle_s: float) -> bool:
        """End the process when it did nothing for so long; return whether there is none now."""
        async with self._lock:
            if self._process and time.monotonic() - self._used_at >= idle_s:
                await self.stop()
            return self._process is None

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        process, output, self._process, self._output = self._process, self._output, None, None
        if output:
            output.close()
        if process:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _ask(self, request: bytes) -> object:
        if self._process and self._process.returncode is not None:
            await self.stop()
        output = self._output = self._output or _anonymous_file()
        process = self._process = self._process or await _start(output)
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(request)
            await process.stdin.drain()
            said = (await process.stdout.readline()).decode().strip()
        except ConnectionError:
            said = ""
        if said != _DONE:
            if said:
                raise OSError(int(said), os.strerror(int(said)))
            raise ChildProcessError(await process.wait())
        return await asyncio.to_thread(_take, output)


async def run_aside(work: Callable[[T], R], about: T, within_s: float = LONGEST_S) -> R:
    """Return `work(about)` from a process of its own, as `ChildProcess.run` does; raises the same."""
    child = ChildProcess()
    try:
        return await child.run(work, about, within_s)
    finally:
        await child.stop()


async def _start(output: IO[bytes]) -> asyncio.subprocess.Process:
    """Start the process; what it makes comes in a file: a large pickle would block the event loop in a pipe."""
    pipe, number = asyncio.subprocess.PIPE, output.fileno()
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(number), stdin=pipe, stdout=pipe, pass_fds=(number,)
    )


def _anonymous_file() -> IO[bytes]:
    """Open a temporary file without a name: in memory where the system has such, so that turns have the disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("gradbot"), "w+b")
    return tempfile.TemporaryFile()


def _take(output: IO[bytes]) -> object:
    """Return what lies in the file, and make it empty."""
    output.seek(0)
    made: object = pickle.load(output)  # noqa: S301 - our own child wrote it
    output.seek(0)
    output.truncate()
    return made


def main() -> None:
    """Run in the child process: read work from stdin, write its result to the file, say on stdout that it is there."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends the parent, which ends this one
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    told, sys.stdout = sys.stdout, sys.stderr  # what work prints is no word of ours
    with os.fdopen(int(sys.argv[1]), "w+b") as output:
        while True:
            try:
                work, about = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
            except EOFError:
                return  # the parent has ended
            told.write(f"{_answer(work, about, output)}\n")
            told.flush()
            del work, about
            gc.collect()


def _answer(work: Callable[[object], object], about: object, output: IO[bytes]) -> str:
    """Write the result of some work; return what is said of it: the error when it cannot be written."""
    try:
        made = work(about)
    except OSError as trouble:
        made = trouble
    try:
        output.seek(0)
        pickle.dump(made, output, 5)
        output.flush()
    except OSError as trouble:
        return str(trouble.errno or errno.EIO)
    return _DONE
