"""A small Telegram to test against: a real HTTP server, one bot, people who type and tap, and faults on demand.

    async with TelegramServer() as telegram:
        ann = telegram.user("Ann")
        ann.types("/start")                                  # an update: polled, or posted to the webhook that was set
        await telegram.until(lambda: ann.messages)           # what the bot said to her: text, buttons, edits
        ann.taps(ann.messages[-1].buttons[0][0]["text"])
        telegram.fault("error", "sendMessage", code=429, retry_after=3)
        telegram.fault("cut", "sendMessage", after=True)     # done, but the bot cannot know
        await telegram.goes_away(); await telegram.comes_back()
        telegram.calls                                       # every call, in order, with what it was answered

Not strict about parameters: that is for a stricter server to check.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

from tests.telegram_methods import Refusal, TelegramMethods
from tests.telegram_people import Call, User

REPOST_S = 0.1
"""Until an update is posted again that was not answered with 200."""

FaultKind = Literal["error", "cut", "slow", "hang", "garbage"]


@dataclass
class Fault:
    """error: `code` instead of the work. cut: the connection goes, `after` the work or before. slow: `seconds` late.

    hang: no answer at all until the server ends. garbage: 200 and no JSON.
    """

    kind: FaultKind
    method: str = "*"
    times: int = 1
    after: bool = False
    code: int = 500
    description: str = ""
    retry_after: int = 0
    seconds: float = 0.0
    chat_id: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


class TelegramServer(TelegramMethods):
    """The server. `url` is for GRADBOT_TELEGRAM_API, `token` for GRADBOT_TELEGRAM_TOKEN."""

    def __init__(self) -> None:
        super().__init__()
        self.webhook_codes: list[int] = []
        self._faults: list[Fault] = []
        self._update = 1000
        self._posting: dict[Any, deque[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self._session = aiohttp.ClientSession()
        await self.comes_back()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._ended.set()
        self._touch()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    # What a test does

    def user(self, name: str = "Ann", number: int | None = None) -> User:
        number = number or 1000 + len(self.users)
        self.users[number] = user = User(self, number, name)
        return user

    def fault(self, kind: FaultKind, method: str = "*", **how: Any) -> Fault:
        """The next calls of `method` go wrong, `times` of them (default 1)."""
        fault = Fault(kind, method, **how)
        self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()

    async def goes_away(self) -> None:
        """Nobody listens any more, and every connection is cut."""
        await self._site.stop()
        self.cut()

    async def comes_back(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    def cut(self) -> None:
        """Every open connection is cut."""
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def made(self, method: str) -> list[Call]:
        """The calls of one method, in order."""
        return [call for call in self.calls if call.method == method]

    async def until(self, what: Callable[[], object], within_s: float = 60.0) -> None:
        """Wait until `what()` is true; looked at whenever something happens here, and now and then."""
        async with asyncio.timeout(within_s):
            while not what():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)

    def update(self, **content: Any) -> int:
        """Queue any update; its number."""
        number = self.next_update()
        self.again({"update_id": number, **content})
        return number

    def again(self, update: dict[str, Any]) -> None:
        """Queue an update as it is, also one that was delivered before."""
        self.pending[update["update_id"]] = update
        if self.webhook:
            self._post_later(update)
        self._touch()

    def next_update(self) -> int:
        self._update += 1
        return self._update

    # Serving

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            parameters, files = await _read(request)
        except ConnectionError:  # the bot was killed
            return web.Response()
        call = Call(method, parameters, files)
        self.calls.append(call)
        fault = self._strike(call)
        self._touch()
        if fault and fault.kind == "hang":
            await self._ended.wait()
        if fault and fault.kind == "slow":
            await asyncio.wait({asyncio.ensure_future(self._ended.wait())}, timeout=fault.seconds)
        if fault and fault.kind == "cut" and not fault.after:
            return _cut(request)
        try:
            self._admit(request, fault)
            result = await self._do(call)
        except Refusal as refusal:
            call.code = refusal.code
            answer = {"ok": False, "error_code": refusal.code, "description": refusal.description}
            if refusal.parameters:
                answer["parameters"] = refusal.parameters
        else:
            call.code = 200
            answer = {"ok": True, "result": result}
        self._touch()
        if fault and fault.kind == "cut":
            call.code = 0
            return _cut(request)
        if fault and fault.kind == "garbage":
            return web.Response(text="<html>not what you want</html>")
        return web.json_response(answer, status=call.code)

    def _admit(self, request: web.Request, fault: Fault | None) -> None:
        if fault and fault.kind == "error":
            more = {"retry_after": fault.retry_after} if fault.retry_after else {}
            raise Refusal(fault.code, fault.description or f"Fault {fault.code}", **{**more, **fault.parameters})
        if request.match_info["token"] != self.token:
            raise Refusal(401, "Unauthorized")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        content = self.files.get(request.match_info["path"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    def _strike(self, call: Call) -> Fault | None:
        for fault in self._faults:
            if fault.method not in ("*", call.method):
                continue
            if fault.chat_id is not None and call.parameters.get("chat_id") != fault.chat_id:
                continue
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
            return fault
        return None

    # The webhook: one update of a person at a time, again until it is answered with 200

    def _post_later(self, update: dict[str, Any]) -> None:
        key = _key(update)
        if key in self._posting:
            self._posting[key].append(update["update_id"])
            return
        self._posting[key] = deque([update["update_id"]])
        task = asyncio.create_task(self._post_all(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post_all(self, key: Any) -> None:
        numbers = self._posting[key]
        while numbers and self.webhook:
            if (update := self.pending.get(numbers[0])) is None or await self._post(update):
                self.pending.pop(numbers.popleft(), None)
                self._touch()
            else:
                await asyncio.sleep(REPOST_S)
        del self._posting[key]

    async def _post(self, update: dict[str, Any]) -> bool:
        assert self.webhook is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
        try:
            async with self._session.post(self.webhook["url"], json=update, headers=headers) as response:
                body = await response.read()
                self.webhook_codes.append(response.status)
        except aiohttp.ClientError:
            self.webhook_codes.append(0)
            return False
        if response.status == 200 and body:
            parameters = json.loads(body)
            call = Call(parameters.pop("method"), parameters, by="webhook")
            self.calls.append(call)
            try:
                await self._do(call)
                call.code = 200
            except Refusal as refusal:
                call.code = refusal.code
        return response.status == 200


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    if request.content_type == "application/json":
        return dict(await request.json()), {}
    parameters: dict[str, Any] = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
            value.file.close()
        else:
            parameters[name] = value
    return parameters, files


def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _key(update: dict[str, Any]) -> Any:
    what: dict[str, Any] = next((value for name, value in update.items() if name != "update_id"), {})
    return what.get("from", {}).get("id", update["update_id"])
