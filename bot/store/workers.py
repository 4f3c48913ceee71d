"""The workers that serve one bot from one database: how many there are, which of them leads, what they tell each other.

PostgreSQL keeps all of it in a connection that each worker holds: an advisory lock that they share, so that its holders
can be counted, one that the leader has alone, and LISTEN. A worker that dies loses its connection, and so its locks.
Behind PgBouncer a transaction is held open instead, so that the connection stays its own; signals are not heard there.
On SQLite there is one worker, which leads: the lock of its home keeps others away.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from bot.runtime.log import LazyLogger
from bot.store.engine import EngineOptions, engine_for
from bot.store.problems import StoreProblem, translate_errors
from bot.store.signals import CHANNEL, Signal

BEAT_S = 3.0
"""Seconds between two looks at who is there; a leader that died is replaced within two of them."""
BEAT_WITHIN_S = 4.0
"""Seconds after which a look without an answer means that the connection is lost."""

_MEMBERS = 7236424
"""The first half of the name of the lock that all share; the next number is that of the leader's."""
# `xact` holds the lock while the transaction is open, else it is held by the connection.
_JOIN = "SELECT pg_advisory{xact}_lock_shared(:members, :bot)"
_LEAD = "pg_try_advisory{xact}_lock(:leader, :bot)"
_BEAT = (
    "SELECT {lead} AS leads,"
    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :members"
    " AND objid = :bot AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS workers,"
    " (SELECT version_num FROM alembic_version) AS revision,"
    " EXISTS (SELECT 1 FROM broadcasts WHERE state IN ('freezing', 'running')) AS is_sending"
)

_HOLD = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = "
)
BEHIND = (
    f"SELECT count(DISTINCT pid) FROM ({_HOLD}{_MEMBERS}) AS members"  # noqa: S608 - numbers of our own
    f" WHERE pid NOT IN ({_HOLD}{_MEMBERS + 2} AND objid::bigint >= :number)"
)
"""How many workers do not answer from a revision, nor from a newer one: each shares a lock named after its own."""

_log = LazyLogger()


class Workers:
    """One worker among those of the same bot, which `key` names; nobody can find the key in the database.

    `count` are the workers there are, `is_sending`: a broadcast is under way; both as of the last look. `is_heard`:
    signals of others arrive. `note_revision` is told the schema's revision at each look. `revision` is the one of the
    content that this worker answers from; the others can see it.
    """

    def __init__(
        self, address: URL, options: EngineOptions, key: str, note_revision: Callable[[str], None] = lambda _: None
    ) -> None:
        self._is_alone = address.get_backend_name() == "sqlite"
        self._address = address
        self._options = options
        bot = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") >> 1
        self._note_revision = note_revision
        self._names = {"members": _MEMBERS, "leader": _MEMBERS + 1, "taking": _MEMBERS + 2, "bot": bot}
        self._told: int | None = None
        self._called = asyncio.Event()
        self.revision: Callable[[], int] = lambda: 0
        self.count = 1
        self.is_sending = False
        self.is_heard = False
        self.leads = asyncio.Event()
        self.follows = asyncio.Event()
        self._changed: list[Callable[[], None]] = []
        self._heard: dict[Signal, list[asyncio.Event]] = {}
        self._follow()

    def when_changed(self, do: Callable[[], None]) -> None:
        """Call this whenever there are more or fewer workers, or another leader, or a broadcast begins or ends."""
        self._changed.append(do)

    def wake(self, event: asyncio.Event, what: Signal) -> asyncio.Event:
        """Set this event whenever a signal is heard; return it."""
        self._heard.setdefault(what, []).append(event)
        return event

    def call(self) -> None:
        """Tell the others at once which revision this worker answers from."""
        self._called.set()

    def look_s(self, alone: float, heard: float) -> float:
        """Return the seconds until one should look for changes of others: `heard` where others tell of them."""
        return heard if self.is_heard else alone

    async def run(self) -> None:
        """Take part until cancelled; trouble with the database is waited out, and then nobody leads here."""
        if self._is_alone:
            self._note(leads=True, count=1, is_sending=False)
            await asyncio.Event().wait()
        engine = engine_for(self._address, self._options, poolclass=NullPool)
        while True:
            try:
                with translate_errors():
                    async with engine.connect() as connection:
                        await self._take_part(connection)
            except (StoreProblem, DBAPIError) as problem:
                why = problem.for_log if isinstance(problem, StoreProblem) else {"code": type(problem).__name__}
                _log.error("database_cut_off", **why)
            finally:
                self.is_heard = False
                self._follow()
                self._tell()
            await asyncio.sleep(BEAT_S)

    async def _take_part(self, connection: AsyncConnection) -> None:
        """Join, and look who is there, until the connection is lost."""
        lost, pooled = asyncio.Event(), self._options.pooled
        raw: Any = (await connection.get_raw_connection()).driver_connection
        raw.add_termination_listener(lambda _: lost.set())
        raw.add_termination_listener(lambda _: self._called.set())
        self._told = None
        try:
            async with asyncio.timeout(BEAT_WITHIN_S):
                if not pooled:
                    connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await raw.add_listener(CHANNEL, self._hear)
                await self._execute(connection, _JOIN)
            _log.info("database_joined", hears=not pooled)
            self.is_heard = not pooled
            self._wake_all()  # what was said before is not heard again
            while not lost.is_set():
                self._called.clear()
                async with asyncio.timeout(BEAT_WITHIN_S):
                    await self._acknowledge(connection)
                    lead = "true" if self.leads.is_set() else _LEAD
                    row = (await self._execute(connection, _BEAT.replace("{lead}", lead))).one()
                self._note_revision(row.revision)
                self._note(leads=row.leads, count=row.workers, is_sending=row.is_sending)
                await _wait(self._called, BEAT_S)
        finally:
            await connection.invalidate()  # its locks must not outlive us

    async def _acknowledge(self, connection: AsyncConnection) -> None:
        """Share the lock of the revision that is answered from; in one transaction the locks of earlier ones stay."""
        old, new = self._told, self.revision()
        if old != new:
            await self._execute(connection, "SELECT pg_advisory{xact}_lock_shared(:taking, :revision)", revision=new)
            if old is not None and not self._options.pooled:
                await self._execute(connection, "SELECT pg_advisory_unlock_shared(:taking, :revision)", revision=old)
            self._told = new

    async def _execute(self, connection: AsyncConnection, line: str, **more: int) -> Any:
        xact = "_xact" if self._options.pooled else ""
        names = {name: number for name, number in (self._names | more).items() if f":{name}" in line}
        return await connection.execute(text(line.replace("{xact}", xact)), names)

    def _note(self, *, leads: bool, count: int, is_sending: bool) -> None:
        was = self.leads.is_set(), self.count, self.is_sending
        self.count, self.is_sending = max(count, 1), is_sending
        if leads and not self.leads.is_set():
            self.leads.set()
            self.follows.clear()
            _log.info("leading", workers=self.count)
        if was != (leads, self.count, is_sending):
            self._tell()

    def _follow(self) -> None:
        self.leads.clear()
        self.follows.set()

    def _tell(self) -> None:
        for do in self._changed:
            do()

    def _hear(self, _connection: Any, _process: int, _channel: str, what: Any) -> None:
        if what == "broadcast":
            self._called.set()  # who sends and who leaves room for it know at once, not up to BEAT_S later
        for event in self._heard.get(what, ()):
            event.set()

    def _wake_all(self) -> None:
        for events in self._heard.values():
            for event in events:
                event.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
