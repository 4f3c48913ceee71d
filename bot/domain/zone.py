"""The time zone of every notice. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of every notice; without summer time since 1991."""
REHEARSED_AT = time(9)
"""The time of day on a rehearsed day of which none is given."""


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)


def parse_moment(text: str) -> datetime:
    """Return the moment to rehearse: a day (2013-12-20, at REHEARSED_AT) or a day with its time (2013-12-20T23:50).

    ValueError for anything else, also for a time with a zone: it is local time of the notice.
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return moment if ":" in text else datetime.combine(moment, REHEARSED_AT)


def utc(now: datetime) -> datetime:
    """Convert local time of the notice to UTC."""
    return now.replace(tzinfo=ZONE).astimezone(UTC)


def local(at: datetime, today: datetime | None) -> datetime:
    """Convert a moment (UTC) to local time in whole seconds; return `today`, the moment to rehearse, instead."""
    return today or at.astimezone(ZONE).replace(tzinfo=None, microsecond=0)
