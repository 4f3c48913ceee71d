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
    "m1-photo-code": "capture",
    "m5-confirm": "confirm",
    "m5-paper": "paper",
    "m6-record": "check",
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
        if person.position and person.position.state == "done":
            return entered
        person.does(press=next(person.own()).id)
    raise AssertionError(person.step)


@pytest.mark.parametrize(
    "chapters",
    [
        ("capture", "confirm", "check"),
        ("check", "paper"),
        ("check", "capture", "confirm"),
        ("paper", "check", "capture"),
    ],
)
def test_they_are_walked_in_the_order_of_the_notice(chapters: tuple[ChapterName, ...]) -> None:
    assert walk(*chapters) == list(chapters)


def test_without_an_order_the_windows_say_what_there_is_to_do() -> None:
    assert walk() == ["capture", "check"]


def test_the_usual_order_leaves_the_script_as_it_is() -> None:
    script, (notice,) = shipped().script, shipped().notices.values()
    usual = notice.model_copy(update={"chapters": ("capture", "check")})
    assert arrange(script, notice) is arrange(script, usual) is script
