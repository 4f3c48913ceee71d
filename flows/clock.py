"""Works out the phase of a notice: before the check, in it, late but correctable, closed. Now is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from flows.notice import Notice
from flows.windows import Window

BEFORE_CHECK = ("capture", "recapture", "confirm_capture")
"""Windows for the photo, in which something is to be done before the check."""


class Phase(Enum):
    """The four phases of a notice: before the check, in it, late but correctable, closed."""

    PREPARE = "T0"
    CHECK = "T1"
    LATE = "T2"
    CLOSED = "T3"


@dataclass(frozen=True, slots=True)
class Clock:
    """The phase and the window that counts now or next.

    `days_left` are the days to its last day, or to its start while it has not opened (T0; T2 with a recheck to come).
    """

    phase: Phase
    window: Window | None
    days_left: int | None


def running_clock(notice: Notice, cohort: str | None, now: datetime) -> Clock:
    """Return the clock that runs for this cohort (an id) at `now`, local time of the notice."""
    today = now.date()
    checks = main_windows(notice, cohort)
    running = next((w for w in checks if w.has_begun(now) and not w.is_over(now)), None)
    if running:
        return Clock(Phase.CHECK, running, _count_days(today, running.last_day))
    coming = sorted(
        (w for w in checks if not w.has_begun(now)), key=lambda w: (w.kind == "recheck", w.opens or date.max)
    )
    still = next((w for w in notice.windows_for(cohort, "correction") if not w.is_over(now)), None)
    if still and not any(w.kind == "check" for w in coming):
        return Clock(Phase.LATE, still, _count_days(today, still.last_day))
    if coming:
        # Where only a recheck is to come, the check itself is over.
        phase = Phase.LATE if coming[0].kind == "recheck" else Phase.PREPARE
        return Clock(phase, coming[0], _count_days(today, coming[0].opens))
    return Clock(Phase.CLOSED, None, None)


def choose_running(notices: Mapping[str, Notice], now: datetime) -> str:
    """Return the id of the first notice that is not over, else of the first."""
    open_ = (name for name, notice in notices.items() if running_clock(notice, None, now).phase is not Phase.CLOSED)
    return next(open_, next(iter(notices)))


def main_windows(notice: Notice, cohort: str | None) -> tuple[Window, ...]:
    """Return the windows of the check; of the capture where the notice of this cohort knows no check."""
    return notice.windows_for(cohort, "check", "recheck") or notice.windows_for(cohort, *BEFORE_CHECK)


def next_duty(notice: Notice, cohort: str | None, now: datetime, running: Clock) -> Window | None:
    """Return the window besides those of check and corrections that this cohort has to act in next.

    None where another one is nearer, or all are over. The nearest is the one that ends first, or begins.
    """
    kinds = (*BEFORE_CHECK, "paper_check", "report", "collection", "prepare")
    known = {running.window, *main_windows(notice, cohort)}
    windows = (*notice.windows_for(cohort, *kinds), *notice.special_windows)
    dated = (w for w in windows if w.opens or w.closes)
    coming = [w for w in dated if w not in known and w.is_for(cohort) and not w.is_over(now)]
    first = min(coming, key=lambda w: _pressing_day(w, now), default=None)
    main = _pressing_day(running.window, now) if running.window else date.max
    return first if first and _pressing_day(first, now) <= main else None


def missed_before(notice: Notice, cohort: str | None, window: Window, now: datetime) -> Window | None:
    """Return the last window that is over and whose late may come to this one instead; None without such a one.

    That is one of the same kind, or the capture before a second one (`recapture`).
    """
    kinds = {window.kind, "capture"} if window.kind == "recapture" else {window.kind}
    over = [w for w in notice.windows_for(cohort, *kinds) if w.late.policy == "next_batch" and w.is_over(now)]
    return over[-1] if over and over[-1] is not window else None


def _pressing_day(window: Window, now: datetime) -> date:
    """Return the day to which one counts: the end of an open window, the beginning of one to come."""
    day = window.last_day if window.has_begun(now) else window.opens
    return day or date.max


def _count_days(today: date, day: date | None) -> int | None:
    return (day - today).days if day else None
