"""People as rows: what is kept of one is exported, forgotten and expires with them.

Every table with a column `person` belongs to a person, so a new one needs no code here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Outdated
from bot.domain.reminders import Resaved
from bot.domain.session import SetAside
from bot.store.ledger import select_received
from bot.store.rows import Origin
from bot.store.standing import standing_of
from bot.store.tables import KEPT_TURNS, broken_sessions, metadata, outbox, people, person_id
from bot.store.times import text_of

_JSON_COLUMNS = {"session", "answer", "turn", "files"}
# Columns that say nothing of the person, and files that they were sent.
_INTERNAL = {"id", "person", "slot", "data"}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Numbers of deleted rows of a person, by table; all 0 for somebody unknown."""

    counts: Mapping[str, int]


@cache
def tables_of_a_person() -> tuple[Table, ...]:
    """Return the tables that belong to a person, in an order in which rows can be inserted."""
    return tuple(table for table in metadata.sorted_tables if "person" in table.c)


async def update_reachable(connection: AsyncConnection, channel: str, user: str, *, reachable: bool) -> None:
    """Write down whether messages reach a person; nothing for somebody unknown."""
    await connection.execute(update(people).where(*_is(channel, user)).values(reachable=reachable))


async def replace_session(connection: AsyncConnection, resaved: Resaved, origin: Origin) -> None:
    """Replace a session outside a turn of its person. Outdated when it is no longer the one that was read."""
    # A turn that is under way must not bring the old session back; what was answered keeps its slot.
    changed = await connection.execute(
        update(people)
        .where(*_is(resaved.channel or origin.channel, resaved.user), people.c.session == resaved.was)
        .values(session=resaved.becomes, turns=people.c.turns + KEPT_TURNS, **standing_of(resaved.becomes))
    )
    if changed.rowcount != 1:
        raise Outdated("session")


async def keep_broken_session(connection: AsyncConnection, kept: SetAside, origin: Origin) -> None:
    """Keep a session that cannot be read, of the person whose turn it is."""
    person = person_id(origin.channel, origin.user)
    row = insert(broken_sessions).values(person=person, at=text_of(origin.at), session=kept.text)
    await connection.execute(row)


async def delete_person(connection: AsyncConnection, channel: str, user: str) -> Forgotten:
    """Delete everything of a person, and what waits to be sent to them."""
    counts = dict.fromkeys([table.name for table in (people, *tables_of_a_person())], 0)
    person = (await connection.execute(select(people.c.id).where(*_is(channel, user)))).scalar()
    if person is not None:
        for table in tables_of_a_person():
            counts[table.name] = (await connection.execute(delete(table).where(table.c.person == person))).rowcount
        counts["people"] = (await connection.execute(delete(people).where(people.c.id == person))).rowcount
    await connection.execute(delete(outbox).where(outbox.c.channel == channel, outbox.c.user_id == user))
    return Forgotten(counts)


async def export_person(connection: AsyncConnection, channel: str, user: str) -> dict[str, Any]:
    """Return everything kept of a person as JSON values, by table, oldest row first; empty for somebody unknown.

    A number to call, which goes when the ticket closes, is not in it: an export is a file that may be passed on.
    """
    person = (await connection.execute(select(people).where(*_is(channel, user)))).mappings().one_or_none()
    if person is None:
        return {}
    kept: dict[str, Any] = {"people": [_values(person)]}
    for table in tables_of_a_person():
        theirs = [table.c.person == person["id"], *([~table.c.fleeting] if "fleeting" in table.c else [])]
        rows = await connection.execute(select(table).where(*theirs).order_by(table.c.id))
        kept[table.name] = [_values(row) for row in rows.mappings()]
    received = await connection.execute(select_received(person["id"]))
    kept["recipients"] = [dict(row) for row in received.mappings()]
    return kept


def _is(channel: str, user: str) -> Any:
    return people.c.channel == channel, people.c.user_id == user


def _values(row: RowMapping) -> dict[str, Any]:
    return {
        name: _parse(value) if name in _JSON_COLUMNS and value else value
        for name, value in row.items()
        if name not in _INTERNAL
    }


def _parse(text: str) -> Any:
    """Return JSON as values; as it is when it is broken."""
    try:
        return json.loads(text)
    except ValueError:
        return text
