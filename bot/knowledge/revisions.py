"""The content revision in force: opened at the start, swapped by one reference, kept on any problem.

Revisions are rows of the database. Whoever publishes adds one; every worker looks for a higher number twice a second
and builds what it finds in a process aside, so that no turn waits. A content folder is one way to publish: what changes
in it is examined and published like anything else, and what was published elsewhere is written back into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from bot.content.content import Content
from bot.content.files import Files, diff_names, of_folder, part_of, write_files
from bot.content.loading import load
from bot.content.problem import ContentProblem
from bot.domain.effects import KnowledgeEffect, Outdated
from bot.domain.revisions import Revised
from bot.knowledge.examine import Examination, Examines, Report, examine_aside, unpack
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem
from bot.store.knowledge import KnowledgeRows, text_hash

LOOK_S = 0.5
"""Seconds between two looks for a new revision."""
REHEARSED = timedelta(days=90)
"""Questions so old are asked again before a publication."""
SETTLE_MS = 300
"""How long a folder must be quiet until what changed in it is read."""
KNOWN_REVISIONS = 200
"""Newest revisions in which a file's text is looked for at the start."""
START, FOLDER = "start", "folder"
"""Authors that are no people: the first revision, and the content folder."""

_log = LazyLogger()


class Knowledge:
    """What the bot knows now. `take` is called with each new content; `present` gives the moment in UTC.

    `examines` is how a draft is examined: in a process aside, where turns must not wait for it.
    """

    def __init__(
        self,
        store: Store,
        content: Content,
        number: int,
        folder: Path | None,
        present: Callable[[], datetime],
        examines: Examines = examine_aside,
    ) -> None:
        self.content = content
        self.number = number
        self.folder = folder
        self.take: Callable[[Content], None] = lambda _: None
        self.refused: Callable[[Report], Awaitable[None]] = _nobody
        """Told when what changed in the folder cannot come into force."""
        self._rows = store.knowledge
        self.present = present
        self.examines = examines
        self._base = _texts(of_folder(folder))
        self._ready: dict[str, Report] = {}
        self._built: tuple[str, Content] | None = None
        self._taking = asyncio.Lock()

    @classmethod
    async def open(
        cls, store: Store, folder: Path | None, present: Callable[[], datetime], examines: Examines = examine_aside
    ) -> Self:
        """With the newest revision, else with what is in the folder. ContentProblem when neither can be used."""
        revision = await store.knowledge.revision()
        number, content = revision.number if revision else 0, None
        if revision:
            try:
                content = load(revision.files)
            except ContentProblem as problem:
                _log.error("revision_unusable", number=number, why=type(problem).__name__)
        content = content or load(folder)
        _warn(content)
        return cls(store, content, number, folder, present, examines)

    async def in_force(self) -> tuple[int, dict[str, str]]:
        """The number and the files of the revision in force; before the first one, 0 and what the folder held."""
        revision = await self._rows.revision()
        if revision:
            return revision.number, dict(revision.files)
        return 0, self._base

    async def examine(self, files: Mapping[str, str | bytes], before: Files) -> Report:
        """What there is to say about these files coming into force. OSError, TimeoutError when it cannot be done."""
        now = self.present()
        asked = await self._rows.list_unanswered(now - REHEARSED, settled=True)
        questions = tuple(one.question for one in asked)
        report = await self.examines(Examination(files, before, now.date(), questions))
        if report.good:
            self._ready = {report.revision: report}
        return report

    async def build(self, files: Files) -> Content:
        """The content that these files make; the newest one is kept at hand. ContentProblem."""
        key = text_hash("".join(f"{name}{text}" for name, text in sorted(files.items())))
        if self._built is None or self._built[0] != key:
            report = await self.examines(Examination(files, None, self.present().date()))
            if report.problems:
                raise ContentProblem(report.problems)
            self._built = (key, await unpack(report))
        return self._built[1]

    def plan_revision(
        self, files: Files, before: tuple[int, Files], report: Report, author: str, note: str
    ) -> list[Revised]:
        """What is to be written so that these files come into force after those."""
        number, old = before
        first = [] if number else [Revised(old, 0, self.content.revision, START)]
        return [*first, Revised(files, max(number, 1), report.revision, author, note)]

    async def publish(
        self, change: Callable[[Files], Mapping[str, str | bytes]], author: str, note: str = "", *, at_once: bool = True
    ) -> Report | None:
        """Change the files in force and publish what comes of it; None when nothing changes.

        The report says why it was not published when it is not `good`. Somebody who publishes at the same time only
        makes this begin again. Without `at_once` nothing is written.
        """
        while True:
            number, old = await self.in_force()
            files = change(old)
            texts = _texts(files)
            if len(texts) == len(files) and not diff_names(old, texts):
                return None
            report = await self.examine(files, old)
            if not report.good or not at_once:
                return report
            effects: Sequence[KnowledgeEffect] = self.plan_revision(texts, (number, old), report, author, note)
            try:
                await self._rows.apply(effects, self.present())
            except Outdated:
                continue
            await self.look()
            return report

    async def follow(self) -> None:
        """Take every new revision, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take the newest revision when there is a new one; what cannot be used is logged, and the old one stays."""
        async with self._taking:
            try:
                if await self._rows.number() > self.number:
                    await self._take()
            except (StoreProblem, OSError, TimeoutError, ContentProblem) as trouble:
                _log.error("revision_not_taken", why=_why(trouble))

    async def _take(self) -> None:
        revision = await self._rows.revision()
        if revision is None:
            return
        draft = Examination(revision.files, None, self.present().date())
        report = self._ready.get(revision.content) or await self.examines(draft)
        self._ready = {}
        before = self.number
        if report.problems:
            self.number = revision.number  # so that it is said once
            _log.error("revision_unusable", number=revision.number, problems=len(report.problems))
            return
        self.content, self.number = await unpack(report), revision.number
        self.take(self.content)
        _warn(self.content)
        _log.info("content", number=revision.number, content=revision.content, entries=len(self.content.entries))
        old = await self._rows.revision(before) if before else None
        await asyncio.to_thread(self._write_back, revision.files, old.files if old else {})

    def _write_back(self, files: Files, old: Files) -> None:
        """The folder shows what is in force, but for files that somebody is at."""
        if self.folder is None or not self.folder.is_dir():
            return
        there = of_folder(self.folder)
        own = {part_of(name) for name in there}
        stale = {
            name: text
            for name, text in files.items()
            if there.get(name) != text and part_of(name) in own and there.get(name) in (None, old.get(name))
        }
        try:
            write_files(stale, self.folder)
            for name in old.keys() - files.keys():
                if there.get(name) == old[name]:
                    (self.folder / name).unlink(missing_ok=True)
        except OSError as trouble:
            _log.warning("folder_not_written", why=trouble.strerror)

    # The folder

    async def watch(self) -> None:
        """Publish what is saved in the folder, until cancelled."""
        from watchfiles import awatch  # noqa: PLC0415 - only a server watches

        if self.folder is None:
            return
        await self.publish_folder(None)
        root = self.folder.resolve()
        async for events in awatch(root, debounce=SETTLE_MS, step=50):
            await self.publish_folder({str(Path(path).relative_to(root)) for _, path in events})

    async def publish_folder(self, names: set[str] | None) -> Report | None:
        """Publish these files of the folder; None, at the start: those whose text was never in force under its name."""
        folder = self.folder
        if folder is None:
            return None
        fresh = await _fresh(self._rows, folder) if names is None else {}

        def change(old: Files) -> Mapping[str, str | bytes]:
            if names is None:
                return {**old, **fresh}
            there = of_folder(folder)
            kept = {name: text for name, text in old.items() if name not in names or name in there}
            return {**kept, **{name: text for name, text in there.items() if name in names}}

        try:
            report = await self.publish(change, FOLDER)
        except (StoreProblem, OSError, TimeoutError) as trouble:
            _log.error("folder_not_published", why=_why(trouble))
            return None
        if report and not report.good:
            _log.error("folder_refused", problems=len(report.problems) + len(report.errors))
            await self.refused(replace(report, packed=b""))
        return report


async def foreseen(store: Store, folder: Path | None) -> Content:
    """What a server that starts now will answer from: the newest revision, and what is new in the folder.

    ContentProblem with all that is wrong; nothing is published.
    """
    revision = await store.knowledge.revision()
    return load({**revision.files, **await _fresh(store.knowledge, folder)} if revision else folder)


async def _fresh(rows: KnowledgeRows, folder: Path | None) -> Mapping[str, str | bytes]:
    """The files of a folder whose text was never in force under its name."""
    before = {one for revision in await rows.history(KNOWN_REVISIONS) for one in revision.hashes.items()}
    there = of_folder(folder).items()
    return {name: text for name, text in there if not isinstance(text, str) or (name, text_hash(text)) not in before}


def _texts(files: Mapping[str, str | bytes]) -> dict[str, str]:
    return {name: text for name, text in files.items() if isinstance(text, str)}


def _warn(content: Content) -> None:
    if content.lacking:
        _log.warning("phrases_lacking", keys=content.lacking)


def _why(trouble: Exception) -> str:
    """In a log: what it is, never words of a file."""
    if isinstance(trouble, StoreProblem):
        return trouble.code
    return getattr(trouble, "strerror", None) or type(trouble).__name__


async def _nobody(_: Report) -> None:
    return
