"""Composition root of the Telegram bot; apart from `build`, because a chat in the terminal must not import a server."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from bot.admin.area import AdminArea
from bot.app import build, web
from bot.app.build import Workspace
from bot.app.http import listen_at, loop_factory, open_pages
from bot.app.settings import SettingFault, Settings, SettingsProblem
from bot.broadcast.area import BroadcastArea
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.channels.telegram import updates
from bot.channels.telegram.bot import TelegramBot, make_bot
from bot.channels.telegram.bulk import Bulk
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.errors import WrongToken
from bot.channels.telegram.files import fetch
from bot.channels.telegram.floods import Floods
from bot.channels.telegram.intake import Intake
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts, fetch_username
from bot.channels.telegram.webhook import Webhook
from bot.content.phrases.root import Phrases
from bot.domain.areas import Fetch
from bot.pictures.studio import Studio
from bot.reading.urgent import may_be_urgent
from bot.runtime.crashes import restart_on_error
from bot.runtime.log import configure_log
from bot.runtime.stopping import until_signal
from bot.service.turns import Service

_log = structlog.get_logger()


def run(chosen: Settings, tell: Callable[[str], None]) -> None:
    """Serve Telegram, and the page where one is set, until SIGTERM or SIGINT; `tell` shows the page's address.

    SettingsProblem without a token, or with one that Telegram refuses.
    """
    if chosen.telegram_token is None:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "missing", "run")])
    configure_log(chosen.log)
    try:
        with build.hold_home(chosen), asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(chosen, chosen.telegram_token.get_secret_value(), tell))
    except WrongToken:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "refused")]) from None


def username(chosen: Settings) -> str:
    """Ask Telegram for the bot's username. SettingsProblem without a token or with a wrong one."""
    if chosen.telegram_token is None:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "missing", "links (or give --bot NAME)")])
    return asyncio.run(_username(chosen, chosen.telegram_token.get_secret_value()))


async def _username(chosen: Settings, token: str) -> str:
    async with make_bot(token, None, base=chosen.telegram_api, proxy=chosen.proxy) as bot:
        try:
            return await fetch_username(bot)
        except WrongToken:
            raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "refused")]) from None
        except ConnectionError as trouble:
            raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_API", "unreachable", str(trouble))]) from None


async def _serve(chosen: Settings, token: str, tell: Callable[[str], None]) -> None:
    async with AsyncExitStack() as open_:
        limits = Limits.at(chosen.rate)
        bot = make_bot(token, limits, base=chosen.telegram_api, proxy=chosen.proxy)
        await open_.enter_async_context(bot)
        workspace = await open_.enter_async_context(build.open_workspace(chosen))
        await workspace.store.guard()
        admin, broadcasts = _areas(workspace, partial(fetch, bot))
        serving = await build.start_service(workspace, (admin, broadcasts))
        intake = _intake(chosen, bot, open_)
        await open_pages(chosen, partial(_ready, serving, intake), open_)
        serving.content.prepare()
        gc.freeze()  # what is loaded by now is no garbage, and looking through it delays every turn
        _log.info("opening", content=serving.content.revision, entries=len(serving.content.entries))
        phrases = serving.content.phrases
        own = phrases.telegram
        posts = Posts(
            bot,
            chosen.staff_chat,
            own.commands,
            phrases.staff.commands,
            own.undelivered,
            owners=chosen.owners,
            draw=Studio(),
        )
        channel = Telegram(
            bot, intake, _words(phrases), posts, serving.outbox.owe, floods=Floods(time.monotonic, may_be_urgent)
        )
        sender = make_sender(chosen, serving, Bulk(bot))
        background: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (
            partial(serving.outbox.dispatch, channel.name, channel.deliver),
            partial(build.forget_daily, serving),
            partial(build.watch_database, serving),
            Scheduler(sender, ProgressCards(sender)).run,
            *admin.digest.works(),
            *(await web.open_page(chosen, serving, open_, tell) if chosen.page else ()),
        )
        tasks = [asyncio.create_task(restart_on_error(work)) for work in background]
        try:
            await until_signal(channel.run(serving.receive, await serving.outbox.debtors(channel.name)))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _areas(workspace: Workspace, get: Fetch) -> tuple[AdminArea, BroadcastArea]:
    owners = list(map(str, workspace.settings.owners))
    admin = AdminArea(workspace.knowledge, workspace.store, get, Telegram.name, owners)
    return admin, BroadcastArea(workspace.store, lambda: workspace.content, workspace.local, get)


def make_sender(chosen: Settings, serving: Service, wire: Bulk) -> Sender:
    """Build a worker that sends Telegram's broadcasts."""
    return Sender(
        store=serving.store,
        content=lambda: serving.content,
        bulk=wire,
        channel=Telegram.name,
        worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        rate=chosen.rate,
        present=build.utc_now,
        local=lambda: build.local_now(chosen),
        staff_notices=StaffNotices(chosen.staff_chat is not None, tuple(map(str, chosen.owners))),
        posted=serving.outbox.posted,
    )


@asynccontextmanager
async def sending(chosen: Settings) -> AsyncIterator[tuple[Service, Sender]]:
    """Open a service and a sender, without anybody who answers people. SettingsProblem without a token."""
    if chosen.telegram_token is None:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "missing", "broadcast")])
    token, limits = chosen.telegram_token.get_secret_value(), Limits.at(chosen.rate)
    bot = make_bot(token, limits, base=chosen.telegram_api, proxy=chosen.proxy)
    async with build.open_workspace(chosen) as workspace, bot:
        serving = await build.start_service(workspace)
        yield serving, make_sender(chosen, serving, Bulk(bot))


def _intake(chosen: Settings, bot: TelegramBot, open_: AsyncExitStack) -> Intake:
    if chosen.webhook_url is None or chosen.webhook_secret is None:
        return Polling(bot, updates.ALLOWED)
    sock = open_.enter_context(closing(listen_at("listen", chosen.listen)))
    secret = chosen.webhook_secret.get_secret_value()
    return Webhook(bot, url=chosen.webhook_url, secret=secret, sock=sock, allowed=updates.ALLOWED)


async def _ready(serving: Service, intake: Intake) -> Mapping[str, Any]:
    seen = intake.seen_at
    return {
        "database": await serving.reachable(),
        "content": serving.content.revision,
        "last_update": datetime.fromtimestamp(seen, UTC).isoformat(timespec="seconds") if seen else None,
    }


def _words(phrases: Phrases) -> TelegramWords:
    own = phrases.telegram
    return TelegramWords(
        own.commands, own.description, own.short_description, phrases.public.private, own.undelivered, own.flood
    )
