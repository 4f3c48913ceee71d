"""The dates of a notice as a calendar file (RFC 5545), with alarms before each end.

Written by hand because the one library for it takes a tenth of a second of every start; the tests read it back with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from bot.content.phrases.graduate import CalendarWords
from flows.notice import Notice, Window

MAX_LINE_BYTES = 75


def calendar(notice: Notice, cohort: str | None, words: CalendarWords, name: str, now: datetime) -> str | None:
    """All-day events of this cohort's windows that are not over at `now`: start, safe last day, end; None without."""
    events = [
        line
        for window in notice.windows_for(cohort)
        if not window.over(now)
        for line in _window(notice, window, words, now)
    ]
    if not events:
        return None
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//gradbot//CN", f"X-WR-CALNAME:{_escape(name)}")
    return "".join(f"{_fold(line)}\r\n" for line in (*head, *events, "END:VCALENDAR"))


def _window(notice: Notice, window: Window, words: CalendarWords, now: datetime) -> Iterator[str]:
    days = {"opens": window.opens, "safe": window.safe_day, "closes": window.last_day}
    alarms = sorted(notice.staff.chase_days, reverse=True)
    for name, day in days.items():
        if day is None or day < now.date() or (name == "safe" and day == window.last_day):
            continue
        title = getattr(words, name).format(label=window.label)
        texts = [(n, words.alarm.format(label=window.label, days=n)) for n in alarms if name == "closes"]
        yield from _event(f"{notice.id}-{window.id}-{name}@gradbot", day, title, texts, now)


def _event(uid: str, day: date, title: str, alarms: Iterable[tuple[int, str]], now: datetime) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{now:%Y%m%d}T000000Z")
    yield from (f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}")
    yield f"SUMMARY:{_escape(title)}"
    for days, text in alarms:
        # Nine in the morning, so many days before the day of the event begins.
        trigger = f"-P{days - 1}DT15H" if days else "PT9H"
        yield from (
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_escape(text)}",
            f"TRIGGER:{trigger}",
            "END:VALARM",
        )
    yield "END:VEVENT"


def _escape(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\n", r"\n")


def _fold(line: str) -> str:
    parts, part = [], b""
    for letter in line:
        if len(part) + len(letter.encode()) > MAX_LINE_BYTES - 1:
            parts.append(part)
            part = b""
        part += letter.encode()
    return b"\r\n ".join((*parts, part)).decode()
