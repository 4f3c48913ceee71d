"""The admins' area: `/faq`, its buttons, and the files that an admin sends.

Looks up the act and has it done by the part that is about it; effects are written with the turn. For everybody who is
no admin there is no such area.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.admin.cards import MOST_LINES, Admin, Wish, asks, button, describe_settled, format_moment, say
from bot.admin.digest import Digest
from bot.admin.drafting import Drafting
from bot.admin.editing import Editing
from bot.admin.history import History
from bot.admin.inbox import Inbox
from bot.admin.publishing import Publishing
from bot.admin.refusals import REFUSALS, describe_refusal
from bot.admin.sheets import Sheets
from bot.admin.trial import Trial
from bot.admin.writing import Writing
from bot.admin.writing_cards import WritingCards
from bot.content.files import Refused
from bot.content.lint import THIN
from bot.content.own import is_own, notice_topics
from bot.content.problem import ContentProblem
from bot.content.tails import topic_of_given
from bot.domain.areas import Decision, Fetch
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.knowledge.inbox import MAX_AGE
from bot.knowledge.publish import Edit
from bot.knowledge.revisions import Knowledge
from bot.notice_import.review import Verdict
from bot.render.feedback import find_flagged
from bot.store import Store
from faq.model import Entry

Act = Callable[[Incoming, Wish, datetime], Awaitable[Decision]]


class AdminArea:
    """Answers admins on a channel. `fetch` gets a document, `owners` are the ids of those who always may publish."""

    def __init__(
        self, knowledge: Knowledge, store: Store, fetch: Fetch, channel: str, owners: Sequence[str] = ()
    ) -> None:
        self.digest = Digest(knowledge, store, channel, owners)
        self._knowledge = knowledge
        self._publishing = Publishing(knowledge, self.digest, fetch)
        self._drafting = Drafting(knowledge, self._publishing)
        self._inbox = Inbox(knowledge, self.digest, self._publishing)
        self._history = History(knowledge, self.digest)
        self._editing = Editing(knowledge)
        self._writing = Writing(knowledge, self._publishing, self._editing)
        self._sheets = Sheets(knowledge, self._publishing)
        self._trial = Trial(knowledge, store.knowledge)

    @property
    def _acts(self) -> Mapping[str, Act]:
        history, inbox, publishing, trial = self._history, self._inbox, self._publishing, self._trial
        writing, editing = self._writing, self._editing
        return {
            "status": self._show_status,
            "help": self._show_help, "tasks": self._show_tasks,
            "lint": self._lint, "flagged": self._list_flagged, "digest": self._show_week,
            "draft": self._drafting.draft, "right": self._drafting.settle, "same": self._drafting.settle,
            "absent": self._drafting.settle, "set": self._drafting.settle,
            "file": publishing.take_file, "publish": publishing.publish_draft, "drop": publishing.drop,
            "patch": publishing.show_patch, "page": publishing.show_preview,
            "history": history.history, "diff": history.diff, "rollback": history.rollback, "export": history.export,
            "inbox": inbox.show, "add": inbox.add, "new": writing.begin, "near": writing.choose, "ask": writing.ask,
            "pick": writing.pick, "send": writing.send, "quit": writing.quit, "delete": writing.delete,
            "sheet": self._sheets.send,
            "sheetback": self._sheets.take,
            "edit": editing.show, "remove": editing.remove, "facts": editing.show_facts, "fact": editing.choose_fact,
            "out": inbox.exclude, "give": inbox.give, "group": inbox.open,
            "ignore": inbox.ignore, "why": inbox.explain, "mend": inbox.add_explained,
            "try": trial.begin, "trying": trial.begin,
        }  # fmt: skip

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        """Answer an admin; None for everybody else, and for what is not about the knowledge."""
        if role not in ("admin", "owner") or incoming.place != "private":
            return None
        wish = asks(incoming, self._knowledge.content.phrases.admin.words)
        if wish and wish.act == "draft" and incoming.file and self._holds_phrasings(incoming.file.name):
            wish = replace(wish, act="file")
        act = self._acts.get(wish.act) if wish else None
        if act:
            self._knowledge.wanted.set()  # it takes seconds to be ready, in which an admin types
        try:
            if wish is None:
                return await self._writing.take(incoming, at) or await self._trial.answer(incoming, at)
            return await act(incoming, wish, at) if act else None
        except REFUSALS as trouble:
            content = self._knowledge.content
            leave = () if wish else ((WritingCards(content).button("quit", "quit"),),)  # the form still waits
            return Decision((Reply(describe_refusal(content, trouble), leave),))

    def _holds_phrasings(self, name: str) -> bool:
        """Return whether a text file is named after an entry: it holds that entry's phrasings and is no notice."""
        return topic_of_given(name) in self._knowledge.content.entries

    async def draft(self, incoming: Incoming, edit: Edit, note: str) -> Decision:
        """Examine an edit and keep it as a draft with a button that publishes it; or refuse it and keep nothing."""
        try:
            return await self._publishing.change(incoming, edit, note, at_once=False)
        except REFUSALS as trouble:
            return say(describe_refusal(self._knowledge.content, trouble))

    async def take_document(self, incoming: Incoming, raw: bytes) -> Decision:
        """Draft a notice from its document, to be reviewed."""
        try:
            return await self._drafting.read(incoming, raw)
        except REFUSALS as trouble:
            return say(describe_refusal(self._knowledge.content, trouble))

    async def load_review(self, author: str) -> Mapping[str, Any] | None:
        """Return the notice that somebody has in review, as data; None when there is none."""
        return await self._drafting.load(author)

    async def settle(self, incoming: Incoming, path: str, verdict: Verdict, words: str) -> Decision:
        """Settle the value at a path of the notice in review; the last doubt makes it a draft to be published."""
        try:
            return await self._drafting.settle_at(incoming, path, verdict, words)
        except REFUSALS as trouble:
            return say(describe_refusal(self._knowledge.content, trouble))

    async def rehearse(self, incoming: Incoming, key: str, question: str, at: datetime) -> Decision:
        """Answer a question as a draft would."""
        try:
            return await self._trial.ask(incoming, key, question, at)
        except (*REFUSALS, ContentProblem) as trouble:
            told = trouble if isinstance(trouble, REFUSALS) else Refused("gone")
            return say(describe_refusal(self._knowledge.content, told))

    async def _show_status(self, _: Incoming, __: Wish, at: datetime) -> Decision:
        """Show the revision in force, and the number of questions that wait."""
        content, store = self._knowledge.content, self._knowledge.store
        words, revision, asked = content.phrases.admin, await store.knowledge.revision(), store.questions
        waiting = await store.questions.count_unanswered(at - MAX_AGE)
        author = f"，{(await self.digest.name_authors())(revision.author)}" if revision else ""
        text = words.status.format(
            number=Admin(content, self._knowledge.number).edition,
            content=content.revision,
            entries=len(content.entries),
            notices=len(content.notices),
            when=format_moment(revision.at) if revision else words.never,
            author=author,
            note=f"：{revision.note}" if revision and revision.note else "",
            waiting=waiting,
            settled=describe_settled(content, await asked.count_settled(at - MAX_AGE)),
        )
        tasks = len(await self.list_tasks())
        rows = (
            (button(content, "inbox_count", "inbox", count=waiting), button(content, "new", "new")),
            (button(content, "tasks", "tasks", count=tasks), button(content, "edit", "edit")),
            (button(content, "deadline", "facts", "deadline"), button(content, "phone", "facts", "phone")),
            (button(content, "history", "history"), button(content, "lint", "lint")),
            (button(content, "sheet", "sheet"), button(content, "export", "export")),
        )
        return Decision((Reply(text, rows),))

    async def _show_help(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        return say(self._knowledge.content.phrases.admin.how)

    async def list_tasks(self) -> list[tuple[Entry, str]]:
        """Return the entries that want work, each with the reason: too few find it helpful, or it has few phrasings."""
        content, words = self._knowledge.content, self._knowledge.content.phrases.admin
        opinions = await self._knowledge.store.questions.opinions()
        poor = [
            (entry, words.task_poor.format(helped=o.helped, of=o.of)) for entry, o in find_flagged(content, opinions)
        ]
        told = notice_topics(content.notices)
        thin = [
            (entry, words.task_thin.format(count=len(entry.phrasings)))
            for entry in content.entries.values()
            if len(entry.phrasings) < THIN and entry.id not in told and is_own(entry)
        ]
        return [*poor, *thin]

    async def _show_tasks(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        """List the entries that want work; a tap opens each."""
        content = self._knowledge.content
        words, tasks = content.phrases.admin, (await self.list_tasks())[:MOST_LINES]
        lines = [words.task_line.format(title=entry.title, why=why) for entry, why in tasks]
        rows = tuple((button(content, "task", "edit", "", entry.id, title=entry.title),) for entry, _ in tasks)
        return Decision((Reply(words.tasks.format(lines="\n".join(lines)) if tasks else words.tasks_none, rows),))

    async def _lint(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        report = await self._knowledge.lint()
        return Decision((Admin(self._knowledge.content, self._knowledge.number).show_findings(report.findings),))

    async def _list_flagged(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        words, lines = self._knowledge.content.phrases.admin, await self.digest.flagged_answers()
        return say(words.flagged.format(lines="\n".join(lines)) if lines else words.flagged_none)

    async def _show_week(self, _: Incoming, __: Wish, at: datetime) -> Decision:
        return Decision((await self.digest.week(at),))
