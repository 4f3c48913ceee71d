"""The card to keep, and the drawing of where to click: asked for at any time, in words and as a picture."""

from __future__ import annotations

import pytest

from bot.domain.messages import Reply
from tests.conftest import Meets, shipped
from tests.person import CAPTION, Person

SKETCHED = [step.id for step in shipped().script.steps if step.sketch]


def card_of(person: Person) -> Reply:
    (card,) = [reply for reply in person.turn.replies if reply.text.startswith("我的核对卡片")]
    return card


def test_whoever_found_a_mistake_has_all_of_it_on_one_card(meets: Meets) -> None:
    person = meets().stands(
        "x2-allowed", cohort="ancai", major="会计学", field__姓名="wrong", field__性别="right", reported="2013-12-04"
    )
    person.says("我的卡片")
    card = card_of(person)
    for words in (
        "专升本（安徽财经大学） 会计学",
        "姓名",
        "您好",
        "户口本",
        "2013年12月20日",
        "2014年3月20日",
        "0550-3055417",
        "报告学校的日子：2013年12月4日",
        "用户名、密码写在自己的纸上",
    ):
        assert words in card.text
    assert card.own
    assert card.stays
    assert len(card.text) <= CAPTION
    assert card.picture
    assert card.text == "\n\n".join(box.text for (box,) in card.picture.rows)


def test_a_card_before_the_walk_has_the_dates_and_nothing_about_the_person(meets: Meets) -> None:
    person = meets()
    person.says("我的卡片")
    assert "2014年3月20日" in card_of(person).text
    assert "我是" not in card_of(person).text
    assert "打电话这样说" not in card_of(person).text


def test_the_card_comes_by_itself_when_somebody_is_done_and_only_then(meets: Meets) -> None:
    person = meets().stands("m10-date", cohort="zhuanke", major="工程造价", checked="own")
    person.says("12月4日")
    assert person.step == "m10-done"
    assert "点“正确”的日子：2013年12月4日" in card_of(person).text
    person.says("继续")
    assert "我的核对卡片" not in person.heard


@pytest.mark.parametrize("step", SKETCHED)
def test_where_to_click_is_drawn_and_said(meets: Meets, step: str) -> None:
    person = meets().stands(step)
    person.says("再说一遍")
    person.presses("在哪里点")
    drawn = person.turn.replies[0]
    assert drawn.picture
    boxes = [box for row in drawn.picture.rows for box in row]
    assert [box.tone for box in boxes].count("click") == 1
    assert "2013年的页面大致这样" in drawn.text
    assert "2013年的页面大致这样" in boxes[-1].text
    assert "不是网页截图" in drawn.text
    assert person.step == step
    assert "接着" in person.turn.replies[-1].text


def test_four_pages_are_drawn() -> None:
    assert {"m2-site", "m6-record", "m7-fields", "m9-verdict"} <= set(SKETCHED)


def test_elsewhere_the_question_where_leads_to_the_help_of_the_step(meets: Meets) -> None:
    person = meets().stands("m4-form")
    person.says("在哪里点")
    assert person.shown
    assert person.step == "m4-form"
