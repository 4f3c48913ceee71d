"""The windows of a notice: spans of days in which graduates must do something, and the cohorts they are for.

A day may be counted from another one: `to: {after: capture, days: 30}`. `count_days` makes a day of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flows.fields import ClosingTime, CohortIds, DailyHours, Day, Id, NoticeRow, Text, read_day
from flows.workdays import add_workdays, is_holiday, is_weekend, is_workday

EVERYONE = "all"
"""Stands for every cohort in a list of cohorts."""


Kind = Literal[
    "prepare", "capture", "confirm_capture", "paper_check", "check",
    "report", "recapture", "correction", "recheck", "register_public",
    "collection",
]  # fmt: skip


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
    On `closed` days nothing is done: all weekends, all legal holidays, or single days.
    """

    id: Id
    kind: Kind
    label: Text
    opens: Day | None = Field(default=None, alias="from")
    closes: Day | None = Field(default=None, alias="to")
    time_from: time | None = None
    time_to: ClosingTime | None = None
    hours: tuple[DailyHours, ...] = ()
    closed: tuple[Literal["weekends", "holidays"] | Day, ...] = ()
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
        """The day by which one is done whichever way 前 is read; one on which the office is open where it must be."""
        if self.closes is None:
            return None
        first = self.opens or self.closes - timedelta(days=60)
        day = self.closes if self.end_inclusive is True else self.closes - timedelta(days=1)
        while day > first and (self.is_closed_on(day) or (self.working_hours_only and not is_workday(day))):
            day -= timedelta(days=1)
        return max(day, self.opens) if self.opens else day

    def is_closed_on(self, day: date) -> bool:
        """Return whether nothing is done on a day, though the window may run."""
        return (
            day in self.closed
            or ("weekends" in self.closed and is_weekend(day))
            or ("holidays" in self.closed and is_holiday(day))
        )

    def next_open_day(self, day: date) -> date | None:
        """Return the first day after `day` on which something is done; None where none is left."""
        last = self.last_day or day + timedelta(days=60)
        after = (day + timedelta(days=n) for n in range(1, (last - day).days + 1))
        return next((one for one in after if not self.is_closed_on(one)), None)

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


def count_days(data: Any) -> Any:
    """Return the rows of a notice with a day for each `{after: WINDOW, days: N}` (or `workdays: N`) of its windows.

    One counts from the window's end, or with `after: issued` from the day of the notice. What cannot be counted stays
    as it is, for the check of the row to refuse.
    """
    rows = data.get("windows") if isinstance(data, Mapping) else None
    if not isinstance(rows, Sequence) or not any(_is_counted(row.get(key)) for row, key in _ends(rows)):
        return data
    windows = [dict(row) if isinstance(row, Mapping) else row for row in rows]
    head = data.get("notice")
    known = {"issued": read_day(head.get("issued_on"))} if isinstance(head, Mapping) else {}
    for _ in windows:  # a chain of windows is no longer than there are windows
        known |= {row.get("id"): read_day(row.get("to")) for row, key in _ends(windows) if key == "to"}
        for row, key in _ends(windows):
            row[key] = _count(row[key], known) if _is_counted(row.get(key)) else row.get(key)
    return {**data, "windows": windows}


def _ends(rows: Sequence[Any]) -> list[tuple[Any, str]]:
    return [(row, key) for row in rows if isinstance(row, Mapping) for key in ("from", "to")]


def _is_counted(value: object) -> bool:
    return isinstance(value, Mapping)


def _count(rule: Mapping[str, Any], known: Mapping[Any, date | None]) -> Any:
    """Return the day that a rule counts to, or the rule where it cannot be counted."""
    rest = {key: value for key, value in rule.items() if key != "after"}
    start = known.get(rule.get("after"))
    if start is None or len(rest) != 1:
        return rule
    ((unit, written),) = rest.items()
    if unit not in ("days", "workdays") or not re.fullmatch(r"\d{1,3}", str(written), re.ASCII):
        return rule
    n = int(written)
    return start + timedelta(days=n) if unit == "days" else add_workdays(start, n)
