"""The zone that every notice is in, and its clock. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of every notice; it has known no summer time since 1991."""


def utc(now: datetime) -> datetime:
    """Local time of the notice as UTC."""
    return now.replace(tzinfo=ZONE).astimezone(UTC)


REHEARSED_AT = time(9)
"""The time of day on a rehearsed day."""


def local(at: datetime, today: date | None) -> datetime:
    """The moment (UTC) as the notice's clocks show it, in whole seconds, or the rehearsed day's morning."""
    return datetime.combine(today, REHEARSED_AT) if today else at.astimezone(ZONE).replace(tzinfo=None, microsecond=0)
