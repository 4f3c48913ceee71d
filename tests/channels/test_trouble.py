"""Trouble at Telegram or in the database while people talk to the bot: the next message is answered, none is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from bot.channels.telegram import intake
from bot.domain.messages import Owed, Reply
from tests.channels.bot_on_telegram import BotOnTelegram, called, content, talk
from tests.telegram_people import User
from tests.telegram_server import TelegramServer

__all__ = ["content", "talk"]  # fixtures


@pytest.mark.parametrize("why", ["bot was blocked by the user", "user is deactivated"])
async def test_whom_nothing_reaches_is_known_until_they_write_again(talk: BotOnTelegram, why: str) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    talk.telegram.fault("error", "sendMessage", code=403, description=f"Forbidden: {why}")
    await talk.says(ann, "帮助")
    assert await reachable(talk, ann) is False
    await talk.says(ann, "帮助")
    assert await reachable(talk, ann) is True


async def reachable(talk: BotOnTelegram, user: User) -> bool:
    kept = await talk.store.export("telegram", str(user.id))
    return bool(kept["people"][0]["reachable"])


@pytest.mark.parametrize(
    "broken",
    [
        lambda telegram: telegram.fault(
            "error", "sendMessage", code=403, description="Forbidden: bot was blocked by the user"
        ),
        lambda telegram: telegram.fault("error", "sendMessage", code=400, description="Bad Request: chat not found"),
        lambda telegram: telegram.fault("cut", "sendMessage", after=True),
        lambda telegram: telegram.fault("error", "sendMessage", code=502),
        lambda telegram: telegram.fault(
            "error", "editMessageText", code=400, description="Bad Request: message can't be edited"
        ),
    ],
)
async def test_the_next_message_is_answered_after_any_trouble(
    talk: BotOnTelegram, broken: Callable[[TelegramServer], None]
) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    broken(talk.telegram)
    ann.taps("专科")
    ann.types("帮助")
    ann.types("我的进度")
    await talk.telegram.until(
        lambda: any("你的专业" in message.shown and "走到" in message.shown for message in ann.messages)
    )


@pytest.mark.parametrize("code", [401, 404])
async def test_a_token_that_is_refused_in_passing_loses_no_answer(talk: BotOnTelegram, code: int) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    for method in ("getUpdates", "sendMessage"):
        talk.telegram.fault("error", method, code=code)
    before = len(ann.messages)
    await talk.says(ann, "要钱吗")
    assert await talk.store.outbox.list_debtors("telegram") == [str(ann.id)]
    assert len(ann.messages) == before
    assert called(talk, "getMe") == 2


@pytest.mark.parametrize("code", [400, 413])
async def test_an_answer_that_is_refused_comes_in_plain_words_or_as_an_apology(talk: BotOnTelegram, code: int) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    talk.telegram.fault("error", "sendMessage", code=code, description="Bad Request: can't parse entities")
    said = await talk.says(ann, "老师电话")
    assert "0550" in said[0]
    assert "parse_mode" not in ann.messages[-1].parameters
    talk.telegram.fault("error", "sendMessage", code=code, description="Bad Request: MESSAGE_INVALID", times=2)
    assert await talk.says(ann, "老师电话") == ["对不起"]
    talk.telegram.fault("error", "sendDocument", code=code, description="Request Entity Too Large")
    assert (await talk.says(ann, "截止日期"))[1] == "对不起"


async def test_what_is_owed_and_refused_comes_in_plain_words_or_as_an_apology(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "菜单")
    for times, shown in ((1, "一"), (2, "对不起")):
        talk.telegram.fault("error", "sendMessage", code=400, description="Bad Request: can't parse", times=times)
        await talk.service.outbox.owe(Owed("telegram", str(ann.id), (Reply("一"),)))
        await talk.telegram.until(lambda shown=shown: ann.messages[-1].shown == shown)  # type: ignore[misc]


async def test_while_the_database_is_locked_updates_wait_and_are_answered_once_it_is_free(
    talk: BotOnTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNSAVED_S", 0.01)
    ann, bob = talk.telegram.user("Ann"), talk.telegram.user("Bob")
    await talk.says(ann, "菜单")
    before = len(ann.messages)
    with closing(sqlite3.connect(tmp_path / "gradbot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ann.types("开始核对")
        ann.types("专科")
        bob.types("要钱吗")
        with structlog.testing.capture_logs() as logs:
            await talk.telegram.until(lambda: sum(log["event"] == "store_problem" for log in logs) > 5)
        assert len(talk.telegram.pending) == 3
        assert len(ann.messages) == before
        other.execute("COMMIT")
    await talk.telegram.until(lambda: not talk.telegram.pending)
    assert ["你读的是哪一种" in ann.messages[before].shown, "你的专业" in ann.messages[-1].shown] == [True, True]
    assert sum("免费" in message.shown for message in bob.messages) == 1


async def test_the_same_update_again_is_answered_alike_and_moves_once(talk: BotOnTelegram) -> None:
    ann = talk.telegram.user("Ann")
    await talk.says(ann, "开始核对")
    talk.telegram.batch = lambda batch: [*batch, *batch]
    await talk.says(ann, "专科")
    await talk.says(ann, "我的进度")
    kept = await talk.store.export("telegram", str(ann.id))
    assert [event["step"] for event in kept["step_events"]] == ["m0-who", "m0-major"]
