"""Questions that were not answered at once, put together: those that ask the same are one group, the most asked first.
Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rapidfuzz import fuzz, process

from bot.domain.questions import Unanswered
from faq.reading import read

ALIKE = 62.0
"""From this similarity (0–100) two questions are taken for the same."""
SHOWN = 6
"""Wordings of a group that are shown."""


@dataclass(slots=True)
class QuestionGroup:
    """Questions that ask the same. `tied` counts those for which a choice was offered, `picked` what was taken of it.

    `lines` are the wordings, most asked first; `topics` those that may be meant: first what people took, then what
    came nearest.
    """

    numbers: list[int] = field(default_factory=list)
    wordings: Counter[str] = field(default_factory=Counter)
    nearest: Counter[str] = field(default_factory=Counter)
    picked: Counter[str] = field(default_factory=Counter)
    tied: int = 0
    latest: datetime | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self.wordings.most_common(SHOWN)]

    @property
    def topics(self) -> list[str]:
        ranked = (*self.picked.most_common(), *self.nearest.most_common())
        return [*dict.fromkeys(topic for topic, _ in ranked)][:3]


def groups(asked: Iterable[Unanswered]) -> list[QuestionGroup]:
    """Groups of questions, the most asked first, then the newest."""
    leaders: dict[int, str] = {}
    found: list[QuestionGroup] = []
    same: dict[str, QuestionGroup] = {}
    for one in asked:
        folded = "".join(read(one.question).chars) or one.question
        group = same.get(folded)
        if group is None:
            near = process.extractOne(folded, leaders, scorer=fuzz.ratio, score_cutoff=ALIKE)
            if near:
                group = found[near[2]]
            else:
                leaders[len(found)] = folded
                group = QuestionGroup()
                found.append(group)
            same[folded] = group
        group.numbers.append(one.number)
        group.wordings[one.question] += 1
        group.tied += one.tied
        if one.picked:
            group.picked[one.picked] += 1
        for place, topic in enumerate(one.topics[:3]):
            group.nearest[topic] += 3 - place
        group.latest = max(group.latest or one.at, one.at)
    return sorted(found, key=lambda group: (-len(group.numbers), -max(group.numbers)))


def holding(found: Iterable[QuestionGroup], number: str) -> QuestionGroup | None:
    """The group that a question belongs to, by its number as a button carries it."""
    return next((group for group in found if number.isdecimal() and int(number) in group.numbers), None)
