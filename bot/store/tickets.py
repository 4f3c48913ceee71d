"""Tickets as rows: changed inside a turn's transaction, read outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, and_, bindparam, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.classes import Classes
from bot.domain.effects import Outdated
from bot.domain.messages import Delivered, Sent
from bot.domain.tickets import Changed, Opened, Ticket, TicketFile, TicketSide, TicketState, TicketWords
from bot.store.audience import of_classes
from bot.store.rows import Origin, ReadRows
from bot.store.tables import join_codes, people, ticket_copies, ticket_messages, ticket_words, tickets
from bot.store.ticket_tables import ticket_files
from bot.store.times import text_of, time_of
from bot.store.upsert import upsert

_PERSON = (
    select(people.c.id)
    .where(people.c.channel == bindparam("who_channel"), people.c.user_id == bindparam("who_user"))
    .scalar_subquery()
)
_OPEN = insert(tickets).values(person=_PERSON)
_WAITS_LONGEST = func.coalesce(tickets.c.waiting_since, "9")
_FILES: TypeAdapter[tuple[Sent, ...]] = TypeAdapter(tuple[Sent, ...])


@dataclass(frozen=True, slots=True)
class FoundTicket:
    """A ticket that staff refer to; `current` is the number of its graduate's ticket that is not closed, `channel` the
    one in which the graduate is.
    """

    ticket: Ticket
    current: str | None
    channel: str


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """Words about a ticket; `who` is the id of the member of staff, None: the graduate."""

    at: datetime
    side: TicketSide
    who: str | None
    text: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is kept with a ticket; `source` is the channel's own id of it, None: its content is kept."""

    id: int
    at: datetime
    side: TicketSide
    who: str | None
    name: str
    size: int
    source: str | None


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket in a list; `last` are the words that were said last, empty when there are none."""

    id: int
    ticket: Ticket
    opened_at: datetime
    last: str


class TicketRows(ReadRows):
    """Tickets of an open store."""

    async def find(
        self,
        *,
        number: str | None = None,
        thread: str | None = None,
        message: str | None = None,
        within: Classes | None = None,
    ) -> FoundTicket | None:
        """Return the ticket of a button, else of a thread, else of the message that is replied to; with `within` none
        of a graduate outside these classes.
        """
        if not (number or thread or message):
            return None
        other = tickets.alias()
        current = (
            select(other.c.number)
            .where(other.c.person == tickets.c.person, other.c.state != "closed")
            .scalar_subquery()
            .label("current")
        )
        newest = select(tickets, current, people.c.channel).join(people).where(_is_meant(number, thread, message))
        newest = newest.where(of_classes(within)) if within else newest
        rows = await self._fetch(newest.order_by(tickets.c.id.desc()).limit(1))
        return FoundTicket(ticket_of_row(rows[0]), rows[0].current, rows[0].channel) if rows else None

    async def count_opened(self, channel: str, user: str, since: datetime) -> int:
        """Return the number of tickets that a person has opened since then, closed ones included."""
        theirs = (people.c.channel == channel, people.c.user_id == user, tickets.c.opened_at >= text_of(since))
        query = select(func.count()).select_from(tickets.join(people, people.c.id == tickets.c.person)).where(*theirs)
        ((count,),) = await self._fetch(query)
        return int(count)

    async def count_of_strangers(self, channels: Sequence[str], since: datetime) -> int:
        """Return the number of tickets that people without a join code opened in these channels since then."""
        coded = select(join_codes.c.id).where(join_codes.c.person == people.c.id).exists()
        which = (people.c.channel.in_(channels), tickets.c.opened_at >= text_of(since), ~coded)
        query = select(func.count()).select_from(tickets.join(people, people.c.id == tickets.c.person)).where(*which)
        ((count,),) = await self._fetch(query)
        return int(count)

    async def pending(self, within: Classes | None = None) -> list[Ticket]:
        """Return the tickets that are not closed, oldest first; with `within` those of these classes alone."""
        return await self._tickets(and_(tickets.c.state != "closed", _is_seen(within)))

    async def page(
        self,
        states: Sequence[TicketState],
        most: int,
        before: int | None = None,
        within: Classes | None = None,
        after: int = 0,
    ) -> list[ListedTicket]:
        """Return tickets in these states: those that wait first, the longest wait first; else the newest first.

        `before`: the id after which a page of closed tickets goes on; `after`: how many of open ones are left out, with
        `within` those of other classes.
        """
        last = (
            select(ticket_words.c.text)
            .where(ticket_words.c.ticket == tickets.c.id, ticket_words.c.side != "note")
            .order_by(ticket_words.c.id.desc())
            .limit(1)
            .scalar_subquery()
            .label("last")
        )
        which = [tickets.c.state.in_(states), _is_seen(within), *([tickets.c.id < before] if before else [])]
        order = (tickets.c.id.desc(),) if "closed" in states else (_WAITS_LONGEST, tickets.c.id)
        rows = await self._fetch(select(tickets, last).where(*which).order_by(*order).limit(most).offset(after))
        return [ListedTicket(row.id, ticket_of_row(row), time_of(row.opened_at), row.last or "") for row in rows]

    async def earlier(self, number: str, most: int) -> list[ListedTicket]:
        """Return the other tickets of the same person, the newest first, without their words."""
        whose = select(tickets.c.person).where(tickets.c.number == number).scalar_subquery()
        theirs = select(tickets).where(tickets.c.person == whose, tickets.c.number != number)
        rows = await self._fetch(theirs.order_by(tickets.c.id.desc()).limit(most))
        return [ListedTicket(row.id, ticket_of_row(row), time_of(row.opened_at), "") for row in rows]

    async def count_waiting(self, within: Classes | None = None) -> int:
        """Return the number of tickets that wait for an answer; with `within` of these classes alone."""
        waiting = (tickets.c.state != "closed", tickets.c.waiting_since.is_not(None), _is_seen(within))
        ((count,),) = await self._fetch(select(func.count()).select_from(tickets).where(*waiting))
        return int(count)

    async def words(self, number: str, most: int) -> list[SpokenWords]:
        """Return the last words about a ticket, oldest first."""
        said = select(ticket_words).join(tickets, tickets.c.id == ticket_words.c.ticket)
        newest = said.where(tickets.c.number == number).order_by(ticket_words.c.id.desc()).limit(most)
        rows = await self._fetch(newest)
        return [SpokenWords(time_of(row.at), row.side, row.who, row.text) for row in reversed(rows)]

    async def files(self, number: str) -> list[KeptFile]:
        """Return the files that are kept with a ticket, oldest first."""
        kept = select(*(ticket_files.c[name] for name in ("id", "at", "side", "who", "name", "size", "source")))
        kept = kept.join(tickets, tickets.c.id == ticket_files.c.ticket).where(tickets.c.number == number)
        rows = await self._fetch(kept.order_by(ticket_files.c.id))
        return [KeptFile(row[0], time_of(row.at), *row[2:]) for row in rows]

    async def load_file(self, key: str) -> bytes | None:
        """Return the content of a file by its key; None when none is kept."""
        rows = await self._fetch(select(ticket_files.c.data).where(ticket_files.c.key == key))
        return rows[0].data if rows else None

    async def load_own(self, number: str, file: int) -> bytes | None:
        """Return the content of a file of a ticket by its number; None when none is kept."""
        own = select(ticket_files.c.data).join(tickets, tickets.c.id == ticket_files.c.ticket)
        rows = await self._fetch(own.where(tickets.c.number == number, ticket_files.c.id == file))
        return rows[0].data if rows else None

    async def overdue(self, at: datetime) -> list[Ticket]:
        """Return the tickets in which nobody said anything for too long, oldest first."""
        return await self._tickets(and_(tickets.c.release_at <= text_of(at), tickets.c.state.in_(("open", "taken"))))

    async def _tickets(self, which: Any) -> list[Ticket]:
        found = select(tickets).where(which).order_by(tickets.c.id)
        return [ticket_of_row(row) for row in await self._fetch(found)]


def _is_seen(within: Classes | None) -> Any:
    """Hold for tickets of graduates in these classes; for all where there are none."""
    return tickets.c.person.in_(select(people.c.id).where(of_classes(within))) if within else true()


def _is_meant(number: str | None, thread: str | None, message: str | None) -> Any:
    if number:
        return tickets.c.number == number
    if thread:
        return tickets.c.thread == thread
    # The newest: a group that became a supergroup counts its messages anew.
    newest = ticket_messages.c.id.desc()
    there = (ticket_messages.c.message == message, ticket_messages.c.chat.is_(None))
    of_message = select(ticket_messages.c.ticket).where(*there).order_by(newest).limit(1)
    return tickets.c.id == of_message.scalar_subquery()


async def open_ticket(connection: AsyncConnection, opened: Opened, origin: Origin) -> None:
    """Add a ticket of the person whose turn it is."""
    who = {"who_channel": origin.channel, "who_user": origin.user}
    await connection.execute(_OPEN, _row(opened.ticket) | who | {"version": 0, "opened_at": text_of(origin.at)})


async def add_words(connection: AsyncConnection, words: TicketWords, origin: Origin) -> None:
    """Keep words about a ticket."""
    own = tickets.c.number == words.number
    whose, ticket = (select(column).where(own).scalar_subquery() for column in (tickets.c.person, tickets.c.id))
    who = None if words.side == "graduate" else origin.user
    row = insert(ticket_words).values(person=whose, ticket=ticket, at=text_of(origin.at), side=words.side, who=who)
    await connection.execute(row.values(text=words.text, fleeting=words.fleeting))


async def add_file(connection: AsyncConnection, file: TicketFile, origin: Origin) -> None:
    """Keep a file with its ticket; one with the same key is there already."""
    own = tickets.c.number == file.number
    row: dict[str, Any] = {"person": select(tickets.c.person).where(own).scalar_subquery()}
    row |= {"ticket": select(tickets.c.id).where(own).scalar_subquery(), "at": text_of(origin.at), "side": file.side}
    row |= {"who": None if file.side == "graduate" else origin.user, "key": file.key, "name": file.name}
    row |= {"size": file.size, "source": file.source, "data": file.content}
    await connection.execute(upsert(connection.dialect.name)(ticket_files).values(row).on_conflict_do_nothing())


async def change_ticket(connection: AsyncConnection, changed: Changed, _: Origin) -> None:
    """Write a ticket as it is now. Outdated when its version is no longer the one that was read."""
    ticket = changed.ticket
    written = await connection.execute(
        update(tickets)
        .where(tickets.c.number == ticket.number, tickets.c.version == ticket.version)
        .values(**_row(ticket), version=ticket.version + 1)
    )
    if written.rowcount != 1:
        raise Outdated(ticket.number)


async def note_delivery(
    connection: AsyncConnection, ticket: int, delivered: Delivered, *, fleeting: bool, chat: str | None = None
) -> None:
    """Write down the message and the thread in the staff chat by which staff may refer to a ticket; with a `chat` what
    went to a teacher there.
    """
    if delivered.outcome.message:
        row = {"ticket": ticket, "message": delivered.outcome.message, "fleeting": fleeting, "chat": chat}
        await connection.execute(insert(ticket_messages), row)
    await note_thread(connection, ticket, delivered)


async def note_thread(connection: AsyncConnection, ticket: int, delivered: Delivered) -> None:
    """Write down the thread in the staff chat, also before anything is in it: words of staff there are known then."""
    if delivered.thread:
        await connection.execute(update(tickets).where(tickets.c.id == ticket).values(thread=delivered.thread))


async def note_copy(connection: AsyncConnection, ticket: int, source: str, message: str) -> None:
    """Write down the graduate's copy of a message in the staff chat."""
    await connection.execute(insert(ticket_copies), {"ticket": ticket, "source": source, "message": message})


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
        "taken_at": ticket.taken_at and text_of(ticket.taken_at),
        "held": _FILES.dump_json(ticket.held).decode() if ticket.held else None,
    }


def ticket_of_row(row: Row[Any]) -> Ticket:
    """Return the ticket in a row of its table."""
    return Ticket(
        row.number,
        row.state,
        row.version,
        row.notice,
        row.step,
        tuple(json.loads(row.topics)),
        time_of(row.waiting_since),
        time_of(row.release_at),
        row.taken_by,
        time_of(row.taken_at),
        _FILES.validate_json(row.held) if row.held else (),
    )
