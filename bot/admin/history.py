"""The part of the admins' area that looks back: history, differences, rollback, export."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.admin.cards import MOST_TEXT, Admin, Wish, button, format_moment, say
from bot.admin.digest import Digest
from bot.content.files import Files
from bot.content.tails import topic_of
from bot.domain.areas import Decision
from bot.domain.messages import Attachment, Incoming, Reply
from bot.domain.questions import Unsettled
from bot.domain.zone import ZONE
from bot.knowledge.history import compare, export
from bot.knowledge.inbox import find_group, list_groups
from bot.knowledge.publish import Publication, prepare_rollback
from bot.knowledge.revisions import Knowledge
from bot.store.knowledge import Revision

MAX_LISTED = 10
"""Revisions that are listed."""
MAX_SINGLE_FILES = 10
"""Files that are sent one by one, as a phone edits them; more are sent as one archive."""


class History:
    """Answers an admin who looks back. It does not check who may do it."""

    def __init__(self, knowledge: Knowledge, digest: Digest) -> None:
        self._knowledge = knowledge
        self._digest = digest

    @property
    def _cards(self) -> Admin:
        return Admin(self._knowledge.content, self._knowledge.number)

    async def history(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        """List the newest revisions."""
        content = self._knowledge.content
        words, revisions = content.phrases.admin, await self._knowledge.store.knowledge.history(MAX_LISTED)
        if not revisions:
            return say(words.never)
        name = await self._digest.name_authors()
        lines = "\n".join(format_revision(words.history_line, one, name(one.author)) for one in revisions)
        rows = tuple((button(content, "back", "rollback", r.number, number=r.number),) for r in revisions[1:6])
        return Decision((Reply(words.history.format(lines=lines), rows),))

    async def diff(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        """Compare the revisions that `3 5`, `5` (with the one before) or nothing (the newest two) names."""
        content = self._knowledge.content
        words = content.phrases.admin
        numbers = [int(part) for part in wish.about.split() if part.isdecimal()][:2] or [self._knowledge.number]
        low, high = sorted(numbers) if len(numbers) == 2 else (numbers[0] - 1, numbers[0])
        found = await compare(self._knowledge, low, high)
        lines = self._cards.changes(found.changes) if found.changes else words.diff_same
        text = words.diff_head.format(old=low, new=high, lines=lines)
        patch = Attachment(words.diff_file, found.patch) if found.patch else None
        return Decision((Reply(text, ((button(content, "back", "rollback", low, number=low),),), attachment=patch),))

    async def rollback(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Put the files of an earlier revision in force again, as a new one; its questions wait again."""
        wanted = int(wish.about) if wish.about.isdecimal() else None
        publication = await prepare_rollback(self._knowledge, wanted, incoming.user)
        if publication.is_refused:
            return Decision((self._cards.show_refusal(publication.report),))
        written = (*publication.effects, *await self._digest.accompany(publication))
        if publication.waiting:
            return Decision((self._cards.show_pending_approval(),), written)
        replaced = publication.replaces
        rows = ((button(self._knowledge.content, "back", "rollback", replaced, number=replaced),),)
        settled = find_group(await list_groups(self._knowledge.store, at, settled=True), wish.more)
        again = (Unsettled(tuple(settled.numbers)),) if settled else ()
        text = describe_rollback(self._cards, publication)
        return Decision((Reply(text, rows),), (*written, *again))

    async def export(self, _: Incoming, __: Wish, now: datetime) -> Decision:
        """Send all files in force: one by one where they are few, else in one archive, as are those of phrasings."""
        words = self._knowledge.content.phrases.admin
        number, files = await export(self._knowledge)
        about = {"number": max(number, 1), "count": len(files)}
        single = {name: text for name, text in files.items() if not topic_of(name)}
        if len(single) > MAX_SINGLE_FILES:
            archive = Attachment(words.archive_file, await asyncio.to_thread(_make_archive, files, now), base64=True)
            return Decision((Reply(words.exported_as_one.format_map(about), attachment=archive),))
        parts = [Reply(name, attachment=Attachment(_flatten_name(name), text)) for name, text in single.items()]
        if tails := {name: text for name, text in files.items() if topic_of(name)}:
            packed = Attachment(words.lines_file, await asyncio.to_thread(_make_archive, tails, now), base64=True)
            parts.append(Reply(words.exported_lines, attachment=packed))
        return Decision((Reply(words.exported.format_map(about)), *parts))


def describe_rollback(cards: Admin, publication: Publication) -> str:
    """Return what a rollback changed, and the lint errors that came back with it."""
    words, report = cards.content.phrases.admin, publication.report
    changes, errors = cards.changes(report.changes), report.errors
    text = words.undone.format(to=publication.goes_back_to, number=publication.number, changes=changes)
    return f"{text}\n\n{cards.show_findings(errors).text}"[:MOST_TEXT] if errors else text


def format_revision(sentence: str, revision: Revision, author: str) -> str:
    """Return a revision as a line of the history."""
    note = f" · {revision.note}" if revision.note else ""
    return sentence.format(number=revision.number, when=format_moment(revision.at), author=author, note=note)


def _flatten_name(name: str) -> str:
    """Return the name of a file outside its folder, by which it finds its place when it is sent back."""
    return name.replace("/", "-")


def _make_archive(files: Files, now: datetime) -> str:
    """Return a ZIP archive of the files, as base64."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = ZipInfo(_flatten_name(name), now.astimezone(ZONE).timetuple()[:6])
            archive.writestr(entry, text, ZIP_DEFLATED)
    return b64encode(buffer.getvalue()).decode()
