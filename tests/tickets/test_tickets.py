"""Tickets, over the real service and database: both sides, order, restarts, hours, secrets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.content.phrases.desk import Office
from bot.domain.messages import Incoming, Outcome
from bot.domain.session import Session
from bot.domain.zone import utc
from bot.render.reply import Voice
from bot.store import Store
from bot.tickets import waiting
from bot.tickets.hours import is_open, later, opens_at
from bot.tickets.number import LENGTH
from tests.conftest import shipped
from tests.person import at
from tests.secrets import synthetic
from tests.tickets.staff_chat import GRADUATE, OWNER, Room, at_noon, names, texts

NONSENSE = ("阿斯顿发", "去玩儿推", "自行车吧")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
    yield Room(shipped(), store, at_noon())
    await store.close()


async def opened(room: Room) -> str:
    """A ticket by three misses; its number."""
    for words in NONSENSE:
        await room.says(words)
    return room.button("接手").split("|")[1]


async def test_three_misses_open_a_ticket_with_the_last_words(room: Room) -> None:
    await room.says("开始核对")
    for words in NONSENSE[:2]:
        assert "编号" not in texts(await room.says(words))
    answer = await room.says(NONSENSE[2])
    number = room.button("接手").split("|")[1]
    assert f"编号 {number}" in answer.replies[0].text
    assert "现在是上班时间" in answer.replies[0].text
    card = room.in_staff_chat[-1]
    assert number in card
    assert NONSENSE[2] in card
    assert GRADUATE not in card
    assert len(room.in_staff_chat) == 1


async def test_a_whole_ticket(room: Room) -> None:
    await room.says("开始核对")
    number = await opened(room)
    assert (await room.says("学籍里的民族写错了")).replies == ()
    assert "学籍里的民族写错了" in room.in_staff_chat[-1]
    thread = "500"
    await room.staff(press=room.button("接手"), thread=thread)
    assert "老师已接手" in room.to()[-1]
    await room.staff("//这个学生上周来过", thread=thread)
    assert len(room.to()) == 1
    await room.staff("请带<身份证>来 305", thread=thread)
    assert room.to()[-1] == "老师回复：\n请带<身份证>来 305"
    assert (await room.says("好的，下午去")).replies == ()
    await room.staff(press=room.button("结束"), thread=thread)
    assert "老师已结束" in room.to()[-1]
    assert "12月20日" in texts(await room.says("什么时候截止"))
    await room.staff("再说一句", thread=thread)
    assert "没有发给学生" in room.in_staff_chat[-1]
    await room.staff(press=room.button("重新打开"), thread=thread)
    assert (await room.says("还有一件事")).replies == ()
    answer = await room.says("不用老师了")
    assert shipped().phrases.desk.withdrawn in texts(answer)
    assert number in room.in_staff_chat[-1]
    async with room.store._reader.connect() as connection:
        acts = (await connection.exec_driver_sql("SELECT who, act, about FROM audit ORDER BY id")).mappings().all()
    assert [(row["who"], row["act"]) for row in acts] == [
        (OWNER, act) for act in ("take", "note", "answer", "close", "reopen")
    ]
    assert {row["about"] for row in acts} == {number}


async def test_an_answer_that_begins_like_a_note_reaches_the_graduate(room: Room) -> None:
    await opened(room)
    said = len(room.to())
    for note in ("备注：他上周来过", "备注 他上周来过", "／／他上周来过", "备注"):
        await room.staff(note, thread="500")
    assert len(room.to()) == said
    await room.staff("备注栏空着就行", thread="500")
    assert room.to()[-1] == "老师回复：\n备注栏空着就行"


async def test_without_threads_a_reply_says_which_ticket(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
    room = Room(shipped(), store, at_noon(), threads=False)
    await opened(room)
    await room.staff("听得见吗", reply_to=room.message)
    assert room.to()[-1] == "老师回复：\n听得见吗"
    await room.staff("老师们中午吃什么")
    assert len(room.to()) == 1
    await store.close()


async def test_buttons_and_commands_work_while_words_go_to_a_person(room: Room) -> None:
    answer = await room.says("开始核对")
    number = await opened(room)
    first = next(b.id for r in answer.replies for row in r.buttons for b in row if b.text.startswith("专科"))
    moved = await room.presses(first)
    assert moved.step == "m0-major"
    assert "通知" in texts(await room.says("/deadline"))
    assert "这样用我" in texts(await room.says("帮助"))
    assert number in texts(await room.says("转给老师"))
    assert (await room.says("会计电算化")).replies == ()
    assert "会计电算化" in room.in_staff_chat[-1]


async def test_the_contact_card_offers_a_person(room: Room) -> None:
    card = await room.says("联系老师")
    assert "请老师联系我" in names(card)
    answer = await room.presses("cmd|desk")
    assert shipped().phrases.desk.blank in texts(answer)
    assert shipped().phrases.desk.no_words in room.in_staff_chat[-1]


async def test_without_a_desk_everything_is_as_it_was(room: Room) -> None:
    room.service = room.again(desks=())
    await room.says("开始核对")
    answers = [await room.says(words) for words in NONSENSE]
    assert "0550-" in texts(answers[-1])
    assert room.posts == []
    assert "请老师联系我" not in names(await room.says("联系老师"))
    assert "0550-" in texts(await room.presses("cmd|desk"))
    assert (await room.staff(press=f"desk|{'2' * LENGTH}|take")).replies == ()


async def test_a_canned_answer_is_one_tap(room: Room) -> None:
    await room.says("开始核对")
    for _ in NONSENSE:
        await room.says("怎么弄")
    await room.staff(press=room.button("常用答复"), thread="500")
    said = [b for p in room.posts if p.reply for row in p.reply.buttons for b in row if "|say|" in b.id]
    await room.staff(press=said[0].id, thread="500")
    assert room.to()[-1].startswith("老师回复：")
    assert said[0].text in room.in_staff_chat[-1]


async def test_outsiders_in_the_staff_chat_change_nothing(room: Room) -> None:
    await opened(room)
    told = len(room.posts)
    for answer in (
        await room.staff(press=room.button("接手"), user="stranger", thread="500"),
        await room.staff("我来答", user="stranger", thread="500"),
    ):
        assert shipped().phrases.desk.not_staff in texts(answer)
    await room.presses(room.button("接手"), user="stranger")
    assert len(room.posts) == told
    assert (await room.staff("闲聊", user="stranger")).replies == ()
    assert shipped().phrases.desk.gone in texts(await room.staff(press=f"desk|{'2' * LENGTH}|take"))


async def test_two_take_at_once_and_one_gets_it(room: Room) -> None:
    await opened(room)
    other = "2"
    room.service._owners = room.service._owners | {("test", other)}
    take = room.button("接手")
    await asyncio.gather(
        *[
            room.service.receive(Incoming("test", who, press=take, update_id=f"t{who}", place="staff"))
            for who in (OWNER, other)
        ]
    )
    await room.delivers()
    words = shipped().phrases.desk
    number = take.split("|")[1]
    assert room.in_staff_chat.count(words.taken.format(number=number)) == 1
    assert room.in_staff_chat.count(words.taken_before.format(number=number)) == 1
    assert len([text for text in room.to() if "已接手" in text]) == 1


async def test_a_restart_between_commit_and_delivery_loses_nothing(room: Room) -> None:
    for n, words in enumerate(NONSENSE):
        await room.service.receive(Incoming("test", GRADUATE, words, update_id=f"x{n}"))
    await room.service.receive(Incoming("test", GRADUATE, "再补充一句", update_id="x3"))
    claimed = await room.store.desk.claim("test", utc(room.now))
    assert len(claimed) == 1
    room.service = room.again()
    await room.delivers()
    assert room.posts == []  # the other one may still be sending it
    await room.store.desk.recall("test", utc(room.now))
    await room.delivers()
    assert len(room.in_staff_chat) == 2
    assert "再补充一句" in room.in_staff_chat[1]


async def test_trouble_delays_and_keeps_the_order(room: Room) -> None:
    await opened(room)
    room.outcomes = [Outcome("unsure"), Outcome("later", resume_at=utc(room.now) + timedelta(minutes=3))]
    await room.says("一")
    await room.says("二")
    assert len(room.in_staff_chat) == 1
    room.now += timedelta(minutes=2)
    await room.delivers()
    assert len(room.in_staff_chat) == 1
    room.now += timedelta(minutes=4)
    await room.delivers()
    assert [text[-1] for text in room.in_staff_chat[1:]] == ["一", "二"]


async def test_staff_hear_when_the_graduate_cannot_be_reached(room: Room) -> None:
    await opened(room)
    room.outcomes = [Outcome("blocked", reason="blocked")]
    await room.staff("在吗", thread="500")
    assert "停用了机器人" in room.in_staff_chat[-1]
    assert (await room.store.export("test", "lin"))["people"][0]["reachable"] is False


async def test_staff_hear_when_their_answer_was_refused(room: Room) -> None:
    await opened(room)
    room.outcomes = [Outcome("failed", reason="bad request")]
    await room.staff("在吗", thread="500")
    assert "请换个说法" in room.in_staff_chat[-1]
    assert (await room.store.export("test", "lin"))["people"][0]["reachable"] is True


async def test_nobody_answers_and_the_bot_comes_back(room: Room) -> None:
    number = await opened(room)
    await room.service.outbox.release_tickets()
    await room.delivers()
    assert room.to() == []
    room.now = at("2013-12-10 09:00")
    await room.service.outbox.release_tickets()
    await room.delivers()
    assert "一直没有回复" in room.to()[-1]
    assert "0550-3055417" in room.to()[-1]
    assert number in room.in_staff_chat[-1]
    assert "12月20日" in texts(await room.says("什么时候截止"))
    await room.staff("来晚了", thread="500")
    assert "来晚了" in room.to()[-1]
    assert (await room.says("没关系")).replies == ()
    await room.staff("再见", thread="500")
    room.now = at("2013-12-16 09:00")
    await room.service.outbox.release_tickets()
    await room.delivers()
    assert "当作说完了" in room.to()[-1]
    await room.service.outbox.release_tickets()
    await room.delivers()
    assert len(room.in_staff_chat) == len({*room.in_staff_chat})


async def test_staff_see_who_waits_longest(room: Room) -> None:
    number = await opened(room)
    room.now += timedelta(hours=2, minutes=5)
    listed = texts(await room.staff("/tickets"))
    assert number in listed
    assert "2小时" in listed
    assert texts(await room.says("/tickets", user=OWNER)) == listed


async def test_the_same_update_relays_once(room: Room) -> None:
    await opened(room)
    for _ in range(3):
        await room.says("只说一遍", update="once")
    assert len([text for text in room.in_staff_chat if "只说一遍" in text]) == 1


async def test_forgetting_takes_the_ticket_along(room: Room) -> None:
    number = await opened(room)
    await room.service.receive(Incoming("test", GRADUATE, "还没送出去的话", update_id="p1"))
    await room.says("忘记我")
    assert room.in_staff_chat[-1] == shipped().phrases.desk.forgotten_for_staff.format(number=number)
    assert not any("还没送出去的话" in text for text in room.in_staff_chat)
    assert shipped().phrases.desk.gone in texts(await room.staff(press=room_button(number)))
    assert await room.store.export("test", GRADUATE) == {}


def room_button(number: str) -> str:
    return f"desk|{number}|take"


async def test_secrets_in_an_open_ticket_reach_neither_database_nor_log_nor_staff(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    await opened(room)
    secrets = synthetic(140, seed=5)
    for secret in secrets:
        await room.says(secret.sentence)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gradbot.db*")).decode("utf-8", "replace")
    logged = "".join(capsys.readouterr())
    staff = "\n".join(room.in_staff_chat)
    assert [s.secret for s in secrets if s.secret in kept or s.secret in logged or s.secret in staff] == []


async def test_what_staff_write_is_looked_at_too(room: Room, tmp_path: Path) -> None:
    await opened(room)
    refused = texts(await room.staff("你的身份证是110101199003078515吧？密码是abc12345", thread="500"))
    assert "身份证号" in refused
    assert "密码" in refused
    assert not any("110101199003078515" in text for text in room.to())
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gradbot.db*"))
    assert b"110101199003078515" not in kept
    await room.staff("请打 13812345678 找张老师", thread="500")
    assert "13812345678" in room.to()[-1]


OFFICE = Office.model_validate(
    {
        "days": [1, 2, 3, 4, 5],
        "opens": "08:30",
        "closes": "17:00",
        "holidays": ["2013-12-30"],
        "workdays": ["2013-12-28"],
    }
)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2013-12-05 12:00", "2013-12-05 12:00"),
        ("2013-12-05 08:00", "2013-12-05 08:30"),
        ("2013-12-05 17:00", "2013-12-06 08:30"),
        ("2013-12-06 17:30", "2013-12-09 08:30"),
        ("2013-12-31 20:00", "2014-01-02 08:30"),
        ("2013-12-27 20:00", "2013-12-28 08:30"),
        ("2013-12-28 20:00", "2013-12-31 08:30"),
        ("2014-01-30 17:00", "2014-02-07 08:30"),
        ("2014-02-07 17:00", "2014-02-08 08:30"),
    ],
)
def test_hours(moment: str, opens: str) -> None:
    assert opens_at(OFFICE, at(moment)) == at(opens)
    assert is_open(OFFICE, at(moment)) is (moment == opens)


def test_hours_add_up_over_nights_and_holidays() -> None:
    assert later(OFFICE, at("2013-12-05 16:00"), 2) == at("2013-12-06 09:30")
    assert later(OFFICE, at("2013-12-31 16:00"), 1.5) == at("2014-01-02 09:00")
    assert later(OFFICE, at("2013-12-05 12:00"), 17) == at("2013-12-09 12:00")


@pytest.mark.parametrize(
    ("moment", "promised"),
    [
        ("2013-12-05 07:00", "今天 8:30"),
        ("2013-12-05 18:00", "明天 8:30"),
        ("2013-12-06 18:00", "12月9日（周一） 8:30"),
    ],
)
def test_an_honest_promise(moment: str, promised: str) -> None:
    said = waiting.promise(Voice(shipped(), Session("2014-autumn"), at(moment)))
    assert f"{promised} 以后回复" in said
    assert "0550-" in said
    assert "{" not in said
