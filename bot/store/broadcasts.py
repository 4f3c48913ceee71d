"""Broadcasts as rows, changed in a turn's transaction; and counts of audiences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, union, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.audience import Count, Search
from bot.domain.broadcast import Act, Answered, Broadcast, Moved, Reach, Rewritten
from bot.domain.effects import Outdated
from bot.domain.lifecycle import BroadcastState
from bot.store import freezing
from bot.store.audience import gets, in_time, matches, may_get
from bot.store.broadcast_tables import broadcasts, recipients, reminders
from bot.store.ledger import move, texts
from bot.store.proofs import prove
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.signals import signal
from bot.store.tables import people
from bot.store.times import text_of, time_of

_recall = broadcasts.alias()
_TAKEN_BACK = (_recall.c.parent == broadcasts.c.id, _recall.c.act == "delete", _recall.c.started_at.is_not(None))
_RECALLED = select(_recall.c.id).where(*_TAKEN_BACK).correlate(broadcasts).exists().label("recalled")


class BroadcastRows(Rows):
    """Broadcasts of an open store. `reach` is where they go; whoever opens the store sets it."""

    reach = Reach()

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
        """Add a draft (JSON) and return its number; None when one with this key was made before."""
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
        """Return a broadcast; None when there is none with this number."""
        found = await self._broadcasts(broadcasts.c.id == number)
        return found[0] if found else None

    async def find_by_key(self, key: str) -> Broadcast | None:
        """Return the broadcast that was made under this key."""
        found = await self._broadcasts(broadcasts.c.key == key)
        return found[0] if found else None

    async def all(
        self, *states: BroadcastState, channel: str | None = None, most: int = 50, before: int | None = None
    ) -> list[Broadcast]:
        """Return the newest broadcasts in these states (in all when none is named), newest first; with `before` those
        of smaller numbers.
        """
        which: list[Any] = [broadcasts.c.state.in_(states)] if states else []
        which += [broadcasts.c.channel == channel] if channel else []
        which += [broadcasts.c.id < before] if before else []
        return await self._broadcasts(*which, most=most)

    async def between(self, channel: str, begins: datetime, ends: datetime, most: int) -> list[Broadcast]:
        """Return the newest broadcasts that started in this time, or are set for it."""
        when = func.coalesce(broadcasts.c.started_at, broadcasts.c.due_at)
        is_ours = (broadcasts.c.channel == channel, when >= text_of(begins), when < text_of(ends))
        return await self._broadcasts(*is_ours, most=most)

    async def under_way(self, channel: str) -> list[Broadcast]:
        """Return those with something left to do: an audience to write down, messages to send, people to leave out."""
        left = (broadcasts.c.state == "cancelled") & broadcasts.c.ended_at.is_(None)
        return await self._broadcasts(
            or_(broadcasts.c.state.in_(("freezing", "running")), left), broadcasts.c.channel == channel, most=50
        )

    async def next_due(self, channel: str, after: datetime) -> datetime | None:
        """Return the next set time, end of a pause or personal reminder after this moment; None when there is none."""
        times = (
            select(func.min(broadcasts.c.due_at)).where(*_later(broadcasts.c.due_at, "scheduled", channel, after)),
            select(func.min(broadcasts.c.resume_at)).where(*_later(broadcasts.c.resume_at, "paused", channel, after)),
            select(func.min(reminders.c.due_at)).where(reminders.c.due_at > text_of(after)),
        )
        rows = await self._fetch(union_all(*times))
        return time_of(min((at for (at,) in rows if at), default=None))

    @run_to_completion
    async def go_on(self, number: int, at: datetime) -> bool:
        """Write down or leave out one more piece of its audience; return whether there may be more."""
        async with self._writing() as connection:
            return await freezing.go_on(connection, number, at)

    async def _broadcasts(self, *which: Any, most: int = 1) -> list[Broadcast]:
        newest = select(broadcasts, _RECALLED).where(*which).order_by(broadcasts.c.id.desc()).limit(most)
        return [replace(_broadcast(row), reach=self.reach) for row in await self._fetch(newest)]

    @run_to_completion
    async def note(self, /, number: int, **also: Any) -> None:
        """Change columns other than the state."""
        async with self._writing() as connection:
            await connection.execute(update(broadcasts).where(broadcasts.c.id == number).values(**texts(also)))

    def channels(self, channel: str) -> Sequence[str]:
        """Return the channels that broadcasts of one channel's staff go to."""
        return tuple(dict.fromkeys((channel, *self.reach.channels)))

    async def count(self, search: Search) -> Count:
        """Count the people whom a rule finds, and those of them who get it."""
        agreed, reachable, timely = people.c.consents, people.c.reachable, in_time(search)
        counts = select(
            func.count(),
            func.count().filter(~agreed),
            func.count().filter(agreed, ~reachable),
            func.count().filter(agreed, reachable, ~timely),
            func.count().filter(may_get(search)),
        ).where(matches(search))
        (row,) = await self._fetch(counts)
        found, muted, unreachable, over, left = map(int, row)
        return Count(found, muted, unreachable, over, left)

    async def count_found(self, search: Search, most: int) -> int:
        """Count the people whom a rule finds, but no further than to `most`."""
        some = select(people.c.id).where(matches(search)).limit(most).subquery()
        ((found,),) = await self._fetch(select(func.count()).select_from(some))
        return int(found)

    async def cut_turns(self, search: Search, moment: str, size: int) -> str:
        """Return the latest moment, up to this one, that cuts the last turns of those a rule finds into groups.

        Groups are of `size`, from the earliest turn on; this moment itself where no turn lies between.
        """
        before = select(people.c.updated_at).where(matches(search), people.c.updated_at < moment)
        ((count,),) = await self._fetch(select(func.count()).select_from(before.subquery()))
        rest = before.order_by(people.c.updated_at).offset(int(count) // size * size).limit(1)
        return next((cut for (cut,) in await self._fetch(rest)), moment)

    async def find_started(self, channel: str, since: datetime) -> list[Broadcast]:
        """Return the broadcasts that started at this moment or later."""
        lately = (broadcasts.c.channel == channel, broadcasts.c.started_at >= text_of(since))
        return await self._broadcasts(*lately, most=freezing.MAX_STARTED)

    async def count_together(
        self, numbers: Sequence[int], search: Search | None, parent: int | None, states: Sequence[str]
    ) -> int:
        """Count the distinct recipients of broadcasts and whom a rule finds, or a parent's rows in these states."""
        there = recipients.c.who.is_not(None)
        had = select(recipients.c.who).where(
            recipients.c.broadcast.in_(numbers), recipients.c.state != "skipped", there
        )
        if search and not parent:
            new = select(people.c.id).where(gets(search))
        else:
            new = select(recipients.c.who).where(
                recipients.c.broadcast == parent, recipients.c.state.in_(states), there
            )
        ((count,),) = await self._fetch(select(func.count()).select_from(union(had, new).subquery()))
        return int(count)

    async def some(self, search: Search, most: int = 5) -> list[str | None]:
        """Return the sessions (JSON) of the first few who would get it."""
        some = select(people.c.session).where(gets(search, by_id=True)).order_by(people.c.id).limit(most)
        return [session for (session,) in await self._fetch(some)]


def _later(column: Any, state: BroadcastState, channel: str, after: datetime) -> tuple[Any, ...]:
    return column > text_of(after), broadcasts.c.state == state, broadcasts.c.channel == channel


async def rewrite(connection: AsyncConnection, rewritten: Rewritten, origin: Origin) -> None:
    """Replace a draft. Outdated when it was changed since, or is no longer a draft."""
    changed = await connection.execute(
        update(broadcasts)
        .where(
            broadcasts.c.id == rewritten.number,
            broadcasts.c.version == rewritten.version,
            broadcasts.c.state.in_(("draft", "approved")),
        )
        .values(draft=rewritten.draft, version=rewritten.version + 1, made_at=text_of(origin.at))
    )
    if changed.rowcount != 1:
        raise Outdated("draft")


async def change_state(connection: AsyncConnection, moved: Moved, _: Origin) -> None:
    """Move a broadcast from one state to another. Outdated when it is elsewhere by now."""
    if not await move(connection, moved.number, moved.source, moved.target, **moved.also):
        raise Outdated(moved.source)
    await signal(connection, "broadcast")


async def save_ack(connection: AsyncConnection, answered: Answered, origin: Origin) -> None:
    """Write down a recipient's answer to a broadcast; the last answer counts, and every one is proved."""
    who = select(people.c.id, people.c.member).where(
        people.c.channel == origin.channel, people.c.user_id == origin.user
    )
    person = (await connection.execute(who)).first()
    if person is None:
        return
    at = text_of(origin.at)
    changed = await connection.execute(
        update(recipients)
        .where(recipients.c.broadcast == answered.number, recipients.c.who == person.id)
        .values(ack=answered.ack, ack_at=at)
    )
    if changed.rowcount:
        await prove(connection, origin.at, "answered", answered.number, [person.member, answered.ack, at])


def _broadcast(row: Any) -> Broadcast:
    same = ("approved_by", "approved", "why", "card", "total", "key", "parent", "came_from")
    times = ("due_at", "resume_at", "started_at", "ended_at")
    return Broadcast(
        row.id,
        row.channel,
        row.act,
        row.state,
        row.draft,
        row.version,
        row.made_by,
        time_of(row.made_at),
        recalled=row.recalled,
        **{name: getattr(row, name) for name in same},
        **{name: time_of(getattr(row, name)) for name in times},
    )
