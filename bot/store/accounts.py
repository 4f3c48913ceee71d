"""Accounts as rows: the other browsers of a person, and invitations to join one.

A person whom a channel can write to unasked keeps that channel; whoever comes in by a browser as well is found by the
hash of its cookie. Joining an account makes one of two people: one stays, with one position, and the other is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.accounts import Claim, Entry, InvitationOffered, PersonKey
from bot.domain.outbox import Queued
from bot.store.broadcast_tables import reminders
from bot.store.knowledge_tables import wanted_answers
from bot.store.outbox import queue
from bot.store.people import delete_person
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.standing import standing_of
from bot.store.tables import (
    KEPT_TURNS,
    accounts,
    join_codes,
    outbox,
    people,
    person_id,
    ticket_words,
    tickets,
)
from bot.store.ticket_tables import ticket_files
from bot.store.times import text_of

Found = Row[Any, Any, Any, Any]
"""A person's id, channel, id there, and session."""
Announce = Callable[[str, str], Queued]
"""Makes the message to staff about the ticket that is closed, and the one with which its graduate goes on."""
INVITATION = ""
"""The channel of an invitation that nobody has taken yet."""

_PEOPLE = select(people.c.id, people.c.channel, people.c.user_id, people.c.session)
_BEHIND = _PEOPLE.join(accounts).where(
    accounts.c.channel == bindparam("channel"), accounts.c.user_id == bindparam("user")
)


class Taken(NamedTuple):
    """What became of an invitation, and whose turn it is from now on."""

    became: Entry
    who: PersonKey


class AccountRows(Rows):
    """Accounts in an open store."""

    async def resolve(self, channel: str, user: str) -> PersonKey:
        """Return whose account this is: its own, unless it was joined to somebody."""
        async with self._reading() as connection:
            row = await _behind(connection, PersonKey(channel, user))
        return PersonKey(row.channel, row.user_id) if row else PersonKey(channel, user)

    @run_to_completion
    async def take(
        self,
        claim: Claim,
        account: PersonKey,
        at: datetime,
        *,
        page: str,
        has_progress: Callable[[str | None], bool],
        announce: Announce,
    ) -> Taken:
        """Take an invitation for this account, in one transaction.

        `page` is the channel whose accounts are browsers. `has_progress` looks into a session (JSON), `announce` makes
        the message to staff about a ticket that is closed because the person has another one.
        """
        async with self._writing() as connection:
            valid = (
                accounts.c.channel == INVITATION,
                accounts.c.user_id == claim.hash,
                accounts.c.expires_at > text_of(at),
            )
            inviting = (await connection.execute(_PEOPLE.join(accounts).where(*valid))).first()
            if inviting is None:
                return Taken("gone", account)
            opening = await _find(connection, account)
            if opening and opening.id == inviting.id:
                return Taken("same", PersonKey(inviting.channel, inviting.user_id))
            if page not in (inviting.channel, opening.channel if opening else account.channel):
                return Taken("elsewhere", account)
            mine, theirs = has_progress(opening.session) if opening else False, has_progress(inviting.session)
            if mine and theirs and claim.choice is None:
                return Taken("choose", account)
            is_mine = mine and (claim.choice == "here" or not theirs)
            if opening:
                await _close_one_ticket(connection, inviting, opening, announce, at)
            stays = await _join(connection, inviting, opening, account, page, is_mine=is_mine)
            await connection.execute(delete(accounts).where(*valid[:2]))
            return Taken("open", stays)


async def offer(connection: AsyncConnection, offered: InvitationOffered, origin: Origin) -> None:
    """Add an invitation of the person whose turn it is, and end those before it."""
    person = (await connection.execute(select(person_id(origin.channel, origin.user)))).scalar()
    await connection.execute(delete(accounts).where(accounts.c.person == person, accounts.c.channel == INVITATION))
    row = {"person": person, "channel": INVITATION, "user_id": offered.hash, "expires_at": text_of(offered.expires_at)}
    await connection.execute(insert(accounts), row)


async def _behind(connection: AsyncConnection, account: PersonKey) -> Found | None:
    return (await connection.execute(_BEHIND, {"channel": account.channel, "user": account.user})).first()


async def _find(connection: AsyncConnection, account: PersonKey) -> Found | None:
    """Return the person who comes in here: by an account that was joined, else by their own."""
    if row := await _behind(connection, account):
        return row
    own = _PEOPLE.where(people.c.channel == account.channel, people.c.user_id == account.user)
    return (await connection.execute(own)).first()


async def _join(
    connection: AsyncConnection,
    inviting: Found,
    opening: Found | None,
    account: PersonKey,
    page: str,
    *,
    is_mine: bool,
) -> PersonKey:
    """Make one person of two. Whoever can be written to unasked stays, else the one who invited."""
    if opening is None and account.channel != page:
        return await _move(connection, inviting, account)
    stays, goes = inviting, opening
    if opening and opening.channel != page:
        stays, goes = opening, inviting
    if goes:
        await _absorb(connection, stays, goes, takes_session=is_mine == (goes is opening))
        if goes.channel == page:
            await _lead(connection, stays.id, PersonKey(goes.channel, goes.user_id))
    if account.channel == page:
        await _lead(connection, stays.id, account)
    return PersonKey(stays.channel, stays.user_id)


async def _close_one_ticket(
    connection: AsyncConnection, inviting: Found, opening: Found, announce: Announce, at: datetime
) -> None:
    """Where both have a ticket that is not closed, close that of the account, and tell staff where it goes on."""
    still_open = (tickets.c.person.in_((inviting.id, opening.id)), tickets.c.state != "closed")
    rows = select(tickets.c.id, tickets.c.number, tickets.c.person).where(*still_open).order_by(tickets.c.id)
    found = {row.person: row for row in await connection.execute(rows)}
    if len(found) < 2:
        return
    goes, stays = found[opening.id], found[inviting.id]
    closed = {"state": "closed", "version": tickets.c.version + 1, "waiting_since": None, "release_at": None}
    await connection.execute(update(tickets).where(tickets.c.id == goes.id).values(**closed))
    waits = (tickets.c.id == stays.id, tickets.c.waiting_since.is_(None))
    await connection.execute(update(tickets).where(*waits).values(waiting_since=text_of(at)))
    await queue(connection, announce(goes.number, stays.number), Origin(opening.channel, opening.user_id, at))


async def _absorb(connection: AsyncConnection, stays: Found, goes: Found, *, takes_session: bool) -> None:
    """Give one person the other's accounts, what only the other has, and their session if it `takes_session`; delete
    the other.
    """
    opened = (accounts.c.person == goes.id, accounts.c.channel != INVITATION)
    await connection.execute(update(accounts).where(*opened).values(person=stays.id))
    if takes_session:
        await connection.execute(delete(join_codes).where(join_codes.c.person == stays.id))
    for table in (tickets, ticket_words, ticket_files, wanted_answers):
        await connection.execute(update(table).where(table.c.person == goes.id).values(person=stays.id))
    # An answer on its way goes to where the person is now.
    waiting = (outbox.c.channel == goes.channel, outbox.c.user_id == goes.user_id)
    await connection.execute(update(outbox).where(*waiting).values(channel=stays.channel, user_id=stays.user_id))
    of_tickets = select(tickets.c.id).where(tickets.c.person == stays.id)
    answers = (outbox.c.to == "graduate", outbox.c.ticket.in_(of_tickets))
    await connection.execute(update(outbox).where(*answers).values(channel=stays.channel))
    for table, more in ((reminders, {}), (join_codes, {"channel": stays.channel})):
        has = select(table.c.id).where(table.c.person == stays.id)
        theirs = update(table).where(table.c.person == goes.id, not_(has.exists()))
        if table is not join_codes or takes_session:
            await connection.execute(theirs.values(person=stays.id, **more))
    # A turn that is under way must not bring the old session back; what was answered keeps its slot.
    becomes: dict[str, Any] = {"turns": people.c.turns + KEPT_TURNS}
    if takes_session:
        becomes |= {"session": goes.session, **standing_of(goes.session)}
    await connection.execute(update(people).where(people.c.id == stays.id).values(**becomes))
    await delete_person(connection, goes.channel, goes.user_id)


async def _move(connection: AsyncConnection, person: Found, to: PersonKey) -> PersonKey:
    """Give a person of the page another channel; their browser becomes an account."""
    was = PersonKey(person.channel, person.user_id)
    becomes = {"channel": to.channel, "user_id": to.user, "turns": people.c.turns + KEPT_TURNS}
    await connection.execute(update(people).where(people.c.id == person.id).values(**becomes))
    theirs = (outbox.c.channel == was.channel, outbox.c.user_id == was.user)
    await connection.execute(update(outbox).where(*theirs).values(channel=to.channel, user_id=to.user))
    taken = select(join_codes.c.code).where(join_codes.c.channel == to.channel)
    code = (join_codes.c.person == person.id, join_codes.c.code.not_in(taken))
    await connection.execute(update(join_codes).where(*code).values(channel=to.channel))
    await _lead(connection, person.id, was)
    return to


async def _lead(connection: AsyncConnection, person: int, account: PersonKey) -> None:
    """Join an account to a person."""
    this = (accounts.c.channel == account.channel, accounts.c.user_id == account.user)
    await connection.execute(delete(accounts).where(*this))
    await connection.execute(insert(accounts), {"person": person, "channel": account.channel, "user_id": account.user})
