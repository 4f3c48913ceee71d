"""From what a student asked to what the bot answers, on a phone: taps and one typed answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.messages import Answer
from tests.admin.admin_area import OWNER, Newsroom, said

LI = "22"
GOWN = "学士服在图书馆一楼领，带学生证。"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    yield opened
    await opened.close()


async def ask_all(room: Newsroom, *questions: str) -> None:
    for n, question in enumerate(questions):
        await room.asks(question, f"p{n}")


async def test_three_taps_and_one_answer_publish_what_was_asked_and_the_inbox_is_empty(room: Newsroom) -> None:
    await ask_all(room, "学士服在什么地方领", "学士服上哪儿领")
    card = await room.says("/faq inbox")
    assert "共 1 组" in said(card)
    asked = await room.presses(card, "写新问答")
    assert "标题先用“" in said(asked)
    shown = await room.says(GOWN)
    assert [reply.source for reply in shown.replies if reply.text == GOWN] == [
        "超出通知，2013-12-05查过，请向学籍办核实"
    ]
    assert "检查：没有问题。\n试答：原来问的 2 句，都答得上。\n别的问题：答案都不变。" in said(shown)
    told = await room.presses(shown, "发布")
    assert "原来问的 2 句：现在都答得上。" in said(told)
    assert GOWN in await room.asks("学士服上哪儿领")
    assert "没有等着处理的问题" in said(await room.says("/faq inbox"))
    await room.presses(told, "撤销")
    assert "共 1 组" in said(await room.says("/faq inbox"))


@pytest.mark.slow
async def test_from_nothing_the_title_comes_first_and_what_was_missed_is_suggested(room: Newsroom) -> None:
    await ask_all(room, "宿舍退宿要交钥匙吗")
    await room.taps("know|new")
    assert "有 30 个字" in said(await room.says("退宿" * 15))
    await room.says("退宿要交钥匙吗")
    shown = await room.says("要交，交给楼管。")
    assert "退宿要交钥匙吗／宿舍退宿要交钥匙吗" in said(shown)
    await room.presses(shown, "改问法")
    shown = await room.says("交钥匙给谁\n退房钥匙放哪")
    assert "交钥匙给谁／退房钥匙放哪" in said(shown)
    await room.presses(shown, "改答案")
    shown = await room.says("交给楼管。")
    await room.presses(shown, "发布")
    assert room.answers("交钥匙给谁") == ["交给楼管。"]


async def test_the_answer_may_come_first_and_a_tap_takes_the_title(room: Newsroom) -> None:
    await room.taps("know|new")
    asked = await room.says("毕业纪念册在西门传达室领，周末也开。")
    assert buttons(asked)[0] == "用：毕业纪念册在哪里领"
    shown = await room.presses(asked, "用：毕业纪念册在哪里领")
    await room.presses(shown, "发布")
    assert room.answers("毕业纪念册在哪里领") == ["毕业纪念册在西门传达室领，周末也开。"]


async def test_what_was_missed_is_offered_as_a_title_and_a_long_question_is_cut_to_its_part(room: Newsroom) -> None:
    await ask_all(room, "我们班长一直没回我消息所以我想来问一问，学士服上哪儿领")
    asked = await room.taps("know|new")
    asked = await room.presses(asked, "用：学士服上哪儿领")
    shown = await room.says(GOWN)
    assert "检查：没有问题。" in said(shown)
    told = await room.presses(shown, "发布")
    assert "现在都答得上" in said(told)
    assert "没有等着处理的问题" in said(await room.says("/faq inbox"))


async def test_an_entry_that_is_near_is_shown_with_both_texts_and_may_be_extended(room: Newsroom) -> None:
    await room.taps("know|new")
    await room.says("忘记密码了咋整呢")
    shown = await room.says("找张老师。")
    assert "“忘了密码怎么办”" in said(shown)
    assert "找张老师。" in said(shown)
    shown = await room.presses(shown, "算作：忘了密码怎么办")
    assert "加了问法" in said(await room.presses(shown, "发布"))
    assert room.knowledge.content.answers("忘记密码了咋整呢") == {"forgot-password"}
    assert "换掉" not in said(shown)


async def test_a_shipped_entry_is_replaced(room: Newsroom) -> None:
    await room.taps("know|new")
    await room.says("密码忘了怎么办")
    shown = await room.says("找张老师重置。")
    shown = await room.presses(shown, "换掉：忘了密码怎么办")
    await room.presses(shown, "发布")
    assert room.answers("密码找不回来") == ["找张老师重置。"]


@pytest.mark.slow
async def test_each_value_of_an_entry_is_changed_alone(room: Newsroom) -> None:
    card = await room.says("/faq edit 忘了密码怎么办")
    await room.presses(card, "改答案")
    shown = await room.says("点忘记密码。")
    assert "点忘记密码。" in said(shown)
    assert "“忘了密码怎么办”改了答案" in said(await room.presses(shown, "发布"))
    card = await room.says("/faq edit 忘了密码怎么办")
    await room.presses(card, "接着问什么")
    shown = await room.presses(await room.says("删 1"), "发布")
    assert "后面去掉了" in said(shown)
    card = await room.says("/faq edit 忘了密码怎么办")
    await room.presses(card, "改问法")
    assert "检查：没有问题。" in said(await room.says("点了忘记密码没有反应"))
    assert room.knowledge.content.entries["forgot-password"].answer == "点忘记密码。"


@pytest.mark.slow
async def test_an_own_entry_is_deleted_and_comes_back(room: Newsroom) -> None:
    await ask_all(room, "学士服到哪里领")
    await room.presses(await room.says("/faq inbox"), "写新问答")
    await room.presses(await room.says(GOWN), "发布")
    card = await room.says("/faq edit 学士服到哪里领")
    shown = await room.presses(card, "删掉这一条")
    assert "要删掉“学士服到哪里领”吗" in said(shown)
    told = await room.presses(shown, "确定删掉")
    assert room.answers("学士服到哪里领") != [GOWN]
    await room.presses(told, "撤销")
    assert room.answers("学士服到哪里领") == [GOWN]
    assert "删掉这一条" not in buttons(await room.says("/faq edit 忘了密码怎么办"))


def buttons(answer: Answer) -> list[str]:
    return [button.text for reply in answer.replies for row in reply.buttons for button in row]


async def test_a_deadline_is_changed_after_every_text_that_changes_was_shown(room: Newsroom) -> None:
    asked = await room.presses(await room.taps("know|facts|deadline"), "网上核对")
    assert "现在是 2013-12-20" in said(asked)
    unread = await room.says("下周吧")
    assert "没看懂是哪一天" in said(unread)
    assert buttons(unread) == ["不写了"]
    shown = await room.says("改到12月25日")
    assert "改后：现在正是核对的时间，2013年12月25日（周三）前要完成，还有20天。" in said(shown)
    assert "原文还是旧的" in said(shown)
    assert "2013-12-20 → 2013-12-25" in said(await room.presses(shown, "发布"))


@pytest.mark.slow
async def test_what_another_admin_changed_meanwhile_is_shown_beside_it(room: Newsroom) -> None:
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", LI)
    shown = {}
    for user, answer in ((OWNER, "我写的。"), (LI, "李老师写的。")):
        await room.presses(await room.says("/faq edit 忘了密码怎么办", user), "改答案", user)
        shown[user] = await room.says(answer, user)
    await room.presses(shown[LI], "发布", LI)
    asked = await room.presses(shown[OWNER], "发布")
    assert "李老师写的。" in said(asked)
    assert "现在用的（李老师，" in said(asked)
    assert room.answers("密码找不回来") == ["李老师写的。"]
    await room.presses(asked, "用我写的")
    assert room.answers("密码找不回来") == ["我写的。"]


async def test_whoever_stops_leaves_nothing_and_what_is_typed_then_is_typed_for_the_bot(room: Newsroom) -> None:
    asked = await room.taps("know|new")
    assert "现在用的没有变" in said(await room.presses(asked, "不写了"))
    await room.taps("know|new")
    assert "现在用的没有变" in said(await room.says("算了"))
    assert "答案" not in said(await room.says("学士服到哪里领"))
    assert "放得太久了" in said(await room.taps("know|send"))
    assert room.knowledge.number in (0, 1)
