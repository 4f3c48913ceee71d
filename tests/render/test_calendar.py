"""The calendar file, read back event by event."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from bot.render.calendar import calendar
from flows.notice import Notice
from tests.conftest import another_notice, shipped
from tests.person import Person, at

NOTICE = next(iter(shipped().notices.values()))
WORDS = shipped().phrases.calendar
MAX_LINE_BYTES = 75
"""Of a line without its end (RFC 5545, section 3.1)."""


def make_file(day: str, notice: Notice = NOTICE, cohort: str | None = None, name: str = "核对") -> str:
    return calendar(notice, cohort, WORDS, name, at(day)) or ""


def events_of(text: str) -> dict[str, Any]:
    """Return the events by their ids; Any, because the library types every property as any of thirty kinds."""
    return {str(event["UID"]): event for event in Calendar.from_ical(text).walk("VEVENT")}


def days_of(text: str) -> dict[str, date]:
    return {
        uid.split("@")[0].removeprefix(f"{NOTICE.id}-"): event["DTSTART"].dt for uid, event in events_of(text).items()
    }


def test_all_days_of_the_notice_are_in_it() -> None:
    assert days_of(make_file("2013-11-20")) == {
        "check-opens": date(2013, 12, 1),
        "check-safe": date(2013, 12, 19),
        "check-closes": date(2013, 12, 20),
        "correction-safe": date(2014, 3, 19),
        "correction-closes": date(2014, 3, 20),
    }


def test_days_that_are_past_are_left_out() -> None:
    assert set(days_of(make_file("2013-12-20"))) == {"check-closes", "correction-safe", "correction-closes"}
    assert set(days_of(make_file("2014-03-20"))) == {"correction-closes"}


def test_when_everything_is_over_there_is_no_file() -> None:
    assert calendar(NOTICE, None, WORDS, "核对", at("2014-03-21")) is None


def test_where_the_end_does_not_count_the_day_before_is_the_last() -> None:
    there = events_of(make_file("2014-12-01", another_notice(), "nurse"))
    assert there["2015-spring-check-nurse-closes@gradbot"]["DTSTART"].dt == date(2014, 12, 19)
    assert "2015-spring-check-nurse-safe@gradbot" not in there


def test_events_last_their_day_and_are_named_in_chinese() -> None:
    for event in events_of(make_file("2013-11-20")).values():
        assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(days=1)
        assert event["SUMMARY"]
        assert event["DTSTAMP"].dt.date() == date(2013, 11, 20)
    assert Calendar.from_ical(make_file("2013-11-20"))["X-WR-CALNAME"] == "核对"


def test_the_end_of_each_window_rings_at_nine_so_many_days_before() -> None:
    closes = events_of(make_file("2013-11-20"))["2014-autumn-check-closes@gradbot"]
    rings = [datetime.combine(closes["DTSTART"].dt, time.min) + a["TRIGGER"].dt for a in closes.walk("VALARM")]
    assert rings == [at("2013-12-20 09:00") - timedelta(days=n) for n in sorted(NOTICE.staff.chase_days, reverse=True)]
    others = [event for uid, event in events_of(make_file("2013-11-20")).items() if "closes" not in uid]
    assert len(others) == 3
    assert not any(event.walk("VALARM") for event in others)


def test_an_alarm_on_the_day_itself_rings_at_nine() -> None:
    staff = NOTICE.staff.model_copy(update={"chase_days": (0,)})
    event = events_of(make_file("2013-11-20", NOTICE.model_copy(update={"staff": staff})))[
        "2014-autumn-check-closes@gradbot"
    ]
    assert [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")] == [timedelta(hours=9)]


def test_a_cohort_gets_its_own_windows() -> None:
    assert any("check-nurse" in uid for uid in events_of(make_file("2014-09-01", another_notice(), "nurse")))
    assert not any("check-law" in uid for uid in events_of(make_file("2014-09-01", another_notice(), "nurse")))
    both = events_of(make_file("2014-09-01", another_notice()))
    assert {"2015-spring-check-law-opens@gradbot", "2015-spring-check-nurse-opens@gradbot"} <= set(both)


@pytest.mark.parametrize("name", ["逗号,分号;反斜杠\\", "换\n行", "长" * 200, "a" * 75])
def test_odd_names_are_escaped_and_long_lines_folded(name: str) -> None:
    windows = tuple(window.model_copy(update={"label": name}) for window in NOTICE.windows)
    text = make_file("2013-11-20", NOTICE.model_copy(update={"windows": windows}), name=name)
    event = events_of(text)["2014-autumn-check-opens@gradbot"]
    assert event["SUMMARY"] == WORDS.opens.format(label=name)
    assert text.endswith("END:VCALENDAR\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= MAX_LINE_BYTES


def test_signs_that_mean_something_in_the_format_are_escaped() -> None:
    windows = (NOTICE.windows[0].model_copy(update={"label": "甲,乙;丙\\丁\n戊"}),)
    assert r"SUMMARY:甲\,乙\;丙\\丁\n戊" in make_file("2013-11-20", NOTICE.model_copy(update={"windows": windows}))


def test_the_deadline_card_carries_the_file() -> None:
    person = Person(shipped(), at("2013-12-05"))
    person.says("截止日期")
    files = [reply.attachment for reply in person.turn.replies if reply.attachment]
    assert [file.name for file in files] == [WORDS.file]
    assert days_of(files[0].content) == days_of(make_file("2013-12-05"))
