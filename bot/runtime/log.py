"""The log. structlog takes 0.08 s to import, as it imports rich: so it is imported for the first line that is logged.

Whatever runs in a terminal chat or a short command gets its logger here; a server's own modules may use structlog.
A line that cannot be written is dropped and counted: a log must neither end nor hold up who writes it.
"""

from __future__ import annotations

import logging
import os
import select
import sys
from typing import Any, Literal

Format = Literal["console", "json"]

AT_ONCE = 4096
"""Bytes that a pipe which is writable takes without blocking (PIPE_BUF of Linux)."""
WAIT_S = 0.02
"""Seconds that a reader who falls behind is waited for; one who stays behind is not waited for again."""

_WAITING: list[tuple[Format, int]] = []
"""The configuration for the first line; none or one."""


class LazyLogger:
    """structlog's logger (info, warning, error …), got anew for each line: as it is configured at that moment."""

    def __getattr__(self, method: str) -> Any:
        import structlog  # noqa: PLC0415 - see the head of this module

        while _WAITING:
            _configure(*_WAITING.pop())
        return getattr(structlog.get_logger(), method)


def configure_log(shape: Format, level: int = logging.INFO) -> None:
    """Write log lines from this level on to standard error, from the first line on that is logged hereafter."""
    if "structlog" in sys.modules:
        _configure(shape, level)
    else:
        _WAITING[:] = [(shape, level)]


def _configure(shape: Format, level: int) -> None:
    import structlog  # noqa: PLC0415 - see the head of this module

    console = structlog.dev.ConsoleRenderer(colors=False)
    renderer = structlog.processors.JSONRenderer() if shape == "json" else console
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso", utc=True), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(LogStream(sys.stderr)),  # type: ignore[arg-type]
    )
    logging.basicConfig(handlers=[_LibraryLines()], level=logging.WARNING, force=True)


class _LibraryLines(logging.Handler):
    """Makes lines of ours of what libraries log: the first line of their text, without what is filled in."""

    def emit(self, record: logging.LogRecord) -> None:
        import structlog  # noqa: PLC0415 - see the head of this module

        said, error = str(record.msg).partition("\n")[0], record.exc_info and record.exc_info[0]
        more = {"error": error.__name__} if error else {}
        structlog.get_logger().log(record.levelno, "library", logger=record.name, said=said, **more)


class LogStream:
    """A text stream over another whose `write` never raises and never waits for a reader who reads no more.

    After lost lines the next one that can be written is preceded by a line with their number.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> int:
        """Write the text; when there is no room, drop it. Only one longer than AT_ONCE may be cut."""
        if self._lost and self._put(f"log_lines_lost count={self._lost}\n"):
            self._lost = 0
        if self._lost or not self._put(text):
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing: `write` keeps nothing back."""

    def _put(self, text: str) -> bool:
        try:
            rest = text.encode("utf-8", "replace")
            while rest:
                if not self._takes(self._stream.fileno()):
                    return False
                rest = rest[os.write(self._stream.fileno(), rest[:AT_ONCE]) :]
        except (OSError, ValueError, AttributeError):  # full, no reader, closed, not there at all
            return False
        return True

    def _takes(self, number: int) -> bool:
        if sys.platform == "win32":  # it can ask this of sockets alone
            return True
        return bool(select.select([], [number], [], 0 if self._lost else WAIT_S)[1])
