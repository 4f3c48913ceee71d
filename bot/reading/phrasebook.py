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
from rapidfuzz import fuzz, process

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


_TOGETHER, _EVIDENCE, _KNOWN, _EXACT, _INSIDE, _RATIO = map(
    Likeness._fields.index, ("together", "chars_evidence", "known", "exact", "inside", "ratio")
)
NO_GROUP = -1
"""The number of a group without words: nothing is like it."""


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


class _PartView(NamedTuple):
    """The postings of a view in some rows, and its evidence for some groups."""

    whole: _WordingView
    starts: Numbers
    rows: Numbers
    shares: Floats
    evidence: NDArray[np.float32]

    @classmethod
    def of(cls, view: _WordingView, rows: Numbers, groups: Sequence[int]) -> _PartView:
        """`rows` has the new number of each row, -1 for one that is left out."""
        there = rows[view.rows] >= 0
        starts = np.append(0, there.cumsum())[view.starts]
        return cls(view, starts, rows[view.rows[there]], view.shares[there], view.evidence[:, groups])


class BookPart:
    """Some groups of a phrasebook, numbered anew in its order: those that texts at one place are compared with."""

    def __init__(self, book: Phrasebook, names: Iterable[str]) -> None:
        """Of the groups so named, those that have words."""
        self.names: list[str] = sorted({name for name in names if name in book.number})
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        groups = [book.number[name] for name in self.names]
        coded = [book.coded[group] for group in groups]
        self.coded: list[str] = [line for lines in coded for line in lines]
        self.owners: defaultdict[str, set[int]] = defaultdict(set)
        sizes = np.array([len(lines) for lines in coded], np.int64)
        self.first: Numbers = sizes.cumsum() - sizes
        self.group_of: Numbers = np.arange(len(groups)).repeat(sizes)
        for line, group in zip(self.coded, self.group_of.tolist(), strict=True):
            self.owners[line].add(group)
        rows = np.full(book.rows, -1)
        rows[_ranges(book.first[groups], sizes)] = np.arange(len(self.coded))
        self.views: list[_PartView] = [_PartView.of(view, rows, groups) for view in book.views]
        self.rarest: float = book.rarest


class TextComparison:
    """Some texts compared with the groups of a part of the phrasebook.

    `likeness` has by text and group the numbers of a `Likeness`, with zeros for the group NO_GROUP; its `ratio` only
    where `compare_sounds` was asked for. `together` are the best sums of cosines by text and group.
    """

    def __init__(self, part: BookPart, texts: Sequence[Text], inside: Mapping[tuple[int, int], float]) -> None:
        """`inside` is by text and group the share of the text that a line of the group makes up."""
        self._part = part
        self._coded = ["".join(text.sounds) for text in texts]
        count, groups = len(texts), len(part.names)
        grams = [_grams(text) for text in texts]
        self._cosines: Floats = np.zeros((count, len(part.coded)))
        self.likeness: Floats = np.zeros((count, groups + 1, len(Likeness._fields)))
        for number, view in enumerate(part.views):
            self._look(number, view, view.whole.vectors([own[number] for own in grams], part.rarest))
        self._best: Floats = np.maximum.reduceat(self._cosines, part.first, axis=1)
        self.together: Floats = self._best / len(VIEWS)
        self.likeness[:, :groups, _TOGETHER] = self.together
        for (text, group), share in inside.items():
            self.likeness[text, group, _INSIDE] = share
            self.likeness[text, group, _EXACT] = share == 1.0
        for text, sounded in enumerate(self._coded):
            self.likeness[text, [*part.owners.get(sounded, ())], _EXACT] = 1.0

    def _look(self, number: int, view: _PartView, vectors: tuple[Numbers, Numbers, Floats]) -> None:
        owners, numbers, weights = vectors
        if not len(owners):
            return
        rows = len(self._part.coded)
        starts = view.starts[numbers]
        sizes = view.starts[numbers + 1] - starts
        which = np.arange(len(sizes)).repeat(sizes)
        cells = _ranges(starts, sizes)
        hit = owners[which] * rows + view.rows[cells]
        cosines = np.bincount(hit, view.shares[cells] * weights[which], self._cosines.size).reshape(-1, rows)
        self._cosines += cosines
        self.likeness[:, :-1, number] = np.maximum.reduceat(cosines, self._part.first, axis=1)
        there, begin = np.unique(owners, return_index=True)
        logs = view.evidence[numbers]
        self.likeness[there, :-1, _EVIDENCE + number] = np.add.reduceat(logs * weights[:, None], begin)
        if number == CHARS:
            self.likeness[there, :-1, _KNOWN] = np.add.reduceat((logs > 0) * (weights**2)[:, None], begin)

    def compare_sounds(self, groups: Numbers) -> None:
        """Compare the sounds of each text with the best line of groups: `groups` has a row of them for every text."""
        texts = np.arange(len(groups))[:, None]
        top = self._find_top()[texts, groups].ravel().tolist()
        own = [coded for coded in self._coded for _ in range(groups.shape[1])]
        ratios = process.cpdist(own, [self._part.coded[row] for row in top], scorer=fuzz.ratio, dtype=np.float64)
        self.likeness[texts, groups, _RATIO] = ratios.reshape(groups.shape) / 100

    def _find_top(self) -> Numbers:
        """Return by text and group the first row with the best sum of cosines."""
        texts, rows = (self._cosines == self._best[:, self._part.group_of]).nonzero()
        top = np.zeros(self._best.shape, np.int64)
        top[texts[::-1], self._part.group_of[rows[::-1]]] = rows[::-1]  # of several, the last that is set stays
        return top


def _ranges(starts: Numbers, sizes: Numbers) -> Numbers:
    """Return the numbers start, start + 1 … of every range, one range after the other."""
    behind = starts.repeat(sizes) - (sizes.cumsum() - sizes).repeat(sizes)
    return behind + np.arange(len(behind))


class Phrasebook:
    """The groups by name with their lines."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        read = {
            name: [text for line in sorted(set(lines)) if (text := text_of(line)).chars]
            for name, lines in sorted(groups.items())
        }
        self.names: list[str] = [name for name, own in read.items() if own]
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(self.names)}
        texts = [read[name] for name in self.names]
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

    def lines_in(self, chars: Units) -> list[tuple[int, int, str]]:
        """Return the lines that stand in a text as they are written: first unit, unit after the last, group's name."""
        return [
            (at, at + size, self.names[group])
            for at, unit in enumerate(chars)
            for size in self._sizes.get(unit, ())
            for group in self._lines.get(chars[at : at + size], ())
        ]

    def has_line(self, name: str, text: Text) -> bool:
        """Return whether a text is a line of a group, as it is written or as it sounds."""
        group = self.number.get(name)
        return group is not None and (
            group in self._lines.get(text.chars, ()) or "".join(text.sounds) in self.coded[group]
        )
