"""Which clock of a notice runs: before the check, in it, late but correctable, closed. Now comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from flows.notice import Notice, Window


class Phase(Enum):
    """The four clocks of a notice: before the check, in it, late but correctable, closed."""

    PREPARE = "T0"
    CHECK = "T1"
    LATE = "T2"
    CLOSED = "T3"


@dataclass(frozen=True, slots=True)
class Clock:
    """Which clock runs: `window` counts now or next, `days_left` are the days to its last day, or to its start
    while it has not opened (T0; T2 with a recheck to come).
    """

    phase: Phase
    window: Window | None
    days_left: int | None


def clock(notice: Notice, cohort: str | None, now: datetime) -> Clock:
    """Which clock runs for this cohort (an id) at `now`, local time of the notice."""
    today = now.date()
    checks = notice.windows_for(cohort, "check", "recheck")
    running = next((w for w in checks if w.has_begun(now) and not w.over(now)), None)
    if running:
        return Clock(Phase.CHECK, running, _days(today, running.last_day))
    coming = sorted(
        (w for w in checks if not w.has_begun(now)), key=lambda w: (w.kind == "recheck", w.opens or date.max)
    )
    still = next((w for w in notice.windows_for(cohort, "correction") if not w.over(now)), None)
    if still and not any(w.kind == "check" for w in coming):
        return Clock(Phase.LATE, still, _days(today, still.last_day))
    if coming:
        # Where only a second look is to come, the check itself is over.
        phase = Phase.LATE if coming[0].kind == "recheck" else Phase.PREPARE
        return Clock(phase, coming[0], _days(today, coming[0].opens))
    return Clock(Phase.CLOSED, None, None)


def _days(today: date, day: date | None) -> int | None:
    return (day - today).days if day else None
