"""The room of those who keep the knowledge: `/faq`, its buttons, and the files that an admin sends.

Loads what an act needs, has drafts examined aside, and hands on what `admin` makes of it; what is to be written goes
with the turn. For everybody who is no admin there is no such room.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from bot import importer
from bot import session as sessions
from bot.admin import MOST_TEXT, Admin, Wish, asks, button
from bot.aside import Draft, Report, aside
from bot.content import Content
from bot.conversation import decide
from bot.desk import ZONE, Handed
from bot.drafts import Files, Refused, changed, part_of, placed, text_of, unified, whole, with_file
from bot.editing import NotThere, add_line
from bot.effects import Audited, Drafted, Effect, Once, Outdated, Queued, Role, Settled, Undrafted, Unsettled
from bot.inbox import Group, flagged, groups
from bot.knowledge import REHEARSED, Knowledge
from bot.messages import Attachment, Incoming, Reply, Sent
from bot.service import local
from bot.session import Session
from bot.source import MAX_BYTES
from bot.store import Store, StoreProblem
from bot.store.knowledge import Draft as Kept
from bot.store.knowledge import Revision, text_hash
from bot.why import explained

HISTORY = 10
"""Revisions that are listed."""
MOST_FILES = 10
LIST = "phrasings"
YEAR = 365
DIGEST_HOUR = 9
"""Hour of a Monday from which the digest is sent, local time."""
DIGEST_LOOK_S = 600.0

_log = structlog.get_logger()

Fetch = Callable[[str], Awaitable[bytes]]
"""The content of a document, by the channel's own id."""


class Editor:
    """Answers admins on a channel. `fetch` gets a document, `owners` are the ids of those who always may publish."""

    def __init__(
        self, knowledge: Knowledge, store: Store, fetch: Fetch, channel: str, owners: Sequence[str] = ()
    ) -> None:
        self._knowledge = knowledge
        self._store = store
        self._rows = store.knowledge
        self._fetch = fetch
        self._channel = channel
        self._owners = owners
        knowledge.refused = self._folder_refused

    @property
    def _content(self) -> Content:
        return self._knowledge.content

    @property
    def _says(self) -> Admin:
        return Admin(self._content, self._knowledge.number)

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Handed | None:
        """What an admin is told; None for everybody else, and for what is not about the knowledge."""
        if role not in ("admin", "owner") or incoming.place != "private":
            return None
        wish = asks(incoming)
        if wish is None:
            return await self._tried(incoming, at)
        acts: Mapping[str, Callable[[Incoming, Wish, datetime], Awaitable[Handed]]] = {
            "status": self._status, "file": self._file, "publish": self._publish, "drop": self._drop,
            "patch": self._patch, "history": self._history, "diff": self._diff, "rollback": self._rollback,
            "lint": self._lint, "export": self._export, "inbox": self._inbox, "add": self._add, "new": self._new,
            "out": self._out, "ignore": self._ignore, "why": self._why, "mend": self._mend, "try": self._try,
            "trying": self._try, "flagged": self._flagged, "draft": self._draft, "digest": self._digest,
        }  # fmt: skip
        act = acts.get(wish.act)
        if act is None:
            return None
        words = self._content.phrases.admin
        try:
            return await act(incoming, wish, at)
        except Refused as refused:
            return _told(words.refused[refused.rule].format(**refused.about))  # type: ignore[index]
        except NotThere:
            return _told(words.gone)
        except OSError as trouble:
            return _told(words.disk_full.format(why=trouble.strerror or type(trouble).__name__))
        except TimeoutError:
            return _told(words.took_too_long)

    # Beside the turns

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What goes on until it is cancelled: new revisions, the folder, the weekly digest."""
        return (self._knowledge.follow(), self._knowledge.watch(), self._weekly())

    async def _weekly(self) -> None:
        while True:
            now = self._knowledge.present().astimezone(ZONE)
            year, week, day = now.isocalendar()
            if day == 1 and now.hour >= DIGEST_HOUR:
                try:
                    await self._tell_all(f"digest-{year}-{week}", await self.digest(now))
                except StoreProblem as trouble:
                    _log.error("store_problem", code=trouble.code)
            await asyncio.sleep(DIGEST_LOOK_S)

    async def _folder_refused(self, report: Report) -> None:
        reply = self._says.refused(report, folder=True)
        await self._tell_all(f"refused-{text_hash(reply.text)[:16]}", reply)

    async def _tell_all(self, key: str, reply: Reply) -> None:
        """A message to every admin, once for all workers."""
        sent = [Queued("user", reply, user=admin) for admin in await self._admins()]
        try:
            await self._store.desk.apply((Once(key), *sent), self._channel, self._knowledge.present())
        except Outdated:
            return

    async def _admins(self) -> list[str]:
        members = await self._store.roles.members(self._channel)
        return [*dict.fromkeys((*self._owners, *(one.user for one in members if one.role == "admin")))]

    # Publishing

    async def _status(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        words, content = self._content.phrases.admin, self._content
        revision = await self._rows.revision()
        waiting = await self._rows.unanswered(at - REHEARSED)
        told = words.status.format(
            number=self._knowledge.number,
            content=content.revision,
            entries=len(content.entries),
            notices=len(content.notices),
            when=_when(revision.at) if revision else words.never,
            author=self._says.author(revision.author) if revision else "",
            note=f"：{revision.note}" if revision and revision.note else "",
            waiting=len(waiting),
        )
        rows = (
            (button(content, "inbox", "inbox"), button(content, "history", "history")),
            (button(content, "flagged", "flagged"), button(content, "lint", "lint")),
        )
        return Handed((Reply(f"{told}\n\n{words.how}", rows),))

    async def _file(self, incoming: Incoming, wish: Wish, at: datetime) -> Handed:
        """A YAML file: examined, and published at once when it came with `/faq`."""
        text = await self._sent(incoming.file)
        name = incoming.file.name if incoming.file else ""
        return await self._changes(
            incoming, lambda old: placed(old, name, text), wish.more or name, now=wish.about == "now"
        )

    async def _sent(self, file: Sent | None) -> str:
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
    ) -> Handed:
        """What becomes of a change of the files in force: refused, shown as a draft, or published."""
        number, old = await self._knowledge.in_force()
        files = change(old)
        if not changed(old, files):
            return _told(self._content.phrases.admin.nothing_changed)
        report = await self._knowledge.examine(files, old)
        if not report.good:
            return Handed((self._says.refused(report),))
        key, who, note = report.revision, incoming.user, note[:200]
        drafted = Drafted(key, files, number, who, note)
        if self._content.phrases.admin.four_eyes:
            others = [other for other in await self._admins() if other != who]
            card = self._says.to_others(report, who, key)
            sent = tuple(Queued("user", card, user=other) for other in others)
            return Handed((self._says.asked_others(),), (drafted, *sent, *also, Audited("faq-draft", key)))
        if not now:
            return Handed((self._says.drafted(report, key),), (drafted, *_last(drafted, who)))
        return self._published(files, (number, old), report, who, note, (*also, Audited("faq-publish", key)), settled)

    def _published(
        self,
        files: Files,
        before: tuple[int, Files],
        report: Report,
        who: str,
        note: str,
        also: Sequence[Effect],
        settled: Sequence[int] = (),
    ) -> Handed:
        effects = self._knowledge.revised(files, before, report, who, note)
        undo = effects[-1].parent
        said = self._says.published(report, undo + 1, undo=undo, settled=settled)
        return Handed((said,), (*effects, *also))

    async def _publish(self, incoming: Incoming, wish: Wish, _: datetime) -> Handed:
        """A draft comes into force, on top of what others published since it was made."""
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        if kept is None:
            return _told(words.gone)
        if words.four_eyes and kept.author == incoming.user:
            return _told(words.own_draft)
        number, old = await self._knowledge.in_force()
        files = kept.files if kept.parent == number else await self._on_top(kept, old)
        report = await self._knowledge.examine(files, old)
        if not report.good:
            return Handed((self._says.refused(report),))
        also = (Undrafted(kept.key), Audited("faq-publish", kept.key))
        return self._published(files, (number, old), report, kept.author, kept.note, also)

    async def _on_top(self, kept: Kept, old: Files) -> Files:
        parent = await self._rows.revision(kept.parent)
        made_from = parent.files if parent else {}
        names = changed(made_from, kept.files)
        now = whole(old) if names else old
        return {
            **{name: text for name, text in now.items() if name not in names},
            **{name: kept.files[name] for name in names if name in kept.files},
        }

    async def _drop(self, _: Incoming, wish: Wish, __: datetime) -> Handed:
        return _told(self._content.phrases.admin.dropped, Undrafted(wish.about))

    async def _patch(self, _: Incoming, wish: Wish, __: datetime) -> Handed:
        """A draft as a patch."""
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        if kept is None:
            return _told(words.gone)
        parent = await self._rows.revision(kept.parent)
        patch = unified(parent.files if parent else (await self._knowledge.in_force())[1], kept.files)
        return Handed((Reply(words.diff_file, attachment=Attachment(words.diff_file, patch)),))

    # History

    async def _history(self, _: Incoming, __: Wish, ___: datetime) -> Handed:
        words, found = self._content.phrases.admin, await self._rows.history(HISTORY)
        if not found:
            return _told(words.never)
        lines = [
            words.history_line.format(
                number=one.number,
                when=_when(one.at),
                author=self._says.author(one.author),
                note=f" · {one.note}" if one.note else "",
            )
            for one in found
        ]
        rows = tuple((button(self._content, "back", "rollback", one.number, number=one.number),) for one in found[1:6])
        return Handed((Reply(words.history.format(lines="\n".join(lines)), rows),))

    async def _two(self, about: str) -> tuple[Revision, Revision] | None:
        """The revisions that `5`, `3 5` or nothing (the last step) names, older first."""
        numbers = [int(part) for part in about.split() if part.isdecimal()][:2]
        newest = self._knowledge.number
        low, high = (
            (*sorted(numbers),) if len(numbers) == 2 else ((numbers or [newest])[0] - 1, (numbers or [newest])[0])
        )
        old, new = await self._rows.revision(low), await self._rows.revision(high)
        return (old, new) if old and new else None

    async def _diff(self, _: Incoming, wish: Wish, __: datetime) -> Handed:
        words, two = self._content.phrases.admin, await self._two(wish.about)
        if two is None:
            return _told(words.gone)
        old, new = two
        report = await aside(Draft(new.files, old.files, new.at.date()))
        text = words.diff_head.format(
            old=old.number,
            new=new.number,
            lines=self._says.changes(report.changes) if report.changes else words.diff_same,
        )
        patch = Attachment(words.diff_file, report.diff) if report.diff else None
        rows = ((button(self._content, "back", "rollback", old.number, number=old.number),),)
        return Handed((Reply(text, rows, attachment=patch),))

    async def _rollback(self, incoming: Incoming, wish: Wish, _: datetime) -> Handed:
        """The files of an earlier revision are in force again, as a new one."""
        words = self._content.phrases.admin
        number, old = await self._knowledge.in_force()
        wanted = int(wish.about) if wish.about.isdecimal() else number - 1
        back = await self._rows.revision(wanted)
        if back is None:
            return _told(words.gone)
        if not changed(old, back.files):
            return _told(words.nothing_changed)
        report = await self._knowledge.examine(back.files, old)
        if report.problems:  # what lint finds in it was in force before
            return Handed((self._says.refused(report),))
        effects = self._knowledge.revised(back.files, (number, old), report, incoming.user, f"↩ {wanted}")
        text = words.undone.format(to=wanted, number=number + 1, changes=self._says.changes(report.changes))
        open_again = await self._same_group(wish.more, settled=True)
        again = (Unsettled(tuple(open_again)),) if open_again else ()
        rows = ((button(self._content, "back", "rollback", number, number=number),),)
        return Handed((Reply(text, rows),), (*effects, *again, Audited("faq-rollback", str(wanted))))

    async def _lint(self, _: Incoming, __: Wish, at: datetime) -> Handed:
        _number, files = await self._knowledge.in_force()
        report = await aside(Draft(files, files, at.date(), every=True))
        return Handed((self._says.listed(report.findings),))

    async def _export(self, _: Incoming, __: Wish, ___: datetime) -> Handed:
        number, files = await self._knowledge.in_force()
        every = whole(files)
        words = self._content.phrases.admin
        head = Reply(words.exported.format(number=number, count=len(every)))
        parts = [
            Reply(name, attachment=Attachment(name.replace("/", "-"), text))
            for name, text in [*every.items()][:MOST_FILES]
        ]
        return Handed((head, *parts))

    # The inbox

    async def _groups(self, at: datetime, *, settled: bool = False) -> list[Group]:
        waiting = await self._rows.unanswered(at - REHEARSED, settled=settled)
        return groups((one.number, one.at, one.question, one.topics) for one in waiting)

    async def _same_group(self, number: str, *, settled: bool = False) -> list[int]:
        """The questions of the group that a number belongs to."""
        if not number.isdecimal():
            return []
        found = await self._groups(self._knowledge.present(), settled=settled)
        return next((group.numbers for group in found if int(number) in group.numbers), [])

    async def _group(self, wish: Wish, at: datetime) -> Group:
        found = await self._groups(at)
        wanted = int(wish.about) if wish.about.isdecimal() else -1
        group = next((group for group in found if wanted in group.numbers), None)
        if group is None:
            raise NotThere(wish.about)
        return group

    async def _inbox(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        place = int(wish.about) if wish.about.isdecimal() else 0
        return Handed((self._says.card(await self._groups(at), place),))

    async def _add(self, incoming: Incoming, wish: Wish, at: datetime) -> Handed:
        """The most asked wording becomes a phrasing of an entry."""
        return await self._settles(incoming, wish, at, LIST, "phrasing")

    async def _out(self, incoming: Incoming, wish: Wish, at: datetime) -> Handed:
        """The nearest entry must not answer it."""
        return await self._settles(incoming, wish, at, "must_not_match", "out")

    async def _settles(self, incoming: Incoming, wish: Wish, at: datetime, key: str, became: str) -> Handed:
        group = await self._group(wish, at)
        topic = wish.more or next((one for one in group.topics if one in self._content.entries), "")
        done = Settled(tuple(group.numbers), became)
        if not topic:
            return _told(self._content.phrases.admin.settled["out"], done)
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
            return _told(self._content.phrases.admin.settled["out"], done)
        return handed

    async def _new(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        return Handed((self._says.new_entry(await self._group(wish, at)),))

    async def _ignore(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        group = await self._group(wish, at)
        rest = [other for other in await self._groups(at) if other.numbers != group.numbers]
        said = Reply(self._content.phrases.admin.settled["ignored"])
        return Handed((said, self._says.card(rest, 0)), (Settled(tuple(group.numbers), "ignored"),))

    # Why, and trying

    async def _why(self, incoming: Incoming, wish: Wish, _: datetime) -> Handed:
        if not wish.about:
            return _told(self._content.phrases.admin.why_ask)
        kept = Drafted(f"why-{incoming.user}", {"question": wish.about[:100]}, self._knowledge.number, incoming.user)
        return Handed((self._says.why(explained(self._content, wish.about)),), (kept,))

    async def _mend(self, incoming: Incoming, wish: Wish, _: datetime) -> Handed:
        """The question that was explained last becomes a phrasing."""
        kept = await self._rows.draft(f"why-{incoming.user}")
        if kept is None:
            raise NotThere(wish.more)
        line = kept.files["question"]
        return await self._changes(incoming, lambda old: with_line(old, wish.more, LIST, line), line, now=True)

    async def _try(self, incoming: Incoming, wish: Wish, at: datetime) -> Handed:
        """One question to the newest draft, or from now on everything."""
        words, key = self._content.phrases.admin, f"try-{incoming.user}"
        if wish.about == "off":
            return _told(words.not_trying, Undrafted(key))
        kept = await self._rows.draft(wish.about if wish.act == "trying" else f"last-{incoming.user}")
        if kept is None:
            return _told(words.no_draft)
        if wish.act == "try" and wish.about:
            return await self._from_draft(kept, replace(incoming, text=wish.about, press=None), at)
        off = ((button(self._content, "try_off", "try", "off"),),)
        return Handed((Reply(words.trying, off),), (replace(_drafted(kept), key=key),))

    async def _tried(self, incoming: Incoming, at: datetime) -> Handed | None:
        """An admin who tries a draft is answered by it; commands and files are answered as ever."""
        if incoming.other or incoming.text.startswith("/"):
            return None
        kept = await self._rows.draft(f"try-{incoming.user}")
        return await self._from_draft(kept, incoming, at) if kept else None

    async def _from_draft(self, kept: Kept, incoming: Incoming, at: datetime) -> Handed:
        """The draft's answer; where the admin stands in it is kept beside it, their own walk stays as it is."""
        content = await self._knowledge.built(kept.files)
        trying = kept.key.startswith("try-") and kept.note
        known = sessions.load(json.loads(kept.note)) if trying else Session(next(iter(content.notices)))
        turn = decide(content, known, incoming, local(at, None))
        sentence = self._content.phrases.admin.tried
        replies = tuple(replace(reply, text=sentence.format(text=reply.text)[:4000]) for reply in turn.replies)
        stands = replace(_drafted(kept), note=json.dumps(sessions.dump(turn.session)))
        return Handed(replies, (stands,) if kept.key.startswith("try-") else ())

    # What is wrong, and the notice

    async def _flagged(self, _: Incoming, __: Wish, ___: datetime) -> Handed:
        words, lines = self._content.phrases.admin, await self._flagged_lines()
        return _told(words.flagged.format(lines="\n".join(lines)) if lines else words.flagged_none)

    async def _flagged_lines(self) -> list[str]:
        words, opinions = self._content.phrases.admin, await self._rows.opinions()
        worst = flagged({topic: (one.helped, one.of) for topic, one in opinions.items()})
        return [
            words.flagged_line.format(
                title=self._content.entries[topic].title,
                helped=opinions[topic].helped,
                of=opinions[topic].of,
                reasons="".join(f"\n   · {reason}" for reason in opinions[topic].reasons[:3]),
            )
            for topic in worst
            if topic in self._content.entries
        ]

    async def digest(self, at: datetime) -> Reply:
        """The week before a moment, in one message."""
        words, week = self._content.phrases.admin, at - timedelta(days=7)
        found = groups(
            (one.number, one.at, one.question, one.topics) for one in await self._rows.unanswered(week, settled=True)
        )
        most = [words.digest_line.format(question=group.lines[0], count=len(group.numbers)) for group in found[:5]]
        published = [one for one in await self._rows.history(200) if one.at >= week]
        expiring = expires(self._content, at.astimezone(ZONE).date())
        text = words.digest.format(
            misses=sum(len(group.numbers) for group in found),
            groups=len(found),
            most="\n".join(most) or words.flagged_none,
            published=len(published),
            expiring="、".join(expiring) or words.flagged_none,
            flagged="\n".join(await self._flagged_lines()) or words.flagged_none,
        )
        return Reply(text[:MOST_TEXT], ((button(self._content, "inbox", "inbox"),),))

    async def _digest(self, _: Incoming, __: Wish, at: datetime) -> Handed:
        return Handed((await self.digest(at),))

    async def _draft(self, incoming: Incoming, _: Wish, at: datetime) -> Handed:
        """A school's notice in words becomes the draft of one in YAML; nothing is published."""
        words, text = self._content.phrases.admin, await self._sent(incoming.file)
        drafted = importer.draft(text)
        if not drafted.dates and not drafted.contacts:
            return _told(words.notice_nothing)
        told = words.notice_drafted.format(
            dates=drafted.dates,
            contacts=drafted.contacts,
            cohorts=drafted.cohorts,
            papers=drafted.papers,
            unsure=drafted.unsure,
        )
        return Handed((Reply(told, attachment=Attachment(f"{drafted.id}.yaml", drafted.yaml)),))


def with_line(files: Files, topic: str, key: str, line: str) -> dict[str, str]:
    """The files with a line more in a list of an entry, wherever it stands. NotThere."""
    for name, text in whole(files).items():
        if part_of(name) == "faq":
            try:
                return with_file(files, name, add_line(text, topic, key, line))
            except NotThere:
                continue
    raise NotThere(topic)


def expires(content: Content, today: date) -> list[str]:
    """Titles of entries that were checked too long ago, and notices whose last window closes within a month or has."""
    soon = today + timedelta(days=30)
    old = [
        entry.title
        for entry in content.entries.values()
        if entry.source == "beyond" and entry.checked_on and (soon - entry.checked_on).days > YEAR
    ]
    ends = {
        notice.notice.short: max((window.closes for window in notice.windows if window.closes), default=None)
        for notice in content.notices.values()
    }
    return [*(short for short, end in ends.items() if end and end < soon), *old]


def _told(text: str, *effects: Effect) -> Handed:
    return Handed((Reply(text),), effects)


def _last(draft: Drafted, who: str) -> tuple[Drafted]:
    """The same draft as the newest of this admin."""
    return (replace(draft, key=f"last-{who}"),)


def _drafted(kept: Kept) -> Drafted:
    return Drafted(kept.key, kept.files, kept.parent, kept.author)


def _when(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
