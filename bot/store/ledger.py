"""The ledger of broadcasts: one row for each recipient, leased to one worker at a time, with its outcome.

A row goes pending → sending before its message is sent, and to its outcome after. A row that a killed sender left
`sending` becomes `unsure` when its lease is over, and is not sent again unasked; one that was only claimed stays
pending. No row is leased twice: on PostgreSQL by SKIP LOCKED, on SQLite because there is one writer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import RowMapping, Text, bindparam, cast, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.accounts import PersonKey
from bot.domain.broadcast import Ack, Recipient, Result, RowState, Totals
from bot.domain.lifecycle import BroadcastState
from bot.domain.outbox import LEFT
from bot.store.batching import Batcher
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.proofs import prove
from bot.store.rows import Rows, run_to_completion
from bot.store.tables import join_codes, outbox, people
from bot.store.times import text_of, time_of

CLAIM_S = 10.0
"""Seconds of the lease of a claimed row."""
FLIGHT_S = 40.0
"""Seconds of the lease of a row that is `sending`: longer than any call may take."""
PAGE = 1000
"""Rows read at a time by a report."""

# From the few messages that wait to the many rows of the ledger, by their keys.
_COUNT_WAITING = select(func.count()).where(
    outbox.c.to == "user",
    people.c.channel == outbox.c.channel,
    people.c.user_id == outbox.c.user_id,
    recipients.c.broadcast == bindparam("number"),
    recipients.c.who == people.c.id,
    recipients.c.state == "sent",
    recipients.c.message == literal(LEFT) + cast(outbox.c.id, Text),
)
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
        channel=func.coalesce(bindparam("channel"), recipients.c.channel),
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
    """A row whose message is about to be sent."""

    row: int
    worker: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Settle:
    """A row with its outcome."""

    result: Result
    at: datetime


class LedgerRows(Rows):
    """The ledger of an open store."""

    @cached_property
    def _write(self) -> Batcher[Mark | Settle, bool]:
        return Batcher(self._write_results, _row_of)

    @run_to_completion
    async def claim(self, number: int, worker: str, most: int, at: datetime) -> list[Recipient]:
        """Lease the next rows to this worker for CLAIM_S; return them, oldest first. Empty: nothing to send now."""
        which = _CLAIM.order_by(recipients.c.id).limit(most)
        which = which.with_for_update(skip_locked=True) if self._dialect == "postgresql" else which
        lease = {"worker": worker, "lease_until": text_of(at + timedelta(seconds=CLAIM_S))}
        async with self._writing() as connection:
            ids = [i for (i,) in await connection.execute(which, {"number": number, "now": text_of(at)})]
            if not ids:
                return []
            await connection.execute(update(recipients).where(recipients.c.id.in_(ids)).values(**lease))
            rows = await connection.execute(_rows(ids))
            return [_row(row) for row in rows]

    @run_to_completion
    async def release(self, number: int, worker: str) -> None:
        """End the leases of rows that were claimed and not begun."""
        mine = (recipients.c.broadcast == number, recipients.c.state == "pending", recipients.c.worker == worker)
        async with self._writing() as connection:
            await connection.execute(update(recipients).where(*mine).values(worker=None, lease_until=""))

    async def mark(self, row: int, worker: str, at: datetime) -> bool:
        """Note that a row is about to be sent. False: do not, another worker has it or the broadcast stopped."""
        return await self._write(Mark(row, worker, at))

    async def settle(self, result: Result, at: datetime) -> bool:
        """Write an outcome, and add it to the chain of proof."""
        return await self._write(Settle(result, at))

    async def finish(self) -> None:
        """Wait until everything is written."""
        await self._write.finish()

    @run_to_completion
    async def release_orphans(self, number: int, at: datetime) -> int:
        """Make rows unsure whose sender was killed while sending; return how many."""
        lost = (
            recipients.c.broadcast == number,
            recipients.c.state == "sending",
            recipients.c.lease_until <= text_of(at),
        )
        async with self._writing() as connection:
            ids = [i for (i,) in await connection.execute(select(recipients.c.id).where(*lost))]
            if ids:
                results = [Settle(Result(i, "unsure", "killed"), at) for i in ids]
                await self._after_results(connection, results)
        return len(ids)

    @run_to_completion
    async def end(self, number: int, at: datetime) -> Totals | None:
        """End a broadcast when every row has an outcome, and return the totals; None while one has not."""
        async with self._writing() as connection:
            states = await states_of(connection, number)
            if states.get("pending") or states.get("sending"):
                return None
            if not await move(connection, number, "running", "done", ended_at=at):
                return None
            await prove(connection, at, "ended", number, {"state": "done", **states})
        return await self.totals(number)

    async def latest(self, whose: Sequence[PersonKey]) -> dict[PersonKey, tuple[RowState, Ack | None]]:
        """Return by person what became of the last broadcast to them, and their answer to it; nothing without one."""
        found: dict[PersonKey, tuple[RowState, Ack | None]] = {}
        key = people.c.channel, people.c.user_id
        for start in range(0, len(whose), PAGE):
            theirs = tuple_(*key).in_(whose[start : start + PAGE])
            last = select(*key, func.max(recipients.c.id).label("id")).join_from(recipients, people)
            newest = last.where(theirs).group_by(*key).subquery()
            rows = select(newest.c.channel, newest.c.user_id, recipients.c.state, recipients.c.ack)
            for door, user, state, ack in await self._fetch(rows.join(recipients, recipients.c.id == newest.c.id)):
                found[PersonKey(door, user)] = state, ack
        return found

    async def totals(self, number: int) -> Totals:
        """Return the numbers of recipients by state, by answer, and by reason of those left out."""
        async with self._reading() as connection:
            acks = await _by(connection, number, recipients.c.ack)
            skipped = await _by(connection, number, recipients.c.reason, recipients.c.state == "skipped")
            waiting = (await connection.execute(_COUNT_WAITING, {"number": number})).scalar_one()
            channels = await _by_channel(connection, number)
        states = Counter[RowState]()
        for counts in channels.values():
            states.update(counts)
        return Totals(states, dict(acks), dict(skipped), waiting, channels)

    async def report(self, number: int) -> AsyncIterator[RowMapping]:
        """Yield every recipient, in the order of sending: code, cohort, major, member, state, reason, attempts, at,
        ack, ack_at.
        """
        after = 0
        names = ("id", "state", "reason", "attempts", "at", "ack", "ack_at")
        page = (
            select(*(recipients.c[name] for name in names), *(people.c[name] for name in ("member", "cohort", "major")))
            .add_columns(join_codes.c.code)
            .outerjoin(people, people.c.id == recipients.c.who)
            .outerjoin(join_codes, join_codes.c.person == people.c.id)
            .where(recipients.c.broadcast == number, recipients.c.id > bindparam("after"))
            .order_by(recipients.c.id)
            .limit(PAGE)
        )
        while True:
            async with self._reading() as connection:
                rows = (await connection.execute(page, {"after": after})).mappings().all()
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    async def _write_results(self, batch: Sequence[Mark | Settle]) -> Sequence[bool]:
        marks = [piece for piece in batch if isinstance(piece, Mark)]
        settles = [piece for piece in batch if isinstance(piece, Settle)]
        async with self._writing() as connection:
            if settles:
                await self._after_results(connection, settles)
            marked: set[int] = set()
            for worker in {piece.worker for piece in marks}:
                mine = [piece for piece in marks if piece.worker == worker]
                now = max(piece.at for piece in mine)
                until = text_of(now + timedelta(seconds=FLIGHT_S))
                about = {"rows": [piece.row for piece in mine], "me": worker, "now": text_of(now), "until": until}
                marked |= {row for (row,) in await connection.execute(_MARK, about)}
        return [not isinstance(piece, Mark) or piece.row in marked for piece in batch]

    async def _after_results(self, connection: AsyncConnection, settles: Sequence[Settle]) -> None:
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


def select_received(person: int) -> Any:
    """Select the broadcasts that a person got, with their answers, for the export."""
    names = ("broadcast", "state", "at", "ack", "ack_at")
    return select(*(recipients.c[name] for name in names)).where(recipients.c.who == person).order_by(recipients.c.id)


def _rows(ids: Sequence[int]) -> Any:
    before = recipients.alias()
    same = (before.c.broadcast == broadcasts.c.parent) & (before.c.who == recipients.c.who)
    return (
        select(
            recipients.c.id, recipients.c.attempts, people.c.user_id, people.c.session, people.c.reachable,
            before.c.message, before.c.at, people.c.channel,
            func.coalesce(before.c.channel, broadcasts.c.channel).label("sent_in"),
        )
        .join(broadcasts, broadcasts.c.id == recipients.c.broadcast)
        .outerjoin(people, people.c.id == recipients.c.who)
        .outerjoin(before, same)
        .where(recipients.c.id.in_(ids))
        .order_by(recipients.c.id)
    )  # fmt: skip


def _row(row: Any) -> Recipient:
    sent_at = time_of(row.at) if row.at else None
    return Recipient(
        row.id,
        row.user_id,
        row.session,
        bool(row.reachable),
        row.attempts,
        row.message,
        sent_at,
        row.channel,
        row.sent_in,
    )


async def states_of(connection: AsyncConnection, number: int) -> dict[RowState, int]:
    """Count the rows by state."""
    return dict(await _by(connection, number, recipients.c.state))


async def _by_channel(connection: AsyncConnection, number: int) -> dict[str, dict[RowState, int]]:
    """Count the rows by channel and state."""
    own = select(broadcasts.c.channel).where(broadcasts.c.id == number).scalar_subquery()
    columns = (func.coalesce(recipients.c.channel, own), recipients.c.state)
    counted = select(*columns, func.count()).where(recipients.c.broadcast == number).group_by(*columns)
    found: dict[str, dict[RowState, int]] = {}
    for channel, state, n in await connection.execute(counted):
        found.setdefault(channel, {})[state] = n
    return found


async def _by(connection: AsyncConnection, number: int, column: Any, *which: Any) -> Iterator[tuple[Any, int]]:
    counted = select(column, func.count()).where(recipients.c.broadcast == number, *which).group_by(column)
    return ((value, n) for value, n in await connection.execute(counted) if value)


def _row_of(piece: Mark | Settle) -> int:
    return piece.row if isinstance(piece, Mark) else piece.result.row


def _outcome(piece: Settle) -> dict[str, Any]:
    result = piece.result
    return {
        "row": result.row,
        "state": result.state,
        "reason": result.reason[:200],
        "message": result.message,
        "channel": result.channel,
        "at": text_of(piece.at),
        "not_before": text_of(result.not_before) if result.not_before else "",
    }


async def move(
    connection: AsyncConnection, number: int, source: BroadcastState, target: BroadcastState, **also: Any
) -> bool:
    moved = await connection.execute(
        update(broadcasts)
        .where(broadcasts.c.id == number, broadcasts.c.state == source)
        .values(state=target, came_from=broadcasts.c.state, **texts(also))
    )
    return moved.rowcount == 1


def texts(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: text_of(value) if isinstance(value, datetime) else value for name, value in columns.items()}
