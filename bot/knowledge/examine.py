"""Examines files before they come into force: loads them, lints them, compares them, builds the matcher's index.

That takes longer than a turn may wait. `examine_with` runs it in another process, which stays and remembers what it
examined last: of the next files only what changed is new to it. `unpack` reads the pickle that it returns in pieces,
so that other threads run in between.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import pickle
import re
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from bot.content.checks import list_missing_keys
from bot.content.content import Content, build_after, list_changed
from bot.content.files import Change, Files, keep_texts, list_changes, to_patch
from bot.content.loading import load, load_to_publish, locate_finding
from bot.content.problem import ContentFault, ContentProblem
from bot.domain.privacy import Kind
from bot.domain.staff_texts import find_forbidden, find_risks
from bot.runtime.process import ChildProcess
from faq.model import Match

SWITCH_INTERVAL_S = 0.0001
"""Thread switch interval while unpickling: a turn changes threads a dozen times, and waits each time."""
PAUSE_S = 0.0003
"""Pause of that thread before each piece, of which a large content has a few hundred."""
MAX_QUESTIONS = 2_000
"""Newest masked questions that are asked of both contents."""
MAX_KEPT = 2
"""Contents that the process remembers which examines: the one in force, and the one that may be the next."""
MAX_PATCH = 2_000_000
"""Characters of files from which no patch is made."""
_PUBLIC_CODE = re.compile(r"\bfeature_code: *['\"]?\Z")
"""The key of a notice whose value is a code that everybody may know."""


@dataclass(frozen=True, slots=True)
class Examination:
    """Files that may come into force, and those `before` that are. `questions` are asked of both.

    Without `before` only the content of the files is wanted. `every` entry is linted, not only those that differ; with
    `errors_only` by the rules that refuse alone.
    """

    files: Mapping[str, str | bytes]
    before: Files | None
    today: date
    questions: tuple[str, ...] = ()
    every: bool = False
    errors_only: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """A question that finds other entries than before: their titles, or nothing."""

    question: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """A finding in words, at its place."""

    problem: ContentFault
    level: str
    rule: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of an examination. Files with `problems` cannot be used, those with `errors` may not be published.

    `packed` is the pickled content with its index, empty with problems; `revision` its hash. `lost` has the lines that
    must match and do not any more, `answered` those of the questions that are answered at once. `needs_second`: by the
    rules in force a second person must agree to these files.
    """

    problems: tuple[ContentFault, ...] = ()
    findings: tuple[LocatedFinding, ...] = ()
    lost: tuple[Shift, ...] = ()
    shifts: tuple[Shift, ...] = ()
    answered: frozenset[str] = frozenset()
    changes: tuple[Change, ...] = ()
    diff: str = ""
    revision: str = ""
    packed: bytes = b""
    needs_second: bool = False

    @property
    def errors(self) -> tuple[LocatedFinding, ...]:
        """The findings that refuse a publication."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def is_publishable(self) -> bool:
        """Return whether nothing refuses a publication."""
        return not self.problems and not self.errors


class Memory:
    """The contents that were loaded last, by their files, with the indexes of their matchers.

    `passed`: it was checked whole, here, by this very code. Content that an older gradbot published may not pass.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Content] = {}
        self._passed: set[str] = set()

    def load(self, files: Mapping[str, str | bytes]) -> Content:
        """Return the content of files, loaded before or now. ContentProblem."""
        key = _hash_files(files)
        if key not in self._kept:
            newest = next(reversed(self._kept.values()), None)
            self.keep(files, build_after(load(files), newest))
        return self._kept[key]

    def keep(self, files: Mapping[str, str | bytes], content: Content, *, passed: bool = False) -> None:
        """Remember a content, and forget the oldest one."""
        key = _hash_files(files)
        self._kept.pop(key, None)
        self._kept[key] = content
        if passed:
            self._passed.add(key)
        for old in list(self._kept)[:-MAX_KEPT]:
            del self._kept[old]
        self._passed &= self._kept.keys()

    def has_passed(self, files: Mapping[str, str | bytes]) -> bool:
        """Return whether this content passed its checks here."""
        return _hash_files(files) in self._passed


def _hash_files(files: Mapping[str, str | bytes]) -> str:
    seen = hashlib.sha256()
    for name, text in sorted(files.items()):
        seen.update(b"%b\0%b\0" % (name.encode(), text.encode() if isinstance(text, str) else text))
    return seen.hexdigest()


def examine(draft: Examination, memory: Memory | None = None) -> Report:
    """Examine files; `memory` knows those that were examined before."""
    from bot.content.lint import lint  # noqa: PLC0415 - used in the other process alone

    memory = memory or Memory()
    if draft.before is None:
        try:
            return _pack_report(memory.load(draft.files))
        except ContentProblem as wrong:
            return Report(wrong.problems)
    before = _load_or_none(draft.before, memory)
    if secrets := list(_find_secrets(keep_texts(draft.files), draft.before, before or load())):
        return Report(tuple(secrets))  # before anything else: other problems quote the lines where they are
    try:
        content, sources, faults = load_to_publish(draft.files, before, has_passed=memory.has_passed(draft.before))
    except ContentProblem as wrong:
        return Report(wrong.problems)
    if faults:
        return Report(tuple(faults), lost=_find_lost_lines(before, content))
    memory.keep(draft.files, content, passed=True)
    files = keep_texts(draft.files)  # all of them: they were loaded
    changes = list_changes(before, content, draft.before, files) if before else []
    touched = set(list_changed(content, None if draft.every else before))
    findings = tuple(
        LocatedFinding(locate_finding(finding, sources, content), finding.level, finding.rule)
        for finding in lint(content, draft.today, touched, errors_only=draft.errors_only)
    )
    if not draft.errors_only and (draft.every or before is None or before.phrases != content.phrases):
        findings += tuple(LocatedFinding(problem, "warning", "lacking") for problem in list_missing_keys(content))
    shifts = _find_shifts(before, content, draft.questions) if before else ()
    small = sum(map(len, files.values())) < MAX_PATCH
    diff = to_patch(draft.before, files) if small else ""
    return replace(
        _pack_report(content),
        findings=findings,
        shifts=shifts,
        answered=frozenset(line for line in draft.questions if content.answers(line)),
        changes=tuple(changes),
        diff=diff,
        needs_second=before is not None and _needs_second(before, content, touched),
    )


def _find_secrets(files: Files, before: Files, content: Content) -> Iterator[ContentFault]:
    """Yield ID numbers, codes and passwords, at their lines, in files that are new or changed."""
    sentence = content.phrases.admin.lint["secret_written"].format()
    for name, text in files.items():
        if text != before.get(name):
            for found in find_forbidden(text):
                if found.kind is not Kind.CODE or not _PUBLIC_CODE.search(text[: found.start]):
                    line, column = text.count("\n", 0, found.start) + 1, found.start - text.rfind("\n", 0, found.start)
                    yield ContentFault(name, line, column, "", sentence)


def _needs_second(before: Content, after: Content, touched: Collection[str]) -> bool:
    """Return whether two people are needed: for every change with `four_eyes`, else to weaken a rule of two people, and
    for links and bait that an answer did not have before.
    """
    old, new = before.phrases, after.phrases
    weaker = new.broadcast.habits.approve_above > old.broadcast.habits.approve_above
    return old.admin.four_eyes or weaker or any(_risks(after, topic) - _risks(before, topic) for topic in touched)


def _risks(content: Content, topic: str) -> set[str]:
    entry = content.entries.get(topic)
    texts = "\n".join(text for _, text in entry.texts) if entry else ""
    return set(find_risks(texts, content.allowed_hosts, content.public_contacts))


def _pack_report(content: Content) -> Report:
    built = content.with_matcher(content.matcher, content.reader.book)  # without its caches, which cannot be pickled
    packed = pickle.dumps(built, 5)
    return Report(revision=content.revision, packed=packed)


def _load_or_none(files: Files, memory: Memory) -> Content | None:
    try:
        return memory.load(files)
    except ContentProblem:
        return None


def _describe_match(content: Content, match: Match) -> str:
    titles = [content.entries[topic].title for topic in match.chosen]
    return " / ".join(titles)


def _find_shifts(before: Content, after: Content, questions: tuple[str, ...]) -> tuple[Shift, ...]:
    found = []
    for question in questions:
        was, becomes = (_describe_match(content, content.ask(question)) for content in (before, after))
        if was != becomes:
            found.append(Shift(question, was, becomes))
    return tuple(found)


def _find_lost_lines(before: Content | None, after: Content) -> tuple[Shift, ...]:
    """Return the lines that must match and do not, or must not and do, with what they find before and now."""
    lines = {
        line: (entry.id, wanted)
        for entry in after.entries.values()
        for wanted, own in ((True, entry.must_match), (False, entry.must_not_match))
        for line in own
    }
    lost = []
    for line, (topic, wanted) in lines.items():
        match = after.ask(line)
        found = bool(match.topics) and match.topics[0].id == topic and match.verdict != "miss"
        answered = match.verdict == "answer" and topic in match.chosen
        if found != wanted if wanted else answered:
            was = _describe_match(before, before.ask(line)) if before else ""
            lost.append(Shift(line, was, _describe_match(after, match)))
    return tuple(lost)


Examine = Callable[[Examination], Awaitable[Report]]
"""A way to examine files without blocking the event loop."""


def examine_with(child: ChildProcess) -> Examine:
    """Return how to examine in a process that stays. OSError, TimeoutError (ChildProcessError when it was killed)."""
    return partial(child.run, _examine_again)


def _examine_again(draft: Examination) -> Report:
    """Examine in the process that stays."""
    return examine(draft, _memory)


_memory = Memory()


async def examine_in_thread(draft: Examination) -> Report:
    """Examine in this process, where nobody else waits for it."""
    return await asyncio.to_thread(examine, draft)


async def unpack(report: Report) -> Content:
    """Return the content of a report, with its index, without blocking the event loop."""
    return await asyncio.to_thread(_unpickle, report.packed)


def _unpickle(packed: bytes) -> Content:
    was_enabled, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()  # nothing in it is garbage, and a collection would look through all of it
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        content: Content = pickle.Unpickler(_YieldingBytes(packed)).load()  # noqa: S301 - our own child wrote it
        content.prepare()
        gc.freeze()
    finally:
        sys.setswitchinterval(interval)
        if was_enabled:
            gc.enable()
    return content


class _YieldingBytes(io.BytesIO):
    """Bytes with a pause before each read, in which other threads run."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(PAUSE_S)
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        time.sleep(PAUSE_S)
        return super().readinto(buffer)
