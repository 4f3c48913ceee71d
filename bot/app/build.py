"""Composition root: builds store, knowledge and service from the settings."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from bot.app.settings import SettingFault, Settings, SettingsProblem, read_settings
from bot.channels.telegram import abilities as telegram
from bot.channels.terminal import Terminal, TerminalWords
from bot.channels.web import abilities as web
from bot.content.content import Content
from bot.content.own_folder import load_folder
from bot.domain.areas import StaffArea
from bot.domain.broadcast import Reach
from bot.domain.messages import Capabilities
from bot.domain.roles import OwnersNamed
from bot.domain.student_numbers import StudentKey
from bot.domain.zone import local
from bot.knowledge.examine import Examine
from bot.knowledge.folder import preview
from bot.knowledge.inbox import keep_grouped
from bot.knowledge.revisions import LOOK_S as FOLLOW_S
from bot.knowledge.revisions import Knowledge
from bot.pictures.studio import Studio
from bot.runtime.crashes import restart_on_error
from bot.runtime.home_lock import HomeTaken, lock_home
from bot.runtime.key_file import load_key
from bot.runtime.log import LazyLogger, configure_log
from bot.service.outbox import LOOK_S
from bot.service.turns import Service
from bot.store import Store, StoreProblem
from bot.store.engine import EngineOptions
from bot.store.workers import Workers

_SERVED: Mapping[str, tuple[Capabilities, Callable[[Settings], bool]]] = {
    telegram.NAME: (telegram.CAPABILITIES, lambda chosen: chosen.telegram_token is not None),
    web.NAME: (web.CAPABILITIES, lambda chosen: chosen.page is not None),
    Terminal.name: (Terminal.capabilities, lambda _: False),
}
"""The channels there are: what each can do, and whether it is served with some settings."""
CHANNELS: Mapping[str, Capabilities] = {name: can for name, (can, _) in _SERVED.items()}
"""The abilities of each channel."""
STAFFED = next(name for name, can in CHANNELS.items() if can.staffed)
"""The channel that owners and the staff chat of the settings belong to."""
WATCH_S = 5.0
"""Seconds between two looks at the database's file."""
FORGET_EVERY_S = 3600.0

_log = LazyLogger()


STUDENTS_KEY = "students.key"
"""The file of the home with the key of student numbers; workers on several machines need the same."""


def settings(today: datetime | None = None, content: Path | None = None) -> Settings:
    """Read the operator's settings; the command line's own come first. SettingsProblem with all that is wrong."""
    read = read_settings(os.environ, Path.cwd())
    return read.model_copy(update={"today": today or read.today, "content": content or read.content})


def content(chosen: Settings, *, to_publish: bool = False) -> Content:
    """Load the content folder, or what ships; see `load_folder`. ContentProblem with all faults."""
    return load_folder(chosen.content, to_publish=to_publish)


def utc_now() -> datetime:
    """The real moment, in UTC."""
    return datetime.now(UTC)


def engine_options(chosen: Settings) -> EngineOptions:
    """Return how to connect to the database."""
    return EngineOptions(
        statement_s=chosen.database_timeout,
        pool=chosen.database_pool,
        pooled=chosen.pgbouncer == "on",
        migrates=chosen.migrate == "auto",
    )


def local_now(chosen: Settings) -> datetime:
    """The moment in the notice's zone, or that of the rehearsed day."""
    return local(utc_now(), chosen.today)


def list_served(chosen: Settings) -> tuple[str, ...]:
    """Return the channels that are served with these settings."""
    return tuple(name for name, (_, is_served) in _SERVED.items() if is_served(chosen))


def find_staffed(chosen: Settings) -> str:
    """Return the channel whose staff come into the console: that of owners in settings, or the first that is served."""
    served = list_served(chosen)
    return STAFFED if STAFFED in served else served[0]


def find_students(chosen: Settings) -> StudentKey:
    """Return the key of student numbers, which is made when it is needed for the first time."""
    chosen.home.mkdir(parents=True, exist_ok=True)
    return StudentKey(load_key(chosen.home / STUDENTS_KEY))


def find_reach(chosen: Settings) -> Reach:
    """Return where broadcasts go: to the people of every channel that is served and reaches them."""
    names = tuple(name for name in list_served(chosen) if CHANNELS[name].posts)
    return Reach(names, f"{chosen.web_url}/" if chosen.web_url else "")


@contextmanager
def hold_home(chosen: Settings) -> Iterator[None]:
    """Keep other processes from serving from this home, or restoring its database. SettingsProblem."""
    try:
        with lock_home(chosen.home):
            yield
    except HomeTaken as taken:
        raise SettingsProblem([SettingFault("GRADBOT_HOME", "in_use", f"{chosen.home}, {taken}")]) from None
    except PermissionError as error:
        raise SettingsProblem([SettingFault("GRADBOT_HOME", "unwritable", str(error.filename))]) from None


@dataclass(frozen=True)
class Workspace:
    """The parts that every command works with: settings, open store, knowledge in force."""

    settings: Settings
    store: Store
    knowledge: Knowledge

    @property
    def content(self) -> Content:
        return self.knowledge.content

    @property
    def at(self) -> datetime:
        return utc_now()

    def local(self) -> datetime:
        return local_now(self.settings)


@asynccontextmanager
async def open_workspace(
    chosen: Settings, *, with_folder: bool = False, examine: Examine | None = None
) -> AsyncIterator[Workspace]:
    """Open the store and the newest revision; the store is closed at the end. StoreProblem, ContentProblem.

    `with_folder`: the content is what a bot that starts now would come to answer from, so also what is new in the
    content folder and was not published yet. `examine` is how a draft is examined before it comes into force.
    """
    store = await Store.open(chosen.database, options=engine_options(chosen))
    store.broadcasts.reach = find_reach(chosen)
    store.codes.students = cache(partial(find_students, chosen))
    try:
        if with_folder:
            there, number = await preview(store, chosen.content), await store.knowledge.number()
            knowledge = Knowledge(store, there, number, chosen.content, utc_now)
        else:
            knowledge = await Knowledge.open(store, chosen.content, utc_now, examine)
        try:
            yield Workspace(chosen, store, knowledge)
        finally:
            await knowledge.close()
    finally:
        await store.close()


async def content_in_force(chosen: Settings) -> Content:
    """Load what the bot answers from, or will when it starts; makes no database where there is none yet."""
    if not Store.exists(chosen.database):
        return content(chosen)
    async with open_workspace(chosen, with_folder=True) as workspace:
        return workspace.content


async def start_service(workspace: Workspace, areas: Sequence[StaffArea] = ()) -> Service:
    """Build the service over a workspace; it takes every new revision."""
    chosen = workspace.settings
    owners = [(STAFFED, str(owner)) for owner in chosen.owners]
    staffed = find_staffed(chosen)
    has_chat = staffed == STAFFED and chosen.staff_chat is not None
    service = Service(
        workspace.content,
        workspace.store,
        utc_now,
        chosen.today,
        owners=owners,
        desks=(staffed,) if has_chat or staffed != STAFFED else (),
        has_chat=has_chat,
        channels=CHANNELS,
        areas=areas,
        worker=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
    )
    await workspace.store.apply((OwnersNamed(frozenset(owners)),), STAFFED, utc_now())
    workspace.knowledge.take = service.take
    service.acts.on_revision = workspace.knowledge.await_all
    return service


def idle_limit(knowledge: Content, now: datetime) -> datetime | None:
    """Return the moment since which people must have come to be kept; None while nobody is forgotten.

    That is while a notice's last window and its days of grace still run.
    """
    notices = knowledge.notices.values()
    kept = timedelta(days=max(notice.privacy.retention_days_after_last_window for notice in notices))
    ends = [window.closes for notice in notices for window in notice.windows if window.closes]
    return now - kept if max(ends, default=date.min) < (now - kept).date() else None


async def forget_hourly(serving: Service, every_s: float = FORGET_EVERY_S) -> None:
    """Forget, now and hour by hour, who stays away too long, and end roles, until cancelled; trouble with the database
    is waited out.
    """
    while True:
        try:
            await forget_idle(serving)
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log)
        await asyncio.sleep(every_s)


Work = Callable[[], Coroutine[Any, Any, None]]
"""Something that is done in the background, until cancelled."""


async def work_while_leading(workers: Workers, works: Sequence[Work]) -> None:
    """Do what one worker does for all, whenever this one leads, until cancelled."""
    while True:
        await workers.leads.wait()
        tasks = [asyncio.create_task(restart_on_error(work)) for work in works]
        try:
            await workers.follows.wait()
            _log.warning("no_longer_leading")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def take_part(workspace: Workspace, serving: Service, key: str) -> Workers:
    """Return this worker among those of the same bot; what others change wakes whoever waits for it."""
    workers = workspace.store.workers(key)
    workers.wake(serving.outbox.posted, "outbox")
    workers.wake(workspace.knowledge.told, "revision")
    workers.revision = lambda: workspace.knowledge.taken
    workspace.knowledge.when_taken = workers.call
    return workers


def background(workspace: Workspace, serving: Service, workers: Workers, for_all: Sequence[Work]) -> tuple[Work, ...]:
    """Return what every worker does in the background; the one that leads also does what is `for_all`."""
    return (
        workers.run,
        partial(work_while_leading, workers, for_all),
        partial(watch_database, serving),
        partial(workspace.knowledge.follow, partial(workers.look_s, FOLLOW_S, LOOK_S)),
        partial(keep_grouped, workspace.store, utc_now),
        workspace.knowledge.tend,
    )


async def watch_database(serving: Service, every_s: float = WATCH_S) -> None:
    """Log, until cancelled, when somebody deletes or replaces the database's file, and when it is back."""
    was_intact = True
    while True:
        is_intact = serving.store.is_intact()
        if is_intact != was_intact:
            if is_intact:
                _log.info("database_back")
            else:
                _log.error("database_replaced", did="nothing is acknowledged any more; start the bot again")
        was_intact = is_intact
        await asyncio.sleep(every_s)


async def forget_idle(serving: Service) -> None:
    """Forget who stayed away too long, end roles, and delete what has lived long enough."""
    await serving.end_roles()
    if idle_since := idle_limit(serving.content, utc_now()):
        await serving.store.expire(idle_since)
    passing = [name for name, can in CHANNELS.items() if can.anonymous]
    await serving.store.lives.forget_passers(passing, utc_now())
    await serving.store.lives.prune(utc_now())


async def chat(chosen: Settings, user: str, *, as_json: bool) -> None:
    """Talk in the terminal until the input ends."""
    configure_log(chosen.log, logging.ERROR)
    async with open_workspace(chosen, with_folder=chosen.content is not None) as workspace:
        serving = await start_service(workspace)
        await forget_idle(serving)
        serving.take(serving.content.keep_built(chosen.home))
        phrases = serving.content.phrases
        words = TerminalWords(phrases.console_hint, phrases.console_bye, phrases.console_attachment)
        await Terminal(user, words, chosen.home, as_json=as_json, draw=Studio()).run(serving.receive)
