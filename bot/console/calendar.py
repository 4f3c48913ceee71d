"""The calendar of broadcasts: what was sent, what is set, reminders of the plans, first and last days of the notices.

A page is a month, a row a week from Monday on.
"""

from __future__ import annotations

import re
from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from starlette.responses import Response

from bot.broadcast import report
from bot.broadcast.reminder_calendar import ReminderCalendar
from bot.broadcast.visible import may_see
from bot.console.today import describe, list_reminders
from bot.console.visit import ConsolePage, Visit
from bot.content.content import Content
from bot.domain.areas import Decision
from bot.domain.messages import Answer
from bot.domain.zone import ZONE

MOST = 200
"""Broadcasts of a month that are shown."""

_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayEntry:
    """Something on a day. `number` is the broadcast's, 0: it is none; `time` is empty for a whole day."""

    kind: str
    time: str
    text: str
    number: int = 0


async def show_calendar(visit: Visit) -> Response:
    """Show a month, by default the present one."""
    asked = visit.asked("month")
    first = date.fromisoformat(f"{asked}-01") if _MONTH.fullmatch(asked) else visit.now.date().replace(day=1)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    entries: dict[date, list[DayEntry]] = defaultdict(list)
    for day, entry in (*_list_dates(visit.content), *await _list_broadcasts(visit, weeks[0][0], weeks[-1][-1])):
        entries[day].append(entry)
    for found in entries.values():
        found.sort(key=lambda entry: entry.time)
    return await visit.show(
        "calendar.html",
        month=first,
        weeks=weeks,
        entries=entries,
        today=visit.now.date(),
        before=f"{first - timedelta(days=1):%Y-%m}",
        plan=Answer((await _plan(visit)).replies),
        after=f"{first + timedelta(days=31):%Y-%m}",
    )


async def _plan(visit: Visit) -> Decision:
    """Return the reminders to come with the number of people, each with a button that leaves it out."""
    about = (visit.store, visit.content, visit.now, visit.at, visit.session.channel, visit.classes)
    return await ReminderCalendar(*about, has_months=False).show()


def _list_dates(content: Content) -> Iterator[tuple[date, DayEntry]]:
    """Yield the first and last days of the notices in force, and the reminders of their plans."""
    for notice in content.notices.values():
        for window in notice.windows:
            for kind, day in (("opens", window.opens), ("closes", window.last_day)):
                if day:
                    yield day, DayEntry(kind, "", f"{notice.notice.short} {window.label}")
    for day, at, title in list_reminders(content):
        yield day, DayEntry("plan", f"{at:%H:%M}", title)


async def _list_broadcasts(visit: Visit, first: date, last: date) -> list[tuple[date, DayEntry]]:
    """Return the broadcasts that began or are to begin on these days."""
    begins, ends = (datetime.combine(day, time(), ZONE).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    found = await visit.store.broadcasts.between(visit.session.channel, begins, ends, MOST)
    words, shown = visit.content.phrases.broadcast, []
    for it in (it for it in found if may_see(visit.classes, it)):
        at = (it.started_at or it.due_at or it.made_at).astimezone(ZONE)
        text = f"#{it.number} {describe(visit, it, 20)}（{report.format_state(words, it)}）"
        shown.append((at.date(), DayEntry("broadcast", f"{at:%H:%M}", text, it.number)))
    return shown


PAGES = (ConsolePage("GET", "/calendar", "staff", show_calendar),)
