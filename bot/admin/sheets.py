"""The part of the admins' area that sends all entries as a sheet of Excel, and takes it back."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import datetime

from bot.admin.cards import MOST_LINES, MOST_TEXT, Wish, say
from bot.admin.publishing import Publishing
from bot.content.content import Content
from bot.content.entry_sheet import SheetEdit, apply_sheet, find_base, write_sheet
from bot.content.files import Files, Refused, with_file
from bot.content.own import notice_topics
from bot.content.sheets import MOST_BYTES, UnreadableSheet
from bot.domain.areas import Decision
from bot.domain.messages import Attachment, Incoming, Reply
from bot.domain.zone import local
from bot.knowledge.publish import Edit, prepare
from bot.knowledge.revisions import Knowledge
from bot.runtime.process import run_aside

READ_S = 60.0
"""Seconds after which reading a sheet is given up."""


def describe_sheet_problems(content: Content, edit: SheetEdit) -> list[str]:
    """Return what is wrong in the cells of a sheet, one a line."""
    words = content.phrases.admin.sheet
    return [
        words.cell.format(cell=one.cell, text=words.problems[one.rule].format(**one.about)) for one in edit.problems
    ]


def edit_of_sheet(edit: SheetEdit) -> Edit:
    """Return the edit that puts the changed files of a sheet in."""

    def change(old: Files) -> Files:
        for name, text in edit.files.items():
            old = with_file(old, name, text)
        return old

    return change


async def read_sheet(knowledge: Knowledge, raw: bytes) -> SheetEdit:
    """Return what a sheet changes of the revision of which it was made. Refused, TimeoutError, OSError."""
    try:
        number = await asyncio.to_thread(find_base, raw)
    except UnreadableSheet as trouble:
        return SheetEdit(rule=trouble.rule)
    base = await knowledge.store.knowledge.revision(number) if number else None
    files = base.files if base else (await knowledge.in_force())[1]
    return await run_aside(apply_sheet, (raw, files, local(knowledge.present(), None).date()), READ_S)


class Sheets:
    """Sends and takes sheets. It does not check who may do it."""

    def __init__(self, knowledge: Knowledge, publishing: Publishing) -> None:
        self._knowledge = knowledge
        self._publishing = publishing

    async def send(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        """Send the sheet with all entries in force."""
        content, number = self._knowledge.content, max(self._knowledge.number, 1)
        raw = await asyncio.to_thread(write_sheet, content, number)
        words = content.phrases.admin.sheet
        sheet = Attachment(words.file.format(number=number), b64encode(raw).decode(), base64=True)
        count = len({*content.entries} - notice_topics(content.notices))
        return Decision((Reply(words.exported.format(number=number, count=count), attachment=sheet),))

    async def take(self, incoming: Incoming, _: Wish, at: datetime) -> Decision:
        """Make a draft of a sheet that comes back; every problem is named by its cell."""
        content = self._knowledge.content
        words = content.phrases.admin.sheet
        raw = await self._publishing.receive_bytes(incoming.file, MOST_BYTES)
        edit = await read_sheet(self._knowledge, raw)
        if edit.rule:
            return say(words.unreadable[edit.rule])  # type: ignore[index]
        lines = describe_sheet_problems(content, edit)
        if not lines and not edit.files:
            raise Refused("nothing_changed")
        if not lines:
            note = incoming.file.name if incoming.file else ""
            publication = await prepare(self._knowledge, edit_of_sheet(edit), incoming.user, note)
            if publication.undecided or not publication.is_refused:
                return await self._publishing.change(incoming, edit_of_sheet(edit), note, at_once=False)
            found = (*publication.report.problems, *(one.problem for one in publication.report.errors))
            lines = [
                words.cell.format(cell=edit.cell_of(one.where) or one.where or one.file, text=one.text) for one in found
            ]
        whole = Attachment("problems.txt", "\n".join(lines) + "\n") if len(lines) > MOST_LINES else None
        shown = words.refused.format(count=len(lines), lines="\n".join(lines[:MOST_LINES]))
        return Decision((Reply(shown[:MOST_TEXT], attachment=whole),))
