"""HTTP to Telegram: one pool of kept-alive aiohttp connections, orjson both ways, uploads and downloads.

Serves python-telegram-bot as its request, and `Api` by the shorter way `exchange`. Tells "never went out" from "outcome
unknown". A Telegram address holds the token, so no library's exception or its text leaves this file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from typing import Any

import aiohttp
import orjson
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bot.channels.telegram.errors import Flood, NeverSent, OutcomeUnknown, ServerTrouble

CONNECT_S = 5.0
ANSWER_S = 20.0
UPLOAD_S = 120.0
# We close idle connections before the other side does: what is sent into a closing one has an unknown outcome.
KEEP_ALIVE_S = 30.0
CONNECTIONS = 256

_JSON = {"Content-Type": "application/json"}
_TOKEN = re.compile(rb"\d+:[\w-]{20,}")


class AiohttpRequest(BaseRequest):
    """The pool. Made anywhere, opened by `initialize` inside the loop that uses it; `reopen` drops every connection.

    `proxy`: http://, https:// or socks5://, may hold a password. Times in seconds.
    """

    __slots__ = ("_answer_s", "_connect_s", "_connections", "_proxy", "_session", "_socks", "_timeout")

    def __init__(
        self,
        *,
        proxy: str | None = None,
        connections: int = CONNECTIONS,
        connect_s: float = CONNECT_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._socks = proxy if proxy and proxy.startswith("socks") else None
        self._proxy = proxy if proxy and not self._socks else None
        self._connections = connections
        self._connect_s = connect_s
        self._answer_s = answer_s
        self._timeout = self._patience(answer_s)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._answer_s

    async def initialize(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def reopen(self) -> None:
        """Begin with fresh connections; what is under way on the old ones fails."""
        session, self._session = self._session, None
        await self.initialize()
        if session is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    await session.close()

    async def exchange(
        self, url: URL, body: bytes | aiohttp.FormData | None, *, answer_s: float | None = None
    ) -> tuple[int, bytes]:
        """POST `body` (bytes are JSON; None: GET) and give status and payload, whatever the status is.

        Raises NeverSent or OutcomeUnknown, nothing else.
        """
        if self._session is None:
            raise NeverSent("The connection pool is closed")
        timeout = self._timeout if answer_s is None else self._patience(answer_s)
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                url,
                data=body,
                headers=_JSON if type(body) is bytes else None,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise NeverSent(_plainly(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown(_plainly(error)) from None
        except Exception as error:  # noqa: BLE001 - others may quote the address, and the token with it
            if type(error).__module__.startswith(("aiohttp_socks", "python_socks")):
                raise NeverSent(_plainly(error)) from None
            raise OutcomeUnknown(_plainly(error)) from None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """python-telegram-bot's way in. Of its timeouts only `read_timeout` is heeded: connecting has our own."""
        body: bytes | aiohttp.FormData | None = None
        if method != "GET":
            parameters = request_data.parameters if request_data else {}
            files = request_data.multipart_data if request_data and request_data.contains_files else None
            body = form(parameters, files) if files else dumps(parameters)
        given = isinstance(read_timeout, int | float)
        answer_s = float(read_timeout) if given else UPLOAD_S if isinstance(body, aiohttp.FormData) else None
        code, payload = await self.exchange(URL(url, encoded=True), body, answer_s=answer_s)
        if code >= 300:
            payload = _TOKEN.sub(b"<token>", payload)
            read(code, payload)  # the library would quote a page that is not JSON
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        try:
            return loads(payload)
        except ValueError:
            raise TelegramError("Invalid server response") from None

    def _patience(self, answer_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self._connect_s + answer_s, connect=self._connect_s)

    def _connector(self) -> aiohttp.BaseConnector:
        if self._socks:
            from aiohttp_socks import ProxyConnector  # noqa: PLC0415 - only who has such a proxy loads it

            connector: aiohttp.BaseConnector = ProxyConnector.from_url(
                self._socks, rdns=True, limit=self._connections, keepalive_timeout=KEEP_ALIVE_S
            )
            return connector
        return aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=300)


def dumps(value: Any) -> bytes:
    """JSON; half surrogates, which only a broken client types, become escapes that Telegram can refuse."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def loads(payload: bytes) -> Any:
    """Any JSON, also with half surrogates. ValueError when it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return json.loads(payload.decode("utf-8", "replace"))


def form(parameters: dict[str, Any], files: dict[str, Any]) -> aiohttp.FormData:
    """A multipart body; a file is (name, content, media type)."""
    body = aiohttp.FormData(quote_fields=False)  # Telegram reads names as UTF-8, not percent signs
    for name, value in parameters.items():
        body.add_field(name, value if isinstance(value, str) else dumps(value).decode())
    for name, (filename, content, kind) in files.items():
        body.add_field(name, content, filename=filename, content_type=kind)
    return body


def read(code: int, payload: bytes) -> Any:
    """The result in an answer of the Bot API, or the error that it is (telegram.error's or ours)."""
    try:
        answer = loads(payload)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise _not_telegram(code)
    if answer["ok"]:
        return answer.get("result")
    parameters = answer.get("parameters") or {}
    if to := parameters.get("migrate_to_chat_id"):
        raise ChatMigrated(to)
    code = answer.get("error_code", code)
    about = str(answer.get("description") or f"HTTP {code}")
    if code == 429:
        raise Flood(float(parameters.get("retry_after") or 1))
    if code >= 500:
        raise OutcomeUnknown(about) if code == 504 else ServerTrouble(about)
    known: dict[int, type[TelegramError]] = {401: InvalidToken, 403: Forbidden, 404: InvalidToken, 409: Conflict}
    raise known.get(code, BadRequest)(about)


def _not_telegram(code: int) -> NetworkError:
    """Something between us and Telegram answered: a proxy, a gateway, a half answer."""
    if code == 413:
        return BadRequest("Request Entity Too Large")
    if code in (502, 503) or 300 <= code < 500:
        return ServerTrouble(f"HTTP {code}, not from Telegram")
    return OutcomeUnknown(f"HTTP {code}, not from Telegram")


def _plainly(error: BaseException) -> str:
    """The kind of error and the system's word for it; never the library's text, which may hold an address."""
    number = getattr(error, "errno", None)
    kind = "Timeout" if isinstance(error, TimeoutError | asyncio.TimeoutError) else type(error).__name__
    return f"{kind}: {os.strerror(number)}" if isinstance(number, int) and number > 0 else kind
