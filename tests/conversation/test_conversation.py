"""Who answers what: precedence, stale buttons, links, notices, the clock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from bot.conversation.decide import MAX_TEXT, decide
from bot.conversation.places import place_of
from bot.conversation.turn import Context
from bot.domain import button_ids as ids
from bot.domain.button_ids import Act, Ask
from bot.domain.messages import Incoming
from bot.domain.session import Session
from bot.reading.acts import AnswerAct, CommandAct
from flows.engine import JUMP
from tests.conftest import Meets, another_notice, both_notices, only_another, shipped
from tests.person import at, check_turn, dump_position

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)
NOTICE = next(iter(CONTENT.notices))
RIGHT = {f"field__{field.name}": "right" for field in CONTENT.notices[NOTICE].check_fields} | {"photo": "right"}


# Stale and doubled presses


def test_a_doubled_press_changes_nothing(meets: Meets) -> None:
    person = meets()
    person.does()
    for _ in range(25):
        press = next(person.own()).id
        person.does(press=press)
        before = dump_position(person)
        person.does(press=press)
        assert dump_position(person) == before
        assert CONTENT.phrases.stale.split("。")[0] in person.heard
        assert not person.turn.happenings


@pytest.mark.parametrize("step", STEPS)
def test_buttons_of_every_other_step_change_nothing(step: str, meets: Meets) -> None:
    person = meets().stands(step)
    before = dump_position(person)
    moves = person.position.moves if person.position else 0
    for other in STEPS[STEPS.index(step) % 6 :: 6]:
        for action in ("done", "yes", "right", "back"):
            if other != step:
                person.does(press=str(Act(SCRIPT.id, other, moves, action)))
                assert dump_position(person) == before
        person.does(press=str(Act(SCRIPT.id, other, moves + 1, JUMP)))
        person.does(press=str(Act("older", other, moves, JUMP)))
        assert dump_position(person) == before


def test_a_button_from_before_a_restart_is_old(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    person.presses("专科")
    person.says("重新开始")
    person.presses(CONTENT.phrases.buttons["restart_yes"])
    assert person.step == "m0-who"
    before = dump_position(person)
    person.does(press=old)
    assert dump_position(person) == before


def test_a_button_from_before_forgetting_is_harmless(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    assert person.says("忘记我").forget
    assert person.stored is None
    person.does(press=old)
    assert person.position is None
    check_turn(person.turn)


# Precedence


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


# Coming and going


def test_a_first_word_is_answered_after_the_greeting(meets: Meets) -> None:
    person = meets()
    person.says("忘了密码怎么办")
    assert person.turn.replies[0].text.startswith("你好")
    assert person.turn.replies[-1].topic == "forgot-password"
    assert not any(reply.buttons for reply in person.turn.replies[:-1])


def test_a_first_hello_is_the_greeting_and_no_more(meets: Meets) -> None:
    arrives, says = meets().does(), meets().says("你好")
    assert arrives.replies == says.replies
    assert len(arrives.replies) == 2


def test_the_second_hello_shows_where_she_stands(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("你好")
    assert CONTENT.phrases.small_talk["hello"] in person.heard
    assert "登录学信档案" in person.heard
    assert person.turn.missed is None


@pytest.mark.parametrize(
    ("text", "topic", "step"),
    [
        ("/start", None, None),
        ("/start faq-deadline", "deadline", None),
        ("/start step-m2-site", None, "m2-site"),
        ("/start step-m9-verdict", None, "m7-fields"),
        ("/start notice-2014-autumn", None, None),
        ("/start notice-1999-spring", None, None),
        ("/start faq-no-such", None, None),
        ("/start step-gone", None, None),
        ("/start nonsense", None, None),
        ("/start@gradbot faq-deadline", "deadline", None),
    ],
)
def test_a_link_leads_where_it_says_or_to_the_menu(
    text: str, topic: str | None, step: str | None, meets: Meets
) -> None:
    person = meets()
    check_turn(person.says(text))
    assert (person.position.step if person.position else None) == step
    assert topic in {reply.topic for reply in person.turn.replies}
    if not topic and not step:
        assert "开始核对" in {button.text for button in person.shown}


def test_a_link_to_a_step_moves_somebody_who_is_on_the_way(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("/start step-m2-site")
    assert person.step == "m2-site"
    assert person.position
    assert person.position.trail == ("m5-login",)


# Two notices


def test_with_two_notices_she_is_asked_which(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.does()
    assert [button.text for button in person.shown] == [n.notice.short for n in both_notices().notices.values()]
    for words in ("开始核对", "菜单", "跳转", "重新开始", "继续"):
        person.says(words)
        assert person.position is None
        assert {button.id for button in person.shown} == {f"notice|{name}" for name in both_notices().notices}


@pytest.mark.parametrize("words", ["几号截止", "截止日期", "联系老师", "照片不是我", "我的进度", "稍后"])
def test_before_she_chose_she_is_not_told_the_dates_of_one_of_two(words: str, meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.does()
    person.says(words)
    assert "选好以后再问我一次" in person.heard
    assert "0550" not in person.heard
    assert {button.id for button in person.shown} == {f"notice|{name}" for name in both_notices().notices}
    person.presses("2015届")
    person.says(words)
    assert "选好以后" not in person.heard


def test_before_she_chose_what_is_the_same_is_told_and_every_door_is_open(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.does()
    person.says("收不到验证码怎么办")
    assert "选好以后" not in person.heard
    person.presses("开始核对")
    assert "不算数" not in person.heard
    assert {button.id for button in person.shown} == {f"notice|{name}" for name in both_notices().notices}


def test_who_puts_it_off_before_the_walk_is_not_told_a_step(meets: Meets) -> None:
    person = meets("2013-12-09")
    person.does()
    person.says("稍后")
    assert "“”" not in person.heard


def test_each_notice_has_its_own_walk_and_its_own_buttons(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.says("/start notice-2014-autumn")
    person.presses("开始核对")
    person.says("会计电算化")
    first, autumn = next(person.own()).id, dump_position(person)
    person.says("/start notice-2015-spring")
    assert person.position is None
    before = person.stored
    person.does(press=first)
    assert person.position is None
    assert json.loads(person.stored or "{}")["walks"] == json.loads(before or "{}")["walks"]
    person.presses("开始核对")
    person.says("/start notice-2014-autumn")
    came_back = json.loads(dump_position(person))
    assert {**came_back, "moves": 0} == {**json.loads(autumn), "moves": 0}
    person.does(press=first)
    assert person.step == "m1-mailbox"


def test_a_withdrawn_notice_leads_to_the_one_in_force(meets: Meets) -> None:
    person = meets("2014-12-09", both_notices())
    person.says("/start notice-2015-spring")
    person.presses("开始核对")
    person.content = CONTENT
    check_turn(person.does())
    assert person.session
    assert person.session.notice == NOTICE
    assert person.position is None


def test_another_colleges_buttons_and_contacts_are_spoken_of(meets: Meets) -> None:
    person = meets("2014-12-09", only_another())
    person.stands("m9-verdict", field__姓名="right", field__民族="right", field__专业="right", photo="right")
    person.does(press="cmd|resume")
    assert "点“信息无误”" in person.heard
    assert "正确" not in person.heard
    person.stands("x1-report", cohort="law", field__姓名="wrong")
    person.does(press="cmd|resume")
    assert "先点“信息有误”" in person.heard
    assert "010-66668888" in person.heard
    assert "户口本（原件、复印件2份）" in person.heard
    person.stands("m1-photo-code")
    person.does(press="cmd|resume")
    assert "采集码" in person.heard
    assert "20元" in person.heard


def test_between_the_corrections_and_a_second_look_nobody_is_told_to_wait_or_to_hurry(meets: Meets) -> None:
    *others, correction = another_notice().windows
    ended = correction.model_copy(update={"closes": date(2014, 12, 28)})
    notice = another_notice().model_copy(update={"windows": (*others, ended)})
    person = meets("2014-12-30", replace(only_another(), notices={notice.id: notice}))
    person.stands("x3-papers", cohort="law").does(press="cmd|resume")
    assert "个工作日" not in person.heard
    assert "改后复核要到2015年1月5日（周一）才开始，还有6天" in person.heard
    person.says("/start step-m6-record")
    assert person.position
    assert person.position.step == "m6-record"


@pytest.mark.parametrize(
    ("day", "said", "unsaid"),
    [
        ("2014-03-19", "到更正截止，从明天算起还有1个工作日", "最后一天"),
        ("2014-03-20", "今天（2014年3月20日（周四））是更正信息的最后一天", "最迟2014年3月19日"),
    ],
)
def test_on_the_last_day_nobody_is_sent_to_yesterday(day: str, said: str, unsaid: str, meets: Meets) -> None:
    person = meets(day).stands("x3-papers")
    person.says("继续")
    assert said in person.heard
    assert unsaid not in person.heard


@pytest.mark.parametrize(
    ("day", "closes", "said"),
    [
        ("2014-12-17", date(2014, 12, 17), "到更正截止，从明天起没有工作日了"),
        ("2014-12-19", date(2014, 12, 21), "到更正截止，从明天起没有工作日了"),
        ("2014-12-16", date(2014, 12, 17), "到更正截止，从明天算起还有1个工作日"),
    ],
)
def test_when_no_working_day_is_left_it_is_said_and_not_counted(
    day: str, closes: date, said: str, meets: Meets
) -> None:
    *others, correction = another_notice().windows
    how = {"opens": None, "closes": closes, "end_inclusive": True, "working_hours_only": False}
    notice = another_notice().model_copy(update={"windows": (*others, correction.model_copy(update=how))})
    person = meets(day, replace(only_another(), notices={notice.id: notice}))
    person.stands("x3-papers", cohort="law").does(press="cmd|resume")
    assert said in person.heard
    assert "还有0个" not in person.heard


# The class


def test_the_class_is_said_back_and_can_be_changed_at_any_time(meets: Meets) -> None:
    person = meets("2013-12-05")
    person.says("开始")
    person.says("安财的会计学")
    assert "专升本、安徽财经大学、会计学，对吗" in person.heard
    near = next(button for button in person.shown if button.text == "会计电算化")
    for label in ("完成了", "完成了"):
        person.presses(label)
    person.does(press=near.id)
    assert "专科、会计电算化，对吗" in person.heard
    assert (person.step, person.position and person.position.answers["cohort"]) == ("m1-id", "zhuanke")
    person.does(press="class|o00000000")
    assert person.step == "m1-id"


# The clock


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2013-11-20", "还没开始"),
        ("2013-12-01 00:00", "现在正是核对的时间"),
        ("2013-12-05", "现在正是核对的时间"),
        ("2013-12-20 23:59", "今天（2013年12月20日（周五））是网上核对的最后一天"),
        ("2013-12-21 00:00", "更正信息还来得及"),
        ("2013-12-25", "更正信息还来得及"),
        ("2014-03-19", "更正信息还来得及"),
        ("2014-03-20", "是更正信息的最后一天"),
        ("2014-03-21 00:00", "已经截止"),
        ("2026-11-24", "已经截止"),
    ],
)
def test_the_clock_is_right_in_every_text_that_has_one(day: str, words: str, meets: Meets) -> None:
    person = meets(day)
    for press in (None, "cmd|menu", "cmd|deadline", "cmd|progress", "faq|deadline", "faq|missed-deadline"):
        person.does(press=press)
        assert words in person.heard, press
    person.stands("x1-report").does(press="cmd|resume")
    assert words in person.heard


@pytest.mark.parametrize("day", ["2026-11-24", "2014-03-21"])
def test_a_closed_notice_promises_nothing_and_names_the_phone(day: str, meets: Meets) -> None:
    person = meets(day)
    person.does()
    assert "0550-3055417" in person.heard
    assert "还来得及" not in person.heard
    person.does(press="cmd|deadline")
    assert all(reply.attachment is None for reply in person.turn.replies)


def test_a_rehearsed_day_wears_its_banner() -> None:
    turn = decide(CONTENT, Session(NOTICE), Incoming("test", "her", "菜单"), at("2013-12-05"), rehearsed=True)
    assert "演练" in turn.replies[0].text
    assert "2013年12月5日" in turn.replies[0].text.split("\n")[0]
    assert (
        "演练"
        not in decide(CONTENT, Session(NOTICE), Incoming("test", "her", "菜单"), at("2013-12-05")).replies[0].text
    )


# What each step offers


def numbered(steps: Sequence[str]) -> list[int]:
    return [n for step in steps if (n := SCRIPT.by_id[step].n) is not None]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("day", ["2013-12-05", "2026-11-24"])
def test_every_step_has_its_aids(step: str, day: str, meets: Meets) -> None:
    person = meets(day).stands(step, **RIGHT)
    check_turn(person.does(press="cmd|resume"))
    offered = {button.text for button in person.shown}
    assert {"遇到问题", "为什么", "稍后继续"} <= offered
    check_turn(person.does(press="cmd|why"))
    assert "为什么：" in person.heard
    check_turn(person.does(press="cmd|trouble"))
    helpful = [button for button in person.shown if button.id.startswith("faq|")]
    assert len(helpful) == len(SCRIPT.by_id[step].trouble) > 0
    assert {"联系老师", "回到这一步"} <= {button.text for button in person.shown}


def test_the_jump_list_has_every_main_step_in_order(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.does(press="cmd|jump")
    jumps = [parsed for button in person.shown if isinstance(parsed := ids.parse(button.id), Act)]
    assert numbered([act.step for act in jumps[:11]]) == list(range(11))
    assert len(jumps) == 11 + len(SCRIPT.doors)
    for act in jumps:
        other = meets().stands("m2-site")
        other.does(press=str(replace(act, moves=0)))
        assert other.position
        assert other.position.moves == 1


def test_another_notice_is_like_no_other() -> None:
    assert another_notice().photo.code_required
    assert not CONTENT.notices[NOTICE].photo.code_required


def test_asking_for_a_thing_needs_no_walk(meets: Meets) -> None:
    for name in CONTENT.phrases.commands:
        if name not in ("forget", "start"):
            person = meets()
            person.does()
            check_turn(person.does(press=str(Ask("cmd", name))))
            assert person.position is None, name


# What was answered last


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
