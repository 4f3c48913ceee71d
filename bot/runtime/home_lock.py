"""The lock of a home: one process serves from it, and none restores its database meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE = "lock"


class HomeTaken(Exception):
    """Another process has the lock; `holder` is its number as it wrote it, empty when unknown."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder or '?'} uses it")
        self.holder = holder


@contextmanager
def lock_home(home: Path) -> Iterator[None]:
    """Hold the lock of a home, which is made when absent. HomeTaken; OSError when the home cannot be written.

    The system lets go of it when the process ends, however it ends. Windows has no such lock: there nothing is held.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(home / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - not made for Windows

            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeTaken(os.read(number, 20).decode("ascii", "replace").strip()) from None
        with suppress(OSError):  # a full disk: the lock holds without the number
            os.ftruncate(number, 0)
            os.pwrite(number, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(number)
