"""The site around the page: its address, who may show it in a frame, and the headers that every answer carries."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.web.browser_key import CookieName

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Site:
    """The public address of the page (None: wherever it is asked for), the sites that may show it in a frame, and
    whether search engines may list it. Under a path, a proxy may leave that path in a request or take it away.
    """

    url: str | None = None
    frames: Sequence[str] = ()
    is_indexed: bool = False

    @property
    def path(self) -> str:
        """The path of the page, with a slash at both ends."""
        return f"{urlsplit(self.url or '').path.rstrip('/')}/"

    def cookie(self, request: Request) -> CookieName:
        """Return the cookie's name. It is for https alone, except in plain HTTP on this machine."""
        secure = (self.url or "").startswith("https:") if self.url else request.url.scheme == "https"
        is_local = request.url.hostname in ("localhost", "127.0.0.1", "::1")
        return CookieName(self.path, secure or not is_local)

    def sent_from_here(self, request: Request) -> bool:
        """Tell if a form was sent from a page of this site, as far as the browser says."""
        origin, fetched = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
        if fetched not in ("same-origin", "none"):
            return False
        ours = {urlsplit(self.url or "").netloc, request.headers.get("host", "")} - {""}
        return origin is None or urlsplit(origin).netloc in ours

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every answer: nothing but our own scripts, styles and forms."""
        frames = " ".join(self.frames) or "'none'"
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
        )
        fixed = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
        }
        if not self.frames:
            fixed["x-frame-options"] = "DENY"
        return fixed if self.is_indexed else {**fixed, "x-robots-tag": "noindex"}


class SiteHeaders:
    """Puts the site's headers on every answer, and takes its path off a request. A bug of ours is logged without what
    anybody wrote, and answered with an `apology`.
    """

    def __init__(self, app: ASGIApp, site: Site, apology: str) -> None:
        self._app, self._site, self._apology = app, site, apology

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._site.headers)
            await send(message)

        prefix = self._site.path.rstrip("/")
        if prefix and scope["path"].startswith(f"{prefix}/"):
            scope = {**scope, "path": scope["path"].removeprefix(prefix)}
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as bug:  # noqa: BLE001 - the boundary: what it says may quote a person
            _log.error("page_failed", error=type(bug).__name__, at=_place_of(bug))
            if not has_begun:
                await PlainTextResponse(self._apology, 503)(scope, receive, send_with_headers)


def _place_of(bug: BaseException) -> str:
    last = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
