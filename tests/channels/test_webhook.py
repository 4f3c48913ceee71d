from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import structlog
from telegram import Update

from bot.channels.http.connections import ConnectionLimits
from bot.channels.http.pages import listen, pages, serving
from bot.channels.telegram import intake
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import WrongToken
from bot.channels.telegram.intake import FinalCall
from bot.channels.telegram.metrics import UNDER_WAY
from bot.channels.telegram.webhook import BODY_MOST, Webhook
from bot.domain.messages import NotSaved
from bot.runtime.stopping import until_signal
from tests.channels.conftest import FakeTime
from tests.channels.test_polling import Turns, running
from tests.telegram_server import TelegramServer

SECRET = "s3cret-of-the-webhook"


class Hook:
    """A webhook of ours, and a client that posts to it as well."""

    def __init__(self, bot: TelegramBot, sock: socket.socket, session: aiohttp.ClientSession, time: FakeTime) -> None:
        self.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        self.url = f"{self.base}/telegram/hook"
        self.session = session
        self.intake = Webhook(
            bot,
            url=self.url,
            secret=SECRET,
            sock=sock,
            allowed=["message"],
            sleep=time.sleep,
            chance=lambda: 1.0,
        )

    async def post(self, body: Any, secret: str | None = SECRET, method: str = "POST") -> int:
        if isinstance(body, bytes) and len(body) > 100_000:
            body = io.BytesIO(body)
        headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
        async with self.session.request(method, self.url, data=body, headers=headers) as response:
            await response.read()
            return response.status

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.base + path) as response:
            return response.status, await response.text()


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as sock:
        yield sock


@pytest.fixture
async def hook(bot: TelegramBot, sock: socket.socket, time: FakeTime) -> AsyncIterator[Hook]:
    async with aiohttp.ClientSession() as session:
        yield Hook(bot, sock, session, time)


def typed(text: str, number: int = 1) -> bytes:
    user = {"id": 7, "is_bot": False, "first_name": "Eve"}
    message = {"message_id": 1, "from": user, "chat": {"id": 7, "type": "private"}, "date": 1}
    return json.dumps({"update_id": number, "message": {**message, "text": text}}).encode()


async def test_updates_come_in_and_are_answered_200_after_their_turn(telegram: TelegramServer, hook: Hook) -> None:
    ann, bob, turns = telegram.user("Ann"), telegram.user("Bob"), Turns(hold=["a1"])
    ann.types("a1")
    async with running(hook.intake, turns):
        ann.types("a2")
        bob.types("b1")
        await telegram.until(lambda: turns.committed == ["b1"] and len(telegram.pending) == 2)
        turns.held["a1"].set()
        await telegram.until(lambda: not telegram.pending)
    assert turns.committed == ["b1", "a1", "a2"]
    assert telegram.webhook_codes == [200, 200, 200]
    (call,) = telegram.made("setWebhook")
    assert call.parameters["secret_token"] == SECRET
    assert call.parameters["allowed_updates"] == ["message"]
    assert call.parameters["drop_pending_updates"] is False


async def test_updates_of_one_person_that_come_at_once_keep_their_order(telegram: TelegramServer, hook: Hook) -> None:
    turns = Turns(hold=["0"])
    async with running(hook.intake, turns):
        await telegram.until(lambda: telegram.made("setWebhook"))
        posts, before = [], UNDER_WAY._value.get()
        for number in range(5):
            posts.append(asyncio.create_task(hook.post(typed(f"{number}", number))))
            await telegram.until(lambda: UNDER_WAY._value.get() == before + len(posts))
        assert turns.began == ["0"]
        turns.held["0"].set()
        assert await asyncio.gather(*posts) == [200] * 5
    assert turns.committed == ["0", "1", "2", "3", "4"]


async def test_a_call_that_a_turn_gives_back_rides_in_the_reply(telegram: TelegramServer, hook: Hook) -> None:
    async def answer(update: Update, _behind: int) -> FinalCall:
        assert update.callback_query
        return FinalCall("answerCallbackQuery", {"callback_query_id": update.callback_query.id, "text": "好"})

    async with running(hook.intake, answer):
        telegram.user("Ann").presses("a")
        await telegram.until(lambda: all(telegram.queries.values()) and telegram.queries)
    assert [call.by for call in telegram.made("answerCallbackQuery")] == ["webhook"]


async def test_a_failing_turn_is_not_sent_again_for_ever(telegram: TelegramServer, hook: Hook) -> None:
    ann, turns = telegram.user("Ann"), Turns(fail=["bad"])
    async with running(hook.intake, turns):
        ann.types("bad")
        ann.types("good")
        await telegram.until(lambda: not telegram.pending)
    assert turns.began == ["bad", "good"]


@pytest.mark.parametrize(
    ("body", "secret", "method", "code", "why"),
    [
        (typed("秘密"), "wrong", "POST", 403, "secret"),
        (typed("秘密"), None, "POST", 403, "secret"),
        (typed("秘密"), "", "POST", 403, "secret"),
        (typed("秘密"), SECRET + "x", "POST", 403, "secret"),
        (b"x" * (BODY_MOST + 1), SECRET, "POST", 413, "size"),
        (b"{", SECRET, "POST", 400, "json"),
        (b"\xff\xfe", SECRET, "POST", 400, "json"),
        (b"[" * 200_000, SECRET, "POST", 400, "json"),
        (b"", SECRET, "POST", 400, "json"),
        (b"[]", SECRET, "POST", 400, "update"),
        (b'{"update_id":"1"}', SECRET, "POST", 400, "update"),
        (b'{"update_id":true}', SECRET, "POST", 400, "update"),
        (None, SECRET, "GET", 405, "method"),
    ],
)
async def test_what_is_not_telegrams_is_refused_and_logged_once(
    telegram: TelegramServer, hook: Hook, body: Any, secret: str | None, method: str, code: int, why: str
) -> None:
    turns = Turns()
    async with running(hook.intake, turns):
        await telegram.until(lambda: telegram.made("setWebhook"))
        with structlog.testing.capture_logs() as logs:
            assert await hook.post(body, secret, method) == code
        assert [log for log in logs if log["event"] == "webhook_refused"] == [
            {"event": "webhook_refused", "why": why, "log_level": "warning"}
        ]
        assert await hook.post(typed("next")) == 200
    assert turns.committed == ["next"]


async def test_a_long_body_of_unknown_length_is_refused(telegram: TelegramServer, hook: Hook) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * (BODY_MOST // 10)

    async with running(hook.intake, Turns()):
        await telegram.until(lambda: telegram.made("setWebhook"))
        with suppress(aiohttp.ClientError):  # hanging up on us refuses as well
            assert await hook.post(endless()) == 413
        assert await hook.post(typed("next")) == 200


async def test_who_hangs_up_in_the_middle_is_told_apart_from_garbage(telegram: TelegramServer, hook: Hook) -> None:
    turns = Turns()
    async with running(hook.intake, turns):
        await telegram.until(lambda: telegram.made("setWebhook"))
        with structlog.testing.capture_logs() as logs:
            _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(hook.url).port)
            lines = ("POST /telegram/hook HTTP/1.1", f"X-Telegram-Bot-Api-Secret-Token: {SECRET}", "Content-Length: 99")
            writer.write("\r\n".join((*lines, "", '{"update_id": 1')).encode())
            await writer.drain()
            writer.transport.abort()
            await telegram.until(lambda: any(log["event"] == "webhook_refused" for log in logs))
        assert [log["why"] for log in logs if log["event"] == "webhook_refused"] == ["cut"]
        assert await hook.post(typed("next")) == 200
    assert turns.committed == ["next"]


async def test_health_pages_have_an_address_of_their_own(
    telegram: TelegramServer, hook: Hook, sock: socket.socket
) -> None:
    state: dict[str, Any] = {"database": True, "revision": "abc", "last_update": None}

    async def ready() -> Mapping[str, Any]:
        if "boom" in state:
            raise RuntimeError
        return state

    with listen("127.0.0.1", 0) as own:
        hook.base = f"http://127.0.0.1:{own.getsockname()[1]}"
        async with running(hook.intake, Turns()), serving(pages(ready), own):
            await telegram.until(lambda: telegram.made("setWebhook"))
            assert await hook.get("/livez") == (200, "ok")
            code, text = await hook.get("/readyz")
            assert (code, json.loads(text)) == (200, state)
            for wrong in ({"database": False}, {"boom": True}):
                state.update(wrong)
                assert (await hook.get("/readyz"))[0] == 503
            await hook.post(typed("1"))
            code, text = await hook.get("/metrics")
            assert code == 200
            assert 'gradbot_telegram_updates_total{by="webhook"}' in text
            assert telegram.token.split(":")[1] not in text
            hook.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
            for page in ("/livez", "/readyz", "/metrics", "/elsewhere"):
                assert (await hook.get(page))[0] == 404


SLOW = ConnectionLimits(most=8, head_s=0.1, body_s=0.1)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"


@pytest.fixture
async def page(sock: socket.socket) -> AsyncIterator[tuple[str, int]]:
    async def ready() -> Mapping[str, Any]:
        return {}

    async with serving(pages(ready), sock, replace(SLOW, silent={})):
        yield sock.getsockname()


@pytest.mark.parametrize("sent", [b"", b"POST / HT", HEAD, HEAD + b"\r\n", HEAD + b"\r\n{"])
async def test_who_does_not_finish_a_request_is_cut_off(page: tuple[str, int], sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(*page)
    writer.write(sent)
    async with asyncio.timeout(5):
        with suppress(ConnectionError):  # however it is said that nobody listens any more
            await reader.read()
    writer.close()


async def test_a_head_without_end_is_cut_off(page: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*page)
    writer.write(HEAD + b"X: " + b"x" * 1_000_000)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


async def test_connections_that_never_ask_keep_nobody_out(sock: socket.socket) -> None:
    async def ready() -> Mapping[str, Any]:
        return {}

    url = f"http://127.0.0.1:{sock.getsockname()[1]}/livez"
    patient = replace(SLOW, head_s=60.0, body_s=60.0, silent={})
    async with serving(pages(ready), sock, patient), aiohttp.ClientSession() as session:
        held = [await asyncio.open_connection(*sock.getsockname()) for _ in range(40)]
        for _ in range(3):
            async with session.get(url) as response:
                assert response.status == 200
        assert len(patient.silent) <= patient.most
        for _, writer in held:
            writer.transport.abort()


async def test_stopping_answers_what_is_under_way(telegram: TelegramServer, hook: Hook) -> None:
    ann, turns = telegram.user("Ann"), Turns(hold=["slow"])
    ann.types("slow")
    async with running(hook.intake, turns) as task:
        await telegram.until(lambda: turns.began)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, turns.held["slow"].set)
        with pytest.raises(asyncio.CancelledError):
            await task
        await telegram.until(lambda: telegram.webhook_codes)
    assert telegram.webhook_codes[0] == 200
    assert turns.committed == ["slow"]


async def test_at_start_an_unreachable_telegram_is_waited_for(
    telegram: TelegramServer, hook: Hook, time: FakeTime
) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    await telegram.goes_away()
    async with running(hook.intake, turns):
        await telegram.until(lambda: len(time.slept) >= 20)
        assert (await hook.get("/elsewhere"))[0] == 404  # it listens
        await telegram.comes_back()
        ann.types("1")
        await telegram.until(lambda: not telegram.pending and telegram.webhook)
    assert turns.committed == ["1"]


async def test_what_could_not_be_saved_is_posted_again(
    telegram: TelegramServer, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNSAVED_S", 0.01)
    ann, tried = telegram.user("Ann"), list[str]()

    async def handle(update: Update, _behind: int) -> None:
        assert update.message
        tried.append(update.message.text or "")
        if len(tried) < 3:
            raise NotSaved

    async with running(hook.intake, handle):
        ann.types("1")
        ann.types("2")
        await telegram.until(lambda: not telegram.pending)
    assert tried[-2:] == ["1", "2"]
    assert set(tried[:-2]) == {"1"}
    assert telegram.webhook_codes[0] == 503


async def test_a_wrong_token_ends_it(telegram: TelegramServer, hook: Hook) -> None:
    telegram.token = "1:another"
    with pytest.raises(WrongToken):
        await asyncio.wait_for(hook.intake.run(Turns()), 5)


def test_an_address_that_is_taken_is_an_error_of_the_system(sock: socket.socket) -> None:
    with pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", sock.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_and_lets_what_is_under_way_finish(
    telegram: TelegramServer, hook: Hook, number: signal.Signals
) -> None:
    ann, turns = telegram.user("Ann"), Turns(hold=["slow"])
    ann.types("slow")
    task = asyncio.create_task(until_signal(hook.intake.run(turns)))
    await telegram.until(lambda: turns.began)
    os.kill(os.getpid(), number)
    asyncio.get_running_loop().call_later(0.05, turns.held["slow"].set)
    await asyncio.wait_for(task, 5)
    assert turns.committed == ["slow"]


async def test_what_fails_by_itself_is_raised_through_the_signal_guard() -> None:
    async def fails() -> None:
        raise WrongToken

    with pytest.raises(WrongToken):
        await until_signal(fails())


async def test_a_webhook_that_somebody_deletes_or_replaces_is_set_again(
    telegram: TelegramServer, hook: Hook, time: FakeTime
) -> None:
    ann, turns = telegram.user("Ann"), Turns()
    async with running(hook.intake, turns):
        await telegram.until(lambda: telegram.webhook)
        watching = asyncio.create_task(hook.intake.watch())
        for lost in (None, {"url": "http://127.0.0.1:9/"}):
            await telegram.until(lambda: hook.intake.is_set)
            with structlog.testing.capture_logs() as logs:
                telegram.webhook = lost
                await telegram.until(lambda: telegram.webhook and telegram.webhook["url"] == hook.url)
            assert [log["event"] for log in logs if log["log_level"] == "error"] == ["webhook_lost"]
            ann.types("1")
            await telegram.until(lambda: not telegram.pending)
        watching.cancel()
        await asyncio.wait({watching})
    assert turns.committed == ["1", "1"]
    assert time.slept
