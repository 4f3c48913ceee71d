"""Automatic reminders: those of a notice's plan that are due, and those to come. Pure.

A reminder has a key made of notice, window and day; the store makes a broadcast of each key once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Literal

from bot.broadcast.draft import BroadcastDraft
from bot.content.content import Content
from bot.domain.audience import Condition, Search, Wrong, parse_audience
from flows.clock_facts import format_closing
from flows.fact_words import FactWords
from flows.notice import Notice
from flows.notice_plan import Reminder, StaffDuty
from flows.windows import EVERYONE, Window

CATCH_UP = timedelta(hours=12)
"""A reminder later than this is left out, because the next one is nearer."""


DUTY_TIME = time(9)
"""When staff are reminded of their own duties."""


@dataclass(frozen=True, slots=True)
class DutyDue:
    """A duty of the school's staff that is due in `days`; `key` names the reminder of it."""

    key: str
    notice: Notice
    duty: StaffDuty
    days: int


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder of the plan: when (local), its key, its draft, and how many of the plan one person gets at most.

    `cohorts` are those whom the window is for; empty: all.
    """

    at: datetime
    key: str
    draft: BroadcastDraft
    cohorts: tuple[str, ...]
    prefix: str
    most: int

    @property
    def mark(self) -> str:
        """A short name of it, for buttons."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:12]

    @property
    def skip_key(self) -> str:
        """The beginning of the keys under which it is kept how often it was left out and put back."""
        return f"skip/{self.key}/"

    def narrow(self, search: Search) -> Search:
        """Narrow a search to the window's cohorts and to people below the plan's limit."""
        only = (Condition("cohorts", self.cohorts),) if self.cohorts else ()
        return replace(search, conditions=(*search.conditions, *only), most=(self.prefix, self.most))


def find_due(content: Content, now: datetime, *, rehearsed: bool = False) -> Iterator[Due]:
    """Yield the reminders whose time is not longer ago than CATCH_UP. `now` is local time of the notices.

    On a `rehearsed` day they have other keys, so that the real ones are still sent on their day.
    """
    return (one for one in _list_all(content, rehearsed=rehearsed) if timedelta() <= now - one.at < CATCH_UP)


def list_coming(content: Content, now: datetime) -> list[Due]:
    """Return the reminders to come, the next one first."""
    return sorted((one for one in _list_all(content, rehearsed=False) if one.at > now), key=lambda one: one.at)


def _list_all(content: Content, *, rehearsed: bool) -> Iterator[Due]:
    for notice in content.notices.values():
        prefix = f"{'rehearsal/' if rehearsed else ''}plan/{notice.id}/"
        for reminder in notice.reminders.plan:
            window = next(window for window in notice.windows if window.id == reminder.window)
            if window.last_day is None:
                continue
            at = datetime.combine(window.last_day - timedelta(days=reminder.days), reminder.at)
            yield _make_due(content, notice, window, reminder, prefix, at)


def find_due_duties(content: Content, now: datetime) -> Iterator[DutyDue]:
    """Yield the reminders of staff's duties whose time is not longer ago than CATCH_UP; `now` as above."""
    for notice in content.notices.values():
        for duty in notice.staff.duties:
            if (last := duty.closes) is None:
                continue
            for days in duty.remind_days:
                at = datetime.combine(last - timedelta(days=days), DUTY_TIME)
                if timedelta() <= now - at < CATCH_UP:
                    what = hashlib.sha256(duty.what.encode()).hexdigest()[:12]
                    yield DutyDue(f"duty/{notice.id}/{what}/{duty.closes}/{days}", notice, duty, days)


def describe_duty(templates: Mapping[Literal["ahead", "today"], str], words: FactWords, due: DutyDue) -> str:
    """Return the reminder of a duty in words."""
    last = (words.format_day(due.duty.closes) or "") + format_closing(due.duty.time_to)
    said = templates["ahead" if due.days else "today"]
    return said.format(notice=due.notice.notice.short, what=due.duty.what, day=last, days=due.days)


def _make_due(content: Content, notice: Notice, window: Window, reminder: Reminder, prefix: str, at: datetime) -> Due:
    audience = parse_audience(reminder.audience, notice, step_ids(content))
    assert not isinstance(audience, Wrong)  # the content was checked
    template = content.phrases.broadcast.templates[reminder.template]
    buttons = template.buttons if reminder.buttons is None else reminder.buttons
    draft = BroadcastDraft(template.text, buttons=buttons, audience=audience)
    cohorts = () if EVERYONE in window.cohorts else window.cohorts
    key = f"{prefix}{window.id}/{window.closes}/{reminder.days}"
    same = [r for r in notice.reminders.plan if (r.window, r.days) == (reminder.window, reminder.days)]
    if nth := same.index(reminder):  # several of one day
        key += f"/{nth + 1}"
    return Due(at, key, draft, cohorts, prefix, notice.reminders.most)


def step_ids(content: Content) -> Sequence[str]:
    """Return the ids of the walk's steps."""
    return tuple(content.script.by_id)
