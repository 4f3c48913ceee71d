"""When people sleep, and nothing is sent that nobody asked for. Pure; all times are local time of the notice."""

from __future__ import annotations

from datetime import datetime, time, timedelta


def is_quiet(now: time, begins: time, ends: time) -> bool:
    """Whether `now` lies in the quiet hours, which may go over midnight."""
    return begins <= now < ends if begins <= ends else now >= begins or now < ends


def until_awake(now: datetime, begins: time, ends: time) -> timedelta:
    """How long the quiet hours still last; nothing outside them."""
    if not is_quiet(now.time(), begins, ends):
        return timedelta()
    wakes = datetime.combine(now.date(), ends, now.tzinfo)
    return wakes - now if wakes > now else wakes + timedelta(days=1) - now
