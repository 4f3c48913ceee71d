"""People on Telegram talk to the whole bot: real HTTP, real polling, real SQLite, a Telegram of our own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from bot.app.build import CHANNELS
from bot.channels.telegram import channel as telegram_channel
from bot.channels.telegram import intake, updates
from bot.channels.telegram.bot import make_bot
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts
from bot.content.content import Content
from bot.content.loading import load
from bot.domain.messages import Owed, Picture, Reply
from bot.service.turns import Service
from bot.store import Store
from bot.store.engine import EngineOptions
from tests.person import at
from tests.telegram_people import ADMINISTRATOR, Message, User, picture
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
class Town:
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
async def town(tmp_path: Path, content: Content) -> AsyncIterator[Town]:
    store = await Store.open(tmp_path / "gradbot.db", options=EngineOptions(wait_s=0.05))
    service = Service(content, store, lambda: AT, at("2013-12-05"), channels=CHANNELS)
    async with TelegramServer() as telegram, make_bot(telegram.token, None, base=telegram.url) as bot:
        here = Town(telegram, store, content, service)
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


def called(town: Town, method: str) -> int:
    return sum(call.method == method for call in town.telegram.calls)


async def test_a_typed_word_gets_a_new_message_and_a_tap_edits_it(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "/start")
    bubbles = len(ann.messages)
    await town.taps(ann, "开始核对")
    await town.telegram.until(lambda: "你读的是哪一种" in ann.messages[-1].shown)
    assert len(ann.messages) == bubbles
    assert ann.messages[-1].edits == 1
    await town.taps(ann, "专科")
    assert "你的专业" in ann.messages[-1].shown
    said = await town.says(ann, "会计电算化")
    assert "记下：专科、会计电算化" in said[0]
    assert "第3/29步" in said[1]
    assert len(ann.messages) == bubbles + 2


async def test_what_must_be_kept_is_not_replaced_by_the_next_tap(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "/start step-m4-keep")
    kept = ann.messages[-1]
    assert "要记住" in kept.shown
    await town.taps(ann, "完成了")
    await town.telegram.until(lambda: "登录学信档案" in ann.messages[-2].shown)
    assert (kept.edits, "要记住" in kept.shown) == (0, True)
    await town.says(ann, "张老师电话多少")
    answer = next(m for m in reversed(ann.messages) if any(b["text"] == "原文" for row in m.buttons for b in row))
    ann.presses(next(b["callback_data"] for row in answer.buttons for b in row if b["text"] == "原文"), answer)
    await town.telegram.until(lambda: "5、详情咨询" in ann.messages[-1].shown)
    assert answer.edits == 0


async def test_the_card_is_a_photo_of_its_own_with_the_words_below(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    await town.says(ann, "菜单")
    menu = ann.messages[-1]
    await town.taps(ann, "我的卡片")
    await town.telegram.until(lambda: "我的核对卡片" in ann.messages[-1].shown)
    card = ann.messages[-1]
    assert card is not menu
    assert [name for name, (file, _) in card.files.items() if file.endswith(".png")]
    await town.taps(ann, "菜单")
    await town.telegram.until(lambda: ann.messages[-1] is not card)
    assert (menu.edits, card.edits) == (0, 0)


async def test_a_vote_is_thanked_for_at_once_and_changes_only_its_answer(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_channel, "TYPING_AFTER_S", 60)  # on a slow machine the button is released earlier
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    await town.says(ann, "要用什么浏览器")
    answer, step = ann.messages[-2:]
    helped = next(button["callback_data"] for row in answer.buttons for button in row if "有用" in button["text"])
    since = len(town.telegram.calls)
    ann.presses(helped, answer)
    # The query is answered beside the turn, on a connection of its own: it may come after the update is confirmed.
    await town.telegram.until(lambda: not town.telegram.pending and None not in town.telegram.queries.values())
    done = {call.method: call.parameters for call in town.telegram.calls[since:] if call.method != "getUpdates"}
    assert done.keys() == {"answerCallbackQuery", "editMessageText"}
    assert done["answerCallbackQuery"]["text"] == town.content.phrases.opinion.thanks
    assert ann.messages[-2:] == [answer, step]
    assert (answer.edits, step.edits) == (1, 0)
    assert [button["text"] for button in answer.buttons[-1]] == ["✓ 👍 有用", "👎 没帮上"]


async def test_an_old_button_is_answered_and_changes_nothing(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    old = ann.messages[-1]
    press = old.buttons[0][0]["callback_data"]
    await town.taps(ann, "专科")
    before = await town.store.load("telegram", str(ann.id))
    town.seconds += 60
    ann.presses(press, old)
    await town.telegram.until(lambda: not town.telegram.pending)
    assert town.content.phrases.stale in "".join(message.shown for message in ann.messages)
    assert await town.store.load("telegram", str(ann.id)) == before


async def test_a_second_tap_on_the_same_button_is_swallowed(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    card = ann.messages[-1]
    press = card.buttons[0][0]["callback_data"]
    ann.presses(press, card)
    await town.telegram.until(lambda: not town.telegram.pending)
    shown = [message.shown for message in ann.messages]
    town.seconds += 1
    ann.presses(press, card)
    await town.telegram.until(lambda: not town.telegram.pending and None not in town.telegram.queries.values())
    assert [message.shown for message in ann.messages] == shown


async def test_a_double_tap_does_not_edit_to_the_same(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    await town.taps(ann, "帮助")
    edits = called(town, "editMessageText")
    await town.taps(ann, "菜单")
    ann.presses("cmd|menu", ann.messages[-1])
    await town.telegram.until(lambda: not town.telegram.pending)
    assert called(town, "editMessageText") == edits + 1


async def test_who_taps_again_before_the_answer_shows_is_not_answered_twice(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    bubbles = len(ann.messages)
    for _ in range(3):
        ann.presses("cmd|help", ann.messages[-1])
    await town.telegram.until(lambda: not town.telegram.pending and None not in town.telegram.queries.values())
    assert [call.code for call in town.telegram.made("editMessageText")] == [200]
    assert len(ann.messages) == bubbles


async def test_an_edit_that_was_made_before_a_kill_is_not_said_again(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    bubbles = len(ann.messages)
    town.telegram.fault("error", "editMessageText", code=400, description="Bad Request: message is not modified: …")
    await town.taps(ann, "帮助")
    assert len(ann.messages) == bubbles


async def test_what_people_wrote_is_escaped_and_long_cards_are_cut(town: Town) -> None:
    ann = town.telegram.user("Ann")
    said = await town.says(ann, "<b>你好</b> & 1<2")
    assert all(len(text) <= 4096 for text in said)
    assert all(call.code == 200 for call in town.telegram.calls if call.method == "sendMessage")


async def test_a_secret_is_deleted_and_a_photo_is_refused_unread(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "你好")
    said = await town.says(ann, "我的密码是abc12345")
    assert "没有保存" in said[0]
    assert called(town, "deleteMessage") == 1
    before = len(ann.messages)
    ann.sends(photo=picture("x"))
    said = await town.quiet(ann, before)
    assert town.content.phrases.no_text["photo"] in said[0]
    assert called(town, "getFile") == 0


async def test_pictures_sent_as_one_are_refused_once(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "你好")
    before = len(ann.messages)
    for name in "abc":
        ann.sends(photo=picture(name), media_group_id="77")
    ann.sends(
        photo=picture("d"),
        media_group_id="77",
        caption="几号截止",
    )
    said = await town.quiet(ann, before)
    assert sum(town.content.phrases.no_text["photo"] in text for text in said) == 2


async def test_the_calendar_comes_as_a_document(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "截止日期")
    await town.telegram.until(lambda: any(message.files for message in ann.messages))
    name, data = next(message.files["document"] for message in ann.messages if message.files)
    assert name == "毕业核对日程.ics"
    assert data.startswith(b"BEGIN:VCALENDAR")


async def test_certificate_numbers_can_be_copied(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "/start step-p3-numbers")
    before = len(ann.messages)
    await town.says(ann, "NO.00298959")
    rows = [row for message in ann.messages[before:] for row in message.buttons]
    copies = [button["copy_text"]["text"] for row in rows for button in row if "copy_text" in button]
    assert copies == ["00298959", "298959"]


async def test_inline_search_and_profile(town: Town) -> None:
    ann = town.telegram.user("Ann")
    town.telegram.update(inline_query={"id": "9", "from": ann.who, "query": "证书编号", "offset": ""})
    await town.telegram.until(lambda: called(town, "answerInlineQuery") == 1)
    call = next(call for call in town.telegram.calls if call.method == "answerInlineQuery")
    assert call.parameters["results"][0]["id"] == "certificate-numbers"
    assert called(town, "setMyCommands") == 2


async def test_what_takes_long_is_seen_to_be_under_way(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_channel, "TYPING_AFTER_S", 0)
    ann = town.telegram.user("Ann")
    town.telegram.fault("slow", "sendMessage", seconds=0.05)
    await town.says(ann, "菜单")
    assert called(town, "sendChatAction") == 1
    town.telegram.fault("slow", "editMessageText", seconds=0.1)
    ann.taps("帮助")
    await town.telegram.until(lambda: called(town, "answerCallbackQuery") and called(town, "editMessageText"))
    assert town.telegram.made("editMessageText")[0].code == 0  # the button does not wait for it
    await town.telegram.until(lambda: not town.telegram.pending)
    assert [call.code for call in town.telegram.made("answerCallbackQuery")] == [200]


@pytest.mark.parametrize("why", ["bot was blocked by the user", "user is deactivated"])
async def test_whom_nothing_reaches_is_known_until_they_write_again(town: Town, why: str) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    town.telegram.fault("error", "sendMessage", code=403, description=f"Forbidden: {why}")
    await town.says(ann, "帮助")
    assert await reachable(town, ann) is False
    await town.says(ann, "帮助")
    assert await reachable(town, ann) is True


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_secret_in_a_group_is_deleted_where_that_is_allowed(town: Town, *, allowed: bool) -> None:
    ann, chat = town.telegram.user("Ann"), {"id": -5, "type": "supergroup", "title": "class"}
    town.telegram.groups[-5] = [Message(0, -5, {"text": "made"}, {})]
    town.telegram.rights = {**ADMINISTRATOR, "can_delete_messages": allowed}
    name = f"@{town.telegram.me['username']}"
    mention = {"type": "mention", "offset": 0, "length": len(name)}
    ann.sends(text=f"{name} 我的密码是abc12345", chat=chat, entities=[mention])
    await town.telegram.until(lambda: not town.telegram.pending and len(town.telegram.groups[-5]) == 2)
    assert called(town, "deleteMessage") == allowed


async def reachable(town: Town, user: User) -> bool:
    kept = await town.store.export("telegram", str(user.id))
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
    town: Town, broken: Callable[[TelegramServer], None]
) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    broken(town.telegram)
    ann.taps("专科")
    ann.types("帮助")
    ann.types("我的进度")
    await town.telegram.until(
        lambda: any("你的专业" in message.shown and "走到" in message.shown for message in ann.messages)
    )


@pytest.mark.parametrize("code", [401, 404])
async def test_a_token_that_is_refused_in_passing_loses_no_answer(town: Town, code: int) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    for method in ("getUpdates", "sendMessage"):
        town.telegram.fault("error", method, code=code)
    before = len(ann.messages)
    await town.says(ann, "要钱吗")
    assert await town.store.outbox.list_debtors("telegram") == [str(ann.id)]
    assert len(ann.messages) == before
    assert called(town, "getMe") == 2


@pytest.mark.parametrize("code", [400, 413])
async def test_an_answer_that_is_refused_comes_in_plain_words_or_as_an_apology(town: Town, code: int) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    town.telegram.fault("error", "sendMessage", code=code, description="Bad Request: can't parse entities")
    said = await town.says(ann, "老师电话")
    assert "0550" in said[0]
    assert "parse_mode" not in ann.messages[-1].parameters
    town.telegram.fault("error", "sendMessage", code=code, description="Bad Request: MESSAGE_INVALID", times=2)
    assert await town.says(ann, "老师电话") == ["对不起"]
    town.telegram.fault("error", "sendDocument", code=code, description="Request Entity Too Large")
    assert (await town.says(ann, "截止日期"))[1] == "对不起"


async def test_what_is_owed_and_refused_comes_in_plain_words_or_as_an_apology(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "菜单")
    for times, shown in ((1, "一"), (2, "对不起")):
        town.telegram.fault("error", "sendMessage", code=400, description="Bad Request: can't parse", times=times)
        await town.service.outbox.owe(Owed("telegram", str(ann.id), (Reply("一"),)))
        await town.telegram.until(lambda shown=shown: ann.messages[-1].shown == shown)  # type: ignore[misc]


async def test_while_the_database_is_locked_updates_wait_and_are_answered_once_it_is_free(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNSAVED_S", 0.01)
    ann, bob = town.telegram.user("Ann"), town.telegram.user("Bob")
    await town.says(ann, "菜单")
    before = len(ann.messages)
    with closing(sqlite3.connect(tmp_path / "gradbot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ann.types("开始核对")
        ann.types("专科")
        bob.types("要钱吗")
        with structlog.testing.capture_logs() as logs:
            await town.telegram.until(lambda: sum(log["event"] == "store_problem" for log in logs) > 5)
        assert len(town.telegram.pending) == 3
        assert len(ann.messages) == before
        other.execute("COMMIT")
    await town.telegram.until(lambda: not town.telegram.pending)
    assert ["你读的是哪一种" in ann.messages[before].shown, "你的专业" in ann.messages[-1].shown] == [True, True]
    assert sum("免费" in message.shown for message in bob.messages) == 1


async def test_the_same_update_again_is_answered_alike_and_moves_once(town: Town) -> None:
    ann = town.telegram.user("Ann")
    await town.says(ann, "开始核对")
    town.telegram.batch = lambda batch: [*batch, *batch]
    await town.says(ann, "专科")
    await town.says(ann, "我的进度")
    kept = await town.store.export("telegram", str(ann.id))
    assert [event["step"] for event in kept["step_events"]] == ["m0-who", "m0-major"]
