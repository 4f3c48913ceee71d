"""What takes longer than a turn may wait, done in a process of its own: read a draft, lint it, build its index.

`examine` does it; `aside` has it done by a fresh interpreter, which costs its start and keeps every turn free of it.
The way back is a pickle of ours in a file without a name, for a large one would hold up everybody on its way through a
pipe. `unpacked` reads it in pieces, so that other threads are let in between.
"""

from __future__ import annotations

import asyncio
import gc
import io
import pickle
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bot.content.checks import lacking
from bot.content.content import Content
from bot.content.files import Change, Files, describe_changes, to_patch
from bot.content.lint import Finding, lint
from bot.content.loading import Spot, load, load_with_spots
from bot.content.problem import ContentFault, ContentProblem
from bot.runtime.process import run_aside
from faq.model import Match

SWITCH_INTERVAL_S = 0.0001
"""How soon the thread that unpacks lets in others: a turn passes between threads a dozen times, and waits each time."""
REST_S = 0.0003
"""Seconds of its rest before each piece, of which a large content has a few hundred."""
MOST_QUESTIONS = 2_000
"""Masked questions that are asked of both contents, at most."""
MOST_DIFF = 2_000_000
"""Characters of files from which the difference is told in words only."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What to examine: files that may come into force and those that are. `questions` are asked of both.

    Without `before` they were examined elsewhere, and only their content is wanted. `every` entry is linted, not only
    those that differ; with `errors_only` for what forbids alone.
    """

    files: Mapping[str, str | bytes]
    before: Files | None
    today: date
    questions: tuple[str, ...] = ()
    every: bool = False
    errors_only: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """A question that finds something else now: titles, or nothing."""

    question: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """A finding in words, and where it stands."""

    problem: ContentFault
    level: str
    rule: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. With `problems`, or an `error` among the findings, the draft cannot come into force.

    `packed` is the content with its index, empty with problems; `revision` what it calls itself. `lost` says of each
    line that must match what it found before and what it finds now.
    """

    problems: tuple[ContentFault, ...] = ()
    findings: tuple[LocatedFinding, ...] = ()
    lost: tuple[Shift, ...] = ()
    shifts: tuple[Shift, ...] = ()
    changes: tuple[Change, ...] = ()
    diff: str = ""
    revision: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    packed: bytes = b""

    @property
    def errors(self) -> tuple[LocatedFinding, ...]:
        """Findings that forbid."""
        return tuple(told for told in self.findings if told.level == "error")

    @property
    def good(self) -> bool:
        """Whether it may come into force."""
        return not self.problems and not self.errors


def examine(draft: Examination, known: Callable[[Files], Content | None] | None = None) -> Report:
    """All there is to say about a draft. `known` reads what is in force, for whoever examines more than once."""
    if draft.before is None:
        try:
            return _pack_report(load(draft.files))
        except ContentProblem as wrong:
            return Report(wrong.problems)
    before = (known or _load_or_none)(draft.before)
    try:
        content, spots, lost = load_with_spots(draft.files, before.matcher if before else None)
    except ContentProblem as wrong:
        return Report(wrong.problems)
    if lost:
        return Report(tuple(lost), lost=_find_lost_lines(before, content))
    files = {name: text for name, text in draft.files.items() if isinstance(text, str)}  # all of them: it was read
    changes = describe_changes(before, content, draft.before, files) if before else []
    touched = {
        topic
        for topic, entry in content.entries.items()
        if draft.every or before is None or before.entries.get(topic) != entry
    }
    findings = tuple(
        _locate_finding(finding, spots, content)
        for finding in lint(content, draft.today, touched, errors_only=draft.errors_only)
    )
    if not draft.errors_only and (draft.every or before is None or before.phrases != content.phrases):
        findings += tuple(LocatedFinding(problem, "warning", "lacking") for problem in lacking(content))
    shifts = _shifts(before, content, draft.questions) if before else ()
    small = sum(map(len, files.values())) < MOST_DIFF
    diff = to_patch(draft.before, files) if small else ""
    return replace(_pack_report(content), findings=findings, shifts=shifts, changes=tuple(changes), diff=diff)


def _pack_report(content: Content) -> Report:
    content.__dict__.pop("shared_facts", None)
    matcher = content.matcher
    del content.__dict__["matcher"]
    counts = {"entries": len(content.entries), "notices": len(content.notices)}
    return Report(revision=content.revision, counts=counts, packed=pickle.dumps((content, matcher), 5))


def _load_or_none(files: Files) -> Content | None:
    try:
        return load(files)
    except ContentProblem:
        return None


def _locate_finding(finding: Finding, spots: Mapping[str, Spot], content: Content) -> LocatedFinding:
    sentence = content.phrases.admin.lint[finding.rule].format_map(finding.about)
    spot = spots.get(finding.entry)
    problem = (
        spot.problem(finding.loc, sentence, finding.about.get("text", ""))
        if spot
        else ContentFault("notices", 1, 1, finding.entry, sentence)
    )
    return LocatedFinding(problem, finding.level, finding.rule)


def _outcome(content: Content, match: Match) -> str:
    titles = [content.entries[topic].title for topic in match.chosen]
    return " / ".join(titles)


def _shifts(before: Content, after: Content, questions: tuple[str, ...]) -> tuple[Shift, ...]:
    found = []
    for question in dict.fromkeys(questions[:MOST_QUESTIONS]):
        was, becomes = (_outcome(content, content.matcher.ask(question)) for content in (before, after))
        if was != becomes:
            found.append(Shift(question, was, becomes))
    return tuple(found)


def _find_lost_lines(before: Content | None, after: Content) -> tuple[Shift, ...]:
    """Lines that must match and do not, or must not and do: what they found before, and what they find now."""
    lines = {
        line: (entry.id, wanted)
        for entry in after.entries.values()
        for wanted, own in ((True, entry.must_match), (False, entry.must_not_match))
        for line in own
    }
    lost = []
    for line, (topic, wanted) in lines.items():
        match = after.matcher.ask(line)
        found = bool(match.topics) and match.topics[0].id == topic and match.verdict != "miss"
        answered = match.verdict == "answer" and topic in match.chosen
        if found != wanted if wanted else answered:
            was = _outcome(before, before.matcher.ask(line)) if before else ""
            lost.append(Shift(line, was, _outcome(after, match)))
    return tuple(lost)


Examines = Callable[[Examination], Awaitable[Report]]
"""A way to examine a draft without holding up anybody."""


async def examine_aside(draft: Examination) -> Report:
    """`examine` in another process. Raises as `elsewhere`."""
    return await run_aside(examine, draft)


async def unpack(report: Report) -> Content:
    """The content of a report, with its index, without holding up anybody."""
    return await asyncio.to_thread(_unpickle, report.packed)


def _unpickle(packed: bytes) -> Content:
    resting, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()  # nothing in it is garbage, and looking through all of it holds everybody up
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        content, matcher = pickle.Unpickler(_YieldingBytes(packed)).load()  # noqa: S301 - our own child wrote it
        gc.freeze()
    finally:
        sys.setswitchinterval(interval)
        if resting:
            gc.enable()
    found: Content = content
    found.__dict__["matcher"] = matcher
    return found


class _YieldingBytes(io.BytesIO):
    """Bytes that are read with a rest before each piece, in which other threads have their turn."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(REST_S)
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        time.sleep(REST_S)
        return super().readinto(buffer)
