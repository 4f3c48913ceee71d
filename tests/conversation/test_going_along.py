"""Somebody who only types and does not keep to the steps: the bot goes along, as a teacher would."""

from __future__ import annotations

import pytest

from bot.content.content import Content
from tests.person import Person, at


def walk_to(content: Content, step: str) -> Person:
    """Return a person of a class who stands at a step."""
    person = Person(content, at("2013-12-05"))
    person.says("你好")
    return person.stands(step, cohort="ancai", major="会计学")


def test_who_names_a_class_before_the_walk_has_begun_it_and_says_right_to_the_class_alone(content: Content) -> None:
    person = Person(content, at("2013-12-05"))
    person.says("老师好")
    person.says("我是专升本会计的")
    assert person.step == "m1-mailbox"
    person.says("对")
    assert person.step == "m1-mailbox"  # 对 was said to the class
    person.says("有")
    assert person.step == "m1-phone"


def test_one_message_answers_the_steps_whose_things_it_names(content: Content) -> None:
    person = walk_to(content, "m1-mailbox")
    person.says("邮箱好了，手机也能收短信")
    assert person.step == "m1-id"
    assert "准备自己的手机——完成了" in person.heard


@pytest.mark.parametrize("words", ["邮箱好了，手机还没有", "邮箱好了"])
def test_what_is_not_answered_is_not_passed(content: Content, words: str) -> None:
    person = walk_to(content, "m1-mailbox")
    person.says(words)
    assert person.step != "m1-id"


@pytest.mark.parametrize("words", ["去", "好", "嗯", "去那一步"])
def test_words_that_belong_to_another_step_lead_there_if_wished(content: Content, words: str) -> None:
    person = walk_to(content, "m1-phone")
    person.says("登上去了")
    assert person.step == "m1-phone"
    assert "要去那一步就打“去”" in person.heard
    person.says(words)
    assert person.step == "m5-login"


def test_whoever_says_twice_that_they_are_ahead_is_followed(content: Content) -> None:
    person = walk_to(content, "m1-phone")
    person.says("打开了")
    assert person.step == "m1-phone"
    person.says("登上去了")
    assert person.step == "m5-login"


def test_what_is_nearer_to_another_step_is_no_answer_here(content: Content) -> None:
    person = walk_to(content, "m1-mailbox")
    person.says("照片对的")
    assert person.step == "m1-mailbox"
    assert "要去那一步就打“去”" in person.heard


def test_words_of_a_step_before_the_walk_lead_to_its_beginning(content: Content) -> None:
    person = Person(content, at("2013-12-05"))
    person.says("你好")
    person.says("手机能收到短信")
    assert person.position is None
    assert "开始核对" in person.heard


def test_who_asks_for_the_dates_in_any_words_gets_them_as_a_file(content: Content) -> None:
    person = walk_to(content, "m1-mailbox")
    person.says("截止到什么时候")
    assert [reply.attachment.name for reply in person.turn.replies if reply.attachment] == ["毕业核对日程.ics"]
    assert person.step == "m1-mailbox"


def test_a_question_that_no_entry_answers_leads_to_the_teacher(content: Content) -> None:
    person = walk_to(content, "m10-done")
    person.says("弄完以后档案在哪里调")
    assert "0550-3055417" in person.heard
    assert "没听懂" not in person.heard


def test_a_photo_named_beside_a_field_is_as_wrong_as_the_field(content: Content) -> None:
    person = walk_to(content, "m6-record")
    person.says("照片和民族都不对")
    assert person.position
    assert {name for name, verdict in person.position.answers.items() if verdict == "wrong"} == {"field:民族", "photo"}
    person = walk_to(content, "m6-record")
    person.says("照片上面的名字不对")
    assert person.position
    assert "photo" not in {name for name, verdict in person.position.answers.items() if verdict == "wrong"}


def test_a_photo_named_among_the_fields_is_asked_for_at_its_own_step(content: Content) -> None:
    person = walk_to(content, "m7-fields")
    person.says("照片和民族都不对")
    assert person.position
    assert person.position.answers.get("field:民族") == "wrong"
    assert "照片不对" in person.heard


def test_words_about_the_photo_say_nothing_of_the_field_that_is_asked(content: Content) -> None:
    person = walk_to(content, "m7-fields")
    person.says("照片没问题")
    assert person.position
    assert not person.position.answers.get("field:姓名")


def test_who_names_the_step_to_jump_to_is_not_asked_for_it(content: Content) -> None:
    person = walk_to(content, "m1-mailbox")
    person.says("前面都弄好了 直接到登录")
    assert person.step == "m5-login"
    person = walk_to(content, "m1-mailbox")
    person.says("跳过这步")
    assert person.step == "m1-mailbox"
    assert "想跳到哪一步" in person.heard


def test_trouble_that_an_entry_of_the_step_explains_is_answered_with_it_and_not_with_a_list(content: Content) -> None:
    person = walk_to(content, "m4-code")
    person.says("一直没收到码")
    assert "卡在哪里了" not in person.heard
    assert person.step == "m4-code"
    assert person.turn.session.told[-1] in ("code-not-arriving", "sms-code")
