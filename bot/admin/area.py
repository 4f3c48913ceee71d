"""The room of those who keep the knowledge: `/faq`, its buttons, and the files that an admin sends.

Loads what an act needs, has drafts examined aside, and hands on what `admin` makes of it; what is to be written goes
with the turn. For everybody who is no admin there is no such room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.admin.cards import Admin, Wish, asks, button, say
from bot.admin.digest import Digest
from bot.admin.history import Past, when
from bot.admin.trial import Trial
from bot.content.add_line import NotThere, with_line
from bot.content.content import Content
from bot.content.files import Files, Refused, diff_names, place_file, safe_name, text_of, to_patch, whole
from bot.content.yaml_source import MAX_BYTES
from bot.domain.areas import Decision, Fetch
from bot.domain.effects import Effect
from bot.domain.messages import Attachment, Incoming, Reply, Sent
from bot.domain.outbox import Queued
from bot.domain.questions import Settled
from bot.domain.revisions import Drafted, Undrafted
from bot.domain.roles import Audited, Role
from bot.knowledge.examine import Examination, Report
from bot.knowledge.inbox import QuestionGroup, groups, holding
from bot.knowledge.revisions import REHEARSED, Knowledge
from bot.knowledge.why import explain
from bot.notice_import import draft as importer
from bot.store import Store
from bot.store.knowledge import Draft as Kept

LIST = "phrasings"


class AdminArea:
    """Answers admins on a channel. `fetch` gets a document, `owners` are the ids of those who always may publish."""

    def __init__(
        self, knowledge: Knowledge, store: Store, fetch: Fetch, channel: str, owners: Sequence[str] = ()
    ) -> None:
        self._knowledge = knowledge
        self._rows = store.knowledge
        self._fetch = fetch
        self.digest = Digest(knowledge, store, channel, owners)
        self._trial = Trial(knowledge, store.knowledge)
        self._past = Past(knowledge, store.knowledge, self.digest.name_authors)

    @property
    def _content(self) -> Content:
        return self._knowledge.content

    @property
    def _says(self) -> Admin:
        return Admin(self._content, self._knowledge.number)

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        """What an admin is told; None for everybody else, and for what is not about the knowledge."""
        if role not in ("admin", "owner") or incoming.place != "private":
            return None
        wish = asks(incoming)
        if wish is None:
            return await self._trial.answer(incoming, at)
        past = self._past
        acts: Mapping[str, Callable[[Incoming, Wish, datetime], Awaitable[Decision]]] = {
            "status": self._status, "file": self._file, "publish": self._publish_draft, "drop": self._drop,
            "patch": self._patch, "history": past.history, "diff": past.diff, "rollback": past.rollback,
            "lint": self._lint, "export": past.export, "inbox": self._inbox, "add": self._add, "new": self._new,
            "out": self._out, "ignore": self._ignore, "why": self._why, "mend": self._mend, "try": self._trial.begin,
            "trying": self._trial.begin, "flagged": self._list_flagged, "draft": self._draft, "digest": self._week,
        }  # fmt: skip
        act = acts.get(wish.act)
        if act is None:
            return None
        words = self._content.phrases.admin
        try:
            return await act(incoming, wish, at)
        except Refused as refused:
            return say(words.refused[refused.rule].format(**refused.about))  # type: ignore[index]
        except NotThere:
            return say(words.gone)
        except (TimeoutError, ChildProcessError):
            return say(words.took_too_long)
        except OSError as trouble:
            return say(words.disk_full.format(why=trouble.strerror or type(trouble).__name__))

    # Publishing

    async def _status(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        words, content = self._content.phrases.admin, self._content
        revision = await self._rows.revision()
        waiting = await self._rows.list_unanswered(at - REHEARSED)
        said = words.status.format(
            number=self._says.edition,
            content=content.revision,
            entries=len(content.entries),
            notices=len(content.notices),
            when=when(revision.at) if revision else words.never,
            author=f"，{(await self.digest.name_authors())(revision.author)}" if revision else "",
            note=f"：{revision.note}" if revision and revision.note else "",
            waiting=len(waiting),
        )
        rows = (
            (button(content, "inbox", "inbox"), button(content, "history", "history")),
            (button(content, "flagged", "flagged"), button(content, "lint", "lint")),
        )
        return Decision((Reply(f"{said}\n\n{words.how}", rows),))

    async def _file(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """A YAML file: examined, and published at once when it came with `/faq`."""
        name = safe_name(incoming.file.name if incoming.file else "")
        text = await self._receive_file(incoming.file)
        return await self._changes(
            incoming, lambda old: place_file(old, name, text), wish.more or name, now=wish.about == "now"
        )

    async def _receive_file(self, file: Sent | None) -> str:
        if file is None:
            raise Refused("no_file")
        if file.size > MAX_BYTES:
            raise Refused("too_large", size=file.size, limit=MAX_BYTES)
        try:
            return text_of(await self._fetch(file.id))
        except ConnectionError:
            raise Refused("no_file") from None

    async def _changes(
        self,
        incoming: Incoming,
        change: Callable[[Files], Files],
        note: str,
        *,
        now: bool,
        also: Sequence[Effect] = (),
        settled: Sequence[int] = (),
    ) -> Decision:
        """What becomes of a change of the files in force: refused, shown as a draft, or published."""
        number, old = await self._knowledge.in_force()
        files = change(old)
        if not diff_names(old, files):
            return say(self._content.phrases.admin.nothing_changed)
        report = await self._knowledge.examine(files, old)
        if not report.good:
            return Decision((self._says.show_refusal(report),))
        key, who, note = report.revision, incoming.user, note[:200]
        drafted = Drafted(key, files, number, who, note)
        if self._content.phrases.admin.four_eyes:
            others = [other for other in await self.digest.admins() if other != who]
            card = self._says.to_others(report, (await self.digest.name_authors())(who), key)
            sent = tuple(Queued("user", card, user=other) for other in others)
            return Decision((self._says.show_pending_approval(),), (drafted, *sent, *also, Audited("faq-draft", key)))
        if not now:
            return Decision((self._says.show_draft(report, key),), (drafted, *_last(drafted, who)))
        return self._publish(files, (number, old), report, who, note, (*also, Audited("faq-publish", key)), settled)

    def _publish(
        self,
        files: Files,
        before: tuple[int, Files],
        report: Report,
        who: str,
        note: str,
        also: Sequence[Effect],
        settled: Sequence[int] = (),
    ) -> Decision:
        effects = self._knowledge.plan_revision(files, before, report, who, note)
        undo = effects[-1].parent
        said = self._says.show_published(report, undo + 1, undo=undo, settled=settled)
        return Decision((said,), (*effects, *also))

    async def _publish_draft(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """A draft comes into force, on top of what others published since it was made."""
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        if kept is None:
            return say(words.gone)
        if words.four_eyes and kept.author == incoming.user:
            return say(words.own_draft)
        number, old = await self._knowledge.in_force()
        files = kept.files if kept.parent == number else await self._on_top(kept, old)
        report = await self._knowledge.examine(files, old)
        if not report.good:
            return Decision((self._says.show_refusal(report),))
        also = (Undrafted(kept.key), Audited("faq-publish", kept.key))
        return self._publish(files, (number, old), report, kept.author, kept.note, also)

    async def _on_top(self, kept: Kept, old: Files) -> Files:
        parent = await self._rows.revision(kept.parent)
        made_from = parent.files if parent else {}
        names = diff_names(made_from, kept.files)
        now = whole(old) if names else old
        return {
            **{name: text for name, text in now.items() if name not in names},
            **{name: kept.files[name] for name in names if name in kept.files},
        }

    async def _drop(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        return say(words.dropped, Undrafted(wish.about)) if kept else say(words.gone)

    async def _patch(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        """A draft as a patch."""
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        if kept is None:
            return say(words.gone)
        parent = await self._rows.revision(kept.parent)
        patch = to_patch(parent.files if parent else (await self._knowledge.in_force())[1], kept.files)
        return Decision((Reply(words.diff_file, attachment=Attachment(words.diff_file, patch)),))

    # The inbox

    async def _groups(self, at: datetime) -> list[QuestionGroup]:
        return groups(await self._rows.list_unanswered(at - REHEARSED))

    async def _group(self, wish: Wish, at: datetime) -> QuestionGroup:
        group = holding(await self._groups(at), wish.about)
        if group is None:
            raise Refused("settled")
        return group

    async def _inbox(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        place = int(wish.about) if wish.about.isdecimal() else 0
        poor = await self.digest.flagged_answers() if place == 0 else []
        return Decision((self._says.card(await self._groups(at), place, poor),))

    async def _add(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """The most asked wording becomes a phrasing of an entry."""
        return await self._settles(incoming, wish, at, LIST, "phrasing")

    async def _out(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """The nearest entry must not answer it."""
        return await self._settles(incoming, wish, at, "must_not_match", "out")

    async def _settles(self, incoming: Incoming, wish: Wish, at: datetime, key: str, became: str) -> Decision:
        group = await self._group(wish, at)
        topic = wish.more or next((one for one in group.topics if one in self._content.entries), "")
        done = Settled(tuple(group.numbers), became)
        if not topic:
            return say(self._content.phrases.admin.settled["out"], done)
        line = group.lines[0]
        handed = await self._changes(
            incoming,
            lambda old: with_line(old, topic, key, line),
            line,
            now=True,
            also=(done,),
            settled=group.numbers[-1:],
        )
        if became == "out" and not handed.effects:  # it need not be written down: no entry answers it
            return say(self._content.phrases.admin.settled["out"], done)
        return handed

    async def _new(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        return Decision((self._says.new_entry(await self._group(wish, at)),))

    async def _ignore(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        group = await self._group(wish, at)
        rest = [other for other in await self._groups(at) if other.numbers != group.numbers]
        said = Reply(self._content.phrases.admin.settled["ignored"])
        return Decision((said, self._says.card(rest, 0)), (Settled(tuple(group.numbers), "ignored"),))

    # Why

    async def _why(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        if not wish.about:
            return say(self._content.phrases.admin.why_ask)
        kept = Drafted(f"why-{incoming.user}", {"question": wish.about[:100]}, self._knowledge.number, incoming.user)
        return Decision((self._says.why(explain(self._content, wish.about)),), (kept,))

    async def _mend(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """The question that was explained last becomes a phrasing."""
        kept = await self._rows.draft(f"why-{incoming.user}")
        if kept is None:
            raise NotThere(wish.more)
        line = kept.files["question"]
        return await self._changes(incoming, lambda old: with_line(old, wish.more, LIST, line), line, now=True)

    # What is wrong, and the notice

    async def _lint(self, _: Incoming, __: Wish, at: datetime) -> Decision:
        _number, files = await self._knowledge.in_force()
        report = await self._knowledge.examines(Examination(files, files, at.date(), every=True))
        return Decision((self._says.show_findings(report.findings),))

    async def _list_flagged(self, _: Incoming, __: Wish, ___: datetime) -> Decision:
        words, lines = self._content.phrases.admin, await self.digest.flagged_answers()
        return say(words.flagged.format(lines="\n".join(lines)) if lines else words.flagged_none)

    async def _week(self, _: Incoming, __: Wish, at: datetime) -> Decision:
        return Decision((await self.digest.week(at),))

    async def _draft(self, incoming: Incoming, _: Wish, at: datetime) -> Decision:
        """A school's notice in words becomes the draft of one in YAML; nothing is published."""
        words, text = self._content.phrases.admin, await self._receive_file(incoming.file)
        drafted = importer.draft(text)
        if not drafted.dates and not drafted.contacts:
            return say(words.notice_nothing)
        said = words.notice_drafted.format(
            dates=drafted.dates,
            contacts=drafted.contacts,
            cohorts=drafted.cohorts,
            papers=drafted.papers,
            unsure=drafted.unsure,
        )
        return Decision((Reply(said, attachment=Attachment(f"{drafted.id}.yaml", drafted.yaml)),))


def _last(draft: Drafted, who: str) -> tuple[Drafted]:
    """The same draft as the newest of this admin."""
    return (replace(draft, key=f"last-{who}"),)
