"""The open database: loads and saves turns, forgets, exports and expires people, and has a part for each subject.

A turn's effects and the update that caused them are committed together: after a kill at any moment both are there or
neither is. Must not know what a session or a turn means: they are JSON text. The present comes in as `at`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.effects import Effect
from bot.domain.questions import Tallied
from bot.store.accounts import AccountRows
from bot.store.batching import Batcher
from bot.store.broadcasts import BroadcastRows
from bot.store.codes import CodeRows
from bot.store.console import ConsoleRows
from bot.store.effects import apply
from bot.store.engine import (
    DEFAULT,
    MIGRATION_S,
    UNKNOWN_TO_POOLER,
    EngineOptions,
    engine_for,
    given_up_when_broken,
    try_file,
)
from bot.store.figures import FigureRows
from bot.store.file_guard import FileGuard
from bot.store.funnel import FunnelRows
from bot.store.knowledge import KnowledgeRows
from bot.store.known import KnownPerson, KnownQuery, load_known
from bot.store.ledger import LedgerRows
from bot.store.lives import LifeRows
from bot.store.outbox import OutboxRows
from bot.store.people import Forgotten, delete_person, export_person, update_reachable
from bot.store.problems import StoreProblem, translate_errors
from bot.store.proofs import ProofRows
from bot.store.questions import QuestionRows
from bot.store.reminders import ReminderRows
from bot.store.roles import RoleRows
from bot.store.rosters import RosterRows
from bot.store.rows import Origin, ReadRows, RunningTasks, run_to_completion
from bot.store.saved_texts import SavedTextRows
from bot.store.schema import WIPE_LOG, SchemaWatch, prepare
from bot.store.talk import TalkRows
from bot.store.tickets import TicketRows
from bot.store.turns import Miss, StepEvent, TurnRow, TurnWriter, is_handled, save_forgetting
from bot.store.workers import Workers


class Store(ReadRows):
    """An open database. Every method raises StoreProblem, and then has changed nothing."""

    def __init__(self, engine: AsyncEngine, new_member: Callable[[], str], options: EngineOptions) -> None:
        sqlite = engine.dialect.name == "sqlite"
        # Behind PgBouncer a statement is prepared and executed in one transaction.
        alone: dict[str, Any] = {"begin": ""} if sqlite else {} if options.pooled else {"isolation_level": "AUTOCOMMIT"}
        super().__init__(engine.execution_options(**alone))
        self._engine = engine
        self._new_member = new_member
        self._options = options
        self._guard: FileGuard | None = None
        self.schema = SchemaWatch()
        self._under_way: RunningTasks = set()
        # SQLite has one writer. Queueing here is fair and wakes at once; its own way is to sleep and try again.
        self._writing: AbstractAsyncContextManager[Any] = asyncio.Lock() if sqlite else nullcontext()
        self._turns = TurnWriter(engine.dialect.name)
        ours = self._reader, self._transaction, self._under_way
        self.tickets = TicketRows(self._reader)
        self.outbox = OutboxRows(*ours)
        self.talk = TalkRows(*ours)
        self.accounts = AccountRows(*ours)
        self.roles = RoleRows(self._reader)
        self.console = ConsoleRows(*ours)
        self.knowledge = KnowledgeRows(self._reader)
        self.questions = QuestionRows(self._reader)
        self.saved_texts = SavedTextRows(self._reader)
        self.reminders = ReminderRows(self._reader)
        self.broadcasts = BroadcastRows(*ours)
        self.ledger = LedgerRows(*ours)
        self.proofs = ProofRows(self._reader)
        self.funnel = FunnelRows(self._reader, self.broadcasts.channels)
        self.codes = CodeRows(self._reader, self.broadcasts.channels)
        self.rosters = RosterRows(*ours)
        self.lives = LifeRows(*ours, self._wipe)
        self.figures = FigureRows(self._reader, engine)
        self._loading: Batcher[KnownQuery, KnownPerson] = Batcher(
            partial(load_known, self._reader), lambda query: query, StoreProblem
        )
        self._saving: Batcher[TurnRow, bool] = Batcher(self._save, lambda turn: (turn.channel, turn.user), StoreProblem)

    @classmethod
    async def open(
        cls,
        where: str | Path,
        *,
        options: EngineOptions = DEFAULT,
        new_member: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> Self:
        """Open SQLite's file (made when absent) or the database of an address, its schema made current.

        Addresses are `sqlite+aiosqlite:///PATH` and `postgresql+asyncpg://…`. That PgBouncer is between is noticed
        where it says so. new_member: draws a member id nobody has.
        """
        address = _address(where)
        with translate_errors():
            if address.get_backend_name() == "sqlite":
                await asyncio.to_thread(try_file, Path(address.database or ""), options.wait_s)
            engine = engine_for(address, options)
            try:
                await _prepare(engine, options)
            except TypeError as odd:  # an option in the address that the driver does not have
                raise StoreProblem("unreachable", str(odd)) from odd
            except DBAPIError as error:
                await engine.dispose()
                if UNKNOWN_TO_POOLER in str(error.orig) and not options.pooled:
                    return await cls.open(where, options=replace(options, pooled=True), new_member=new_member)
                raise
            except BaseException:
                await engine.dispose()
                raise
        return cls(engine, new_member, options)

    def workers(self, key: str) -> Workers:
        """Return this worker among those on the same database that serve the same bot, which `key` names."""
        return Workers(self._engine.url, self._options, key, self.schema.note)

    @staticmethod
    def exists(where: str | Path) -> bool:
        """Return False for a SQLite file that nobody has made yet, else True."""
        address = _address(where)
        return address.get_backend_name() != "sqlite" or Path(address.database or "").exists()

    @staticmethod
    def file(where: str | Path) -> Path | None:
        """Return SQLite's file, whether it is there or not; None for another database."""
        address = _address(where)
        return Path(address.database or "") if address.get_backend_name() == "sqlite" else None

    async def guard(self) -> None:
        """Notice from now on when somebody deletes or replaces SQLite's file: then nothing is written any more."""
        path = self._engine.url.database
        if self._dialect != "sqlite" or path is None:
            return
        guard, mark = FileGuard(Path(path)), 1 + secrets.randbelow(2**31 - 1)
        async with self._transaction() as connection:
            await connection.exec_driver_sql(f"PRAGMA user_version={mark}")
        await self._wipe()
        if guard.has_mark(mark):  # else somebody reads, and it stands in the log alone
            guard.mark = mark
        self._guard = guard

    def is_intact(self) -> bool:
        """Return False when the guard noticed that the file is no longer the one that is open."""
        return self._guard is None or self._guard.is_intact()

    async def close(self) -> None:
        """Close the database when what is under way has ended; nothing is lost by never calling this."""
        await self.ledger.finish()
        if self._under_way:
            await asyncio.wait(self._under_way)
        await self._engine.dispose()
        if self._guard:
            self._guard.close()

    @run_to_completion
    async def load_known(self, channel: str, user: str, update_id: str | None) -> KnownPerson:
        """Return what a turn begins with, and the stored turn when this update of this person was handled before."""
        return await self._loading(KnownQuery(channel, user, update_id))

    async def load(self, channel: str, user: str) -> str | None:
        """Return the session's JSON; None for somebody without one."""
        return (await self.load_known(channel, user, None)).session

    async def find_handled(self, channel: str, user: str, update_id: str) -> str | None:
        """Return the turn's JSON that answered this update of this person; None when it is still to be handled, `null`
        when it is not kept.
        """
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
        shown_again: bool = False,
    ) -> bool:
        """Save all of a turn or nothing. False: the update had been handled already, and nothing was changed.

        session None: it stays as it is. update_id None: the channel repeats nothing; then `turn` is not kept either.
        Turns that are saved at the same time share a transaction. `effects` are applied in it, in order; Outdated when
        somebody else was faster than one of them, or when the session is no longer the one that was `seen` (by its
        `KnownPerson.turns`; 0: whichever it is), and then nothing was changed. `turn` is kept until the person's next
        one, and longer, among the last KEPT_TURNS, if it is `shown_again`.
        """
        member = self._new_member()
        return await self._saving(
            TurnRow(
                channel, user, member, session, events, update_id, turn, miss, at, effects, seen, tallied, shown_again
            )
        )

    async def _save(self, batch: Sequence[TurnRow]) -> Sequence[bool]:
        try:
            async with self._transaction() as connection:
                await self._turns.save(connection, batch)
        except IntegrityError:
            turn = batch[0]
            if len(batch) > 1 or turn.update_id is None:
                raise
            async with self._reading() as connection:
                if not await is_handled(connection, turn.channel, turn.update_id):
                    raise
            return [False]
        return [True] * len(batch)

    @run_to_completion
    async def apply(self, effects: Sequence[Effect], channel: str, at: datetime, by: str = "") -> None:
        """Apply what follows from no turn, in a transaction of its own. Outdated when it no longer fits.

        `by` is who acts without a turn: the command line, or nobody.
        """
        async with self._transaction() as connection:
            await apply(connection, effects, Origin(channel, by, at))

    @run_to_completion
    async def reach(self, channel: str, user: str, *, reachable: bool) -> None:
        """Note whether messages reach a person; nothing for somebody unknown. Whoever writes is reachable again."""
        async with self._transaction() as connection:
            await update_reachable(connection, channel, user, reachable=reachable)

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
        async with self._transaction() as connection:
            await apply(connection, effects, Origin(channel, user, at))
            forgotten = await delete_person(connection, channel, user)
            await save_forgetting(connection, channel, update_id, turn, at)
        await self._wipe()
        return forgotten

    async def expire(self, idle_since: datetime) -> int:
        """Delete everybody who has not come since then, and older unanswered questions; return how many people."""
        return await self.lives.expire(idle_since)

    @run_to_completion
    async def export(self, channel: str, user: str) -> dict[str, Any]:
        """Return everything kept of this person as JSON values, by table; empty for somebody unknown."""
        async with self._reading() as connection:
            return await export_person(connection, channel, user)

    async def _wipe(self) -> None:
        """Delete what was deleted from SQLite's log as well."""
        if self._dialect == "sqlite":
            async with self._writing, self._reader.connect() as connection:
                await connection.exec_driver_sql(WIPE_LOG)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with translate_errors():
            async with self._writing, self._engine.begin() as connection, given_up_when_broken(connection):
                if not self.is_intact():
                    raise StoreProblem("replaced", "the file was deleted or replaced while it was open; start again")
                self.schema.check()
                yield connection


async def _prepare(engine: AsyncEngine, options: EngineOptions) -> None:
    """Make the schema current; whatever a migration does may take as long as it needs."""
    waits = options.migrates and engine.dialect.name == "postgresql"
    patient = engine_for(engine.url, replace(options, statement_s=MIGRATION_S)) if waits else engine
    try:
        async with patient.connect() as connection:
            await prepare(await connection.execution_options(begin=""), migrates=options.migrates)
    finally:
        if patient is not engine:
            await patient.dispose()


def _address(where: str | Path) -> URL:
    if isinstance(where, Path):
        return URL.create("sqlite+aiosqlite", database=str(where))
    try:
        return make_url(where)
    except (ArgumentError, ValueError):  # its text may quote a part of the password
        raise StoreProblem("unreachable", "no such address; in a password @ is %40 and : is %3A") from None
