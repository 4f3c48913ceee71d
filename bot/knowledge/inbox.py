"""The questions that were not answered at once, grouped by what they ask, the most asked group first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

from rapidfuzz import fuzz, process

from bot.content.files import Refused
from bot.domain.questions import Unanswered
from bot.store import Store
from faq.reading import gist

MAX_AGE = timedelta(days=90)
"""Age of the oldest questions that are listed, and asked again before a publication."""
SIMILAR = 62.0
"""Similarity (0–100) from which two questions are taken for the same."""
COMPARED = 100
"""Characters of a question that are compared."""
COMMON, RARE, CANDIDATES = 50, 12, 20
"""First questions that are remembered with a pair of characters; pairs of a new one that are looked up, the rarest
first; first questions that it is compared with."""
MOST_KNOWN = 20_000
"""Questions whose group is remembered."""
KEEP_S = 600.0
"""Seconds between two looks that nobody asked for."""
MAX_WORDINGS = 6
"""Wordings of a group that are listed."""


_grouped: WeakKeyDictionary[Store, Grouping] = WeakKeyDictionary()
"""The groups of each store, as this process made them."""


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


async def list_groups(
    store: Store, now: datetime, *, since: datetime | None = None, settled: bool = False
) -> list[QuestionGroup]:
    """Return the groups of questions that wait for an admin (`settled`: of all), the most asked first, from the last
    MAX_AGE or `since` then.

    Questions that were grouped before stay together: only new ones are compared, beside the turns.
    """
    asked = await store.questions.list_unanswered(since or now - MAX_AGE, settled=settled)
    grouping = _grouped.get(store)
    if grouping is None or len(grouping) > MOST_KNOWN:
        grouping = _grouped[store] = Grouping()
    return await asyncio.to_thread(grouping.group, asked)


async def keep_grouped(store: Store, present: Callable[[], datetime]) -> None:
    """Group what was asked, again and again, so that no admin waits for the first look."""
    while True:
        await list_groups(store, present(), settled=True)
        await asyncio.sleep(KEEP_S)


async def load_group(store: Store, number: str, now: datetime) -> QuestionGroup:
    """Return the group of a question, by its number as a button carries it. Refused when it does not wait any more."""
    group = find_group(await list_groups(store, now), number)
    if group is None:
        raise Refused("settled")
    return group


def group_questions(asked: Iterable[Unanswered]) -> list[QuestionGroup]:
    """Return the groups of these questions, the most asked first, then the newest; time grows as their number does."""
    return Grouping().group(asked)


class Grouping:
    """Puts questions into groups, each once; threads take turns."""

    def __init__(self) -> None:
        self._leaders = Leaders()
        self._by_text: dict[str, int] = {}
        self._by_question: dict[str, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """The number of questions that are known."""
        return len(self._by_question)

    def group(self, asked: Iterable[Unanswered]) -> list[QuestionGroup]:
        """Return the groups of questions, the most asked first, then the newest; compare those that are not known."""
        groups: dict[int, QuestionGroup] = {}
        for one in asked:
            groups.setdefault(self._place(one.question), QuestionGroup()).add(one)
        return sorted(groups.values(), key=lambda group: (-len(group.numbers), -max(group.numbers)))

    def _place(self, question: str) -> int:
        """Return the number of the group of a question."""
        if (known := self._by_question.get(question)) is not None:
            return known
        start = question[:COMPARED]
        text = gist(start) or start
        with self._lock:
            if text not in self._by_text:
                near = self._leaders.find_similar(text)
                self._by_text[text] = self._leaders.add(text) if near is None else near
            self._by_question[question] = self._by_text[text]
        return self._by_question[question]


class Leaders:
    """The first questions of groups. A new one is compared with the few that have most of its rare pairs of characters:
    to compare each with all would take a minute for five thousand.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._with: dict[str, list[int]] = {}

    def add(self, text: str) -> int:
        """Add the first question of the next group, and return the number of the group."""
        for pair in _pairs(text):
            holders = self._with.setdefault(pair, [])
            if len(holders) < COMMON:
                holders.append(len(self._texts))
        self._texts.append(text)
        return len(self._texts) - 1

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
