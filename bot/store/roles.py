"""Roles of staff, invitations to them, and every privileged act. Owners are not here: they are in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import classes
from bot.domain.classes import Classes
from bot.domain.effects import Outdated
from bot.domain.lifecycle import ENDED
from bot.domain.outbox import Queued
from bot.domain.roles import (
    Audited,
    AuditedAct,
    Enlisted,
    Invitation,
    Invited,
    Joined,
    Member,
    OwnersNamed,
    Removed,
    Role,
)
from bot.store.broadcast_tables import broadcasts, owners
from bot.store.console import delete_all
from bot.store.knowledge_tables import done_once
from bot.store.rows import Origin, ReadRows
from bot.store.tables import audit, invites, people, staff, tickets
from bot.store.times import text_of, time_of


class RoleRows(ReadRows):
    """Roles of an open store."""

    async def members(self, channel: str, at: datetime | None = None) -> list[Member]:
        """Return everybody with a role by invitation, longest there first; with `at` those whose role has not ended."""
        valid = () if at is None else (or_(staff.c.until.is_(None), staff.c.until > text_of(at)),)
        rows = await self._fetch(select(staff).where(staff.c.channel == channel, *valid).order_by(staff.c.id))
        return [
            Member(
                row.user_id,
                cast("Role", row.role),
                row.label,
                row.since,
                row.added_by,
                time_of(row.until),
                _classes_of(row),
            )
            for row in rows
        ]

    async def is_staffed(self, channel: str, at: datetime) -> bool:
        """Return whether there is anybody who may take every ticket: with a role that has not ended, of no class."""
        valid = or_(staff.c.until.is_(None), staff.c.until > text_of(at))
        them = select(staff.c.id).where(staff.c.channel == channel, staff.c.classes.is_(None), valid)
        return bool(await self._fetch(them.limit(1)))

    async def find_classes(self, channel: str, user: str) -> Classes | None:
        """Return the classes that somebody with a role is confined to; None: to none, as owners are not."""
        is_owner = exists().where(owners.c.channel == channel, owners.c.user_id == user)
        mine = select(staff.c.classes).where(staff.c.channel == channel, staff.c.user_id == user, ~is_owner)
        rows = await self._fetch(mine)
        return _classes_of(rows[0]) if rows else None

    async def everybody(self, channel: str, at: datetime) -> dict[str, Classes | None]:
        """Return the ids of all with a role that has not ended, owners among them, with their classes (None: all)."""
        found = {member.user: member.classes for member in await self.members(channel, at)}
        rows = await self._fetch(select(owners.c.user_id).where(owners.c.channel == channel))
        return found | dict.fromkeys(user for (user,) in rows)

    async def invitations(self, channel: str, at: datetime) -> list[Invitation]:
        """Return the invitations that can still be used."""
        usable = select(invites).where(
            invites.c.channel == channel, invites.c.used_at.is_(None), invites.c.expires_at > text_of(at)
        )
        rows = await self._fetch(usable)
        return [
            Invitation(row.hash, cast("Role", row.role), row.label, row.made_by, time_of(row.until), _classes_of(row))
            for row in rows
        ]

    async def acts(self, channel: str, most: int) -> list[AuditedAct]:
        """Return the last privileged acts, newest first."""
        newest = select(audit).where(audit.c.channel.in_((channel, ""))).order_by(audit.c.id.desc()).limit(most)
        return [AuditedAct(time_of(row.at), row.who, row.act, row.about) for row in await self._fetch(newest)]

    async def acts_before(
        self, channel: str, most: int, before: int | None = None, *, who: str = "", act: str = ""
    ) -> list[tuple[int, AuditedAct]]:
        """Return a page of privileged acts with their numbers, newest first; with `before` those of smaller ones.

        `who` and the beginning of the `act` leave out others.
        """
        which = [audit.c.channel.in_((channel, "")), *([audit.c.id < before] if before else [])]
        which += [audit.c.who == who] if who else []
        which += [audit.c.act.startswith(act, autoescape=True)] if act else []
        rows = await self._fetch(select(audit).where(*which).order_by(audit.c.id.desc()).limit(most))
        return [(row.id, AuditedAct(time_of(row.at), row.who, row.act, row.about)) for row in rows]

    async def list_done(self, beginning: str) -> list[str]:
        """Return the ends of the keys with this beginning of what was done once."""
        rows = await self._fetch(select(done_once.c.key).where(done_once.c.key.startswith(beginning)))
        return [key.removeprefix(beginning) for (key,) in rows]

    async def was_done(self, key: str) -> bool:
        """Return whether something that is done once was done."""
        return bool(await self._fetch(select(done_once.c.key).where(done_once.c.key == key)))


def _classes_of(row: Any) -> Classes | None:
    return classes.load(row.classes) if row.classes else None


def has_role() -> Any:
    """Hold for people with a role, who are no graduates in any count. They are few: they are looked up once."""
    them = people.alias()
    found = []
    for role in (staff, owners):  # no join, which SQLite may begin at the people
        their = select(them.c.id).where(them.c.channel == role.c.channel, them.c.user_id == role.c.user_id)
        found.append(select(func.coalesce(their.correlate(role).scalar_subquery(), 0)).select_from(role))
    return people.c.id.in_(union_all(*found))


# Built once: that takes longer than to run it.
_GRADUATES = select(people.c.id).where(people.c.id.in_(bindparam("ids", expanding=True)), ~has_role())


async def find_graduates(connection: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Return those of these people who have no role."""
    return set((await connection.execute(_GRADUATES, {"ids": ids})).scalars())


async def copy_for_teachers(
    connection: AsyncConnection, message: Queued, origin: Origin
) -> list[tuple[Queued, Origin]]:
    """Return copies of a message to staff about a ticket: for those who are confined to classes of which its graduate
    is in one, except whoever causes it.
    """
    if message.to != "staff" or not message.ticket or not message.reply or message.change:
        return []
    valid = or_(staff.c.until.is_(None), staff.c.until > text_of(origin.at))
    confined = select(staff.c.channel, staff.c.user_id, staff.c.classes).where(staff.c.classes.is_not(None), valid)
    rows = (await connection.execute(confined)).all()
    if not rows:
        return []
    place = select(people.c.notice, people.c.cohort, people.c.major)
    whose = place.join(tickets, tickets.c.person == people.c.id).where(tickets.c.number == message.ticket)
    person = (await connection.execute(whose)).first()
    theirs = [(channel, user) for channel, user, held in rows if person and classes.load(held).hold(*person)]
    return [
        (
            Queued("user", message.reply, message.ticket, user=user, fleeting=message.fleeting),
            Origin(channel, "", origin.at),
        )
        for channel, user in theirs
        if (channel, user) != (origin.channel, origin.user)
    ]


async def name_owners(connection: AsyncConnection, named: OwnersNamed, _: Origin) -> None:
    """Keep the owners of the settings instead of those before."""
    await connection.execute(delete(owners))
    rows = [{"channel": channel, "user_id": user} for channel, user in sorted(named.owners)]
    if rows:
        await connection.execute(insert(owners), rows)


async def save_invitation(connection: AsyncConnection, invited: Invited, origin: Origin) -> None:
    """Keep the hash of an invitation's token."""
    row = {
        "channel": origin.channel,
        "hash": invited.hash,
        "role": invited.role,
        "label": invited.label,
        "made_by": origin.user,
        "expires_at": text_of(invited.expires_at),
        "until": text_of(invited.until) if invited.until else None,
        "classes": classes.dump(invited.classes) if invited.classes else None,
    }
    await connection.execute(insert(invites), row)


async def use_invitation(connection: AsyncConnection, joined: Joined, origin: Origin) -> None:
    """Give the person whose turn it is a role, and use up the invitation. Outdated when somebody else used it."""
    unused = (invites.c.hash == joined.hash, invites.c.used_at.is_(None))
    used = await connection.execute(update(invites).where(*unused).values(used_at=text_of(origin.at)))
    if used.rowcount != 1:
        raise Outdated(joined.role)
    await connection.execute(delete(staff).where(staff.c.channel == origin.channel, staff.c.user_id == origin.user))
    row = {
        "channel": origin.channel,
        "user_id": origin.user,
        "role": joined.role,
        "label": joined.label,
        "since": text_of(origin.at),
        "added_by": joined.added_by,
        "until": text_of(joined.until) if joined.until else None,
        "classes": classes.dump(joined.classes) if joined.classes else None,
    }
    await connection.execute(insert(staff), row)


async def enlist(connection: AsyncConnection, enlisted: Enlisted, origin: Origin) -> None:
    """Give somebody a role who is in no chat."""
    row: dict[str, Any] = {"channel": origin.channel, "user_id": enlisted.user, "role": enlisted.role}
    row["label"] = enlisted.label
    confined = classes.dump(enlisted.classes) if enlisted.classes else None
    row |= {"since": text_of(origin.at), "added_by": origin.user, "classes": confined}
    await connection.execute(insert(staff), row)


async def remove_role(connection: AsyncConnection, removed: Removed, origin: Origin) -> None:
    """Delete the role, every unused invitation that its holder made, and their way into the console; tickets that they
    had taken are open again.

    Their broadcasts pass to the person who removed them, and those with a time do not start by themselves. What they
    approved and has not started needs another approval.
    """
    channel, user = origin.channel, removed.user
    await connection.execute(delete(staff).where(staff.c.channel == channel, staff.c.user_id == user))
    await connection.execute(
        delete(invites).where(invites.c.channel == channel, invites.c.made_by == user, invites.c.used_at.is_(None))
    )
    await delete_all(connection, channel, user)
    await connection.execute(
        update(tickets)
        .where(tickets.c.taken_by == user, tickets.c.state == "taken")
        .values(state="open", taken_by=None, taken_at=None, version=tickets.c.version + 1)
    )
    await _remove_from_broadcasts(connection, channel, user, origin.user)


async def _remove_from_broadcasts(connection: AsyncConnection, channel: str, user: str, successor: str) -> None:
    theirs = (broadcasts.c.channel == channel, broadcasts.c.made_by == user, broadcasts.c.state.not_in(ENDED))
    waiting = broadcasts.c.state.in_(("draft", "approved", "scheduled"))
    agreed = (broadcasts.c.channel == channel, broadcasts.c.approved_by == user, waiting)
    for which, state in ((theirs, "scheduled"), (agreed, "approved")):
        back = update(broadcasts).where(*which, broadcasts.c.state == state)
        await connection.execute(back.values(state="draft", came_from=state, due_at=None))
    await connection.execute(update(broadcasts).where(*theirs).values(made_by=successor, card=None))
    await connection.execute(update(broadcasts).where(*agreed).values(approved=None, approved_by=None))


async def save_audit(connection: AsyncConnection, audited: Audited, origin: Origin) -> None:
    """Write down a privileged act."""
    row = {"at": text_of(origin.at), "channel": origin.channel, "who": origin.user}
    await connection.execute(insert(audit), row | {"act": audited.act, "about": audited.about})
