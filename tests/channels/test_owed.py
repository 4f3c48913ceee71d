"""What cannot be said now is said later, in order, and holds up nobody else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.channels.telegram import updates
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.channels.telegram.rate_limiter import TelegramRateLimiter
from bot.channels.telegram.request import AiohttpRequest
from bot.domain.messages import Owed, Reply
from bot.service.turns import Service
from bot.store import Store
from bot.store.tables import outbox
from tests.conftest import shipped
from tests.person import at
from tests.telegram_people import User
from tests.telegram_server import TelegramServer

WORDS = TelegramWords({}, "x", "x", "x", "x", "慢点")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2013, 12, 5, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


@asynccontextmanager
async def bot(
    telegram: TelegramServer, file: Path, clock: Clock, limits: Limits | None = None
) -> AsyncIterator[Service]:
    """The whole bot, polling, on the time of `clock` (with limits: its paces on real time)."""
    seconds = time.monotonic if limits else clock.seconds
    store = await Store.open(f"sqlite+aiosqlite:///{file}")
    service = Service(shipped(), store, clock, at("2013-12-05"))
    request = AiohttpRequest(connect_s=1)
    limiter = TelegramRateLimiter(limits, clock=seconds, present=clock)
    async with TelegramBot(telegram.token, request, limiter, base=telegram.url) as wire:
        polling = Polling(wire, updates.ALLOWED, long_poll_s=1)
        channel = Telegram(wire, polling, WORDS, Posts(wire, None, {}, {}, "x"), service.outbox.owe)
        running = [
            asyncio.create_task(channel.run(service.receive, await service.outbox.debtors(channel.name))),
            asyncio.create_task(service.outbox.dispatch(channel.name, channel.deliver)),
        ]
        try:
            yield service
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def says(telegram: TelegramServer, user: User, *words: str) -> None:
    for word in words:
        user.types(word)
    await telegram.until(lambda: not telegram.pending)


async def passes(service: Service, clock: Clock, hours: float) -> None:
    clock.now += timedelta(hours=hours)
    service.outbox.posted.set()


async def test_a_chat_that_must_be_quiet_for_hours_is_answered_then_also_after_a_restart(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    async with bot(telegram, tmp_path / "db", clock):
        await says(telegram, ann, "/start")
        seen = len(ann.messages)
        telegram.fault("error", "sendMessage", code=429, retry_after=3 * 3600, chat_id=ann.id)
        await says(telegram, ann, "截止日期", "要钱吗")
        for n in range(12):
            bob.types(f"帮助{n}" if n < 11 else "老师电话")
        await telegram.until(lambda: not telegram.pending and any("0550" in m.shown for m in bob.messages))
        assert len(ann.messages) == seen
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, bob, "隐私")
        await says(telegram, ann, "老师电话")
        assert len(ann.messages) == seen
        await passes(service, clock, 3.1)
        await telegram.until(lambda: len(ann.messages) >= seen + 4)
    late = [message.shown for message in ann.messages[seen:]]
    assert late[1] == ""  # the calendar, behind the deadline
    assert ["12月20日" in late[0], "免费" in late[2], "0550" in late[3]] == [True, True, True]


async def test_the_hours_that_telegram_asks_for_outlive_a_restart_also_for_what_was_tried(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    telegram.fault("error", "sendMessage", code=429, retry_after=3 * 3600, chat_id=ann.id, times=9)
    async with bot(telegram, tmp_path / "db", clock) as service:
        await service.outbox.owe(Owed("telegram", str(ann.id), (Reply("以后"),), clock.now))
        await telegram.until(lambda: telegram.made("sendMessage"))
        await telegram.until(lambda: telegram.made("sendMessage")[-1].code)
        await service.outbox.owe(Owed("telegram", str(bob.id), (Reply("一"),), clock.now))
        await telegram.until(lambda: bob.messages)
    async with bot(telegram, tmp_path / "db", clock) as service:
        await service.outbox.owe(Owed("telegram", str(bob.id), (Reply("二"),), clock.now))
        await telegram.until(lambda: len(bob.messages) == 2)
        assert [call.parameters["chat_id"] for call in telegram.made("sendMessage")].count(ann.id) == 1
        telegram.heal()
        await passes(service, clock, 3.1)
        await telegram.until(lambda: ann.messages)


async def test_who_floods_the_bot_waits_for_their_own_answers_and_nobody_else_does(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    troll, ann, more = telegram.user("Troll"), telegram.user("Ann"), ["老师电话", "要钱吗", "截止日期"]
    async with bot(telegram, tmp_path / "db", clock, Limits()) as service:
        await says(telegram, ann, "/start")
        for n in range(3000):
            troll.types(more[n % 3])
        asked_at = time.monotonic()
        ann.types("截止日期")
        await telegram.until(lambda: any("12月20日" in m.shown for m in ann.messages))
        assert time.monotonic() - asked_at < 5  # a second or so where nothing else runs
        await telegram.until(lambda: not telegram.pending)
        assert len(troll.messages) < 20
        owed = await service.store._fetch(select(outbox.c.reply).where(outbox.c.user_id == str(troll.id)))
        assert 1 <= len(owed) <= 10
        said = [*(message.text for message in troll.messages), *(row.reply for row in owed)]
        assert sum(text.count("慢点") for text in said) == 1
        assert all(len(json.loads(row.reply)["text"]) < 4000 for row in owed)


@pytest.mark.slow
async def test_when_more_ask_than_may_be_answered_taps_do_not_wait(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann, crowd = telegram.user("Ann"), [telegram.user(f"P{n}") for n in range(130)]
    async with bot(telegram, tmp_path / "db", clock, Limits(total_in_a_s=10)):
        await says(telegram, ann, "/start")
        for user in crowd:
            user.types("老师电话")
        ann.taps("隐私")
        await telegram.until(lambda: "我记下的只有" in ann.messages[-1].shown)
        assert sum(len(user.messages) for user in crowd) < 100  # at 10 a second
    async with bot(telegram, tmp_path / "db", clock) as service:
        await passes(service, clock, 1)
        await telegram.until(lambda: any("0550" in message.shown for message in crowd[-1].messages))


async def test_what_comes_later_waits_behind_what_is_owed(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann = telegram.user("Ann")
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, ann, "/start")
        seen = len(ann.messages)
        await service.outbox.owe(Owed("telegram", str(ann.id), (Reply("一"), Reply("二")), clock.now))
        await telegram.until(lambda: len(ann.messages) == seen + 2)
        telegram.fault("error", "sendMessage", code=429, retry_after=600, chat_id=ann.id)
        await says(telegram, ann, "截止日期")
        telegram.heal()
        await says(telegram, ann, "要钱吗")  # Telegram would take it, but not before the other
        await passes(service, clock, 1)
        await telegram.until(lambda: len(ann.messages) >= seen + 5)
    assert [m.shown[:1] for m in ann.messages[seen : seen + 2]] == ["一", "二"]
    assert "12月20日" in ann.messages[seen + 2].shown
    assert "免费" in ann.messages[seen + 4].shown  # behind the calendar


async def test_what_is_left_while_something_owed_is_on_its_way_comes_before_what_is_said_then(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, ann, "/start")
        seen = len(ann.messages)
        telegram.fault("error", "sendMessage", code=429, retry_after=600, chat_id=ann.id)
        await says(telegram, ann, "老师电话")
        telegram.heal()
        telegram.fault("slow", "sendMessage", seconds=0.2, chat_id=ann.id)
        telegram.fault("slow", "sendMessage", seconds=1, chat_id=bob.id)
        await service.outbox.owe(Owed("telegram", str(bob.id), (Reply("一"),), clock.now))
        said = len(telegram.made("sendMessage"))
        await passes(service, clock, 1)
        await telegram.until(lambda: len(telegram.made("sendMessage")) == said + 2)
        await says(telegram, ann, "截止日期")
        await telegram.until(lambda: len(ann.messages) == seen + 1)
        await says(telegram, ann, "要钱吗")
        await telegram.until(lambda: len(ann.messages) >= seen + 4)
    assert ["0550" in ann.messages[seen].shown, "12月20日" in ann.messages[seen + 1].shown] == [True, True]
    assert "免费" in ann.messages[seen + 3].shown  # behind the calendar


async def test_what_waits_behind_a_pause_is_not_looked_at_again_and_again(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann = telegram.user("Ann")
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, ann, "/start")
        telegram.fault("error", "sendMessage", code=429, retry_after=3 * 3600, chat_id=ann.id)
        await says(telegram, ann, "截止日期", "要钱吗")
        wait_s = await service.outbox.waits_s("telegram")
    assert wait_s is not None
    assert wait_s > 3 * 3600 - 60


async def test_a_chat_whose_message_hangs_holds_up_no_other(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann, bob = telegram.user("Ann"), telegram.user("Bob")
    async with bot(telegram, tmp_path / "db", clock) as service:
        telegram.fault("hang", "sendMessage", chat_id=bob.id)
        await service.outbox.owe(Owed("telegram", str(bob.id), (Reply("一"),), clock.now))
        await telegram.until(lambda: telegram.made("sendMessage"))
        await service.outbox.owe(Owed("telegram", str(ann.id), (Reply("二"), Reply("三")), clock.now))
        await telegram.until(lambda: len(ann.messages) == 2, 5)
    assert [message.shown for message in ann.messages] == ["二", "三"]


async def test_a_press_is_answered_though_nothing_can_be_kept_for_later(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann = telegram.user("Ann")
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, ann, "/start")
        async with AsyncExitStack() as all_of_them:
            for _ in range(5):
                connection = await all_of_them.enter_async_context(service.store._reader.connect())
                await connection.exec_driver_sql("PRAGMA query_only=ON")
        for method in ("sendMessage", "editMessageText"):
            telegram.fault("error", method, code=429, retry_after=600, chat_id=ann.id, times=9)
        ann.taps("隐私")
        await telegram.until(lambda: None not in telegram.queries.values(), 3)
        assert telegram.pending  # it comes again when things can be kept


async def test_who_asks_to_be_forgotten_is_owed_nothing_more(
    telegram: TelegramServer, tmp_path: Path, clock: Clock
) -> None:
    ann = telegram.user("Ann")
    async with bot(telegram, tmp_path / "db", clock) as service:
        await says(telegram, ann, "/start")
        await service.outbox.owe(Owed("telegram", str(ann.id), (Reply("以后"),), clock.now + timedelta(hours=1)))
        await says(telegram, ann, "/forget")
        await passes(service, clock, 2)
        await says(telegram, ann, "帮助")
    assert not any(message.shown == "以后" for message in ann.messages)
