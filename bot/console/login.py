"""The way in: a one-time link, then a passkey or a code of the person's app (TOTP). Nothing here needs a session with
rights.

A link is used by a form, not by opening it, so that whatever looks at links beforehand does not use it up. The cookie
gets another secret when that was right, so that nobody who knew the one before is in. Whoever has a second factor
cannot set up another one before they are in.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import pyotp
import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.token_bucket import TokenBucket
from bot.channels.web.browser_key import BrowserKey, CookieName
from bot.channels.web.limits import is_own
from bot.console import passkeys
from bot.console.forms import BadForm, read_form
from bot.console.parts import FOLDER, Parts
from bot.console.passkeys import Relying
from bot.console.rendering import Renderings
from bot.console.sealing import is_sealed
from bot.domain.console import CODE_WITHIN, MOST_TRIES, SESSION_FOR, ConsoleSession, hash_link
from bot.domain.roles import Audited

STEP_S = 30
"""Seconds for which a code is shown."""
PER_S, BURST = 0.5, 20
"""Tries of one address a second, and at once."""
KEPT = 1_000
"""Addresses that are remembered."""
MOST_BROWSER = 120
"""Characters of a browser's name that are kept."""

Judge = Callable[[Request, ConsoleSession, str, BrowserKey, datetime], Awaitable[bool]]
"""Tells if what was sent is the second factor of a session; then the session is in, under the hash of another key."""


class Login:
    """The pages of the way in, and the cookie that says who is in. `clock` in seconds."""

    def __init__(self, parts: Parts, rendering: Renderings, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts, self._rendering, self._clock = parts, rendering, clock
        self._rows = parts.store.console
        self._tries: dict[str, TokenBucket] = {}

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{FOLDER}/in/{{token}}", self._show_link, methods=["GET"]),
            Route(f"{FOLDER}/in", self._take_link, methods=["POST"]),
            Route(f"{FOLDER}/code", self._show_code, methods=["GET"]),
            Route(f"{FOLDER}/code", self._take_code, methods=["POST"]),
            Route(f"{FOLDER}/code/passkey", self._take_passkey, methods=["POST"]),
        ]

    # Sessions

    async def find(self, request: Request) -> tuple[BrowserKey, ConsoleSession] | None:
        """Return the secret and the session of a browser; None when it has none that still lasts."""
        key = BrowserKey.parse(request.cookies.get(self._cookie(request).name))
        session = await self._rows.find(key.user, self._parts.present()) if key else None
        return (key, session) if key and session else None

    def ask(self, status: int = 401) -> Response:
        """Answer somebody who is not in."""
        return self.page("out.html", status)

    def _cookie(self, request: Request) -> CookieName:
        plain = self._parts.site.cookie(request)
        return ConsoleCookie(self._parts.base, plain.is_secure)

    def set_cookie(self, response: Response, request: Request, key: BrowserKey) -> Response:
        """Return the answer with a browser's new secret."""
        cookie, most = self._cookie(request), int(SESSION_FOR.total_seconds())
        about: Any = {"path": cookie.path, "secure": cookie.is_secure, "httponly": True, "samesite": "lax"}
        response.set_cookie(cookie.name, key.secret, most, **about)
        return response

    # The link

    async def _show_link(self, request: Request) -> Response:
        return self.page("in.html", token=request.path_params["token"][:80])

    async def _take_link(self, request: Request) -> Response:
        if (refusal := self.refuse(request)) is not None:
            return refusal
        try:
            token = next(iter((await read_form(request)).get("token", ())), "")
        except BadForm:
            return self.ask(413)
        key, at = BrowserKey.new(), self._parts.present()
        browser = request.headers.get("user-agent", "")[:MOST_BROWSER]
        whose = await self._rows.take_link(hash_link(token), key.user, at, at + CODE_WITHIN, browser)
        if whose is None or await self._parts.service.acts.find_role(*whose) is None:
            return self.page("out.html", 403, is_old=True)
        response = RedirectResponse(f"{self._parts.base}/code", 303)
        return self.set_cookie(response, request, key)

    # The second factor

    async def _show_code(self, request: Request) -> Response:
        found = await self.find(request)
        if found is None:
            return self.ask()
        key, session = found
        if session.is_confirmed:
            return RedirectResponse(self._parts.base, 303)
        return await self.ask_code(request, key, session)

    async def ask_code(self, request: Request, key: BrowserKey, session: ConsoleSession, wrong: str = "") -> Response:
        """Ask for a second factor that is there; where there is none, let the person set one up."""
        rows, relying = self._rows, Relying.of(request, self._parts.site, self._rendering.words["title"])
        every, stored = await rows.passkeys(session.channel, session.user), await self._find_key(session)
        known, is_new = [one for one in every if one.key], not every and stored is None
        name = (await self._parts.names()).get(session.user, session.user)
        shown: dict[str, Any] = {
            "qr": "",
            "secret": "",
            "passkey": "",
            "is_known": bool(known),
            "has_account": bool(self._parts.accounts) and (is_new or any(not one.key for one in every)),
            "has_code": bool(stored),
        }
        if is_new:
            shown |= await self._set_up(session, name)
        if relying.can_ask and (known or is_new):
            challenge = secrets.token_bytes(passkeys.CHALLENGE_BYTES)
            await rows.challenge(session.number, challenge.hex())
            new = passkeys.ask_new(relying, session.user, name, challenge, known)
            shown["passkey"] = passkeys.ask(relying, challenge, known) if known else new
        if stored and self._parts.seal.open(stored) is None:
            wrong = "lost"
        return self.page("code.html", 403 if wrong else 200, form_word=key.form_word, wrong=wrong, **shown)

    async def _set_up(self, session: ConsoleSession, name: str) -> Mapping[str, Any]:
        """Return a new secret for an app as words and picture, the same as before in the same session."""
        seal = self._parts.seal
        secret = seal.open(session.new_key) if session.new_key else None
        if secret is None:
            secret = pyotp.random_base32()
            await self._rows.set_up(session.number, seal.close(secret))
        address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=self._rendering.words["title"])
        drawn = segno.make(address, error="m").svg_inline(scale=4, light="#fff")
        return {"qr": Markup(drawn), "secret": secret}  # noqa: S704 - our own drawing

    async def _find_key(self, session: ConsoleSession) -> str | None:
        return await self._rows.find_key(session.channel, session.user)

    async def _take_code(self, request: Request) -> Response:
        """Let somebody in by the code of their app."""
        return await self._take(request, self._judge_code, "code")

    async def _take_passkey(self, request: Request) -> Response:
        """Let somebody in by a passkey, or by the first one that they make."""
        return await self._take(request, self._judge_passkey, "credential") if passkeys.IS_THERE else self.ask(404)

    async def _take(self, request: Request, judge: Judge, field: str) -> Response:
        """Let somebody in by a second factor that is right and new; after MOST_TRIES the link is void."""
        found = await self.find(request)
        if found is None:
            return self.ask()
        key, session = found
        try:
            form = await read_form(request)
        except BadForm:
            return self.ask(413)
        if (refusal := self.refuse(request)) is not None:
            return refusal
        if session.is_confirmed or not key.sent(next(iter(form.get("form", ())), "")):
            return self.ask(403)
        if await self._parts.service.acts.find_role(session.channel, session.user) is None:
            return self.ask(403)
        if (tries := await self._rows.count_try(session.number)) > MOST_TRIES:
            return self.page("out.html", 403, is_old=True)
        becomes, at = BrowserKey.new(), self._parts.present()
        if await judge(request, session, next(iter(form.get(field, ())), ""), becomes, at):
            audited = (Audited("console-in", f"{session.number} {field}"),)
            await self._parts.store.apply(audited, session.channel, at, session.user)
            return self.set_cookie(RedirectResponse(self._parts.base, 303), request, becomes)
        if tries == MOST_TRIES:
            await self._rows.end(session.number, session.channel)
            return self.page("out.html", 403, is_old=True)
        return await self.ask_code(request, key, session, field)

    async def _judge_code(
        self, _: Request, session: ConsoleSession, typed: str, becomes: BrowserKey, at: datetime
    ) -> bool:
        rows, seal = self._rows, self._parts.seal
        stored = await self._find_key(session) or session.new_key
        secret = seal.open(stored) if stored else None
        step = find_step(secret, "".join(typed.split()), at.timestamp()) if secret else None
        if not stored or not secret or step is None:
            return False
        if not await rows.confirm(session, stored, step, becomes.user, at + SESSION_FOR):
            return False
        if not is_sealed(stored):
            await rows.reseal(session.channel, session.user, stored, seal.close(secret))
        return True

    async def _judge_passkey(
        self, request: Request, session: ConsoleSession, answer: str, becomes: BrowserKey, at: datetime
    ) -> bool:
        rows, relying = self._rows, Relying.of(request, self._parts.site, self._rendering.words["title"])
        challenge, until = await rows.take_challenge(session.number), at + SESSION_FOR
        if challenge is None or len(answer) > passkeys.MOST_ANSWER:
            return False
        if known := await rows.passkeys(session.channel, session.user):
            used = passkeys.take(relying, answer, bytes.fromhex(challenge), known)
            return used is not None and await rows.confirm_by_passkey(session, used, becomes.user, until)
        made = passkeys.take_new(relying, answer, bytes.fromhex(challenge))
        return made is not None and await rows.add_passkey(session, made, at, becomes.user, until)

    # Answers

    def refuse(self, request: Request) -> Response | None:
        """Refuse a form of another site, and too many of one address."""
        if not self._parts.site.sent_from_here(request):
            return self.ask(403)
        address = request.client.host if request.client else ""
        if is_own(address):  # a proxy's
            return None
        bucket = self._tries.pop(address, None) or TokenBucket(PER_S, BURST)
        self._tries[address] = bucket
        if len(self._tries) > KEPT:
            del self._tries[next(iter(self._tries))]
        now = self._clock()
        if bucket.ready_at() > now:
            return self.page("out.html", 429, is_flood=True)
        bucket.count(now)
        return None

    def page(self, template: str, status: int = 200, **about: Any) -> Response:
        """Answer with a page of the way in."""
        return self._rendering.page(template, status=status, **_OUT | about)


class ConsoleCookie(CookieName):
    """The cookie of the console, beside that of the page."""

    @property
    def name(self) -> str:
        return f"{'__Secure-' if self.is_secure else ''}gradbot-console"


_OUT = {"is_old": False, "is_flood": False, "is_missing": False}


def find_step(secret: str, code: str, now_s: float) -> int | None:
    """Return the number of the half minute in which this is the code: this one, or one beside it; None: it is wrong."""
    totp, step = pyotp.TOTP(secret, interval=STEP_S), int(now_s // STEP_S)
    if not code.isascii() or not code.isdecimal():
        return None
    steps = (step - 1, step, step + 1)
    return next((one for one in steps if secrets.compare_digest(totp.generate_otp(one), code)), None)
