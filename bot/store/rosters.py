"""The school's lists that were applied, and how to undo them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from bot.domain.effects import Effect, Outdated
from bot.store.effects import apply
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.tables import people, person_id, roster_resets, rosters
from bot.store.times import text_of, time_of

UNDO = timedelta(hours=24)
"""Time in which a list can be undone; what it needs is deleted after that."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A list that was applied, and the sessions (JSON) of those whom it put back: the user, as it was, as it is now."""

    number: int
    channel: str
    notice: str
    made_at: datetime
    undone: bool
    made_by: str
    changed: Sequence[tuple[str, str, str]]


class RosterRows(Rows):
    """Lists of an open store."""

    @run_to_completion
    async def apply(
        self,
        channel: str,
        notice: str,
        were: Sequence[tuple[str, str]],
        effects: Sequence[Effect],
        at: datetime,
        by: str,
    ) -> int:
        """Apply a list's effects in one transaction and return its number. `were`: users and their sessions before.

        Outdated when one of them did something meanwhile: then nothing is changed.
        """
        async with self._writing() as connection:
            old = select(rosters.c.id).where(rosters.c.made_at < text_of(at - UNDO))
            await connection.execute(delete(roster_resets).where(roster_resets.c.roster.in_(old)))
            row = {"channel": channel, "notice": notice, "made_by": by, "made_at": text_of(at)}
            number = int((await connection.execute(insert(rosters).returning(rosters.c.id), row)).scalar_one())
            for user, was in were:
                kept = {"roster": number, "person": person_id(channel, user), "was": was}
                await connection.execute(insert(roster_resets).values(**kept))
            await apply(connection, effects, Origin(channel, by, at))
            return number

    async def get(self, number: int) -> Applied | None:
        """Return a list that was applied; None when there is none with this number."""
        found = await self._fetch(select(rosters).where(rosters.c.id == number))
        if not found:
            return None
        changed = select(people.c.user_id, roster_resets.c.was, people.c.session)
        changed = changed.join(people, people.c.id == roster_resets.c.person).where(roster_resets.c.roster == number)
        rows = [(user, was, now) for user, was, now in await self._fetch(changed) if now]
        row = found[0]
        return Applied(
            row.id, row.channel, row.notice, time_of(row.made_at), row.undone_at is not None, row.made_by, rows
        )

    @run_to_completion
    async def undo(self, applied: Applied, effects: Sequence[Effect], at: datetime, by: str) -> None:
        """Apply what undoes a list, once. Outdated when it was undone, or somebody of it did something meanwhile."""
        async with self._writing() as connection:
            own = update(rosters).where(rosters.c.id == applied.number, rosters.c.undone_at.is_(None))
            if (await connection.execute(own.values(undone_at=text_of(at)))).rowcount != 1:
                raise Outdated("roster")
            await connection.execute(delete(roster_resets).where(roster_resets.c.roster == applied.number))
            await apply(connection, effects, Origin(applied.channel, by, at))
