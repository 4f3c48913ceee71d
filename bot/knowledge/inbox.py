"""The questions that were not answered at once, grouped by what they ask, the most asked group first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rapidfuzz import fuzz, process

from bot.content.files import Refused
from bot.domain.questions import Unanswered
from bot.store import Store
from faq.reading import read

MAX_AGE = timedelta(days=90)
"""Age of the oldest questions that are listed, and asked again before a publication."""
SIMILAR = 62.0
"""Similarity (0–100) from which two questions are taken for the same."""
MAX_WORDINGS = 6
"""Wordings of a group that are listed."""


@dataclass(slots=True)
class QuestionGroup:
    """Questions that ask the same. `tied` counts those for which a choice was offered, `picked` what was chosen.

    `lines` are the wordings, most asked first; `topics` the entries that may be meant: first what people chose, then
    what came nearest.
    """

    numbers: list[int] = field(default_factory=list)
    wordings: Counter[str] = field(default_factory=Counter)
    nearest: Counter[str] = field(default_factory=Counter)
    picked: Counter[str] = field(default_factory=Counter)
    tied: int = 0
    latest: datetime | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self.wordings.most_common(MAX_WORDINGS)]

    @property
    def topics(self) -> list[str]:
        ranked = (*self.picked.most_common(), *self.nearest.most_common())
        return [*dict.fromkeys(topic for topic, _ in ranked)][:3]

    def add(self, one: Unanswered) -> None:
        """Count a question."""
        self.numbers.append(one.number)
        self.wordings[one.question] += 1
        self.tied += one.tied
        if one.picked:
            self.picked[one.picked] += 1
        for place, topic in enumerate(one.topics[:3]):
            self.nearest[topic] += 3 - place
        self.latest = max(self.latest or one.at, one.at)


async def list_groups(store: Store, now: datetime, *, settled: bool = False) -> list[QuestionGroup]:
    """Return the groups of questions that wait for an admin (`settled`: of all), the most asked first."""
    return group_questions(await store.questions.list_unanswered(now - MAX_AGE, settled=settled))


async def load_group(store: Store, number: str, now: datetime) -> QuestionGroup:
    """Return the group of a question, by its number as a button carries it. Refused when it does not wait any more."""
    group = find_group(await list_groups(store, now), number)
    if group is None:
        raise Refused("settled")
    return group


def group_questions(asked: Iterable[Unanswered]) -> list[QuestionGroup]:
    """Return the groups of these questions, the most asked first, then the newest."""
    groups: list[QuestionGroup] = []
    leaders: dict[int, str] = {}
    by_text: dict[str, QuestionGroup] = {}
    for one in asked:
        text = "".join(read(one.question).chars) or one.question
        if text not in by_text:
            near = process.extractOne(text, leaders, scorer=fuzz.ratio, score_cutoff=SIMILAR)
            if not near:
                leaders[len(groups)] = text
                groups.append(QuestionGroup())
            by_text[text] = groups[near[2]] if near else groups[-1]
        by_text[text].add(one)
    return sorted(groups, key=lambda group: (-len(group.numbers), -max(group.numbers)))


def find_group(groups: Iterable[QuestionGroup], number: str) -> QuestionGroup | None:
    """Return the group with the question of this number; None when there is none, or it is no number."""
    return next((group for group in groups if number.isdecimal() and int(number) in group.numbers), None)
