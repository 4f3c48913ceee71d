"""How far everybody is, as numbers of groups: nothing here leads to a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.broadcast.funnel import Group
from bot.store.audience import cohort_of, session_json
from bot.store.problems import told_apart
from bot.store.tables import misses, people, tickets
from bot.store.text import text_of

_MISSED = select(func.count()).select_from(misses).where(misses.c.tied.is_(False))


class FunnelRows:
    """Counts of an open store."""

    def __init__(self, reader: AsyncEngine) -> None:
        self._reader = reader

    async def groups(self, channel: str, notice: str, at: datetime, stuck: timedelta) -> list[Group]:
        """People of a notice by cohort, state and step; stuck: who waits for a person, or did nothing for so long."""
        own = session_json(self._reader.dialect.name)
        walk = own["walks"][notice]
        state = func.coalesce(walk["state"].as_string(), "new")
        waits = exists().where(tickets.c.person == people.c.id, tickets.c.state != "closed")
        idle = (state == "walking") & (people.c.updated_at < text_of(at - stuck))
        group = (cohort_of(walk).label("cohort"), state.label("state"), walk["step"].as_string().label("step"))
        counted = select(
            *group,
            func.count(),
            func.sum(case((or_(waits, idle), 1), else_=0)),
            func.sum(case((people.c.reachable, 0), else_=1)),
        )
        counted = counted.where(people.c.channel == channel, own["notice"].as_string() == notice).group_by(*group)
        with told_apart():
            async with self._reader.connect() as connection:
                return [Group(*row) for row in await connection.execute(counted)]

    async def missed(self) -> int:
        """Questions that found no answer."""
        with told_apart():
            async with self._reader.connect() as connection:
                return int((await connection.execute(_MISSED)).scalar_one())
