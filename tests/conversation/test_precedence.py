"""Who answers what: secrets, words of the step, commands, questions, misses; and what was answered last."""

from __future__ import annotations

import pytest

from bot.conversation.decide import MAX_TEXT
from bot.conversation.places import place_of
from bot.conversation.turn import Context
from bot.domain.messages import Incoming
from bot.reading.acts import AnswerAct, CommandAct
from tests.conftest import Meets, shipped
from tests.person import check_turn, dump_position

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)


def test_a_secret_comes_before_everything_and_is_nowhere_in_the_turn(meets: Meets) -> None:
    secret = "11010519491231002X"
    for step in STEPS:
        person = meets().stands(step)
        before = dump_position(person)
        turn = person.says(f"完成了 {secret}")
        assert turn.withdraw
        assert dump_position(person) == before
        assert secret not in repr(turn)
        assert list(person.own())


def test_the_notices_own_phone_and_mail_are_no_secrets(meets: Meets) -> None:
    person = meets().stands("m2-site")
    assert not person.says("0550-3055417 打不通").withdraw
    assert not person.says("kefu@chsi.com.cn 是真的吗").withdraw
    assert person.says("13800138000").withdraw


def test_only_the_certificate_step_reads_long_numbers(meets: Meets) -> None:
    number = "34112005001234567"
    assert not meets().stands("p3-numbers").says(number).withdraw
    assert meets().stands("p2-bind").says(number).withdraw
    assert meets().stands("p3-numbers").says("11010519491231002X").withdraw


def test_words_of_the_step_come_before_commands_and_questions(meets: Meets) -> None:
    person = meets().stands("m4-code")
    assert person.says("好的").session.position.step == "m4-enter"  # type: ignore[union-attr]
    person = meets().stands("m3-account")
    person.says("没有")
    assert person.step == "m4-form"


def test_commands_come_before_questions_and_leave_the_walk_alone(meets: Meets) -> None:
    for name, words in CONTENT.phrases.commands.items():
        if name == "forget":
            continue
        for word in (f"/{words[0]}", *words):
            person = meets().stands("m2-site")
            before = dump_position(person)
            check_turn(person.says(word))
            assert dump_position(person) == before, word
            assert person.turn.missed is None, word


def test_misses_climb_to_a_person_and_an_answer_starts_them_anew(meets: Meets) -> None:
    person = meets().stands("m2-site")
    heard = []
    for _ in range(3):
        assert person.says("学生证丢了去哪补").missed
        heard.append(person.turn.replies[0].text)
    assert len(set(heard)) > 1
    assert "0550-3055417" in heard[-1]
    person.says("截止日期")
    person.says("学生证丢了去哪补")
    assert person.turn.replies[0].text == heard[0]


def test_none_of_these_counts_as_a_miss_and_leads_to_a_person(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.says("学生证丢了去哪补")
    assert person.does(press="cmd|none").missed is None
    assert "0550-3055417" in person.heard
    person.does(press="cmd|none")
    assert "0550-3055417" in person.heard


def test_a_long_text_before_the_walk_is_led_to_the_menu(meets: Meets) -> None:
    person = meets()
    check_turn(person.says("问" * (MAX_TEXT + 1)))
    assert "开始核对" in {button.text for button in person.shown}


def test_a_long_text_is_asked_for_in_short(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.says("问" * (MAX_TEXT + 1))
    assert CONTENT.phrases.too_long in person.heard
    person.says("问" * MAX_TEXT)
    assert CONTENT.phrases.too_long not in person.heard


@pytest.mark.parametrize("words", ["弄好了", "做完了", "我已经点过正确了"])
def test_who_says_that_it_is_done_is_asked_whether_everything_was_right(words: str, meets: Meets) -> None:
    person = meets()
    person.does()
    person.says(words)
    assert person.step == "m9-clicked"
    assert person.turn.understood == (CommandAct("already-done"),)


def test_a_bare_ok_answers_the_step_that_was_shown_again(meets: Meets) -> None:
    person = meets().stands("m1-mailbox")
    person.does(press="cmd|resume")
    assert person.says("好").understood == (AnswerAct("done"),)


def test_a_short_question_is_read_with_the_answer_before_it(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.says("学历能自动绑定吗")
    assert person.session is not None
    context = Context(CONTENT, person.session, Incoming("test", "she", "要多久"), person.now)
    assert place_of(context).topic == "auto-binding"


def test_an_unknown_slash_command_reads_as_nothing(meets: Meets) -> None:
    person = meets()
    person.does()
    for text in ("/nosuch", "/faq", "/nosuch 1"):
        person.says(text)
        assert person.turn.understood == ()
        assert CONTENT.phrases.typed.unclear in person.turn.replies[0].text


def test_trouble_before_the_walk_is_asked_of_the_faq(meets: Meets) -> None:
    person = meets()
    person.does()
    person.says("登录不上去")
    assert CONTENT.phrases.choices.split("{")[0] in person.turn.replies[0].text


def test_words_that_are_said_again_mean_what_they_meant(meets: Meets) -> None:
    person = meets()
    person.says("你好")
    first, again = (person.says("学籍卡在哪里领") for _ in range(2))
    assert [reply.text for reply in again.replies[:1]] == [reply.text for reply in first.replies[:1]]
    assert "你想问的是哪一个" in first.replies[0].text
