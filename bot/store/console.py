"""The console as rows: links into it, second factors, sessions of browsers. Times of sessions are checked here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.console import IDLE_FOR, MOST_PASSKEYS, ConsoleKeyDropped, ConsoleLinked, ConsoleSession, Passkey
from bot.store.console_tables import console_keys, console_links, console_passkeys, console_sessions
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
    async def challenge(self, number: int, challenge: str) -> None:
        """Keep what a passkey is to sign in this session next."""
        await self._change(number, challenge=challenge)

    @run_to_completion
    async def take_challenge(self, number: int) -> str | None:
        """Return what was to be signed in this session, which is to be signed no more; None: nothing was."""
        this = (console_sessions.c.id == number, console_sessions.c.challenge.is_not(None))
        async with self._writing() as connection:
            asked = select(console_sessions.c.challenge).where(*this).with_for_update()
            challenge = (await connection.execute(asked)).scalar()
            await connection.execute(update(console_sessions).where(*this).values(challenge=None))
            return challenge

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

        False when somebody was let in by that code, or a later one, before; or a passkey was set up meanwhile instead.
        """
        whose = {"channel": session.channel, "user_id": session.user}
        async with self._writing() as connection:
            if session.new_key == secret and await _list_passkeys(connection, session.channel, session.user):
                return False
            new = upsert(connection.dialect.name)(console_keys).values(**whose, secret=secret, last=last)
            kept = new.on_conflict_do_update(
                index_elements=[console_keys.c.channel, console_keys.c.user_id],
                set_={"last": last},
                where=and_(console_keys.c.last < last, console_keys.c.secret == secret),
            )
            if not (await connection.execute(kept.returning(console_keys.c.id))).first():
                return False
            return await _let_in(connection, session.number, becomes, until)

    @run_to_completion
    async def confirm_by_passkey(
        self, session: ConsoleSession, passkey: Passkey, becomes: str, until: datetime
    ) -> bool:
        """Let a session in under a new hash by a passkey that was set up before. False when it is there no more."""
        this = (console_passkeys.c.credential == passkey.credential, *_of(console_passkeys, session))
        async with self._writing() as connection:
            used = update(console_passkeys).where(*this).values(count=passkey.count)
            if not (await connection.execute(used)).rowcount:
                return False
            return await _let_in(connection, session.number, becomes, until)

    @run_to_completion
    async def add_passkey(
        self, session: ConsoleSession, passkey: Passkey, at: datetime, becomes: str = "", until: datetime | None = None
    ) -> bool:
        """Keep a passkey. With `until` it is the person's first second factor, and lets the session in by a new hash.

        False when there are others by now, or too many, or it is somebody's already.
        """
        async with self._writing() as connection:
            known = await _list_passkeys(connection, session.channel, session.user)
            keys = (await connection.execute(select(console_keys.c.id).where(*_of(console_keys, session)))).first()
            if len(known) >= MOST_PASSKEYS or (until and (known or keys)):
                return False
            row = {"channel": session.channel, "user_id": session.user, "since": text_of(at)}
            row |= {"credential": passkey.credential, "key": passkey.key}
            new = upsert(connection.dialect.name)(console_passkeys).values(**row, count=passkey.count)
            added = await connection.execute(new.on_conflict_do_nothing().returning(console_passkeys.c.id))
            if not added.first():
                return False
            return not until or await _let_in(connection, session.number, becomes, until)

    @run_to_completion
    async def drop_passkey(self, session: ConsoleSession, credential: str) -> bool:
        """Delete a passkey of a person. False when they have none of this id, or nothing else to come in by."""
        this = (console_passkeys.c.credential == credential, *_of(console_passkeys, session))
        async with self._writing() as connection:
            known = await _list_passkeys(connection, session.channel, session.user)
            keys = (await connection.execute(select(console_keys.c.id).where(*_of(console_keys, session)))).first()
            if len(known) < 2 and not keys:
                return False
            return (await connection.execute(delete(console_passkeys).where(*this))).rowcount == 1

    async def passkeys(self, channel: str, user: str) -> list[Passkey]:
        """Return somebody's passkeys, the oldest first."""
        return [_passkey(row) for row in await self._fetch(_select_passkeys(channel, user))]

    @run_to_completion
    async def reseal(self, channel: str, user: str, was: str, becomes: str) -> None:
        """Keep somebody's secret in another form."""
        this = (console_keys.c.channel == channel, console_keys.c.user_id == user, console_keys.c.secret == was)
        async with self._writing() as connection:
            await connection.execute(update(console_keys).where(*this).values(secret=becomes))

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


async def _let_in(connection: AsyncConnection, number: int, becomes: str, until: datetime) -> bool:
    row = {"hash": becomes, "confirmed": True, "new_key": None, "challenge": None, "until": text_of(until)}
    this = update(console_sessions).where(console_sessions.c.id == number, ~console_sessions.c.confirmed)
    return (await connection.execute(this.values(**row))).rowcount == 1


def _of(table: Any, session: ConsoleSession) -> tuple[Any, Any]:
    return table.c.channel == session.channel, table.c.user_id == session.user


def _select_passkeys(channel: str, user: str) -> Any:
    theirs = (console_passkeys.c.channel == channel, console_passkeys.c.user_id == user)
    return select(console_passkeys).where(*theirs).order_by(console_passkeys.c.id)


async def _list_passkeys(connection: AsyncConnection, channel: str, user: str) -> list[Passkey]:
    return [_passkey(row) for row in await connection.execute(_select_passkeys(channel, user))]


def _passkey(row: Any) -> Passkey:
    return Passkey(row.credential, row.key, row.count, time_of(row.since))


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
        row.challenge,
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
    """Forget somebody's second factors and end their sessions."""
    await delete_all(connection, origin.channel, dropped.user)


async def delete_all(connection: AsyncConnection, channel: str, user: str) -> None:
    """Delete a person's links, second factors and sessions."""
    for table in (console_links, console_keys, console_passkeys, console_sessions):
        await connection.execute(delete(table).where(table.c.channel == channel, table.c.user_id == user))
