"""python-telegram-bot's HTTP: one pool of kept-alive aiohttp connections, orjson both ways, uploads and downloads.

Tells "never went out" from "outcome unknown", which the library's own request does not. An address of the Bot API holds
the token, so no exception of aiohttp and no text of one leaves this file.
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
from telegram import TelegramObject
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bot.channels.telegram.errors import NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.metrics import count_call

CONNECT_S = 5.0
ANSWER_S = 20.0
UPLOAD_S = 120.0
# We close idle connections before the other side does: what is sent into a closing one has an unknown outcome.
KEEP_ALIVE_S = 30.0
CONNECTIONS = 256

_JSON = {"Content-Type": "application/json"}
_TOKEN = re.compile(r"\d{1,20}:[\w-]{20,}")


class AiohttpRequest(BaseRequest):
    """A pool of connections. `initialize` opens it inside the loop that uses it; `reopen` drops every connection.

    `proxy`: http://, https:// or socks5://, may hold a password. Times in seconds; of the timeouts of a call only
    `read_timeout` counts.
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
        """Return the seconds that an answer may take."""
        return self._answer_s

    async def initialize(self) -> None:
        """Open the pool, unless it is open."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        """Close the pool and its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def reopen(self) -> None:
        """Start again with fresh connections; calls under way on the old ones fail."""
        session, self._session = self._session, None
        await self.initialize()
        if session is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    await session.close()

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
        """Make a call of the Bot API (POST) or fetch a file (GET); return status and payload of a success.

        Raises telegram.error's errors and ours. Counts calls by method and result.
        """
        body = encode_body(request_data) if request_data is not None and method == "POST" else None
        answer_s = read_timeout if isinstance(read_timeout, int | float) else self._answer_s_for(method, body)
        endpoint = url.rpartition("/")[2] if method == "POST" else "file"
        try:
            code, payload = await self._exchange(method, url, body, answer_s)
            check(code, payload, is_json=method == "POST")
        except TelegramError as error:
            count_call(endpoint, type(error).__name__)
            raise
        count_call(endpoint, "done")
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Parse an answer that `do_request` has checked."""
        return loads(payload)

    def _answer_s_for(self, method: str, body: bytes | aiohttp.FormData | None) -> float:
        return UPLOAD_S if method == "GET" or isinstance(body, aiohttp.FormData) else self._answer_s

    async def _exchange(
        self, method: str, url: str, body: bytes | aiohttp.FormData | None, answer_s: float
    ) -> tuple[int, bytes]:
        """Return status and payload, whatever the status is. Raises NeverSent or OutcomeUnknown, nothing else."""
        if self._session is None:
            raise NeverSent("The connection pool is closed")
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=body,
                headers=_JSON if type(body) is bytes else None,
                timeout=self._timeout if answer_s == self._answer_s else self._patience(answer_s),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise NeverSent(_describe(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown(_describe(error)) from None
        except Exception as error:  # noqa: BLE001 - others may quote the address, and the token with it
            if type(error).__module__.startswith(("aiohttp_socks", "python_socks")):
                raise NeverSent(_describe(error)) from None
            raise OutcomeUnknown(_describe(error)) from None

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
    """Encode as JSON, the library's objects too; half surrogates, which only broken clients type, become escapes."""
    try:
        return orjson.dumps(value, default=_to_dict)
    except TypeError:
        return json.dumps(value, default=_to_dict).encode()


def loads(payload: bytes) -> Any:
    """Parse any JSON, also with half surrogates. ValueError when it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return json.loads(payload.decode("utf-8", "replace"))


def encode_body(request_data: RequestData) -> bytes | aiohttp.FormData:
    """Encode a call's parameters: JSON, or a multipart form when it has files."""
    if not request_data.contains_files:
        return dumps(request_data.parameters)
    form = aiohttp.FormData(quote_fields=False)  # Telegram reads names as UTF-8, not percent signs
    for name, value in request_data.parameters.items():
        form.add_field(name, value if isinstance(value, str) else dumps(value).decode())
    for name, (filename, content, kind) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


def check(code: int, payload: bytes, *, is_json: bool = True) -> None:
    """Raise the error that an answer of the Bot API is (telegram.error's or ours); return when it is a success.

    `is_json` False: the answer is a file.
    """
    if not is_json and code == 200:
        return
    try:
        answer = loads(payload)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or "ok" not in answer or (answer["ok"] and "result" not in answer):
        raise _not_telegram(code)
    if not answer["ok"]:
        raise _refusal(answer, code)


def _refusal(answer: dict[str, Any], code: int) -> TelegramError:
    parameters = answer.get("parameters") or {}
    if to := parameters.get("migrate_to_chat_id"):
        return ChatMigrated(to)
    code = answer.get("error_code", code)
    about = _TOKEN.sub("<token>", str(answer.get("description") or f"HTTP {code}"))
    if code == 429:
        return RetryAfter(parameters.get("retry_after") or 1)
    if code >= 500:
        return OutcomeUnknown(about) if code == 504 else ServerTrouble(about)
    known: dict[int, type[TelegramError]] = {401: InvalidToken, 403: Forbidden, 404: InvalidToken, 409: Conflict}
    return known.get(code, BadRequest)(about)


def _not_telegram(code: int) -> NetworkError:
    """Name the error when something between us and Telegram answered: a proxy, a gateway, a half answer."""
    if code == 413:
        return BadRequest("Request Entity Too Large")
    if code in (502, 503) or 300 <= code < 500:
        return ServerTrouble(f"HTTP {code}, not from Telegram")
    return OutcomeUnknown(f"HTTP {code}, not from Telegram")


def _describe(error: BaseException) -> str:
    """Return the kind of error and the system's word for it; the library's text may hold an address."""
    number = getattr(error, "errno", None)
    kind = "Timeout" if isinstance(error, TimeoutError | asyncio.TimeoutError) else type(error).__name__
    return f"{kind}: {os.strerror(number)}" if isinstance(number, int) and number > 0 else kind


def _to_dict(value: object) -> Any:
    if isinstance(value, TelegramObject):
        return value.to_dict()
    raise TypeError(type(value).__name__)
