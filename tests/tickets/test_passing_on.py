"""The desk finishes a case: files, numbers and changed words reach the other side, or it is said that they do not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.messages import Outcome, Sent
from bot.domain.privacy import Kind
from bot.store import Store
from tests.conftest import shipped
from tests.secrets import make_secrets
from tests.tickets.staff_chat import GRADUATE, OWNER, Chats, at_noon, join_texts

SHOT, FORM = Sent("photo", "shot-1"), Sent("document", "form-1", "更正申请表.docx")
WORDS = shipped().phrases.desk
THREAD = "500"


@pytest.fixture
async def chats(database_url: str) -> AsyncIterator[Chats]:
    store = await Store.open(database_url)
    chats = Chats(shipped(), store, at_noon())
    await chats.say("开始核对")
    await chats.press("cmd|desk")
    yield chats
    await store.close()


async def test_words_with_a_number_reach_staff_without_it(chats: Chats) -> None:
    for secret in make_secrets(14, seed=11):
        answer = await chats.say(f"民族写错了。{secret.sentence}")
        assert answer.withdraw, secret
        assert "民族写错了" in chats.staff_texts[-1], secret
        assert secret.secret not in "".join(chats.staff_texts), secret
        assert "已转给老师" in join_texts(answer)
        chats.now += timedelta(minutes=1)


async def test_a_number_to_call_is_shown_until_the_ticket_closes(chats: Chats) -> None:
    mobiles = [one.secret for one in make_secrets(350, seed=12) if one.kind is Kind.MOBILE]
    phone = next(one for one in mobiles if re.fullmatch("[0-9]{11}", one))
    answer = await chats.say(f"回电 {phone}")
    assert not answer.withdraw
    assert phone in chats.staff_texts[-1]
    shown = chats.newest_message
    assert phone not in str(await chats.store.export("test", GRADUATE))
    await chats.act_as_staff(press=chats.find_button("结束"), thread=THREAD)
    assert [post.source for post in chats.posts if post.change == "delete"] == [shown]


async def test_a_screenshot_goes_to_staff_after_a_yes(chats: Chats) -> None:
    before = len(chats.posts)
    asked = await chats.send("photo", "看这里", SHOT)
    assert "证件照片" in join_texts(asked)
    assert (await chats.send("photo", "", Sent("photo", "shot-2"), in_album=True)).replies == ()
    assert [post.reply and post.reply.bulletin for post in chats.posts[before:]] == [None]
    assert "看这里" in chats.staff_texts[-1]
    assert "2 个" in join_texts(await chats.press("cmd|pass"))
    files = [post.reply.bulletin.file for post in chats.posts if post.reply and post.reply.bulletin]
    assert files == [SHOT, Sent("photo", "shot-2")]
    await chats.say("不用老师了")
    assert len([post for post in chats.posts if post.change == "delete"]) == 2


async def test_a_file_that_is_not_meant_goes_nowhere(chats: Chats) -> None:
    await chats.send("document", "", FORM)
    await chats.press("cmd|hold")
    await chats.press("cmd|pass")
    assert not [post for post in chats.posts if post.reply and post.reply.bulletin]
    assert "没有转给老师" in join_texts(await chats.send("voice"))


async def test_a_form_and_changed_words_reach_the_graduate(chats: Chats) -> None:
    await chats.act_as_staff("填好带来", thread=THREAD, other="document", file=FORM, message="71")
    got = next(post for post in chats.posts if post.user == GRADUATE and post.reply and post.reply.bulletin)
    assert got.reply
    assert got.reply.bulletin
    assert got.reply.bulletin.file == FORM
    await chats.act_as_staff("周三来305", thread=THREAD, message="72")
    copy = str(100 + len(chats.posts) - 1)
    assert [(post.source, post.change) for post in chats.posts[-2:]] == [("72", ""), ("72", "mark")]
    await chats.act_as_staff("周四来305", thread=THREAD, message="72", other="edited")
    edit = next(post for post in chats.posts if post.change == "edit")
    assert (edit.user, edit.copy, edit.reply and edit.reply.text) == (GRADUATE, copy, "老师回复（改过）：\n周四来305")
    assert chats.staff_texts[-1] == WORDS.edit_delivered
    await chats.send("edited", "学籍里性别写错了")
    assert "学生改了刚才的一条，现在是：\n学籍里性别写错了" in chats.staff_texts[-1]


async def test_when_the_staff_chat_is_gone_owners_hear_and_the_graduate_gets_the_phone(chats: Chats) -> None:
    chats.outcomes = [Outcome("later", resume_at=chats.service._present() + timedelta(minutes=10), cause="desk")]
    await chats.say("还是不行")
    assert WORDS.lost_desk in chats.texts_to(OWNER)
    assert shipped().notices["2014-autumn"].contacts[0].phones[0] in chats.texts_to()[-1]
    chats.now += timedelta(minutes=11)
    await chats.deliver()
    assert "还是不行" in chats.staff_texts[-1]


async def test_staff_hear_every_hour_who_waits_longest(chats: Chats) -> None:
    await chats.say("学籍里的民族写错了")

    async def count_told() -> int:
        await chats.service.outbox.release_tickets()
        await chats.deliver()
        return sum("等了一小时以上" in text for text in chats.staff_texts)

    counts = []
    for minutes in (30, 90, 100, 125, 60 * 12):  # the last is midnight
        chats.now = at_noon() + timedelta(minutes=minutes)
        counts.append(await count_told())
    assert counts == [0, 1, 1, 2, 2]


async def test_on_the_last_day_nobody_is_told_to_wait(chats: Chats) -> None:
    await chats.act_as_staff(press=chats.find_button("结束"), thread=THREAD)
    chats.now = at_noon("2013-12-20 10:00")
    assert "今天是最后一天：请现在打" in join_texts(await chats.press("cmd|desk"))
