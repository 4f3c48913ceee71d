"""The page over the real service and database, served by the real server, and people who use it by HTTP alone."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.app.build import CHANNELS
from bot.channels.http.pages import listen, serving
from bot.channels.web.channel import Web, WebWords
from bot.channels.web.site import Site
from bot.content.content import Content
from bot.domain.messages import Draw
from bot.service.talk import Talk
from bot.service.turns import Service
from bot.store import Store
from tests.conftest import shipped
from tests.person import at
from tests.web.browser import bot, browser, context, page

__all__ = ["bot", "browser", "context", "page"]

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)

_FORM = re.compile(r"<form(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"')
_BUTTON = re.compile(r'<button name="(press|start)" value="([^"]*)"[^>]*>([^<]*)</button>')


@dataclass
class Visitor:
    """A browser without scripts. `html` is the page that it shows."""

    client: httpx.AsyncClient
    html: str = ""

    async def opens(self, address: str = "") -> str:
        """Open or reload the page."""
        self.html = (await self.client.get(address)).text
        return self.html

    async def types(self, text: str) -> str:
        return await self.sends({**self.hidden('id="composer"'), "text": text})

    async def presses(self, words: str, html: str | None = None) -> str:
        return await self.sends(self.form_of(words, html))

    async def sends(self, form: dict[str, str]) -> str:
        """Send a form, and follow where it leads."""
        answer = await self.client.post("say", data=form)
        self.html = (await self.client.get("")).text if answer.status_code == 303 else answer.text
        return self.html

    def hidden(self, mark: str) -> dict[str, str]:
        """The hidden fields of the form with this mark in its head."""
        body = next(found["body"] for found in _FORM.finditer(self.html) if mark in found["head"])
        return {name: unescape(value) for name, value in _HIDDEN.findall(body)}

    def form_of(self, words: str, html: str | None = None) -> dict[str, str]:
        """The fields that the newest button with these words sends."""
        for found in reversed(list(_FORM.finditer(html or self.html))):
            for name, value, label in _BUTTON.findall(found["body"]):
                if unescape(label).startswith(words):
                    return {**dict(_HIDDEN.findall(found["body"])), name: unescape(value)}
        raise AssertionError(f"no button {words}")

    @property
    def said(self) -> list[str]:
        """The person's own words, as the page shows them."""
        return [unescape(words) for words in re.findall(r'<p class="said">.*?</span>(.*?)</p>', self.html, re.DOTALL)]

    @property
    def bubbles(self) -> list[str]:
        return [unescape(words) for words in re.findall(r'<div class="bubble">(.*?)</div>', self.html, re.DOTALL)]


@dataclass
class Place:
    """The page at an address, with its service; `visit` lets somebody come, with a browser of their own."""

    url: str
    service: Service
    store: Store
    app: Starlette
    _open: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self.app.routes

    def visit(self, path: str = "/") -> Visitor:
        client = httpx.AsyncClient(base_url=f"{self.url}{path}", timeout=60)
        self._open.append(client)
        return Visitor(client)


Serve = Callable[..., "AsyncIterator[Place]"]


async def open_place(
    open_: AsyncExitStack,
    database: Path | str,
    site: Site | None = None,
    content: Content | None = None,
    clock: Callable[[], float] = time.monotonic,
    draw: Draw | None = None,
    **how: object,
) -> Place:
    """Serve the page until the end. `clock` is that of its limits, `draw` draws cards, `how` is the service's."""
    content, store = content or shipped(), await Store.open(database)
    open_.push_async_callback(store.close)
    service = Service(content, store, lambda: NOON, at("2013-12-05"), channels=CHANNELS, **how)  # type: ignore[arg-type]
    web = Web(
        WebWords(**content.phrases.web.model_dump(exclude={"unkept"})),
        service.receive,
        Talk(Web.name, store, lambda: content, lambda: NOON, at("2013-12-05")),
        site or Site(),
        clock=clock,
        draw=draw,
    )
    sock = open_.enter_context(closing(listen("127.0.0.1", 0)))
    app = web.app
    await open_.enter_async_context(serving(app, sock))
    place = Place(f"http://127.0.0.1:{sock.getsockname()[1]}", service, store, app)

    async def leave() -> None:
        for client in place._open:
            await client.aclose()

    open_.push_async_callback(leave)
    return place


@pytest.fixture
async def open_() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def place(open_: AsyncExitStack, tmp_path: Path) -> Place:
    return await open_place(open_, tmp_path / "gradbot.db")
