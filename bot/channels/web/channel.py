"""The browser as a channel: a page with the last turns of whoever opens it, and forms that make the next one.

A form carries the id of the update that it will be, so that sending it twice does nothing twice. Without scripts a form
leads back to the page, which shows everything anew; with htmx it is answered by what is new alone. What comes unasked
is delivered when a page asks for it.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.channels.http.body import UNSTORABLE, read_body
from bot.channels.web import linked, views
from bot.channels.web.abilities import NAME
from bot.channels.web.browser_key import KEPT_S, BrowserKey
from bot.channels.web.files import StaticFiles
from bot.channels.web.limits import InboundLimits
from bot.channels.web.site import Site, SiteHeaders
from bot.domain.messages import Answer, Attachment, Draw, Incoming, NotSaved, PastTalk, PastTurn, Receive, Reply

BODY_MOST = 65_536
"""Bytes of a form."""
TEXT_MOST = 5_000
"""Characters of a message that are looked at: more than the bot reads, so that it says what is too long."""
TYPES = {".ics": "text/calendar", ".png": "image/png", ".json": "application/json"}
WECHAT = "MicroMessenger"
"""Part of the name of a browser that saves no files."""
JOINS = "move-"
"""Beginning of the payload by which a browser joins a talk that is under way elsewhere: it begins none of its own."""
KEEP = "cmd|keep"
"""The button around the talk by which it goes on elsewhere."""
ARRIVAL = "arrival"
"""Id of the update with which a person arrives; each arrives once."""

_UPDATE = re.compile(r"[A-Za-z0-9_-]{8,40}", re.ASCII)
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Recalls(Protocol):
    """Tells what was said: the talk of a person (NotSaved when the database is in trouble), the answer to somebody
    unknown, and a file that came with an answer to a ticket (None when it is kept no more).
    """

    def greet(self) -> Answer: ...
    async def recall(self, user: str) -> PastTalk: ...
    async def load_file(self, key: str) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class WebWords:
    """The sentences of the page around the talk; `file` and `picture` have a part `{name}`."""

    title: str
    place: str
    send: str
    below: str
    log: str
    kept: str
    you: str
    bot: str
    copied: str
    file: str
    picture: str
    wechat: str
    open: str
    privacy: str
    no_cookie: str
    not_saved: str
    stale: str
    flood: str
    busy: str
    too_long: str
    slow: str
    retry: str
    offline: str
    again: str
    back: str
    gone: str
    keep: str
    reload: str


class Web:
    """The page. `receive` takes what somebody did, `talk` tells what was said before.

    `clock` in seconds; `draw` draws pictures, without it they are left out.
    """

    name = NAME

    def __init__(
        self,
        words: WebWords,
        receive: Receive,
        talk: Recalls,
        site: Site,
        *,
        draw: Draw | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._words, self._receive = words, receive
        self._recall, self._greet = talk.recall, talk.greet
        self._load_file = talk.load_file
        self._site, self._draw = site, draw
        self._limits = InboundLimits(clock)
        self._files = StaticFiles.read()
        templates = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(
            loader=templates, autoescape=True, trim_blocks=True, undefined=StrictUndefined, auto_reload=False
        )
        self._templates.filters.update(link=linked.link, clean=linked.clean)
        self._templates.globals.update(words=words, keep=KEEP, new_update=partial(secrets.token_urlsafe, 12))

    @property
    def app(self) -> Starlette:
        """The page and its files as an ASGI app."""
        app = Starlette(
            routes=[
                Route("/", self._show),
                Route("/say", self._say, methods=["POST"]),
                Route("/say", self._lead_home),
                Route("/news", self._tell_news),
                Route("/file/{turn}/{number:int}/{kind}", self._send_file),
                Route("/static/{name}", self._files.serve),
            ],
            middleware=[
                Middleware(SiteHeaders, site=self._site, apology=self._words.not_saved),
                Middleware(GZipMiddleware, minimum_size=500, compresslevel=5),
            ],
            exception_handlers={404: self._miss, 405: self._miss, NotSaved: self._apologise},
        )
        app.router.redirect_slashes = False  # it would lead to whatever host a request names
        return app

    # Pages

    async def _show(self, request: Request) -> Response:
        """Show the last turns; to somebody who has none, the greeting, for whom nothing is kept yet."""
        key = self._key(request)
        if not self._admits_look(request, key):
            return self._trouble(request, 429, self._words.busy)
        turns = (await self._recall(key.user)).turns if key else ()
        return self._page(request, key or BrowserKey.new(), turns)

    def _page(self, request: Request, key: BrowserKey, turns: Sequence[PastTurn], *, is_over: bool = False) -> Response:
        payload = request.query_params.get("start", "")
        body = self._render(
            "page.html",
            request,
            key,
            turns=views.view(turns or (PastTurn(ARRIVAL, self._greet()),)),
            cursor=turns[-1].id if turns else ARRIVAL,
            start=payload if _PAYLOAD.fullmatch(payload) else "",
            notice="",
            is_over=is_over,
            is_indexed=self._site.is_indexed,
            version=self._files.version,
        )
        response = self._html(body)
        cookie = self._site.cookie(request)
        if is_over:
            response.delete_cookie(cookie.name, cookie.path, secure=cookie.is_secure, httponly=True, samesite="lax")
        else:
            response.set_cookie(
                cookie.name,
                key.secret,
                KEPT_S,
                path=cookie.path,
                secure=cookie.is_secure,
                httponly=True,
                samesite="lax",
            )
        return response

    async def _tell_news(self, request: Request) -> Response:
        """Answer with the turns after the one that the page names."""
        key = self._key(request)
        if key is None:
            return Response(status_code=204)
        if not self._admits_look(request, key):
            return Response(status_code=429, headers={"retry-after": "30"})
        after = request.query_params.get("after", "")
        turns = (await self._recall(key.user)).turns
        if after == ARRIVAL and not turns:
            return Response(status_code=204)
        return self._news(request, key, turns, after)

    def _news(self, request: Request, key: BrowserKey, turns: Sequence[PastTurn], after: str) -> Response:
        try:
            new, changed = views.since(views.view(turns), turns, after)
        except KeyError:  # forgotten, or too long ago
            return Response(status_code=204, headers={"hx-refresh": "true"})
        if not new and not changed:
            return Response(status_code=204)
        return self._html(self._render("fragment.html", request, key, new=new, changed=changed, cursor=turns[-1].id))

    # Turns

    async def _say(self, request: Request) -> Response:
        """Take one turn, and show what came of it."""
        form, key = await _read_form(request), self._key(request)
        if form is None:
            return self._trouble(request, 413, self._words.too_long)
        if key is None:
            return self._trouble(request, 400, self._words.no_cookie)
        if not key.sent(form.get("form", "")) or not self._site.sent_from_here(request):
            return self._trouble(request, 403, self._words.stale)
        request.state.form = form
        if not self._limits.admits(key.user, request.client and request.client.host):
            return self._trouble(request, 429, self._words.flood)
        past = await self._recall(key.user)
        if past.code and not self._limits.admits_code(past.code):
            return self._trouble(request, 429, self._words.flood)
        answer = await self._take(key, form, past.turns)
        turns = (await self._recall(key.user)).turns
        if answer and not turns:
            return self._part(request, key, answer)
        if "hx-request" in request.headers:
            return self._news(request, key, turns, form.get("after", ""))
        return RedirectResponse("./#t-" + quote(turns[-1].id if turns else ARRIVAL), 303)

    async def _take(self, key: BrowserKey, form: dict[str, str], past: Sequence[PastTurn]) -> Answer | None:
        """Have a form of somebody with these turns take its effect; None for an empty one."""
        text, press, update = form.get("text", "").strip()[:TEXT_MOST], form.get("press"), form.get("update", "")
        start = form.get("start", "")
        if not _UPDATE.fullmatch(update) or not (text or press or _PAYLOAD.fullmatch(start)):
            return None
        doing = partial(Incoming, NAME, key.user, update_id=f"{key.user}/{update}")
        if not past and not start.startswith(JOINS):
            await self._receive(Incoming(NAME, key.user, update_id=f"{key.user}/{ARRIVAL}"))
            past = (await self._recall(key.user)).turns
        if press:
            label = self._words.keep if press == KEEP else views.label_of(past, press)
            return await self._receive(doing(press=press[:200], label=label))
        if text:
            return await self._receive(doing(text=text))
        return await self._receive(doing(text=f"/start {start}", label=self._words.open))

    def _part(self, request: Request, key: BrowserKey, answer: Answer) -> Response:
        """Take leave of somebody who had everything deleted: the last answer, and no cookie any more."""
        bare = PastTurn(ARRIVAL, Answer(tuple(map(_without_buttons, answer.replies))))
        response = self._page(request, key, (bare,), is_over=True)
        if "hx-request" in request.headers:
            response.headers.update({"hx-retarget": "body", "hx-reswap": "innerHTML"})
        return response

    async def _lead_home(self, _: Request) -> Response:
        return RedirectResponse("./", 303)

    # Files

    async def _send_file(self, request: Request) -> Response:
        """Send a file of one of the person's own last turns."""
        key, asked = self._key(request), request.path_params
        if not self._admits_look(request, key):
            return self._trouble(request, 429, self._words.busy)
        turns = (await self._recall(key.user)).turns if key else ()
        if not turns:
            turns = (PastTurn(ARRIVAL, self._greet()),)
        found = views.find_file(turns, asked["turn"], asked["number"], asked["kind"])
        if found is None:
            return await self._miss(request, None)
        if isinstance(found, Attachment):
            content = await self._load_file(found.kept) if found.kept else found.data
            return await self._miss(request, None) if content is None else _send(found.name, content)
        png = await self._draw(found) if self._draw else None
        return _send(found.name, png, "inline") if png else await self._miss(request, None)

    # Requests and answers

    def _admits_look(self, request: Request, key: BrowserKey | None) -> bool:
        return self._limits.admits_look(key.user if key else None, request.client and request.client.host)

    def _key(self, request: Request) -> BrowserKey | None:
        return BrowserKey.parse(request.cookies.get(self._site.cookie(request).name))

    def _render(self, template: str, request: Request, key: BrowserKey, **about: Any) -> str:
        saves_nothing = WECHAT in request.headers.get("user-agent", "")
        return self._templates.get_template(template).render(form=key.form_word, saves_nothing=saves_nothing, **about)

    def _html(self, body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        return Response(body, status, {"cache-control": "no-store", **(headers or {})}, "text/html")

    async def _miss(self, request: Request, _: Exception | None) -> Response:
        return self._trouble(request, 404, self._words.gone)

    async def _apologise(self, request: Request, _: Exception) -> Response:
        return self._trouble(request, 503, self._words.not_saved)

    def _trouble(self, request: Request, status: int, said: str) -> Response:
        """Say why something was not done: to a script in words, to a person on a page that leads back, where what can
        be sent again is sent by a tap.
        """
        headers = {"retry-after": "3"} if status in (429, 503) else None
        if "hx-request" in request.headers:
            return PlainTextResponse(said, status, headers)
        again = getattr(request.state, "form", {}) if headers else {}
        page = self._templates.get_template("trouble.html")
        body = page.render(said=said, again=again, base=self._site.path, version=self._files.version)
        return self._html(body, status, headers)


async def _read_form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form, without what no database takes; None when it is too long or breaks off."""
    try:
        body = await read_body(request, BODY_MOST)
    except ClientDisconnect:
        return None
    if body is None:
        return None
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return None
    return {name: UNSTORABLE.sub("", value) for name, value in fields}


def _without_buttons(reply: Reply) -> Reply:
    return replace(reply, buttons=(), copies=(), attachment=None, picture=None)


def _send(name: str, content: bytes, how: str = "attachment") -> Response:
    """Answer with a file to be saved, whatever is in it; `inline` one of our own pictures, to be looked at."""
    disposition = f"{how}; filename*=UTF-8''{quote(name)}"
    headers = {"content-disposition": disposition, "cache-control": "no-store"}
    return Response(content, media_type=TYPES.get(PurePath(name).suffix, "application/octet-stream"), headers=headers)
