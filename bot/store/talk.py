"""The talk of a person as a channel shows it again: the last turns, and what came unasked.

A message that waits for a person of such a channel lies in the outbox until their page asks for it. In one transaction
it leaves the outbox and becomes one of their last turns: neither a kill nor an answer of ours that gets lost on its way
loses or repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import or_, select, update

from bot.domain.messages import Answer, Reply
from bot.domain.outbox import Queued
from bot.store.known import KEPT_ANSWER
from bot.store.outbox import queue, remove
from bot.store.rows import Origin, Rows, run_to_completion
from bot.store.tables import KEPT_TURNS, handled_updates, outbox, people, tickets
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


class TalkRows(Rows):
    """Talks in an open store."""

    @cached_property
    def _turns(self) -> TurnWriter:
        return TurnWriter(self._dialect)

    async def list(self, channel: str, user: str) -> list[KeptTurn]:
        """Return what is kept of the last KEPT_TURNS turns of a person, oldest first."""
        age = (people.c.turns + KEPT_TURNS - handled_updates.c.slot) % KEPT_TURNS
        kept = select(handled_updates.c.update_id, KEPT_ANSWER).join(people)
        kept = kept.where(*_is(channel, user), KEPT_ANSWER.is_not(None))
        return [KeptTurn(*row) for row in await self._fetch(kept.order_by(age.desc()))]

    async def collect(self, channel: str, user: str, at: datetime, mark: Reply) -> None:
        """Deliver what is due for a person: their page has asked. `mark` tells staff that words of theirs arrived."""
        if await self._fetch(_waiting(channel, user, at).limit(1)):
            await self._collect(channel, user, at, mark)

    @run_to_completion
    async def _collect(self, channel: str, user: str, at: datetime, mark: Reply) -> None:
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


def _is(channel: str, user: str) -> tuple[Any, Any]:
    return people.c.channel == channel, people.c.user_id == user


def _waiting(channel: str, user: str, at: datetime) -> Any:
    """Select what is due for a person, oldest first."""
    of_theirs = select(tickets.c.id).join(people, people.c.id == tickets.c.person).where(*_is(channel, user))
    theirs = or_(
        (outbox.c.to == "user") & (outbox.c.user_id == user),
        (outbox.c.to == "graduate") & outbox.c.ticket.in_(of_theirs),
    )
    due = (outbox.c.channel == channel, outbox.c.due_at <= text_of(at), theirs)
    known = select(outbox.c.id, outbox.c.reply, outbox.c.source, tickets.c.number)
    return known.select_from(outbox.outerjoin(tickets)).where(*due).order_by(outbox.c.id)
