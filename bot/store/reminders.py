"""Reminders that people asked for themselves; one each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Outdated
from bot.domain.reminders import Remind, Reminded
from bot.store.broadcast_tables import reminders
from bot.store.rows import Origin, ReadRows
from bot.store.tables import people, person_id
from bot.store.times import text_of


class ReminderRows(ReadRows):
    """Personal reminders of an open store."""

    async def due(self, channel: str, at: datetime, most: int = 100) -> list[tuple[str, str | None]]:
        """Return users and sessions (JSON) of those whose reminder is due, the longest overdue first."""
        due = (
            select(people.c.user_id, people.c.session)
            .join(reminders, reminders.c.person == people.c.id)
            .where(people.c.channel == channel, reminders.c.due_at <= text_of(at))
            .order_by(reminders.c.due_at)
            .limit(most)
        )
        return [(user, session) for user, session in await self._fetch(due)]


async def save_reminder(connection: AsyncConnection, remind: Remind, origin: Origin) -> None:
    """Set, move or delete the reminder of the person whose turn it is."""
    who = select(people.c.id).where(people.c.channel == origin.channel, people.c.user_id == origin.user)
    person = (await connection.execute(who)).scalar()
    if person is None:
        return
    await connection.execute(delete(reminders).where(reminders.c.person == person))
    if remind.due_at:
        await connection.execute(insert(reminders), {"person": person, "due_at": text_of(remind.due_at)})


async def end_reminder(connection: AsyncConnection, reminded: Reminded, origin: Origin) -> None:
    """Delete a reminder that is due, so that it can be sent. Outdated when another worker did, or it was moved."""
    who = person_id(origin.channel, reminded.user)
    this = delete(reminders).where(reminders.c.person == who, reminders.c.due_at <= text_of(origin.at))
    if (await connection.execute(this)).rowcount != 1:
        raise Outdated("reminder")
