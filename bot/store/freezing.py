"""Freezes an audience when a broadcast starts, and leaves out the rest when it is cancelled: in pieces.

A transaction delays everybody's turn on SQLite, so none writes more than PIECE people. The rest is stored in the
broadcast in the transaction of each piece: a kill loses no piece and repeats none. Everybody who was there when it
started is read once, in the order of ids; a small audience is written in the transaction of its start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Column, ColumnElement, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.broadcast import Cancelled, Started
from bot.domain.effects import Outdated
from bot.store.audience import gets
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.ledger import move, states_of
from bot.store.proofs import prove
from bot.store.rows import Origin
from bot.store.signals import signal
from bot.store.tables import people
from bot.store.times import text_of

PIECE = 1_000
"""People read, or left out, in one transaction."""
MAX_STARTED = 1_000
"""Broadcasts of a day that are counted together."""

_FRESH = (
    literal("pending").label("state"),
    literal("").label("reason"),
    literal(0).label("attempts"),
    literal("").label("not_before"),
    literal("").label("lease_until"),
)


@dataclass(frozen=True, slots=True)
class Freezing:
    """The rest of an audience: of people (or of the parent's rows) those with ids after `after`, up to `until`."""

    started: Started
    after: int
    until: int


_FREEZING: TypeAdapter[Freezing] = TypeAdapter(Freezing)


async def start(connection: AsyncConnection, started: Started, origin: Origin) -> None:
    """Write the first piece of the audience; the broadcast runs after the last. Outdated: it is elsewhere by now."""
    if started.since:
        await _check_others(connection, started, started.since)
    begins = {"started_at": origin.at, "resume_at": None, "why": "", "total": 0}
    if not await move(connection, started.number, started.source, "freezing", **begins):
        raise Outdated(started.source)
    await signal(connection, "broadcast")
    ids, which = _ids(started)
    first, last = (await connection.execute(select(func.min(ids), func.max(ids)).where(*which))).one()
    await _piece(connection, Freezing(started, (first or 1) - 1, last or 0), origin.at)


async def _check_others(connection: AsyncConnection, started: Started, since: datetime) -> None:
    """Check that of its channel as many broadcasts started since then as were counted. Outdated."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236425)")
    channel = select(broadcasts.c.channel).where(broadcasts.c.id == started.number).scalar_subquery()
    others = select(broadcasts.c.id).where(broadcasts.c.channel == channel, broadcasts.c.started_at >= text_of(since))
    if len((await connection.execute(others.limit(MAX_STARTED))).all()) != started.lately:
        raise Outdated(started.source)


async def go_on(connection: AsyncConnection, number: int, at: datetime) -> bool:
    """Write or leave out one more piece; return whether there may be more."""
    left = select(broadcasts.c.state, broadcasts.c.freezing, broadcasts.c.ended_at).where(broadcasts.c.id == number)
    state, freezing, ended_at = (await connection.execute(left.with_for_update())).one()
    if state == "freezing":
        return await _piece(connection, _FREEZING.validate_json(freezing), at)
    return state == "cancelled" and ended_at is None and await _leave_out(connection, number, at)


async def cancel(connection: AsyncConnection, cancelled: Cancelled, origin: Origin) -> None:
    """Stop a broadcast, and write the first piece of those who are left out. Outdated: it is elsewhere by now."""
    if not await move(connection, cancelled.number, cancelled.source, "cancelled", resume_at=None, freezing=None):
        raise Outdated(cancelled.source)
    await signal(connection, "broadcast")
    await _leave_out(connection, cancelled.number, origin.at)


def _ids(started: Started) -> tuple[Column[int], tuple[ColumnElement[bool], ...]]:
    """Return the ids to go through, and a condition on their rows."""
    if started.search:
        return people.c.id, ()
    return recipients.c.id, (recipients.c.broadcast == started.parent,)


async def _piece(connection: AsyncConnection, freezing: Freezing, at: datetime) -> bool:
    started = freezing.started
    ids, which = _ids(started)
    # Numbers have gaps, so a piece is so many rows and not so many numbers.
    rest = select(ids.label("id")).where(*which, ids > freezing.after, ids <= freezing.until).order_by(ids).limit(PIECE)
    piece = rest.subquery()
    read, to = (await connection.execute(select(func.count(), func.max(piece.c.id)).select_from(piece))).one()
    which = (*which, ids > freezing.after, ids <= (to or 0))
    if started.search:
        chosen = select(literal(started.number), people.c.id, people.c.channel, *_FRESH)
        chosen = chosen.where(*which, gets(started.search, by_id=True))
    else:
        chosen = select(literal(started.number), recipients.c.who, recipients.c.channel, *_FRESH)
        chosen = chosen.where(*which, recipients.c.state.in_(started.states), recipients.c.who.is_not(None))
    names = ["broadcast", "who", "channel", "state", "reason", "attempts", "not_before", "lease_until"]
    more = (await connection.execute(insert(recipients).from_select(names, chosen.order_by(ids)))).rowcount
    left = None if read < PIECE else _FREEZING.dump_json(replace(freezing, after=to)).decode()
    counted = update(broadcasts).where(broadcasts.c.id == started.number)
    counted = counted.values(total=broadcasts.c.total + more, freezing=left).returning(broadcasts.c.total)
    total = (await connection.execute(counted)).scalar_one()
    if left is None:
        await move(connection, started.number, "freezing", "running")
        await prove(connection, at, "started", started.number, {**started.proof, "recipients": total})
    return left is not None


async def _leave_out(connection: AsyncConnection, number: int, at: datetime) -> bool:
    some = select(recipients.c.id).where(recipients.c.broadcast == number, recipients.c.state == "pending").limit(PIECE)
    skipped = update(recipients).where(recipients.c.id.in_(some))
    skipped = skipped.values(state="skipped", reason="cancelled", at=text_of(at), worker=None)
    if (await connection.execute(skipped)).rowcount == PIECE:
        return True
    await connection.execute(update(broadcasts).where(broadcasts.c.id == number).values(ended_at=text_of(at)))
    await prove(connection, at, "ended", number, {"state": "cancelled", **await states_of(connection, number)})
    return False
