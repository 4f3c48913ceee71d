"""The admin's home: what waits with its number, and everything by typing Chinese."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.messages import Delivered, Outcome, Post
from tests.admin.admin_area import Newsroom, said


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("问答", "现在用的是第 1 版"),
        ("问答帮助", "管问答，这些都可以直接打字"),
        ("/help", "改问答"),
        ("没答上来的", "没有等着处理的问题"),
        ("写新问答", "学生会怎么问"),
        ("改答案 忘了密码怎么办", "要改哪一样"),
        ("改答案忘了密码怎么办", "要改哪一样"),
        ("改答案", "要改哪一条"),
        ("改截止日期", "要改哪一个"),
        ("改电话", "现在是 0550-3055417"),
        ("退回上一版", "没有这一版"),
        ("发布历史", "还没有发布过新的"),
        ("谁改了什么", "还没有发布过新的"),
        ("删问答", "删哪一条"),
        ("删问答 忘了密码怎么办", "自带的问答不能删"),
        ("操作记录", "还没有做过什么"),
        ("要补的", "没有要补的"),
        ("为什么这样答：忘了密码", "像在：“密码”；不像在：“忘了”"),
    ],
)
async def test_what_an_admin_types_in_chinese_is_understood(typed: str, told: str, room: Newsroom) -> None:
    assert told in said(await room.says(typed))


async def test_the_same_words_of_a_graduate_are_for_the_bot(room: Newsroom) -> None:
    assert "管问答" not in await room.asks("问答帮助")
    assert "第 1 版" not in await room.asks("问答")


async def test_the_home_counts_what_waits_and_what_became_of_the_rest(room: Newsroom) -> None:
    await room.asks("毕业证翻译件去哪里盖章", "a")
    await room.asks("学士服到哪里领", "b")
    await room.presses(await room.says("没答上来的"), "忽略")
    home = await room.says("问答")
    assert "处理过的：忽略 1" in said(home)
    assert "没答上来的（1）" in [button.text for row in home.replies[0].buttons for button in row]


async def test_the_inbox_shows_near_answers_as_graduates_read_them(room: Newsroom) -> None:
    await room.asks("成绩单要盖红章的去哪里打")
    card = said(await room.says("没答上来的"))
    assert "最像的" in card
    assert "{{" not in card
    assert "[[" not in card
    room.knowledge.present = lambda: datetime(2013, 12, 4, 20, tzinfo=UTC)
    assert room.knowledge.today == date(2013, 12, 5), "the day of the college, where the night is ours"


async def test_the_inbox_shows_a_week_a_step_or_a_word_alone(room: Newsroom) -> None:
    await room.asks("毕业证翻译件去哪里盖章", "a")
    room.now += timedelta(days=8)
    await room.asks("学士服到哪里领", "b")
    assert "共 2 组" in said(await room.says("没答上来的"))
    week = said(await room.says("没答上来的 本周"))
    assert "学士服" in week
    assert "共 1 组" in week
    assert "翻译件" in said(await room.says("/faq inbox 翻译"))


async def test_the_sheet_goes_out_and_comes_back_as_a_draft(room: Newsroom) -> None:
    sheet = (await room.says("导出表格")).replies[0].attachment
    assert sheet
    assert sheet.name == "问答第1版.xlsx"
    assert "没有要发布的" in said(await room.sends(sheet.name, sheet.data))
    assert "表坏了" in said(await room.sends("问答第1版(1).xlsx", b"PK\x03\x04rubbish"))


async def deliver_all(room: Newsroom) -> list[Post]:
    posts: list[Post] = []

    async def deliver(post: Post) -> Delivered:
        posts.append(post)
        return Delivered(Outcome("sent"))

    while deliveries := await room.service.outbox.deliveries("test", deliver):
        for delivery in deliveries:
            await delivery
    return posts


async def test_a_group_is_given_to_a_colleague_who_answers_it_with_the_buttons_that_came(room: Newsroom) -> None:
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", "22")
    await room.asks("学士服到哪里领", "b")
    asked = await room.presses(await room.says("没答上来的"), "交给同事")
    assert "已经发给他" in said(await room.presses(asked, "李老师"))
    came = [post.reply for post in await deliver_all(room) if post.user == "22" and post.reply][-1]
    assert "学士服到哪里领" in came.text
    assert "交给了李老师" in said(await room.says("没答上来的"))
    assert "学士服到哪里领" in said(await room.says("没答上来的 我的", "22"))
    assert "没有等着处理的问题" in said(await room.says("没答上来的 我的"))
    new = next(b for row in came.buttons for b in row if b.text == "写新问答")
    assert "学士服到哪里领" in said(await room.taps(new.id, "22"))
    mine = await room.presses(await room.says("没答上来的"), "交给同事")
    assert "记在你名下" in said(await room.presses(mine, "我自己来"))


async def test_each_task_of_the_week_is_one_tap_away(room: Newsroom) -> None:
    await room.asks("学士服到哪里领", "b")
    week = await room.says("这一周")
    assert "· 学士服到哪里领" in said(await room.presses(week, "答：学士服到哪里领"))
    years_later = await room.editor.digest.week(room.now + timedelta(days=5_500))
    old = next(b for row in years_later.buttons for b in row if b.text.startswith("补："))
    assert "要改哪一样" in said(await room.taps(old.id))
