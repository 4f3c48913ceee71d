"""Revisions of the content and drafts of them: written in a turn's transaction, read outside.

A revision is a list of texts by file name. It becomes the one in force by being the highest number, in one transaction:
readers see the old one or the new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Outdated
from bot.domain.revisions import Drafted, Once, Revised, TrialContinued, TrialEnded, TrialStarted, Undrafted
from bot.store.knowledge_tables import done_once, drafts, revisions, texts, trials
from bot.store.rows import Origin, ReadRows
from bot.store.signals import signal
from bot.store.tables import person_id
from bot.store.times import text_of, time_of
from bot.store.upsert import upsert
from bot.store.workers import BEHIND


@dataclass(frozen=True, slots=True)
class Revision:
    """A content that is or was in force. `hashes` by file name; `files` are the texts, empty when not asked for."""

    number: int
    at: datetime
    author: str
    note: str
    content: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """Files that may become a revision, made from the revision `parent`.

    `goes_back_to` is the newest revision that had the very same files; None when none had.
    """

    key: str
    at: datetime
    author: str
    note: str
    parent: int
    files: Mapping[str, str]
    goes_back_to: int | None = None


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """The files that an admin talks to instead of the content in force; `session` is JSON, None at the beginning."""

    files: Mapping[str, str]
    session: str | None


def text_hash(text: str) -> str:
    """Return SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


class KnowledgeRows(ReadRows):
    """Revisions and drafts of an open store."""

    async def number(self) -> int:
        """Return the number of the revision in force; 0 when nothing was ever published."""
        ((number,),) = await self._fetch(select(func.max(revisions.c.id)))
        return number or 0

    async def revision(self, number: int | None = None) -> Revision | None:
        """Return a revision with its texts; without a number the one in force."""
        one = select(revisions).order_by(revisions.c.id.desc()).limit(1)
        rows = await self._fetch(one if number is None else one.where(revisions.c.id == number))
        return _revision(rows[0], await self._texts(rows[0].files)) if rows else None

    async def count_behind(self, number: int) -> int:
        """Return how many workers have not said that they answer from this revision; 0 on SQLite, where none can."""
        if self._dialect != "postgresql":
            return 0
        ((count,),) = await self._fetch(text(BEHIND), {"number": number})
        return int(count)

    async def history(self, limit: int) -> list[Revision]:
        """Return the newest revisions, newest first, without texts."""
        rows = await self._fetch(select(revisions).order_by(revisions.c.id.desc()).limit(limit))
        return [_revision(row, {}) for row in rows]

    async def draft(self, key: str) -> Draft | None:
        """Return the draft under this key."""
        rows = await self._fetch(select(drafts).where(drafts.c.key == key))
        if not rows:
            return None
        row, files = rows[0], await self._texts(rows[0].files)
        ((same,),) = await self._fetch(select(func.max(revisions.c.id)).where(revisions.c.files == row.files))
        return Draft(row.key, time_of(row.at), row.author, row.note, row.parent, files, same)

    async def list_drafts(self, limit: int) -> list[Draft]:
        """Return the newest drafts that may be published, newest first, without texts: no forms, no second keys."""
        kinds = [~drafts.c.key.startswith(beginning) for beginning in ("last-", "n", "w")]
        rows = await self._fetch(select(drafts).where(*kinds).order_by(drafts.c.at.desc()).limit(limit))
        return [Draft(row.key, time_of(row.at), row.author, row.note, row.parent, {}) for row in rows]

    async def load_trial(self, channel: str, user: str) -> StoredTrial | None:
        """Return the trial that a person is in; None when they are in none."""
        rows = await self._fetch(select(trials).where(trials.c.person == person_id(channel, user)))
        return StoredTrial(await self._texts(rows[0].files), rows[0].session) if rows else None

    async def _texts(self, stored: str) -> dict[str, str]:
        hashes: dict[str, str] = json.loads(stored)
        found = await self._fetch(select(texts).where(texts.c.hash.in_(set(hashes.values())))) if hashes else ()
        by_hash = {row.hash: row.text for row in found}
        return {name: by_hash[digest] for name, digest in hashes.items()}


async def add_revision(connection: AsyncConnection, revised: Revised, origin: Origin) -> None:
    """Put a revision in force. Outdated when somebody else published first."""
    row = {
        "id": revised.parent + 1,
        "at": text_of(origin.at),
        "author": revised.author,
        "note": revised.note,
        "content": revised.content,
        "files": await _save_texts(connection, revised.files),
    }
    new = upsert(connection.dialect.name)(revisions).on_conflict_do_nothing()
    if (await connection.execute(new, row)).rowcount != 1:
        raise Outdated(f"revision {revised.parent}")
    await signal(connection, "revision")


async def save_draft(connection: AsyncConnection, drafted: Drafted, origin: Origin) -> None:
    """Keep a draft; it replaces the one with its key."""
    row = {
        "key": drafted.key,
        "at": text_of(origin.at),
        "author": drafted.author,
        "note": drafted.note,
        "parent": drafted.parent,
        "files": await _save_texts(connection, drafted.files),
    }
    await connection.execute(delete(drafts).where(drafts.c.key == drafted.key))
    await connection.execute(insert(drafts), row)


async def delete_draft(connection: AsyncConnection, undrafted: Undrafted, _: Origin) -> None:
    """Delete a draft."""
    await connection.execute(delete(drafts).where(drafts.c.key == undrafted.key))


async def start_trial(connection: AsyncConnection, started: TrialStarted, origin: Origin) -> None:
    """Begin a trial of the person whose turn it is, instead of the one before."""
    row = {"at": text_of(origin.at), "files": await _save_texts(connection, started.files), "session": None}
    new = upsert(connection.dialect.name)(trials).values(person=person_id(origin.channel, origin.user), **row)
    await connection.execute(new.on_conflict_do_update(index_elements=[trials.c.person], set_=row))


async def continue_trial(connection: AsyncConnection, continued: TrialContinued, origin: Origin) -> None:
    """Keep the session of a trial; nothing when it has ended."""
    row = {"at": text_of(origin.at), "session": continued.session}
    is_theirs = trials.c.person == person_id(origin.channel, origin.user)
    await connection.execute(update(trials).where(is_theirs).values(**row))


async def end_trial(connection: AsyncConnection, _: TrialEnded, origin: Origin) -> None:
    """Delete the trial of the person whose turn it is."""
    await connection.execute(delete(trials).where(trials.c.person == person_id(origin.channel, origin.user)))


async def do_once(connection: AsyncConnection, once: Once, origin: Origin) -> None:
    """Write down that something was done. Outdated when it was done before."""
    new = upsert(connection.dialect.name)(done_once).on_conflict_do_nothing()
    if (await connection.execute(new, {"key": once.key, "at": text_of(origin.at)})).rowcount != 1:
        raise Outdated(once.key)


async def _save_texts(connection: AsyncConnection, files: Mapping[str, str]) -> str:
    """Keep the texts of files, each once; return JSON of the hash by file name."""
    hashes = {text: text_hash(text) for text in files.values()}
    if hashes:
        rows = [{"hash": digest, "text": text} for text, digest in hashes.items()]
        await connection.execute(upsert(connection.dialect.name)(texts).on_conflict_do_nothing(), rows)
    return json.dumps({name: hashes[text] for name, text in sorted(files.items())})


def _revision(row: Row[Any], files: Mapping[str, str]) -> Revision:
    return Revision(row.id, time_of(row.at), row.author, row.note, row.content, json.loads(row.files), files)
