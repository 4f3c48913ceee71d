"""A Telegram with the whole bot on it, over real HTTP and real SQLite, for the tests of the channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.build import CHANNELS
from bot.channels.telegram import updates
from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.content.content import Content
from bot.content.loading import load
from bot.domain.messages import Picture
from bot.service.turns import Service
from bot.store import Store
from bot.store.engine import EngineOptions
from tests.person import at
from tests.telegram_people import User
from tests.telegram_server import TelegramServer

AT = datetime(2013, 12, 5, 4, tzinfo=UTC)
WORDS = TelegramWords(
    {"start": "开始", "ask": "提问", "deadline": "截止", "contact": "老师"},
    "描述",
    "短描述",
    "私聊我",
    "对不起",
    "慢点",
)


@dataclass
class BotOnTelegram:
    """A Telegram with a bot in it."""

    telegram: TelegramServer
    store: Store
    content: Content
    service: Service
    seconds: float = 0.0

    async def quiet(self, user: User, more_than: int) -> list[str]:
        """What the bot said to somebody beyond so many bubbles, once it has nothing left to answer."""
        await self.telegram.until(lambda: not self.telegram.pending)
        return [message.shown for message in user.messages[more_than:]]

    async def says(self, user: User, words: str) -> list[str]:
        before = len(user.messages)
        user.types(words)
        return await self.quiet(user, before)

    async def taps(self, user: User, button: str) -> None:
        user.taps(button)
        await self.telegram.until(lambda: not self.telegram.pending)


async def draw(_: Picture) -> bytes | None:
    return b"\x89PNG"


@pytest.fixture(scope="module")
def content() -> Content:
    return load()


@pytest.fixture
async def talk(tmp_path: Path, content: Content) -> AsyncIterator[BotOnTelegram]:
    store = await Store.open(tmp_path / "gradbot.db", options=EngineOptions(wait_s=0.05))
    service = Service(content, store, lambda: AT, at("2013-12-05"), channels=CHANNELS)
    async with TelegramServer() as telegram, make_bot(telegram.token, None, base=telegram.url) as bot:
        here = BotOnTelegram(telegram, store, content, service)
        polling = Polling(bot, updates.ALLOWED, long_poll_s=1)
        posts = Posts(bot, None, {}, {}, "对不起", draw=draw)
        channel = Telegram(bot, polling, WORDS, posts, service.outbox.owe, lambda: here.seconds)
        running = [
            asyncio.create_task(channel.run(service.receive)),
            asyncio.create_task(service.outbox.dispatch(channel.name, channel.deliver)),
        ]
        yield here
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    await store.close()


def called(talk: BotOnTelegram, method: str) -> int:
    return sum(call.method == method for call in talk.telegram.calls)
