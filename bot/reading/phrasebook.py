"""All wordings in groups (a group is what one option or command is called), as one sparse matrix in three views:
characters, fuzzy syllables, stances and subjects. Never changed once built. Must not know steps, places or weights.

As in `faq.index` a row is a line, a column a gram; the grams of one view in a row are a unit vector in which rare grams
weigh more. A group's evidence is how much likelier a gram is in its lines than in all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from bot.reading.stances import Stance, stances
from bot.reading.writing import spelt
from faq.concepts import asking, named
from faq.index import pairs
from faq.sounds import units

VIEWS = CHARS, SOUNDS, MEANING = range(3)
_UNSEEN = 0.025  # of a line: what every group is taken to have of every gram
_PRIOR = 2.0  # lines of all groups alike that every group is taken to have
_SUBJECT = 0.7  # weight of a subject beside a stance

Units: TypeAlias = tuple[str, ...]
Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.int64]


class Text(NamedTuple):
    """A stretch of a message, or a line, as it is compared. `meaning` are its stances and subjects by name; `turned`
    are the units that a negator turns round: 一样 in 不是不一样 is not what it is by itself.
    """

    chars: Units
    sounds: Units
    meaning: Mapping[str, float]
    turned: frozenset[int] = frozenset()

    def mark_turned(self, units: Units) -> Units:
        """Return its units with a mark on those that are turned round."""
        return (
            tuple([f"!{unit}" if at in self.turned else unit for at, unit in enumerate(units)])
            if self.turned
            else units
        )


class Likeness(NamedTuple):
    """The likeness of a text to a group, all 0–1 but the evidence: by view the best cosine with a line, their best sum,
    and by view the evidence for the group (in logarithms); the share of the text that the group's lines know, 1 where a
    line is the whole text, the share of it that a line inside it makes up, the similarity of sounds with the best line.
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


def subjects(chars: Units, sounds: Units) -> list[tuple[int, int, str]]:
    """Return the things that the FAQ's lexicon names in a text: first unit, unit after the last, concept."""
    return [
        (at, at + size, f"={name}")
        for at, size, names, _ in named(chars, sounds)
        for name in names
        if name not in asking()
    ]


def meaning(own: Iterable[Stance], things: Iterable[tuple[int, int, str]]) -> dict[str, float]:
    """Return the stances and subjects of a text with their weights."""
    found: dict[str, float] = {}
    for stance in own:
        found[stance.name] = max(stance.weight, found.get(stance.name, 0.0))
    found.update((name, _SUBJECT) for _, _, name in things)
    return found


def text_of(line: str) -> Text:
    """Return a line of a group as it is compared."""
    chars, sounds = units(spelt(line))
    own = stances(chars, sounds)
    return Text(chars, sounds, meaning(own, subjects(chars, sounds)), find_turned(own))


def find_turned(own: Iterable[Stance], start: int = 0) -> frozenset[int]:
    """Return the units that negators turn round, counted from `start`."""
    return frozenset(at - start for one in own if one.turned for at in range(one.start, one.end))


def _grams(text: Text) -> tuple[Mapping[str, float], ...]:
    chars, sounds = text.mark_turned(text.chars), text.mark_turned(text.sounds)
    return (
        dict.fromkeys((*chars, *pairs(("<", *chars, ">"))), 1.0),
        dict.fromkeys((*sounds, *pairs(("<", *sounds, ">"))), 1.0),
        text.meaning,
    )


class _WordingView:
    """One view of all lines: postings by gram, and the evidence of each gram for each group."""

    def __init__(self, rows: Sequence[tuple[int, Mapping[str, float]]], groups: int) -> None:
        self.ids: dict[str, int] = {}
        having: defaultdict[int, set[int]] = defaultdict(set)
        cells: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for row, (group, grams) in enumerate(rows):
            for gram, strength in grams.items():
                number = self.ids.setdefault(gram, len(self.ids))
                having[number].add(group)
                cells[number].append((row, strength))
        self.idf: list[float] = [math.log((groups + 1) / (len(having[at]) + 0.5)) + 0.1 for at in range(len(self.ids))]
        self.starts: Numbers = np.cumsum([0, *[len(cells[at]) for at in range(len(self.ids))]])
        flat = [cell for at in range(len(self.ids)) for cell in cells[at]]
        self.rows: Numbers = np.array([row for row, _ in flat], np.int64)
        heavy = np.array([strength for _, strength in flat]) * np.repeat(self.idf, np.diff(self.starts))
        lengths = np.sqrt(np.bincount(self.rows, heavy**2, len(rows)))
        self.shares: Floats = heavy / lengths[self.rows]
        self.evidence: NDArray[np.float32] = self._logs(rows, groups)

    def _logs(self, rows: Sequence[tuple[int, Mapping[str, float]]], groups: int) -> NDArray[np.float32]:
        """By gram and group: the logarithm of how much likelier the gram is in a line of the group than in any."""
        sums = np.zeros((len(self.ids), groups))
        for group, grams in rows:
            for gram, strength in grams.items():
                sums[self.ids[gram], group] += strength
        sizes = np.bincount([group for group, _ in rows], minlength=groups)
        overall = sums.sum(axis=1, keepdims=True) / sizes.sum()
        share = (sums + _PRIOR * overall + _UNSEEN) / (sizes + _PRIOR)
        logs: NDArray[np.float32] = np.log(share / (overall + _UNSEEN / _PRIOR)).astype(np.float32)
        return logs

    def vectors(self, texts: Sequence[Mapping[str, float]], rarest: float) -> tuple[Numbers, Numbers, Floats]:
        """Return the known grams of all texts: by gram its text, its number, its weight in the text's unit vector."""
        owners: list[int] = []
        numbers: list[int] = []
        weights: list[float] = []
        for owner, grams in enumerate(texts):
            own = [
                (number, strength * self.idf[number])
                for gram, strength in grams.items()
                if (number := self.ids.get(gram, -1)) >= 0
            ]
            missing = (len(grams) - len(own)) * rarest**2
            length = math.sqrt(sum([weight * weight for _, weight in own]) + missing) or 1.0
            owners += [owner] * len(own)
            numbers += [number for number, _ in own]
            weights += [weight / length for _, weight in own]
        return np.array(owners, np.int64), np.array(numbers, np.int64), np.array(weights)


class TextComparison:
    """Some texts compared with every group."""

    def __init__(self, book: Phrasebook, texts: Sequence[Text]) -> None:
        self._book, self._texts = book, texts
        count, groups = len(texts), len(book.names)
        grams = [_grams(text) for text in texts]
        self._cosines: Floats = np.zeros((count, book.rows))
        self._best: Floats = np.zeros((len(VIEWS), count, groups))
        self._evidence: Floats = np.zeros((len(VIEWS), count, groups))
        self._known: Floats = np.zeros((count, groups))
        for number, view in enumerate(book.views):
            self._look(number, view, view.vectors([own[number] for own in grams], book.rarest))
        self.together: Floats = np.maximum.reduceat(self._cosines, book.first, axis=1) / len(VIEWS)
        parts = [*self._best, self.together, *self._evidence, self._known]
        self._parts: Floats = np.stack(parts, axis=2)

    def _look(self, number: int, view: _WordingView, vectors: tuple[Numbers, Numbers, Floats]) -> None:
        owners, numbers, weights = vectors
        if not len(owners):
            return
        count = len(self._texts)
        starts = view.starts[numbers]
        sizes = view.starts[numbers + 1] - starts
        which = np.arange(len(sizes)).repeat(sizes)
        cells = np.arange(len(which)) + (starts - (sizes.cumsum() - sizes)).repeat(sizes)
        hit = owners[which] * self._book.rows + view.rows[cells]
        cosines = np.bincount(hit, view.shares[cells] * weights[which], count * self._book.rows).reshape(count, -1)
        self._cosines += cosines
        self._best[number] = np.maximum.reduceat(cosines, self._book.first, axis=1)
        there, begin = np.unique(owners, return_index=True)
        logs = view.evidence[numbers]
        self._evidence[number][there] = np.add.reduceat(logs * weights[:, None], begin)
        if number == CHARS:
            self._known[there] = np.add.reduceat((logs > 0) * (weights**2)[:, None], begin)

    def likeness(self, text: int, group: int, inside: float) -> Likeness:
        """Return the likeness of a text to a group; `inside` is the share of it that a line of the group makes up."""
        book, sounded = self._book, "".join(self._texts[text].sounds)
        first, coded = book.first[group], book.coded[group]
        top = int(self._cosines[text, first : first + len(coded)].argmax())
        exact = float(inside == 1.0 or sounded in coded)
        return Likeness._make(
            [*self._parts[text, group].tolist(), exact, inside, fuzz.ratio(sounded, coded[top]) / 100]
        )


class Phrasebook:
    """The groups by name with their lines."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self.names: list[str] = sorted(name for name, lines in groups.items() if lines)
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        texts = [[text for line in sorted(set(groups[name])) if (text := text_of(line)).chars] for name in self.names]
        self.coded: list[list[str]] = [["".join(text.sounds) for text in own] for own in texts]
        self.first: Numbers = np.cumsum([0, *map(len, texts)])[:-1]
        self.rows: int = sum(map(len, texts))
        self.rarest: float = math.log((len(texts) + 1) / 0.5) + 0.1
        grams = [(group, _grams(text)) for group, own in enumerate(texts) for text in own]
        self.views: list[_WordingView] = [
            _WordingView([(group, own[view]) for group, own in grams], len(texts)) for view in VIEWS
        ]
        self._lines: defaultdict[Units, set[int]] = defaultdict(set)
        for group, own in enumerate(texts):
            for text in own:
                self._lines[text.chars].add(group)
        self._sizes: defaultdict[str, set[int]] = defaultdict(set)
        for line in self._lines:
            self._sizes[line[0]].add(len(line))

    def lines_in(self, chars: Units) -> list[tuple[int, int, int]]:
        """Return the lines that stand in a text as they are written: first unit, unit after the last, group."""
        return [
            (at, at + size, group)
            for at, unit in enumerate(chars)
            for size in self._sizes.get(unit, ())
            for group in self._lines.get(chars[at : at + size], ())
        ]
