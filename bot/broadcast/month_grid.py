"""A month as lines of text, a week from Monday on each: marked days stand in circles. Pure."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Collection, Iterable
from datetime import date

GAP = "\u2002"
"""Between two days: as wide as a digit in most fonts."""
_NONE = "\u2007\u2007"
"""A day of another month: two digits wide."""
_SKIPPED = "✕"


def draw_months(marked: Collection[date], skipped: Collection[date], title: str, weekdays: Iterable[str]) -> str:
    """Return a grid for each month that has a marked or skipped day; `title` is filled with its `year` and `month`."""
    months = sorted({(day.year, day.month) for day in (*marked, *skipped)})
    head = GAP.join(weekdays)
    grids = []
    for year, month in months:
        weeks = Calendar().monthdatescalendar(year, month)
        lines = (
            GAP.join(_draw_day(day, marked, skipped) if day.month == month else _NONE for day in week).rstrip()
            for week in weeks
        )
        grids.append("\n".join([title.format(year=year, month=month), head, *lines]))
    return "\n\n".join(grids)


def _draw_day(day: date, marked: Collection[date], skipped: Collection[date]) -> str:
    if day in marked:
        return circle(day.day)
    return _SKIPPED if day in skipped else str(day.day).rjust(2, "\u2007")


def circle(number: int) -> str:
    """Return a number from 1 to 31 in a circle, as one character."""
    return chr(0x2460 + number - 1 if number <= 20 else 0x3251 + number - 21)
