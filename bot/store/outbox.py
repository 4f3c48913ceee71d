"""Messages to other chats than the one that spoke, until they are delivered.

Queued inside a turn's transaction; claimed and settled outside. A message leaves the outbox when it was delivered, so
after a kill in between it is sent again: at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, and_, bindparam, case, delete, exists, func, insert, not_, or_, select, update
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

WORDS_EVERY_S = 6
"""Seconds between messages with words of one graduate to staff; a group takes 20 a minute from all."""
JOIN_FROM = 4
"""Replies that wait for one person from which on further ones are joined."""
MOST_OWED = 10
"""Replies that wait for one person at most, joined ones counted once."""
MOST_JOINED = 3500
"""Characters of replies that are joined."""

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
_TICKET = select(tickets.c.id).where(tickets.c.number == bindparam("ticket_number")).scalar_subquery()
_QUEUE = insert(outbox).values(ticket=_TICKET)
# An answer reaches a graduate where they are, not where it was written.
_THEIR_CHANNEL = (
    select(people.c.channel)
    .join(tickets, tickets.c.person == people.c.id)
    .where(tickets.c.number == bindparam("ticket_number"))
    .scalar_subquery()
)
_QUEUE_FOR_GRADUATE = _QUEUE.values(channel=func.coalesce(_THEIR_CHANNEL, bindparam("channel_of_origin")))
# The outbox with the ticket of each message, and the graduate where it goes to them.
_ADDRESSED = outbox.outerjoin(tickets, tickets.c.id == outbox.c.ticket).outerjoin(
    people, and_(people.c.id == tickets.c.person, outbox.c.to == "graduate")
)


def join_replies(first: Reply, then: Reply) -> Reply | None:
    """Return two replies as one with the buttons of the second; None when one is more than words, or both too long."""
    if any(one.attachment or one.bulletin or one.link or one.copies or one.picture for one in (first, then)):
        return None
    said = f"{first.text}\n\n（{first.source}）" if first.source else first.text
    text = f"{said}\n\n{then.text}"
    return replace(then, text=text) if len(text) <= MOST_JOINED else None


def _owed(channel: str, message: Queued) -> Any:
    """Select what waits for the person of a message, oldest first."""
    theirs = (outbox.c.channel == channel, outbox.c.to == "user", outbox.c.user_id == message.user)
    is_reply = (outbox.c.planned.is_(False), outbox.c.reply.is_not(None))
    return select(outbox.c.id, outbox.c.reply, outbox.c.tries).where(*theirs, *is_reply).order_by(outbox.c.id)


async def queue(connection: AsyncConnection, message: Queued, origin: Origin) -> None:
    """Add a message to the outbox."""
    if message.joins:
        if await _join_waiting(connection, message):
            return
        message = replace(message, due_at=await _schedule_words(connection, message, origin.at))
    row = _row(message, origin)
    if message.to == "graduate":
        row["channel_of_origin"] = row.pop("channel")
    await connection.execute(_QUEUE_FOR_GRADUATE if message.to == "graduate" else _QUEUE, row)


async def _join_waiting(connection: AsyncConnection, message: Queued) -> bool:
    """Add words to the last message of their ticket that waits for staff; False when none waits, or it is full."""
    of_ticket = (tickets.c.number == message.ticket, outbox.c.to == "staff")
    rows = select(outbox.c.id, outbox.c.reply, outbox.c.tries).select_from(outbox.join(tickets)).where(*of_ticket)
    last = (await connection.execute(rows.order_by(outbox.c.id.desc()).limit(1))).first()
    if last is None or last.tries or not last.reply or message.reply is None:
        return False
    joined = join_replies(_REPLY.validate_json(last.reply), message.reply)
    if joined is None:
        return False
    unclaimed = update(outbox).where(outbox.c.id == last.id, outbox.c.tries == 0)
    return (await connection.execute(unclaimed.values(reply=_REPLY.dump_json(joined).decode()))).rowcount == 1


async def _schedule_words(connection: AsyncConnection, message: Queued, at: datetime) -> datetime:
    """Return when words of a graduate may go to staff: WORDS_EVERY_S after the last ones."""
    this = tickets.c.number == message.ticket
    found = (await connection.execute(select(tickets.c.words_due_at).where(this))).scalar()
    due = max(at, time_of(found)) if found else at
    after = text_of(due + timedelta(seconds=WORDS_EVERY_S))
    await connection.execute(update(tickets).where(this).values(words_due_at=after))
    return due


class OutboxRows(Rows):
    """The outbox of an open store."""

    @run_to_completion
    async def claim(self, channel: str, at: datetime) -> list[Post]:
        """Return the next due message of each chat, oldest first, at most CLAIMED; they are claimed for CLAIMED_S."""
        is_due = select(outbox.c.id).where(_is_ours(channel), outbox.c.due_at <= text_of(at)).limit(1)
        if not await self._fetch(is_due):
            return []
        async with self._writing() as connection:
            claimed = [number for (number,) in await connection.execute(_claim(channel, at))]
            rows = await connection.execute(_posts(channel, claimed)) if claimed else ()
            return [_post(row) for row in rows]

    @run_to_completion
    async def owe(self, messages: Sequence[Queued], channel: str, at: datetime) -> None:
        """Queue replies to one person. From JOIN_FROM on that wait, a plain one joins the last of them; MOST_OWED wait.

        Beyond that, the newest takes the place of the last: it shows how things stand.
        """
        async with self._writing() as connection:
            for message in messages:
                waiting = (await connection.execute(_owed(channel, message))).all()
                if len(waiting) < JOIN_FROM or waiting[-1].tries or message.under:
                    await queue(connection, message, Origin(channel, "", at))
                    continue
                last, new = _REPLY.validate_json(waiting[-1].reply), message.reply
                joined = join_replies(last, new) if new else None
                if joined is None and len(waiting) < MOST_OWED:
                    await queue(connection, message, Origin(channel, "", at))
                elif becomes := joined or new:
                    this = update(outbox).where(outbox.c.id == waiting[-1].id)
                    await connection.execute(this.values(reply=_REPLY.dump_json(becomes).decode()))

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
        claimed = (_is_ours(channel), outbox.c.tries > 0, outbox.c.due_at <= claims_end)
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


def _is_ours(channel: str) -> Any:
    """Hold for what a channel delivers: its own, and everything for staff, as only one with a staff chat delivers."""
    return or_(outbox.c.channel == channel, outbox.c.to == "staff")


def _first(channel: str) -> Any:
    """Select the number of the first message of each chat (for staff: of each ticket), and of the first planned.

    Words for staff wait for the ticket's card and whatever else was said before them.
    """
    chat = func.coalesce(outbox.c.user_id, people.c.user_id, "")
    before = outbox.alias()
    of_ticket = (before.c.ticket == outbox.c.ticket, before.c.to == "staff", before.c.planned.is_(False))
    waits = and_(outbox.c.to == "staff", outbox.c.planned, exists().where(*of_ticket, before.c.id < outbox.c.id))
    return (
        select(func.min(outbox.c.id))
        .select_from(_ADDRESSED)
        .where(_is_ours(channel), not_(waits))
        .group_by(outbox.c.to == "staff", case((outbox.c.to == "staff", outbox.c.ticket)), chat, outbox.c.planned)
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
        # Nothing waits for words: a press of staff is confirmed at once.
        "planned": message.planned_at is not None or message.joins,
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
