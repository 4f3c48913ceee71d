from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.channels.telegram.api import BACKOFF_MAX_S, TROUBLE_S, Api, backoff_s
from bot.channels.telegram.errors import Flood, Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.limiter import Limits
from bot.domain.messages import Outcome
from tests.channels.conftest import FakeTime, to
from tests.telegram_server import TelegramServer, User


@pytest.fixture
def ann(telegram: TelegramServer) -> User:
    return telegram.user("Ann")


def hello(user: User) -> dict[str, Any]:
    return {
        "chat_id": user.id,
        "text": "你好",
        "reply_markup": {"inline_keyboard": [[{"text": "好", "callback_data": "a"}]]},
    }


async def test_a_call_gives_the_result(api: Api, ann: User) -> None:
    message = await api.call("sendMessage", hello(ann))
    assert message["message_id"] == ann.messages[0].id
    assert ann.messages[0].buttons[0][0]["text"] == "好"


async def test_files_go_up_and_come_down(api: Api, telegram: TelegramServer, ann: User) -> None:
    await api.call(
        "sendDocument",
        {"chat_id": ann.id, "caption": "日程", "reply_markup": {"inline_keyboard": []}},
        files={"document": ("日程.ics", b"BEGIN", "text/calendar")},
    )
    assert ann.messages[0].files["document"] == ("日程.ics", b"BEGIN")
    assert ann.messages[0].text == "日程"
    telegram.files["documents/f1"] = b"down"
    assert await api.file((await api.call("getFile", {"file_id": "f1"}))["file_path"]) == b"down"
    with pytest.raises(BadRequest):
        await api.file("documents/none")


@pytest.mark.parametrize("code", [500, 502, 503])
async def test_a_server_in_trouble_is_asked_again(
    api: Api, telegram: TelegramServer, time: FakeTime, ann: User, code: int
) -> None:
    telegram.fault("error", "sendMessage", code=code, times=3)
    await api.call("sendMessage", hello(ann))
    assert [call.code for call in telegram.made("sendMessage")] == [code, code, code, 200]
    assert time.slept == [0.5, 1, 2]


async def test_an_unreachable_server_is_asked_again_until_patience_ends(
    api: Api, telegram: TelegramServer, time: FakeTime, ann: User
) -> None:
    await telegram.goes_away()
    with pytest.raises(NeverSent):
        await api.call("sendMessage", hello(ann))
    assert time.slept == sorted(time.slept)
    assert TROUBLE_S - min(2 * time.slept[-1], BACKOFF_MAX_S) < sum(time.slept) <= TROUBLE_S
    await telegram.comes_back()
    await api.call("sendMessage", hello(ann))
    assert len(ann.messages) == 1


@pytest.mark.parametrize("fault", [{"kind": "cut"}, {"kind": "cut", "after": True}, {"kind": "garbage"}])
async def test_a_send_that_may_have_happened_is_not_repeated(
    api: Api, telegram: TelegramServer, ann: User, fault: dict[str, Any]
) -> None:
    telegram.fault(method="sendMessage", **fault)
    with pytest.raises(OutcomeUnknown):
        await api.call("sendMessage", hello(ann))
    assert len(telegram.made("sendMessage")) == 1


@pytest.mark.parametrize(("after", "copies"), [(False, 1), (True, 2)])
async def test_a_reply_that_must_arrive_is_sent_again(
    api: Api, telegram: TelegramServer, ann: User, after: bool, copies: int
) -> None:
    telegram.fault("cut", "sendMessage", after=after)
    await api.call("sendMessage", hello(ann), again=True)
    assert len(ann.messages) == copies


async def test_an_edit_that_may_have_happened_is_repeated_and_not_modified_is_fine(
    api: Api, telegram: TelegramServer, ann: User
) -> None:
    message = await api.call("sendMessage", hello(ann))
    edit = {"chat_id": ann.id, "message_id": message["message_id"], "text": "新"}
    telegram.fault("cut", "editMessageText", after=True)
    assert await api.call("editMessageText", edit) is True
    assert ann.messages[0].text == "新"
    assert ann.messages[0].edits == 1
    with pytest.raises(BadRequest, match="not modified"):
        await api.call("editMessageText", edit)


async def test_an_answer_to_a_tap_is_repeated(api: Api, telegram: TelegramServer, ann: User) -> None:
    ann.presses("a")
    (query,) = telegram.queries
    telegram.fault("cut", "answerCallbackQuery")
    await api.call("answerCallbackQuery", {"callback_query_id": query})
    assert telegram.queries[query] is not None


async def test_a_refusal_is_not_repeated(api: Api, telegram: TelegramServer, ann: User) -> None:
    ann.blocks()
    with pytest.raises(Forbidden):
        await api.call("sendMessage", hello(ann))
    with pytest.raises(BadRequest, match="Chat not found"):
        await api.call("sendMessage", {"chat_id": 404, "text": "?"})
    assert len(telegram.made("sendMessage")) == 2


async def test_a_short_pause_is_waited_for(telegram: TelegramServer, ann: User, time: FakeTime) -> None:
    real = Api(telegram.token, to(telegram, time).request, None, base=telegram.url)
    telegram.fault("error", "sendMessage", code=429, parameters={"retry_after": 0.05})
    async with real as api:
        await api.call("sendMessage", hello(ann))
    assert [call.code for call in telegram.made("sendMessage")] == [429, 200]


async def test_a_long_pause_comes_back_with_the_time_and_holds_for_the_chat(
    telegram: TelegramServer, time: FakeTime, ann: User
) -> None:
    bob = telegram.user("Bob")
    async with to(telegram, time, Limits()) as api:
        telegram.fault("error", "sendMessage", code=429, retry_after=3600)
        before = datetime.now(UTC)
        for _ in range(2):
            with pytest.raises(Later) as caught:
                await api.call("sendMessage", hello(ann))
            assert timedelta(seconds=3590) < caught.value.resume_at - before < timedelta(seconds=3610)
        await api.call("sendMessage", hello(bob))
    assert len(telegram.made("sendMessage")) == 2  # asked once for Ann


async def test_a_call_without_a_chat_waits_by_itself(api: Api, telegram: TelegramServer, time: FakeTime) -> None:
    telegram.fault("error", "setMyCommands", code=429, retry_after=9)
    await api.call("setMyCommands", {"commands": []})
    assert time.slept == [9]
    telegram.fault("error", "setMyName", code=429, retry_after=86400)
    with pytest.raises(Later):
        await api.call("setMyName", {"name": "x"})


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
    api: Api, telegram: TelegramServer, ann: User, fault: dict[str, Any], became: str
) -> None:
    telegram.fault(method="sendMessage", **fault)
    with pytest.raises(TelegramError) as caught:
        await api.call("sendMessage", hello(ann))
    outcome = api.outcome(caught.value)
    assert outcome.became == became
    assert outcome.reason
    assert (outcome.resume_at is not None) == (became == "later")


async def test_what_arrived_says_so_with_its_number(api: Api, ann: User) -> None:
    async def ready() -> bool:
        return True

    assert await api.one_try("sendMessage", hello(ann), ready) == Outcome("sent", message=str(ann.messages[0].id))


@pytest.mark.parametrize("error", [NeverSent("x"), ServerTrouble("x"), Flood(5)])
def test_trouble_that_passes_means_later(error: Any, telegram: TelegramServer, time: FakeTime) -> None:
    assert to(telegram, time).outcome(error).became == "later"


def test_the_api_does_not_show_its_token(telegram: TelegramServer, time: FakeTime) -> None:
    assert telegram.token.split(":")[1] not in repr(to(telegram, time))


def test_backoff_doubles_up_to_a_cap_and_spreads() -> None:
    assert [backoff_s(attempt, lambda: 1.0) for attempt in (1, 2, 3, 10, 10_000)] == [0.5, 1, 2, 30, 30]
    assert backoff_s(1, lambda: 0.0) == 0.25
