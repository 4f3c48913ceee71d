"""Messages to other chats than the one that spoke, until they are delivered.

Queued inside a turn's transaction; claimed and settled outside. A message leaves the outbox when it was delivered, so
after a kill in between it is sent again: at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.messages import Delivered, Post, Reply
from bot.domain.outbox import Queued
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.tables import outbox, people, ticket_messages, tickets
from bot.store.tickets import note_delivery
from bot.store.times import text_of, time_of

CLAIMED = 200
"""Most messages that are claimed at once; at Telegram's pace they are sent long before the claim is over."""
CLAIMED_S = 150
"""Seconds for which a message belongs to its sender; after a kill it is sent again when they are over."""
AGAIN_S = 60
"""Seconds until a message whose outcome is unknown is sent again."""
MOST_TRIES = 20
"""Tries after which a message whose outcome is unknown is given up."""

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
_TICKET = select(tickets.c.id).where(tickets.c.number == bindparam("ticket_number")).scalar_subquery()
_QUEUE = insert(outbox).values(ticket=_TICKET)
# The outbox with the ticket of each message, and the graduate where it goes to them.
_ADDRESSED = outbox.outerjoin(tickets, tickets.c.id == outbox.c.ticket).outerjoin(
    people, and_(people.c.id == tickets.c.person, outbox.c.to == "graduate")
)


async def queue(connection: AsyncConnection, message: Queued, origin: Origin) -> None:
    """Add a message to the outbox."""
    await connection.execute(_QUEUE, _row(message, origin))


class OutboxRows(Rows):
    """The outbox of an open store."""

    @run_to_completion
    async def claim(self, channel: str, at: datetime) -> list[Post]:
        """Return the next due message of each chat, oldest first, at most CLAIMED; they are claimed for CLAIMED_S."""
        is_due = select(outbox.c.id).where(outbox.c.channel == channel, outbox.c.due_at <= text_of(at)).limit(1)
        if not await self._fetch(is_due):
            return []
        async with self._writing() as connection:
            claimed = [number for (number,) in await connection.execute(_claim(channel, at))]
            rows = await connection.execute(_posts(channel, claimed)) if claimed else ()
            return [_post(row) for row in rows]

    async def list_debtors(self, channel: str) -> list[str]:
        """Return the users for whom something waits that later messages wait behind."""
        waiting = select(outbox.c.user_id).where(
            outbox.c.channel == channel, outbox.c.to == "user", outbox.c.planned.is_(False)
        )
        return [user for (user,) in await self._fetch(waiting.distinct())]

    async def next_due(self, channel: str) -> datetime | None:
        """Return when the next message is due, or due again, of those first in their chat; None when there is none."""
        next_ = select(func.min(outbox.c.due_at)).where(outbox.c.id.in_(_first(channel)))
        ((at,),) = await self._fetch(next_)
        return time_of(at) if at else None

    @run_to_completion
    async def recall(self, channel: str, at: datetime) -> None:
        """Make messages whose sender was killed due at once; for the start of the only sender."""
        # What is due later than any claim ends is not claimed: a pause that Telegram asked for.
        claims_end = text_of(at + timedelta(seconds=CLAIMED_S))
        claimed = (outbox.c.channel == channel, outbox.c.tries > 0, outbox.c.due_at <= claims_end)
        async with self._writing() as connection:
            await connection.execute(update(outbox).where(*claimed).values(due_at=text_of(at)))

    @run_to_completion
    async def settle(self, post: Post, delivered: Delivered, at: datetime, news: Sequence[Queued] = ()) -> bool:
        """Write down the outcome of a message, and queue what follows. False: it will be sent again."""
        outcome = delivered.outcome
        this = outbox.c.id == post.number
        async with self._writing() as connection:
            row = (await connection.execute(select(outbox).where(this))).first()
            if row is None:  # its graduate was forgotten meanwhile
                return True
            if outcome.became == "later" or (outcome.became == "unsure" and row.tries < MOST_TRIES):
                again = outcome.resume_at or at + timedelta(seconds=AGAIN_S)
                await connection.execute(update(outbox).where(this).values(due_at=text_of(again)))
                return False
            if row.ticket is not None and row.to == "staff" and outcome.became == "sent":
                await note_delivery(connection, row.ticket, delivered)
            await connection.execute(delete(outbox).where(this))
            for message in news:
                await queue(connection, message, Origin(row.channel, "", at))
            return True


def _first(channel: str) -> Any:
    """Select the number of the first message of each chat, and of the first that is planned for it."""
    chat = func.coalesce(outbox.c.user_id, people.c.user_id, "")
    return (
        select(func.min(outbox.c.id))
        .select_from(_ADDRESSED)
        .where(outbox.c.channel == channel)
        .group_by(outbox.c.to == "staff", chat, outbox.c.planned)
    )


def _claim(channel: str, at: datetime) -> Any:
    """Update the due messages that are first in their chat, and return their numbers."""
    oldest = (
        select(outbox.c.id)
        .where(outbox.c.id.in_(_first(channel)), outbox.c.due_at <= text_of(at))
        .order_by(outbox.c.id)
        .limit(CLAIMED)
    )
    until = text_of(at + timedelta(seconds=CLAIMED_S))
    claimed = update(outbox).where(outbox.c.id.in_(oldest)).values(due_at=until, tries=outbox.c.tries + 1)
    return claimed.returning(outbox.c.id)


def _posts(channel: str, numbers: Sequence[int]) -> Any:
    """Select messages with all that their sender needs, oldest first."""
    newest_of_ticket = (
        select(ticket_messages.c.message)
        .where(ticket_messages.c.ticket == tickets.c.id)
        .order_by(ticket_messages.c.id.desc())
        .limit(1)
        .correlate(tickets)
        .scalar_subquery()
    )
    behind = outbox.alias()
    is_more = exists().where(
        behind.c.channel == channel,
        behind.c.user_id == outbox.c.user_id,
        behind.c.planned.is_(False),
        behind.c.id > outbox.c.id,
    )
    more = (
        people.c.user_id.label("graduate"),
        tickets.c.number,
        tickets.c.thread.label("in_thread"),
        newest_of_ticket.label("under"),
        is_more.label("is_more"),
    )
    return select(outbox, *more).select_from(_ADDRESSED).where(outbox.c.id.in_(numbers)).order_by(outbox.c.id)


def _row(message: Queued, origin: Origin) -> dict[str, Any]:
    return {
        "channel": origin.channel,
        "to": message.to,
        "user_id": message.user,
        "ticket_number": message.ticket,
        "title": message.title,
        "thread": message.thread,
        "answers": message.under,
        "reply": _REPLY.dump_json(message.reply).decode() if message.reply else None,
        "commands": message.commands,
        "due_at": text_of(message.due_at or message.planned_at or origin.at),
        "tries": 0,
        "planned": message.planned_at is not None,
    }


def _post(row: Row[Any]) -> Post:
    # The ticket's thread and messages are the staff chat's: no other chat knows them.
    to_staff = row.to == "staff"
    return Post(
        row.id,
        None if to_staff else row.user_id or row.graduate,
        _REPLY.validate_json(row.reply) if row.reply else None,
        row.title,
        (row.in_thread if to_staff else None) or row.thread,
        row.answers or (row.under if to_staff else None),
        row.commands,
        row.number,
        not row.is_more,
    )
