"""The console as an ASGI app: every address of the table of pages behind one guard, which asks anew who may come.

The guard asks, in this order: a session that lasts and whose code was right; a role, now; for a form, that it is ours
and from here; the role that the page needs.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.web.browser_key import BrowserKey
from bot.channels.web.site import Site, SiteHeaders
from bot.console import (
    acts,
    broadcasts,
    calendar,
    entries,
    figures,
    knowledge,
    notice,
    people,
    saved,
    staff,
    tickets,
    today,
)
from bot.console.forms import BadForm, read_form, read_upload
from bot.console.login import Login
from bot.console.parts import FOLDER, Parts
from bot.console.rendering import open_renderings
from bot.console.school_login import SchoolLogin
from bot.console.visit import ConsolePage, Forbidden, Gone, Visit
from bot.domain.console import ConsoleSession
from bot.domain.effects import Outdated
from bot.store import StoreProblem

PAGES: Sequence[ConsolePage] = (
    *today.PAGES,
    *tickets.PAGES,
    *broadcasts.PAGES,
    *calendar.PAGES,
    *knowledge.PAGES,
    *entries.PAGES,
    *notice.PAGES,
    *people.PAGES,
    *saved.PAGES,
    *figures.PAGES,
    *staff.PAGES,
    *acts.PAGES,
)
"""Every address of the console, with the role that it needs."""
SEEN_EVERY = timedelta(minutes=1)
"""Time between two notes that a session was used."""
MOST_UPLOAD = 8_000_000
"""Bytes of a file that is uploaded."""


class Console:
    """The console. `clock` in seconds."""

    def __init__(self, parts: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._rendering = open_renderings(parts.base, parts.site.path.rstrip("/"))
        self._login = Login(parts, self._rendering, clock)

    @property
    def app(self) -> ASGIApp:
        """The console under its path."""
        words, site = self._rendering.words, Site(self._parts.site.url)
        guarded = [Route(f"{FOLDER}{page.path}", self._guard(page), methods=[page.method]) for page in PAGES]
        app = Starlette(
            routes=[
                Route(f"{FOLDER}/static/{{name}}", self._rendering.files.serve),
                *self._login.routes,
                *SchoolLogin(self._parts, self._login).routes,
                *guarded,
            ],
            middleware=[
                Middleware(SiteHeaders, site=site, apology=words["trouble"]),
                Middleware(GZipMiddleware, minimum_size=500),
            ],
            exception_handlers={404: self._miss, 405: self._miss, StoreProblem: self._apologise},
        )
        app.router.redirect_slashes = False  # it would lead to whatever host a request names
        return app

    def _guard(self, page: ConsolePage) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            found = await self._login.find(request)
            if found is None:
                return self._login.ask()
            key, session = found
            if not session.is_confirmed:
                return RedirectResponse(f"{self._parts.base}/code", 303)
            visit = await self._enter(page, request, key, session)
            return await self._answer(visit) if isinstance(visit, Visit) else visit

        return answer

    async def _enter(
        self, page: ConsolePage, request: Request, key: BrowserKey, session: ConsoleSession
    ) -> Visit | Response:
        """Return the visit of somebody who may come here; else the refusal."""
        at = self._parts.present()
        role = await self._parts.service.acts.find_role(session.channel, session.user)
        if role is None:
            await self._parts.store.console.end(session.number, session.channel)
            return self._login.ask(403)
        if not page.is_polled:
            await self._note(session, at)
        names = await self._parts.names()
        name = names.get(session.user, session.user)
        classes = await self._parts.store.roles.find_classes(session.channel, session.user)
        visit = Visit(self._parts, self._rendering, request, page, key, session, role, name, at, classes=classes)
        if page.method == "POST":
            sent = await self._read(request, visit)
            if isinstance(sent, Response):
                return sent
            visit = sent
        return visit if page.allows(role) else await self._refuse(visit, 403)

    async def _read(self, request: Request, visit: Visit) -> Visit | Response:
        try:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                form, name, content = await read_upload(request, MOST_UPLOAD)
                visit = replace(visit, form=form, upload=(name, content))
            else:
                visit = replace(visit, form=await read_form(request))
        except BadForm:
            return await self._refuse(visit, 413)
        is_ours = visit.key.sent(visit.field("form")) and self._parts.site.sent_from_here(request)
        return visit if is_ours else await self._refuse(visit, 403)

    async def _note(self, session: ConsoleSession, at: datetime) -> None:
        if at - session.seen > SEEN_EVERY:
            await self._parts.store.console.see(session.number, at)

    async def _answer(self, visit: Visit) -> Response:
        try:
            return await visit.page.answer(visit)
        except Gone:
            return await self._refuse(visit, 404)
        except Forbidden:
            return await self._refuse(visit, 403)
        except Outdated:
            return await self._refuse(visit, 409)

    async def _refuse(self, visit: Visit, status: int) -> Response:
        """Answer that it cannot be, with the way back."""
        return await visit.show("refused.html", status=status, why=self._rendering.words["refused"][status])

    async def _miss(self, _: Request, __: Exception) -> Response:
        return self._rendering.page("out.html", status=404, is_missing=True)

    async def _apologise(self, _: Request, __: Exception) -> Response:
        return Response(self._rendering.words["trouble"], 503, {"retry-after": "3"}, "text/plain")


class Behind:
    """Serves the console at its path, and everything else by another app."""

    def __init__(self, console: ASGIApp, other: ASGIApp, site: Site) -> None:
        self._console, self._other, self._root = console, other, site.path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if self._root and path.startswith(f"{self._root}/"):
            path = path.removeprefix(self._root)
        is_ours = path == FOLDER or path.startswith(f"{FOLDER}/")
        await (self._console if is_ours else self._other)(scope, receive, send)
