"""Tickets, over the real service and database: both sides, order, restarts, hours, secrets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.domain.classes import Classes, parse_classes
from bot.domain.messages import Capabilities, Incoming, Outcome
from bot.domain.roles import Enlisted
from bot.domain.zone import utc
from bot.service.outbox import MOST_UNKNOWN
from bot.service.turns import Service
from bot.store import Store
from bot.store.outbox import AGAIN_S, CLAIMED_S
from bot.tickets.number import LENGTH
from tests.conftest import shipped
from tests.person import at
from tests.secrets import make_secrets
from tests.tickets.staff_chat import GRADUATE, OWNER, Chats, at_noon, button_texts, join_texts

NONSENSE = ("学生证丢了去哪补", "补考没过能毕业吗", "身份证过期了行吗")


@pytest.fixture
async def chats(database_url: str) -> AsyncIterator[Chats]:
    store = await Store.open(database_url)
    yield Chats(shipped(), store, at_noon())
    await store.close()


async def open_by_misses(chats: Chats) -> str:
    """Open a ticket by three misses and return its number."""
    for words in NONSENSE:
        await chats.say(words)
    await chats.press("cmd|desk")
    return chats.find_button("接手").split("|")[1]


async def test_after_three_misses_a_person_is_one_tap_away_and_gets_the_words(chats: Chats) -> None:
    await chats.say("开始核对")
    answers = [await chats.say(words) for words in NONSENSE]
    assert "编号" not in "".join(map(join_texts, answers))
    assert chats.posts == []
    assert "请老师联系我" in button_texts(answers[-1])
    answer = await chats.press("cmd|desk")
    number = chats.find_button("接手").split("|")[1]
    assert f"编号 {number}" in answer.replies[0].text
    assert "现在是上班时间" in answer.replies[0].text
    card = chats.staff_texts[-1]
    assert number in card
    assert NONSENSE[2] in card
    assert GRADUATE not in card
    assert len(chats.staff_texts) == 1


async def test_a_whole_ticket(chats: Chats) -> None:
    await chats.say("开始核对")
    number = await open_by_misses(chats)
    assert (await chats.say("学籍里的民族写错了")).replies == ()
    assert "学籍里的民族写错了" in chats.staff_texts[-1]
    thread = "500"
    await chats.act_as_staff(press=chats.find_button("接手"), thread=thread)
    assert "老师已接手" in chats.texts_to()[-1]
    await chats.act_as_staff("//这个学生上周来过", thread=thread)
    assert len(chats.texts_to()) == 1
    await chats.act_as_staff("请带<身份证>来 305", thread=thread)
    assert chats.texts_to()[-1] == "老师回复：\n请带<身份证>来 305"
    assert (await chats.say("好的，下午去")).replies == ()
    await chats.act_as_staff(press=chats.find_button("结束"), thread=thread)
    assert "老师已结束" in chats.texts_to()[-1]
    assert "12月20日" in join_texts(await chats.say("什么时候截止"))
    await chats.act_as_staff("再说一句", thread=thread)
    assert "没有发给学生" in chats.staff_texts[-1]
    await chats.act_as_staff(press=chats.find_button("重新打开"), thread=thread)
    assert (await chats.say("还有一件事")).replies == ()
    answer = await chats.say("不用老师了")
    assert shipped().phrases.desk.withdrawn in join_texts(answer)
    assert number in chats.staff_texts[-1]
    async with chats.store._reader.connect() as connection:
        acts = (await connection.exec_driver_sql("SELECT who, act, about FROM audit ORDER BY id")).mappings().all()
    assert [(row["who"], row["act"]) for row in acts] == [
        (OWNER, act) for act in ("take", "note", "answer", "close", "reopen")
    ]
    assert {row["about"] for row in acts} == {number}


async def test_an_answer_that_begins_like_a_note_reaches_the_graduate(chats: Chats) -> None:
    await open_by_misses(chats)
    said = len(chats.texts_to())
    for note in ("备注：他上周来过", "备注 他上周来过", "／／他上周来过", "备注"):
        await chats.act_as_staff(note, thread="500")
    assert len(chats.texts_to()) == said
    await chats.act_as_staff("备注栏空着就行", thread="500")
    assert chats.texts_to()[-1] == "老师回复：\n备注栏空着就行"


async def test_without_threads_a_reply_says_which_ticket(database_url: str) -> None:
    store = await Store.open(database_url)
    chats = Chats(shipped(), store, at_noon(), threads=False)
    await open_by_misses(chats)
    await chats.act_as_staff("听得见吗", reply_to=chats.newest_message)
    assert chats.texts_to()[-1] == "老师回复：\n听得见吗"
    await chats.act_as_staff("老师们中午吃什么")
    assert len(chats.texts_to()) == 1
    await store.close()


async def test_buttons_and_commands_work_while_words_go_to_a_person(chats: Chats) -> None:
    answer = await chats.say("开始核对")
    number = await open_by_misses(chats)
    first = next(b.id for r in answer.replies for row in r.buttons for b in row if b.text.startswith("专科"))
    moved = await chats.press(first)
    assert moved.step == "m0-major"
    assert "通知" in join_texts(await chats.say("/deadline"))
    assert "这样用我" in join_texts(await chats.say("帮助"))
    assert number in join_texts(await chats.say("转给老师"))
    assert (await chats.say("会计电算化")).replies == ()
    assert "会计电算化" in chats.staff_texts[-1]


async def test_the_contact_card_offers_a_person(chats: Chats) -> None:
    card = await chats.say("联系老师")
    assert "请老师联系我" in button_texts(card)
    answer = await chats.press("cmd|desk")
    assert shipped().phrases.desk.blank in join_texts(answer)
    assert shipped().phrases.desk.no_words in chats.staff_texts[-1]


async def test_without_a_desk_everything_is_as_it_was(chats: Chats) -> None:
    chats.service = chats.make_service(desks=())
    await chats.say("开始核对")
    answers = [await chats.say(words) for words in NONSENSE]
    assert "0550-" in join_texts(answers[-1])
    assert chats.posts == []
    assert "请老师联系我" not in button_texts(await chats.say("联系老师"))
    assert "0550-" in join_texts(await chats.press("cmd|desk"))
    assert (await chats.act_as_staff(press=f"desk|{'2' * LENGTH}|take")).replies == ()


async def test_where_staff_have_no_chat_a_person_can_be_asked_from_the_day_on_that_there_is_one(chats: Chats) -> None:
    channels = {"test": Capabilities(posts=True)}
    chats.service = Service(
        chats.content, chats.store, lambda: utc(at_noon()), channels=channels, desks=("test",), has_chat=False
    )
    assert "0550-" in join_texts(await chats.press("cmd|desk"))
    confined = parse_classes("会计电算化", chats.content.notices["2014-autumn"])
    assert isinstance(confined, Classes)
    await chats.store.apply([Enlisted("console:1", "staff", "王老师", confined)], "test", utc(at_noon()))
    assert "0550-" in join_texts(await chats.press("cmd|desk"))  # somebody of another class would wait for ever
    await chats.store.apply([Enlisted("console:2", "staff", "李老师")], "test", utc(at_noon()))
    assert shipped().phrases.desk.blank in join_texts(await chats.press("cmd|desk"))


async def test_a_canned_answer_is_one_tap(chats: Chats) -> None:
    await chats.say("开始核对")
    await chats.say("学生证丢了去哪补")
    await chats.press("cmd|desk")
    await chats.act_as_staff(press=chats.find_button("常用答复"), thread="500")
    said = [b for p in chats.posts if p.reply for row in p.reply.buttons for b in row if "|say|" in b.id]
    await chats.act_as_staff(press=said[0].id, thread="500")
    assert chats.texts_to()[-1].startswith("老师回复：")
    assert said[0].text in chats.staff_texts[-1]


async def test_outsiders_in_the_staff_chat_change_nothing(chats: Chats) -> None:
    await open_by_misses(chats)
    told = len(chats.posts)
    answer = await chats.act_as_staff(press=chats.find_button("接手"), user="stranger", thread="500")
    assert shipped().phrases.desk.not_staff in join_texts(answer)
    assert (await chats.act_as_staff("我来答", user="stranger", thread="500")).replies == ()
    await chats.press(chats.find_button("接手"), user="stranger")
    assert [post.user for post in chats.posts[told:]] == [OWNER], "who hears of the outsider"
    assert (await chats.act_as_staff("闲聊", user="stranger")).replies == ()
    assert shipped().phrases.desk.gone in join_texts(await chats.act_as_staff(press=f"desk|{'2' * LENGTH}|take"))


async def test_two_take_at_once_and_one_gets_it(chats: Chats) -> None:
    await open_by_misses(chats)
    other = "2"
    chats.service.acts._owners = frozenset(chats.service.acts._owners) | {("test", other)}
    take = chats.find_button("接手")
    await asyncio.gather(
        *[
            chats.service.receive(Incoming("test", who, press=take, update_id=f"t{who}", place="staff"))
            for who in (OWNER, other)
        ]
    )
    await chats.deliver()
    words = shipped().phrases.desk
    number = take.split("|")[1]
    assert chats.staff_texts.count(words.taken.format(number=number)) == 1
    late = [words.taken_before.format(number=number, holder=f"{holder}，0分钟了") for holder in ("所有者", other)]
    assert sum(map(chats.staff_texts.count, late)) == 1  # either may be first
    assert len([text for text in chats.texts_to() if "已接手" in text]) == 1


async def test_a_restart_between_commit_and_delivery_loses_nothing(chats: Chats) -> None:
    for n, words in enumerate(NONSENSE):
        await chats.service.receive(Incoming("test", GRADUATE, words, update_id=f"x{n}"))
    await chats.service.receive(Incoming("test", GRADUATE, press="cmd|desk", update_id="x"))
    await chats.service.receive(Incoming("test", GRADUATE, "再补充一句", update_id="x3"))
    claimed = await chats.store.outbox.claim("test", utc(chats.now))
    assert len(claimed) == 1
    chats.service = chats.make_service()
    await chats.deliver()
    assert chats.posts == []  # the other one may still be sending it
    chats.now += timedelta(seconds=CLAIMED_S)
    await chats.deliver()
    assert len(chats.staff_texts) == 1
    assert "再补充一句" in chats.staff_texts[0]  # it joined the card, which had not left yet


async def test_trouble_delays_and_keeps_the_order(chats: Chats) -> None:
    await open_by_misses(chats)
    chats.outcomes = [Outcome("unsure"), Outcome("later", resume_at=utc(chats.now) + timedelta(minutes=3))]
    await chats.say("一")
    await chats.say("二")
    assert len(chats.staff_texts) == 1
    chats.now += timedelta(minutes=2)
    await chats.deliver()
    assert len(chats.staff_texts) == 1
    chats.now += timedelta(minutes=4)
    await chats.deliver()
    twice = chats.content.phrases.maybe_twice  # nobody knows what became of the first try
    assert [text.removesuffix(f"\n\n{twice}")[-1] for text in chats.staff_texts[1:]] == ["一", "二"]
    assert [twice in text for text in chats.staff_texts[1:]] == [True, False]


async def test_staff_hear_when_the_graduate_cannot_be_reached(chats: Chats) -> None:
    await open_by_misses(chats)
    chats.outcomes = [Outcome("blocked", reason="blocked")]
    await chats.act_as_staff("在吗", thread="500")
    assert "停用了机器人" in chats.staff_texts[-1]
    assert (await chats.store.export("test", "lin"))["people"][0]["reachable"] is False


async def test_an_answer_whose_outcome_is_never_known_is_given_up_and_staff_hear_of_it(chats: Chats) -> None:
    await open_by_misses(chats)
    said = len(chats.staff_texts)
    chats.outcomes = [Outcome("later"), *[Outcome("unsure")] * MOST_UNKNOWN]
    await chats.act_as_staff("在吗", thread="500")
    for _ in range(MOST_UNKNOWN):
        assert len(chats.staff_texts) == said
        chats.now += timedelta(seconds=AGAIN_S)
        await chats.deliver()
    assert "不知道送到没有" in chats.staff_texts[-1]
    chats.now += timedelta(seconds=AGAIN_S)
    await chats.deliver()
    assert chats.texts_to() == []


async def test_staff_hear_when_their_answer_was_refused(chats: Chats) -> None:
    await open_by_misses(chats)
    chats.outcomes = [Outcome("failed", reason="bad request")]
    await chats.act_as_staff("在吗", thread="500")
    assert "请换个说法" in chats.staff_texts[-1]
    assert (await chats.store.export("test", "lin"))["people"][0]["reachable"] is True


async def test_nobody_answers_and_the_bot_comes_back(chats: Chats) -> None:
    number = await open_by_misses(chats)
    await chats.service.outbox.release_tickets()
    await chats.deliver()
    assert chats.texts_to() == []
    chats.now = at("2013-12-10 09:00")
    await chats.service.outbox.release_tickets()
    await chats.deliver()
    assert "一直没有回复" in chats.texts_to()[-1]
    assert "0550-3055417" in chats.texts_to()[-1]
    assert number in chats.staff_texts[-1]
    assert "12月20日" in join_texts(await chats.say("什么时候截止"))
    await chats.act_as_staff("来晚了", thread="500")
    assert "来晚了" in chats.texts_to()[-1]
    assert (await chats.say("没关系")).replies == ()
    await chats.act_as_staff("再见", thread="500")
    chats.now = at("2013-12-16 09:00")
    await chats.service.outbox.release_tickets()
    await chats.deliver()
    assert "当作说完了" in chats.texts_to()[-1]
    await chats.service.outbox.release_tickets()
    await chats.deliver()
    assert len(chats.staff_texts) == len({*chats.staff_texts})


async def test_staff_see_who_waits_longest(chats: Chats) -> None:
    number = await open_by_misses(chats)
    chats.now += timedelta(hours=2, minutes=5)
    listed = join_texts(await chats.act_as_staff("/tickets"))
    assert number in listed
    assert "2小时" in listed
    assert join_texts(await chats.say("/tickets", user=OWNER)) == listed


async def test_the_same_update_relays_once(chats: Chats) -> None:
    await open_by_misses(chats)
    for _ in range(3):
        await chats.say("只说一遍", update="once")
    assert len([text for text in chats.staff_texts if "只说一遍" in text]) == 1


async def test_forgetting_takes_the_ticket_along(chats: Chats) -> None:
    number = await open_by_misses(chats)
    await chats.service.receive(Incoming("test", GRADUATE, "还没送出去的话", update_id="p1"))
    await chats.say("忘记我")
    assert chats.staff_texts[-1] == shipped().phrases.desk.forgotten_for_staff.format(number=number)
    assert not any("还没送出去的话" in text for text in chats.staff_texts)
    assert shipped().phrases.desk.gone in join_texts(await chats.act_as_staff(press=take_button(number)))
    assert await chats.store.export("test", GRADUATE) == {}


def take_button(number: str) -> str:
    return f"desk|{number}|take"


async def test_secrets_in_an_open_ticket_reach_neither_database_nor_log_nor_staff(
    chats: Chats, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    await open_by_misses(chats)
    secrets = make_secrets(140, seed=5)
    for secret in secrets:
        await chats.say(secret.sentence)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gradbot.db*")).decode("utf-8", "replace")
    logged = "".join(capsys.readouterr())
    staff = "\n".join(chats.staff_texts)
    assert [s.secret for s in secrets if s.secret in kept or s.secret in logged or s.secret in staff] == []


async def test_what_staff_write_is_looked_at_too(chats: Chats, tmp_path: Path) -> None:
    await open_by_misses(chats)
    refused = join_texts(await chats.act_as_staff("你的身份证是110101199003078515吧？密码是abc12345", thread="500"))
    assert "身份证号" in refused
    assert "密码" in refused
    assert not any("110101199003078515" in text for text in chats.texts_to())
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gradbot.db*"))
    assert b"110101199003078515" not in kept
    for _ in range(2):  # once more, because a phone is confirmed
        await chats.act_as_staff("请打 13812345678 找张老师", thread="500")
    assert "13812345678" in chats.texts_to()[-1]


async def test_words_that_come_fast_are_one_message_to_staff_and_others_go_between(chats: Chats) -> None:
    await open_by_misses(chats)
    before = len(chats.staff_texts)
    for number in range(20):
        await chats.say(f"第{number}句话")
    assert len(chats.staff_texts) == before + 1
    await chats.say("/desk", user="wang")
    assert len(chats.staff_texts) == before + 2  # a card, at once
    chats.now += timedelta(seconds=10)
    await chats.deliver()
    assert len(chats.staff_texts) == before + 3
    words = [f"第{number}句话" for number in range(20)]
    assert [word for word in words if word in chats.staff_texts[-1]] == words[1:]


async def test_a_fourth_ticket_in_a_day_is_not_opened(chats: Chats) -> None:
    for _ in range(5):
        await chats.say("/desk")
        await chats.say("/withdraw")
    assert sum("问的是" in text for text in chats.staff_texts) == 3
    assert "0550" in join_texts(await chats.say("/desk"))
    chats.now += timedelta(hours=25)
    assert "编号" in join_texts(await chats.say("/desk"))


async def test_who_is_no_staff_is_refused_once_an_hour(chats: Chats) -> None:
    await open_by_misses(chats)
    take = chats.find_button("接手")
    assert [len((await chats.act_as_staff(press=take, user=f"{n}")).replies) for n in range(7, 12)] == [1, 0, 0, 0, 0]
    chats.now += timedelta(hours=1)
    assert len((await chats.act_as_staff(press=take, user="7")).replies) == 1
