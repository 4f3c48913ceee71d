"""Explains why a question is answered as it is: the nearest entries, their phrasing, each feature's part. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from rapidfuzz import fuzz, process

from bot.content.content import Content
from bot.reading.acts import to_json
from bot.reading.place import MENU
from faq.matcher import story, weight, weights
from faq.model import Verdict
from faq.reading import read

MAX_ENTRIES = 5
"""Nearest entries that are explained."""


@dataclass(frozen=True, slots=True)
class NearEntry:
    """An entry that may be meant. `phrasing` is its nearest one; `parts` add up to its log-odds, largest first.

    `like` are the pieces of the question that stand in the phrasing as well, `unlike` the others.
    """

    id: str
    title: str
    score: float
    phrasing: str
    parts: Mapping[str, float]
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """The match of a question. `none`: the chance (0–1) that no entry is meant, `margin`: the lead of the first.

    `acts` are what the reader of typed messages makes of it before the walk, in JSON's form; empty: it is not sure.
    """

    question: str
    verdict: Verdict
    chosen: tuple[str, ...]
    revision: str
    none: float
    margin: float
    near: tuple[NearEntry, ...]
    acts: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_pieces(question: str, phrasing: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the pieces of a question that stand in a phrasing too, of two characters or more, and those between."""
    blocks = SequenceMatcher(None, question, phrasing, autojunk=False).get_matching_blocks()
    spans = [(block.a, block.a + block.size) for block in blocks if block.size > 1]
    like = tuple(question[start:end] for start, end in spans)
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(question)]
    between = (question[end:start].strip("，。？！?!、 ") for end, start in zip(ends, starts, strict=True))
    return like, tuple(piece for piece in between if piece)


def explain(content: Content, question: str) -> Why:
    """Return the reasons for the answer to this question in this content."""
    match, seen = content.matcher.ask(question), content.matcher.explain(question)
    pairs, length = weights().entry, story(len(seen.reading.chars))
    asked = "".join(read(question).chars)
    near = []
    for clue in seen.clues[:MAX_ENTRIES]:
        entry = content.entries[clue.id]
        lines = ["".join(read(line).chars) for line in entry.phrasings]
        phrasing = entry.phrasings[process.extract(asked, lines, scorer=fuzz.ratio, limit=1)[0][2]]
        features = clue.features._asdict().items()
        parts = {name: round(value * weight(pairs[name], length), 3) for name, value in features if value}
        largest = dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))
        like, unlike = compare_pieces(question, phrasing)
        near.append(NearEntry(clue.id, entry.title, round(clue.score, 4), phrasing, largest, like, unlike))
    scores = [one.score for one in near[:2]] + [0.0, 0.0]
    margin = round(scores[0] - scores[1], 4)
    acts = tuple(to_json(act) for act in content.reader.read(question, MENU).acts)
    none = round(seen.none, 4)
    return Why(question, match.verdict, match.chosen, content.revision, none, margin, tuple(near), acts)
