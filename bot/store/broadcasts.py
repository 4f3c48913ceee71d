"""Broadcasts, their ledger and the proof. Which row is whose, and what became of it, is decided here alone.

A row goes pending → sending before anything leaves, and to its outcome after. What a killed sender leaves `sending`
becomes `unsure` when its lease is over, and is not sent again unasked; what it had only claimed stays pending.
A row belongs to one worker at a time, on PostgreSQL by SKIP LOCKED, on SQLite because there is one writer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import RowMapping, bindparam, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.broadcast.audience import Count, Search
from bot.broadcast.ledger import Ack, Act, Broadcast, Result, Row, Totals
from bot.broadcast.life import Life
from bot.broadcast.proof import FIRST, Record, link, written
from bot.effects import Answered, Cancelled, Drafted, Effect, Moved, Outdated, Remind, Reminded, Started
from bot.store.audience import consents, found, gets, in_time
from bot.store.broadcast_tables import broadcasts, proofs, recipients, reminders
from bot.store.problems import told_apart
from bot.store.tables import people
from bot.store.text import text_of, time_of
from bot.store.together import Together

CLAIM_S = 10.0
"""Seconds for which a claimed row is its worker's."""
FLIGHT_S = 40.0
"""Seconds after which a row that is still `sending` has lost its sender: longer than any call may take."""
PAGE = 1000
"""Rows read at a time where all are wanted."""

_CLAIM = select(recipients.c.id).where(
    recipients.c.broadcast == bindparam("number"),
    recipients.c.state == "pending",
    recipients.c.not_before <= bindparam("now"),
    recipients.c.lease_until <= bindparam("now"),
)
_RUNS = exists().where(broadcasts.c.id == recipients.c.broadcast, broadcasts.c.state == "running")
_MARK = (
    update(recipients)
    .where(
        recipients.c.id.in_(bindparam("rows", expanding=True)),
        recipients.c.state == "pending",
        recipients.c.worker == bindparam("me"),
        _RUNS,
    )
    .values(state="sending", attempts=recipients.c.attempts + 1, at=bindparam("now"), lease_until=bindparam("until"))
    .returning(recipients.c.id)
)
# Spelt out, because a list cannot be executed for many rows at once.
_OPEN = or_(*(recipients.c.state == state for state in ("pending", "sending", "unsure")))
_SETTLE = (
    update(recipients)
    .where(recipients.c.id == bindparam("row"), _OPEN)
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        message=func.coalesce(bindparam("message"), recipients.c.message),
        at=bindparam("at"),
        not_before=bindparam("not_before"),
        worker=None,
        lease_until="",
    )
)
_UNREACHABLE = (
    update(people)
    .where(people.c.id.in_(select(recipients.c.who).where(recipients.c.id == bindparam("row"))))
    .values(reachable=False)
)
_MEMBERS = (
    select(recipients.c.id, recipients.c.broadcast, people.c.member)
    .outerjoin(people, people.c.id == recipients.c.who)
    .where(recipients.c.id.in_(bindparam("rows", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row that is about to go out."""

    row: int
    worker: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """A row with its outcome."""

    result: Result
    at: datetime


class BroadcastRows:
    """Broadcasts of an open store; `reading` and `writing` are the store's own."""

    def __init__(
        self, reader: AsyncEngine, writing: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._reader = reader
        self._writing = writing
        self._dialect = reader.dialect.name
        self._write: Together[Mark | Settle, bool] = Together(self._written, _row_of)

    # Broadcasts

    async def make(
        self,
        channel: str,
        draft: str,
        made_by: str,
        at: datetime,
        *,
        act: Act = "send",
        key: str | None = None,
        parent: int | None = None,
    ) -> int | None:
        """A new draft's number; None when one with this key was made before."""
        row = {
            "channel": channel, "act": act, "state": "draft", "draft": draft, "version": 1, "made_by": made_by,
            "made_at": text_of(at), "why": "", "key": key, "parent": parent,
        }  # fmt: skip
        try:
            async with self._writing() as connection:
                made = await connection.execute(insert(broadcasts).returning(broadcasts.c.id), row)
                return int(made.scalar_one())
        except IntegrityError:
            if key is None:
                raise
            return None

    async def get(self, number: int) -> Broadcast | None:
        """One broadcast."""
        found = await self._broadcasts(broadcasts.c.id == number)
        return found[0] if found else None

    async def keyed(self, key: str) -> Broadcast | None:
        """The broadcast that was made under this key."""
        found = await self._broadcasts(broadcasts.c.key == key)
        return found[0] if found else None

    async def reminded(self, channel: str, at: datetime, most: int = 100) -> list[tuple[str, str | None]]:
        """Users and sessions of those whose own reminder is due."""
        due = (
            select(people.c.user_id, people.c.session)
            .join(reminders, reminders.c.person == people.c.id)
            .where(people.c.channel == channel, reminders.c.due_at <= text_of(at))
            .order_by(reminders.c.due_at)
            .limit(most)
        )
        with told_apart():
            async with self._reader.connect() as connection:
                return [(user, session) for user, session in await connection.execute(due)]

    async def all(self, *states: Life, channel: str | None = None, most: int = 50) -> list[Broadcast]:
        """The newest broadcasts in these states (all when none is named), newest first."""
        which: list[Any] = [broadcasts.c.state.in_(states)] if states else []
        which += [broadcasts.c.channel == channel] if channel else []
        return await self._broadcasts(*which, most=most)

    async def _broadcasts(self, *which: Any, most: int = 1) -> list[Broadcast]:
        with told_apart():
            async with self._reader.connect() as connection:
                rows = await connection.execute(
                    select(broadcasts).where(*which).order_by(broadcasts.c.id.desc()).limit(most)
                )
                return [_broadcast(row) for row in rows.mappings()]

    async def apply(self, effect: Effect, channel: str, user: str, at: datetime) -> None:
        """One effect in a transaction of its own. Outdated when it no longer fits."""
        async with self._writing() as connection:
            await apply(connection, effect, channel, user, at)

    async def note(self, number: int, **also: Any) -> None:
        """Write other columns down; the state stays."""
        async with self._writing() as connection:
            await connection.execute(update(broadcasts).where(broadcasts.c.id == number).values(**_texts(also)))

    # Audiences

    async def count(self, search: Search) -> Count:
        """How many people a rule finds, and how many of them get it."""
        meant, dialect = found(search, self._dialect), self._dialect
        agreed, reachable, timely = consents(dialect), people.c.reachable, in_time(search, dialect)
        counts = select(
            func.count(),
            func.count().filter(~agreed),
            func.count().filter(agreed, ~reachable),
            func.count().filter(agreed, reachable, ~timely),
            func.count().filter(gets(search, dialect)),
        ).where(meant)
        with told_apart():
            async with self._reader.connect() as connection:
                row = (await connection.execute(counts)).one()
        return Count(*map(int, row))

    async def some(self, search: Search, most: int = 5) -> list[str | None]:
        """Sessions of the first few who would get it."""
        some = select(people.c.session).where(gets(search, self._dialect)).order_by(people.c.id).limit(most)
        with told_apart():
            async with self._reader.connect() as connection:
                return [session for (session,) in await connection.execute(some)]

    # The ledger

    async def claim(self, number: int, worker: str, most: int, at: datetime) -> list[Row]:
        """The next rows, now this worker's for CLAIM_S; oldest first. Empty: nothing is to be sent now."""
        which = _CLAIM.order_by(recipients.c.id).limit(most)
        which = which.with_for_update(skip_locked=True) if self._dialect == "postgresql" else which
        lease = {"worker": worker, "lease_until": text_of(at + timedelta(seconds=CLAIM_S))}
        async with self._writing() as connection:
            ids = [i for (i,) in await connection.execute(which, {"number": number, "now": text_of(at)})]
            if not ids:
                return []
            await connection.execute(update(recipients).where(recipients.c.id.in_(ids)).values(**lease))
            rows = await connection.execute(_rows(ids))
            return [Row(row.id, row.user_id, row.session, bool(row.reachable), row.attempts, row.sent) for row in rows]

    async def release(self, number: int, worker: str) -> None:
        """Let go of what was claimed and not begun."""
        mine = (recipients.c.broadcast == number, recipients.c.state == "pending", recipients.c.worker == worker)
        async with self._writing() as connection:
            await connection.execute(update(recipients).where(*mine).values(worker=None, lease_until=""))

    async def mark(self, row: int, worker: str, at: datetime) -> bool:
        """The row is about to go out. False: it must not, because it is somebody else's or the broadcast stopped."""
        return await self._write(Mark(row, worker, at))

    async def settle(self, result: Result, at: datetime) -> bool:
        """Write an outcome down, and prove it."""
        return await self._write(Settle(result, at))

    async def finish(self) -> None:
        """Wait for what is being written."""
        await self._write.finish()

    async def orphaned(self, number: int, at: datetime) -> int:
        """Rows whose sender was lost on the way become unsure; how many."""
        lost = (
            recipients.c.broadcast == number,
            recipients.c.state == "sending",
            recipients.c.lease_until <= text_of(at),
        )
        async with self._writing() as connection:
            ids = [i for (i,) in await connection.execute(select(recipients.c.id).where(*lost))]
            if ids:
                results = [Settle(Result(i, "unsure", "killed"), at) for i in ids]
                await self._settled(connection, results)
        return len(ids)

    async def end(self, number: int, at: datetime) -> Totals | None:
        """Done, when everybody has an outcome; None while somebody has not."""
        async with self._writing() as connection:
            totals = await _totals(connection, number)
            if totals["pending"] or totals["sending"]:
                return None
            if not await _move(connection, number, "running", "done", ended_at=at):
                return None
            await prove(connection, at, "ended", number, {"state": "done", **totals.states})
        return totals

    async def totals(self, number: int) -> Totals:
        """How far it is."""
        with told_apart():
            async with self._reader.connect() as connection:
                return await _totals(connection, number)

    async def next_at(self, number: int) -> datetime | None:
        """When the next row that waits may be tried."""
        soonest = select(func.min(recipients.c.not_before)).where(
            recipients.c.broadcast == number, recipients.c.state == "pending", recipients.c.not_before > ""
        )
        with told_apart():
            async with self._reader.connect() as connection:
                return time_of(cast("str | None", (await connection.execute(soonest)).scalar()))

    async def report(self, number: int) -> AsyncIterator[RowMapping]:
        """Every recipient, in the order of sending: member, state, reason, attempts, at, ack, ack_at."""
        after = 0
        names = ("id", "state", "reason", "attempts", "at", "ack", "ack_at")
        page = (
            select(*(recipients.c[name] for name in names), people.c.member)
            .outerjoin(people, people.c.id == recipients.c.who)
            .where(recipients.c.broadcast == number, recipients.c.id > bindparam("after"))
            .order_by(recipients.c.id)
            .limit(PAGE)
        )
        while True:
            with told_apart():
                async with self._reader.connect() as connection:
                    rows = (await connection.execute(page, {"after": after})).mappings().all()
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    # The proof

    async def proofs(self, number: int | None = None) -> AsyncIterator[list[Record]]:
        """The records, oldest first, in pages; of one broadcast when it is named."""
        after = 0
        while True:
            which = [proofs.c.id > after] + ([proofs.c.broadcast == number] if number else [])
            page = select(proofs).where(*which).order_by(proofs.c.id).limit(PAGE)
            with told_apart():
                async with self._reader.connect() as connection:
                    rows = (await connection.execute(page)).all()
            yield [Record(*row) for row in rows]
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    async def _written(self, batch: Sequence[Mark | Settle]) -> Sequence[bool]:
        marks = [piece for piece in batch if isinstance(piece, Mark)]
        settles = [piece for piece in batch if isinstance(piece, Settle)]
        async with self._writing() as connection:
            if settles:
                await self._settled(connection, settles)
            marked: set[int] = set()
            for worker in {piece.worker for piece in marks}:
                mine = [piece for piece in marks if piece.worker == worker]
                now = max(piece.at for piece in mine)
                until = text_of(now + timedelta(seconds=FLIGHT_S))
                about = {"rows": [piece.row for piece in mine], "me": worker, "now": text_of(now), "until": until}
                marked |= {row for (row,) in await connection.execute(_MARK, about)}
        return [not isinstance(piece, Mark) or piece.row in marked for piece in batch]

    async def _settled(self, connection: AsyncConnection, settles: Sequence[Settle]) -> None:
        await connection.execute(_SETTLE, [_outcome(piece) for piece in settles])
        if blocked := [{"row": piece.result.row} for piece in settles if piece.result.state == "blocked"]:
            await connection.execute(_UNREACHABLE, blocked)
        final = {piece.result.row: piece for piece in settles if piece.result.state != "pending"}
        if not final:
            return
        lines: dict[int, list[Any]] = {}
        for row, broadcast, member in await connection.execute(_MEMBERS, {"rows": list(final)}):
            result = final[row].result
            line = [row, member, result.state, result.reason, result.message, text_of(final[row].at)]
            lines.setdefault(broadcast, []).append(line)
        for broadcast, said in lines.items():
            await prove(connection, settles[-1].at, "outcomes", broadcast, said)


async def apply(connection: AsyncConnection, effect: Effect, channel: str, user: str, at: datetime) -> None:
    """Do what was decided about a broadcast, in the transaction of the turn. Outdated when somebody was faster."""
    match effect:
        case Drafted(number, version, draft):
            which = (broadcasts.c.id == number, broadcasts.c.version == version, broadcasts.c.state == "draft")
            new = update(broadcasts).where(*which).values(draft=draft, version=version + 1)
            fits = (await connection.execute(new)).rowcount == 1
        case Moved(number, source, target, also):
            fits = await _move(connection, number, source, target, **also)
        case Started(number):
            fits = await _start(connection, effect, at)
        case Cancelled(number, source):
            fits = await _cancel(connection, effect, at)
        case Answered(number, ack):
            await _answered(connection, channel, user, number, ack, at)
            return
        case Remind(due_at):
            await _remind(connection, channel, user, due_at)
            return
        case Reminded(who):
            await _remind(connection, channel, who, None)
            return
        case _:
            return
    if not fits:
        raise Outdated(str(number))


async def _start(connection: AsyncConnection, effect: Started, at: datetime) -> bool:
    """Freeze the audience and let it run."""
    number = effect.number
    if not await _move(connection, number, effect.source, "running", started_at=at, resume_at=None, why=""):
        return False
    if effect.search:
        chosen = select(literal(number), people.c.id, *_FRESH).where(gets(effect.search, connection.dialect.name))
        chosen = chosen.order_by(people.c.id)
    else:
        which = (recipients.c.broadcast == effect.parent, recipients.c.state.in_(effect.states))
        chosen = select(literal(number), recipients.c.who, *_FRESH).where(*which, recipients.c.who.is_not(None))
        chosen = chosen.order_by(recipients.c.id)
    names = ["broadcast", "who", "state", "reason", "attempts", "not_before", "lease_until"]
    total = (await connection.execute(insert(recipients).from_select(names, chosen))).rowcount
    await connection.execute(update(broadcasts).where(broadcasts.c.id == number).values(total=total))
    await prove(connection, at, "started", number, {**effect.proof, "recipients": total})
    return True


async def _cancel(connection: AsyncConnection, effect: Cancelled, at: datetime) -> bool:
    number = effect.number
    if not await _move(connection, number, effect.source, "cancelled", ended_at=at, resume_at=None):
        return False
    await connection.execute(
        update(recipients)
        .where(recipients.c.broadcast == number, recipients.c.state == "pending")
        .values(state="skipped", reason="cancelled", at=text_of(at), worker=None)
    )
    totals = await _totals(connection, number)
    await prove(connection, at, "ended", number, {"state": "cancelled", **totals.states})
    return True


async def _remind(connection: AsyncConnection, channel: str, user: str, due_at: datetime | None) -> None:
    who = select(people.c.id).where(people.c.channel == channel, people.c.user_id == user)
    if (person := (await connection.execute(who)).scalar()) is not None:
        await connection.execute(delete(reminders).where(reminders.c.person == person))
    if person is not None and due_at:
        await connection.execute(insert(reminders), {"person": person, "due_at": text_of(due_at)})


async def prove(connection: AsyncConnection, at: datetime, kind: str, broadcast: int, body: Any) -> None:
    """Append a record to the chain, in the transaction of what it proves. One writer at a time."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236424)")
    before = (await connection.execute(select(proofs.c.hash).order_by(proofs.c.id.desc()).limit(1))).scalar() or FIRST
    words, when = written(body), text_of(at)
    row = {"at": when, "kind": kind, "broadcast": broadcast, "body": words}
    await connection.execute(insert(proofs), row | {"hash": link(before, when, kind, broadcast, words)})


async def _answered(connection: AsyncConnection, channel: str, user: str, number: int, ack: Ack, at: datetime) -> None:
    """Write down what a recipient answered; the last answer counts, and every one is proved."""
    who = select(people.c.id, people.c.member).where(people.c.channel == channel, people.c.user_id == user)
    person = (await connection.execute(who)).first()
    if person is None:
        return
    said = await connection.execute(
        update(recipients)
        .where(recipients.c.broadcast == number, recipients.c.who == person.id)
        .values(ack=ack, ack_at=text_of(at))
    )
    if said.rowcount:
        await prove(connection, at, "answered", number, [person.member, ack, text_of(at)])


_FRESH = (
    literal("pending").label("state"),
    literal("").label("reason"),
    literal(0).label("attempts"),
    literal("").label("not_before"),
    literal("").label("lease_until"),
)


def _rows(ids: Sequence[int]) -> Any:
    before = recipients.alias()
    sent = (
        select(before.c.message)
        .where(before.c.broadcast == broadcasts.c.parent, before.c.who == recipients.c.who)
        .scalar_subquery()
    )
    return (
        select(
            recipients.c.id, recipients.c.attempts, people.c.user_id, people.c.session, people.c.reachable,
            sent.label("sent"),
        )
        .join(broadcasts, broadcasts.c.id == recipients.c.broadcast)
        .outerjoin(people, people.c.id == recipients.c.who)
        .where(recipients.c.id.in_(ids))
        .order_by(recipients.c.id)
    )  # fmt: skip


async def _move(connection: AsyncConnection, number: int, source: Life, target: Life, **also: Any) -> bool:
    moved = await connection.execute(
        update(broadcasts)
        .where(broadcasts.c.id == number, broadcasts.c.state == source)
        .values(state=target, came_from=broadcasts.c.state, **_texts(also))
    )
    return moved.rowcount == 1


async def _totals(connection: AsyncConnection, number: int) -> Totals:
    def by(column: Any) -> Any:
        return select(column, func.count()).where(recipients.c.broadcast == number).group_by(column)

    states = {row[0]: row[1] for row in await connection.execute(by(recipients.c.state))}
    acks = {row[0]: row[1] for row in await connection.execute(by(recipients.c.ack)) if row[0]}
    return Totals(states, acks)


def _row_of(piece: Mark | Settle) -> int:
    return piece.row if isinstance(piece, Mark) else piece.result.row


def _outcome(piece: Settle) -> dict[str, Any]:
    result = piece.result
    return {
        "row": result.row,
        "state": result.state,
        "reason": result.reason[:200],
        "message": result.message,
        "at": text_of(piece.at),
        "not_before": text_of(result.not_before) if result.not_before else "",
    }


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: text_of(value) if isinstance(value, datetime) else value for name, value in columns.items()}


def _broadcast(row: RowMapping) -> Broadcast:
    times = ("due_at", "resume_at", "started_at", "ended_at")
    return Broadcast(
        row["id"],
        row["channel"],
        cast("Act", row["act"]),
        cast("Life", row["state"]),
        row["draft"],
        row["version"],
        row["made_by"],
        cast("datetime", time_of(row["made_at"])),
        **{name: row[name] for name in ("approved_by", "approved", "why", "card", "total", "key", "parent")},
        **{name: time_of(row[name]) for name in times},
    )
