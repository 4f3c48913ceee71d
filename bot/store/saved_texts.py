"""Texts that staff saved, as rows."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import classes
from bot.domain.classes import Classes
from bot.domain.saved_texts import SavedKind, SavedText, TextDropped, TextSaved
from bot.store.broadcast_tables import saved_texts
from bot.store.rows import Origin, ReadRows
from bot.store.times import text_of


class SavedTextRows(ReadRows):
    """Saved texts of an open store."""

    async def list(self, channel: str, confined: Classes | None, kind: SavedKind | None = None) -> list[SavedText]:
        """Return the texts of a kind (None: of all) by title, as staff confined to classes see them: those of everybody
        and their own; None: to none, who see all.
        """
        which: list[Any] = [saved_texts.c.channel == channel, *([saved_texts.c.kind == kind] if kind else [])]
        if confined:
            which.append(or_(saved_texts.c.classes.is_(None), saved_texts.c.classes == classes.dump(confined)))
        found = select(saved_texts).where(*which).order_by(saved_texts.c.kind, saved_texts.c.title, saved_texts.c.id)
        return [
            SavedText(
                row.id,
                row.kind,
                row.title,
                row.text,
                tuple(json.loads(row.buttons)),
                classes.load(row.classes) if row.classes else None,
            )
            for row in await self._fetch(found)
        ]


async def save(connection: AsyncConnection, saved: TextSaved, origin: Origin) -> None:
    """Keep a text, instead of one with the same kind, title and classes."""
    own = classes.dump(saved.classes) if saved.classes else None
    same = {"channel": origin.channel, "kind": saved.kind, "title": saved.title, "classes": own}
    where = (saved_texts.c[name].is_not_distinct_from(value) for name, value in same.items())
    await connection.execute(delete(saved_texts).where(*where))
    row = {"text": saved.text, "buttons": json.dumps(saved.buttons), "made_by": origin.user}
    await connection.execute(insert(saved_texts), {**same, **row, "made_at": text_of(origin.at)})


async def drop(connection: AsyncConnection, dropped: TextDropped, origin: Origin) -> None:
    """Delete a text of this channel."""
    own = (saved_texts.c.id == dropped.number, saved_texts.c.channel == origin.channel)
    await connection.execute(delete(saved_texts).where(*own))
