"""What was in force before, for an admin: the history, what changed, the way back, and all files of today.

Like `editor`, loads and hands on; must not know: drafts, who may do it.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.admin.cards import Admin, Wish, button, say
from bot.content.files import Files, Refused, diff_names, whole
from bot.domain.areas import Decision
from bot.domain.messages import Attachment, Incoming, Reply
from bot.domain.questions import Unsettled
from bot.domain.roles import Audited
from bot.domain.zone import ZONE
from bot.knowledge.examine import Examination
from bot.knowledge.inbox import groups, holding
from bot.knowledge.revisions import REHEARSED, Knowledge
from bot.store.knowledge import KnowledgeRows, Revision

HISTORY = 10
"""Revisions that are listed."""
FEW_FILES = 10
"""So many are sent one by one, as a phone edits them; more are sent as one archive."""


class Past:
    """Looks back. `called` gives what authors are called."""

    def __init__(
        self, knowledge: Knowledge, rows: KnowledgeRows, called: Callable[[], Awaitable[Callable[[str], str]]]
    ) -> None:
        self._knowledge = knowledge
        self._rows = rows
        self._called = called

    @property
    def _says(self) -> Admin:
        return Admin(self._knowledge.content, self._knowledge.number)

    async def history(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        words, found = self._knowledge.content.phrases.admin, await self._rows.history(HISTORY)
        if not found:
            return say(words.never)
        called = await self._called()
        lines = [
            words.history_line.format(
                number=one.number,
                when=when(one.at),
                author=called(one.author),
                note=f" · {one.note}" if one.note else "",
            )
            for one in found
        ]
        rows = tuple(
            (button(self._knowledge.content, "back", "rollback", one.number, number=one.number),) for one in found[1:6]
        )
        return Decision((Reply(words.history.format(lines="\n".join(lines)), rows),))

    async def _two(self, about: str) -> tuple[Revision, Revision] | None:
        """The revisions that `5`, `3 5` or nothing (the last step) names, older first."""
        numbers = [int(part) for part in about.split() if part.isdecimal()][:2]
        newest = self._knowledge.number
        low, high = (
            (*sorted(numbers),) if len(numbers) == 2 else ((numbers or [newest])[0] - 1, (numbers or [newest])[0])
        )
        old, new = await self._rows.revision(low), await self._rows.revision(high)
        return (old, new) if old and new else None

    async def diff(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        words, two = self._knowledge.content.phrases.admin, await self._two(wish.about)
        if two is None:
            raise Refused("no_revision")
        old, new = two
        report = await self._knowledge.examines(Examination(new.files, old.files, new.at.date()))
        text = words.diff_head.format(
            old=old.number,
            new=new.number,
            lines=self._says.changes(report.changes) if report.changes else words.diff_same,
        )
        patch = Attachment(words.diff_file, report.diff) if report.diff else None
        rows = ((button(self._knowledge.content, "back", "rollback", old.number, number=old.number),),)
        return Decision((Reply(text, rows, attachment=patch),))

    async def rollback(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """The files of an earlier revision are in force again, as a new one."""
        words = self._knowledge.content.phrases.admin
        number, old = await self._knowledge.in_force()
        wanted = int(wish.about) if wish.about.isdecimal() else number - 1
        back = await self._rows.revision(wanted)
        if back is None:
            raise Refused("no_revision")
        if not diff_names(old, back.files):
            return say(words.nothing_changed)
        report = await self._knowledge.examine(back.files, old)
        if report.problems:  # what lint finds in it was in force before
            return Decision((self._says.show_refusal(report),))
        effects = self._knowledge.plan_revision(back.files, (number, old), report, incoming.user, f"↩ {wanted}")
        text = words.undone.format(to=wanted, number=number + 1, changes=self._says.changes(report.changes))
        asked = await self._rows.list_unanswered(self._knowledge.present() - REHEARSED, settled=True)
        settled = holding(groups(asked), wish.more)
        again = (Unsettled(tuple(settled.numbers)),) if settled else ()
        rows = ((button(self._knowledge.content, "back", "rollback", number, number=number),),)
        return Decision((Reply(text, rows),), (*effects, *again, Audited("faq-rollback", str(wanted))))

    async def export(self, _: Incoming, __: Wish, now: datetime) -> Decision:
        number, files = await self._knowledge.in_force()
        every = whole(files)
        words = self._knowledge.content.phrases.admin
        about = {"number": max(number, 1), "count": len(every)}
        if len(every) > FEW_FILES:
            file = Attachment(words.archive_file, await asyncio.to_thread(_archive, every, now), base64=True)
            return Decision((Reply(words.exported_as_one.format_map(about), attachment=file),))
        parts = [Reply(name, attachment=Attachment(_flat(name), text)) for name, text in every.items()]
        return Decision((Reply(words.exported.format_map(about)), *parts))


def _flat(name: str) -> str:
    """What a file is called outside its folder, so that it finds its place when it comes back."""
    return name.replace("/", "-")


def _archive(files: Files, now: datetime) -> str:
    """All the files in one, as base64."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = ZipInfo(_flat(name), now.astimezone(ZONE).timetuple()[:6])
            archive.writestr(entry, text, ZIP_DEFLATED)
    return b64encode(made.getvalue()).decode()


def when(at: datetime) -> str:
    """A moment as an admin reads it."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
