"""What the bot remembers of each person, saved one turn a transaction.

A turn's effects and the update that caused them are committed together: after a kill at any moment both are there or
neither is. Knows nothing of what a session or a turn says: they are JSON text. The present comes in as `at`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, RowMapping, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.effects import Effect, Outdated
from bot.domain.questions import Tallied
from bot.store.batching import Batcher
from bot.store.broadcasts import BroadcastRows, tally
from bot.store.codes import CodeRows
from bot.store.engine import engine_for, try_file
from bot.store.funnel import FunnelRows
from bot.store.knowledge import KnowledgeRows
from bot.store.known import Known, KnownQuery, look
from bot.store.ledger import LedgerRows, select_received
from bot.store.problems import StoreProblem, translate_errors
from bot.store.proofs import ProofRows
from bot.store.roles import RoleRows
from bot.store.rows import RunningTasks, run_to_completion
from bot.store.schema import WIPE_LOG, prepare
from bot.store.tables import KEPT_TURNS, handled_updates, metadata, misses, outbox, people, step_events
from bot.store.tickets import TicketRows, apply
from bot.store.times import text_of

# How long the turn that forgot somebody can be sent again; Telegram repeats an update for one day.
KEPT_FORGETTING = timedelta(days=2)

_THIS_PERSON = (people.c.channel == bindparam("channel"), people.c.user_id == bindparam("user"))
_ID = select(people.c.id).where(*_THIS_PERSON)
_SEEN = select(handled_updates.c.id).where(
    handled_updates.c.channel == bindparam("channel"), handled_updates.c.update_id == bindparam("update_id")
)
_OF_A_PERSON = tuple(table for table in metadata.sorted_tables if "person" in table.c)
_JSON_COLUMNS = {"session", "turn"}
# Columns that say nothing of the person.
_PLUMBING = {"id", "person", "slot"}


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

    `tied`: several were as near. `mark` is what the buttons that offer topics call it; None: nothing was offered.
    """

    question: str
    topics: tuple[str, ...]
    revision: str
    tied: bool = False
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class _TurnRow:
    """A turn to save; see `Store.save_turn`."""

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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of the person were deleted, by table; all 0 for somebody unknown."""

    counts: Mapping[str, int]


class Store:
    """An open database. Every method raises StoreProblem, and then has changed nothing."""

    def __init__(self, engine: AsyncEngine, new_member: Callable[[], str]) -> None:
        self._engine = engine
        self._new_member = new_member
        self._under_way: RunningTasks = set()
        sqlite = engine.dialect.name == "sqlite"
        self._reader = engine.execution_options(**({"begin": ""} if sqlite else {"isolation_level": "AUTOCOMMIT"}))
        # SQLite has one writer. Queueing here is fair and wakes at once; its own way is to sleep and try again.
        self._writing: AbstractAsyncContextManager[Any] = asyncio.Lock() if sqlite else nullcontext()
        # INSERT … ON CONFLICT is spelt the same in both, but each dialect has its own class of it.
        upsert = import_module(f"sqlalchemy.dialects.{engine.dialect.name}").insert
        self._save_person = _save_person(upsert)
        self._save_update = _save_update(upsert)
        ours = self._reader, self._transaction, self._under_way
        self.desk = TicketRows(*ours)
        self.roles = RoleRows(self._reader)
        self.knowledge = KnowledgeRows(*ours)
        self.broadcasts = BroadcastRows(*ours)
        self.ledger = LedgerRows(*ours)
        self.proofs = ProofRows(self._reader)
        self.funnel = FunnelRows(self._reader)
        self.codes = CodeRows(self._reader)
        self._looking: Batcher[KnownQuery, Known] = Batcher(partial(look, self._reader), lambda asked: asked)
        self._saving: Batcher[_TurnRow, bool] = Batcher(self._save, lambda turn: (turn.channel, turn.user))

    @classmethod
    async def open(
        cls, url: str, *, wait_s: float = 5.0, new_member: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> Self:
        """Open `sqlite+aiosqlite:///PATH` (made when absent) or `postgresql+asyncpg://…`, its schema made current.

        wait_s: seconds to wait for another process that writes. new_member: draws a member id nobody has.
        """
        address = _address(url)
        with translate_errors():
            if address.get_backend_name() == "sqlite":
                await asyncio.to_thread(try_file, Path(address.database or ""), wait_s)
            engine = engine_for(address, wait_s)
            try:
                async with engine.connect() as connection:
                    await prepare(await connection.execution_options(begin=""))
            except TypeError as odd:  # an option in the address that the driver does not have
                raise StoreProblem("unreachable", str(odd)) from odd
            except BaseException:
                await engine.dispose()
                raise
        return cls(engine, new_member)

    @staticmethod
    def exists(url: str) -> bool:
        """Whether there is anything to open; False for a SQLite file that nobody has made yet."""
        address = _address(url)
        return address.get_backend_name() != "sqlite" or Path(address.database or "").exists()

    async def close(self) -> None:
        """Let go of the database, when what is under way has ended; nothing is lost by never calling this."""
        await self.ledger.finish()
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._engine.dispose()

    @run_to_completion
    async def load_known(self, channel: str, user: str, update_id: str | None) -> Known:
        """What a turn begins with; the stored turn when this update of this person was handled before."""
        return await self._looking(KnownQuery(channel, user, update_id))

    async def load(self, channel: str, user: str) -> str | None:
        """The session's JSON; None for somebody without one."""
        return (await self.load_known(channel, user, None)).session

    async def find_handled(self, channel: str, user: str, update_id: str) -> str | None:
        """The turn's JSON that answered this update of this person; None when it is still to be handled."""
        return (await self.load_known(channel, user, update_id)).turn

    async def save_turn(
        self,
        channel: str,
        user: str,
        *,
        session: str | None,
        events: Sequence[StepEvent],
        update_id: str | None,
        turn: str | None,
        miss: Miss | None,
        at: datetime,
        effects: Sequence[Effect] = (),
        seen: int = 0,
        tallied: Tallied | None = None,
    ) -> bool:
        """Save one turn whole or not at all. False: the update had been handled already, and nothing was changed.

        session None: it stays as it is. update_id None: the channel repeats nothing; then `turn` is not kept either.
        Turns that are saved at the same time share a transaction. `effects` are done in it, in order; Outdated when
        somebody else was faster than one of them, or when the session is no longer the one that was `seen` (by its
        `Known.turns`; 0: whichever it is), and then nothing was changed.
        """
        member = self._new_member()
        return await self._saving(
            _TurnRow(channel, user, member, session, events, update_id, turn, miss, at, effects, seen, tallied)
        )

    @run_to_completion
    async def reach(self, channel: str, user: str, *, reachable: bool) -> None:
        """Note whether messages reach a person; nothing for somebody unknown. Whoever writes is reachable again."""
        async with self._transaction() as connection:
            known = update(people).where(*_WHO).values(reachable=reachable)
            await connection.execute(known, {"who_channel": channel, "who_user": user})

    async def _save(self, batch: Sequence[_TurnRow]) -> Sequence[bool]:
        try:
            async with self._transaction() as connection:
                saved = await connection.execute(self._save_person, [_person(turn) for turn in batch])
                if len(saved.all()) < len(batch):
                    raise Outdated("session")
                if updates := [_update_of(turn) for turn in batch if turn.update_id]:
                    await connection.execute(self._save_update, updates)
                if events := [_event(turn, event) for turn in batch for event in turn.events]:
                    await connection.execute(_SAVE_EVENT, events)
                if unanswered := [_anonymous(turn.miss, turn.at) for turn in batch if turn.miss]:
                    await connection.execute(insert(misses), unanswered)
                await tally(connection, [(turn.channel, turn.at, turn.tallied) for turn in batch if turn.tallied])
                for turn in batch:
                    await apply(connection, turn.effects, turn.channel, turn.user, turn.at)
        except IntegrityError:
            turn = batch[0]
            if len(batch) > 1 or turn.update_id is None or not await self._was_handled(turn.channel, turn.update_id):
                raise
            return [False]
        return [True] * len(batch)

    async def _was_handled(self, channel: str, update_id: str) -> bool:
        with translate_errors():
            async with self._reader.connect() as connection:
                found = await connection.execute(_SEEN, {"channel": channel, "update_id": update_id})
                return found.first() is not None

    @run_to_completion
    async def forget(
        self,
        channel: str,
        user: str,
        *,
        update_id: str | None,
        turn: str | None,
        at: datetime,
        effects: Sequence[Effect] = (),
    ) -> Forgotten:
        """Delete everything of this person in one transaction, and wipe it from the file when it is SQLite's.

        The update and its turn stay, without the person, for as long as the channel may repeat it. While another
        process reads, SQLite's log is wiped later: at the latest when the last one closes the database.
        """
        counts = dict.fromkeys([table.name for table in (people, *_OF_A_PERSON)], 0)
        async with self._transaction() as connection:
            person = (await connection.execute(_ID, {"channel": channel, "user": user})).scalar()
            if person is not None:
                for table in _OF_A_PERSON:
                    gone = await connection.execute(delete(table).where(table.c.person == person))
                    counts[table.name] = gone.rowcount
                counts["people"] = (await connection.execute(delete(people).where(people.c.id == person))).rowcount
            waiting = (outbox.c.channel == channel, outbox.c.user_id == user)
            await connection.execute(delete(outbox).where(*waiting))
            long_ago = text_of(at - KEPT_FORGETTING)
            await connection.execute(
                delete(handled_updates).where(handled_updates.c.person.is_(None), handled_updates.c.at < long_ago)
            )
            if update_id is not None:
                await connection.execute(insert(handled_updates), _update(channel, update_id, turn, text_of(at)))
            await apply(connection, effects, channel, user, at)
        await self._wipe()
        return Forgotten(counts)

    @run_to_completion
    async def expire(self, idle_since: datetime) -> int:
        """Delete everybody who has not come since then, and unanswered questions from before; gives how many people."""
        before = text_of(idle_since)
        idle = select(people.c.id).where(people.c.updated_at < before)
        async with self._transaction() as connection:
            for table in _OF_A_PERSON:
                await connection.execute(delete(table).where(table.c.person.in_(idle)))
            gone: int = (await connection.execute(delete(people).where(people.c.updated_at < before))).rowcount
            await connection.execute(delete(misses).where(misses.c.at < before))
        await self._wipe()
        return gone

    @run_to_completion
    async def export(self, channel: str, user: str) -> dict[str, Any]:
        """Everything kept of this person as JSON values, by table, oldest row first; empty for somebody unknown."""
        with translate_errors():
            async with self._reader.connect() as connection:
                this_person = select(people).where(*_THIS_PERSON)
                found = (
                    (await connection.execute(this_person, {"channel": channel, "user": user})).mappings().one_or_none()
                )
                if found is None:
                    return {}
                kept: dict[str, Any] = {"people": [_values(found)]}
                for table in _OF_A_PERSON:
                    rows = await connection.execute(
                        select(table).where(table.c.person == found["id"]).order_by(table.c.id)
                    )
                    kept[table.name] = [_values(row) for row in rows.mappings()]
                received = await connection.execute(select_received(found["id"]))
                kept["recipients"] = [dict(row) for row in received.mappings()]
        return kept

    async def _wipe(self) -> None:
        """Take what was deleted out of SQLite's log as well."""
        if self._engine.dialect.name == "sqlite":
            async with self._writing, self._reader.connect() as connection:
                await connection.exec_driver_sql(WIPE_LOG)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with translate_errors():
            async with self._writing, self._engine.begin() as connection:
                yield connection


def _address(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # its text may quote a part of the password
        raise StoreProblem("unreachable", "no such address; in a password @ is %40 and : is %3A") from None


def _save_person(upsert: Callable[..., Any]) -> Any:
    new = upsert(people)
    told = new.excluded.turns  # one more than was seen
    new = new.on_conflict_do_update(
        index_elements=[people.c.channel, people.c.user_id],
        set_={
            "session": func.coalesce(new.excluded.session, people.c.session),
            "turns": people.c.turns + 1,
            "updated_at": new.excluded.updated_at,
            "reachable": true(),
        },
        where=or_(told == 1, people.c.turns == told - 1),
    )
    return new.returning(people.c.id)


_WHO = (people.c.channel == bindparam("who_channel"), people.c.user_id == bindparam("who_user"))
_PERSON = select(people.c.id).where(*_WHO).scalar_subquery()
_SAVE_EVENT = insert(step_events).values(person=_PERSON)


def _save_update(upsert: Callable[..., Any]) -> Any:
    slot = select(people.c.turns % KEPT_TURNS).where(*_WHO).scalar_subquery()
    new = upsert(handled_updates).values(person=_PERSON, slot=slot)
    return new.on_conflict_do_update(
        index_elements=[handled_updates.c.person, handled_updates.c.slot],
        set_={"update_id": new.excluded.update_id, "turn": new.excluded.turn, "at": new.excluded.at},
    )


def _person(turn: _TurnRow) -> dict[str, Any]:
    return {
        "channel": turn.channel,
        "user_id": turn.user,
        "member": turn.member,
        "session": turn.session,
        "turns": turn.seen + 1,
        "updated_at": text_of(turn.at),
    }


def _update_of(turn: _TurnRow) -> dict[str, Any]:
    assert turn.update_id
    return _update(turn.channel, turn.update_id, turn.turn, text_of(turn.at)) | _who(turn)


def _event(turn: _TurnRow, event_: StepEvent) -> dict[str, Any]:
    return {"at": text_of(turn.at), **asdict(event_)} | _who(turn)


def _who(turn: _TurnRow) -> dict[str, str]:
    return {"who_channel": turn.channel, "who_user": turn.user}


def _update(channel: str, update_id: str, turn: str | None, at: str) -> dict[str, Any]:
    return {"channel": channel, "update_id": update_id, "turn": turn or "null", "at": at}


def _anonymous(miss: Miss, at: datetime) -> dict[str, Any]:
    return {
        "at": text_of(at.replace(minute=0, second=0, microsecond=0)),
        "question": miss.question,
        "topics": json.dumps(miss.topics, ensure_ascii=False),
        "revision": miss.revision,
        "tied": miss.tied,
        "mark": miss.mark,
    }


def _values(row: RowMapping) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in _JSON_COLUMNS and value else value
        for name, value in row.items()
        if name not in _PLUMBING
    }
