"""Office hours: when somebody answers, and when so many hours of it have passed."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from bot.content.phrases.desk import Office
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.tickets import waiting
from bot.tickets.hours import is_open, later, opens_at
from tests import person
from tests.conftest import shipped

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


WITH_HOLIDAYS = Office.model_validate(
    {
        "days": [1, 2, 3, 4, 5],
        "opens": "08:30",
        "closes": "17:00",
        "holidays": ["2013-12-30"],
        "workdays": ["2013-12-28"],
    }
)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2013-12-05 12:00", "2013-12-05 12:00"),
        ("2013-12-05 08:00", "2013-12-05 08:30"),
        ("2013-12-05 17:00", "2013-12-06 08:30"),
        ("2013-12-06 17:30", "2013-12-09 08:30"),
        ("2013-12-31 20:00", "2014-01-02 08:30"),
        ("2013-12-27 20:00", "2013-12-28 08:30"),
        ("2013-12-28 20:00", "2013-12-31 08:30"),
        ("2014-01-30 17:00", "2014-02-07 08:30"),
        ("2014-02-07 17:00", "2014-02-08 08:30"),
    ],
)
def test_hours_over_holidays_and_days_that_make_up_for_them(moment: str, opens: str) -> None:
    assert opens_at(WITH_HOLIDAYS, person.at(moment)) == person.at(opens)
    assert is_open(WITH_HOLIDAYS, person.at(moment)) is (moment == opens)


def test_hours_add_up_over_nights_and_holidays() -> None:
    assert later(WITH_HOLIDAYS, person.at("2013-12-05 16:00"), 2) == person.at("2013-12-06 09:30")
    assert later(WITH_HOLIDAYS, person.at("2013-12-31 16:00"), 1.5) == person.at("2014-01-02 09:00")
    assert later(WITH_HOLIDAYS, person.at("2013-12-05 12:00"), 17) == person.at("2013-12-09 12:00")


@pytest.mark.parametrize(
    ("moment", "promised"),
    [
        ("2013-12-05 07:00", "今天 8:30"),
        ("2013-12-05 18:00", "明天 8:30"),
        ("2013-12-06 18:00", "12月9日（周一） 8:30"),
    ],
)
def test_an_honest_promise(moment: str, promised: str) -> None:
    said = waiting.promise(Voice(shipped(), Session("2014-autumn"), person.at(moment)))
    assert f"{promised} 以后回复" in said
    assert "0550-" in said
    assert "{" not in said
