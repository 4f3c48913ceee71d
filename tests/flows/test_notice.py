"""Windows, clocks and what is wrong between the rows of a notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from flows.agreement import find_disagreements
from flows.clock import Phase, running_clock
from flows.notice import Contact, EntryPath, Notice
from flows.windows import Window
from flows.workdays import count_workdays, is_workday
from tests.conftest import another_notice, shipped
from tests.person import at

NOTICE = next(iter(shipped().notices.values()))


def window(**about: Any) -> Window:
    return Window.model_validate({"id": "w", "kind": "check", "label": "核对", **about})


# A window


@pytest.mark.parametrize(
    ("inclusive", "last", "safe"),
    [
        (True, date(2013, 12, 20), date(2013, 12, 20)),
        (False, date(2013, 12, 19), date(2013, 12, 19)),
        ("unknown", date(2013, 12, 20), date(2013, 12, 19)),
    ],
)
def test_whether_the_last_day_counts(inclusive: bool | str, last: date, safe: date) -> None:
    days = window(**{"from": "2013-12-01", "to": "2013-12-20", "end_inclusive": inclusive})
    assert (days.last_day, days.safe_day) == (last, safe)
    assert not days.is_over(datetime.combine(last, time(23, 59)))
    assert days.is_over(datetime.combine(last, time.min) + timedelta(days=1))


@pytest.mark.parametrize(
    ("to", "inclusive", "safe"),
    [
        ("2014-03-20", "unknown", "2014-03-19"),
        ("2014-03-22", True, "2014-03-21"),
        ("2014-03-23", True, "2014-03-21"),
        ("2014-03-24", "unknown", "2014-03-21"),
        ("2014-03-24", True, "2014-03-24"),
        ("2014-02-06", True, "2014-01-30"),  # the Spring Festival
        ("2014-02-08", True, "2014-02-08"),  # a Saturday that makes up for it
    ],
)
def test_the_safe_day_at_an_office_is_a_working_day(to: str, inclusive: bool | str, safe: str) -> None:
    days = {"to": to, "end_inclusive": inclusive}
    assert str(window(working_hours_only=True, **days).safe_day) == safe
    assert (window(working_hours_only=False, **days).safe_day or date.min).weekday() in range(7)


def test_the_safe_day_is_never_before_the_first() -> None:
    one_day = window(**{"from": "2014-03-22", "to": "2014-03-22", "working_hours_only": True})
    assert one_day.safe_day == date(2014, 3, 22)


@pytest.mark.parametrize(
    ("moment", "begun", "over"),
    [
        ("2014-12-01 07:59", False, False),
        ("2014-12-01 08:00", True, False),
        ("2014-12-05 03:00", True, False),
        ("2014-12-10 17:30", True, False),
        ("2014-12-10 17:31", True, True),
    ],
)
def test_times_belong_to_the_first_and_the_last_day(moment: str, begun: bool, over: bool) -> None:
    days = next(w for w in another_notice().windows if w.id == "check-law")
    now = datetime.fromisoformat(moment)
    assert (days.has_begun(now), days.is_over(now)) == (begun, over)


def test_an_open_end_never_closes_and_an_open_start_has_begun() -> None:
    days = window()
    assert days.has_begun(at("1900-01-01"))
    assert not days.is_over(at("9999-12-31"))
    assert days.safe_day is None


# The clock


@pytest.mark.parametrize(
    ("moment", "phase", "left"),
    [
        ("2013-11-30 23:59", Phase.PREPARE, 1),
        ("2013-12-01 00:00", Phase.CHECK, 19),
        ("2013-12-05", Phase.CHECK, 15),
        ("2013-12-20 23:59", Phase.CHECK, 0),
        ("2013-12-21 00:00", Phase.LATE, 89),
        ("2014-03-20 23:59", Phase.LATE, 0),
        ("2014-03-21 00:00", Phase.CLOSED, None),
        ("2026-11-24", Phase.CLOSED, None),
    ],
)
def test_the_four_clocks(moment: str, phase: Phase, left: int | None) -> None:
    running = running_clock(NOTICE, None, at(moment))
    assert (running.phase, running.days_left) == (phase, left)


@pytest.mark.parametrize(
    ("moment", "cohort", "phase", "which"),
    [
        ("2014-11-30", "law", Phase.PREPARE, "check-law"),
        ("2014-12-09", "law", Phase.CHECK, "check-law"),
        ("2014-12-09", "nurse", Phase.CHECK, "check-nurse"),
        ("2014-12-05", "nurse", Phase.PREPARE, "check-nurse"),
        ("2014-12-10 18:00", "law", Phase.LATE, "correction"),
        ("2014-12-20", "nurse", Phase.LATE, "correction"),
        ("2015-01-06", "law", Phase.CHECK, "recheck"),
        ("2015-01-10", "law", Phase.LATE, "correction"),
        ("2015-03-22", None, Phase.LATE, "correction"),
        ("2015-03-23", None, Phase.CLOSED, None),
    ],
)
def test_with_several_windows_the_one_that_counts_is_found(
    moment: str, cohort: str | None, phase: Phase, which: str | None
) -> None:
    running = running_clock(another_notice(), cohort, at(moment))
    assert (running.phase, running.window.id if running.window else None) == (phase, which)


def test_where_the_end_does_not_count_the_day_before_is_the_last() -> None:
    left = {day: running_clock(another_notice(), "nurse", at(day)).days_left for day in ("2014-12-18", "2014-12-19")}
    assert left == {"2014-12-18": 1, "2014-12-19": 0}


def test_between_the_corrections_and_a_second_look_the_check_is_over_and_not_to_come() -> None:
    *others, correction = another_notice().windows
    ended = changed(windows=(*others, correction.model_copy(update={"closes": date(2014, 12, 28)})))
    running = running_clock(ended, "nurse", at("2014-12-30"))
    assert (running.phase, running.window and running.window.id, running.days_left) == (Phase.LATE, "recheck", 6)


@given(st.datetimes(at("2013-01-01"), at("2015-01-01")))
def test_time_only_goes_forward(moment: datetime) -> None:
    before, after = (running_clock(NOTICE, None, now).phase.value for now in (moment, moment + timedelta(hours=7)))
    assert before <= after


@given(st.dates(date(2013, 1, 1), date(2015, 1, 1)), st.integers(0, 200), st.integers(0, 200))
def test_working_days_add_up(start: date, first: int, second: int) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    assert count_workdays(start, end) == count_workdays(start, middle) + count_workdays(middle, end)
    assert count_workdays(end, start) == 0


def test_a_year_has_the_working_days_that_its_calendar_gives_it() -> None:
    assert count_workdays(date(2012, 12, 31), date(2013, 12, 31)) == 250
    assert count_workdays(date(2013, 12, 31), date(2014, 12, 31)) == 250


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2014-01-01", False),
        ("2014-01-26", True),  # a Sunday before the Spring Festival
        ("2014-01-31", False),
        ("2014-03-20", True),
        ("2014-03-22", False),
        ("2099-10-01", True),  # nobody knows that year yet
        ("2099-10-03", False),
    ],
)
def test_offices_keep_the_public_holidays_and_make_up_for_them(day: str, worked: bool) -> None:
    assert is_workday(date.fromisoformat(day)) is worked


def test_an_office_that_is_open_on_tuesdays_makes_up_for_nothing() -> None:
    assert is_workday(date(2014, 1, 21), [2])
    assert not is_workday(date(2014, 1, 26), [2])
    assert not is_workday(date(2014, 2, 4), [2])


# What a row may say


@pytest.mark.parametrize(
    ("about", "rule"),
    [
        ({"from": "2013-12-20", "to": "2013-12-01"}, "end_before_start"),
        ({"to": "12-20"}, "day_without_year"),
        ({"to": "12月20日"}, "day_without_year"),
        ({"to": "2013-02-30"}, "no_such_day"),
        ({"hours": ["8:30-11:30"]}, "string_pattern_mismatch"),
        ({"kind": "party"}, "literal_error"),
        ({"until": "2013-12-20"}, "extra_forbidden"),
    ],
)
def test_a_window_that_cannot_be(about: Mapping[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        window(**about)
    assert rule in {error["type"] for error in wrong.value.errors()}


@pytest.mark.parametrize("phone", ["0550-3055417", "010-66668888-123", "13800138000", "400-123-4567", "12371"])
def test_a_phone(phone: str) -> None:
    assert Contact(id="c", role="办公室", phones=(phone,)).phones == (phone,)


@pytest.mark.parametrize("phone", ["", "0550 3055417", "0550－3055417", "张老师", "12", "138001380001", "0550-305541"])
def test_no_phone(phone: str) -> None:
    with pytest.raises(ValidationError, match="malformed"):
        Contact(id="c", role="办公室", phones=(phone,))


@pytest.mark.parametrize("url", ["http//www.chsi.com.cn", "www.chsi.com.cn", "https：//chsi.com.cn", "https://chsi"])
def test_the_misprinted_address_is_no_address(url: str) -> None:
    with pytest.raises(ValidationError, match="malformed"):
        EntryPath(label="入口", url=url, as_of="2013年")
    assert EntryPath(label="入口", url="https://www.chsi.com.cn/xlcx", as_of="2013年").url.startswith("https")


def test_a_row_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        NOTICE.notice.__setattr__("title", "别的")


# Between the rows


def flaws(notice: Notice) -> set[str]:
    kinds = (error["type"] for error in find_disagreements(notice))
    return {kind.type for kind in kinds if isinstance(kind, PydanticCustomError)}


def changed(**sections: Any) -> Notice:
    return another_notice().model_copy(update=sections)


def test_the_two_notices_are_sound() -> None:
    assert flaws(NOTICE) == flaws(another_notice()) == set()


def broken() -> Mapping[str, Notice]:
    """One notice for each rule, broken in that alone."""
    n = another_notice()
    law, nurse = n.cohorts
    _, check_law, *_, correction = n.windows
    rename, general = n.corrections
    li, wang, chsi = n.contacts
    moved = check_law.model_copy(update={"id": "again", "closes": date(2014, 12, 12)})
    return {
        "id_twice": changed(cohorts=(law, nurse, law)),
        "unknown_cohort": changed(windows=(*n.windows[:-1], correction.model_copy(update={"cohorts": ("medicine",)}))),
        "unknown_contact": changed(routing=n.routing.model_copy(update={"photo": "nobody"})),
        "unknown_window": changed(corrections=(rename.model_copy(update={"window": "never"}), general)),
        "unknown_correction": changed(check_fields=(n.check_fields[0].model_copy(update={"kind": "改性别"}),)),
        "cohort_without_window": changed(windows=tuple(w for w in n.windows if w.id != "check-nurse")),
        "window_without_end": changed(windows=(*n.windows[:-1], correction.model_copy(update={"closes": None}))),
        "contact_unreachable": changed(contacts=(li.model_copy(update={"phones": ()}), wang, chsi)),
        "no_general_correction": changed(corrections=(rename,)),
        "code_without_how": changed(photo=n.photo.model_copy(update={"code_how": None})),
        "no_wrong_button": changed(verdict=n.verdict.model_copy(update={"wrong_button": None})),
        "two_dates": changed(windows=(*n.windows, moved)),
        "allowed_and_refused": changed(corrections=(*n.corrections, rename.model_copy(update={"allowed": "no"}))),
        "check_before_photo_shows": changed(
            windows=tuple(
                w.model_copy(update={"closes": date(2014, 12, 1)}) if w.id == "capture" else w for w in n.windows
            )
        ),
    }


@pytest.mark.parametrize("rule", broken())
def test_a_notice_that_is_broken_in_one_thing_is_told_so(rule: str) -> None:
    assert flaws(broken()[rule]) == {rule}


def test_papers_follow_what_was_found_wrong() -> None:
    kinds = [row.kind for row in another_notice().corrections_for(["姓名"])]
    assert kinds == ["改名", "*"]
    assert [row.kind for row in another_notice().corrections_for(["民族"])] == ["*"]
    assert [row.kind for row in another_notice().corrections_for([], "law")] == ["*"]
