"""The content revision in force: opened at the start, replaced as a whole when a new one comes, kept on any problem.

Revisions are rows of the database. Whoever publishes adds one; every worker looks for a higher number, twice a second
where nobody tells of a new one, and builds it in a process of its own, so that no turn waits. Who publishes waits
until all workers have taken it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Self

from bot.content.content import Content
from bot.content.files import Files, keep_texts, read_folder
from bot.content.loading import load
from bot.content.own_folder import add_shipped, load_folder
from bot.content.problem import ContentProblem
from bot.domain.effects import Outdated
from bot.domain.questions import Unanswered
from bot.domain.revisions import Revised
from bot.domain.zone import local
from bot.knowledge.examine import MAX_QUESTIONS, Examination, Examine, Report, examine_with, unpack
from bot.knowledge.folder import write_back
from bot.knowledge.inbox import MAX_AGE
from bot.runtime.log import LazyLogger
from bot.runtime.process import ChildProcess
from bot.store import Store, StoreProblem
from bot.store.knowledge import Revision, text_hash

LOOK_S = 0.5
"""Seconds between two looks for a new revision."""
ALL_WITHIN_S, ASK_S = 4.0, 0.05
"""Seconds until it is said that some workers have not taken a revision, and between two looks for that."""
IDLE_S = 600.0
"""Seconds without work after which the process that examines ends."""
WARM_AFTER_S = 10.0
"""Seconds after the start, which has enough to do."""
START, FOLDER = "start", "folder"
"""Authors that are no people: of the first revision, and of what is saved in the content folder."""

_log = LazyLogger()


class Knowledge:
    """The content in force, which is revision `number` (0: none was published yet).

    `take` is called with each new content, `when_taken` after it; `taken` is the number that is answered from: one that
    cannot be used is not. `present` gives the moment in UTC; `examiner` examines files, by default in another process,
    which is made ready when it is `wanted`. Where there is a `folder`, it shows what is in force.
    """

    def __init__(
        self,
        store: Store,
        content: Content,
        number: int,
        folder: Path | None,
        present: Callable[[], datetime],
        examiner: Examine | None = None,
    ) -> None:
        self.store = store
        self.content = content
        self.number = number
        self.folder = folder
        self.present = present
        self._child = ChildProcess()
        self.examiner = examiner or examine_with(self._child)
        self.take: Callable[[Content], None] = lambda _: None
        self.taken = number
        self.when_taken: Callable[[], None] = lambda: None
        self.told = asyncio.Event()
        self.wanted = asyncio.Event()
        self._newer = asyncio.Event()
        self._before_any = keep_texts(add_shipped(read_folder(folder)))
        self._examined: dict[str, Report] = {}
        self._built: tuple[str, Content] | None = None
        self._lock = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        store: Store,
        folder: Path | None,
        present: Callable[[], datetime],
        examiner: Examine | None = None,
    ) -> Self:
        """Open the newest revision, else what is in the folder. ContentProblem when neither can be used."""
        revision = await store.knowledge.revision()
        content = (_load_or_none(revision) if revision else None) or load_folder(folder)
        _warn_of_missing_keys(content)
        return cls(store, content, revision.number if revision else 0, folder, present, examiner)

    @property
    def today(self) -> date:
        """The day where the college is."""
        return local(self.present(), None).date()

    async def tend(self, after_s: float = WARM_AFTER_S, idle_s: float = IDLE_S) -> None:
        """Have the process that examines load and check what is in force, so that the first publication need not; end
        it when nothing was examined for long: it has as much memory as a worker. It comes back when it is `wanted`.
        """
        await asyncio.sleep(after_s)
        while True:
            _, files = await self.in_force()
            await self.examiner(Examination(files, files, self.today, errors_only=True))
            while not await self._child.end_idle(idle_s):  # noqa: ASYNC110 - work wakes nobody
                await asyncio.sleep(idle_s)
            self.wanted.clear()
            await self.wanted.wait()

    async def close(self) -> None:
        """End the process that examines."""
        await self._child.stop()

    async def _examine(self, draft: Examination) -> Report:
        self.wanted.set()
        return await self.examiner(draft)

    async def in_force(self) -> tuple[int, dict[str, str]]:
        """Return the number and the files of the revision in force; before the first, 0 and the folder's files."""
        revision = await self.store.knowledge.revision()
        if revision:
            return revision.number, dict(revision.files)
        return 0, self._before_any

    async def keep_first(self) -> None:
        """Keep what the folder had at the start as the first revision, where nothing was ever published: from then on
        what is saved there is a change of it.
        """
        if self.number:
            return
        try:
            first = Revised(self._before_any, 0, self.content.revision, START)
            await self.store.apply([first], "", self.present(), FOLDER)
            self.number = self.taken = 1
        except Outdated:
            await self.look()

    async def examine(self, files: Mapping[str, str | bytes], before: Files) -> Report:
        """Examine files that are to replace those in force. OSError, TimeoutError when it cannot be done."""
        questions = tuple(dict.fromkeys(one.question for one in await self.list_questions()))
        report = await self._examine(Examination(files, before, self.today, questions))
        if not report.problems:
            self._examined = {report.revision: report}
        return report

    async def list_questions(self) -> list[Unanswered]:
        """Return the questions that are asked of every new revision, newest first."""
        return (await self.store.questions.list_unanswered(self.present() - MAX_AGE, settled=True))[:MAX_QUESTIONS]

    async def lint(self, *, errors_only: bool = False) -> Report:
        """Lint every entry in force. OSError, TimeoutError when it cannot be done."""
        _, files = await self.in_force()
        return await self._examine(Examination(files, files, self.today, every=True, errors_only=errors_only))

    async def build(self, files: Files) -> Content:
        """Return the content that these files make; the last one is cached. ContentProblem."""
        key = text_hash("".join(f"{name}{text}" for name, text in sorted(files.items())))
        if self._built is None or self._built[0] != key:
            report = await self._examine(Examination(files, None, self.today))
            if report.problems:
                raise ContentProblem(report.problems)
            self._built = (key, await unpack(report))
        return self._built[1]

    async def follow(self, look_s: Callable[[], float] = lambda: LOOK_S) -> None:
        """Take every new revision, until cancelled; look at once when `told`, else every `look_s` seconds."""
        while True:
            self.told.clear()
            await self.look()
            try:
                async with asyncio.timeout(look_s()):
                    await self.told.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Take the newest revision when there is a new one; what cannot be used is logged, and the old one stays."""
        async with self._lock:
            try:
                if await self.store.knowledge.number() > self.number:
                    await self._take_newest()
            except (StoreProblem, OSError, TimeoutError, ContentProblem) as trouble:
                _log.error("revision_not_taken", why=describe_trouble(trouble))

    async def await_all(self, within_s: float = ALL_WITHIN_S) -> int:
        """Take the newest revision and wait until all workers have; return how many have not after `within_s` seconds.

        Without PostgreSQL nobody can tell of others, and this one alone counts.
        """
        await self.look()
        count, ends = int(self.taken < self.number), asyncio.get_running_loop().time() + within_s
        try:
            number = await self.store.knowledge.number()
            while count := await self.store.knowledge.count_behind(number) or int(self.taken < number):
                if asyncio.get_running_loop().time() > ends:
                    break
                await asyncio.sleep(ASK_S)
        except StoreProblem as trouble:
            _log.error("store_problem", **trouble.for_log)
        if count:
            _log.warning("workers_behind", workers=count)
        return count

    async def foresee(self, edit: Callable[[Files], Mapping[str, str | bytes]], within_s: float) -> None:
        """Build what another worker is about to publish, so that it is taken at once; wait for it, at most so long."""
        self._newer.clear()
        with suppress(StoreProblem, OSError):  # of which a timeout is one
            _, old = await self.in_force()
            files = edit(old)
            if files == old:
                return
            report = await self._examine(Examination(files, None, self.today))
            if not report.problems:
                self._examined = {report.revision: report}
            async with asyncio.timeout(within_s):
                await self._newer.wait()

    async def _take_newest(self) -> None:
        revision = await self.store.knowledge.revision()
        if revision is None:
            return
        draft = Examination(revision.files, None, self.today)
        report = self._examined.get(revision.content) or await self._examine(draft)
        self._examined = {}
        before = self.number
        if report.problems:
            self.number = revision.number  # so that it is logged once
            _log.error("revision_unusable", number=revision.number, problems=len(report.problems))
            return
        self.content, self.number = await unpack(report), revision.number
        self.take(self.content)
        self.taken = revision.number
        self.when_taken()
        self._newer.set()
        _warn_of_missing_keys(self.content)
        _log.info("content", number=revision.number, content=revision.content, entries=len(self.content.entries))
        if self.folder and self.folder.is_dir():
            old = await self.store.knowledge.revision(before) if before else None
            await asyncio.to_thread(write_back, self.folder, revision.files, old.files if old else {})


def describe_trouble(trouble: Exception) -> str:
    """Return what went wrong for the log, without words of a file."""
    if isinstance(trouble, StoreProblem):
        return trouble.code
    return getattr(trouble, "strerror", None) or type(trouble).__name__


def _load_or_none(revision: Revision) -> Content | None:
    try:
        return load(revision.files)
    except ContentProblem as problem:
        _log.error("revision_unusable", number=revision.number, why=type(problem).__name__)
        return None


def _warn_of_missing_keys(content: Content) -> None:
    if content.lacking:
        _log.warning("phrases_lacking", keys=content.lacking)
