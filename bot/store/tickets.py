"""Tickets and the outbox: what other chats are owed. Applied inside a turn's transaction, read and settled outside.

A message leaves the outbox when it was delivered, so a kill in between sends it again: at least once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, and_, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Effect, KnowledgeEffect, Outdated
from bot.domain.messages import Delivered, Post, Reply
from bot.domain.outbox import Queued
from bot.domain.roles import Audited, Invited, Joined, Removed
from bot.domain.tickets import Changed, Opened, Ticket
from bot.store import broadcasts
from bot.store.knowledge import apply_knowledge
from bot.store.problems import translate_errors
from bot.store.roles import remove_role, save_audit, save_invitation, use_invitation
from bot.store.rows import Rows, run_to_completion
from bot.store.tables import outbox, people, ticket_messages, tickets
from bot.store.times import text_of, time_of

CLAIMED = 200
"""Messages that are claimed at once; at Telegram's pace they are sent long before the claim is over."""
CLAIMED_S = 150
"""Seconds for which a message belongs to who is sending it; after a kill it is sent again when they are over."""
AGAIN_S = 60
"""Seconds until a message whose fate is unknown is sent again."""
MOST_TRIES = 20
"""After so many times nobody repeats it any more."""

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
_PERSON = (
    select(people.c.id)
    .where(people.c.channel == bindparam("who_channel"), people.c.user_id == bindparam("who_user"))
    .scalar_subquery()
)
_TICKET = select(tickets.c.id).where(tickets.c.number == bindparam("ticket_number")).scalar_subquery()
_OPEN = insert(tickets).values(person=_PERSON)
_QUEUE = insert(outbox).values(ticket=_TICKET)


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket as staff come upon it; `current` is the number of its graduate's ticket that is not closed."""

    ticket: Ticket
    current: str | None


async def apply(connection: AsyncConnection, effects: Sequence[Effect], channel: str, user: str, at: datetime) -> None:
    """Do what a turn decided, in its transaction. Outdated when somebody else was faster."""
    who = {"who_channel": channel, "who_user": user}
    for effect in effects:
        match effect:
            case Opened(ticket):
                await connection.execute(_OPEN, _row(ticket) | who | {"version": 0, "opened_at": text_of(at)})
            case Changed(ticket):
                await _change(connection, ticket)
            case Queued():
                await connection.execute(_QUEUE, _outbox_row(effect, channel, at))
            case Invited():
                await save_invitation(connection, effect, channel, user)
            case Joined():
                await use_invitation(connection, effect, channel, user, at)
            case Removed(gone):
                await remove_role(connection, gone, channel, user)
            case Audited():
                await save_audit(connection, effect, channel, user, at)
            case _ if isinstance(effect, KnowledgeEffect):
                await apply_knowledge(connection, effect, channel, user, at)
            case _:
                await broadcasts.apply(connection, effect, channel, user, at)


async def _change(connection: AsyncConnection, ticket: Ticket) -> None:
    changed = await connection.execute(
        update(tickets)
        .where(tickets.c.number == ticket.number, tickets.c.version == ticket.version)
        .values(**_row(ticket), version=ticket.version + 1)
    )
    if changed.rowcount != 1:
        raise Outdated(ticket.number)


class TicketRows(Rows):
    """Tickets and the outbox of an open store."""

    async def find(
        self, *, number: str | None = None, thread: str | None = None, message: str | None = None
    ) -> Found | None:
        """The ticket of a button, else of the message that is replied to, else of a thread."""
        if number:
            which: Any = tickets.c.number == number
        elif message or thread:
            # The newest: a group that became a supergroup counts its messages anew.
            newest = ticket_messages.c.id.desc()
            said = (
                select(ticket_messages.c.ticket).where(ticket_messages.c.message == message).order_by(newest).limit(1)
            )
            which = tickets.c.thread == thread if thread else tickets.c.id == said.scalar_subquery()
        else:
            return None
        other = tickets.alias()
        current = (
            select(other.c.number)
            .where(other.c.person == tickets.c.person, other.c.state != "closed")
            .scalar_subquery()
        )
        with translate_errors():
            async with self._reader.connect() as connection:
                rows = await connection.execute(
                    select(tickets, current.label("current")).where(which).order_by(tickets.c.id.desc()).limit(1)
                )
                found = rows.mappings().first()
        return Found(ticket_of_row(found), found["current"]) if found else None

    async def pending(self, channel: str) -> list[Ticket]:
        """Tickets that are not closed, oldest first."""
        return await self._tickets(and_(tickets.c.state != "closed", people.c.channel == channel))

    async def overdue(self, channel: str, at: datetime) -> list[Ticket]:
        """Tickets in which nobody said anything for too long."""
        late = and_(tickets.c.release_at <= text_of(at), tickets.c.state.in_(("open", "taken")))
        return await self._tickets(and_(late, people.c.channel == channel))

    async def _tickets(self, which: Any) -> list[Ticket]:
        with translate_errors():
            async with self._reader.connect() as connection:
                rows = await connection.execute(
                    select(tickets).join(people, people.c.id == tickets.c.person).where(which).order_by(tickets.c.id)
                )
                return [ticket_of_row(row) for row in rows.mappings()]

    @run_to_completion
    async def apply(self, effects: Sequence[Effect], channel: str, at: datetime) -> None:
        """What follows from no turn, in a transaction of its own. Outdated when it no longer fits."""
        async with self._writing() as connection:
            await apply(connection, effects, channel, "", at)

    @run_to_completion
    async def claim(self, channel: str, at: datetime) -> list[Post]:
        """The next message of each chat that is due, oldest first, at most CLAIMED; they are claimed for CLAIMED_S."""
        with translate_errors():
            async with self._reader.connect() as connection:
                due = select(outbox.c.id).where(outbox.c.channel == channel, outbox.c.due_at <= text_of(at)).limit(1)
                if (await connection.execute(due)).first() is None:
                    return []
        oldest = (
            select(outbox.c.id)
            .where(outbox.c.id.in_(_first(channel)), outbox.c.due_at <= text_of(at))
            .order_by(outbox.c.id)
            .limit(CLAIMED)
        )
        async with self._writing() as connection:
            claimed = await connection.execute(
                update(outbox)
                .where(outbox.c.id.in_(oldest))
                .values(due_at=text_of(at + timedelta(seconds=CLAIMED_S)), tries=outbox.c.tries + 1)
                .returning(outbox.c.id)
            )
            numbers = [number for (number,) in claimed]
            if not numbers:
                return []
            under = (
                select(ticket_messages.c.message)
                .where(ticket_messages.c.ticket == tickets.c.id)
                .order_by(ticket_messages.c.id.desc())
                .limit(1)
                .correlate(tickets)
                .scalar_subquery()
            )
            behind = outbox.alias()
            more = exists().where(
                behind.c.channel == channel, behind.c.user_id == outbox.c.user_id, behind.c.planned.is_(False)
            )
            rows = await connection.execute(
                select(
                    outbox,
                    people.c.user_id.label("graduate"),
                    tickets.c.number,
                    tickets.c.thread.label("in_thread"),
                    under.label("under"),
                    more.where(behind.c.id > outbox.c.id).label("more"),
                )
                .select_from(_outbox_with_addressees())
                .where(outbox.c.id.in_(numbers))
                .order_by(outbox.c.id)
            )
            return [_post(row) for row in rows.mappings()]

    async def list_debtors(self, channel: str) -> list[str]:
        """Who is owed something that what comes later waits behind."""
        waiting = select(outbox.c.user_id).where(
            outbox.c.channel == channel, outbox.c.to == "user", outbox.c.planned.is_(False)
        )
        with translate_errors():
            async with self._reader.connect() as connection:
                return [*(await connection.execute(waiting.distinct())).scalars()]

    async def next_due(self, channel: str) -> datetime | None:
        """When the next message is due that is not due yet or is being sent; None when there is none.

        What waits behind another of its chat is due when that one is gone, whatever was set for it.
        """
        with translate_errors():
            async with self._reader.connect() as connection:
                next_ = select(func.min(outbox.c.due_at)).where(outbox.c.id.in_(_first(channel)))
                at: str | None = (await connection.execute(next_)).scalar()
        return time_of(at) if at else None

    @run_to_completion
    async def recall(self, channel: str, at: datetime) -> None:
        """Messages whose sender was killed are due again at once; for the start of the only sender."""
        async with self._writing() as connection:
            # What is due later than any claim ends is not claimed: a pause that Telegram asked for.
            claims_end = text_of(at + timedelta(seconds=CLAIMED_S))
            taken = (outbox.c.channel == channel, outbox.c.tries > 0, outbox.c.due_at <= claims_end)
            await connection.execute(update(outbox).where(*taken).values(due_at=text_of(at)))

    @run_to_completion
    async def settle(self, post: Post, delivered: Delivered, at: datetime, also: Sequence[Effect] = ()) -> bool:
        """Note what became of a message. Whether it is done with, and does not come again."""
        outcome = delivered.outcome
        async with self._writing() as connection:
            row = (await connection.execute(select(outbox).where(outbox.c.id == post.number))).mappings().first()
            if row is None:  # its graduate was forgotten meanwhile
                return True
            if outcome.became == "later" or (outcome.became == "unsure" and row["tries"] < MOST_TRIES):
                again = outcome.resume_at or at + timedelta(seconds=AGAIN_S)
                await connection.execute(update(outbox).where(outbox.c.id == post.number).values(due_at=text_of(again)))
                return False
            if row["ticket"] is not None and row["to"] == "staff" and outcome.became == "sent":
                await _note_delivery(connection, row["ticket"], delivered)
            await connection.execute(delete(outbox).where(outbox.c.id == post.number))
            channel = row["channel"]
            await apply(connection, also, channel, "", at)
            return True


async def _note_delivery(connection: AsyncConnection, ticket: int, delivered: Delivered) -> None:
    if delivered.outcome.message:
        await connection.execute(insert(ticket_messages), {"ticket": ticket, "message": delivered.outcome.message})
    if delivered.thread:
        await connection.execute(update(tickets).where(tickets.c.id == ticket).values(thread=delivered.thread))


def _first(channel: str) -> Any:
    """The number of the first message of each chat, and of the first that is planned for it."""
    chat = func.coalesce(outbox.c.user_id, people.c.user_id, "")
    return (
        select(func.min(outbox.c.id))
        .select_from(_outbox_with_addressees())
        .where(outbox.c.channel == channel)
        .group_by(outbox.c.to == "staff", chat, outbox.c.planned)
    )


def _outbox_with_addressees() -> Any:
    """The outbox with the ticket of each message, and the graduate where it goes to them."""
    return outbox.outerjoin(tickets, tickets.c.id == outbox.c.ticket).outerjoin(
        people, and_(people.c.id == tickets.c.person, outbox.c.to == "graduate")
    )


def _row(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "state": ticket.state,
        "notice": ticket.notice,
        "step": ticket.step,
        "topics": json.dumps(ticket.topics),
        "waiting_since": ticket.waiting_since and text_of(ticket.waiting_since),
        "release_at": ticket.release_at and text_of(ticket.release_at),
        "taken_by": ticket.taken_by,
    }


def ticket_of_row(row: RowMapping) -> Ticket:
    """The ticket in a row of its table."""
    return Ticket(
        row["number"],
        row["state"],
        row["version"],
        row["notice"],
        row["step"],
        tuple(json.loads(row["topics"])),
        time_of(row["waiting_since"]),
        time_of(row["release_at"]),
        row["taken_by"],
    )


def _outbox_row(message: Queued, channel: str, at: datetime) -> dict[str, Any]:
    return {
        "channel": channel,
        "to": message.to,
        "user_id": message.user,
        "ticket_number": message.ticket,
        "title": message.title,
        "thread": message.thread,
        "answers": message.under,
        "reply": _REPLY.dump_json(message.reply).decode() if message.reply else None,
        "commands": message.commands,
        "due_at": text_of(message.due_at or message.planned_at or at),
        "tries": 0,
        "planned": message.planned_at is not None,
    }


def _post(row: RowMapping) -> Post:
    # The ticket's thread and messages are the staff chat's: no other chat knows them.
    to_staff = row["to"] == "staff"
    return Post(
        row["id"],
        None if to_staff else row["user_id"] or row["graduate"],
        _REPLY.validate_json(row["reply"]) if row["reply"] else None,
        row["title"],
        (row["in_thread"] if to_staff else None) or row["thread"],
        row["answers"] or (row["under"] if to_staff else None),
        row["commands"],
        row["number"],
        not row["more"],
    )
