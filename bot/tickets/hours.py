"""The hours of the office in which somebody answers tickets. Pure; times are local."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from bot.content.phrases.desk import Office
from flows.workdays import is_workday

DAYS_AHEAD = 400
"""Days among which the next working day is looked for."""


def is_open(office: Office, moment: datetime) -> bool:
    """Return whether the office is open at this moment."""
    return _works(office, moment.date()) and office.opens <= moment.time() < office.closes


def opens_at(office: Office, moment: datetime) -> datetime:
    """Return the first moment from this one on at which the office is open."""
    return next(_spans(office, moment))[0]


def later(office: Office, moment: datetime, hours: float) -> datetime:
    """Return the moment at which the office has been open for so many hours since this one."""
    left = timedelta(hours=hours)
    for start, end in _spans(office, moment):
        if end - start >= left:
            return start + left
        left -= end - start
    raise AssertionError("the last span has no end")


def _spans(office: Office, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end of the spans in which the office is open from the moment on, in order.

    The last one begins `DAYS_AHEAD` days later and has no end that matters.
    """
    for ahead in range(DAYS_AHEAD):
        day = moment.date() + timedelta(days=ahead)
        start, end = datetime.combine(day, office.opens), datetime.combine(day, office.closes)
        if _works(office, day) and moment < end:
            yield max(start, moment), end
    yield moment + timedelta(days=DAYS_AHEAD), datetime.combine(date.max, time())


def _works(office: Office, day: date) -> bool:
    return day in office.workdays or (day not in office.holidays and is_workday(day, office.days))
