"""On which days offices in China work.

The State Council sets each year's days off and the weekends that make up for them in November of the year before; the
library chinesecalendar has them from 2004 on. A year that it does not know yet counts by the days of the week alone.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

from chinese_calendar.constants import holidays, workdays  # type: ignore[import-untyped]

MONDAY_TO_FRIDAY = range(1, 6)


def works(day: date, weekdays: Container[int] = MONDAY_TO_FRIDAY) -> bool:
    """Whether an office that is open on these days of the week (1 is Monday) works on this day.

    A weekend that makes up for a holiday is worked where Monday to Friday is.
    """
    usual = day in workdays and all(weekday in weekdays for weekday in MONDAY_TO_FRIDAY)
    return usual or (day.isoweekday() in weekdays and day not in holidays)


def working_days(start: date, end: date) -> int:
    """How many days from the day after `start` to `end` inclusive are worked."""
    return sum(works(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
