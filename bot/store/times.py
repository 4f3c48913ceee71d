"""Times as the tables keep them: text in UTC, ISO 8601 with milliseconds, so that they sort."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


def text_of(at: datetime) -> str:
    """Return an aware time as text. ValueError for one without its zone."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


@overload
def time_of(text: str) -> datetime: ...
@overload
def time_of(text: None) -> None: ...
def time_of(text: str | None) -> datetime | None:
    """Return the time that `text_of` wrote."""
    return datetime.fromisoformat(text) if text else None
