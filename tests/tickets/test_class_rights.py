"""A class teacher sees, reminds and answers their own class; everything else is not there for them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.classes import Classes, UnknownClass, dump, load, parse_classes
from bot.domain.messages import Incoming, Sent
from bot.store import Store
from bot.store.audience import of_classes
from bot.store.tables import people
from tests.broadcast.harness import NOTICE, add_people, session
from tests.conftest import shipped
from tests.person import buttons
from tests.tickets.staff_chat import GRADUATE, OWNER, Chats, at_noon, join_texts
from tests.tickets.test_roles import invite

CONTENT = shipped()
WORDS = CONTENT.phrases.desk
TEACHER, ELSEWHERE = "8", "sun"
ACCOUNTING = session("walking", cohort="ancai", major="会计学")
CIVIL = session("walking", cohort="angong", major="土木工程")


@pytest.fixture
async def chats(database_url: str) -> AsyncIterator[Chats]:
    """A graduate of 会计学 (GRADUATE), one of another class (ELSEWHERE), and the teacher of 会计学."""
    store = await Store.open(database_url)
    chats = Chats(CONTENT, store, at_noon())
    for n, (user, place) in enumerate(((GRADUATE, ACCOUNTING), (ELSEWHERE, CIVIL))):
        await add_people(store, [place], n, channel="test", user_id=user)
    await chats.say(f"/start {await invite(chats, '班主任 王老师 会计学')}", user=TEACHER)
    yield chats
    await store.close()


async def ask(chats: Chats, user: str, words: str = "学生证丢了去哪补") -> str:
    """Open a ticket; return its number."""
    await chats.say(words, user=user)
    await chats.press("cmd|desk", user=user)
    return chats.find_button("接手").split("|")[1]


async def reply(chats: Chats, number: str, text: str, user: str = TEACHER, file: Sent | None = None) -> str:
    """Reply to a message about a ticket in one's own chat; return what the bot says."""
    chats.updates_made = getattr(chats, "updates_made", 0) + 1  # type: ignore[attr-defined]
    update, button = f"reply-{chats.updates_made}", f"desk|{number}|take"  # type: ignore[attr-defined]
    kind = file.kind if file else ""
    incoming = Incoming("test", user, text, other=kind, update_id=update, file=file, reply_button=button)
    return join_texts(await chats._receive(incoming))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("会计学", ("ancai:会计学",)),
        ("会计学、工商管理", ("ancai:会计学", "ancai:工商管理")),
        ("专升本会计学班", ("ancai:会计学",)),
        ("机械设计与制造和土木工程", ("zhuanke:机械设计与制造", "angong:土木工程")),
        ("专科", ("zhuanke", "held-back")),
        ("angong ancai:会计学", ("angong", "ancai:会计学")),
    ],
)
def test_classes_are_read_as_people_name_them(words: str, names: tuple[str, ...]) -> None:
    found = parse_classes(words, CONTENT.notices[NOTICE])
    assert found == Classes(NOTICE, names)
    assert load(dump(found)) == found


@pytest.mark.parametrize("words", ["会计", "体育", "会计学体育", "机械", "", "、"])
def test_what_names_no_class_or_several_is_asked_back(words: str) -> None:
    found = parse_classes(words, CONTENT.notices[NOTICE])
    assert isinstance(found, UnknownClass)
    assert found.known


async def test_an_invitation_names_what_it_gives(chats: Chats) -> None:
    assert "会计电算化" in join_texts(await chats.say("/invite 班主任 李老师 会计", user=OWNER))
    offered = join_texts(await chats.say("/invite 班主任 李老师 会计学、工商管理 到 2013-12-31", user=OWNER))
    assert "专升本（安徽财经大学）会计学、" in offered
    assert "2013-12-31" in offered
    assert "班主任（专升本（安徽财经大学）会计学）" in join_texts(await chats.say("/staff", user=OWNER))
    assert "自己班" in join_texts(await chats.say("/help", user=TEACHER))
    assert "/faq" not in join_texts(await chats.say("/help", user=TEACHER))


async def test_another_invitation_changes_the_classes(chats: Chats) -> None:
    await chats.say(f"/start {await invite(chats, '班主任 王老师 工商管理')}", user=TEACHER)
    assert await chats.store.roles.find_classes("test", TEACHER) == Classes(NOTICE, ("ancai:工商管理",))
    await chats.say(f"/start {await invite(chats, 'staff 王老师')}", user=TEACHER)
    assert await chats.store.roles.find_classes("test", TEACHER) is None


async def test_tickets_of_other_classes_are_not_there(chats: Chats) -> None:
    own, other = await ask(chats, GRADUATE), await ask(chats, ELSEWHERE)
    listed = await chats.say("工单", user=TEACHER)
    assert [b.id for b in buttons(listed.replies)] == [f"desk|{own}|show"]
    assert other not in join_texts(listed)
    missing = "22222"
    for act in ("show", "take", "drop", "close", "reopen", "topics", "say|deadline"):
        forged = join_texts(await chats.press(f"desk|{other}|{act}", user=TEACHER))
        assert forged == join_texts(await chats.press(f"desk|{missing}|{act}", user=TEACHER)) == WORDS.gone
        in_group = await chats.act_as_staff(press=f"desk|{other}|{act}", user=TEACHER)
        assert join_texts(in_group) == WORDS.gone
    assert await reply(chats, other, "你好") == WORDS.gone
    found = await chats.store.tickets.find(number=other)
    assert found
    assert found.ticket.state == "open"
    assert chats.texts_to(ELSEWHERE) == []
    assert len(buttons((await chats.say("/tickets", user=OWNER)).replies)) == 2


async def test_a_class_teacher_answers_from_their_own_chat(chats: Chats) -> None:
    own = await ask(chats, GRADUATE)
    await ask(chats, ELSEWHERE, "毕业典礼几号开")
    heard = chats.texts_to(TEACHER)
    assert [text for text in heard if f"工单 {own}" in text], "the card of a ticket comes to them"
    assert not [text for text in heard if "典礼" in text]
    shown = await chats.press(f"desk|{own}|show", user=TEACHER)
    assert "学生证丢了" in join_texts(shown)
    assert "已接手" in join_texts(await chats.press(f"desk|{own}|take", user=TEACHER))
    assert "已发给学生" in await reply(chats, own, "明天来办公室补")
    assert any("明天来办公室补" in text for text in chats.texts_to(GRADUATE))
    assert any("王老师答复了学生" in text and "明天来办公室补" in text for text in chats.staff_texts)
    assert not any("答复了学生" in text for text in chats.texts_to(TEACHER)), "nobody hears their own words"
    await chats.say("好的老师几点", user=GRADUATE)
    assert any("好的老师几点" in text for text in chats.texts_to(TEACHER))
    listed = await chats.say("/tickets", user=TEACHER)
    under_list = Incoming("test", TEACHER, "谢谢", update_id="u1", reply_button=buttons(listed.replies)[0].id)
    await chats._receive(under_list)
    assert not any("谢谢" in text for text in chats.texts_to(GRADUATE)), "a list is about many"
    assert "备注记下了" in await reply(chats, own, "//他上午来过")
    assert "密码" in await reply(chats, own, "你的密码是 Abc12345")
    assert await reply(chats, own, "请填这张表", file=Sent("document", "form-1", "表.docx"))
    sent = [post.reply.bulletin for post in chats.posts if post.user == GRADUATE and post.reply]
    assert [one.file.id for one in sent if one and one.file] == ["form-1"]
    assert "已结束" in join_texts(await chats.press(f"desk|{own}|close", user=TEACHER))


async def test_what_is_fleeting_is_deleted_from_their_chat_too(chats: Chats) -> None:
    own = await ask(chats, GRADUATE)
    await chats.say("回电 13912345678", user=GRADUATE)
    await chats.send("photo", file=Sent("photo", "shot-1"))
    await chats.press("cmd|pass", user=GRADUATE)
    theirs = [post for post in chats.posts if post.user == TEACHER and post.reply]
    assert any("13912345678" in post.reply.text for post in theirs if post.reply)
    numbers = {n for n, post in chats._messages.items() if post.user == TEACHER and post.reply}
    await chats.press(f"desk|{own}|close", user=TEACHER)
    gone = [post for post in chats.posts if post.user == TEACHER and post.change == "delete"]
    assert len(gone) == 2
    assert {post.source for post in gone} <= numbers


async def test_a_role_that_is_over_hears_nothing_more(chats: Chats) -> None:
    await chats.say(f"/start {await invite(chats, '班主任 钱老师 会计学 到 2013-12-05')}", user="9")
    chats.now += timedelta(days=1)
    await ask(chats, GRADUATE)
    assert [text for text in chats.texts_to(TEACHER) if "学生证" in text]
    assert not [text for text in chats.texts_to("9") if "学生证" in text]


async def test_sql_and_python_agree_who_is_in_a_class(chats: Chats) -> None:
    store, lot = chats.store, random.Random(7)
    notice = CONTENT.notices[NOTICE]
    places = [(c.id, major) for c in notice.cohorts for major in (*c.majors, None)] + [(None, None), (None, "会计学")]
    stored = [session("walking", **dict(_answers(*place))) for place in places]
    await add_people(store, stored, 2)
    await add_people(store, stored[:3], len(stored) + 2, notice="another")
    names = [name for c, m in places if c for name in (f"{c}:{m}" if m else c,)]
    for _ in range(30):
        classes = Classes(NOTICE, tuple(lot.sample(names, lot.randint(1, 4))))
        rows = select(people.c.notice, people.c.cohort, people.c.major, of_classes(classes).label("is_in"))
        async with store._reader.connect() as connection:
            for row in await connection.execute(rows):
                assert bool(row.is_in) is classes.hold(*row[:3]), (classes, row)


def _answers(cohort: str | None, major: str | None) -> Iterator[tuple[str, Any]]:
    if cohort:
        yield "cohort", cohort
    if major:
        yield "major", major
