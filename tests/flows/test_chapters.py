"""A notice switches chapters of the walk on and puts them in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bot.content.content import Content
from bot.content.loading import load
from flows.chapters import arrange
from flows.notice_plan import ChapterName
from tests.conftest import shipped
from tests.person import Person, at

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
FIRST: Mapping[str, ChapterName] = {
    "m1-mailbox": "account",
    "m1-photo-code": "capture",
    "m5-identity": "identity",
    "m5-confirm": "confirm",
    "m5-paper": "paper",
    "m6-record": "check",
    "m10-report": "report",
    "m10-diploma": "diploma",
}


@cache
def college() -> Content:
    return load(EXAMPLES / "beihu")


def walk(*chapters: ChapterName) -> list[ChapterName]:
    """Walk to the end, and return the chapters in the order in which they were entered."""
    (notice,) = college().notices.values()
    person = Person(
        replace(college(), notices={notice.id: notice.model_copy(update={"chapters": chapters})}), at("2028-03-07")
    )
    person.does()
    person.says("开始核对")
    entered = list[ChapterName]()
    for _ in range(60):
        if person.step in FIRST and FIRST[person.step] not in entered:
            entered.append(FIRST[person.step])
        if person.step == "m10-done" and "collect" not in [button.id.split("|")[-1] for button in person.own()]:
            return entered
        if "diploma" in entered:
            return entered
        person.does(press=next(person.own()).id)
    raise AssertionError(person.step)


@pytest.mark.parametrize(
    "chapters",
    [
        ("account", "capture", "confirm", "check"),
        ("account", "check", "paper"),
        ("account", "check", "capture", "confirm"),
        ("capture", "identity", "account", "check", "report", "diploma"),
        ("account", "paper", "check", "identity", "capture"),
    ],
)
def test_they_are_walked_in_the_order_of_the_notice(chapters: tuple[ChapterName, ...]) -> None:
    assert walk(*chapters) == list(chapters)


def test_without_an_order_the_windows_say_what_there_is_to_do() -> None:
    assert walk() == ["account", "capture", "identity", "check", "report", "diploma"]


def test_the_usual_order_leaves_the_script_as_it_is() -> None:
    script, (notice,) = shipped().script, shipped().notices.values()
    usual = notice.model_copy(update={"chapters": ("capture", "check")})
    assert arrange(script, notice) is arrange(script, usual) is script


def test_who_only_has_a_photo_taken_needs_no_account() -> None:
    (notice,) = college().notices.values()
    photo = notice.photo.model_copy(update={"code_required": False})
    alone = notice.model_copy(update={"chapters": ("capture", "diploma"), "photo": photo})
    person = Person(replace(college(), notices={notice.id: alone}), at("2027-10-12"))
    person.does()
    person.says("开始核对")
    person.says("计算机科学与技术")
    assert person.step == "m1-photo-code"


def test_who_is_called_to_be_examined_hears_the_papers_and_who_is_done_where_the_diploma_is() -> None:
    person = Person(college(), at("2028-03-07")).stands("m5-identity", cohort="benke", major="英语")
    person.says("老师说我要复核")
    assert person.step == "m5-review"
    for said in ("身份证（原件、复印件1份）", "承诺书", "行政楼204", "2027年12月6日"):
        assert said in person.heard, said
    person.stands("m10-report", cohort="benke", major="英语", checked="own", clicked="2028-03-07").says("继续")
    for said in ("不管有没有错，都要报一声", "由班长统一报", "截图交给班长", "林老师：0991-5550101", "2028年3月20日"):
        assert said in person.heard, said
    person.presses("报过了")
    person.presses("什么时候领证")
    for said in ("2028年6月20日", "北湖大学体育馆", "身份证（原件）", "委托书"):
        assert said in person.heard, said
