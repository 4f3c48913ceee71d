"""The school's lists that were applied, and how to undo them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.accounts import PersonKey
from bot.domain.effects import Effect, Outdated
from bot.domain.join_codes import ListedCode
from bot.store.effects import apply
from bot.store.roster_tables import listed_codes, roster_drafts
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.tables import people, person_id, roster_resets, rosters
from bot.store.times import text_of, time_of

UNDO = timedelta(hours=24)
"""Time in which a list can be undone; what it needs is deleted after that."""


PIECE = 500
"""Codes that one statement names."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A list that was applied, and the sessions (JSON) of those whom it put back: whose, as it was, as it is now."""

    number: int
    channel: str
    notice: str
    made_at: datetime
    undone: bool
    made_by: str
    changed: Sequence[tuple[PersonKey, str, str]]


@dataclass(frozen=True, slots=True)
class KeptRoster:
    """A list that was shown and not applied yet: those who are done, and who are not, as it was given."""

    notice: str
    done: str
    not_done: str


class RosterRows(Rows):
    """Lists of an open store."""

    @run_to_completion
    async def apply(
        self,
        channel: str,
        notice: str,
        were: Sequence[tuple[PersonKey, str]],
        effects: Sequence[Effect],
        at: datetime,
        by: str,
        listed: Sequence[ListedCode] = (),
    ) -> int:
        """Apply a list's effects in one transaction and return its number. `were`: people and their sessions before,
        `listed`: whom it names.

        Outdated when one of them did something meanwhile: then nothing is changed.
        """
        async with self._writing() as connection:
            old = select(rosters.c.id).where(rosters.c.made_at < text_of(at - UNDO))
            await connection.execute(delete(roster_resets).where(roster_resets.c.roster.in_(old)))
            row = {"channel": channel, "notice": notice, "made_by": by, "made_at": text_of(at)}
            number = int((await connection.execute(insert(rosters).returning(rosters.c.id), row)).scalar_one())
            for who, was in were:
                kept = {"roster": number, "person": person_id(*who), "was": was}
                await connection.execute(insert(roster_resets).values(**kept))
            await _keep_listed(connection, number, channel, notice, listed, at)
            await apply(connection, effects, Origin(channel, by, at))
            return number

    @run_to_completion
    async def keep(self, channel: str, notice: str, done: str, not_done: str, at: datetime, by: str) -> int:
        """Keep a list that is shown before it is applied, and return its number; older ones of a day go."""
        async with self._writing() as connection:
            await connection.execute(delete(roster_drafts).where(roster_drafts.c.made_at < text_of(at - UNDO)))
            row = {"channel": channel, "notice": notice, "made_by": by, "made_at": text_of(at)}
            row |= {"done": done, "not_done": not_done}
            return int(
                (await connection.execute(insert(roster_drafts).returning(roster_drafts.c.id), row)).scalar_one()
            )

    async def find_kept(self, number: int, channel: str, by: str) -> KeptRoster | None:
        """Return a list that somebody was shown; None when it was applied or dropped, or is not theirs."""
        mine = (roster_drafts.c.id == number, roster_drafts.c.channel == channel, roster_drafts.c.made_by == by)
        rows = await self._fetch(select(roster_drafts).where(*mine))
        return KeptRoster(rows[0].notice, rows[0].done, rows[0].not_done) if rows else None

    @run_to_completion
    async def drop(self, number: int) -> None:
        """Delete a list that was shown."""
        async with self._writing() as connection:
            await connection.execute(delete(roster_drafts).where(roster_drafts.c.id == number))

    async def get(self, number: int) -> Applied | None:
        """Return a list that was applied; None when there is none with this number."""
        found = await self._fetch(select(rosters).where(rosters.c.id == number))
        if not found:
            return None
        changed = select(people.c.channel, people.c.user_id, roster_resets.c.was, people.c.session)
        changed = changed.join(people, people.c.id == roster_resets.c.person).where(roster_resets.c.roster == number)
        rows = [(PersonKey(door, user), was, now) for door, user, was, now in await self._fetch(changed) if now]
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
            for table in (roster_resets, listed_codes):
                await connection.execute(delete(table).where(table.c.roster == applied.number))
            await apply(connection, effects, Origin(applied.channel, by, at))


async def _keep_listed(
    connection: AsyncConnection, number: int, channel: str, notice: str, listed: Sequence[ListedCode], at: datetime
) -> None:
    """Keep whom a list names; rows about them of lists that cannot be undone any more go."""
    old = select(rosters.c.id).where(rosters.c.made_at < text_of(at - UNDO))
    for start in range(0, len(listed), PIECE):
        piece = listed[start : start + PIECE]
        ours = (listed_codes.c.channel == channel, listed_codes.c.notice == notice, listed_codes.c.roster.in_(old))
        codes = [one.code for one in piece]
        await connection.execute(delete(listed_codes).where(*ours, listed_codes.c.code.in_(codes)))
        about = {"roster": number, "channel": channel, "notice": notice}
        await connection.execute(insert(listed_codes), [{**about, **asdict(one)} for one in piece])
