"""All wordings in groups (a group is what one option or command is called), as one sparse matrix in three views:
characters, fuzzy syllables, stances and subjects. Never changed once built. Must not know steps, places or weights.

As in `faq.index` a row is a line, a column a gram; the grams of one view in a row are a unit vector in which rare grams
weigh more. A group's evidence is how much likelier a gram is in its lines than in all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from bot.reading.stances import Stance, stances
from bot.reading.writing import spelt
from faq.concepts import asking, named
from faq.index import pairs
from faq.sounds import units

VIEWS = CHARS, SOUNDS, MEANING = range(3)
_UNSEEN = 0.25  # of a line: what every group is taken to have of every gram

Floats = NDArray[np.float64]


class Text(NamedTuple):
    """A stretch of a message, or a line, as it is compared. `meaning` are its stances and subjects by name."""

    chars: tuple[str, ...]
    sounds: tuple[str, ...]
    meaning: Mapping[str, float]


class Likeness(NamedTuple):
    """How like a group a text is, all 0–1 but the evidence: by view the best cosine with a line and the evidence for the
    group (in logarithms), the share of the text that the group's lines know, whether a line is the whole text, the
    share of it that a line inside it makes up, the similarity of sounds with the best line.
    """

    chars_best: float = 0.0
    sounds_best: float = 0.0
    meaning_best: float = 0.0
    together: float = 0.0
    chars_evidence: float = 0.0
    sounds_evidence: float = 0.0
    meaning_evidence: float = 0.0
    known: float = 0.0
    exact: float = 0.0
    inside: float = 0.0
    ratio: float = 0.0


def subjects(chars: tuple[str, ...], sounds: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """The things that the FAQ's lexicon names in a text: first unit, unit after the last, concept."""
    return [
        (at, at + size, f"={name}")
        for at, size, names, _ in named(chars, sounds)
        for name in names
        if name not in asking()
    ]


def meaning(own: Iterable[Stance], things: Iterable[tuple[int, int, str]]) -> dict[str, float]:
    """The stances and subjects of a text with their weights."""
    found: dict[str, float] = {}
    for stance in own:
        found[stance.name] = max(stance.weight, found.get(stance.name, 0.0))
    found.update((name, 0.7) for _, _, name in things)
    return found


def text_of(line: str) -> Text:
    """A line of a group as it is compared."""
    chars, sounds = units(spelt(line))
    return Text(chars, sounds, meaning(stances(chars, sounds), subjects(chars, sounds)))


def _grams(text: Text) -> tuple[Mapping[str, float], ...]:
    return (
        dict.fromkeys((*text.chars, *pairs(("<", *text.chars, ">"))), 1.0),
        dict.fromkeys((*text.sounds, *pairs(("<", *text.sounds, ">"))), 1.0),
        text.meaning,
    )


class Phrasebook:
    """The groups by name with their lines."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self.names: list[str] = sorted(name for name, lines in groups.items() if lines)
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        texts = [[text_of(line) for line in sorted(set(groups[name]))] for name in self.names]
        texts = [[text for text in own if text.chars] for own in texts]
        self.lines: list[list[tuple[str, ...]]] = [[text.sounds for text in own] for own in texts]
        self._coded: list[list[str]] = [["".join(text.sounds) for text in own] for own in texts]
        self._written: list[list[str]] = [[" ".join(text.chars) for text in own] for own in texts]
        self._first: NDArray[np.int64] = np.cumsum([0, *map(len, texts)])[:-1]
        self._rows: int = sum(map(len, texts))
        self._index(texts)

    def _index(self, texts: Sequence[Sequence[Text]]) -> None:
        self.ids: list[dict[str, int]] = [{} for _ in VIEWS]
        having: list[defaultdict[int, set[int]]] = [defaultdict(set) for _ in VIEWS]
        rows: list[tuple[int, list[Mapping[str, float]]]] = []
        for group, own in enumerate(texts):
            for text in own:
                grams = list(_grams(text))
                rows.append((group, grams))
                for view in VIEWS:
                    for gram in grams[view]:
                        having[view][self.ids[view].setdefault(gram, len(self.ids[view]))].add(group)
        count = len(texts)
        self._idf = [
            np.array([math.log((count + 1) / (len(having[view][at]) + 0.5)) + 0.1 for at in range(len(self.ids[view]))])
            for view in VIEWS
        ]
        self._rarest = math.log((count + 1) / 0.5) + 0.1
        self._cells = [self._postings(view, rows) for view in VIEWS]
        self._evidence = [self._logs(view, rows, count) for view in VIEWS]

    def _postings(
        self, view: int, rows: Sequence[tuple[int, list[Mapping[str, float]]]]
    ) -> list[tuple[NDArray[np.int64], Floats]]:
        """By gram: the rows that have it and its weight in each."""
        found: list[list[tuple[int, float]]] = [[] for _ in self.ids[view]]
        for row, (_, grams) in enumerate(rows):
            numbers = [(self.ids[view][gram], strength) for gram, strength in grams[view].items()]
            heavy = [(number, strength * self._idf[view][number]) for number, strength in numbers]
            length = math.sqrt(sum(weight * weight for _, weight in heavy)) or 1.0
            for number, weight in heavy:
                found[number].append((row, weight / length))
        return [(np.array([row for row, _ in own]), np.array([weight for _, weight in own])) for own in found]

    def _logs(self, view: int, rows: Sequence[tuple[int, list[Mapping[str, float]]]], count: int) -> Floats:
        """By gram and group: the logarithm of how much likelier the gram is in a line of the group than in any."""
        sums = np.zeros((len(self.ids[view]), count))
        for group, grams in rows:
            for gram, strength in grams[view].items():
                sums[self.ids[view][gram], group] += strength
        sizes = np.bincount([group for group, _ in rows], minlength=count)
        overall = sums.sum(axis=1, keepdims=True) / sizes.sum()
        share = (sums + 2.0 * overall + _UNSEEN / 10) / (sizes + 2.0)
        return np.log(share / (overall + _UNSEEN / 20)).astype(np.float32)

    def likeness(self, text: Text, groups: Sequence[int]) -> dict[int, Likeness]:
        """How like each of the groups a text is."""
        best = np.zeros((len(VIEWS), len(self.names)))
        evidence = np.zeros((len(VIEWS), len(self.names)))
        together = np.zeros(self._rows)
        known = np.zeros(len(self.names))
        for view, grams in enumerate(_grams(text)):
            ids, idf = self.ids[view], self._idf[view]
            own = [(ids[gram], strength) for gram, strength in grams.items() if gram in ids]
            missing = len(grams) - len(own)
            if not own:
                continue
            numbers = np.array([number for number, _ in own])
            weights = idf[numbers] * np.array([strength for _, strength in own])
            length = math.sqrt(float(weights @ weights) + missing * self._rarest**2)
            weights /= length
            cells = [self._cells[view][number] for number in numbers]
            hit = np.concatenate([rows for rows, _ in cells])
            value = np.concatenate([shares * weight for (_, shares), weight in zip(cells, weights, strict=True)])
            cosines = np.bincount(hit, value, self._rows)
            together += cosines
            best[view] = np.maximum.reduceat(cosines, self._first)
            logs = self._evidence[view][numbers]
            evidence[view] = weights @ logs
            if view == CHARS:
                known = (weights**2) @ (logs > 0)
        total = np.maximum.reduceat(together, self._first) / len(VIEWS)
        return {
            group: self._likeness(text, group, best[:, group], evidence[:, group], total[group], known[group], together)
            for group in groups
        }

    def _likeness(
        self, text: Text, group: int, best: Floats, evidence: Floats, total: float, known: float, together: Floats
    ) -> Likeness:
        written, sounded = " ".join(text.chars), "".join(text.sounds)
        first, lines = self._first[group], self._written[group]
        top = int(together[first : first + len(lines)].argmax())
        size = len(text.chars)
        inside = max(
            [len(own.split(" ")) / size for own in lines if own in written and len(own) > 1] or [0.0],
        )
        return Likeness(
            *map(float, best),
            float(total),
            *map(float, evidence),
            float(known),
            float(written in lines or sounded in self._coded[group]),
            inside,
            fuzz.ratio(sounded, self._coded[group][top]) / 100,
        )
