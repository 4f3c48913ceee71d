"""Progress as numbers of groups: nothing here identifies a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, literal, or_, select, union_all

from bot.domain.counts import Day, Group, Questions
from bot.domain.zone import ZONE
from bot.store.audience import cohort_of, session_json
from bot.store.broadcast_tables import asked
from bot.store.roles import has_role
from bot.store.rows import ReadRows
from bot.store.tables import misses, people, step_events, tickets
from bot.store.times import text_of


class FunnelRows(ReadRows):
    """Counts of an open store."""

    async def groups(self, channel: str, notice: str, at: datetime, stuck: timedelta) -> list[Group]:
        """Return numbers of people of a notice, by cohort, state and step.

        They are stuck when they wait for a person, or did nothing for the time `stuck` in the middle of the walk.
        """
        own = session_json(self._dialect)
        walk = own["walks"][notice]
        state = func.coalesce(walk["state"].as_string(), "new")
        waits = exists().where(tickets.c.person == people.c.id, tickets.c.state != "closed")
        idle = and_(state == "walking", people.c.updated_at < text_of(at - stuck))
        group = (
            cohort_of(walk).label("cohort"),
            state.label("state"),
            walk["step"].as_string().label("step"),
            case((or_(waits, idle), 1), else_=0).label("stuck"),
            case((people.c.reachable, 0), else_=1).label("gone"),
        )
        theirs = (people.c.channel == channel, own["notice"].as_string() == notice, ~has_role())
        alike = select(*group).where(*theirs).subquery()
        return [
            Group(cohort, state, step, bool(stuck), bool(gone), n)
            for cohort, state, step, stuck, gone, n in await self._fetch(
                select(*alike.c, func.count()).group_by(*alike.c)
            )
        ]

    async def days(self, channel: str, notice: str, since: datetime) -> list[Day]:
        """Return numbers of people who did something for the first time, by local day and kind, from `since` on."""
        own = session_json(self._dialect)
        at, kind = step_events.c.at, step_events.c.kind
        firsts = {
            "came": func.min(at),
            "done": func.min(case((kind == "done", at))),
            "reported": func.min(case((kind == "reported", at))),
        }
        first = (
            select(*(column.label(name) for name, column in firsts.items()))
            .join(people, people.c.id == step_events.c.person)
            .where(people.c.channel == channel, own["notice"].as_string() == notice, ~has_role())
            .group_by(step_events.c.person)
            .cte()
        )
        # By hour: the day depends on the zone, which a database may not know.
        hours = [
            select(literal(name), func.substr(first.c[name], 1, 13).label("hour"), func.count())
            .where(first.c[name] >= text_of(since))
            .group_by("hour")
            for name in firsts
        ]
        rows = await self._fetch(union_all(*hours))
        return [Day(_local(hour), name, n) for name, hour, n in rows]

    async def questions(self, channel: str, notice: str, since: datetime) -> list[Questions]:
        """Return numbers of typed questions by cohort and result, from the day of `since` (UTC) on."""
        which = (asked.c.channel == channel, asked.c.notice == notice, asked.c.day >= text_of(since)[:10])
        counted = select(asked.c.cohort, asked.c.reached, func.sum(asked.c.count)).where(*which)
        rows = await self._fetch(counted.group_by(asked.c.cohort, asked.c.reached))
        return [Questions(cohort or None, reached, int(n)) for cohort, reached, n in rows]

    async def count_missed(self) -> int:
        """Count the questions that found no answer and wait for an editor."""
        waiting = (misses.c.became.is_(None), misses.c.tied.is_(False))
        ((count,),) = await self._fetch(select(func.count()).select_from(misses).where(*waiting))
        return int(count)


def _local(hour: str) -> Any:
    return datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC).astimezone(ZONE).date()
