"""Working days of offices in China.

The State Council sets each year's days off and the weekends that make up for them in November of the year before; the
library chinesecalendar has them from 2004 on. A year that it does not know yet counts by the days of the week alone.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

from chinese_calendar.constants import holidays, workdays  # type: ignore[import-untyped]

MONDAY_TO_FRIDAY = range(1, 6)


def is_workday(day: date, weekdays: Container[int] = MONDAY_TO_FRIDAY) -> bool:
    """Return whether an office that is open on these days of the week (1 is Monday) works on this day.

    A weekend that makes up for a holiday is a working day of offices that are open from Monday to Friday.
    """
    usual = day in workdays and all(weekday in weekdays for weekday in MONDAY_TO_FRIDAY)
    return usual or (day.isoweekday() in weekdays and day not in holidays)


def is_holiday(day: date) -> bool:
    """Return whether a day is one of a legal holiday, weekends within it included."""
    return day in holidays


def is_weekend(day: date) -> bool:
    """Return whether a day is a Saturday or Sunday that does not make up for a holiday."""
    return day.isoweekday() not in MONDAY_TO_FRIDAY and day not in workdays


def add_workdays(start: date, n: int) -> date:
    """Return the n-th working day after a day; the day itself for 0."""
    day = start
    while n:
        day += timedelta(days=1)
        n -= is_workday(day)
    return day


def count_workdays(start: date, end: date) -> int:
    """Return the number of working days from the day after `start` to `end` inclusive."""
    return sum(is_workday(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
