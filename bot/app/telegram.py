"""Composition root of the Telegram bot; apart from `build`, because a chat in the terminal must not import a server."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from bot.admin.area import AdminArea
from bot.app import build, web
from bot.app.build import Work, Workspace
from bot.app.http import listen_at, loop_factory, open_pages
from bot.app.metrics import measure_lag
from bot.app.settings import SettingFault, Settings, SettingsProblem
from bot.broadcast.area import BroadcastArea
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import IDLE_LOOK_S, Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.channels.telegram import updates
from bot.channels.telegram.bot import TelegramBot, make_bot
from bot.channels.telegram.bulk import Bulk
from bot.channels.telegram.channel import Telegram, TelegramWords
from bot.channels.telegram.errors import ForeignWebhook, WrongToken
from bot.channels.telegram.files import fetch
from bot.channels.telegram.floods import Floods
from bot.channels.telegram.intake import Intake
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.posts import Posts, fetch_username
from bot.channels.telegram.webhook import Webhook
from bot.channels.web.channel import Web
from bot.content.phrases.root import Phrases
from bot.domain.areas import Fetch
from bot.pictures.studio import Studio
from bot.reading.urgent import may_be_urgent
from bot.runtime.crashes import restart_on_error
from bot.runtime.log import configure_log
from bot.runtime.stopping import end_in_time, until_signal
from bot.service.outbox import LOOK_S
from bot.service.staff_chat import StaffChatWatch
from bot.service.turns import Service
from bot.store.workers import Workers

_log = structlog.get_logger()


def run(chosen: Settings, tell: Callable[[str], None], *, take_over: bool = False) -> None:
    """Serve Telegram, and the page where one is set, until SIGTERM or SIGINT; `tell` shows the page's address.

    `take_over`: a webhook is deleted also when somebody else set it, else that is a SettingsProblem, as is a token that
    is missing or refused.
    """
    if chosen.telegram_token is None:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "missing", "run")])
    configure_log(chosen.log)
    try:
        with build.hold_home(chosen), asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(chosen, chosen.telegram_token.get_secret_value(), tell, take_over=take_over))
    except WrongToken:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "refused")]) from None
    except ForeignWebhook as foreign:
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "webhook_set", foreign.host)]) from None


def username(chosen: Settings) -> str:
    """Ask Telegram for the bot's username. SettingsProblem without a token or with a wrong one."""
    if chosen.telegram_token is None:
        needs = "links without --bot NAME and GRADBOT_WEB_URL"
        raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "missing", needs)])
    return asyncio.run(_username(chosen, chosen.telegram_token.get_secret_value()))


async def _username(chosen: Settings, token: str) -> str:
    async with make_bot(token, None, base=chosen.telegram_api, proxy=chosen.proxy) as bot:
        try:
            return await fetch_username(bot)
        except WrongToken:
            raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_TOKEN", "refused")]) from None
        except ConnectionError as trouble:
            raise SettingsProblem([SettingFault("GRADBOT_TELEGRAM_API", "unreachable", str(trouble))]) from None


async def _serve(chosen: Settings, token: str, tell: Callable[[str], None], *, take_over: bool) -> None:
    async with AsyncExitStack() as open_:
        limits = Limits.at(chosen.rate)
        bot = make_bot(token, limits, base=chosen.telegram_api, proxy=chosen.proxy)
        await open_.enter_async_context(bot)
        workspace = await open_.enter_async_context(build.open_workspace(chosen))
        await workspace.store.guard()
        admin, broadcasts = _areas(workspace, partial(fetch, bot))
        serving = await build.start_service(workspace, (admin, broadcasts))
        intake = _intake(chosen, bot, open_, take_over=take_over)
        metrics = await open_pages(workspace, serving, partial(_ready, serving, intake), open_)
        serving.content.prepare()
        gc.freeze()  # what is loaded by now is no garbage, and looking through it delays every turn
        _log.info("opening", content=serving.content.revision, entries=len(serving.content.entries))
        words, posts = _words(serving.content.phrases), _posts(chosen, bot, serving.content.phrases)
        posts.load_file = workspace.store.tickets.load_file
        floods = Floods(time.monotonic, may_be_urgent)
        channel = Telegram(bot, intake, words, posts, serving.outbox.owe, floods=floods)
        broadcasts.addresses = serving.accounts.addresses
        serving.accounts.addresses[channel.name] = lambda: channel.address
        sender = make_sender(chosen, serving, Bulk(bot))
        workers = build.take_part(workspace, serving, token)
        metrics.follow(workers)
        workers.wake(sender.woken, "broadcast")
        workers.when_changed(partial(_share_limits, bot, limits, workers))
        if chosen.page:
            await web.open_page(workspace, serving, broadcasts, admin, open_, tell)
        for_all = (
            partial(serving.outbox.dispatch, channel.name, channel.deliver, partial(workers.look_s, 2.0, LOOK_S)),
            partial(build.forget_hourly, serving),
            Scheduler(sender, ProgressCards(sender), partial(workers.look_s, 1.0, IDLE_LOOK_S)).run,
            admin.digest.weekly,
            _watch_staff(chosen, serving, posts).run,
            *((intake.watch,) if isinstance(intake, Webhook) else ()),
        )
        watch = partial(admin.digest.watch_folder, workers.leads.is_set)
        background: tuple[Work, ...] = (*build.background(workspace, serving, workers, for_all), watch, measure_lag)
        tasks = [asyncio.create_task(restart_on_error(work)) for work in background]
        try:
            owed = await serving.outbox.debtors(channel.name)
            await until_signal(channel.run(serving.receive, owed), end_in_time)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _share_limits(bot: TelegramBot, limits: Limits | None, workers: Workers) -> None:
    if limits:
        leads, is_sending = workers.leads.is_set(), workers.is_sending
        bot.keep(limits.share(workers.count, leads=leads, is_sending=is_sending))


def _areas(workspace: Workspace, get: Fetch) -> tuple[AdminArea, BroadcastArea]:
    admin = AdminArea(workspace.knowledge, workspace.store, get, Telegram.name, _owners(workspace.settings))
    return admin, BroadcastArea(workspace.store, lambda: workspace.content, workspace.local, get)


def _watch_staff(chosen: Settings, serving: Service, posts: Posts) -> StaffChatWatch:
    owners, content = _owners(chosen), lambda: serving.content
    return StaffChatWatch(serving.store, content, build.utc_now, Telegram.name, owners, posts.count_staff)


def _owners(chosen: Settings) -> tuple[str, ...]:
    return tuple(map(str, chosen.owners))


def make_sender(chosen: Settings, serving: Service, wire: Bulk) -> Sender:
    """Build a worker that sends broadcasts by Telegram, and to people of the page."""
    return Sender(
        store=serving.store,
        content=lambda: serving.content,
        bulks={Telegram.name: wire, **({Web.name: web.PageBulk(serving)} if chosen.page else {})},
        channel=Telegram.name,
        worker=serving.worker,
        rate=chosen.rate,
        present=build.utc_now,
        local=lambda: build.local_now(chosen),
        staff_notices=StaffNotices(chosen.staff_chat is not None, _owners(chosen)),
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


def _intake(chosen: Settings, bot: TelegramBot, open_: AsyncExitStack, *, take_over: bool) -> Intake:
    ours = OwnWebhook(chosen.home / "webhook")
    if chosen.webhook_url is None or chosen.webhook_secret is None:
        return Polling(bot, updates.ALLOWED, may_delete=ours.is_ours, takes_over=take_over)
    sock = open_.enter_context(closing(listen_at("listen", chosen.listen)))
    secret = chosen.webhook_secret.get_secret_value()
    return Webhook(bot, url=chosen.webhook_url, secret=secret, sock=sock, allowed=updates.ALLOWED, remember=ours.keep)


@dataclass(frozen=True)
class OwnWebhook:
    """Remembers in a file of the home which webhook was set from it; the address only as a hash, it may be secret."""

    file: Path

    def keep(self, url: str) -> None:
        """Remember the address; without it, polling asks before it deletes the webhook."""
        with suppress(OSError):
            self.file.write_text(_hash(url), "ascii")

    def is_ours(self, url: str) -> bool:
        """Tell if this is the address that was set from here last."""
        try:
            return self.file.read_text("ascii") == _hash(url)
        except (OSError, ValueError):
            return False


def _hash(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


async def _ready(serving: Service, intake: Intake) -> Mapping[str, Any]:
    seen = intake.seen_at
    return {
        "database": await serving.reachable(),
        "content": serving.content.revision,
        **({"webhook": intake.is_set} if isinstance(intake, Webhook) else {}),
        "last_update": datetime.fromtimestamp(seen, UTC).isoformat(timespec="seconds") if seen else None,
    }


def _posts(chosen: Settings, bot: TelegramBot, phrases: Phrases) -> Posts:
    own, staff = phrases.telegram, phrases.staff.commands
    return Posts(bot, chosen.staff_chat, own.commands, staff, own.undelivered, owners=chosen.owners, draw=Studio())


def _words(phrases: Phrases) -> TelegramWords:
    own = phrases.telegram
    return TelegramWords(
        own.commands, own.description, own.short_description, phrases.public.private, own.undelivered, own.flood
    )
