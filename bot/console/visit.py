"""A page of the console, the role that it needs, and one visit to it: who it is, what they sent, how it is answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.channels.web.browser_key import BrowserKey
from bot.console.forms import Fields
from bot.console.parts import Parts
from bot.console.rendering import Renderings
from bot.content.content import Content
from bot.domain.areas import Decide
from bot.domain.classes import Classes
from bot.domain.console import ConsoleSession
from bot.domain.messages import Answer, Incoming
from bot.domain.roles import Role
from bot.store import Store
from bot.tickets.roles import RANK

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


MENU: Mapping[str, Role] = {
    "/knowledge": "admin",
    "/notice": "admin",
    "/staff": "admin",
    "/audit": "admin",
    "/settings": "admin",
}
"""Pages of the menu that not all staff may open."""


UPDATE = re.compile(r"[A-Za-z0-9_-]{16,40}", re.ASCII)
"""The word of a form that makes it count once."""


class Gone(Exception):
    """There is nothing at this address, or no more."""


class Forbidden(Exception):
    """The person may not do this."""


@dataclass(frozen=True)
class ConsolePage:
    """An address of the console: whoever ranks below `role` does not come to `answer`.

    A GET only shows. A POST changes something, and is refused when it does not come from one of our own forms.
    `is_polled`: browsers ask for it by themselves, which is no sign that somebody is there.
    """

    method: Literal["GET", "POST"]
    path: str
    role: Role
    answer: Callable[[Visit], Awaitable[Response]]
    is_polled: bool = False

    def allows(self, role: Role) -> bool:
        """Return whether somebody with this role may come here."""
        return RANK[role] >= RANK[self.role]


@dataclass(frozen=True)
class Visit:
    """A request of somebody in the console. `at` is the moment in UTC, `form` what was sent with a POST.

    `upload` is the name and the content of a file. `classes` are those to which the person is confined; None: to none.
    """

    parts: Parts
    rendering: Renderings
    request: Request
    page: ConsolePage
    key: BrowserKey
    session: ConsoleSession
    role: Role
    name: str
    at: datetime
    form: Fields = field(default_factory=dict)
    upload: tuple[str, bytes] = ("", b"")
    classes: Classes | None = None

    @property
    def content(self) -> Content:
        return self.parts.content

    @property
    def store(self) -> Store:
        return self.parts.store

    @property
    def now(self) -> datetime:
        """Local time of the notice."""
        return self.parts.local(self.at)

    @property
    def who(self) -> str:
        """The id of the person."""
        return self.session.user

    def field(self, name: str) -> str:
        """Return the first value of a field of the form; empty when there is none."""
        return next(iter(self.form.get(name, ())), "")

    def asked(self, name: str) -> str:
        """Return a filter of the address; empty when there is none."""
        return self.request.query_params.get(name, "")[:200]

    def number(self, name: str) -> int:
        """Return the number in the path. Gone when no row can have it."""
        text = self.request.path_params[name]
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise Gone
        return int(text)

    def may(self, path: str) -> bool:
        """Return whether the person may open a page of the menu."""
        return RANK[self.role] >= RANK[MENU.get(path, "staff")]

    # Acts

    @property
    def update(self) -> str:
        """The id under which this form counts once."""
        word = self.field("update")
        if not UPDATE.fullmatch(word):
            raise Gone
        return self._update_of(word)

    def _update_of(self, word: str) -> str:
        return f"console/{self.who}/{word}"

    def incoming(self, **what: Any) -> Incoming:
        """Return what this form does, as something that the person did."""
        return Incoming(self.session.channel, self.who, update_id=self.update, **what)

    async def act(self, incoming: Incoming, decide: Decide | None = None) -> Answer:
        """Have it take its effect once. Forbidden when it is no act of somebody with this role."""
        answer = await self.parts.service.acts.act(incoming, decide)
        if answer is None:
            raise Forbidden
        return answer

    async def find_said(self) -> Answer | None:
        """Return the answer to the form that led to this page; None when none did."""
        word = self.asked("done")
        if not UPDATE.fullmatch(word):
            return None
        stored = await self.store.find_handled(self.session.channel, self.who, self._update_of(word))
        return _ANSWER.validate_json(stored) if stored else None

    # Answers

    def lead(self, path: str = "", **filters: str) -> Response:
        """Lead to a page after a form, where what it did is said."""
        filters = {"done": self.field("update"), **filters}
        return RedirectResponse(f"{self.parts.base}{path}?{urlencode(filters)}#said", 303)

    def lead_away(self, path: str) -> Response:
        """Lead on from a page of something that is done with; what was done is said there."""
        word = self.asked("done")
        said = f"?{urlencode({'done': word})}#said" if UPDATE.fullmatch(word) else ""
        return RedirectResponse(f"{self.parts.base}{path}{said}", 303)

    async def show(self, template: str, *, status: int = 200, **about: Any) -> Response:
        """Answer with a page; above it stands what the form before it did."""
        said = await self.find_said() if self.page.method == "GET" else None
        shown = {"said": said, "visit": self, **about}
        if skips := about.get("skips"):
            shown["said"] = said and replace(said, replies=tuple(r for r in said.replies if not skips(r)))
        return self.rendering.page(template, status=status, form_word=self.key.form_word, **shown)


def download(name: str, content: bytes, kind: str) -> Response:
    """Answer with a file to be saved."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{_quote(name)}", "cache-control": "no-store"}
    return Response(content, media_type=kind, headers=headers)


def _quote(name: str) -> str:
    return urlencode({"": name})[1:].replace("+", "%20")
