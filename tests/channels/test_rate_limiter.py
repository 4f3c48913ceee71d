from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.bot import TelegramBot, make_bot
from bot.channels.telegram.bulk import Bulk
from bot.channels.telegram.errors import Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.files import fetch
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.outcomes import outcome_of
from bot.channels.telegram.rate_limiter import BACKOFF_MAX_S, TROUBLE_S, RateLimitArgs, backoff_s
from bot.domain.messages import Bulletin, Outcome
from tests.channels.conftest import FakeTime, to
from tests.telegram_people import User
from tests.telegram_server import TelegramServer

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)


@pytest.fixture
def ann(telegram: TelegramServer) -> User:
    return telegram.user("Ann")


def hello(user: User) -> dict[str, Any]:
    return {
        "chat_id": user.id,
        "text": "你好",
        "reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="a")]]),
    }


async def test_a_call_gives_the_result(bot: TelegramBot, ann: User) -> None:
    message = await bot.send_message(**hello(ann))
    assert message.message_id == ann.messages[0].id
    assert ann.messages[0].buttons[0][0]["text"] == "好"


async def test_files_go_up_and_come_down(bot: TelegramBot, telegram: TelegramServer, ann: User) -> None:
    await bot.send_document(
        ann.id, b"BEGIN", caption="日程", filename="日程.ics", reply_markup=InlineKeyboardMarkup([])
    )
    assert ann.messages[0].files["document"] == ("日程.ics", b"BEGIN")
    assert ann.messages[0].text == "日程"
    telegram.files["documents/f1"] = b"down"
    assert await fetch(bot, "f1") == b"down"
    with pytest.raises(ConnectionError, match="Invalid file_id"):
        await fetch(bot, "none")
    file = await bot.get_file("f1")
    telegram.files.clear()
    with pytest.raises(TelegramError):
        await file.download_as_bytearray()


@pytest.mark.parametrize("code", [500, 502, 503])
async def test_a_server_in_trouble_is_asked_again(
    bot: TelegramBot, telegram: TelegramServer, time: FakeTime, ann: User, code: int
) -> None:
    telegram.fault("error", "sendMessage", code=code, times=3)
    await bot.send_message(**hello(ann))
    assert [call.code for call in telegram.made("sendMessage")] == [code, code, code, 200]
    assert time.slept == [0.5, 1, 2]


async def test_an_unreachable_server_is_asked_again_until_patience_ends(
    bot: TelegramBot, telegram: TelegramServer, time: FakeTime, ann: User
) -> None:
    await telegram.goes_away()
    with pytest.raises(NeverSent):
        await bot.send_message(**hello(ann))
    assert time.slept == sorted(time.slept)
    assert TROUBLE_S - min(2 * time.slept[-1], BACKOFF_MAX_S) < sum(time.slept) <= TROUBLE_S
    await telegram.comes_back()
    await bot.send_message(**hello(ann))
    assert len(ann.messages) == 1


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "cut", "after": True}, {"kind": "garbage"}])
async def test_a_send_that_may_have_happened_is_not_repeated(
    bot: TelegramBot, telegram: TelegramServer, ann: User, fault: dict[str, Any]
) -> None:
    telegram.fault(method="sendMessage", **fault)
    with pytest.raises(OutcomeUnknown):
        await bot.send_message(**hello(ann))
    assert len(telegram.made("sendMessage")) == 1


@pytest.mark.parametrize(("after", "copies"), [(False, 1), (True, 2)])
async def test_a_reply_that_must_arrive_is_sent_again(
    bot: TelegramBot, telegram: TelegramServer, ann: User, after: bool, copies: int
) -> None:
    telegram.fault("cut", "sendMessage", after=after)
    await bot.send_message(**hello(ann), rate_limit_args=RateLimitArgs(repeat="always"))
    assert len(ann.messages) == copies


async def test_an_edit_that_may_have_happened_is_repeated_and_not_modified_is_fine(
    bot: TelegramBot, telegram: TelegramServer, ann: User
) -> None:
    message = await bot.send_message(**hello(ann))
    edit: dict[str, Any] = {"chat_id": ann.id, "message_id": message.message_id, "text": "新"}
    telegram.fault("cut", "editMessageText", after=True)
    assert await bot.edit_message_text(**edit) is True
    assert ann.messages[0].text == "新"
    assert ann.messages[0].edits == 1
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text(**edit)


async def test_an_answer_to_a_tap_is_repeated(bot: TelegramBot, telegram: TelegramServer, ann: User) -> None:
    ann.presses("a")
    (query,) = telegram.queries
    telegram.fault("cut", "answerCallbackQuery")
    await bot.answer_callback_query(query)
    assert telegram.queries[query] is not None


async def test_a_refusal_is_not_repeated(bot: TelegramBot, telegram: TelegramServer, ann: User) -> None:
    ann.blocks()
    with pytest.raises(Forbidden):
        await bot.send_message(**hello(ann))
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(404, "?")
    assert len(telegram.made("sendMessage")) == 2


async def test_a_short_pause_is_waited_for(telegram: TelegramServer, ann: User, time: FakeTime) -> None:
    real = make_bot(telegram.token, None, base=telegram.url)
    telegram.fault("error", "sendMessage", code=429, parameters={"retry_after": 0.05})
    async with real as bot:
        await bot.send_message(**hello(ann))
    assert [call.code for call in telegram.made("sendMessage")] == [429, 200]


async def test_a_long_pause_comes_back_with_the_time_and_holds_for_the_chat(
    telegram: TelegramServer, time: FakeTime, ann: User
) -> None:
    bob = telegram.user("Bob")
    async with to(telegram, time, Limits()) as bot:
        telegram.fault("error", "sendMessage", code=429, retry_after=3600)
        before = datetime.now(UTC)
        for _ in range(2):
            with pytest.raises(Later) as caught:
                await bot.send_message(**hello(ann))
            assert timedelta(seconds=3590) < caught.value.resume_at - before < timedelta(seconds=3610)
        await bot.send_message(**hello(bob))
    assert len(telegram.made("sendMessage")) == 2  # asked once for Ann


async def test_a_call_without_a_chat_waits_by_itself(
    bot: TelegramBot, telegram: TelegramServer, time: FakeTime
) -> None:
    telegram.fault("error", "setMyCommands", code=429, retry_after=9)
    await bot.set_my_commands([])
    assert time.slept == [9]
    telegram.fault("error", "setMyName", code=429, retry_after=86400)
    with pytest.raises(Later):
        await bot.set_my_name("x")


@pytest.mark.parametrize(
    ("fault", "became"),
    [
        ({"kind": "cut", "after": True}, "unsure"),
        ({"kind": "error", "code": 400, "description": "Bad Request: message is too long"}, "failed"),
        ({"kind": "error", "code": 400, "description": "Bad Request: chat not found"}, "blocked"),
        ({"kind": "error", "code": 403, "description": "Forbidden: user is deactivated"}, "blocked"),
        ({"kind": "error", "code": 429, "retry_after": 7200}, "later"),
        ({"kind": "error", "code": 500, "times": 0}, "later"),
    ],
)
async def test_what_became_of_one_of_many_is_a_value(
    bot: TelegramBot, telegram: TelegramServer, ann: User, fault: dict[str, Any], became: str
) -> None:
    telegram.fault(method="sendMessage", **fault)
    with pytest.raises(TelegramError) as caught:
        await bot.send_message(**hello(ann))
    outcome = outcome_of(caught.value, datetime.now(UTC))
    assert outcome.became == became
    assert outcome.reason
    assert (outcome.resume_at is not None) == (became == "later")


async def ready() -> bool:
    return True


async def test_a_broadcast_that_arrived_has_its_messages_number(bot: TelegramBot, ann: User) -> None:
    assert await Bulk(bot).send(str(ann.id), Bulletin("x"), ready) == Outcome("sent", message=str(ann.messages[0].id))


async def test_a_broadcast_that_is_not_ready_is_not_sent(bot: TelegramBot, telegram: TelegramServer, ann: User) -> None:
    async def never() -> bool:
        return False

    assert await Bulk(bot).send(str(ann.id), Bulletin("x"), never) == Outcome("later")
    assert telegram.made("sendMessage") == []


@pytest.mark.parametrize(
    ("fault", "became", "cause"),
    [
        ({"kind": "cut", "after": True}, "unsure", ""),
        ({"kind": "error", "code": 500}, "later", "server"),
        ({"kind": "error", "code": 429, "retry_after": 7}, "later", "flood"),
        ({"kind": "error", "code": 401}, "later", "token"),
        ({"kind": "error", "code": 403}, "blocked", ""),
        ({"kind": "error", "code": 400}, "failed", ""),
    ],
)
async def test_a_broadcast_is_tried_once_and_the_outcome_has_its_cause(
    bot: TelegramBot, telegram: TelegramServer, ann: User, fault: dict[str, Any], became: str, cause: str
) -> None:
    telegram.fault(method="sendMessage", **fault)
    outcome = await Bulk(bot, present=lambda: NOON).send(str(ann.id), Bulletin("x"), ready)
    assert (outcome.became, outcome.cause) == (became, cause)
    assert len(telegram.made("sendMessage")) == 1
    if cause == "flood":
        assert outcome.resume_at == NOON + timedelta(seconds=7)


async def test_a_broadcast_that_never_left_is_for_later(bot: TelegramBot, telegram: TelegramServer, ann: User) -> None:
    await telegram.goes_away()
    outcome = await Bulk(bot).send(str(ann.id), Bulletin("x"), ready)
    assert (outcome.became, outcome.cause) == ("later", "network")


@pytest.mark.parametrize("error", [NeverSent("x"), ServerTrouble("x"), RetryAfter(5)])
def test_trouble_that_passes_means_later(error: TelegramError) -> None:
    assert outcome_of(error, NOON).became == "later"


async def test_the_bot_shows_its_token_nowhere(telegram: TelegramServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = telegram.token.split(":")[1]
    telegram.fault("error", "getMe", code=401, description="Unauthorized")
    async with make_bot(telegram.token, None, base=telegram.url) as bot:
        with pytest.raises(InvalidToken) as caught:
            await bot.get_me()
    assert secret not in repr(bot) + repr(caught.value) + caplog.text


def test_backoff_doubles_up_to_a_cap_and_spreads() -> None:
    assert [backoff_s(attempt, lambda: 1.0) for attempt in (1, 2, 3, 10, 10_000)] == [0.5, 1, 2, 30, 30]
    assert backoff_s(1, lambda: 0.0) == 0.25
