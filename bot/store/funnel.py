"""Progress as numbers of groups: nothing here identifies a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, false, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.classes import Classes
from bot.domain.counts import Day, Group, Questions
from bot.domain.zone import ZONE
from bot.store.audience import of_classes
from bot.store.broadcast_tables import asked, daily
from bot.store.roles import has_role
from bot.store.rows import ReadRows
from bot.store.tables import STILL_OPEN, misses, people, tickets
from bot.store.times import text_of


class FunnelRows(ReadRows):
    """Counts of an open store, of the people of every channel that the staff of `channel` look after."""

    def __init__(self, reader: AsyncEngine, channels: Callable[[str], Sequence[str]]) -> None:
        super().__init__(reader)
        self._channels = channels

    async def groups(
        self, channel: str, notice: str, at: datetime, stuck: timedelta, within: Classes | None = None
    ) -> list[Group]:
        """Return numbers of people of a notice, by channel, cohort, state and step; with `within` of these classes
        alone.

        They are stuck when they wait for a person, or did nothing for the time `stuck` in the middle of the walk.
        """
        group = people.c.channel, people.c.cohort, people.c.state, people.c.step, people.c.reachable
        ours = [people.c.channel.in_(self._channels(channel)), people.c.notice == notice, ~has_role()]
        ours += [of_classes(within)] if within else []
        waits = exists().where(tickets.c.person == people.c.id, STILL_OPEN)
        idle = and_(people.c.state == "walking", people.c.updated_at < text_of(at - stuck))
        # Those who wait for a person are few: they are looked up, instead of a ticket for everybody.
        alike = select(*group, func.count(), func.count().filter(idle)).where(*ours).group_by(*group)
        waiting = select(*group, func.count()).where(*ours, waits, ~func.coalesce(idle, false())).group_by(*group)
        also = {tuple(row[:5]): row[5] for row in await self._fetch(waiting)}
        found = []
        for *key, n, idle_n in await self._fetch(alike):
            stuck_n, (door, cohort, state, step, reachable) = idle_n + also.get(tuple(key), 0), key
            numbers = {True: stuck_n, False: n - stuck_n}
            found += [Group(cohort, state, step, who, not reachable, m, door) for who, m in numbers.items() if m > 0]
        return found

    async def days(self, channel: str, notice: str, since: datetime) -> list[Day]:
        """Return numbers of people who did something for the first time, by local day and kind, from `since`'s day on.

        Whoever was forgotten meanwhile still counts.
        """
        day = since.astimezone(ZONE).date().isoformat()
        ours = (daily.c.channel.in_(self._channels(channel)), daily.c.notice == notice, daily.c.day >= day)
        group = (daily.c.day, daily.c.kind)
        rows = await self._fetch(select(*group, func.sum(daily.c.people)).where(*ours).group_by(*group))
        return [Day(date.fromisoformat(day), kind, int(n)) for day, kind, n in rows]

    async def questions(self, channel: str, notice: str, since: datetime) -> list[Questions]:
        """Return numbers of typed questions by cohort and result, from the day of `since` (UTC) on."""
        which = (
            asked.c.channel.in_(self._channels(channel)),
            asked.c.notice == notice,
            asked.c.day >= text_of(since)[:10],
        )
        counted = select(asked.c.cohort, asked.c.reached, func.sum(asked.c.count)).where(*which)
        rows = await self._fetch(counted.group_by(asked.c.cohort, asked.c.reached))
        return [Questions(cohort or None, reached, int(n)) for cohort, reached, n in rows]

    async def count_missed(self) -> int:
        """Count the questions that found no answer and wait for an editor."""
        waiting = (misses.c.became.is_(None), misses.c.tied.is_(False))
        ((count,),) = await self._fetch(select(func.count()).select_from(misses).where(*waiting))
        return int(count)
