"""Saves turns: the session, what happened, the update that caused it, and counts; many turns in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Effect, Outdated
from bot.domain.questions import Tallied
from bot.domain.zone import ZONE
from bot.store.broadcast_tables import daily
from bot.store.effects import apply
from bot.store.questions import count_questions
from bot.store.roles import find_graduates
from bot.store.rows import Origin
from bot.store.standing import STANDING, standing_of
from bot.store.tables import KEPT_TURNS, handled_updates, misses, people, step_events
from bot.store.times import text_of
from bot.store.upsert import bind_key, same_id, upsert

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
    shown_again: bool = False


_KEY, _SLOT = ("channel", "user_id"), ("person", "slot")
_WHO = (people.c.channel == bindparam("who_channel"), people.c.user_id == bindparam("who_user"))
_COUNT_TURN = update(people).where(*_WHO).values(turns=people.c.turns + 1).returning(people.c.id, people.c.turns)
_REACH = update(people).where(people.c.id == bindparam("who")).values(reached=bindparam("steps"))
_FIRSTS: Mapping[str, Any] = {"came": people.c.came_at, "done": people.c.done_at, "reported": people.c.reported_at}
_FIND_UPDATE = select(handled_updates.c.id).where(
    handled_updates.c.channel == bindparam("channel"), handled_updates.c.update_id == bindparam("update_id")
)


class TurnWriter:
    """Writes turns; its statements are made once for a dialect."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._save_person = _save_person(dialect)
        self._save_update = _save_update(dialect)
        self._count_first = _count_first(dialect)

    async def save(self, connection: AsyncConnection, turns: Sequence[TurnRow]) -> None:
        """Write turns of different people in one transaction.

        Outdated when a session is no longer the one that was seen; IntegrityError when an update was handled before.
        """
        saved = (await connection.execute(self._save_person, self._bind(_KEY, map(_person, turns)))).all()
        if len(saved) < len(turns):
            raise Outdated("session")
        who = {(row.channel, row.user_id): row for row in saved}
        theirs = [(turn, who[turn.channel, turn.user]) for turn in turns]
        rows = (
            (self._save_update, self._bind(_SLOT, (_update_of(turn, row) for turn, row in theirs if turn.update_id))),
            (insert(step_events), [_event(turn, event, row.id) for turn, row in theirs for event in turn.events]),
            (insert(misses), [_anonymous(turn.miss, turn.at) for turn in turns if turn.miss]),
            (self._count_first, await _first_times(connection, theirs)),
            (_REACH, [added for turn, row in theirs if (added := _add_steps(turn, row))]),
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
        row = (await connection.execute(_COUNT_TURN, {"who_channel": channel, "who_user": user})).one()
        kept = _update(channel, update_id, turn, at) | _slot(row)
        await connection.execute(self._save_update, self._bind(_SLOT, [kept]))

    def _bind(self, names: Sequence[str], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row | bind_key(self._dialect, {name: row[name] for name in names}) for row in rows]


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
        await connection.execute(insert(handled_updates), _update(channel, update_id, turn or "null", at))


def _save_person(dialect: str) -> Any:
    new = upsert(dialect)(people).values(same_id(dialect, people, _KEY))
    next_turn = new.excluded.turns  # one more than was seen
    stays = new.excluded.session.is_(None)
    new = new.on_conflict_do_update(
        index_elements=[people.c.channel, people.c.user_id],
        set_={
            "turns": people.c.turns + 1,
            "updated_at": new.excluded.updated_at,
            "reachable": true(),
            "answer": new.excluded.answer,
            **{name: case((stays, people.c[name]), else_=new.excluded[name]) for name in ("session", *STANDING)},
            **{first.name: func.coalesce(first, new.excluded[first.name]) for first in _FIRSTS.values()},
        },
        where=or_(next_turn == 1, people.c.turns == next_turn - 1),
    )
    shown = ("id", "channel", "user_id", "turns", "notice", "reached")
    return new.returning(*(people.c[name] for name in shown), *_FIRSTS.values())


def _save_update(dialect: str) -> Any:
    new = upsert(dialect)(handled_updates).values(same_id(dialect, handled_updates, _SLOT))
    return new.on_conflict_do_update(
        index_elements=[handled_updates.c.person, handled_updates.c.slot],
        set_={"update_id": new.excluded.update_id, "turn": new.excluded.turn, "at": new.excluded.at},
    )


def _count_first(dialect: str) -> Any:
    new = upsert(dialect)(daily)
    more = {"people": daily.c.people + new.excluded.people}
    return new.on_conflict_do_update(index_elements=list(daily.primary_key), set_=more)


def _person(turn: TurnRow) -> dict[str, Any]:
    standing, at = standing_of(turn.session), text_of(turn.at)
    happened = {"came", *(event.kind for event in turn.events)} if standing["notice"] and turn.events else ()
    return {
        "channel": turn.channel,
        "user_id": turn.user,
        "member": turn.member,
        "session": turn.session,
        "turns": turn.seen + 1,
        "updated_at": at,
        "answer": turn.turn if turn.update_id and not turn.shown_again else None,
        **standing,
        **{first.name: at if kind in happened else None for kind, first in _FIRSTS.items()},
    }


async def _first_times(connection: AsyncConnection, turns: Sequence[tuple[TurnRow, Row[Any]]]) -> list[dict[str, Any]]:
    """Return how many people did what for the first time, by day; always in the same order, see `count_questions`."""
    firsts = [
        (row.id, (turn.channel, row.notice, turn.at.astimezone(ZONE).date().isoformat(), kind))
        for turn, row in turns
        if turn.events
        for kind, first in _FIRSTS.items()
        if getattr(row, first.name) == text_of(turn.at)
    ]
    graduates = await find_graduates(connection, [person for person, _ in firsts]) if firsts else ()
    counts = Counter(which for person, which in firsts if person in graduates)
    names = [column.name for column in daily.primary_key]
    return [dict(zip(names, which, strict=True)) | {"people": n} for which, n in sorted(counts.items())]


def _add_steps(turn: TurnRow, row: Row[Any]) -> dict[str, Any] | None:
    """Return the person and their steps when this turn adds one to them."""
    entered = dict.fromkeys(event.step for event in turn.events if event.kind == "entered")
    more = [step for step in entered if f",{step}," not in row.reached]
    return {"who": row.id, "steps": row.reached + "".join(f"{step}," for step in more)} if more else None


def _update_of(turn: TurnRow, row: Row[Any]) -> dict[str, Any]:
    assert turn.update_id
    return _update(turn.channel, turn.update_id, turn.turn if turn.shown_again else None, turn.at) | _slot(row)


def _slot(row: Row[Any]) -> dict[str, int]:
    return {"person": row.id, "slot": row.turns % KEPT_TURNS}


def _event(turn: TurnRow, event: StepEvent, person: int) -> dict[str, Any]:
    return {"person": person, "at": text_of(turn.at), **asdict(event)}


def _update(channel: str, update_id: str, turn: str | None, at: datetime) -> dict[str, Any]:
    return {"channel": channel, "update_id": update_id, "turn": turn, "at": text_of(at)}


def _anonymous(miss: Miss, at: datetime) -> dict[str, Any]:
    return {
        "at": text_of(at.replace(minute=0, second=0, microsecond=0)),
        "question": miss.question,
        "topics": json.dumps(miss.topics, ensure_ascii=False),
        "revision": miss.revision,
        "tied": miss.tied,
        "mark": miss.mark,
    }
