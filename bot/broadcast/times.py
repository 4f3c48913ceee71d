"""Moments as staff write them (明天 9:00, 12-10 9:00, 截止前3天 9:00) and the quiet hours. Pure; local time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.zone import ZONE

_AT = re.compile(
    r"(?:(?P<word>今天|明天|后天)|截止前\s{0,9}(?P<before>\d{1,2})\s{0,9}天|(?:(?P<year>\d{4})[-/年])?(?P<month>\d{1,2})[-/月](?P<day>\d{1,2})日?)"
    r"\s{0,9}(?P<hour>\d{1,2})[:：点](?P<minute>\d{2})?分?"
)


_WORDS = {"今天": 0, "明天": 1, "后天": 2}


def parse_moment(text: str, now: datetime, deadline: date | None) -> datetime | None:
    """Parse a moment, to UTC; None when it is none. `now` is local time of the notice, `deadline` its next one."""
    found = _AT.fullmatch(text.strip())
    try:
        return _resolve(found, now, deadline) if found else None
    except (ValueError, OverflowError):
        return None


def _resolve(found: re.Match[str], now: datetime, deadline: date | None) -> datetime | None:
    if found["word"]:
        day = now.date() + timedelta(days=_WORDS[found["word"]])
    elif found["before"]:
        if deadline is None:
            return None
        day = deadline - timedelta(days=int(found["before"]))
    else:
        day = date(int(found["year"] or now.year), int(found["month"]), int(found["day"]))
        if not found["year"] and day < now.date():
            day = day.replace(year=day.year + 1)
    return datetime.combine(day, time(int(found["hour"]), int(found["minute"] or 0)), ZONE).astimezone(UTC)


def is_quiet(now: time, begins: time, ends: time) -> bool:
    """Return whether `now` is in the quiet hours, which may go over midnight."""
    return begins <= now < ends if begins <= ends else now >= begins or now < ends


def quiet_time_left(now: datetime, begins: time, ends: time) -> timedelta:
    """Return the time until the quiet hours end; zero outside them."""
    if not is_quiet(now.time(), begins, ends):
        return timedelta()
    wakes = datetime.combine(now.date(), ends, now.tzinfo)
    return wakes - now if wakes > now else wakes + timedelta(days=1) - now
