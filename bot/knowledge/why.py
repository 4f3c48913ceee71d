"""Why a question is answered as it is: entries that were near, their nearest phrasing, what each feature adds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rapidfuzz import fuzz, process

from bot.content.content import Content
from faq.matcher import story, weight, weights
from faq.model import Verdict
from faq.reading import read

SHOWN = 5
"""Entries that are told, at most."""


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that may be meant. `phrasing` is its nearest one; `parts` add up to its log-odds, heaviest first."""

    id: str
    title: str
    score: float
    phrasing: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Why:
    """What was seen in a question. `none`: the chance (0–1) that no entry is meant, `margin`: the lead of the first."""

    question: str
    verdict: Verdict
    chosen: tuple[str, ...]
    revision: str
    none: float
    margin: float
    near: tuple[Near, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def explain(content: Content, question: str) -> Why:
    """Why this question finds what it finds in this content."""
    match, seen = content.matcher.ask(question), content.matcher.explain(question)
    pairs, length = weights().entry, story(len(seen.reading.chars))
    asked = "".join(read(question).chars)
    near = []
    for clue in seen.clues[:SHOWN]:
        entry = content.entries[clue.id]
        folded = ["".join(read(line).chars) for line in entry.phrasings]
        phrasing = entry.phrasings[process.extract(asked, folded, scorer=fuzz.ratio, limit=1)[0][2]]
        features = clue.features._asdict().items()
        added = {name: round(value * weight(pairs[name], length), 3) for name, value in features if value}
        heaviest = dict(sorted(added.items(), key=lambda part: (-abs(part[1]), part[0])))
        near.append(Near(clue.id, entry.title, round(clue.score, 4), phrasing, heaviest))
    scores = [one.score for one in near[:2]] + [0.0, 0.0]
    margin = round(scores[0] - scores[1], 4)
    return Why(question, match.verdict, match.chosen, content.revision, round(seen.none, 4), margin, tuple(near))
