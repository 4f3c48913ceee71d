"""The dates of a notice as a calendar file (RFC 5545), with alarms before each end. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.content.phrases.graduate import CalendarWords
from flows.notice import Notice
from flows.windows import Window

ALARM_HOUR = timedelta(hours=9)
"""Time of day at which an alarm goes off."""


class _CalendarDay(NamedTuple):
    """An all-day event: `uid` is unique in the world, `alarms` are the days before it with their texts."""

    uid: str
    day: date
    title: str
    alarms: tuple[tuple[int, str], ...]


def calendar(notice: Notice, cohort: str | None, words: CalendarWords, name: str, now: datetime) -> str | None:
    """Return a file of the cohort's days that are not over at `now`, in order of the windows; None without any.

    Of each window: its first day, its safe last day and its last day.
    """
    windows = [window for window in notice.windows_for(cohort) if not window.is_over(now)]
    days = tuple(day for window in windows for day in _days(notice, window, words) if day.day >= now.date())
    return _write(days, name, now.date()) if days else None


def _days(notice: Notice, window: Window, words: CalendarWords) -> Iterator[_CalendarDay]:
    ahead = sorted(notice.staff.chase_days, reverse=True)
    alarms = tuple((n, words.alarm.format(label=window.label, days=n)) for n in ahead)
    safe = None if window.safe_day == window.last_day else window.safe_day
    for name, day in {"opens": window.opens, "safe": safe, "closes": window.last_day}.items():
        if day is not None:
            title = getattr(words, name).format(label=window.label)
            uid = f"{notice.id}-{window.id}-{name}@gradbot"
            yield _CalendarDay(uid, day, title, alarms if name == "closes" else ())


@lru_cache(maxsize=64)  # one file takes 3 ms, and everybody of a cohort gets the same one all day
def _write(days: tuple[_CalendarDay, ...], name: str, today: date) -> str:
    from icalendar import Alarm, Calendar, Event, vText  # noqa: PLC0415 - 0.1 s, which no start should pay

    file = Calendar()
    file.add("version", "2.0")
    file.add("prodid", "-//gradbot//CN")
    file.add(
        "x-wr-calname", vText(name)
    )  # the library escapes the properties that it knows, and values of its own types
    stamp = datetime.combine(today, time(), UTC)
    for day in days:
        event = Event()
        event.add("uid", day.uid)
        event.add("dtstamp", stamp)
        event.add("dtstart", day.day)
        event.add("dtend", day.day + timedelta(days=1))
        event.add("summary", day.title)
        for ahead, text in day.alarms:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", text)
            alarm.add("trigger", ALARM_HOUR - timedelta(days=ahead))
            event.add_component(alarm)
        file.add_component(event)
    content: bytes = file.to_ical()
    return content.decode()
