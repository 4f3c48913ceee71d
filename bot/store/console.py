"""The console as rows: links into it, second factors, sessions of browsers. Times of sessions are checked here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.console import IDLE_FOR, ConsoleKeyDropped, ConsoleLinked, ConsoleSession
from bot.store.console_tables import console_keys, console_links, console_sessions
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.times import text_of, time_of
from bot.store.upsert import upsert


class ConsoleRows(Rows):
    """Links, second factors and sessions of an open store."""

    @run_to_completion
    async def take_link(
        self, link: str, session: str, at: datetime, until: datetime, browser: str
    ) -> tuple[str, str] | None:
        """Use up a link by its hash and begin a session, which still needs the code; return whose it is: channel and
        id. None: there is no such link any more.
        """
        valid = (console_links.c.hash == link, console_links.c.expires_at > text_of(at))
        used = delete(console_links).where(*valid).returning(console_links.c.channel, console_links.c.user_id)
        async with self._writing() as connection:
            found = (await connection.execute(used)).first()
            if found is None:
                return None
            times = {"since": text_of(at), "seen": text_of(at), "until": text_of(until)}
            row = {"hash": session, "channel": found.channel, "user_id": found.user_id, "browser": browser}
            await connection.execute(insert(console_sessions), {**row, **times, "confirmed": False, "tries": 0})
            gone = delete(console_sessions).where(console_sessions.c.until <= text_of(at))
            await connection.execute(gone)
            return found.channel, found.user_id

    async def find(self, session: str, at: datetime) -> ConsoleSession | None:
        """Return a session by its hash; None when it is over or there is none."""
        rows = await self._fetch(select(console_sessions).where(console_sessions.c.hash == session, _lasts(at)))
        return _session(rows[0]) if rows else None

    async def all(self, channel: str, at: datetime) -> list[ConsoleSession]:
        """Return everybody's confirmed sessions, the last seen first."""
        which = (console_sessions.c.channel == channel, console_sessions.c.confirmed, _lasts(at))
        rows = await self._fetch(select(console_sessions).where(*which).order_by(console_sessions.c.seen.desc()))
        return [_session(row) for row in rows]

    @run_to_completion
    async def see(self, number: int, at: datetime) -> None:
        """Note that a session was used."""
        await self._change(number, seen=text_of(at))

    @run_to_completion
    async def set_up(self, number: int, new_key: str) -> None:
        """Keep the secret of a second factor that is being set up."""
        await self._change(number, new_key=new_key)

    @run_to_completion
    async def count_try(self, number: int) -> int:
        """Count a code that is tried; return how many were so far."""
        this = update(console_sessions).where(console_sessions.c.id == number)
        tried = this.values(tries=console_sessions.c.tries + 1).returning(console_sessions.c.tries)
        async with self._writing() as connection:
            return int((await connection.execute(tried)).scalar() or 0)

    @run_to_completion
    async def confirm(self, session: ConsoleSession, secret: str, last: int, becomes: str, until: datetime) -> bool:
        """Let a session in under a new hash, and keep its person's secret with the number of the code that was right.

        False when somebody was let in by that code, or a later one, before.
        """
        whose = {"channel": session.channel, "user_id": session.user}
        async with self._writing() as connection:
            new = upsert(connection.dialect.name)(console_keys).values(**whose, secret=secret, last=last)
            kept = new.on_conflict_do_update(
                index_elements=[console_keys.c.channel, console_keys.c.user_id],
                set_={"last": last},
                where=and_(console_keys.c.last < last, console_keys.c.secret == secret),
            )
            if not (await connection.execute(kept.returning(console_keys.c.id))).first():
                return False
            this = update(console_sessions).where(console_sessions.c.id == session.number)
            row = {"hash": becomes, "confirmed": True, "new_key": None, "until": text_of(until)}
            return (await connection.execute(this.values(**row))).rowcount == 1

    async def find_key(self, channel: str, user: str) -> str | None:
        """Return the secret of somebody's second factor; None when none is set up."""
        whose = (console_keys.c.channel == channel, console_keys.c.user_id == user)
        rows = await self._fetch(select(console_keys.c.secret).where(*whose))
        return rows[0].secret if rows else None

    @run_to_completion
    async def end(self, number: int, channel: str, user: str | None = None) -> bool:
        """End a session, with a `user` only one of theirs; return whether there was one."""
        which = [console_sessions.c.id == number, console_sessions.c.channel == channel]
        which += [console_sessions.c.user_id == user] if user is not None else []
        async with self._writing() as connection:
            return (await connection.execute(delete(console_sessions).where(*which))).rowcount == 1

    async def _change(self, number: int, **columns: Any) -> None:
        async with self._writing() as connection:
            this = update(console_sessions).where(console_sessions.c.id == number)
            await connection.execute(this.values(**columns))


def _lasts(at: datetime) -> Any:
    return and_(console_sessions.c.until > text_of(at), console_sessions.c.seen > text_of(at - IDLE_FOR))


def _session(row: Any) -> ConsoleSession:
    return ConsoleSession(
        row.id,
        row.channel,
        row.user_id,
        row.confirmed,
        row.tries,
        time_of(row.since),
        time_of(row.seen),
        time_of(row.until),
        row.browser,
        row.new_key,
    )


async def add_link(connection: AsyncConnection, linked: ConsoleLinked, origin: Origin) -> None:
    """Keep the hash of a link, instead of the person's earlier ones and of those that are over."""
    user = linked.user or origin.user
    theirs = and_(console_links.c.channel == origin.channel, console_links.c.user_id == user)
    over = console_links.c.expires_at <= text_of(origin.at)
    await connection.execute(delete(console_links).where(theirs | over))
    row = {"hash": linked.hash, "channel": origin.channel, "user_id": user, "expires_at": text_of(linked.expires_at)}
    await connection.execute(insert(console_links), row)


async def drop_key(connection: AsyncConnection, dropped: ConsoleKeyDropped, origin: Origin) -> None:
    """Forget somebody's second factor and end their sessions."""
    await delete_all(connection, origin.channel, dropped.user)


async def delete_all(connection: AsyncConnection, channel: str, user: str) -> None:
    """Delete a person's links, second factor and sessions."""
    for table in (console_links, console_keys, console_sessions):
        await connection.execute(delete(table).where(table.c.channel == channel, table.c.user_id == user))
