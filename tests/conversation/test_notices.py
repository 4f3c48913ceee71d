"""Two notices at once, the class, the clock."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from bot.conversation.decide import decide
from bot.domain.messages import Incoming
from bot.domain.session import Session
from tests.conftest import Meets, another_notice, both_notices, only_another, shipped
from tests.person import at, check_turn, dump_position

CONTENT = shipped()
NOTICE = next(iter(CONTENT.notices))


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


def test_before_she_chose_what_is_the_same_is_told_and_every_shortcut_is_there(meets: Meets) -> None:
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
