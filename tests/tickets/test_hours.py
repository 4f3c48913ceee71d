"""Office hours: when somebody answers, and when so many hours of it have passed."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from bot.content.phrases.desk import Office
from bot.tickets.hours import is_open, later, opens_at

OFFICE = Office(days=(1, 2, 3, 4, 5), opens=time(8, 30), closes=time(17))


def at(text: str) -> datetime:
    """A local moment of December 2013; the 6th is a Friday."""
    return datetime.strptime(f"2013-12-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - local time


@pytest.mark.parametrize(
    ("now", "hours", "then"),
    [
        ("05 15:00", 2, "05 17:00"),  # ends with the closing time, not with the next morning
        ("05 15:00", 2.5, "06 09:00"),
        ("06 16:00", 2, "09 09:30"),  # over a weekend
        ("05 08:30", 8.5, "05 17:00"),
        ("05 17:00", 1, "06 09:30"),
        ("05 03:00", 0, "05 08:30"),
    ],
)
def test_hours_pass_while_the_office_is_open(now: str, hours: float, then: str) -> None:
    assert later(OFFICE, at(now), hours) == at(then)


def test_open_from_the_first_minute_to_the_one_before_the_last() -> None:
    assert [is_open(OFFICE, at(f"05 {clock}")) for clock in ("08:29", "08:30", "16:59", "17:00")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert opens_at(OFFICE, at("05 12:00")) == at("05 12:00")
    assert opens_at(OFFICE, at("06 17:00")) == at("09 08:30")
