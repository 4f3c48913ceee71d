"""Numbers of an open store for its operator, all by one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.broadcast_tables import broadcasts, recipients, reminders
from bot.store.engine import time_statements
from bot.store.knowledge_tables import revisions
from bot.store.rows import ReadRows
from bot.store.tables import outbox, tickets
from bot.store.times import text_of, time_of

UNDER_WAY = ("freezing", "running", "paused")
"""States of a broadcast that has begun and not ended."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand. Ages in seconds, 0 where nothing waits.

    `waiting` messages of the outbox could have been sent, the oldest since `waiting_s`; `planned` ones are for later.
    `recipients` are those of each broadcast that is under way, by its number and their state; `tickets` by state,
    without closed ones; `ticket_s` is the longest that a graduate has waited for an answer; `reminder_s` the longest
    that a reminder is late. `revision` is the content in force.
    """

    waiting: int
    waiting_s: float
    planned: int
    recipients: Mapping[tuple[str, str], int]
    tickets: Mapping[str, int]
    ticket_s: float
    reminder_s: float
    revision: int


class FigureRows(ReadRows):
    """The numbers of an open store, and of its use of the database."""

    def __init__(self, reader: AsyncEngine, engine: AsyncEngine) -> None:
        super().__init__(reader)
        self._engine = engine

    def watch(self, note: Callable[[float], None]) -> None:
        """Note the seconds of every statement from now on."""
        time_statements(self._engine, note)

    def connections(self) -> tuple[int, int]:
        """Return the numbers of connections that are in use, and of those that are free."""
        pool: Any = self._engine.pool
        return pool.checkedout(), pool.checkedin()

    async def read(self, at: datetime) -> Figures:
        """Return how things stand at this moment."""
        found: dict[str, dict[tuple[str, str], str | None]] = {}
        for row in await self._fetch(_ALL, {"now": text_of(at)}):
            found.setdefault(row.what, {})[row.one, row.other] = row.value

        def number(what: str) -> int:
            return int(found[what]["", ""] or 0)

        def age(what: str) -> float:
            since = found[what]["", ""]
            return max((at - time_of(since)).total_seconds(), 0.0) if since else 0.0

        return Figures(
            number("waiting"),
            age("waiting since"),
            number("planned"),
            {key: int(value or 0) for key, value in found.get("recipients", {}).items()},
            {state: int(value or 0) for (state, _), value in found.get("tickets", {}).items()},
            age("ticket since"),
            age("reminder since"),
            number("revision"),
        )


def _row(what: str, value: Any, *by: Any) -> Any:
    """Select one number or time under a name and up to two labels; all as text, so that they fit together."""
    one, other = (*by, literal(""), literal(""))[:2]
    texts = {"what": literal(what), "one": one, "other": other, "value": value}
    return select(*(cast(text, Text).label(name) for name, text in texts.items()))


_NOW = bindparam("now", type_=Text)
_SINCE = func.coalesce(outbox.c.since, outbox.c.due_at)
_WAITS = _SINCE <= _NOW
_ALL = union_all(
    _row("waiting", func.count()).select_from(outbox).where(_WAITS),
    _row("waiting since", func.min(_SINCE)).where(_WAITS),
    _row("planned", func.count()).select_from(outbox).where(_SINCE > _NOW),
    _row("recipients", func.count(), recipients.c.broadcast, recipients.c.state)
    .select_from(recipients.join(broadcasts, broadcasts.c.id == recipients.c.broadcast))
    .where(broadcasts.c.state.in_(UNDER_WAY))
    .group_by(recipients.c.broadcast, recipients.c.state),
    _row("tickets", func.count(), tickets.c.state).where(tickets.c.state != "closed").group_by(tickets.c.state),
    _row("ticket since", func.min(tickets.c.waiting_since)).where(tickets.c.state != "closed"),
    _row("reminder since", func.min(reminders.c.due_at)).where(reminders.c.due_at <= _NOW),
    _row("revision", func.max(revisions.c.id)),
)
