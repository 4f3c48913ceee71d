"""The hours of the desk, and the zone that every notice is in. Pure; knows of no ticket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from bot.content.phrases.desk import Office
from flows.workdays import works

DAYS_AHEAD = 400
"""How far the next working day is looked for."""


def is_open(office: Office, moment: datetime) -> bool:
    """Whether somebody is at the desk (local time)."""
    return _works(office, moment.date()) and office.opens <= moment.time() < office.closes


def opens_at(office: Office, moment: datetime) -> datetime:
    """The first moment from this one on at which somebody is at the desk (local time)."""
    return next(_spans(office, moment))[0]


def later(office: Office, moment: datetime, hours: float) -> datetime:
    """The moment when the desk has been open for so many hours since (local time)."""
    left = timedelta(hours=hours)
    for start, end in _spans(office, moment):
        if end - start >= left:
            return start + left
        left -= end - start
    raise AssertionError("the desk opens again and again")


def _spans(office: Office, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the desk is open, from the moment on; the last one has no end that matters."""
    for ahead in range(DAYS_AHEAD):
        day = moment.date() + timedelta(days=ahead)
        start, end = datetime.combine(day, office.opens), datetime.combine(day, office.closes)
        if _works(office, day) and moment < end:
            yield max(start, moment), end
    yield moment + timedelta(days=DAYS_AHEAD), datetime.combine(date.max, time())


def _works(office: Office, day: date) -> bool:
    return day in office.workdays or (day not in office.holidays and works(day, office.days))
