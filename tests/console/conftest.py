"""The console over the real service and database, and staff who use it by HTTP alone, without scripts."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pyotp
import pytest

from bot.admin.area import AdminArea
from bot.app.build import CHANNELS, STAFFED
from bot.broadcast.area import BroadcastArea
from bot.broadcast.forms import BroadcastForms
from bot.channels.http.pages import listen, serving
from bot.channels.web.site import Site
from bot.console.app import Console
from bot.console.oidc import SchoolAccounts
from bot.console.parts import Parts
from bot.console.sealing import Seal
from bot.domain.messages import Answer, Incoming
from bot.domain.roles import Enlisted, Role
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store
from bot.tickets.roles import link_console
from tests.conftest import shipped
from tests.examined import examine_nearby, kept_examinations

__all__ = ["kept_examinations"]

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)
OWNER = "7"

_FORM = re.compile(r"<form(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_BUTTON = re.compile(r'<button name="press" value="([^"]*)"[^>]*>([^<]*)</button>')


@dataclass
class Clock:
    """The moment, which a test moves on."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Teacher:
    """A browser of somebody in the console. `html` is the page that it shows."""

    client: httpx.AsyncClient
    user: str
    html: str = ""
    status: int = 0
    secret: str = ""

    async def opens(self, path: str = "") -> str:
        return self._take(await self.client.get(f"/console{path}"))

    async def sends(self, path: str, **fields: object) -> str:
        """Send the form of the shown page with this address, and follow where it leads."""
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(self.form(path))}
        answer = await self.client.post(f"/console{path}", data={**hidden, **fields})
        if answer.status_code == 303:
            answer = await self.client.get(answer.headers["location"])
        return self._take(answer)

    async def presses(self, words: str) -> str:
        """Press a button under an answer."""
        for found in _FORM.finditer(self.html):
            for value, label in _BUTTON.findall(found["body"]):
                if unescape(label).startswith(words):
                    return await self.sends("/press", press=unescape(value))
        raise AssertionError(f"no button {words}")

    def form(self, path: str) -> str:
        """The inner HTML of the first form that is sent to a path."""
        head = f'action="/console{path}" method="post"'
        return next(found["body"] for found in _FORM.finditer(self.html) if head in found["head"])

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of any form of the page."""
        return dict(_HIDDEN.findall(self.html))

    def _take(self, answer: httpx.Response) -> str:
        self.html, self.status = answer.text, answer.status_code
        return self.html


@dataclass
class School:
    """The console at an address, with its service."""

    url: str
    service: Service
    store: Store
    knowledge: Knowledge
    clock: Clock
    _open: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=self.url, headers={"origin": self.url}, timeout=60)
        self._open.append(client)
        return client

    async def employ(self, role: Role, name: str) -> str:
        """Give somebody a role, and return their id."""
        user = f"console:{secrets.token_hex(4)}"
        await self.store.apply([Enlisted(user, role, name)], STAFFED, self.clock())
        return user

    async def link(self, user: str) -> str:
        """Return the token of a link into the console."""
        token = secrets.token_urlsafe(24)
        await self.store.apply([link_console(token, self.clock(), user)], STAFFED, self.clock())
        return token

    async def let_in(self, role: Role = "staff", name: str = "王老师") -> Teacher:
        """Bring somebody with a new role in, as they come in: link, code."""
        user = await self.employ(role, name)
        teacher = Teacher(self.browser(), user)
        await teacher.client.post("/console/in", data={"token": await self.link(user)})
        await teacher.opens("/code")
        teacher.secret = re.findall(r'id="secret">([A-Z2-7]+)<', teacher.html)[0]
        await teacher.sends("/code", code=pyotp.TOTP(teacher.secret).at(self.clock()))
        return teacher

    async def say(self, user: str, text: str = "", press: str | None = None) -> Answer:
        """A graduate does something in the chat."""
        return await self.service.receive(Incoming(STAFFED, user, text, press, update_id=secrets.token_hex(8)))

    async def close(self) -> None:
        for client in self._open:
            await client.aclose()


async def open_school(
    open_: AsyncExitStack, database_url: str, site: Site | None = None, accounts: SchoolAccounts | None = None
) -> School:
    """Serve the console until the end."""
    store, clock = await Store.open(database_url), Clock()
    open_.push_async_callback(store.close)

    async def fetch(_: str) -> bytes:
        raise ConnectionError

    knowledge = Knowledge(store, shipped(), 0, None, clock, examine_nearby)
    broadcasts = BroadcastArea(store, shipped, lambda: local(clock(), None), fetch)
    forms = BroadcastForms(broadcasts, store, shipped, lambda: local(clock(), None))
    admin = AdminArea(knowledge, store, fetch, STAFFED, (OWNER,))
    service = Service(
        shipped(), store, clock, None, channels=CHANNELS, desks=(STAFFED,), owners=((STAFFED, OWNER),),
        areas=(admin, broadcasts),
    )  # fmt: skip
    knowledge.take = service.take
    site = site or Site()
    seal = Seal.of_token("7:token")
    parts = Parts(service, knowledge, forms, admin, site, STAFFED, (OWNER,), clock, seal, accounts=accounts)
    sock = open_.enter_context(closing(listen("127.0.0.1", 0)))
    await open_.enter_async_context(serving(Console(parts).app, sock))
    school = School(f"http://127.0.0.1:{sock.getsockname()[1]}", service, store, knowledge, clock)
    service.staff.console = lambda token: f"{school.url}/console/in/{token}"
    open_.push_async_callback(school.close)
    return school


@pytest.fixture
async def school(database_url: str) -> AsyncIterator[School]:
    async with AsyncExitStack() as stack:
        yield await open_school(stack, database_url)
