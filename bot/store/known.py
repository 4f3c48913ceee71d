"""What a turn begins with, read for many turns at once: one statement of each kind, however many ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.roles import Role
from bot.domain.tickets import Ticket
from bot.store.problems import translate_errors
from bot.store.tables import KEPT_TURNS, handled_updates, people, staff, tickets
from bot.store.tickets import ticket_of_row

_USERS: BindParameter[str] = bindparam("users", expanding=True)
_SESSIONS = select(people.c.user_id, people.c.session, people.c.turns).where(
    people.c.channel == bindparam("channel"), people.c.user_id.in_(_USERS)
)
_TURNS = (
    select(
        handled_updates.c.update_id,
        people.c.user_id,
        handled_updates.c.turn,
        handled_updates.c.slot != people.c.turns % KEPT_TURNS,
    )
    .outerjoin(people)
    .where(
        handled_updates.c.channel == bindparam("channel"),
        handled_updates.c.update_id.in_(bindparam("updates", expanding=True)),
    )
)
_ROLES = select(staff.c.user_id, staff.c.role).where(
    staff.c.channel == bindparam("channel"), staff.c.user_id.in_(_USERS)
)
_TICKETS = (
    select(people.c.user_id, tickets)
    .join(people, people.c.id == tickets.c.person)
    .where(people.c.channel == bindparam("channel"), people.c.user_id.in_(_USERS), tickets.c.state != "closed")
)


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """Whose turn begins, by which update."""

    channel: str
    user: str
    update_id: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """The session's JSON, the turn that answered this update before, the role that the person has by invitation, their
    ticket that is not closed, and its thread. `passed`: the person has had another turn since, so the answer of this
    one went out. `turns` tells one session from the next; 0: nobody knows the person.
    """

    session: str | None = None
    turn: str | None = None
    passed: bool = False
    role: Role | None = None
    ticket: Ticket | None = None
    thread: str | None = None
    turns: int = 0


async def look(reader: AsyncEngine, asked: Sequence[KnownQuery]) -> Sequence[Known]:
    """What is known for each, in their order."""
    found: dict[KnownQuery, Known] = {}
    with translate_errors():
        async with reader.connect() as connection:
            for channel in {one.channel for one in asked}:
                mine = [one for one in asked if one.channel == channel]
                found |= zip(mine, await _look(connection, channel, mine), strict=True)
    return [found[one] for one in asked]


async def _look(connection: AsyncConnection, channel: str, asked: Sequence[KnownQuery]) -> Sequence[Known]:
    whose = {"channel": channel, "users": [one.user for one in asked]}
    there = await connection.execute(_SESSIONS, whose)
    sessions: dict[str, tuple[str | None, int]] = {user: (session, count) for user, session, count in there}
    roles: dict[str, Role] = {row[0]: cast("Role", row[1]) for row in await connection.execute(_ROLES, whose)}
    cases = {row["user_id"]: row for row in (await connection.execute(_TICKETS, whose)).mappings()}
    turns: dict[str, tuple[str | None, str, bool]] = {}
    if updates := [one.update_id for one in asked if one.update_id]:
        rows = await connection.execute(_TURNS, {"channel": channel, "updates": updates})
        turns = {update: (user, turn, bool(passed)) for update, user, turn, passed in rows}
    known = []
    for one in asked:
        owner, turn, passed = turns.get(one.update_id or "", (None, None, False))
        case = cases.get(one.user)
        session, count = sessions.get(one.user, (None, 0))
        known.append(
            Known(
                session,
                # An update that made us forget the person belongs to nobody any more.
                turn if owner in (None, one.user) else None,
                passed,
                roles.get(one.user),
                ticket_of_row(case) if case else None,
                case["thread"] if case else None,
                count,
            )
        )
    return known
