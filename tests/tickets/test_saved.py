"""Answers and templates that teachers save in chat, use, and delete; those of a class stay with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.broadcast.harness import session
from tests.broadcast.test_chat import office
from tests.tickets.staff_chat import OWNER, Chats, button_texts, join_texts
from tests.tickets.test_roles import invite
from tests.tickets.test_tickets import chats, open_by_misses

__all__ = ["chats"]

WANG, LI = "21", "22"


async def let_in(chats: Chats, user: str, major: str) -> None:
    await chats.say(f"/start {await invite(chats, f'班主任 {user} {major}')}", user)


async def test_a_saved_answer_is_sent_by_a_button_and_gone_when_deleted(chats: Chats) -> None:
    assert "还没有存过" in join_texts(await chats.say("常用", OWNER))
    assert "存好了" in join_texts(await chats.say("常用 催照片：请先看通知第二条。", OWNER))
    number = await open_by_misses(chats)
    await chats.act_as_staff(press=f"desk|{number}|topics")
    await chats.act_as_staff(press=chats.find_button("催照片"))
    assert any("请先看通知第二条。" in text for text in chats.texts_to())
    listed = await chats.say("常用", OWNER)
    assert "删除“催照片”" in button_texts(listed)
    press = next(b.id for row in listed.replies[-1].buttons for b in row)
    assert "删掉了" in join_texts(await chats.press(press, OWNER))
    await chats.act_as_staff(press=chats.find_button("催照片"))
    assert "已经删掉了" in chats.staff_texts[-1]


@pytest.mark.parametrize("text", ["身份证 11010519491231002X", "点 http://evil.example/x 登录"])
async def test_what_may_not_be_sent_is_not_saved(chats: Chats, text: str) -> None:
    await chats.say(f"常用 坏的：{text}", OWNER)
    assert "还没有存过" in join_texts(await chats.say("常用", OWNER))


async def test_texts_of_a_class_are_its_own(chats: Chats) -> None:
    await let_in(chats, WANG, "会计学")
    await let_in(chats, LI, "工商管理")
    await chats.say("常用 大家的：全校都一样。", OWNER)
    await chats.say("常用 会计的：只对会计学。", WANG)
    theirs = await chats.say("常用", WANG)
    assert "只对会计学" in join_texts(theirs)
    assert button_texts(theirs) == ["删除“会计的”"]
    others = await chats.say("常用", LI)
    assert "只对会计学" not in join_texts(others)
    assert "全校都一样" in join_texts(others)
    press = theirs.replies[-1].buttons[0][0].id
    await chats.press(press, LI)
    assert "只对会计学" in join_texts(await chats.say("常用", WANG))


async def test_a_graduate_who_types_the_word_saves_nothing(chats: Chats) -> None:
    assert "存好了" not in join_texts(await chats.say("常用 题：话"))


async def test_a_draft_becomes_a_template_and_a_template_a_draft(tmp_path: Path) -> None:
    async with office(tmp_path, [session("walking")] * 5) as at:
        await at.says(at.owner, "模板 只剩几天：还有 {{ days_left }} 天")
        await at.says(at.owner, "/broadcast")
        await at.taps(at.owner, "新的群发")
        await at.taps(at.owner, "用模板")
        shown = await at.taps(at.owner, "只剩几天")
        assert re.search(r"内容：还有 \d+ 天", shown), "as a graduate reads it"
        await at.taps(at.owner, "写内容")
        await at.says(at.owner, "照片会：请带身份证")
        assert "存成了模板“照片会”" in await at.taps(at.owner, "存成模板")
        assert "照片会" in await at.says(at.owner, "模板")
        assert "删掉了" in await at.taps(at.owner, "删除“只剩几天”")
        await at.says(at.owner, "/broadcast 1")
        await at.taps(at.owner, "用模板")
        assert "照片会" in str(at.owner.messages[-1].buttons)
        assert "只剩几天" not in str(at.owner.messages[-1].buttons)


async def test_earlier_tickets_of_a_person_are_found_by_number(chats: Chats) -> None:
    first = await open_by_misses(chats)
    await chats.act_as_staff(press=f"desk|{first}|close")
    second = await open_by_misses(chats)
    shown = await chats.say(f"工单 {second.lower()}", OWNER)
    assert f"工单 {first} 已结束" in join_texts(shown)
    assert f"打开 {first}" in button_texts(shown)
    assert first in join_texts(await chats.say(f"/tickets #{first}", OWNER))
    assert "已经不在了" in join_texts(await chats.say("/tickets 22222", OWNER))
