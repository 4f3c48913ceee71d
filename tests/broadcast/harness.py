"""Many people in a real database, a sender with a fake Telegram server, and a clock that tests set."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft
from bot.broadcast.progress_cards import ProgressCards
from bot.broadcast.scheduler import Scheduler
from bot.broadcast.sender import Sender
from bot.broadcast.staff_notices import StaffNotices
from bot.broadcast.starting import BroadcastStart
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.bulk import Bulk
from bot.channels.telegram.limits import Limits
from bot.channels.telegram.rate_limiter import TelegramRateLimiter
from bot.channels.telegram.request import AiohttpRequest
from bot.content.content import Content
from bot.domain.audience import Audience, Wrong, parse_audience
from bot.domain.broadcast import Broadcast, Cancelled, Totals
from bot.domain.messages import Capabilities
from bot.domain.proof import Chain
from bot.domain.session import Session, dump
from bot.domain.zone import local
from bot.service.turns import Service
from bot.store import Store
from bot.store.standing import standing_of
from bot.store.tables import people
from bot.store.times import text_of
from flows.model import Position
from tests.conftest import shipped
from tests.databases import make_database
from tests.telegram_server import TelegramServer

BACKEND = "sqlite"
"""The kind of database that the next harness opens."""

NOTICE = "2014-autumn"
NOON = datetime(2013, 12, 11, 4, tzinfo=UTC)
FIRST = 10_000


def session(state: str = "", step: str = "m1-phone", *, reminders: bool | None = True, **answers: str) -> str:
    """Return a graduate's session as it is stored; without `state`, before the walk."""
    script = shipped().script
    known = Session(NOTICE, reminders=reminders)
    if state:
        here = Position(script.id, script.revision, step, answers=answers, state=state)  # type: ignore[arg-type]
        known = known.at(here)
    return json.dumps(dump(known))


async def add_people(store: Store, sessions: list[str], first: int = 0, **columns: Any) -> None:
    """Add one person for each session, with the ids FIRST + `first`, FIRST + `first` + 1 …"""
    rows = [
        {
            "channel": "telegram",
            "user_id": str(FIRST + n),
            "member": f"{columns.get('channel', 'member')}-{n}",
            "session": stored,
            "turns": 1,
            "updated_at": text_of(NOON),
            "reachable": True,
            **standing_of(stored),
            **columns,
        }
        for n, stored in enumerate(sessions, first)
    ]
    if rows:
        async with store._transaction() as connection:
            await connection.execute(insert(people), rows)


async def _shortly(_: float) -> None:
    await asyncio.sleep(0.01)


@dataclass
class Harness:
    """`now` is the moment for everybody, `today` a rehearsed day; `seconds` the limiter's clock, which goes with it."""

    telegram: TelegramServer
    store: Store
    bot: TelegramBot
    url: str
    content: Content = field(default_factory=shipped)
    now: datetime = NOON
    today: datetime | None = None
    workers: int = 0

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)

    @property
    def seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    def local(self) -> datetime:
        return local(self.now, self.today)

    def sender(self, rate: float = 2000) -> Sender:
        self.workers += 1
        return Sender(
            store=self.store,
            content=lambda: self.content,
            bulks={"telegram": Bulk(self.bot, present=lambda: self.now)},
            channel="telegram",
            worker=f"worker-{self.workers}",
            rate=rate,
            present=lambda: self.now,
            local=self.local,
            staff_notices=StaffNotices(owners=("1",)),
            sleep=_shortly,
        )

    def scheduler(self) -> Scheduler:
        sender = self.sender()
        return Scheduler(sender, ProgressCards(sender, clock=lambda: self.seconds))

    async def run_due(self, scheduler: Scheduler) -> None:
        """Run what is due once, and everything that it began to its end."""
        await scheduler.run_due()
        while tasks := list(scheduler.sender._sending.values()):
            await asyncio.wait(tasks)
        await scheduler.cards.update()

    def service(self) -> Service:
        return Service(
            self.content,
            self.store,
            lambda: self.now,
            owners=[("telegram", "1")],
            channels={"telegram": Capabilities(posts=True)},
        )

    async def draft(self, text: str = "还有{{ days_left }}天", rule: str = "", by: str = "1", **how: Any) -> int:
        notice = self.content.notices[NOTICE]
        audience = parse_audience(rule, notice, tuple(self.content.script.by_id))
        assert not isinstance(audience, Wrong)
        made = await self.store.broadcasts.make(
            "telegram", drafts.dump(BroadcastDraft(text, audience=audience, **how)), by, self.now
        )
        assert made
        return made

    async def start_new(self, text: str = "还有{{ days_left }}天", rule: str = "", **how: Any) -> int:
        number = await self.draft(text, rule, **how)
        await self.start(number)
        return number

    async def start(self, number: int) -> None:
        it = await self.get(number)
        await self.apply(BroadcastStart(self.content, it, self.local(), self.now).start("1"))

    async def cancel(self, number: int) -> None:
        await self.apply(Cancelled(number, (await self.get(number)).state))

    async def apply(self, *effects: Any, user: str | None = None) -> None:
        await self.store.apply(effects, "telegram", self.now, *([user] if user else []))

    async def get(self, number: int) -> Broadcast:
        found = await self.store.broadcasts.get(number)
        assert found
        return found

    async def totals(self, number: int) -> Mapping[str, int]:
        return {state: n for state, n in (await self.all_totals(number)).states.items() if n}

    async def all_totals(self, number: int) -> Totals:
        return await self.store.ledger.totals(number)

    async def verify_proof(self) -> Chain:
        """Return the chain of proof; fail when it is broken."""
        chain = Chain()
        async for page in self.store.proofs.pages():
            assert chain.find_break(page) is None
        return chain

    def messages_of(self, n: int) -> list[str]:
        """Return the texts that person n was sent."""
        return [message.shown for message in self.telegram.users[FIRST + n].messages]

    async def count(self, rule: str) -> int:
        from bot.domain.audience import search

        notice = self.content.notices[NOTICE]
        audience = parse_audience(rule, notice, tuple(self.content.script.by_id))
        assert isinstance(audience, Audience), audience
        found = await self.store.broadcasts.count(search(audience, notice, ("telegram",), self.local(), self.now))
        return found.left


@asynccontextmanager
async def open_harness(
    folder: Path, sessions: list[str], limits: Limits | None = None, seen: datetime = NOON
) -> AsyncIterator[Harness]:
    """Open a database of people with these sessions, each with a chat on Telegram, whose last turn was at `seen`."""
    url = await make_database(BACKEND, folder)
    store = await Store.open(url)
    try:
        async with TelegramServer() as telegram:
            telegram.user("Owner", 1)
            for n in range(len(sessions)):
                telegram.user(f"P{n}", FIRST + n)
            await add_people(store, sessions, updated_at=text_of(seen))
            request = AiohttpRequest(connect_s=1, answer_s=3)
            made: list[Harness] = []
            clock = (lambda: made[0].seconds) if limits is None else None
            how: dict[str, Any] = {"clock": clock} if clock else {}
            limiter = TelegramRateLimiter(limits, present=lambda: made[0].now, **how)
            async with TelegramBot(telegram.token, request, limiter, base=telegram.url) as bot:
                made.append(Harness(telegram, store, bot, url))
                yield made[0]
    finally:
        await store.close()
