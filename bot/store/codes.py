"""Join codes that people gave, for staff, who alone know whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, cast, delete, func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.classes import Classes
from bot.domain.effects import Outdated
from bot.domain.join_codes import Caller, CodeClaimed, CodeDropped, CodeFreed, Holder
from bot.store.audience import of_classes
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.rows import Origin, ReadRows
from bot.store.tables import join_codes, people, person_id
from bot.store.times import time_of
from bot.store.upsert import upsert

AT_ONCE = 500
"""Codes that one statement asks for."""


class CodeRows(ReadRows):
    """Join codes of an open store."""

    async def holders(self, channel: str, notice: str, within: Classes | None = None) -> list[Holder]:
        """Return everybody who gave a code (with `within` of these classes), with their progress under a notice."""
        session = _session_json(self._dialect)
        walk = session["walks"][notice]
        found = select(
            session["code"].as_string(),
            people.c.user_id,
            func.coalesce(walk["state"].as_string(), "new"),
            walk["step"].as_string(),
            people.c.updated_at,
            people.c.reachable,
        )
        # Most sessions need not be parsed to see that there is none.
        found = found.where(people.c.channel == channel, people.c.session.contains('"code": "'))
        found = found.where(of_classes(within)) if within else found
        return [
            Holder(code, user, state, step, time_of(seen), bool(reachable))
            for code, user, state, step, seen, reachable in await self._fetch(found)
            if code
        ]

    async def callers(self, channel: str, notice: str, within: Classes | None = None) -> list[Caller]:
        """Return everybody who gave a code (with `within` of these classes), with what they said to broadcasts."""
        holders = {holder.user: holder for holder in await self.holders(channel, notice, within)}
        answered = recipients.alias()
        mine = (answered.c.who == people.c.id, answered.c.ack.is_not(None))
        newest = select(answered.c.ack).where(*mine).order_by(answered.c.ack_at.desc()).limit(1)
        last = newest.correlate(people).scalar_subquery()
        last_at = select(func.max(answered.c.ack_at)).where(*mine).correlate(people).scalar_subquery()
        silent = (
            select(func.count())
            .select_from(recipients.join(broadcasts, broadcasts.c.id == recipients.c.broadcast))
            .where(recipients.c.who == people.c.id, recipients.c.state == "sent", recipients.c.ack.is_(None))
            .where(broadcasts.c.act == "send", recipients.c.at > func.coalesce(last_at, ""))
            .correlate(people)
            .scalar_subquery()
        )
        found = select(people.c.user_id, people.c.cohort, people.c.major, silent, last, last_at)
        found = found.join_from(join_codes, people, people.c.id == join_codes.c.person)
        rows = await self._fetch(found.where(people.c.channel == channel))
        return [
            Caller(holders[user], cohort, major, int(n), ack, time_of(at) if at else None)
            for user, cohort, major, n, ack, at in rows
            if user in holders
        ]

    async def page(
        self,
        channel: str,
        notice: str,
        states: Sequence[str],
        most: int,
        after: str = "",
        code: str = "",
        within: Classes | None = None,
    ) -> list[Holder]:
        """Return people of a notice, or of none yet, by code in these states (all when none is named), from after a
        code on, at most so many; with a `code` only who gave it, with `within` those of these classes alone.

        Asks indices for whom, and looks up only those whom it returns.
        """
        state = func.coalesce(people.c.state, "new")
        theirs: list[Any] = [people.c.channel == channel]
        theirs += [or_(people.c.notice == notice, people.c.notice.is_(None))] if not code else []
        theirs += [state.in_(states)] if states else []
        theirs += [of_classes(within)] if within else []
        chosen = select(join_codes.c.code, join_codes.c.person).where(join_codes.c.channel == channel)
        chosen = chosen.where(join_codes.c.code == code if code else join_codes.c.code > after)
        if states or within:
            chosen = chosen.where(join_codes.c.person.in_(select(people.c.id).where(*theirs)))
        else:
            chosen = chosen.join(people, people.c.id == join_codes.c.person).where(*theirs)
        page = chosen.order_by(join_codes.c.code).limit(most).subquery()
        columns = (page.c.code, people.c.user_id, state, people.c.step, people.c.updated_at, people.c.reachable)
        found = select(*columns).join_from(page, people, people.c.id == page.c.person).order_by(page.c.code)
        rows = await self._fetch(found)
        return [Holder(at, user, now, step, time_of(seen), bool(there)) for at, user, now, step, seen, there in rows]

    async def known(self, channel: str, codes: Sequence[str], within: Classes | None = None) -> set[str]:
        """Return those of some codes that somebody gave (with `within` somebody of these classes)."""
        found: set[str] = set()
        for start in range(0, len(codes), AT_ONCE):
            some = (join_codes.c.channel == channel, join_codes.c.code.in_(codes[start : start + AT_ONCE]))
            given = select(join_codes.c.code).where(*some)
            if within:
                given = given.join(people, people.c.id == join_codes.c.person).where(of_classes(within))
            found |= {code for (code,) in await self._fetch(given)}
        return found

    async def find_owner(self, channel: str, code: str) -> str | None:
        """Return the id of whoever has this code; None when nobody has."""
        who = select(people.c.user_id).join(join_codes, join_codes.c.person == people.c.id)
        rows = await self._fetch(who.where(join_codes.c.channel == channel, join_codes.c.code == code))
        return rows[0].user_id if rows else None

    async def list_claimants(self, channel: str, code: str) -> list[str]:
        """Return the ids of those who gave this code while another had it."""
        claims = _session_json(self._dialect)["asked_code"].as_string() == code
        some = (people.c.channel == channel, people.c.session.contains(code, autoescape=True))
        rows = await self._fetch(select(people.c.user_id).where(*some, claims))
        return [user for (user,) in rows]

    async def sessions(self, channel: str, users: Sequence[str]) -> list[tuple[str, str]]:
        """Return users and their sessions (JSON), without those who have none."""
        found = select(people.c.user_id, people.c.session).where(
            people.c.channel == channel, people.c.user_id.in_(users), people.c.session.is_not(None)
        )
        return [(user, session) for user, session in await self._fetch(found)]


def _session_json(dialect: str) -> Any:
    """Return a person's session as JSON that can be indexed."""
    return type_coerce(people.c.session, JSON) if dialect == "sqlite" else cast(people.c.session, JSON)


async def claim(connection: AsyncConnection, claimed: CodeClaimed, origin: Origin) -> None:
    """Give a code to the person whose turn it is, instead of the one they had. Outdated when another has it."""
    await drop(connection, CodeDropped(), origin)
    row = {"channel": origin.channel, "code": claimed.code, "person": person_id(origin.channel, origin.user)}
    new = upsert(connection.dialect.name)(join_codes).values(**row).on_conflict_do_nothing()
    if (await connection.execute(new)).rowcount != 1:
        raise Outdated("code")


async def drop(connection: AsyncConnection, _: CodeDropped, origin: Origin) -> None:
    """Take the code of the person whose turn it is."""
    is_theirs = join_codes.c.person == person_id(origin.channel, origin.user)
    await connection.execute(delete(join_codes).where(is_theirs))


async def free(connection: AsyncConnection, freed: CodeFreed, origin: Origin) -> None:
    """Take a code from whoever has it. Outdated when that is somebody else by now."""
    is_theirs = join_codes.c.person == person_id(origin.channel, freed.user)
    taken = delete(join_codes).where(is_theirs, join_codes.c.code == freed.code)
    if (await connection.execute(taken)).rowcount != 1:
        raise Outdated("code")
