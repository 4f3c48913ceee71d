"""The log. structlog takes 0.08 s to import, as it imports rich: so it is imported for the first line that is logged.

Whatever runs in a terminal chat or a short command gets its logger here; a server's own modules may use structlog.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

Format = Literal["console", "json"]

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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
