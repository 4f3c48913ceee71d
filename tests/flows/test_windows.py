"""Windows that are counted, closed on some days, told with their hours, or come after one that was missed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from flows.facts import facts
from flows.notice import Notice
from flows.windows import Window
from tests.conftest import another_notice, shipped
from tests.person import at

COHORT = "nurse"


def window(**about: Any) -> dict[str, Any]:
    return {"id": "w", "kind": "check", "label": "核对", "end_inclusive": True, **about}


def notice(*windows: Mapping[str, Any]) -> Notice:
    data = another_notice().model_dump(by_alias=True, mode="json", exclude={"reminders", "corrections"})
    corrections = [{"kind": "*", "allowed": "office_decides"}]
    return Notice.model_validate({**data, "windows": list(windows), "corrections": corrections})


def told(one: Notice, day: str, name: str = "clock") -> str:
    return facts(one, shipped().phrases.facts, {"cohort": one.cohorts[0].id}, [], at(day))[name]


def test_a_day_may_be_counted_from_another_window_or_from_the_notice() -> None:
    capture = window(id="capture", kind="capture", **{"from": {"after": "issued", "days": 7}, "to": "2015-03-10"})
    check = window(**{"from": {"after": "capture", "days": 20}, "to": {"after": "w2", "workdays": 5}})
    other = window(id="w2", label="第二批", **{"from": "2015-04-01", "to": {"after": "capture", "days": 30}})
    counted = notice(check, capture, other).windows
    issued = another_notice().notice.issued_on or date.min
    assert counted[1].opens == date.fromordinal(issued.toordinal() + 7)
    assert (counted[0].opens, counted[2].closes) == (date(2015, 3, 30), date(2015, 4, 9))
    assert counted[0].closes == date(2015, 4, 16)  # five working days after a Thursday


@pytest.mark.parametrize(
    "rule",
    [
        {"after": "nothing", "days": 3},
        {"after": "w", "days": 3},
        {"after": "issued"},
        {"after": "issued", "weeks": 2},
        {"after": "issued", "days": -1},
        {"after": "issued", "days": 3, "workdays": 3},
    ],
)
def test_a_day_that_cannot_be_counted_is_refused_at_its_place(rule: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        notice(window(to=rule))
    first = refused.value.errors()[0]
    assert (first["type"], first["loc"]) == ("day_not_counted", ("windows", 0, "to"))


def test_on_closed_days_one_is_sent_to_the_next_open_one() -> None:
    photo = window(
        id="capture", kind="capture", label="拍照", hours=["08:00-17:00"], closed=["weekends", "2028-03-06"],
        **{"from": "2028-03-01", "to": "2028-03-12"},
    )  # fmt: skip
    one = notice(photo, window(**{"from": "2028-05-01", "to": "2028-05-31"}))
    assert "今天不办，3月7日（周二）再去" in told(one, "2028-03-04")
    assert "不办" not in told(one, "2028-03-07")
    assert "周末、3月6日（周一）不办" in told(one, "2028-03-07", "windows.list")
    assert one.windows[0].safe_day == date(2028, 3, 10)


def test_holidays_are_closed_and_working_saturdays_are_not() -> None:
    days = Window.model_validate(window(closed=["weekends", "holidays"], **{"from": "2026-01-01", "to": "2026-12-31"}))
    closed = [days.is_closed_on(date(2026, *day)) for day in ((10, 1), (10, 10), (10, 11), (10, 12))]
    assert closed == [True, False, True, False]


def test_the_hours_and_the_closing_time_of_the_check_are_told() -> None:
    one = notice(window(time_from="10:00", time_to="17:00", **{"from": "2028-03-06", "to": "2028-03-17"}))
    assert "当天10:00开始" in told(one, "2028-03-01")
    assert "2028年3月17日（周五）17:00前要完成" in told(one, "2028-03-08")
    daily = notice(window(hours=["08:00-11:30", "14:00-17:00"], **{"from": "2028-03-06", "to": "2028-03-17"}))
    assert "每天08:00-11:30、14:00-17:00。" in told(daily, "2028-03-08")


def test_whoever_missed_a_window_is_told_which_one_comes_instead() -> None:
    late = {"policy": "next_batch"}
    first = window(
        id="capture", kind="capture", label="集中拍照", late=late, **{"from": "2028-03-01", "to": "2028-03-03"}
    )
    again = window(id="again", kind="recapture", label="补拍", **{"from": "2028-04-01", "to": "2028-04-03"})
    check = window(id="a", label="第一批核对", late=late, **{"from": "2028-05-01", "to": "2028-05-03"})
    second = window(id="b", label="第二批核对", **{"from": "2028-06-01", "to": "2028-06-03"})
    one = notice(first, again, check, second)
    assert "参加这一次" not in told(one, "2028-03-02")
    assert "没赶上集中拍照的，参加这一次" in told(one, "2028-03-20")
    assert "没赶上第一批核对的，参加这一次" in told(one, "2028-05-10")
    assert "没赶上第一批核对的，参加这一次" in told(one, "2028-06-02")
