"""The look of replies: bubbles, rows of buttons, the head of a step."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.messages import Button, Reply
from bot.domain.session import Session
from bot.render.answers import render_answer
from bot.render.cards import render_progress
from bot.render.layout import BUBBLE, ROW, cut, pack_rows
from bot.render.reply import Voice
from bot.render.steps import render_step, repeat_step
from flows.engine import verdicts_of
from flows.model import Position
from tests.conftest import Meets, shipped
from tests.person import at

CONTENT = shipped()
SCRIPT = CONTENT.script
NOTICE = next(iter(CONTENT.notices))
WORDS = st.text(alphabet="好学籍照片核对电话。！？；，\n 1aé", max_size=900)


def make_voice(step: str | None = None, day: str = "2013-12-05", **answers: str) -> Voice:
    session = Session(NOTICE)
    if step:
        session = session.at(Position(SCRIPT.id, 1, step, moves=5, answers=answers))
    return Voice(CONTENT, session, at(day))


# Cutting


@given(WORDS, st.integers(5, 300))
def test_a_cut_keeps_every_sign_in_order_and_every_part_short(text: str, limit: int) -> None:
    parts = cut(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(WORDS)
def test_a_short_text_is_left_whole(text: str) -> None:
    assert cut(text, 1000) == [text.strip("\n")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("一段\n\n二段\n\n三段", ["一段\n\n二段", "三段"]),
        ("第一行字\n第二行字", ["第一行字", "第二行字"]),
        ("一句。二句。三句。四句。", ["一句。二句。", "三句。四句。"]),
        ("没有标点的一长串字啊", ["没有标点的一", "长串字啊"]),
    ],
)
def test_a_cut_falls_at_the_largest_break_there_is(text: str, parts: list[str]) -> None:
    assert cut(text, 6 if "段" not in text else 7) == parts


def test_buttons_stand_under_the_last_bubble_and_the_source_at_each() -> None:
    rows = ((Button("cmd|menu", "菜单"),), ())
    replies = make_voice().bubbles("一句话。" * 400, rows, source="notice", topic="deadline")
    assert len(replies) == 3
    assert all(len(reply.text) <= BUBBLE for reply in replies)
    assert [bool(reply.buttons) for reply in replies] == [False, False, True]
    assert replies[-1].buttons == rows[:1]
    assert {reply.source for reply in replies} == {"出自学校通知"}
    assert {reply.topic for reply in replies} == {"deadline"}


def test_the_school_itself_is_a_source_that_needs_no_date_and_no_second_look() -> None:
    label = make_voice().label("office")
    assert label == make_voice().label("office", date(2026, 1, 1))
    assert "学籍办" not in label


# Rows


@given(st.lists(st.text(alphabet="按钮字a", min_size=1, max_size=20), max_size=30))
def test_rows_keep_the_order_and_fit_a_phone(texts: list[str]) -> None:
    buttons = [Button(f"cmd|{n}", text) for n, text in enumerate(texts)]
    rows = pack_rows(buttons)
    assert list(chain.from_iterable(rows)) == buttons
    for row in rows:
        assert 0 < len(row) <= 3
        assert len(row) == 1 or sum(len(button.text) for button in row) <= ROW * 1.0


# Steps


def head_lines(replies: tuple[Reply, ...]) -> list[str]:
    return replies[0].text.split("\n")


@pytest.mark.parametrize(
    ("step", "head"),
    [
        ("m0-who", "第1/29步 □□□□□□□□□□ 这份通知包括你吗"),
        ("m3-account", "第8/29步 ■■■□□□□□□□ 你有学信网账号吗"),
        ("m6-compare", "第15/29步 ■■■■■□□□□□ 没看到自己的学籍"),
        ("m10-date", "第28/29步 ■■■■■■■■■■ 哪天点的"),
        ("x1-report", "【信息有误】马上报告学校"),
    ],
)
def test_a_step_begins_with_where_one_is_and_the_clock(step: str, head: str) -> None:
    assert head_lines(render_step(make_voice(step)))[0] == head
    assert head_lines(render_step(make_voice(step)))[1].startswith("⏰ 还有15天，最迟12月19日")


def test_who_is_done_sees_no_clock() -> None:
    there = make_voice("m10-done", clicked="2013-12-05")
    assert there.session.position
    done = Voice(CONTENT, there.session.at(replace(there.session.position, state="done")), there.now)
    assert "⏰" not in render_step(done)[0].text
    assert "⏰" in render_step(there)[0].text


@pytest.mark.parametrize("step", list(SCRIPT.by_id))
def test_after_an_answer_the_step_is_one_line_with_the_same_buttons(step: str) -> None:
    whole, (again,) = render_step(make_voice(step)), repeat_step(make_voice(step))
    assert again.text.count("\n") == 0
    assert len(again.text) <= 60
    assert again.buttons == whole[-1].buttons


def test_only_the_first_item_of_a_checklist_explains_it() -> None:
    first = make_voice("m7-fields")
    assert first.session.position
    second = Voice(CONTENT, first.session.at(replace(first.session.position, item=1)), first.now)
    assert "一项一项比" in render_step(first)[0].text.split("\n\n", 1)[1]
    assert "（1/10）" in render_step(first)[0].text
    assert "一项一项比" not in render_step(second)[0].text.split("\n\n", 1)[1]
    assert "（2/10）网上显示的“性别”" in render_step(second)[0].text


def test_the_back_button_is_there_when_there_is_a_way_back() -> None:
    def texts(at_step: Voice) -> list[str]:
        return [button.text for row in render_step(at_step)[-1].buttons for button in row]

    there = make_voice("m2-site")
    assert there.session.position
    assert "上一步" not in texts(there)
    walked = there.session.at(replace(there.session.position, trail=("m1-browser",)))
    assert "上一步" in texts(Voice(CONTENT, walked, there.now))


# Cards


def test_progress_counts_what_was_compared() -> None:
    answers = {"field:姓名": "right", "field:性别": "wrong", "photo": "unsure"}
    there = make_voice("m8-photo", **answers)
    assert there.session.position
    assert len(verdicts_of(there.notice, there.session.position)) == 11
    card = render_progress(there)[-1].text
    assert "1项对，2项有误或不确定，8项还没核对" in card
    assert "正在核对" in card


def test_progress_at_the_first_step_is_no_number(meets: Meets) -> None:
    person = meets("2013-12-10")
    person.does()
    person.presses("开始核对")
    person.says("我的进度")
    assert "已经走过：刚开始" in person.heard


def test_progress_before_the_walk_has_the_clock_and_the_shortcut() -> None:
    card = render_progress(make_voice())[-1]
    assert "你还没有开始核对" in card.text
    assert "现在正是核对的时间" in card.text
    assert card.buttons[0][0].text == "开始核对"


@pytest.mark.parametrize("topic", list(CONTENT.entries))
def test_an_answer_has_its_source_and_its_topic_and_a_way_on(topic: str) -> None:
    entry = CONTENT.entries[topic]
    replies = render_answer(make_voice(), entry)
    assert {reply.topic for reply in replies} == {topic}
    labels = dict.fromkeys(make_voice().label(part.source, part.checked_on) for part in entry.parts)
    assert list(dict.fromkeys(reply.source for reply in replies)) == list(labels)
    assert "开始核对" in {button.text for row in replies[-1].buttons for button in row}
    follows = [button.id for row in replies[-1].buttons for button in row if button.id.startswith("faq|")]
    assert follows == [f"faq|{follow}" for follow in entry.follow]


def test_what_is_beyond_the_notice_is_dated_and_sent_to_the_office() -> None:
    beyond = [entry for entry in CONTENT.entries.values() if entry.source == "beyond"]
    assert len(beyond) >= 20
    for entry in beyond:
        label = render_answer(make_voice(), entry)[0].source or ""
        assert "超出通知" in label
        assert str(entry.checked_on) in label


def test_a_personal_word_is_not_taken_for_a_template(meets: Meets) -> None:
    person = meets().stands("x1-report", major="{0} {{ contact.phone }}", field__姓名="wrong")
    person.does(press="cmd|resume")
    assert "{0} {{ contact.phone }}" in person.heard


def test_the_first_button_is_the_affirming_one() -> None:
    firsts = {
        step: render_step(make_voice(step))[-1].buttons[0][0].text
        for step in ("m3-account", "m4-confirm", "m6-record", "m8-photo")
    }
    assert firsts == {
        "m3-account": "没有，现在注册",
        "m4-confirm": "都对，点了“是”",
        "m6-record": "看到了，是我的",
        "m8-photo": "对，是我",
    }
