"""Composition root of the page in a browser: beside Telegram, or alone where no token is set."""

from __future__ import annotations

import asyncio
import html
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.admin.area import AdminArea
from bot.app import build
from bot.app.build import Work, Workspace
from bot.app.http import listen_at, loop_factory, open_pages
from bot.app.metrics import measure_lag
from bot.app.settings import Address, Settings, SettingsProblem
from bot.broadcast.area import BroadcastArea
from bot.broadcast.forms import BroadcastForms
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.channels.http.connections import ConnectionLimits
from bot.channels.http.pages import serving as serve
from bot.channels.web.channel import Web, WebWords
from bot.channels.web.site import Site
from bot.console.app import Behind, Console
from bot.console.oidc import SchoolAccounts
from bot.console.parts import Parts
from bot.console.sealing import Seal
from bot.domain.messages import Bulletin, Delivered, NotSaved, Outcome, Post, Ready, Reply
from bot.pictures.studio import Studio
from bot.runtime.crashes import restart_on_error
from bot.runtime.log import configure_log
from bot.runtime.stopping import end_in_time, until_signal
from bot.service.outbox import LOOK_S
from bot.service.talk import Talk
from bot.service.turns import Service
from bot.store.outbox import STAFF

MOST_CONNECTIONS = 4096
"""Browsers that are connected at once; the one that has been silent longest makes room for another."""

_log = structlog.get_logger()


def run(chosen: Settings, tell: Callable[[str], None]) -> None:
    """Serve the page alone until SIGTERM or SIGINT; `tell` shows its address. SettingsProblem."""
    configure_log(chosen.log)
    with build.hold_home(chosen), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(chosen, tell))


async def _serve(chosen: Settings, tell: Callable[[str], None]) -> None:
    async with AsyncExitStack() as open_:
        workspace = await open_.enter_async_context(build.open_workspace(chosen))
        await workspace.store.guard()
        admin = AdminArea(workspace.knowledge, workspace.store, _fetch_nothing, Web.name)
        broadcasts = BroadcastArea(workspace.store, lambda: workspace.content, workspace.local, _fetch_nothing)
        serving = await build.start_service(workspace, (admin, broadcasts))
        serving.take(serving.content.keep_built(chosen.home))

        async def ready() -> Mapping[str, Any]:
            return {"database": await serving.reachable(), "content": serving.content.revision}

        metrics = await open_pages(workspace, serving, ready, open_)
        serving.content.prepare()
        await open_page(workspace, serving, broadcasts, admin, open_, tell)
        tell(serving.content.phrases.connect_telegram)
        sender = make_sender(chosen, serving)
        workers = build.take_part(workspace, serving, Web.name)
        metrics.follow(workers)
        scheduler = Scheduler(sender, ProgressCards(sender))
        for_all: tuple[Work, ...] = (
            partial(serving.outbox.dispatch, STAFF, show_in_console, partial(workers.look_s, 2.0, LOOK_S)),
            partial(build.forget_hourly, serving),
            admin.digest.weekly,
            scheduler.run,
        )
        watch = partial(admin.digest.watch_folder, workers.leads.is_set)
        background: tuple[Work, ...] = (*build.background(workspace, serving, workers, for_all), watch, measure_lag)
        tasks = [asyncio.create_task(restart_on_error(work)) for work in background]
        try:
            await until_signal(_wait(), end_in_time)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _wait() -> None:
    await asyncio.Event().wait()


async def open_page(
    workspace: Workspace,
    serving: Service,
    broadcasts: BroadcastArea,
    admin: AdminArea,
    open_: AsyncExitStack,
    tell: Callable[[str], None],
) -> None:
    """Serve the page and the console until the end. SettingsProblem when the address is taken."""
    chosen = workspace.settings
    sock = open_.enter_context(closing(_listen(chosen)))
    site = Site(chosen.web_url, chosen.web_frames, chosen.web_index == "yes")
    words = WebWords(**serving.content.phrases.web.model_dump(exclude={"unkept"}))
    talk = Talk(Web.name, serving.store, lambda: serving.content, build.utc_now, chosen.today)
    channel = Web(words, serving.receive, talk, site, draw=Studio())
    console = Console(make_parts(workspace, serving, broadcasts, admin, site))
    app: Any = Behind(console.app, channel.app, site)  # uvicorn and Starlette spell the same types in two ways
    if chosen.web_proxies:
        app = ProxyHeadersMiddleware(app, list(chosen.web_proxies))
    await open_.enter_async_context(serve(app, sock, ConnectionLimits(MOST_CONNECTIONS)))
    host, port = sock.getsockname()[:2]
    address = f"{chosen.web_url or f'http://{host}:{port}'}/"
    _log.info("page", address=address, listens=f"{host}:{port}")
    tell(serving.content.phrases.serving_page.format(address=address))
    serving.accounts.addresses[Web.name] = lambda: address
    broadcasts.addresses = serving.accounts.addresses
    serving.staff.console = lambda token: f"{address}console/in/{token}"


def make_parts(
    workspace: Workspace, serving: Service, broadcasts: BroadcastArea, admin: AdminArea, site: Site
) -> Parts:
    """Return the parts that the console uses: of Telegram's staff, where there is no token of the page's own."""
    chosen = workspace.settings
    owners, token = tuple(map(str, chosen.owners)) if chosen.telegram_token else (), chosen.telegram_token
    seal = Seal.of_token(token.get_secret_value()) if token else Seal.of_home(chosen.home)
    forms = BroadcastForms(broadcasts, workspace.store, lambda: workspace.content, workspace.local)
    return Parts(
        serving, workspace.knowledge, forms, admin, site, build.find_staffed(chosen), owners, build.utc_now, seal,
        chosen.today, chosen.public, find_accounts(chosen),
    )  # fmt: skip


def find_accounts(chosen: Settings) -> SchoolAccounts | None:
    """Return where the school's accounts are; None where the settings name no place."""
    if not (chosen.oidc_issuer and chosen.oidc_client and chosen.oidc_secret):
        return None
    return SchoolAccounts(chosen.oidc_issuer, chosen.oidc_client, chosen.oidc_secret.get_secret_value())


async def show_in_console(_: Post) -> Delivered:
    """Deliver a message about a ticket to staff without a chat: the console shows what is kept with the ticket."""
    return Delivered(Outcome("sent"))


async def _fetch_nothing(_: str) -> bytes:
    """Fetch no file: without a chat, nobody sends any."""
    raise ConnectionError


def make_sender(chosen: Settings, serving: Service) -> Sender:
    """Build a worker that puts broadcasts and reminders where the pages fetch them."""
    return Sender(
        store=serving.store,
        content=lambda: serving.content,
        bulks={Web.name: PageBulk(serving)},
        channel=Web.name,
        worker=serving.worker,
        rate=chosen.rate,
        present=build.utc_now,
        local=lambda: build.local_now(chosen),
        staff_notices=StaffNotices(chosen.staff_chat is not None, ()),
        posted=serving.outbox.posted,
    )


class PageBulk:
    """Bulletins for people of the page: they wait in the outbox until the person's page asks for them."""

    recalled_within: timedelta | None = None

    def __init__(self, serving: Service) -> None:
        self._serving, self._outbox = serving, serving.outbox

    def _shown(self, bulletin: Bulletin) -> Reply:
        """Return a bulletin as the page shows it: a file lies with the channel to which staff sent it."""
        if bulletin.file:
            words = (bulletin.html, html.escape(self._serving.content.phrases.broadcast.no_file))
            bulletin = replace(bulletin, html="\n\n".join(filter(None, words)), file=None)
        return Reply("", bulletin=bulletin)

    async def send(self, user: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Leave a bulletin for a person. `sent`: it is there for the page to fetch, and the ledger says if it waits."""
        if not await ready():
            return Outcome("later")
        try:
            return Outcome("sent", await self._outbox.leave(Web.name, user, self._shown(bulletin)))
        except NotSaved:
            return Outcome("unsure", reason="store")

    async def edit(self, user: str, message: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Leave the new wording, in place of the old one where that was not fetched; else beside it."""
        if not await ready():
            return Outcome("later")
        try:
            await self._outbox.take_back(Web.name, user, message)
            return Outcome("sent", await self._outbox.leave(Web.name, user, self._shown(bulletin)))
        except NotSaved:
            return Outcome("unsure", reason="store")

    async def delete(self, user: str, message: str, ready: Ready) -> Outcome:
        """Take a bulletin back that was not fetched; `failed` when a page has shown it."""
        if not await ready():
            return Outcome("later")
        try:
            is_back = await self._outbox.take_back(Web.name, user, message)
        except NotSaved:
            return Outcome("unsure", reason="store")
        return Outcome("sent", message) if is_back else Outcome("failed", reason="fetched")

    async def card(self, user: str, message: str | None, reply: Reply) -> str | None:
        """Show no card: staff have none of their own in a page."""
        return None


def _listen(chosen: Settings) -> socket.socket:
    """Listen where the settings say; where they say nothing and the usual port is taken, on another one."""
    address = chosen.page
    assert address
    try:
        return listen_at("web", address)
    except SettingsProblem:
        if chosen.web:
            raise
        return listen_at("web", Address(address.host, 0))
