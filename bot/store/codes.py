"""Join codes that people gave, for staff, who alone know whose they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, cast, delete, func, or_, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.accounts import PersonKey
from bot.domain.classes import Classes
from bot.domain.effects import Outdated
from bot.domain.join_codes import Caller, CodeClaimed, CodeDropped, CodeFreed, Holder, ListedCode
from bot.domain.student_numbers import StudentKey
from bot.store.audience import of_classes
from bot.store.broadcast_tables import broadcasts, recipients
from bot.store.roster_tables import calls, listed_codes
from bot.store.rows import Origin, ReadRows
from bot.store.tables import join_codes, people, person_id, rosters
from bot.store.times import time_of
from bot.store.upsert import upsert

AT_ONCE = 500
"""Codes, or people, that one statement asks for."""


class CodeRows(ReadRows):
    """Join codes of an open store, of the people of every channel that the staff of `channel` look after."""

    students: Callable[[], StudentKey] | None = None
    """Returns the key of student numbers; None where there is none. Whoever opens the store sets it."""

    def __init__(self, reader: AsyncEngine, channels: Callable[[str], Sequence[str]]) -> None:
        super().__init__(reader)
        self._channels = channels

    async def holders(self, channel: str, notice: str, within: Classes | None = None) -> list[Holder]:
        """Return everybody who gave a code (with `within` of these classes), with their progress under a notice."""
        session = _session_json(self._dialect)
        walk = session["walks"][notice]
        found = select(
            session["code"].as_string(),
            people.c.channel,
            people.c.user_id,
            func.coalesce(walk["state"].as_string(), "new"),
            walk["step"].as_string(),
            people.c.updated_at,
            people.c.reachable,
        )
        # Most sessions need not be parsed to see that there is none.
        found = found.where(people.c.channel.in_(self._channels(channel)), people.c.session.contains('"code": "'))
        found = found.where(of_classes(within)) if within else found
        return [
            Holder(code, PersonKey(door, user), state, step, time_of(seen), bool(reachable))
            for code, door, user, state, step, seen, reachable in await self._fetch(found)
            if code
        ]

    async def callers(self, channel: str, notice: str, within: Classes | None = None) -> list[Caller]:
        """Return everybody who gave a code (with `within` of these classes), with what they said to broadcasts."""
        holders = {holder.who: holder for holder in await self.holders(channel, notice, within)}
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
            .where(recipients.c.at > func.coalesce(_spoken_at(), ""))
            .correlate(people, join_codes)
            .scalar_subquery()
        )
        listed = _newest_listed(channel, notice)
        found = select(
            people.c.channel, people.c.user_id, people.c.cohort, people.c.major, silent, last, last_at,
            *_last_call(join_codes.c.code), listed.c.code, listed.c.done, listed.c.said_done, listed.c.class_name,
        )  # fmt: skip
        found = found.join_from(join_codes, people, people.c.id == join_codes.c.person)
        found = found.outerjoin(listed, listed.c.code == join_codes.c.code)
        rows = await self._fetch(found.where(people.c.channel.in_(self._channels(channel))))
        return [
            Caller(
                holders[PersonKey(door, user)],
                cohort,
                major,
                int(n),
                ack,
                time_of(at) if at else None,
                call,
                time_of(call_at) if call_at else None,
                ListedCode(*of_list) if of_list[0] else None,
            )
            for door, user, cohort, major, n, ack, at, call, call_at, *of_list in rows
            if PersonKey(door, user) in holders
        ]

    async def never_came(self, channel: str, notice: str) -> list[Caller]:
        """Return the codes that the school lists as not done and nobody gave, by code."""
        listed = _newest_listed(channel, notice)
        given = select(join_codes.c.code).where(join_codes.c.channel.in_(self._channels(channel)))
        found = select(listed.c.code, listed.c.class_name, rosters.c.made_at, *_last_call(listed.c.code))
        found = found.join_from(listed, rosters, rosters.c.id == listed.c.roster)
        found = found.where(~listed.c.done, listed.c.code.not_in(given)).order_by(listed.c.code)
        return [
            Caller(
                Holder(code, PersonKey("", ""), "never", None, time_of(made_at), reachable=False),
                call=call,
                call_at=time_of(call_at) if call_at else None,
                listed=ListedCode(code, done=False, class_name=class_name),
            )
            for code, class_name, made_at, call, call_at in await self._fetch(found)
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
        doors = self._channels(channel)
        theirs: list[Any] = [people.c.channel.in_(doors)]
        theirs += [or_(people.c.notice == notice, people.c.notice.is_(None))] if not code else []
        theirs += [state.in_(states)] if states else []
        theirs += [of_classes(within)] if within else []
        chosen = select(join_codes.c.code, join_codes.c.person).where(join_codes.c.channel.in_(doors))
        chosen = chosen.where(join_codes.c.code == code if code else join_codes.c.code > after)
        if states or within:
            chosen = chosen.where(join_codes.c.person.in_(select(people.c.id).where(*theirs)))
        else:
            chosen = chosen.join(people, people.c.id == join_codes.c.person).where(*theirs)
        page = chosen.order_by(join_codes.c.code).limit(most).subquery()
        columns = (
            page.c.code,
            people.c.channel,
            people.c.user_id,
            state,
            people.c.step,
            people.c.updated_at,
            people.c.reachable,
        )
        found = select(*columns).join_from(page, people, people.c.id == page.c.person).order_by(page.c.code)
        rows = await self._fetch(found)
        return [
            Holder(at, PersonKey(door, user), now, step, time_of(seen), bool(there))
            for at, door, user, now, step, seen, there in rows
        ]

    async def known(self, channel: str, codes: Sequence[str], within: Classes | None = None) -> set[str]:
        """Return those of some codes that somebody gave (with `within` somebody of these classes)."""
        found: set[str] = set()
        for start in range(0, len(codes), AT_ONCE):
            some = (
                join_codes.c.channel.in_(self._channels(channel)),
                join_codes.c.code.in_(codes[start : start + AT_ONCE]),
            )
            given = select(join_codes.c.code).where(*some)
            if within:
                given = given.join(people, people.c.id == join_codes.c.person).where(of_classes(within))
            found |= {code for (code,) in await self._fetch(given)}
        return found

    async def find_owners(self, channel: str, code: str) -> list[PersonKey]:
        """Return who has this code, in each channel one at most; those of `channel` itself first."""
        who = select(people.c.channel, people.c.user_id).join(join_codes, join_codes.c.person == people.c.id)
        this = (join_codes.c.channel.in_(self._channels(channel)), join_codes.c.code == code)
        found = [PersonKey(door, user) for door, user in await self._fetch(who.where(*this))]
        return sorted(found, key=lambda one: (one.channel != channel, one))

    async def list_claimants(self, channel: str, code: str) -> list[PersonKey]:
        """Return those who gave this code while another had it."""
        claims = _session_json(self._dialect)["asked_code"].as_string() == code
        some = (people.c.channel.in_(self._channels(channel)), people.c.session.contains(code, autoescape=True))
        rows = await self._fetch(select(people.c.channel, people.c.user_id).where(*some, claims))
        return [PersonKey(*row) for row in rows]

    async def sessions(self, whose: Sequence[PersonKey]) -> list[tuple[PersonKey, str]]:
        """Return people and their sessions (JSON), without those who have none."""
        key, found = tuple_(people.c.channel, people.c.user_id), []
        asked = select(people.c.channel, people.c.user_id, people.c.session).where(people.c.session.is_not(None))
        for start in range(0, len(whose), AT_ONCE):
            rows = await self._fetch(asked.where(key.in_(whose[start : start + AT_ONCE])))
            found += [(PersonKey(door, user), session) for door, user, session in rows]
        return found


def _newest_listed(channel: str, notice: str) -> Any:
    """Return the newest rows of the school's lists as a subquery."""
    ours = (listed_codes.c.channel == channel, listed_codes.c.notice == notice)
    newest = select(func.max(listed_codes.c.id)).where(*ours).group_by(listed_codes.c.code)
    return select(listed_codes).where(listed_codes.c.id.in_(newest)).subquery()


def _last_call(code: Any) -> tuple[Any, Any]:
    """Return the outcome and the time of the last call for a code, as columns."""
    last = (select(calls.c[name]).where(calls.c.code == code).order_by(calls.c.id.desc()) for name in ("outcome", "at"))
    outcome, at = (one.limit(1).scalar_subquery() for one in last)
    return outcome, at


def _spoken_at() -> Any:
    """Return when the owner of a code was last reached by a call, as a column."""
    mine = (calls.c.code == join_codes.c.code, calls.c.outcome != "missed")
    return select(func.max(calls.c.at)).where(*mine).correlate(join_codes).scalar_subquery()


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
    is_theirs = join_codes.c.person == person_id(freed.channel or origin.channel, freed.user)
    taken = delete(join_codes).where(is_theirs, join_codes.c.code == freed.code)
    if (await connection.execute(taken)).rowcount != 1:
        raise Outdated("code")
