"""How long rows live, and what ends them: in pieces, oldest first, so that no turn waits for them.

| rows | live |
|---|---|
| everything of a person | until they stayed away for as long as the notice says, or say 忘记我 |
| everything of a passer-by | `PASSERS`, where an identity costs nothing; of the last `MOST_PASSERS` |
| unanswered questions | as long as somebody who came last when they were asked |
| events of steps | `EVENTS` |
| recipients of a broadcast | `RECIPIENTS` after its end; its numbers stay in the chain of proof |
| the audit | `AUDIT` |
| files about a ticket | `TICKET_FILES`; those of a graduate until the ticket closes |
| revisions of the content | `REVISIONS` after a newer one came; their texts as long as anything refers to them |
| counts by day, the chain of proof | for ever: they lead to nobody |
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Select, Table, delete, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.knowledge_tables import drafts, revisions, texts, trials, wanted_answers
from bot.store.people import tables_of_a_person
from bot.store.rows import Rows, RunningTasks, run_to_completion
from bot.store.tables import audit, misses, outbox, people, step_events
from bot.store.ticket_tables import ticket_files
from bot.store.times import text_of

EVENTS = timedelta(days=400)
RECIPIENTS = timedelta(days=400)
AUDIT = timedelta(days=3 * 365)
TICKET_FILES = timedelta(days=30)
REVISIONS = timedelta(days=2 * 365)
PEOPLE_AT_ONCE = 100
"""People who are deleted in one transaction at most, with some dozens of rows each."""
ROWS_AT_ONCE = 1_000
PASSERS = timedelta(days=1)
MOST_PASSERS = 100_000
PASSING_TURNS = 2
"""Turns of somebody who arrived, did one thing, and never began the walk: a passer-by, or a machine."""
TEXTS_AT_ONCE = 100
PIECE_S = 0.01
"""Seconds of work in a transaction: on SQLite, turns wait for it. The next one is as much smaller or larger."""
RESTS = 1
"""On SQLite, rest after a piece for as many times as long as it took: turns have the database and the processor."""


Piece = Callable[[AsyncConnection, int], Awaitable[int]]
"""Deletes a piece in a transaction, so many rows at most, and returns how many, 0 when there are no more."""


class LifeRows(Rows):
    """Whatever has lived long enough in an open store. `wipe` removes what was deleted from SQLite's log as well."""

    def __init__(
        self,
        reader: AsyncEngine,
        writing: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        under_way: RunningTasks,
        wipe: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(reader, writing, under_way)
        self._wipe = wipe

    async def expire(self, idle_since: datetime) -> int:
        """Delete everybody who has not come since then, and older unanswered questions; return how many people."""
        await self._in_pieces(partial(delete_misses, since=idle_since), ROWS_AT_ONCE)
        return await self._in_pieces(partial(delete_idle, since=idle_since), PEOPLE_AT_ONCE)

    async def forget_passers(self, channels: Sequence[str], at: datetime) -> int:
        """Delete who came by once in channels where an identity costs nothing, and began nothing; return how many."""
        return await self._in_pieces(partial(delete_passers, channels=channels, at=at), PEOPLE_AT_ONCE)

    async def prune(self, at: datetime) -> int:
        """Delete what has lived long enough at this moment, whoever it is of; return how many rows."""
        return await self._in_pieces(partial(delete_old, at=at), ROWS_AT_ONCE)

    async def _in_pieces(self, delete_piece: Piece, most: int) -> int:
        """Delete in a transaction for each piece, so that turns come in between; return the sum."""
        # To look for them costs something as well; on PostgreSQL nobody waits for it.
        alone = self._dialect == "sqlite"
        total, least = 0, max(1, most // 10) if alone else most
        size = least
        while True:
            began = time.monotonic()
            deleted, took_s = await self._run(delete_piece, size)
            if not deleted:
                break
            total += deleted
            size = min(most, max(least, int(size * min(2.0, PIECE_S / max(took_s, 1e-6)))))
            if alone:
                await asyncio.sleep(RESTS * (time.monotonic() - began))
        if total:
            await self._wipe()
        return total

    @run_to_completion
    async def _run(self, delete_piece: Piece, size: int) -> tuple[int, float]:
        """Delete a piece; return how many rows, and the seconds of work until it was committed.

        On a busy machine most of the time goes by without any work, and smaller pieces would only make more of it.
        """
        async with self._writing() as connection:
            began, worked = time.monotonic(), time.process_time()
            deleted = await delete_piece(connection, size)
            took_s = min(time.monotonic() - began, time.process_time() - worked)
        return deleted, took_s


async def delete_idle(connection: AsyncConnection, most: int, since: datetime) -> int:
    """Delete a piece of those who have not come since then; return how many people, 0 when there are no more."""
    idle = select(people.c.id).where(people.c.updated_at < text_of(since)).order_by(people.c.updated_at)
    return await _delete_people(connection, idle.limit(most))


async def delete_passers(connection: AsyncConnection, most: int, channels: Sequence[str], at: datetime) -> int:
    """Delete a piece of the passers-by: those of more than PASSERS ago, and all before the last MOST_PASSERS."""
    began = [table for table in tables_of_a_person() if table.name not in ("handled_updates", "step_events")]
    which = (
        people.c.channel.in_(channels),
        people.c.step.is_(None),
        people.c.turns <= PASSING_TURNS,
        ~people.c.consents,
        *(~select(table.c.id).where(table.c.person == people.c.id).exists() for table in began),
    )
    newest = (
        select(people.c.updated_at).where(*which).order_by(people.c.updated_at.desc()).offset(MOST_PASSERS).limit(1)
    )
    over = (await connection.execute(newest)).scalar() or ""
    old = (people.c.updated_at < text_of(at - PASSERS)) | (people.c.updated_at <= over)
    passers = select(people.c.id).where(*which, old).order_by(people.c.updated_at)
    return await _delete_people(connection, passers.limit(most))


async def _delete_people(connection: AsyncConnection, which: Select[tuple[int]]) -> int:
    """Delete these people and everything of theirs; whoever has a turn just now stays. Return how many."""
    ids = (await connection.execute(which.with_for_update(skip_locked=True, of=people))).scalars().all()
    if ids:
        theirs = people.c.id.in_(ids)
        gone = select(people.c.id).where(
            people.c.channel == outbox.c.channel, people.c.user_id == outbox.c.user_id, theirs
        )
        await connection.execute(delete(outbox).where(outbox.c.to == "user", gone.exists()))
        # Most people have rows in few of the tables, and every statement is a switch of threads on SQLite.
        found: list[Select[Any]] = [
            select(literal_column(f"'{table.name}'")).where(select(table.c.id).where(table.c.person.in_(ids)).exists())
            for table in tables_of_a_person()
        ]
        names = set((await connection.execute(union_all(*found))).scalars())
        for table in tables_of_a_person():
            if table.name in names:
                await connection.execute(delete(table).where(table.c.person.in_(ids)))
        await connection.execute(delete(people).where(theirs))
    return len(ids)


async def delete_misses(connection: AsyncConnection, most: int, since: datetime) -> int:
    """Delete a piece of the unanswered questions from before that moment; return how many."""
    return await _delete_first(connection, misses, misses.c.at < text_of(since), most)


async def delete_old(connection: AsyncConnection, most: int, at: datetime) -> int:
    """Delete a piece of what has lived long enough at this moment; return how many rows, 0 when there are no more."""
    late = select(wanted_answers.c.id).where(wanted_answers.c.until < text_of(at)).limit(most)
    if deleted := (await connection.execute(delete(wanted_answers).where(wanted_answers.c.id.in_(late)))).rowcount:
        return deleted
    over = select(broadcasts.c.id).where(broadcasts.c.ended_at < text_of(at - RECIPIENTS))
    newer = revisions.alias()
    replaced = select(newer.c.id).where(newer.c.id > revisions.c.id, newer.c.at < text_of(at - REVISIONS))
    ends: Sequence[tuple[Table, Any]] = (
        (step_events, step_events.c.at < text_of(at - EVENTS)),
        (audit, audit.c.at < text_of(at - AUDIT)),
        (ticket_files, ticket_files.c.at < text_of(at - TICKET_FILES)),
        (revisions, replaced.exists()),
    )
    for table, which in ends:
        if deleted := await _delete_first(connection, table, which, most):
            return deleted
    finished = select(recipients.c.id).where(recipients.c.broadcast.in_(over)).limit(most)
    deleted = (await connection.execute(delete(recipients).where(recipients.c.id.in_(finished)))).rowcount
    return deleted or await _delete_texts(connection)


async def _delete_first(connection: AsyncConnection, table: Table, which: Any, most: int) -> int:
    """Delete of the oldest rows those that have lived long enough; numbers and times go up together."""
    oldest = select(table.c.id, which.label("is_old")).order_by(table.c.id).limit(most)
    ids = [row.id for row in await connection.execute(oldest) if row.is_old]
    if ids:
        await connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


async def _delete_texts(connection: AsyncConnection) -> int:
    """Delete a piece of the texts that nothing refers to."""
    if connection.dialect.name == "postgresql":  # whoever is about to refer to one keeps it first
        await connection.exec_driver_sql("LOCK TABLE texts IN EXCLUSIVE MODE")
    files = [(await connection.execute(select(table.c.files))).scalars() for table in (revisions, drafts, trials)]
    used = {digest for named in chain(*files) for digest in json.loads(named).values()}
    known = (await connection.execute(select(texts.c.hash))).scalars().all()
    unused = [digest for digest in known if digest not in used][:TEXTS_AT_ONCE]
    if unused:
        await connection.execute(delete(texts).where(texts.c.hash.in_(unused)))
    return len(unused)
