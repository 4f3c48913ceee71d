"""Messages to other chats than the one that spoke, until they are delivered.

Queued inside a turn's transaction; claimed, begun and settled outside. Whoever sends a message writes down before that
it `begins`, and afterwards its outcome; the message leaves the outbox when it was delivered. After a kill in between it
is sent again, at least once, and its sender knows that it may come twice. What was claimed and not begun surely did not
go out.

Messages that must keep their order (those of one chat, those about one ticket) form a lane. The first of a lane is its
`head`, and only heads are claimed: a claim looks at no message that waits behind another, however many there are. A
claim is a lease: the message belongs to `worker` until `due_at`, and then to whoever takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, and_, delete, exists, func, insert, not_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.console import OWN
from bot.domain.messages import Delivered, Post, Reply
from bot.domain.outbox import Queued, Swept
from bot.store.roles import copy_for_teachers
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.signals import signal
from bot.store.tables import IS_HEAD, outbox, people, ticket_copies, ticket_messages, ticket_words, tickets
from bot.store.ticket_tables import ticket_files
from bot.store.tickets import note_copy, note_delivery, note_thread
from bot.store.times import text_of, time_of
from bot.store.upsert import upsert

CLAIMED = 200
"""Most messages that are claimed at once."""
CLAIMED_S = 15
"""Seconds of a lease; whoever sends longer renews it. After a kill the message is sent again when they are over."""
STAFF = "staff"
"""The channel of messages for staff: whoever has a staff chat delivers them, wherever the graduate is."""
AGAIN_S = 60
"""Seconds until a message whose outcome is unknown is sent again."""

WORDS_EVERY_S = 6
"""Seconds between messages with words of one graduate to staff; a group takes 20 a minute from all."""
JOIN_FROM = 4
"""Replies that wait for one person from which on further ones are joined."""
MOST_OWED = 10
"""Replies that wait for one person at most, joined ones counted once."""
MOST_JOINED = 3500
"""Characters of replies that are joined."""

_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
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
    is_reply = (outbox.c.lane == user_lane(channel, message.user), outbox.c.to == "user", outbox.c.reply.is_not(None))
    return select(outbox.c.id, outbox.c.reply, outbox.c.tries).where(*is_reply).order_by(outbox.c.id)


def user_lane(channel: Any, user: Any) -> Any:
    """Return the lane of a person, of texts or of columns."""
    return channel + " user " + user


async def queue(connection: AsyncConnection, message: Queued, origin: Origin) -> None:
    """Add a message to the outbox; none to somebody who is in no chat. What goes to staff about a ticket goes to the
    teachers of its class as well, except to whoever causes it.
    """
    if message.user and OWN.fullmatch(message.user):
        return
    for copy, its_origin in await copy_for_teachers(connection, message, origin):
        await queue(connection, copy, its_origin)
    if message.joins:
        if await _join_waiting(connection, message):
            return
        message = replace(message, due_at=await _schedule_words(connection, message, origin.at))
    row = await _row(connection, message, origin)
    while not await _is_head(connection, row) and not await _is_behind(connection, row):
        pass  # the head has left between the two
    await signal(connection, "outbox")


async def _is_head(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Add a message as the head of its lane; False when the lane has one."""
    new = upsert(connection.dialect.name)(outbox).values(**row, head=True)
    new = new.on_conflict_do_nothing(index_elements=[outbox.c.lane], index_where=outbox.c.head)
    return (await connection.execute(new.returning(outbox.c.id))).first() is not None


async def _is_behind(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Add a message behind the head of its lane, which stays until both are committed; False when there is none."""
    head = select(outbox.c.id).where(outbox.c.lane == row["lane"], IS_HEAD)
    if (await connection.execute(head.with_for_update(read=True, key_share=True))).first() is None:
        return False
    await connection.execute(insert(outbox), row | {"head": False})
    return True


async def remove(connection: AsyncConnection, number: int) -> None:
    """Delete a head; the next message of its lane becomes the head."""
    gone = delete(outbox).where(outbox.c.id == number).returning(outbox.c.lane)
    lane = (await connection.execute(gone)).scalar()
    next_ = select(outbox.c.id).where(outbox.c.lane == lane).order_by(outbox.c.id).limit(1).scalar_subquery()
    await connection.execute(update(outbox).where(outbox.c.id == next_).values(head=True))


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
    async def claim(self, channel: str, at: datetime, worker: str = "") -> list[Post]:
        """Lease the messages that are due and first in their lane to a worker, at most CLAIMED; the oldest come first.

        Who still sends when CLAIMED_S are nearly over must `renew`.
        """
        due = await self.next_due(channel)
        if due is None or due > at:
            return []
        lease = {"worker": worker, "due_at": _lease_end(at), "tries": outbox.c.tries + 1}
        async with self._writing() as connection:
            claimed: list[int] = []
            for whose in dict.fromkeys((channel, STAFF)):
                free = _due(whose).where(outbox.c.due_at <= text_of(at)).limit(CLAIMED - len(claimed))
                # Not FOR UPDATE: that would wait for whoever adds a message behind.
                free = free.with_for_update(key_share=True, skip_locked=True, of=outbox)
                claimed += (await connection.execute(free)).scalars()
            if not claimed:
                return []
            await connection.execute(update(outbox).where(outbox.c.id.in_(claimed)).values(**lease))
            return [_post(row) for row in await connection.execute(_posts(claimed))]

    @run_to_completion
    async def begin(self, post: Post, at: datetime) -> bool:
        """Write down that a message is about to be sent. False: it is another worker's now, or gone; it must not be."""
        mine = (outbox.c.id == post.number, outbox.c.worker == post.worker)
        begun = update(outbox).where(*mine).values(unknown=post.unknown + 1, due_at=_lease_end(at))
        async with self._writing() as connection:
            return (await connection.execute(begun)).rowcount == 1

    @run_to_completion
    async def release(self, worker: str, at: datetime) -> None:
        """Let others have the messages of a worker that stops."""
        mine = update(outbox).where(IS_HEAD, outbox.c.worker == worker)
        async with self._writing() as connection:
            if (await connection.execute(mine.values(worker=None, due_at=text_of(at)))).rowcount:
                await signal(connection, "outbox")

    @run_to_completion
    async def renew(self, channel: str, worker: str, at: datetime) -> None:
        """Let the leases of a worker run from now on."""
        mine = (outbox.c.channel.in_((channel, STAFF)), IS_HEAD, outbox.c.worker == worker)
        async with self._writing() as connection:
            await connection.execute(update(outbox).where(*mine).values(due_at=_lease_end(at)))

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

    @run_to_completion
    async def leave(self, message: Queued, channel: str, at: datetime) -> int:
        """Queue a message that its person will fetch, and return its number."""
        mine = (outbox.c.channel == channel, outbox.c.to == message.to, outbox.c.user_id == message.user)
        async with self._writing() as connection:
            await queue(connection, message, Origin(channel, "", at))
            newest = await connection.execute(select(func.max(outbox.c.id)).where(*mine))
            return int(newest.scalar_one())

    @run_to_completion
    async def take_back(self, channel: str, user: str, number: int) -> bool:
        """Delete a message that still waits for a person; False when it does not wait any more."""
        this = (outbox.c.id == number, outbox.c.channel == channel, outbox.c.user_id == user)
        async with self._writing() as connection:
            if not (await connection.execute(select(outbox.c.id).where(*this).with_for_update())).first():
                return False
            await remove(connection, number)
            return True

    async def list_debtors(self, channel: str) -> list[str]:
        """Return the users for whom something waits that later messages wait behind."""
        waiting = select(outbox.c.user_id).where(
            outbox.c.channel == channel, outbox.c.to == "user", outbox.c.planned.is_(False)
        )
        return [user for (user,) in await self._fetch(waiting.distinct())]

    async def next_due(self, channel: str) -> datetime | None:
        """Return when the next message is due, or due again, of those first in their lane; None when there is none."""
        heads = [_due(whose).with_only_columns(outbox.c.due_at).limit(1).subquery() for whose in (channel, STAFF)]
        rows = await self._fetch(union_all(*(select(head) for head in heads)))
        return time_of(min(row.due_at for row in rows)) if rows else None

    @run_to_completion
    async def settle(self, post: Post, delivered: Delivered, at: datetime, news: Sequence[Queued] = ()) -> bool:
        """Write down the outcome of a message, and queue what follows. False: it will be sent again."""
        outcome = delivered.outcome
        this = outbox.c.id == post.number
        async with self._writing() as connection:
            row = (await connection.execute(select(outbox).where(this).with_for_update())).first()
            if row is None:  # its graduate was forgotten meanwhile, or it was settled after the lease was over
                return True
            if outcome.became in ("later", "unsure"):
                again = text_of(max(at, outcome.resume_at or at + timedelta(seconds=AGAIN_S)))
                unknown = post.unknown + (outcome.became == "unsure")
                mine = update(outbox).where(this, outbox.c.worker == post.worker)
                left = await connection.execute(mine.values(due_at=again, worker=None, unknown=unknown))
                if left.rowcount and row.ticket is not None and row.to == "staff":
                    await note_thread(connection, row.ticket, delivered)
                return False
            if row.ticket is not None and outcome.became == "sent" and not row.change:
                await _note(connection, row, delivered)
            await remove(connection, post.number)
            for message in news:
                await queue(connection, message, Origin(row.channel, "", at))
            return True


async def _note(connection: AsyncConnection, row: Row[Any], delivered: Delivered) -> None:
    """Write down by which numbers a delivered message about a ticket is found again."""
    if row.to == "staff":
        await note_delivery(connection, row.ticket, delivered, fleeting=row.fleeting)
    elif row.to == "user" and row.fleeting:
        await note_delivery(connection, row.ticket, delivered, fleeting=True, chat=f"{row.channel} {row.user_id}")
    elif row.source and delivered.outcome.message:
        await note_copy(connection, row.ticket, row.source, delivered.outcome.message)


async def delete_fleeting(connection: AsyncConnection, swept: Swept, origin: Origin) -> None:
    """Queue the deletion of what is fleeting of a ticket in the chats of staff; what waits to go there does not go. The
    graduate's files and number to call are kept no more.
    """
    this = select(tickets.c.id).where(tickets.c.number == swept.number).scalar_subquery()
    found = (ticket_messages.c.ticket == this, ticket_messages.c.fleeting)
    sent = select(ticket_messages.c.message, ticket_messages.c.chat).where(*found)
    for message, chat in (await connection.execute(sent)).all():
        channel, _, user = (chat or origin.channel).partition(" ")
        gone = Queued("user" if chat else "staff", swept.said, user=user or None, change="delete", source=message)
        await queue(connection, gone, Origin(channel, origin.user, origin.at))
    await connection.execute(update(ticket_messages).where(*found).values(fleeting=False))
    await connection.execute(update(outbox).where(outbox.c.ticket == this, outbox.c.fleeting).values(reply=None))
    for kept, is_theirs in ((ticket_files, ticket_files.c.side == "graduate"), (ticket_words, ticket_words.c.fleeting)):
        await connection.execute(delete(kept).where(kept.c.ticket == this, is_theirs))


def _lease_end(at: datetime) -> str:
    return text_of(at + timedelta(seconds=CLAIMED_S))


def _due(channel: str) -> Any:
    """Select the numbers of heads, the one due first before all others.

    Words for staff are left out while the ticket's card, or whatever else was said before them, waits.
    """
    before = outbox.alias()
    of_ticket = (before.c.ticket == outbox.c.ticket, before.c.to == "staff", before.c.planned.is_(False))
    waits = and_(outbox.c.to == "staff", outbox.c.planned, exists().where(*of_ticket, before.c.id < outbox.c.id))
    heads = select(outbox.c.id).where(outbox.c.channel == channel, IS_HEAD, not_(waits))
    return heads.order_by(outbox.c.due_at, outbox.c.id)


def _posts(numbers: Sequence[int]) -> Any:
    """Select messages with all that their sender needs, oldest first."""
    newest_of_ticket = (
        select(ticket_messages.c.message)
        .where(ticket_messages.c.ticket == tickets.c.id, ticket_messages.c.chat.is_(None))
        .order_by(ticket_messages.c.id.desc())
        .limit(1)
        .correlate(tickets)
        .scalar_subquery()
    )
    copy = (
        select(ticket_copies.c.message)
        .where(ticket_copies.c.ticket == outbox.c.ticket, ticket_copies.c.source == outbox.c.source)
        .order_by(ticket_copies.c.id.desc())
        .limit(1)
        .correlate(outbox)
        .scalar_subquery()
    )
    behind = outbox.alias()
    is_more = exists().where(behind.c.lane == outbox.c.lane, behind.c.id > outbox.c.id)
    more = (
        people.c.user_id.label("graduate"),
        tickets.c.number,
        tickets.c.thread.label("in_thread"),
        newest_of_ticket.label("under"),
        is_more.label("is_more"),
        copy.label("copy"),
    )
    return select(outbox, *more).select_from(_ADDRESSED).where(outbox.c.id.in_(numbers)).order_by(outbox.c.id)


async def _row(connection: AsyncConnection, message: Queued, origin: Origin) -> dict[str, Any]:
    about = select(tickets.c.id, people.c.channel, people.c.user_id).join(people)
    about = about.where(tickets.c.number == message.ticket)
    ticket = (await connection.execute(about)).first() if message.ticket else None
    due_at = text_of(message.due_at or message.planned_at or origin.at)
    channel = message.channel or origin.channel
    if message.to == "staff":
        channel, lane = STAFF, f"{STAFF} {ticket.id if ticket else ''}{' words' if message.joins else ''}"
    else:
        # An answer reaches a graduate where they are, not where it was written.
        channel = ticket.channel if ticket and message.to == "graduate" else channel
        lane = user_lane(channel, message.user or (ticket.user_id if ticket else ""))
        lane += f" at {due_at}" if message.planned_at else ""
    return {
        "channel": channel,
        "to": message.to,
        "user_id": message.user,
        "ticket": ticket.id if ticket else None,
        "title": message.title,
        "thread": message.thread,
        "answers": message.under,
        "reply": _REPLY.dump_json(message.reply).decode() if message.reply else None,
        "commands": message.commands,
        "due_at": due_at,
        "since": due_at,
        "tries": 0,
        # Nothing waits for words: a press of staff is confirmed at once.
        "planned": message.planned_at is not None or message.joins,
        "owed": message.owed,
        "lane": lane,
        "change": message.change,
        "source": message.source,
        "fleeting": message.fleeting,
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
        None if row.to == "user" else row.number,
        not row.is_more,
        row.worker or "",
        row.unknown,
        row.change,
        row.source,
        row.copy,
    )
