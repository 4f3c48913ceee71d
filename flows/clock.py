"""Works out the phase of a notice: before the check, in it, late but correctable, closed. Now is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from flows.notice import Notice
from flows.windows import Window


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
    checks = notice.windows_for(cohort, "check", "recheck")
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


def _count_days(today: date, day: date | None) -> int | None:
    return (day - today).days if day else None
