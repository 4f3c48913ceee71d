"""Who has which role, by which invitation, and every privileged act. Owners are not here: they are in the settings."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.effects import Outdated
from bot.domain.lifecycle import ENDED
from bot.domain.roles import Audited, Invitation, Invited, Joined, Member, Role
from bot.store.broadcast_tables import broadcasts
from bot.store.problems import translate_errors
from bot.store.tables import audit, invites, staff, tickets
from bot.store.times import text_of


class RoleRows:
    """Roles of an open store."""

    def __init__(self, reader: AsyncEngine) -> None:
        self._reader = reader

    async def members(self, channel: str) -> list[Member]:
        """Everybody with a role, longest there first."""
        with translate_errors():
            async with self._reader.connect() as connection:
                rows = await connection.execute(select(staff).where(staff.c.channel == channel).order_by(staff.c.id))
                return [Member(row.user_id, cast("Role", row.role), row.label, row.since) for row in rows]

    async def invitations(self, channel: str, at: datetime) -> list[Invitation]:
        """Invitations that can still be used."""
        usable = select(invites).where(
            invites.c.channel == channel, invites.c.used_at.is_(None), invites.c.expires_at > text_of(at)
        )
        with translate_errors():
            async with self._reader.connect() as connection:
                rows = await connection.execute(usable)
                return [Invitation(row.hash, cast("Role", row.role), row.label, row.made_by) for row in rows]


async def save_invitation(connection: AsyncConnection, effect: Invited, channel: str, user: str) -> None:
    """Keep an invitation's hash."""
    await connection.execute(
        insert(invites),
        {
            "channel": channel,
            "hash": effect.hash,
            "role": effect.role,
            "label": effect.label,
            "made_by": user,
            "expires_at": text_of(effect.expires_at),
        },
    )


async def use_invitation(connection: AsyncConnection, effect: Joined, channel: str, user: str, at: datetime) -> None:
    """Use up an invitation. Outdated when somebody did before."""
    used = await connection.execute(
        update(invites).where(invites.c.hash == effect.hash, invites.c.used_at.is_(None)).values(used_at=text_of(at))
    )
    if used.rowcount != 1:
        raise Outdated(effect.role)
    await connection.execute(delete(staff).where(staff.c.channel == channel, staff.c.user_id == user))
    await connection.execute(
        insert(staff),
        {
            "channel": channel,
            "user_id": user,
            "role": effect.role,
            "label": effect.label,
            "since": text_of(at),
            "added_by": effect.added_by,
        },
    )


async def remove_role(connection: AsyncConnection, user: str, channel: str, by: str) -> None:
    """Take the role and every invitation that they made; what they had taken is open again.

    Their broadcasts are looked after by whoever removed them, and those with a time do not start by themselves. What
    they agreed to and has not started needs somebody else's yes.
    """
    await connection.execute(delete(staff).where(staff.c.channel == channel, staff.c.user_id == user))
    await connection.execute(
        delete(invites).where(invites.c.channel == channel, invites.c.made_by == user, invites.c.used_at.is_(None))
    )
    await connection.execute(
        update(tickets)
        .where(tickets.c.taken_by == user, tickets.c.state == "taken")
        .values(state="open", taken_by=None, version=tickets.c.version + 1)
    )
    theirs = (broadcasts.c.channel == channel, broadcasts.c.made_by == user, broadcasts.c.state.not_in(ENDED))
    waiting = broadcasts.c.state.in_(("draft", "approved", "scheduled"))
    agreed = (broadcasts.c.channel == channel, broadcasts.c.approved_by == user, waiting)
    for which, state in ((theirs, "scheduled"), (agreed, "approved")):
        back = update(broadcasts).where(*which, broadcasts.c.state == state)
        await connection.execute(back.values(state="draft", came_from=state, due_at=None))
    await connection.execute(update(broadcasts).where(*theirs).values(made_by=by, card=None))
    await connection.execute(update(broadcasts).where(*agreed).values(approved=None, approved_by=None))


async def save_audit(connection: AsyncConnection, effect: Audited, channel: str, user: str, at: datetime) -> None:
    """Write down a privileged act."""
    row = {"at": text_of(at), "channel": channel, "who": user, "act": effect.act, "about": effect.about}
    await connection.execute(insert(audit), row)
