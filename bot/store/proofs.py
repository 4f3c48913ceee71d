"""The chain of proof as rows: appended in the transaction of what they prove, never changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.proof import FIRST, Record, canonical_json, link
from bot.store.broadcast_tables import proofs
from bot.store.rows import ReadRows
from bot.store.times import text_of

PAGE = 1000
"""Records read at a time."""


async def prove(connection: AsyncConnection, at: datetime, kind: str, broadcast: int, body: Any) -> None:
    """Append a record to the chain, in the transaction of what it proves; waits for other writers."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236424)")
    before = (await connection.execute(select(proofs.c.hash).order_by(proofs.c.id.desc()).limit(1))).scalar() or FIRST
    words, when = canonical_json(body), text_of(at)
    row = {"at": when, "kind": kind, "broadcast": broadcast, "body": words}
    await connection.execute(insert(proofs), row | {"hash": link(before, when, kind, broadcast, words)})


class ProofRows(ReadRows):
    """The chain of proof of an open store."""

    async def pages(self, number: int | None = None) -> AsyncIterator[list[Record]]:
        """Yield the records in pages, oldest first; `number`: of one broadcast."""
        after = 0
        while True:
            which = [proofs.c.id > after] + ([proofs.c.broadcast == number] if number else [])
            page = select(proofs).where(*which).order_by(proofs.c.id).limit(PAGE)
            rows = await self._fetch(page)
            yield [Record(*row) for row in rows]
            if len(rows) < PAGE:
                return
            after = rows[-1].id
