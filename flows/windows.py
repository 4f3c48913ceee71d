"""The windows of a notice: spans of days in which graduates must do something, and the cohorts they are for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flows.fields import ClosingTime, CohortIds, DailyHours, Day, Id, NoticeRow, Text
from flows.workdays import is_workday

EVERYONE = "all"
"""Stands for every cohort in a list of cohorts."""


def overlap(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether two lists of cohorts have one in common."""
    return EVERYONE in some or EVERYONE in others or bool({*some} & {*others})


class Late(NoticeRow):
    """The rule for somebody who is late for a window."""

    policy: Literal["none", "phone", "next_batch", "treated_as_give_up"] = "phone"
    text: Text | None = None


class Window(NoticeRow):
    """A span of days. `to` is written as in the notice; `end_inclusive: unknown` keeps the doubt of a bare 前 as data.

    `time_from`/`time_to` belong to the first and last day, `hours` (`08:30-11:30`) to each day in between as well.
    """

    id: Id
    kind: Literal[
        "prepare",
        "capture",
        "confirm_capture",
        "paper_check",
        "check",
        "report",
        "recapture",
        "correction",
        "recheck",
        "register_public",
        "collection",
    ]
    label: Text
    opens: Day | None = Field(default=None, alias="from")
    closes: Day | None = Field(default=None, alias="to")
    time_from: time | None = None
    time_to: ClosingTime | None = None
    hours: tuple[DailyHours, ...] = ()
    end_inclusive: bool | Literal["unknown"] = "unknown"
    cohorts: CohortIds = (EVERYONE,)
    working_hours_only: bool = False
    proof: Literal["none", "signature", "screenshot", "form"] | None = None
    late: Late = Late()
    note: Text | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.opens and self.closes:
            start = datetime.combine(self.opens, self.time_from or time.min)
            end = datetime.combine(self.closes, self.time_to or time.max)
            if self.closes < self.opens:
                raise _end_before_start(self.opens, self.closes, "to")
            if end < start:
                raise _end_before_start(start.time(), end.time(), "time_to")
        for span in self.hours:
            begin, finish = map(time.fromisoformat, span.split("-"))
            if finish <= begin:
                raise _end_before_start(begin, finish, "hours")
        return self

    @property
    def last_day(self) -> date | None:
        """The last day on which the window counts as open: as written, unless the notice excludes that day."""
        excluded = self.closes and self.end_inclusive is False
        return self.closes - timedelta(days=1) if self.closes and excluded else self.closes

    @property
    def safe_day(self) -> date | None:
        """The day by which one is done whichever way 前 is read; a working day where the office must be open."""
        if self.closes is None:
            return None
        day = self.closes if self.end_inclusive is True else self.closes - timedelta(days=1)
        while self.working_hours_only and not is_workday(day):
            day -= timedelta(days=1)
        return max(day, self.opens) if self.opens else day

    def has_begun(self, now: datetime) -> bool:
        """Return whether the window has opened by `now` (local time); one without a start has."""
        return self.opens is None or now.replace(tzinfo=None) >= datetime.combine(
            self.opens, self.time_from or time.min
        )

    def is_over(self, now: datetime) -> bool:
        """Return whether the window has closed by `now` (local time); one without an end never does."""
        end = self.last_day
        return end is not None and now.replace(tzinfo=None) > datetime.combine(end, self.time_to or time.max)

    def is_for(self, cohort: str | None) -> bool:
        """Return whether it counts for this cohort (an id); for an unknown cohort every window does."""
        return overlap(self.cohorts, (cohort or EVERYONE,))


def _end_before_start(start: date | time, end: date | time, key: str) -> PydanticCustomError:
    """Return an error of the row that is reported at one of its keys."""
    about = {"start": start.isoformat(), "end": end.isoformat(), "at": key}
    return PydanticCustomError("end_before_start", "end before start", about)
