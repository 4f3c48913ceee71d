"""Unanswered questions put together: those that ask the same are one group, the most asked first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rapidfuzz import fuzz, process

from faq.reading import read

ALIKE = 62.0
"""From this similarity (0–100) two questions are taken for the same."""
SHOWN = 6
"""Wordings of a group that are shown."""
FLAG_VOTES, FLAG_SHARE = 20, 0.6
"""An answer that so many people judged is flagged when fewer than this share found that it helped."""


@dataclass(slots=True)
class Group:
    """Questions that ask the same. `lines` most asked first, `topics` are those that came nearest, best first."""

    numbers: list[int] = field(default_factory=list)
    wordings: Counter[str] = field(default_factory=Counter)
    nearest: Counter[str] = field(default_factory=Counter)
    latest: datetime | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self.wordings.most_common(SHOWN)]

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.nearest.most_common(3)]


def groups(asked: Iterable[tuple[int, datetime, str, Sequence[str]]]) -> list[Group]:
    """Groups of questions (number, when, masked words, nearest topics), the most asked first, then the newest."""
    leaders: dict[int, str] = {}
    found: list[Group] = []
    same: dict[str, Group] = {}
    for number, at, question, topics in asked:
        folded = "".join(read(question).chars) or question
        group = same.get(folded)
        if group is None:
            near = process.extractOne(folded, leaders, scorer=fuzz.ratio, score_cutoff=ALIKE)
            if near:
                group = found[near[2]]
            else:
                leaders[len(found)] = folded
                group = Group()
                found.append(group)
            same[folded] = group
        group.numbers.append(number)
        group.wordings[question] += 1
        for place, topic in enumerate(topics[:3]):
            group.nearest[topic] += 3 - place
        group.latest = max(group.latest or at, at)
    return sorted(found, key=lambda group: (-len(group.numbers), -max(group.numbers)))


def flagged(opinions: Mapping[str, tuple[int, int]]) -> list[str]:
    """Topics that too few found helpful (helped, of), worst first."""
    worst = {topic: helped / of for topic, (helped, of) in opinions.items() if of >= FLAG_VOTES}
    return sorted((topic for topic, share in worst.items() if share < FLAG_SHARE), key=lambda topic: worst[topic])
