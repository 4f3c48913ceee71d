"""Notices that somebody deleted, replaced or overwrote SQLite's file under the bot that has it open.

SQLite itself goes on writing into a file that nobody will ever read again.
"""

from __future__ import annotations

import os
from pathlib import Path

MAGIC = b"SQLite format 3\0"
HEAD = 100
MARK = slice(60, 64)
"""Bytes of the head that hold PRAGMA user_version, which SQLite does not use."""


class FileGuard:
    """Watches the file at `path`. `mark`, once set, is the user_version that this run of the bot wrote into it.

    Copies made before this run carry another mark, so a backup that is copied over the open file is noticed as well.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Open for as long as the database is: closing it earlier would release SQLite's own locks.
        self._number = os.open(path, os.O_RDONLY)
        self._identity = _identity(os.fstat(self._number))
        self.mark: int | None = None

    def is_intact(self) -> bool:
        """Return whether the path still leads to the file that was opened."""
        try:
            is_same = _identity(os.stat(self._path)) == self._identity  # noqa: PTH116 - microseconds in every turn
            head = os.pread(self._number, HEAD, 0)
        except OSError:
            return False
        return is_same and head[:16] == MAGIC and self.mark in (None, read_mark(head))

    def has_mark(self, mark: int) -> bool:
        """Return whether a mark has reached the file itself, not only the log beside it."""
        return read_mark(os.pread(self._number, HEAD, 0)) == mark

    def close(self) -> None:
        """Close the file; only after SQLite has."""
        os.close(self._number)


def read_mark(head: bytes) -> int:
    """Return the mark in the first bytes of a file."""
    return int.from_bytes(head[MARK], "big")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
