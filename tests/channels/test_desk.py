"""A whole ticket through Telegram: the real channel, service and database; a staff group with topics and without."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.channels.telegram import updates
from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.domain.join_codes import draw
from bot.service.staff_chat import StaffChatWatch
from bot.service.turns import Service
from bot.store import Store
from tests.conftest import shipped
from tests.telegram_methods import Refusal
from tests.telegram_people import Call, Message, User
from tests.telegram_server import TelegramServer

STAFF = -1001234567890
NEW = -1009876543210
NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)
CODE = draw(Random(5).randrange)


class WithStaff(TelegramServer):
    """A Telegram with a staff group, a forum or not."""

    def __init__(self, *, forum: bool) -> None:
        super().__init__()
        self.forum = forum
        self.topics: list[str] = []
        self.gone: set[int] = set()
        self.groups[STAFF] = [Message(0, STAFF, {"text": "the group was made"}, {})]

    def _sendChatAction(self, call: Call) -> bool:  # noqa: N802
        if call.parameters["chat_id"] == STAFF and NEW in self.groups:
            why = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, why, migrate_to_chat_id=NEW)
        return True

    def _getChat(self, _: Call) -> Any:  # noqa: N802
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        return {
            **self._chat,
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }

    def _createForumTopic(self, call: Call) -> Any:  # noqa: N802
        if not self.forum:
            raise Refusal(400, "Bad Request: the chat is not a forum")
        self.topics.append(call.parameters["name"])
        return {"message_thread_id": 900 + len(self.topics), "name": call.parameters["name"], "icon_color": 0}

    def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        if call.parameters.get("message_thread_id") in self.gone:
            raise Refusal(400, "Bad Request: message thread not found")
        return super()._sendMessage(call)

    @property
    def staff(self) -> list[Message]:
        return self.groups[STAFF][1:]

    @property
    def _chat(self) -> dict[str, Any]:
        return {"id": STAFF, "type": "supergroup", "title": "staff", "is_forum": self.forum}

    def staff_says(self, who: User, text: str, under: Message) -> None:
        """In the topic of that message, or as a reply to it."""
        message: dict[str, Any] = {
            "message_id": self.next_message(), "from": who.who, "chat": self._chat, "date": 1, "text": text
        }  # fmt: skip
        if self.forum:
            message |= {"message_thread_id": under.parameters["message_thread_id"], "is_topic_message": True}
        else:
            message["reply_to_message"] = self._shown(under) | {"chat": self._chat}
        self.update(message=message)

    def staff_taps(self, who: User, text: str) -> None:
        for message in reversed(self.staff):
            for button in (button for row in message.buttons for button in row):
                if button["text"] == text:
                    number = str(self.next_message())
                    under = {"message_id": message.id, "chat": self._chat, "date": 1}
                    self.queries[number] = None
                    query = {
                        "id": number,
                        "from": who.who,
                        "chat_instance": "1",
                        "data": button["callback_data"],
                        "message": under,
                    }
                    self.update(callback_query=query)
                    return
        raise AssertionError(text)


@asynccontextmanager
async def serving(telegram: TelegramServer, database: Path | str, now: datetime = NOON) -> AsyncIterator[Store]:
    async with AsyncExitStack() as open_:
        store = await Store.open(database)
        open_.push_async_callback(store.close)
        content = shipped()
        service = Service(content, store, lambda: now, owners=[("telegram", "1")], desks=("telegram",))
        bot = make_bot(telegram.token, None, base=telegram.url)
        await open_.enter_async_context(bot)
        polling = Polling(bot, updates.ALLOWED, long_poll_s=1)
        phrases = content.phrases
        posts = Posts(bot, STAFF, phrases.telegram.commands, phrases.staff.commands, "x", owners=[1])
        words = TelegramWords(phrases.telegram.commands, "x", "x", "x", "x", "慢点")
        channel = Telegram(bot, polling, words, posts, service.outbox.owe)
        tasks = [
            asyncio.create_task(channel.run(service.receive)),
            asyncio.create_task(service.outbox.dispatch("telegram", channel.deliver)),
        ]
        try:
            yield store
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@pytest.mark.parametrize("forum", [True, False], ids=["topics", "replies"])
async def test_a_ticket_goes_there_and_back(tmp_path: Path, *, forum: bool) -> None:
    async with WithStaff(forum=forum) as telegram, serving(telegram, tmp_path / "gradbot.db"):
        owner, ann, eve = telegram.user("Owner", 1), telegram.user("Ann", 77001), telegram.user("Eve", 3)
        ann.types("/desk")
        await telegram.until(lambda: len(telegram.staff) == 1)
        assert len(telegram.topics) == (1 if forum else 0)
        ann.types("民族写错了 <b>怎么办")
        await telegram.until(lambda: len(telegram.staff) == 2)
        assert "&lt;b&gt;怎么办" in telegram.staff[-1].text
        said = len(ann.messages)
        ann.types("我的身份证号110101199003078515")
        await telegram.until(lambda: len(ann.messages) > said)
        assert len(telegram.made("deleteMessage")) == 1
        telegram.staff_taps(eve, "接手")
        await telegram.until(lambda: shipped().phrases.desk.not_staff in telegram.staff[-1].text)
        telegram.staff_taps(owner, "接手")
        await telegram.until(lambda: "老师已接手" in ann.messages[-1].text)
        telegram.staff_says(owner, "带 <户口本> 来", telegram.staff[0])
        await telegram.until(lambda: "老师回复" in ann.messages[-1].text)
        assert "带 &lt;户口本&gt; 来" in ann.messages[-1].text
        ann.taps("好了，不用老师了")
        await telegram.until(lambda: "学生说不用了" in telegram.staff[-1].text)
        await telegram.until(lambda: None not in telegram.queries.values())
        staff = "\n".join(str(message.parameters) for message in telegram.staff)
        assert "Ann" not in staff
        assert "77001" not in staff
        assert "110101199003078515" not in staff


async def test_who_reads_the_staff_chat_in_silence_is_counted_and_told_to_the_owners_once(tmp_path: Path) -> None:
    database = tmp_path / "gradbot.db"
    async with WithStaff(forum=False) as telegram, make_bot(telegram.token, None, base=telegram.url) as bot:
        store = await Store.open(f"sqlite+aiosqlite:///{database}")
        posts = Posts(bot, STAFF, {}, {}, "x")
        watch = StaffChatWatch(store, shipped, lambda: NOON, "telegram", ["1"], posts.count_staff)
        for people in (1, 4, 4):  # the owner alone, then three more, then the same three
            telegram.people_in_staff_chat = people
            await watch.look()
        await store.close()
        owner = telegram.user("Owner", 1)
        owner.types("你好")
        async with serving(telegram, database):
            await telegram.until(lambda: _heard(owner, "工作群里有 4 个人，有身份的只有 1 个：至少 3 个", 1))
        assert _heard(owner, "工作群里有", 1)


def _heard(who: User, words: str, times: int) -> bool:
    return sum(words in message.text for message in who.messages) == times


async def test_a_code_that_another_chat_has_stays_there_until_the_office_frees_it(tmp_path: Path) -> None:
    async with WithStaff(forum=True) as telegram, serving(telegram, tmp_path / "gradbot.db") as store:
        owner, ann, eve = telegram.user("Owner", 1), telegram.user("Ann", 77001), telegram.user("Eve", 77003)
        ann.types(CODE)
        await telegram.until(lambda: any("记下了" in message.text for message in ann.messages))
        for times in (1, 2):
            eve.types(f"/start join-{CODE}")
            await telegram.until(partial(_heard, eve, "别的聊天在用", times))
        assert not any("记下了" in message.text for message in eve.messages)
        await telegram.until(lambda: telegram.staff)
        assert "两个聊天" in telegram.staff[-1].text
        assert "7700" not in str(telegram.staff[-1].parameters)
        assert await store.codes.find_owners("telegram", CODE) == [("telegram", "77001")]
        telegram.staff_taps(eve, "收回这个编号")
        await telegram.until(lambda: shipped().phrases.desk.not_staff in telegram.staff[-1].text)
        telegram.staff_taps(owner, "收回这个编号")
        await telegram.until(lambda: "已经收回" in ann.messages[-1].text and "再发给我一次" in eve.messages[-1].text)
        eve.types(CODE)
        await telegram.until(lambda: any("记下了" in message.text for message in eve.messages))
        assert await store.codes.find_owners("telegram", CODE) == [("telegram", "77003")]
        assert [holder.who.user for holder in await store.codes.holders("telegram", "2014-autumn")] == ["77003"]
        assert len([message for message in telegram.staff if "两个聊天" in message.text]) == 1


async def test_a_staff_group_that_becomes_a_supergroup_is_followed(tmp_path: Path) -> None:
    async with WithStaff(forum=False) as telegram:
        async with serving(telegram, tmp_path / "gradbot.db"):
            await _moves(telegram, tmp_path / "gradbot.db")
        async with serving(telegram, tmp_path / "again.db"):  # with the setting as it was
            telegram.users[1].sends(chat={"id": NEW, "type": "supergroup"}, text="/tickets")
            await telegram.until(lambda: shipped().phrases.desk.none_open in telegram.groups[NEW][-1].text)


async def _moves(telegram: WithStaff, file: Path) -> None:
    owner, ann, bob = telegram.user("Owner", 1), telegram.user("Ann", 77001), telegram.user("Bob", 77002)
    bob.types("/desk")
    await telegram.until(lambda: len(telegram.staff) == 1)
    number = telegram.staff[0].id
    telegram.groups[NEW] = [Message(0, NEW, {"text": "the group was made"}, {})]
    chat = {"id": STAFF, "type": "group", "title": "staff"}
    owner.sends(chat=chat, migrate_to_chat_id=NEW)
    await telegram.until(lambda: not telegram.pending)
    ann.types("/desk")
    await telegram.until(lambda: len(telegram.groups[NEW]) == 2)
    # Numbers begin anew there: the message of Ann's ticket has that of Bob's in the old group.
    telegram.groups[NEW][1].id = number
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        count = "SELECT count(*) FROM ticket_messages"  # written down a moment after Telegram has it
        await telegram.until(lambda: database.execute(count).fetchone() == (2,))
        database.execute("UPDATE ticket_messages SET message = ?", (str(number),))
    reply = {"message_id": number, "from": telegram.me, "chat": {"id": NEW, "type": "supergroup"}, "date": 1}
    owner.sends(chat={"id": NEW, "type": "supergroup"}, text="带户口本来", reply_to_message=reply)
    await telegram.until(lambda: "带户口本来" in ann.messages[-1].text)
    assert not any("带户口本来" in message.text for message in bob.messages)


async def test_staff_see_their_commands_and_the_link_is_whole(tmp_path: Path) -> None:
    async with WithStaff(forum=True) as telegram, serving(telegram, tmp_path / "gradbot.db"):
        owner, wang = telegram.user("Owner", 1), telegram.user("Wang", 2)
        await telegram.until(lambda: telegram.made("getUpdates"))
        assert 1 not in map(_scope, telegram.made("setMyCommands"))  # Telegram knows no chat with them yet
        owner.types("/invite staff")
        await telegram.until(lambda: owner.messages)
        link = owner.messages[-1].text.rsplit("?start=", 1)[1]
        assert "https://t.me/gradbot_test_bot?start=join-" in owner.messages[-1].text
        wang.types(f"/start {link}")
        await telegram.until(lambda: any(_scope(call) == 2 for call in telegram.made("setMyCommands")))
        names = {
            _scope(call): [command["command"] for command in call.parameters["commands"]]
            for call in telegram.made("setMyCommands")
        }
        assert "invite" in names[1]
        assert "tickets" in names[2]
        assert "invite" not in names[2]


def _scope(call: Call) -> Any:
    return call.parameters["scope"].get("chat_id")
