"""The talk of a person as a channel shows it again: the last turns, and what came unasked.

A message that waits for a person of such a channel lies in the outbox until their page asks for it. In one transaction
it leaves the outbox and becomes one of their last turns: neither a kill nor an answer of ours that gets lost on its way
loses or repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, case, exists, func, or_, select, update

from bot.domain.accounts import PersonKey
from bot.domain.messages import Answer, Reply
from bot.domain.outbox import Queued
from bot.store.outbox import queue, remove
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.tables import KEPT_TURNS, accounts, handled_updates, join_codes, outbox, people, tickets
from bot.store.times import text_of
from bot.store.turns import TurnWriter

POST = "post-"
"""Beginning of the update's id of a turn that nothing of the person's caused."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """One of the last turns of a person: the update that it answered, and its answer as JSON."""

    update_id: str
    turn: str

    @property
    def is_post(self) -> bool:
        """Whether it came unasked."""
        return self.update_id.startswith(POST)


@dataclass(frozen=True, slots=True)
class KeptTalk:
    """The talk of `who`, with their join code and the last KEPT_TURNS turns, oldest first. `waits`: something is due
    for them that their page has not fetched.
    """

    who: PersonKey
    code: str | None = None
    waits: bool = False
    turns: Sequence[KeptTurn] = ()


class TalkRows(Rows):
    """Talks in an open store."""

    @cached_property
    def _turns(self) -> TurnWriter:
        return TurnWriter(self._dialect)

    async def load(self, channel: str, user: str, at: datetime) -> KeptTalk:
        """Return the talk of whoever comes in by an account: their own, unless it was joined to somebody."""
        rows = await self._fetch(_TALK, {"who_channel": channel, "who_user": user, "at": text_of(at)})
        if not rows:
            return KeptTalk(PersonKey(channel, user))
        turns = [KeptTurn(row.update_id, row.turn) for row in rows if row.turn]
        return KeptTalk(PersonKey(rows[0].channel, rows[0].user_id), rows[0].code, bool(rows[0].waits), turns)

    @run_to_completion
    async def collect(self, channel: str, user: str, at: datetime, mark: Reply) -> None:
        """Deliver what is due for a person: their page has asked. `mark` tells staff that words of theirs arrived."""
        async with self._writing() as connection:
            # Whoever changes the person's turns goes first; the messages are read after that.
            this = update(people).where(*_is(channel, user)).values(turns=people.c.turns)
            if not (await connection.execute(this)).rowcount:
                return
            for row in (await connection.execute(_waiting(channel, user, at))).all():
                if row.reply:
                    answer = _ANSWER.dump_json(Answer((_REPLY.validate_json(row.reply),))).decode()
                    await self._turns.add(connection, channel, user, f"{POST}{row.id}", answer, at)
                if row.source:
                    told = Queued("staff", mark, row.number, change="mark", source=row.source)
                    await queue(connection, told, Origin(channel, user, at))
                await remove(connection, row.id)


def _is(channel: Any, user: Any) -> tuple[Any, Any]:
    return people.c.channel == channel, people.c.user_id == user


def _waits(channel: Any, user: Any, tickets_of: Any, at: Any) -> tuple[Any, ...]:
    """Return what holds for a message that is due for a person with these tickets."""
    to_ticket = (outbox.c.to == "graduate") & outbox.c.ticket.in_(tickets_of)
    theirs = or_((outbox.c.to == "user") & (outbox.c.user_id == user), to_ticket)
    return outbox.c.channel == channel, outbox.c.due_at <= at, theirs


_CHANNEL, _USER, _AT = (bindparam(name, type_=Text) for name in ("who_channel", "who_user", "at"))
_JOINED = select(accounts.c.person).where(accounts.c.channel == _CHANNEL, accounts.c.user_id == _USER)
_OWN = select(people.c.id).where(*_is(_CHANNEL, _USER))
_TICKETS = select(tickets.c.id).where(tickets.c.person == people.c.id)
# What comes unasked goes to the person's own channel: to a page only where that is theirs.
_WAITS = exists().where(people.c.channel == _CHANNEL, *_waits(people.c.channel, people.c.user_id, _TICKETS, _AT))
_WHO = (
    select(
        *(people.c[name] for name in ("id", "channel", "user_id", "turns", "answer")),
        select(join_codes.c.code).where(join_codes.c.person == people.c.id).limit(1).scalar_subquery().label("code"),
        _WAITS.correlate(people).label("waits"),
    )
    .where(people.c.id == func.coalesce(_JOINED.scalar_subquery(), _OWN.scalar_subquery()))
    .limit(1)
    .subquery("who")
)
_IS_LAST = handled_updates.c.slot == _WHO.c.turns % KEPT_TURNS
_TALK = (
    select(
        *(_WHO.c[name] for name in ("channel", "user_id", "code", "waits")),
        handled_updates.c.update_id,
        func.coalesce(handled_updates.c.turn, case((_IS_LAST, _WHO.c.answer))).label("turn"),
    )
    .select_from(_WHO.outerjoin(handled_updates, handled_updates.c.person == _WHO.c.id))
    .order_by(((_WHO.c.turns + KEPT_TURNS - handled_updates.c.slot) % KEPT_TURNS).desc())
)
"""The turns of whoever comes in, oldest first; in each row whose they are, their join code, and if something waits."""


def _waiting(channel: str, user: str, at: datetime) -> Any:
    """Select what is due for a person, oldest first."""
    of_theirs = select(tickets.c.id).join(people, people.c.id == tickets.c.person).where(*_is(channel, user))
    due = _waits(channel, user, of_theirs, text_of(at))
    known = select(outbox.c.id, outbox.c.reply, outbox.c.source, tickets.c.number)
    return known.select_from(outbox.outerjoin(tickets)).where(*due).order_by(outbox.c.id)
