"""The questions that were not answered at once, grouped by what they ask, the most asked group first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from rapidfuzz import fuzz, process

from bot.content.files import Refused
from bot.domain.questions import Unanswered
from bot.runtime.process import run_aside
from bot.store import Store
from faq.reading import gist

MAX_AGE = timedelta(days=90)
"""Age of the oldest questions that are listed, and asked again before a publication."""
SIMILAR = 62.0
"""Similarity (0–100) from which two questions are taken for the same."""
ASIDE_FROM = 300
"""Questions from which on they are grouped in another process, which takes a second to start."""
GROUPED_S = 60.0
"""Seconds after which grouping is given up."""
COMPARED = 100
"""Characters of a question that are compared."""
COMMON, RARE, CANDIDATES = 50, 12, 20
"""First questions that are remembered with a pair of characters; pairs of a new one that are looked up, the rarest
first; first questions that it is compared with."""
MOST_KNOWN = 20_000
"""Questions whose group is remembered."""
MAX_WORDINGS = 6
"""Wordings of a group that are listed."""


_grouped: WeakKeyDictionary[Store, dict[str, str]] = WeakKeyDictionary()
"""By store and question, the first question of its group, as this process grouped it."""


@dataclass(slots=True)
class QuestionGroup:
    """Questions that ask the same. `tied` counts those for which a choice was offered, `picked` what was chosen,
    `assignees` those who are to answer them.

    `lines` are the wordings, most asked first; `topics` the entries that may be meant: first what people chose, then
    what came nearest.
    """

    numbers: list[int] = field(default_factory=list)
    wordings: Counter[str] = field(default_factory=Counter)
    nearest: Counter[str] = field(default_factory=Counter)
    picked: Counter[str] = field(default_factory=Counter)
    assignees: Counter[str] = field(default_factory=Counter)
    tied: int = 0
    latest: datetime | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self.wordings.most_common(MAX_WORDINGS)]

    @property
    def assignee(self) -> str:
        """The admin who is to answer the group; empty when nobody was named."""
        return next((one for one, _ in self.assignees.most_common(1)), "")

    @property
    def topics(self) -> list[str]:
        ranked = (*self.picked.most_common(), *self.nearest.most_common())
        return [*dict.fromkeys(topic for topic, _ in ranked)][:3]

    def add(self, one: Unanswered) -> None:
        """Count a question."""
        self.numbers.append(one.number)
        self.wordings[one.question] += 1
        self.tied += one.tied
        if one.assignee:
            self.assignees[one.assignee] += 1
        if one.picked:
            self.picked[one.picked] += 1
        for place, topic in enumerate(one.topics[:3]):
            self.nearest[topic] += 3 - place
        self.latest = max(self.latest or one.at, one.at)


async def list_groups(store: Store, now: datetime, *, settled: bool = False) -> list[QuestionGroup]:
    """Return the groups of questions that wait for an admin (`settled`: of all), the most asked first.

    Questions that were grouped before stay together: only new ones are compared, and then all of them.
    """
    asked = await store.questions.list_unanswered(now - MAX_AGE, settled=settled)
    known = _grouped.setdefault(store, {})
    if all(one.question in known for one in asked):
        return _group_again(asked, known)
    groups = await group_aside(asked)
    if len(known) > MOST_KNOWN:
        known.clear()
    known.update({line: next(iter(group.wordings)) for group in groups for line in group.wordings})
    return groups


def _group_again(asked: Iterable[Unanswered], known: Mapping[str, str]) -> list[QuestionGroup]:
    groups: dict[str, QuestionGroup] = {}
    for one in asked:
        groups.setdefault(known[one.question], QuestionGroup()).add(one)
    return _order(groups.values())


async def group_aside(asked: Sequence[Unanswered]) -> list[QuestionGroup]:
    """Return `group_questions` without holding up turns: many are grouped in another process.

    TimeoutError when that takes too long; ChildProcessError and OSError when it fails.
    """
    if len(asked) < ASIDE_FROM:
        return await asyncio.to_thread(group_questions, asked)
    return await run_aside(group_questions, asked, GROUPED_S)


async def load_group(store: Store, number: str, now: datetime) -> QuestionGroup:
    """Return the group of a question, by its number as a button carries it. Refused when it does not wait any more."""
    group = find_group(await list_groups(store, now), number)
    if group is None:
        raise Refused("settled")
    return group


def group_questions(asked: Iterable[Unanswered]) -> list[QuestionGroup]:
    """Return the groups of these questions, the most asked first, then the newest; time grows as their number does."""
    groups: list[QuestionGroup] = []
    leaders = Leaders()
    by_text: dict[str, QuestionGroup] = {}
    for one in asked:
        start = one.question[:COMPARED]
        text = gist(start) or start
        if text not in by_text:
            near = leaders.find_similar(text)
            if near is None:
                leaders.add(text)
                groups.append(QuestionGroup())
            by_text[text] = groups[-1 if near is None else near]
        by_text[text].add(one)
    return _order(groups)


def _order(groups: Iterable[QuestionGroup]) -> list[QuestionGroup]:
    return sorted(groups, key=lambda group: (-len(group.numbers), -max(group.numbers)))


class Leaders:
    """The first questions of groups. A new one is compared with the few that have most of its rare pairs of characters:
    to compare each with all would take a minute for five thousand.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._with: dict[str, list[int]] = {}

    def add(self, text: str) -> None:
        """Add the first question of the next group."""
        for pair in _pairs(text):
            holders = self._with.setdefault(pair, [])
            if len(holders) < COMMON:
                holders.append(len(self._texts))
        self._texts.append(text)

    def find_similar(self, text: str) -> int | None:
        """Return the number of the group with the most similar first question; None when none is similar enough."""
        held = sorted((self._with[pair] for pair in _pairs(text) if pair in self._with), key=len)
        shared = Counter(number for holders in held[:RARE] for number in holders)
        candidates = {number: self._texts[number] for number, _ in shared.most_common(CANDIDATES)}
        near = process.extractOne(text, candidates, scorer=fuzz.ratio, score_cutoff=SIMILAR)
        return near[2] if near else None


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(max(1, len(text) - 1))}


def find_group(groups: Iterable[QuestionGroup], number: str) -> QuestionGroup | None:
    """Return the group with the question of this number; None when there is none, or it is no number."""
    return next((group for group in groups if number.isdecimal() and int(number) in group.numbers), None)
