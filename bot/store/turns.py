"""Saves turns: the session, what happened, the update that caused it, and counts; many turns in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Effect, Outdated
from bot.domain.questions import Tallied
from bot.store.effects import apply
from bot.store.questions import count_questions
from bot.store.rows import Origin
from bot.store.tables import KEPT_TURNS, handled_updates, misses, people, step_events
from bot.store.times import text_of
from bot.store.upsert import upsert

KEPT_FORGETTING = timedelta(days=2)
"""For how long the turn that forgot somebody can be sent again; Telegram repeats an update for one day."""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Something that happened at a step; ids only, never words of the person. `revision` is the content's then.

    An answer of the FAQ: script `faq`, its topic as the step, kind `answer`.
    """

    script: str
    step: str
    kind: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that was not answered at once: masked text, nearest topic ids (best first), the content's revision.

    `tied`: several were as near. `mark` identifies the question in the buttons that offer topics; None: no buttons.
    """

    question: str
    topics: tuple[str, ...]
    revision: str
    tied: bool = False
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn to save; see `Store.save_turn`. `member` is the person's if they are new."""

    channel: str
    user: str
    member: str
    session: str | None
    events: Sequence[StepEvent]
    update_id: str | None
    turn: str | None
    miss: Miss | None
    at: datetime
    effects: Sequence[Effect] = ()
    seen: int = 0
    tallied: Tallied | None = None


_WHO = (people.c.channel == bindparam("who_channel"), people.c.user_id == bindparam("who_user"))
_PERSON = select(people.c.id).where(*_WHO).scalar_subquery()
_SAVE_EVENT = insert(step_events).values(person=_PERSON)
_COUNT_TURN = update(people).where(*_WHO).values(turns=people.c.turns + 1)
_FIND_UPDATE = select(handled_updates.c.id).where(
    handled_updates.c.channel == bindparam("channel"), handled_updates.c.update_id == bindparam("update_id")
)


class TurnWriter:
    """Writes turns; its statements are made once for a dialect."""

    def __init__(self, dialect: str) -> None:
        self._save_person = _save_person(dialect)
        self._save_update = _save_update(dialect)

    async def save(self, connection: AsyncConnection, turns: Sequence[TurnRow]) -> None:
        """Write turns of different people in one transaction.

        Outdated when a session is no longer the one that was seen; IntegrityError when an update was handled before.
        """
        saved = await connection.execute(self._save_person, [_person(turn) for turn in turns])
        if len(saved.all()) < len(turns):
            raise Outdated("session")
        rows = (
            (self._save_update, [_update_of(turn) | _who(turn) for turn in turns if turn.update_id]),
            (_SAVE_EVENT, [_event(turn, event) for turn in turns for event in turn.events]),
            (insert(misses), [_anonymous(turn.miss, turn.at) for turn in turns if turn.miss]),
        )
        for statement, values in rows:
            if values:
                await connection.execute(statement, values)
        await count_questions(connection, [(turn.channel, turn.at, turn.tallied) for turn in turns if turn.tallied])
        for turn in turns:
            await apply(connection, turn.effects, Origin(turn.channel, turn.user, turn.at))

    async def add(
        self, connection: AsyncConnection, channel: str, user: str, update_id: str, turn: str, at: datetime
    ) -> None:
        """Add a turn that nothing of the person's caused to their last ones; their session stays."""
        await connection.execute(_COUNT_TURN, {"who_channel": channel, "who_user": user})
        kept = _update(channel, update_id, turn, at) | {"who_channel": channel, "who_user": user}
        await connection.execute(self._save_update, kept)


async def is_handled(connection: AsyncConnection, channel: str, update_id: str) -> bool:
    """Return whether an update has taken effect, whoever's it was."""
    found = await connection.execute(_FIND_UPDATE, {"channel": channel, "update_id": update_id})
    return found.first() is not None


async def save_forgetting(
    connection: AsyncConnection, channel: str, update_id: str | None, turn: str | None, at: datetime
) -> None:
    """Keep the update that forgot a person, and its turn, without the person; delete those that are too old."""
    is_old = handled_updates.c.at < text_of(at - KEPT_FORGETTING)
    await connection.execute(delete(handled_updates).where(handled_updates.c.person.is_(None), is_old))
    if update_id is not None:
        await connection.execute(insert(handled_updates), _update(channel, update_id, turn, at))


def _save_person(dialect: str) -> Any:
    new = upsert(dialect)(people)
    next_turn = new.excluded.turns  # one more than was seen
    new = new.on_conflict_do_update(
        index_elements=[people.c.channel, people.c.user_id],
        set_={
            "session": func.coalesce(new.excluded.session, people.c.session),
            "turns": people.c.turns + 1,
            "updated_at": new.excluded.updated_at,
            "reachable": true(),
        },
        where=or_(next_turn == 1, people.c.turns == next_turn - 1),
    )
    return new.returning(people.c.id)


def _save_update(dialect: str) -> Any:
    slot = select(people.c.turns % KEPT_TURNS).where(*_WHO).scalar_subquery()
    new = upsert(dialect)(handled_updates).values(person=_PERSON, slot=slot)
    return new.on_conflict_do_update(
        index_elements=[handled_updates.c.person, handled_updates.c.slot],
        set_={"update_id": new.excluded.update_id, "turn": new.excluded.turn, "at": new.excluded.at},
    )


def _person(turn: TurnRow) -> dict[str, Any]:
    return {
        "channel": turn.channel,
        "user_id": turn.user,
        "member": turn.member,
        "session": turn.session,
        "turns": turn.seen + 1,
        "updated_at": text_of(turn.at),
    }


def _update_of(turn: TurnRow) -> dict[str, Any]:
    assert turn.update_id
    return _update(turn.channel, turn.update_id, turn.turn, turn.at)


def _event(turn: TurnRow, event: StepEvent) -> dict[str, Any]:
    return {"at": text_of(turn.at), **asdict(event)} | _who(turn)


def _who(turn: TurnRow) -> dict[str, str]:
    return {"who_channel": turn.channel, "who_user": turn.user}


def _update(channel: str, update_id: str, turn: str | None, at: datetime) -> dict[str, Any]:
    return {"channel": channel, "update_id": update_id, "turn": turn or "null", "at": text_of(at)}


def _anonymous(miss: Miss, at: datetime) -> dict[str, Any]:
    return {
        "at": text_of(at.replace(minute=0, second=0, microsecond=0)),
        "question": miss.question,
        "topics": json.dumps(miss.topics, ensure_ascii=False),
        "revision": miss.revision,
        "tied": miss.tied,
        "mark": miss.mark,
    }
