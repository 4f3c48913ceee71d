"""The way in by an account of the school, in place of a code: to its login and back, by an answer that counts once."""

from __future__ import annotations

from datetime import datetime

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.web.browser_key import BrowserKey
from bot.console.login import Login
from bot.console.oidc import NOTHING_KEPT, NoAccount
from bot.console.parts import FOLDER, Parts
from bot.console.sealing import is_sealed
from bot.domain.console import MOST_TRIES, SESSION_FOR, ConsoleSession, Passkey
from bot.domain.roles import Audited

_log = structlog.get_logger()


class SchoolLogin:
    """The pages of that way; whoever comes has a session of a link, which is not in yet."""

    def __init__(self, parts: Parts, login: Login) -> None:
        self._parts, self._login, self._rows = parts, login, parts.store.console

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{FOLDER}/code/account", self._show_account, methods=["GET"]),
            Route(f"{FOLDER}/code/account/back", self._take_account, methods=["GET"]),
        ]

    async def _show_account(self, request: Request) -> Response:
        """Lead to the login of the school; what its answer must hold is kept with the session."""
        found, accounts = await self._login.find(request), self._parts.accounts
        if found is None or accounts is None:
            return self._login.ask(401 if accounts else 404)
        if (refusal := self._login.refuse(request)) is not None:
            return refusal
        key, session = found
        try:
            address, kept = await accounts.begin(self._back(request))
        except NoAccount as trouble:
            return await self._explain(request, key, session, trouble)
        await self._rows.challenge(session.number, self._parts.seal.close(kept).encode().hex())
        return RedirectResponse(address, 303)

    async def _take_account(self, request: Request) -> Response:
        """Let somebody in by the account that is theirs, or that they show the first time; each answer counts once."""
        found, accounts = await self._login.find(request), self._parts.accounts
        if found is None or accounts is None:
            return self._login.ask(401 if accounts else 404)
        key, session = found
        kept = await self._rows.take_challenge(session.number)
        if session.is_confirmed or await self._parts.service.acts.find_role(session.channel, session.user) is None:
            return self._login.ask(403)
        if await self._rows.count_try(session.number) > MOST_TRIES:
            return self._login.page("out.html", 403, is_old=True)
        at, becomes = self._parts.present(), BrowserKey.new()
        try:
            shown = await accounts.finish(self._open(kept or ""), request.query_params, self._back(request), at)
        except NoAccount as trouble:
            return await self._explain(request, key, session, trouble)
        if not await self._let_in(session, Passkey(shown, "", 0), becomes, at):
            return await self._explain(request, key, session, NoAccount("another"))
        audited = (Audited("console-in", f"{session.number} account"),)
        await self._parts.store.apply(audited, session.channel, at, session.user)
        return self._login.set_cookie(RedirectResponse(self._parts.base, 303), request, becomes)

    async def _let_in(self, session: ConsoleSession, shown: Passkey, becomes: BrowserKey, at: datetime) -> bool:
        rows, until = self._rows, at + SESSION_FOR
        known = await rows.passkeys(session.channel, session.user)
        if any(one.credential == shown.credential for one in known):
            return await rows.confirm_by_passkey(session, shown, becomes.user, until)
        return await rows.add_passkey(session, shown, at, becomes.user, until)  # the first thing to come in by, or none

    async def _explain(
        self, request: Request, key: BrowserKey, session: ConsoleSession, trouble: NoAccount
    ) -> Response:
        _log.warning("no account", session=session.number, why=str(trouble))
        return await self._login.ask_code(request, key, session, "account")

    def _back(self, request: Request) -> str:
        """Return the address to which the school's login leads back."""
        root = self._parts.site.url or str(request.base_url)
        return f"{root.rstrip('/')}{FOLDER}/code/account/back"

    def _open(self, kept: str) -> str:
        """Return what was kept when the login began; a passkey's challenge is kept at the same place."""
        text = bytes.fromhex(kept).decode("ascii", "replace")
        return (self._parts.seal.open(text) if is_sealed(text) else None) or NOTHING_KEPT
