"""The time for which a draft is planned, and that of one that follows a deadline. Pure; local time of the notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.sentence_times import TimeContext, When, find_moment
from bot.broadcast.sentence_words import TIMES, tokenize
from bot.content.content import Content
from flows.clock import running_clock
from flows.notice import Notice
from flows.windows import Window
from flows.words import fold


def time_context(content: Content, notice: Notice, now: datetime) -> TimeContext:
    """Return what moments are read by: now, the quiet hours, and the windows whose deadlines are meant."""
    habits = content.phrases.broadcast.habits
    correction = next((window for window in notice.windows if window.kind == "correction"), None)
    check = running_clock(notice, None, now).window
    return TimeContext(now, habits.quiet_from, habits.quiet_to, _deadline(check), _deadline(correction))


def _deadline(window: Window | None) -> tuple[str, date] | None:
    day = window.last_day if window else None
    return (window.id, day) if window and day else None


def parse_time(text: str, content: Content, notice: Notice, now: datetime, *, is_loud: bool = False) -> When:
    """Read words that are nothing but a time; other words among them are a doubt. `is_loud`: no hour is quiet."""
    tokens, clock = tokenize(fold(text).text, notice, {}), time_context(content, notice, now)
    when = find_moment(tokens, replace(clock, quiet_to=clock.quiet_from) if is_loud else clock)
    is_time = any(token.kind in TIMES for token in tokens)
    strange = next((t.text for t in tokens if t.kind not in TIMES and t.kind not in ("filler", "stop", "verb")), "")
    return When(doubt="time", about=strange or text.strip()) if strange or not is_time else when


def find_due(draft: BroadcastDraft, notice: Notice) -> datetime | None:
    """Return when a draft is planned for, by the deadline as it is now where it follows one; None: for no time."""
    if draft.at is None or draft.follows is None:
        return draft.at
    window_id, days = draft.follows
    window = next((window for window in notice.windows if window.id == window_id), None)
    if window is None or window.last_day is None:
        return draft.at
    return datetime.combine(window.last_day - timedelta(days=days), draft.at.time())
