"""Typed before the walk has begun, when the bot asks 做到哪儿了: not yet, done, something is wrong, a class."""

from __future__ import annotations

import pytest

from tests.conftest import Meets
from tests.person import Person


def step_of(person: Person) -> str:
    return person.position.step if person.position else ""


def says_first(meets: Meets, text: str, today: str = "2013-12-05") -> Person:
    person = meets(today)
    person.says("你好")
    person.says(text)
    return person


@pytest.mark.parametrize("text", ["还没做", "还没弄呢", "我还没核对"])
def test_who_has_not_begun_begins(meets: Meets, text: str) -> None:
    assert step_of(says_first(meets, text)) == "m0-who"


@pytest.mark.parametrize("text", ["以后再做", "没时间"])
def test_who_puts_it_off_is_let_go(meets: Meets, text: str) -> None:
    person = says_first(meets, text)
    assert person.position is None
    assert "先到这里" in person.heard


@pytest.mark.parametrize("text", ["我核对过了", "都弄好了没有错", "我点完了"])
def test_who_is_done_is_asked_how(meets: Meets, text: str) -> None:
    assert step_of(says_first(meets, text)) == "m9-clicked"


def test_who_found_something_wrong_is_asked_what(meets: Meets) -> None:
    assert step_of(says_first(meets, "有个地方不对")) == "x1-which"


def test_a_button_of_the_menu_is_pressed_by_its_own_words(meets: Meets) -> None:
    assert step_of(says_first(meets, "我发现有错")) == "x1-which"
    assert step_of(says_first(meets, "我已经点了“正确”")) == "m9-clicked"


@pytest.mark.parametrize("text", ["有一项信息不对", "我们单位管理严", "我不会用计算机"])
def test_a_word_that_a_major_happens_to_hold_begins_with_no_class(meets: Meets, text: str) -> None:
    assert "是下面哪一个" not in says_first(meets, text).heard


def test_a_class_begins_the_walk_and_is_said_back(meets: Meets) -> None:
    person = says_first(meets, "专科的 机电")
    assert step_of(person) == "m1-mailbox"
    assert "机电一体化技术，对吗" in person.heard


def test_words_of_a_step_are_told_where_they_belong_and_move_nothing(meets: Meets) -> None:
    person = says_first(meets, "打开了")
    assert person.position is None
    assert "“打开学信网”那一步" in person.heard
    assert "核对还没开始" in person.heard


@pytest.mark.parametrize("text", ["有我", "姓名对", "是我的"])
def test_what_may_mean_anything_moves_nothing(meets: Meets, text: str) -> None:
    assert says_first(meets, text).position is None


def test_who_clicked_and_then_found_a_wrong_field_gets_the_sentence_for_it(meets: Meets) -> None:
    person = says_first(meets, "我点了正确才发现民族是错的 咋办啊")
    person.says("会计学")
    assert step_of(person) == "x1-report"
    assert "我已经点了“正确”，后来才发现：民族不对" in person.heard


def test_a_field_that_is_right_is_not_taken_as_the_wrong_one(meets: Meets) -> None:
    person = meets().stands("x1-which")
    person.says("姓名对")
    assert person.position
    assert person.position.answers["field:姓名"] == "right"
    assert "不对的是哪一项" in person.heard
