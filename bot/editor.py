"""The room of those who keep the knowledge: `/faq`, its buttons, and the files that an admin sends.

Loads what an act needs, has drafts examined aside, and hands on what `admin` makes of it; what is to be written goes
with the turn. For everybody who is no admin there is no such room.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot import importer
from bot import session as sessions
from bot.admin import Admin, Wish, asks, button
from bot.aside import Draft, Report
from bot.content import Content
from bot.conversation import decide
from bot.desk import ZONE, Handed
from bot.digest import Digest
from bot.drafts import Files, Refused, changed, named, placed, text_of, unified, whole
from bot.editing import NotThere, with_line
from bot.effects import Audited, Drafted, Effect, Queued, Role, Settled, Undrafted, Unsettled
from bot.inbox import Group, groups
from bot.knowledge import REHEARSED, Knowledge
from bot.messages import Attachment, Incoming, Reply, Sent
from bot.rooms import Fetch
from bot.service import local
from bot.session import Session
from bot.source import MAX_BYTES
from bot.store import Store
from bot.store.knowledge import Draft as Kept
from bot.store.knowledge import Revision
from bot.why import explained

HISTORY = 10
"""Revisions that are listed."""
MOST_FILES = 10
LIST = "phrasings"


class Editor:
    """Answers admins on a channel. `fetch` gets a document, `owners` are the ids of those who always may publish."""

    def __init__(
        self, knowledge: Knowledge, store: Store, fetch: Fetch, channel: str, owners: Sequence[str] = ()
    ) -> None:
        self._knowledge = knowledge
        self._rows = store.knowledge
        self._fetch = fetch
        self.digest = Digest(knowledge, store, channel, owners)

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
            "trying": self._try, "flagged": self._flagged, "draft": self._draft, "digest": self._week,
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
        except (TimeoutError, ChildProcessError):
            return _told(words.took_too_long)
        except OSError as trouble:
            return _told(words.disk_full.format(why=trouble.strerror or type(trouble).__name__))

    # Publishing

    async def _status(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        words, content = self._content.phrases.admin, self._content
        revision = await self._rows.revision()
        waiting = await self._rows.unanswered(at - REHEARSED)
        told = words.status.format(
            number=self._says.edition,
            content=content.revision,
            entries=len(content.entries),
            notices=len(content.notices),
            when=_when(revision.at) if revision else words.never,
            author=f"，{self._says.author(revision.author)}" if revision else "",
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
        name = named(incoming.file.name if incoming.file else "")
        text = await self._sent(incoming.file)
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
            others = [other for other in await self.digest.admins() if other != who]
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
        words, kept = self._content.phrases.admin, await self._rows.draft(wish.about)
        return _told(words.dropped, Undrafted(wish.about)) if kept else _told(words.gone)

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
            raise Refused("no_revision")
        old, new = two
        report = await self._knowledge.examines(Draft(new.files, old.files, new.at.date()))
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
            raise Refused("no_revision")
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
        report = await self._knowledge.examines(Draft(files, files, at.date(), every=True))
        return Handed((self._says.listed(report.findings),))

    async def _export(self, _: Incoming, __: Wish, ___: datetime) -> Handed:
        number, files = await self._knowledge.in_force()
        every = whole(files)
        words = self._content.phrases.admin
        head = Reply(words.exported.format(number=max(number, 1), count=len(every)))
        parts = [
            Reply(name, attachment=Attachment(name.replace("/", "-"), text))
            for name, text in [*every.items()][:MOST_FILES]
        ]
        return Handed((head, *parts))

    # The inbox

    async def _groups(self, at: datetime, *, settled: bool = False) -> list[Group]:
        waiting = await self._rows.unanswered(at - REHEARSED, settled=settled)
        return groups(waiting)

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
            raise Refused("settled")
        return group

    async def _inbox(self, _: Incoming, wish: Wish, at: datetime) -> Handed:
        place = int(wish.about) if wish.about.isdecimal() else 0
        poor = await self.digest.flagged_lines() if place == 0 else []
        return Handed((self._says.card(await self._groups(at), place, poor),))

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
        words, lines = self._content.phrases.admin, await self.digest.flagged_lines()
        return _told(words.flagged.format(lines="\n".join(lines)) if lines else words.flagged_none)

    async def _week(self, _: Incoming, __: Wish, at: datetime) -> Handed:
        return Handed((await self.digest.week(at),))

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


def _told(text: str, *effects: Effect) -> Handed:
    return Handed((Reply(text),), effects)


def _last(draft: Drafted, who: str) -> tuple[Drafted]:
    """The same draft as the newest of this admin."""
    return (replace(draft, key=f"last-{who}"),)


def _drafted(kept: Kept) -> Drafted:
    return Drafted(kept.key, kept.files, kept.parent, kept.author)


def _when(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
