"""Calls that staff made to graduates, by join code, as rows and in the chain of proof."""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.join_codes import Called
from bot.store.proofs import prove
from bot.store.roster_tables import calls
from bot.store.rows import Origin
from bot.store.tables import join_codes
from bot.store.times import text_of


async def save(connection: AsyncConnection, called: Called, origin: Origin) -> None:
    """Write down the outcome of a call, and prove it."""
    at = text_of(origin.at)
    row = {"channel": origin.channel, "code": called.code, "outcome": called.outcome, "at": at, "who": origin.user}
    person = select(func.max(join_codes.c.person)).where(join_codes.c.code == called.code).scalar_subquery()
    await connection.execute(insert(calls).values(**row, person=person))
    await prove(connection, origin.at, "called", 0, [called.code, called.outcome, at])
