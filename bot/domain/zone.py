"""The time zone of every notice. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of every notice; without summer time since 1991."""
REHEARSED_AT = time(9)
"""The time of day on a rehearsed day."""


def utc(now: datetime) -> datetime:
    """Convert local time of the notice to UTC."""
    return now.replace(tzinfo=ZONE).astimezone(UTC)


def local(at: datetime, today: date | None) -> datetime:
    """Convert a moment (UTC) to local time in whole seconds; `today`: return that day at REHEARSED_AT instead."""
    return datetime.combine(today, REHEARSED_AT) if today else at.astimezone(ZONE).replace(tzinfo=None, microsecond=0)
