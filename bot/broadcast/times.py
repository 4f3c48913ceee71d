"""The quiet hours. Pure; local time."""

from __future__ import annotations

from datetime import datetime, time, timedelta


def is_quiet(now: time, begins: time, ends: time) -> bool:
    """Return whether `now` is in the quiet hours, which may go over midnight."""
    return begins <= now < ends if begins <= ends else now >= begins or now < ends


def quiet_time_left(now: datetime, begins: time, ends: time) -> timedelta:
    """Return the time until the quiet hours end; zero outside them."""
    if not is_quiet(now.time(), begins, ends):
        return timedelta()
    wakes = datetime.combine(now.date(), ends, now.tzinfo)
    return wakes - now if wakes > now else wakes + timedelta(days=1) - now
