"""Builds the house and opens it: the only file that knows every part. Reads as a list."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from bot.app.settings import Settings, read_settings
from bot.channels.console import ConsoleWords, Terminal
from bot.content.content import Content
from bot.content.loading import load
from bot.domain.areas import StaffArea
from bot.domain.zone import local
from bot.knowledge.folder import preview
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store, StoreProblem

Furnish = Callable[[Store, Knowledge], Sequence[StaffArea]]

TELEGRAM = "telegram"
"""The channel that owners and the staff chat of the settings belong to."""
FORGETS_EVERY_S = 24 * 3600.0

_log = structlog.get_logger()


def settings(today: date | None = None, content: Path | None = None) -> Settings:
    """The operator's settings, with the command line's own on top. SettingsProblem with all that is wrong."""
    read = read_settings(os.environ, Path.cwd())
    return read.model_copy(update={"today": today or read.today, "content": content or read.content})


def content(chosen: Settings, *, to_publish: bool = False) -> Content:
    """Return the content of the folder, or the shipped one; see `load`. ContentProblem with all faults."""
    return load(chosen.content, to_publish=to_publish)


async def content_in_force(chosen: Settings) -> Content:
    """What the bot answers from, or will when it starts. ContentProblem, StoreProblem."""
    if not Store.exists(chosen.database_url):
        return content(chosen)
    store = await Store.open(chosen.database_url)
    try:
        return await preview(store, chosen.content)
    finally:
        await store.close()


@asynccontextmanager
async def service(chosen: Settings, furnish: Furnish = lambda *_: ()) -> AsyncIterator[Service]:
    """The service over the open store, closed at the end; `furnish` makes its rooms."""
    store = await Store.open(chosen.database_url)
    try:
        knowledge = await Knowledge.open(store, chosen.content, lambda: datetime.now(UTC))
        serving = Service(
            knowledge.content,
            store,
            lambda: datetime.now(UTC),
            chosen.today,
            owners=[(TELEGRAM, str(owner)) for owner in chosen.owners],
            desks=(TELEGRAM,) if chosen.staff_chat is not None else (),
            posts=(TELEGRAM,),
            areas=furnish(store, knowledge),
        )
        knowledge.take = serving.take
        await _forget(serving)
        yield serving
    finally:
        await store.close()


def forgotten_since(knowledge: Content, now: datetime) -> datetime | None:
    """Who has not come since then is forgotten; None while a notice's last window and its days of grace still run."""
    notices = knowledge.notices.values()
    kept = timedelta(days=max(notice.privacy.retention_days_after_last_window for notice in notices))
    ends = [window.closes for notice in notices for window in notice.windows if window.closes]
    return now - kept if max(ends, default=date.min) < (now - kept).date() else None


async def forgets(serving: Service, every_s: float = FORGETS_EVERY_S) -> None:
    """Forget, day by day, who stays away too long, until cancelled; trouble with the database is waited out."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await _forget(serving)
        except StoreProblem as problem:
            _log.error("store_problem", code=problem.code)


async def _forget(serving: Service) -> None:
    if idle_since := forgotten_since(serving.content, datetime.now(UTC)):
        await serving.store.expire(idle_since)


async def chat(chosen: Settings, user: str, *, as_json: bool) -> None:
    """Talk in the terminal until the input ends."""
    log(chosen, logging.ERROR)
    async with service(chosen) as serving:
        if chosen.content:
            serving.take(await preview(serving.store, chosen.content))
        phrases = serving.content.phrases
        words = ConsoleWords(phrases.console_hint, phrases.console_bye, phrases.console_attachment)
        await Terminal(user, words, chosen.home, as_json=as_json).run(serving.receive)


def log(chosen: Settings, level: int = logging.INFO) -> None:
    """Structured log lines on standard error; ids only, never words of a person, never a token."""
    shape = structlog.processors.JSONRenderer() if chosen.log == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso", utc=True), shape],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def present(chosen: Settings) -> datetime:
    """The moment in the notice's zone, or the rehearsed day's."""
    return local(datetime.now(UTC), chosen.today)
