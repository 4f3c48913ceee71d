"""Revisions of the content, drafts, unanswered questions and votes: written in a turn's transaction, read outside.

A revision is a list of texts by file name. It becomes the one in force by being the highest number, in one transaction:
whoever looks sees the old one or the new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import RowMapping, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import KnowledgeEffect, Outdated
from bot.domain.questions import Opinion, Picked, Settled, Unanswered, Unsettled, Voted
from bot.domain.revisions import Drafted, Once, Revised, Undrafted
from bot.store.knowledge_tables import drafts, revisions, texts, votes
from bot.store.problems import translate_errors
from bot.store.rows import Rows, run_to_completion
from bot.store.tables import misses, people
from bot.store.times import text_of, time_of


@dataclass(frozen=True, slots=True)
class Revision:
    """What was or is in force. `hashes` by file name; `files` are the texts, where they were asked for."""

    number: int
    at: datetime
    author: str
    note: str
    content: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """Files that may become a revision, made from the revision `parent`."""

    key: str
    at: datetime
    author: str
    note: str
    parent: int
    files: Mapping[str, str]


def text_hash(text: str) -> str:
    """What a text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


async def apply_knowledge(
    connection: AsyncConnection, effect: KnowledgeEffect, channel: str, user: str, at: datetime
) -> None:
    """Do what a turn decided about knowledge, in its transaction. Outdated when somebody else published first."""
    match effect:
        case Revised():
            await _revise(connection, effect, at)
        case Drafted():
            await _draft(connection, effect, at)
        case Undrafted(key):
            await connection.execute(delete(drafts).where(drafts.c.key == key))
        case Once(key):
            row = {"key": key, "at": text_of(at), "author": "", "note": "", "parent": 0, "files": "{}"}
            if (await connection.execute(upsert(connection)(drafts).on_conflict_do_nothing(), row)).rowcount != 1:
                raise Outdated(key)
        case Settled(numbers, became):
            await connection.execute(update(misses).where(misses.c.id.in_(numbers)).values(became=became))
        case Unsettled(numbers):
            await connection.execute(update(misses).where(misses.c.id.in_(numbers)).values(became=None))
        case Picked(mark, topic):
            newest = select(func.max(misses.c.id)).where(misses.c.mark == mark, misses.c.picked.is_(None))
            this = misses.c.id == newest.scalar_subquery()
            await connection.execute(update(misses).where(this).values(picked=topic))
        case Voted():
            await _vote(connection, effect, channel, user, at)


def upsert(connection: AsyncConnection) -> Callable[..., Any]:
    """INSERT that may say ON CONFLICT; each dialect has its own class of it."""
    made: Callable[..., Any] = import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert
    return made


async def _keep(connection: AsyncConnection, files: Mapping[str, str]) -> str:
    hashes = {text: text_hash(text) for text in files.values()}
    if hashes:
        rows = [{"hash": digest, "text": text} for text, digest in hashes.items()]
        await connection.execute(upsert(connection)(texts).on_conflict_do_nothing(), rows)
    return json.dumps({name: hashes[text] for name, text in sorted(files.items())})


async def _revise(connection: AsyncConnection, revised: Revised, at: datetime) -> None:
    kept = await _keep(connection, revised.files)
    row = {"id": revised.parent + 1, "at": text_of(at), "author": revised.author, "note": revised.note}
    made = await connection.execute(
        upsert(connection)(revisions).on_conflict_do_nothing().values(**row, content=revised.content, files=kept)
    )
    if made.rowcount != 1:
        raise Outdated(f"revision {revised.parent}")


async def _draft(connection: AsyncConnection, draft: Drafted, at: datetime) -> None:
    row = {"key": draft.key, "at": text_of(at), "author": draft.author, "note": draft.note, "parent": draft.parent}
    row["files"] = await _keep(connection, draft.files)
    await connection.execute(delete(drafts).where(drafts.c.key == draft.key))
    await connection.execute(upsert(connection)(drafts), row)


async def _vote(connection: AsyncConnection, voted: Voted, channel: str, user: str, at: datetime) -> None:
    person = select(people.c.id).where(people.c.channel == channel, people.c.user_id == user).scalar_subquery()
    said = {"at": text_of(at), "helped": voted.helped, "reason": voted.reason}
    new = upsert(connection)(votes).values(person=person, topic=voted.topic, revision=voted.revision, **said)
    once = [votes.c.person, votes.c.topic, votes.c.revision]
    await connection.execute(new.on_conflict_do_update(index_elements=once, set_=said))


class KnowledgeRows(Rows):
    """What an open store keeps of the content; `reading` and `writing` are the store's own."""

    async def number(self) -> int:
        """The number of the revision in force; 0 when nothing was ever published."""
        return int((await self._rows(select(func.max(revisions.c.id).label("n"))))[0]["n"] or 0)

    async def revision(self, number: int | None = None) -> Revision | None:
        """A revision with its texts; without a number the one in force."""
        one = select(revisions).order_by(revisions.c.id.desc()).limit(1)
        rows = await self._rows(one if number is None else one.where(revisions.c.id == number))
        return _revision(rows[0], await self._texts(rows[0])) if rows else None

    async def history(self, limit: int) -> list[Revision]:
        """The newest revisions, newest first, without texts."""
        rows = await self._rows(select(revisions).order_by(revisions.c.id.desc()).limit(limit))
        return [_revision(row, {}) for row in rows]

    async def draft(self, key: str) -> Draft | None:
        """The draft under this key."""
        rows = await self._rows(select(drafts).where(drafts.c.key == key))
        if not rows:
            return None
        row, files = rows[0], await self._texts(rows[0])
        return Draft(row["key"], time_of(row["at"]), row["author"], row["note"], row["parent"], files)

    async def list_unanswered(self, since: datetime, *, settled: bool = False) -> list[Unanswered]:
        """Questions that were not answered at once and still wait (`settled`: all), newest first."""
        which = and_(misses.c.at >= text_of(since), *(() if settled else (misses.c.became.is_(None),)))
        rows = await self._rows(select(misses).where(which).order_by(misses.c.id.desc()).limit(20_000))
        return [
            Unanswered(
                row["id"],
                time_of(row["at"]),
                row["question"],
                tuple(json.loads(row["topics"])),
                row["became"],
                row["tied"],
                row["picked"],
            )
            for row in rows
        ]

    async def opinions(self) -> dict[tuple[str, str], Opinion]:
        """What people thought of the answers, by topic and wording."""
        key = (votes.c.topic, votes.c.revision)
        said = (*key, votes.c.helped, votes.c.reason)
        counted = select(*said, func.count().label("n")).group_by(*said).order_by(func.count().desc(), votes.c.reason)
        found: dict[tuple[str, str], Opinion] = {}
        for row in await self._rows(counted):
            about, n = (row["topic"], row["revision"]), row["n"]
            so_far = found.get(about, Opinion(0, 0))
            reasons = {**so_far.reasons, row["reason"]: n} if row["reason"] else so_far.reasons
            found[about] = Opinion(so_far.helped + n * row["helped"], so_far.of + n, reasons)
        return found

    @run_to_completion
    async def apply(self, effects: Sequence[KnowledgeEffect], at: datetime) -> None:
        """What follows from no turn, in one transaction. Outdated when somebody else published first."""
        async with self._writing() as connection:
            for effect in effects:
                await apply_knowledge(connection, effect, "", "", at)

    async def _texts(self, row: RowMapping) -> dict[str, str]:
        hashes: dict[str, str] = json.loads(row["files"])
        if not hashes:
            return {}
        found = await self._rows(select(texts).where(texts.c.hash.in_(set(hashes.values()))))
        by_hash = {text["hash"]: text["text"] for text in found}
        return {name: by_hash[digest] for name, digest in hashes.items()}

    async def _rows(self, query: Any) -> Sequence[RowMapping]:
        with translate_errors():
            async with self._reader.connect() as connection:
                return (await connection.execute(query)).mappings().all()


def _revision(row: RowMapping, files: Mapping[str, str]) -> Revision:
    hashes = json.loads(row["files"])
    return Revision(row["id"], time_of(row["at"]), row["author"], row["note"], row["content"], hashes, files)
