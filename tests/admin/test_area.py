"""A YAML file through Telegram: fetched, published, answered from; a graduate's file is never fetched."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from bot.admin.area import AdminArea
from bot.channels.telegram import updates
from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.files import fetch
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store
from tests.admin.admin_area import NOON
from tests.knowledge.test_revisions import OWN
from tests.telegram_people import User
from tests.telegram_server import TelegramServer


def sends_file(telegram: TelegramServer, who: User, name: str, content: bytes, caption: str) -> None:
    telegram.files[f"documents/{name}"] = content
    document = {"file_id": name, "file_unique_id": name, "file_name": name, "file_size": len(content)}
    who.sends(document=document, caption=caption)


async def test_an_admins_file_is_published_and_a_graduates_is_not_opened(tmp_path: Path) -> None:
    async with AsyncExitStack() as open_:
        telegram = await open_.enter_async_context(TelegramServer())
        store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
        open_.push_async_callback(store.close)
        bot = make_bot(telegram.token, None, base=telegram.url)
        await open_.enter_async_context(bot)
        knowledge = await Knowledge.open(store, None, lambda: NOON)
        editor = AdminArea(knowledge, store, partial(fetch, bot), "telegram", ["1"])
        service = Service(knowledge.content, store, lambda: NOON, owners=[("telegram", "1")], areas=[editor])
        knowledge.take = service.take
        polling = Polling(bot, updates.ALLOWED, long_poll_s=1)
        posts = Posts(bot, None, {}, {}, "x", owners=[1])
        channel = Telegram(bot, polling, TelegramWords({}, "x", "x", "x", "x", "慢点"), posts, service.outbox.owe)
        tasks = [asyncio.create_task(channel.run(service.receive)), asyncio.create_task(knowledge.follow())]
        owner, ann = telegram.user("Owner", 1), telegram.user("Ann", 2)
        sends_file(telegram, ann, "a.yaml", OWN.encode(), "/faq")
        await telegram.until(lambda: ann.messages)
        assert telegram.made("getFile") == []
        sends_file(telegram, owner, "canteen.yaml", OWN.encode("utf-16"), "/faq 食堂")
        await telegram.until(lambda: owner.messages)
        assert "已发布，第 2 版" in owner.messages[-1].text
        await telegram.until(lambda: knowledge.number == 2)
        ann.types("红烧肉几点卖")
        await telegram.until(lambda: "只管核对" in ann.messages[-1].text)
        sends_file(telegram, owner, "gone.yaml", b"", "/faq")
        telegram.files.clear()
        await telegram.until(lambda: "没有取到" in owner.messages[-1].text)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
