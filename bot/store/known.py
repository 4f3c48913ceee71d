"""Loads what a turn begins with, for many turns at once: two statements, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, case, exists, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.roles import Role
from bot.domain.tickets import Ticket
from bot.store.engine import given_up_when_broken
from bot.store.outbox import user_lane
from bot.store.problems import translate_errors
from bot.store.tables import KEPT_TURNS, handled_updates, outbox, people, staff, tickets
from bot.store.tickets import ticket_of_row
from bot.store.times import time_of

_USERS: BindParameter[str] = bindparam("users", expanding=True)
_WAITS = exists().where(outbox.c.lane == user_lane(people.c.channel, people.c.user_id), outbox.c.owed)
_OF_PERSON = (people.c.session, people.c.turns, _WAITS.label("waits"), *tickets.c)
_IS_STAFF = and_(staff.c.channel == people.c.channel, staff.c.user_id == people.c.user_id)
_HAS_TICKET = and_(tickets.c.person == people.c.id, tickets.c.state != "closed")
_PERSON = (
    select(people.c.user_id, staff.c.role, staff.c.until, *_OF_PERSON)
    .select_from(people.outerjoin(staff, _IS_STAFF).outerjoin(tickets, _HAS_TICKET))
    .where(people.c.channel == bindparam("channel"), people.c.user_id.in_(_USERS))
)
# Whoever has a role and was forgotten keeps it.
_ROLE_ALONE = select(
    staff.c.user_id,
    staff.c.role,
    staff.c.until,
    *(null().cast(column.type).label(column.name) for column in _OF_PERSON),
).where(staff.c.channel == bindparam("channel"), staff.c.user_id.in_(_USERS), ~exists().where(_IS_STAFF))
_PEOPLE = union_all(_PERSON, _ROLE_ALONE)
IS_LAST = handled_updates.c.slot == people.c.turns % KEPT_TURNS
"""Whether an update is the last one that took effect."""
KEPT_ANSWER = func.coalesce(handled_updates.c.turn, case((IS_LAST, people.c.answer)))
"""The turn that answered an update; NULL: it is not kept."""
_TURNS = (
    select(handled_updates.c.update_id, people.c.user_id, KEPT_ANSWER.label("turn"), IS_LAST.label("is_last"))
    .outerjoin(people)
    .where(
        handled_updates.c.channel == bindparam("channel"),
        handled_updates.c.update_id.in_(bindparam("updates", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """The person whose turn begins, and the update that begins it."""

    channel: str
    user: str
    update_id: str | None


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """All that a turn begins with: rows of one person.

    `session` is JSON, `turn` (JSON; `null`: not kept) answered this update before, `role` is by invitation, `ticket` is
    not closed and has `thread`. `passed`: the person has had another turn since, so that answer was sent. `turns`
    identifies the version of the session; 0: somebody unknown. `role_until`: when the role ends; None: never. `waits`:
    replies to the person are in the outbox.
    """

    session: str | None = None
    turn: str | None = None
    passed: bool = False
    role: Role | None = None
    ticket: Ticket | None = None
    thread: str | None = None
    turns: int = 0
    role_until: datetime | None = None
    waits: bool = False


async def load_known(reader: AsyncEngine, queries: Sequence[KnownQuery]) -> Sequence[KnownPerson]:
    """Return what is known for each query, in their order."""
    found: dict[KnownQuery, KnownPerson] = {}
    with translate_errors():
        async with reader.connect() as connection, given_up_when_broken(connection):
            for channel in {query.channel for query in queries}:
                mine = [query for query in queries if query.channel == channel]
                found |= zip(mine, await _load(connection, channel, mine), strict=True)
    return [found[query] for query in queries]


async def _load(connection: AsyncConnection, channel: str, queries: Sequence[KnownQuery]) -> Sequence[KnownPerson]:
    users = {"channel": channel, "users": [query.user for query in queries]}
    rows = {row.user_id: row for row in await connection.execute(_PEOPLE, users)}
    turns: dict[str, Any] = {}
    if updates := [query.update_id for query in queries if query.update_id]:
        handled = await connection.execute(_TURNS, {"channel": channel, "updates": updates})
        turns = {row.update_id: row for row in handled}
    return [_combine(rows.get(q.user), turns.get(q.update_id or ""), q.user) for q in queries]


def _combine(row: Any, turn: Any, user: str) -> KnownPerson:
    """Put together the rows found for one person, None where there is none."""
    # An update that made us forget the person belongs to nobody any more: it is nobody's last one.
    is_theirs = turn is not None and turn.user_id in (None, user)
    return KnownPerson(
        row.session if row else None,
        (turn.turn or "null") if is_theirs else None,
        is_theirs and (turn.is_last is False or not turn.turn),
        row.role if row else None,
        ticket_of_row(row) if row and row.number else None,
        row.thread if row else None,
        row.turns or 0 if row else 0,
        time_of(row.until) if row and row.until else None,
        bool(row and row.waits),
    )
