from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from typing import Any

import pytest
import telegram as ptb
from aiohttp import web
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.channels.telegram.errors import NeverSent, OutcomeUnknown, ServerTrouble, pause_s
from bot.channels.telegram.request import AiohttpRequest, check, dumps, loads
from tests.telegram_methods import TOKEN
from tests.telegram_server import TelegramServer


def address(server: TelegramServer, method: str = "getMe") -> str:
    return f"{server.url}/bot{TOKEN}/{method}"


async def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


async def test_the_library_speaks_through_it_with_uploads_and_downloads(telegram: TelegramServer) -> None:
    ann = telegram.user("Ann")
    telegram.files["documents/f1"] = b"\x00content"
    bot = ptb.Bot(
        TOKEN,
        base_url=f"{telegram.url}/bot",
        base_file_url=f"{telegram.url}/file/bot",
        request=AiohttpRequest(),
        get_updates_request=AiohttpRequest(),
    )
    async with bot:
        buttons = ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("好", callback_data="v1:ok")]])
        message = await bot.send_message(ann.id, "你好 <b>&</b>", parse_mode="HTML", reply_markup=buttons)
        await bot.send_document(ann.id, b"BEGIN:VCALENDAR", filename="日程.ics", caption="时间")
        content = await (await bot.get_file("f1")).download_as_bytearray()
    assert message.message_id == ann.messages[0].id
    assert ann.messages[0].text == "你好 <b>&</b>"
    assert ann.messages[0].buttons[0][0]["callback_data"] == "v1:ok"
    assert ann.messages[1].files["document"] == ("日程.ics", b"BEGIN:VCALENDAR")
    assert ann.messages[1].text == "时间"
    assert bytes(content) == b"\x00content"


async def test_connections_are_kept(telegram: TelegramServer) -> None:
    async with AiohttpRequest() as request:
        for _ in range(20):
            assert await request.post(address(telegram))
        assert telegram._runner.server is not None
        assert len(telegram._runner.server.connections) == 1


async def test_no_connection_means_it_never_went_out() -> None:
    async with AiohttpRequest(connect_s=1) as request:
        with pytest.raises(NeverSent, match="refused"):
            await request.post(f"http://127.0.0.1:{await free_port()}/bot{TOKEN}/sendMessage")
        with pytest.raises(NeverSent):
            await request.post(f"http://no-such-host.invalid/bot{TOKEN}/sendMessage")
    with pytest.raises(NeverSent):
        await request.post("http://127.0.0.1/closed")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_away_means_it_never_went_out(scheme: str) -> None:
    proxy = f"{scheme}://me:pass-word@127.0.0.1:{await free_port()}"
    async with AiohttpRequest(connect_s=1, proxy=proxy) as request:
        with pytest.raises(NeverSent) as caught:
            await request.post(f"http://telegram.invalid/bot{TOKEN}/getMe")
    assert "pass-word" not in "".join(traceback.format_exception(caught.value))


async def test_an_http_proxy_is_used(telegram: TelegramServer) -> None:
    seen = []

    async def proxy(request: web.BaseRequest) -> web.Response:
        seen.append(str(request.url.host))
        return web.json_response({"ok": True, "result": "by proxy"})

    runner = web.ServerRunner(web.Server(proxy, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with AiohttpRequest(proxy=f"http://127.0.0.1:{runner.addresses[0][1]}") as request:
            result: Any = await request.post("http://telegram.invalid/bot1:x/getMe")
    finally:
        await runner.cleanup()
    assert (result, seen) == ("by proxy", ["telegram.invalid"])


@pytest.mark.parametrize("after", [False, True])
async def test_a_lost_connection_means_nobody_knows(telegram: TelegramServer, after: bool) -> None:
    telegram.fault("cut", after=after)
    async with AiohttpRequest() as request:
        with pytest.raises(OutcomeUnknown):
            await request.post(address(telegram))


async def test_no_answer_in_time_means_nobody_knows(telegram: TelegramServer) -> None:
    telegram.fault("hang")
    async with AiohttpRequest(connect_s=0.05, answer_s=0.05) as request:
        with pytest.raises(OutcomeUnknown, match="Timeout"):
            await request.post(address(telegram))


async def test_reopened_it_works_on_and_what_was_under_way_fails(telegram: TelegramServer) -> None:
    telegram.fault("hang")
    async with AiohttpRequest() as request:
        stuck = asyncio.create_task(request.post(address(telegram)))
        await telegram.until(lambda: telegram.calls)
        await request.reopen()
        with pytest.raises(OutcomeUnknown):
            await stuck
        assert await request.post(address(telegram))


@pytest.mark.parametrize("kind", ["cut", "hang", "garbage", "error", "away", "wrong"])
async def test_the_token_is_in_no_error_and_no_log(
    telegram: TelegramServer, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = TOKEN.split(":")[1]
    url = f"{telegram.url}/bot{TOKEN}/sendMessage"
    if kind == "away":
        await telegram.goes_away()
    elif kind == "error":
        telegram.fault("error", code=500, description=f"no route for /bot{TOKEN}/sendMessage")
    elif kind == "wrong":
        url = f"{telegram.url}/bot{TOKEN}x/sendMessage"
    else:
        telegram.fault(kind)  # type: ignore[arg-type]
    async with AiohttpRequest(connect_s=0.1, answer_s=0.1) as request:
        with pytest.raises(TelegramError) as caught:
            await request.post(url)
        assert secret not in repr(request)
    assert secret not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert secret not in caplog.text


@pytest.mark.parametrize(
    ("code", "answer", "error"),
    [
        (400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}, BadRequest),
        (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, InvalidToken),
        (403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}, Forbidden),
        (404, {"ok": False, "error_code": 404, "description": "Not Found"}, InvalidToken),
        (409, {"ok": False, "error_code": 409, "description": "Conflict: …"}, Conflict),
        (429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}, RetryAfter),
        (500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}, ServerTrouble),
        (504, {"ok": False, "error_code": 504, "description": "Gateway Timeout"}, OutcomeUnknown),
        (400, {"ok": False, "error_code": 400, "parameters": {"migrate_to_chat_id": -1001}}, ChatMigrated),
        (200, {"ok": False, "error_code": 400, "description": "?"}, BadRequest),
    ],
)
def test_an_answer_that_is_not_ok_is_an_error_of_its_kind(code: int, answer: object, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        check(code, dumps(answer))
    assert type(caught.value) is error
    if isinstance(caught.value, RetryAfter):
        assert pause_s(caught.value) == 7
    if isinstance(caught.value, ChatMigrated):
        assert caught.value.new_chat_id == -1001


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (200, OutcomeUnknown),
        (302, ServerTrouble),
        (404, ServerTrouble),
        (413, BadRequest),
        (500, OutcomeUnknown),
        (502, ServerTrouble),
        (504, OutcomeUnknown),
    ],
)
def test_a_page_that_is_not_telegrams_is_never_taken_for_an_answer(code: int, error: type[Exception]) -> None:
    for payload in (b"<html>", b'{"ok":', b"[]", b"null", b'{"ok":true}', b"\xff"):
        with pytest.raises(error):
            check(code, payload)


def test_half_surrogates_and_great_numbers_pass_both_ways() -> None:
    assert loads(rb'{"text":"a\ud83d"}') == {"text": "a\ud83d"}
    assert loads(dumps({"text": "a\ud83d"})) == {"text": "a\ud83d"}
    assert loads(dumps({"n": 2**70})) == {"n": 2**70}
    with pytest.raises(ValueError, match="Expecting"):
        loads(b"{")
