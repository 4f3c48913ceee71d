"""Messages to admins unasked: a digest of the week on Mondays, and refusals of what was saved in the content folder.

Each is sent once, however many workers there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from bot.admin.cards import MOST_TEXT, Admin, button
from bot.content.content import Content
from bot.domain.effects import Effect, Outdated
from bot.domain.messages import Button, Reply
from bot.domain.outbox import Queued
from bot.domain.questions import Opinion
from bot.domain.revisions import Once
from bot.domain.roles import Audited
from bot.domain.zone import ZONE
from bot.knowledge.examine import Report
from bot.knowledge.inbox import QuestionGroup, list_groups
from bot.knowledge.publish import Publication
from bot.knowledge.revisions import Knowledge
from bot.knowledge.watcher import FolderWatcher
from bot.render.feedback import find_flagged
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem
from bot.store.knowledge import text_hash
from faq.model import Entry

HOUR = 9
"""Hour of a Monday from which the digest is sent, local time."""
LOOK_S = 600.0
"""Seconds between two looks whether it is time."""
MOST_TAPS = 5
"""Tasks of a kind that have a button under the digest."""
YEAR, MONTH = 365, 30
"""Days: what was checked longer ago is old; what ends sooner expires soon."""

_log = LazyLogger()


class Digest:
    """Sends to the admins of a channel; `owners` are the ids of those who always are admins."""

    def __init__(self, knowledge: Knowledge, store: Store, channel: str, owners: Sequence[str]) -> None:
        self._knowledge = knowledge
        self._store = store
        self._channel = channel
        self._owners = owners

    async def watch_folder(self, leads: Callable[[], bool]) -> None:
        """Publish what is saved in the content folder, until cancelled; whoever `leads` does so first."""
        await FolderWatcher(self._knowledge, self.report_refusal, self.accompany, self._channel, leads).watch()

    async def weekly(self) -> None:
        """Send the digest on Mondays, until cancelled."""
        while True:
            now = self._knowledge.present().astimezone(ZONE)
            year, week, day = now.isocalendar()
            if day == 1 and now.hour >= HOUR:
                try:
                    await self._tell_all(f"digest-{year}-{week}", await self.week(now))
                except StoreProblem as trouble:
                    _log.error("store_problem", **trouble.for_log)
            await asyncio.sleep(LOOK_S)

    async def report_refusal(self, report: Report) -> None:
        reply = Admin(self._knowledge.content, self._knowledge.number).show_refusal(report, folder=True)
        await self._tell_all(f"refused-{text_hash(reply.text)[:16]}", reply)

    async def accompany(self, publication: Publication) -> tuple[Effect, ...]:
        """Return what is written with a publication: a line of the audit, and where it waits for a second person a
        message to every admin but its author.
        """
        draft = publication.waiting
        if draft is None:
            back = publication.goes_back_to
            act, about = ("faq-publish", publication.number) if back is None else ("faq-rollback", back)
            return (Audited(act, str(about)),)
        name = (await self.name_authors())(draft.author)
        card = Admin(self._knowledge.content, self._knowledge.number).to_others(publication.report, name, draft.key)
        others = [Queued("user", card, user=admin) for admin in await self.admins() if admin != draft.author]
        return (*others, Audited("faq-draft", draft.key))

    async def _tell_all(self, key: str, reply: Reply) -> None:
        """Queue a message to every admin, once for all workers (by `key`)."""
        sent = [Queued("user", reply, user=admin) for admin in await self.admins()]
        try:
            await self._store.apply((Once(key), *sent), self._channel, self._knowledge.present())
        except Outdated:
            return

    async def admins(self) -> list[str]:
        """Return the ids of everybody who may publish."""
        members = await self._store.roles.members(self._channel, self._knowledge.present())
        return [*dict.fromkeys((*self._owners, *(one.user for one in members if one.role == "admin")))]

    async def name_authors(self) -> Callable[[str], str]:
        """Return a function from an author's id to the name: the label of the invitation, or the word for an owner."""
        members = await self._store.roles.members(self._channel)
        content = self._knowledge.content
        people = {
            **dict.fromkeys(self._owners, content.phrases.admin.authors["owner"]),
            **{one.user: one.label for one in members if one.label},
        }
        return partial(Admin(content, self._knowledge.number).author, people=people)

    async def flagged_answers(self) -> list[str]:
        """Describe the answers that too few found helpful, worst first."""
        return describe_flagged(self._knowledge.content, await self._store.questions.opinions())

    async def week(self, at: datetime) -> Reply:
        """Return the digest of the seven days before a moment."""
        content, week = self._knowledge.content, at - timedelta(days=7)
        words = content.phrases.admin
        found = await list_groups(self._store, at, since=week, settled=True)
        most = [words.digest_line.format(question=group.lines[0], count=len(group.numbers)) for group in found[:5]]
        published = [one for one in await self._store.knowledge.history(200) if one.at >= week]
        expiring = expires(content, at.astimezone(ZONE).date())
        text = words.digest.format(
            misses=sum(len(group.numbers) for group in found),
            groups=len(found),
            most="\n".join(most) or words.flagged_none,
            published=len(published),
            expiring="、".join(expiring) or words.flagged_none,
            flagged="\n".join(await self.flagged_answers()) or words.flagged_none,
        )
        return Reply(text[:MOST_TEXT], (*await self._list_taps(found, at), (button(content, "inbox", "inbox"),)))

    async def _list_taps(self, found: Sequence[QuestionGroup], at: datetime) -> tuple[tuple[Button, ...], ...]:
        """Return a button for each task of the digest: a group that waits, an answer that helps too few, an old one."""
        content, waiting = (
            self._knowledge.content,
            {one.number for one in await self._knowledge.list_questions() if not one.became},
        )
        open_ = [group for group in found if waiting & {*group.numbers}][:MOST_TAPS]
        poor = [entry for entry, _ in find_flagged(content, await self._store.questions.opinions())][:MOST_TAPS]
        old = find_old(content, at.astimezone(ZONE).date())[:MOST_TAPS]
        return (
            *((button(content, "group", "group", max(one.numbers), question=one.lines[0]),) for one in open_),
            *((button(content, "task", "edit", "", one.id, title=one.title),) for one in dict.fromkeys([*poor, *old])),
        )


def describe_flagged(content: Content, opinions: Mapping[tuple[str, str], Opinion]) -> list[str]:
    """Describe the answers that too few found helpful, worst first, with the reasons that people gave."""
    words, reasons = content.phrases.admin, content.phrases.opinion.reasons
    return [
        words.flagged_line.format(
            title=entry.title,
            helped=one.helped,
            of=one.of,
            reasons="".join(
                words.flagged_reason.format(reason=label, count=count)
                for reason, count in one.reasons.items()
                if (label := reasons.get(reason))  # type: ignore[call-overload]
            ),
        )
        for entry, one in find_flagged(content, opinions)
    ]


def find_old(content: Content, today: date) -> list[Entry]:
    """Return the entries that were checked too long ago, or will have been within a month."""
    soon, entries = today + timedelta(days=MONTH), content.entries.values()
    return [one for one in entries if one.source == "beyond" and one.checked_on and (soon - one.checked_on).days > YEAR]


def expires(content: Content, today: date) -> list[str]:
    """List notices whose last window closes within a month or has closed, and entries checked too long ago."""
    soon = today + timedelta(days=MONTH)
    old = [entry.title for entry in find_old(content, today)]
    ends = {
        notice.notice.short: max((window.closes for window in notice.windows if window.closes), default=None)
        for notice in content.notices.values()
    }
    return [*(short for short, end in ends.items() if end and end < soon), *old]
