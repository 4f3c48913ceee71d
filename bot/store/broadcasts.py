"""Broadcasts and what staff decide about them, applied inside a turn's transaction; audiences; personal reminders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audience import Count, Search
from bot.domain.broadcast import Ack, Act, Answered, Broadcast, Cancelled, Moved, Rewritten, Started
from bot.domain.effects import Effect, Outdated
from bot.domain.lifecycle import BroadcastState
from bot.domain.questions import Tallied
from bot.domain.reminders import Remind, Reminded, Resaved
from bot.store import freezing
from bot.store.audience import consents, gets, in_time, matches
from bot.store.broadcast_tables import asked, broadcasts, recipients, reminders
from bot.store.knowledge import upsert
from bot.store.ledger import move, texts
from bot.store.problems import translate_errors
from bot.store.proofs import prove
from bot.store.rows import Rows, run_to_completion
from bot.store.tables import KEPT_TURNS, people
from bot.store.times import text_of, time_of


class BroadcastRows(Rows):
    """Broadcasts of an open store; `reading` and `writing` are the store's own."""

    # Broadcasts

    @run_to_completion
    async def make(
        self,
        channel: str,
        draft: str,
        made_by: str,
        at: datetime,
        *,
        act: Act = "send",
        key: str | None = None,
        parent: int | None = None,
    ) -> int | None:
        """A new draft's number; None when one with this key was made before."""
        row = {
            "channel": channel, "act": act, "state": "draft", "draft": draft, "version": 1, "made_by": made_by,
            "made_at": text_of(at), "why": "", "key": key, "parent": parent,
        }  # fmt: skip
        try:
            async with self._writing() as connection:
                made = await connection.execute(insert(broadcasts).returning(broadcasts.c.id), row)
                return int(made.scalar_one())
        except IntegrityError:
            if key is None:
                raise
            return None

    async def get(self, number: int) -> Broadcast | None:
        """One broadcast."""
        found = await self._broadcasts(broadcasts.c.id == number)
        return found[0] if found else None

    async def find_by_key(self, key: str) -> Broadcast | None:
        """The broadcast that was made under this key."""
        found = await self._broadcasts(broadcasts.c.key == key)
        return found[0] if found else None

    async def due_reminders(self, channel: str, at: datetime, most: int = 100) -> list[tuple[str, str | None]]:
        """Users and sessions of those whose own reminder is due."""
        due = (
            select(people.c.user_id, people.c.session)
            .join(reminders, reminders.c.person == people.c.id)
            .where(people.c.channel == channel, reminders.c.due_at <= text_of(at))
            .order_by(reminders.c.due_at)
            .limit(most)
        )
        with translate_errors():
            async with self._reader.connect() as connection:
                return [(user, session) for user, session in await connection.execute(due)]

    async def all(self, *states: BroadcastState, channel: str | None = None, most: int = 50) -> list[Broadcast]:
        """The newest broadcasts in these states (all when none is named), newest first."""
        which: list[Any] = [broadcasts.c.state.in_(states)] if states else []
        which += [broadcasts.c.channel == channel] if channel else []
        return await self._broadcasts(*which, most=most)

    async def under_way(self, channel: str) -> list[Broadcast]:
        """Those with something left to do: an audience to write down, messages to send, people to leave out."""
        left = (broadcasts.c.state == "cancelled") & broadcasts.c.ended_at.is_(None)
        return await self._broadcasts(
            or_(broadcasts.c.state.in_(("freezing", "running")), left), broadcasts.c.channel == channel, most=50
        )

    @run_to_completion
    async def go_on(self, number: int, at: datetime) -> bool:
        """One more piece of its audience is written down or left out; whether there may be more."""
        async with self._writing() as connection:
            return await freezing.go_on(connection, number, at)

    async def _broadcasts(self, *which: Any, most: int = 1) -> list[Broadcast]:
        with translate_errors():
            async with self._reader.connect() as connection:
                rows = await connection.execute(
                    select(broadcasts).where(*which).order_by(broadcasts.c.id.desc()).limit(most)
                )
                return [_broadcast(row) for row in rows.mappings()]

    @run_to_completion
    async def apply(self, effect: Effect, channel: str, user: str, at: datetime) -> None:
        """One effect in a transaction of its own. Outdated when it no longer fits."""
        async with self._writing() as connection:
            await apply(connection, effect, channel, user, at)

    @run_to_completion
    async def note(self, /, number: int, **also: Any) -> None:
        """Write other columns down; the state stays."""
        async with self._writing() as connection:
            await connection.execute(update(broadcasts).where(broadcasts.c.id == number).values(**texts(also)))

    # Audiences

    async def count(self, search: Search) -> Count:
        """How many people a rule finds, and how many of them get it."""
        meant, dialect = matches(search, self._reader.dialect.name), self._reader.dialect.name
        agreed, reachable, timely = consents(dialect), people.c.reachable, in_time(search, dialect)
        counts = select(
            func.count(),
            func.count().filter(~agreed),
            func.count().filter(agreed, ~reachable),
            func.count().filter(agreed, reachable, ~timely),
            func.count().filter(gets(search, dialect)),
        ).where(meant)
        with translate_errors():
            async with self._reader.connect() as connection:
                row = (await connection.execute(counts)).one()
        return Count(*map(int, row))

    async def some(self, search: Search, most: int = 5) -> list[str | None]:
        """Sessions of the first few who would get it."""
        some = select(people.c.session).where(gets(search, self._reader.dialect.name)).order_by(people.c.id).limit(most)
        with translate_errors():
            async with self._reader.connect() as connection:
                return [session for (session,) in await connection.execute(some)]


async def apply(connection: AsyncConnection, effect: Effect, channel: str, user: str, at: datetime) -> None:
    """Do what was decided about a broadcast, in the transaction of the turn. Outdated when somebody was faster."""
    match effect:
        case Rewritten(number, version, draft):
            still = broadcasts.c.state.in_(("draft", "approved"))
            which = (broadcasts.c.id == number, broadcasts.c.version == version, still)
            new = update(broadcasts).where(*which).values(draft=draft, version=version + 1, made_at=text_of(at))
            fits = (await connection.execute(new)).rowcount == 1
        case Moved(number, source, target, also):
            fits = await move(connection, number, source, target, **also)
        case Started(number):
            fits = await freezing.start(connection, effect, at)
        case Cancelled(number):
            fits = await freezing.cancel(connection, effect, at)
        case Answered(number, ack):
            await _save_ack(connection, channel, user, number, ack, at)
            return
        case Resaved(who, was, becomes):
            there = (people.c.channel == channel, people.c.user_id == who, people.c.session == was)
            # A turn that is under way must not bring the old session back; what was answered keeps its slot.
            new = update(people).where(*there).values(session=becomes, turns=people.c.turns + KEPT_TURNS)
            fits = (await connection.execute(new)).rowcount == 1
        case Remind(due_at):
            await _remind(connection, channel, user, due_at)
            return
        case Reminded(who):
            await _remind(connection, channel, who, None)
            return
        case _:
            return
    if not fits:
        raise Outdated(type(effect).__name__)


async def tally(connection: AsyncConnection, said: Iterable[tuple[str, datetime, Tallied]]) -> None:
    """Count questions (channel, moment, how far it got); always in the same order, so that two workers never lock."""
    counts = Counter((ch, text_of(at)[:10], q.notice, q.cohort or "", q.reached) for ch, at, q in said)
    if not counts:
        return
    rows = [dict(zip(_COUNTED, where, strict=True)) | {"count": n} for where, n in sorted(counts.items())]
    await connection.execute(_adding(upsert(connection)), rows)


_COUNTED = ("channel", "day", "notice", "cohort", "reached")


@cache
def _adding(insert: Callable[..., Any]) -> Any:
    """The statement that adds to a count, made once: every turn needs it. `insert` is the dialect's."""
    new = insert(asked)
    more = {"count": asked.c.count + new.excluded.count}
    return new.on_conflict_do_update(index_elements=[asked.c[name] for name in _COUNTED], set_=more)


async def _remind(connection: AsyncConnection, channel: str, user: str, due_at: datetime | None) -> None:
    who = select(people.c.id).where(people.c.channel == channel, people.c.user_id == user)
    if (person := (await connection.execute(who)).scalar()) is not None:
        await connection.execute(delete(reminders).where(reminders.c.person == person))
    if person is not None and due_at:
        await connection.execute(insert(reminders), {"person": person, "due_at": text_of(due_at)})


async def _save_ack(connection: AsyncConnection, channel: str, user: str, number: int, ack: Ack, at: datetime) -> None:
    """Write down what a recipient answered; the last answer counts, and every one is proved."""
    who = select(people.c.id, people.c.member).where(people.c.channel == channel, people.c.user_id == user)
    person = (await connection.execute(who)).first()
    if person is None:
        return
    said = await connection.execute(
        update(recipients)
        .where(recipients.c.broadcast == number, recipients.c.who == person.id)
        .values(ack=ack, ack_at=text_of(at))
    )
    if said.rowcount:
        await prove(connection, at, "answered", number, [person.member, ack, text_of(at)])


def _broadcast(row: RowMapping) -> Broadcast:
    times = ("due_at", "resume_at", "started_at", "ended_at")
    return Broadcast(
        row["id"],
        row["channel"],
        cast("Act", row["act"]),
        cast("BroadcastState", row["state"]),
        row["draft"],
        row["version"],
        row["made_by"],
        cast("datetime", time_of(row["made_at"])),
        **{name: row[name] for name in ("approved_by", "approved", "why", "card", "total", "key", "parent")},
        **{name: time_of(row[name]) for name in times},
    )
