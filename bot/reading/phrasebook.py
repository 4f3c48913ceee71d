"""All wordings in groups (a group is what one option or command is called), as one sparse matrix in three views:
characters, fuzzy syllables, stances and subjects. Never changed once built. Must not know steps, places or weights.

As in `faq.index` a row is a line, a column a gram; the grams of one view in a row are a unit vector in which rare grams
weigh more. A group's evidence is how much likelier a gram is in its lines than in all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from bot.reading.stances import Stance, stances
from bot.reading.writing import spelt
from faq.concepts import asking, named
from faq.dumped import Dumped, arrays_of
from faq.index import pairs
from faq.sounds import units

VIEWS = CHARS, SOUNDS, MEANING = range(3)
_UNSEEN = 0.025  # of a line: what every group is taken to have of every gram
_PRIOR = 2.0  # lines of all groups alike that every group is taken to have
_SUBJECT = 0.7  # weight of a subject beside a stance
_BATCH = 64  # lines that are compared at once
_QUESTIONS = ("new.new", "dark.offtopic")  # the groups whose words ask for something that no entry answers

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


class TextComparison:
    """Some texts compared with all groups. `together` are the best sums of cosines by text and group."""

    def __init__(self, book: Phrasebook, texts: Sequence[Text], inside: Mapping[tuple[int, int], float]) -> None:
        """`inside` is by text and group the share of the text that a line of the group makes up."""
        self._book = book
        self._coded = ["".join(text.sounds) for text in texts]
        self._likeness: NDArray[np.float32] = np.zeros(
            (len(texts), len(book.names) + 1, len(Likeness._fields)), np.float32
        )  # the last group is NO_GROUP
        cosines = self._look(*book.vectors(texts))
        best = np.maximum.reduceat(cosines, book.first, axis=1)
        self._top = self._find_top(cosines, best)
        self.together: Floats = best / len(VIEWS)
        self._likeness[:, :NO_GROUP, _TOGETHER] = self.together
        for (text, group), share in inside.items():
            self._likeness[text, group, _INSIDE] = share
            self._likeness[text, group, _EXACT] = share == 1.0
        for text, sounded in enumerate(self._coded):
            self._likeness[text, book.sounding(sounded), _EXACT] = 1.0

    def _find_top(self, cosines: Floats, best: Floats) -> NDArray[np.int32]:
        """Return by text and group the first line with the best sum of cosines."""
        texts, rows = (cosines == best[:, self._book.group_of]).nonzero()
        top = np.zeros((len(best), len(self._book.names) + 1), np.int32)
        top[texts[::-1], self._book.group_of[rows[::-1]]] = rows[::-1]  # of several, the last that is set stays
        return top

    def _look(self, counts: Numbers, grams: Numbers, weights: Floats) -> Floats:
        """Return by text and line the sum of their cosines in all views. Given are the known grams of all texts, by
        text and view, and how many there are in each.
        """
        book, texts, lines = self._book, len(self._coded), len(self._book.coded)
        owners = np.arange(len(counts)).repeat(counts)
        starts = book.starts[grams]
        sizes = book.starts[grams + 1] - starts
        cells = _ranges(starts, sizes)
        hit = book.slots[cells] + (owners // len(VIEWS) * len(VIEWS) * lines).repeat(sizes)
        shares = book.shares[cells] * weights.repeat(sizes)
        cosines = np.bincount(hit, shares, texts * len(VIEWS) * lines).reshape(texts, len(VIEWS), lines)
        best = np.maximum.reduceat(cosines, book.first, axis=2)
        self._likeness[:, :NO_GROUP, : len(VIEWS)] = best.transpose(0, 2, 1)
        self._look_for_groups(owners, grams, weights)
        total: Floats = cosines.sum(axis=1)
        return total

    def _look_for_groups(self, owners: Numbers, grams: Numbers, weights: Floats) -> None:
        """Add up the evidence for each group, and what of the texts its lines know."""
        book, texts, groups = self._book, len(self._coded), len(self._book.names)
        starts = book.group_starts[grams]
        sizes = book.group_starts[grams + 1] - starts
        cells, heavy = _ranges(starts, sizes), weights.repeat(sizes)
        hit, count = (owners * groups).repeat(sizes) + book.groups[cells], texts * len(VIEWS)
        sums = np.bincount(hit, book.evidence[cells] * heavy, count * groups).reshape(count, groups)
        evidence = sums + book.absent * np.bincount(owners, weights, count)[:, None]
        known = np.bincount(hit, book.speaks[cells] * heavy**2, count * groups).reshape(texts, len(VIEWS), groups)
        self._likeness[:, :NO_GROUP, _EVIDENCE : _EVIDENCE + len(VIEWS)] = evidence.reshape(known.shape).transpose(
            0, 2, 1
        )
        self._likeness[:, :NO_GROUP, _KNOWN] = known[:, CHARS]

    def compare(self, groups: Numbers) -> NDArray[np.float32]:
        """Return by text the numbers of its `Likeness` to each of some groups, of which there is a row for every text;
        zeros for NO_GROUP.
        """
        texts = np.arange(len(groups))[:, None]
        lines = [self._book.coded[row] for row in self._top[texts, groups].ravel().tolist()]
        own = [coded for coded in self._coded for _ in range(groups.shape[1])]
        ratios = process.cpdist(own, lines, scorer=fuzz.ratio, dtype=np.float32).reshape(groups.shape)
        like = self._likeness[texts, groups]
        like[:, :, _RATIO] = np.where(groups == NO_GROUP, 0.0, ratios / 100)
        return like


def add_runs(rows: Floats, counts: Numbers) -> Floats:
    """Return the sums of runs of rows, of so many each."""
    sums = np.zeros((len(counts), rows.shape[1]))
    there = counts.nonzero()[0]
    if len(there):
        sums[there] = np.add.reduceat(rows, (counts.cumsum() - counts)[there])
    return sums


def _ranges(starts: NDArray[Any], sizes: NDArray[Any]) -> Numbers:
    """Return the numbers start, start + 1 … of every range, one range after the other."""
    behind = (starts - (sizes.cumsum() - sizes)).repeat(sizes)
    made: Numbers = behind + np.arange(len(behind))
    return made


class Phrasebook:
    """The groups by name with their lines, and the grams of these, numbered through all views.

    The postings of gram g are `starts[g]` up to `starts[g + 1]`: posting p is in the line and view `slots[p]`, numbered
    by view, then line, with the weight `shares[p]` in that line's unit vector. Groups are numbered in the order of
    their names; `first` are their first lines. The evidence of a gram for a group is the logarithm of how much likelier
    the gram is in a line of the group than in any: `absent` by group where no line has it; for the groups that have
    gram g, `groups[group_starts[g]:group_starts[g + 1]]`, the same places of `evidence` have how much more it is, and
    of `speaks` whether it is above 0.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self.made_of: Mapping[str, Sequence[str]] = groups
        read = {
            name: [text for line in sorted(set(lines)) if (text := text_of(line)).chars]
            for name, lines in sorted(groups.items())
        }
        names = [name for name, own in read.items() if own]
        texts = [text for own in read.values() for text in own]
        self.sizes: Numbers = np.array([len(read[name]) for name in names], np.int64)
        self.take_lines(names, [text.chars for text in texts], ["".join(text.sounds) for text in texts])
        self._weigh(map(_grams, texts))

    def __getstate__(self) -> dict[str, object]:
        """For another process, which reads: what only building another one needs stays here."""
        return {**self.__dict__, "made_of": {}}

    def take_lines(self, names: Sequence[str], lines: Sequence[Units], coded: Sequence[str]) -> None:
        """Take the names of the groups, and all lines as they are written and as they sound."""
        self.names: Sequence[str] = names
        self.number: Mapping[str, int] = {name: at for at, name in enumerate(names)}
        self.coded: Sequence[str] = coded
        self._written = lines
        self.first: Numbers = self.sizes.cumsum() - self.sizes
        self.group_of: Numbers = np.arange(len(names)).repeat(self.sizes)
        kinds = np.array([name.split(".")[0] for name in names])
        self._kinds: dict[str, Numbers] = {kind: (kinds == kind).nonzero()[0] for kind in dict.fromkeys(kinds.tolist())}
        self._rarest = math.log((len(names) + 1) / 0.5) + 0.1
        self._lines: defaultdict[Units, list[int]] = defaultdict(list)
        self._sounds: defaultdict[str, list[int]] = defaultdict(list)
        self._sizes: defaultdict[str, set[int]] = defaultdict(set)
        for group, chars, sounds in zip(self.group_of.tolist(), lines, coded, strict=True):
            self._lines[chars].append(group)
            self._sounds[sounds].append(group)
            self._sizes[chars[0]].add(len(chars))

    def dump(self) -> Dumped:
        """Return the same as plain values and arrays, for `restore`."""
        return Dumped([self.names, self._written, self.coded, self.ids, self.idf], arrays_of(self))

    @classmethod
    def restore(cls, dumped: Dumped) -> Phrasebook:
        """Return the phrasebook of which `dump` was made."""
        book = cls.__new__(cls)
        names, lines, coded, book.ids, book.idf = dumped.plain
        book.made_of = {}
        book.__dict__.update(dumped.arrays)
        book.take_lines(names, [tuple(line) for line in lines], coded)
        return book

    def _weigh(self, lines: Iterable[Sequence[Mapping[str, float]]]) -> None:
        """Make the postings and the evidence of the grams of all lines, which are given by view."""
        self.ids: list[dict[str, int]] = [{} for _ in VIEWS]
        views: list[int] = []
        rows: list[int] = []
        numbers: list[int] = []
        strengths: list[float] = []
        for row, line in enumerate(lines):
            for view, (own, ids) in enumerate(zip(line, self.ids, strict=True)):
                for gram, strength in own.items():
                    if gram not in ids:
                        ids[gram] = len(views)
                        views.append(view)
                    numbers.append(ids[gram])
                    strengths.append(strength)
                rows += [row] * len(own)
        order = np.array(numbers, np.int64).argsort(kind="stable")
        of_gram, in_row, strong = np.array(numbers)[order], np.array(rows)[order], np.array(strengths)[order]
        count, groups, of_view = len(views), len(self.names), np.array(views)[of_gram]
        cells, cell = np.unique(of_gram * groups + self.group_of[in_row], return_inverse=True)  # of a gram and a group
        owners, self.groups = np.divmod(cells, groups)
        having = np.bincount(owners, minlength=count)
        self.group_starts: Numbers = np.append(0, having.cumsum())
        idf = np.log((groups + 1) / (having + 0.5)) + 0.1
        heavy, slots = strong * idf[of_gram], in_row * len(VIEWS) + of_view
        lengths = np.sqrt(np.bincount(slots, heavy**2))
        self.idf: list[float] = idf.tolist()
        starts = np.append(0, np.bincount(of_gram, minlength=count).cumsum())
        self.starts: Numbers = starts
        self.slots: NDArray[np.int32] = (of_view * len(self.coded) + in_row).astype(np.int32)
        self.shares: Floats = heavy / lengths[slots]
        overall = np.bincount(of_gram, strong, count) / len(self.coded) + _UNSEEN / _PRIOR
        self.absent: Floats = np.log(_PRIOR / (self.sizes + _PRIOR))
        self.evidence: Floats = np.log1p(np.bincount(cell, strong) / (_PRIOR * overall[owners]))
        self.speaks: NDArray[np.bool_] = self.evidence + self.absent[self.groups] > 0

    def vectors(self, texts: Sequence[Text]) -> tuple[Numbers, Numbers, Floats]:
        """Return the known grams of some texts: how many each has in each view, then by gram its number, and its weight
        in the unit vector that the text is in the view.
        """
        counts: list[int] = []
        numbers: list[int] = []
        weights: list[float] = []
        idf = self.idf
        for text in texts:
            for ids, grams in zip(self.ids, _grams(text), strict=True):
                known = [(ids[gram], strength) for gram, strength in grams.items() if gram in ids]
                heavy = [strength * idf[number] for number, strength in known]
                missing = (len(grams) - len(known)) * self._rarest**2
                length = math.sqrt(sum([weight * weight for weight in heavy]) + missing) or 1.0
                numbers += [number for number, _ in known]
                weights += [weight / length for weight in heavy]
                counts.append(len(known))
        return np.array(counts, np.int64), np.array(numbers, np.int64), np.array(weights)

    def find_likeness(self, lines: Sequence[str]) -> list[float]:
        """Return for each line how like it is (0–1) to what is nearest to it of all that an answer, a command, a
        greeting or a cry for help is called; questions that no entry answers are no such thing.
        """
        own = [at for at, name in enumerate(self.names) if name not in _QUESTIONS]
        found: list[float] = []
        for at in range(0, len(lines), _BATCH):
            texts = [text_of(line) for line in lines[at : at + _BATCH]]
            found += TextComparison(self, texts, {}).together[:, own].max(axis=1).tolist()
        return found

    def numbers_of(self, kind: str) -> Numbers:
        """Return the groups of a kind, which is what stands before the dot in their names."""
        return self._kinds[kind]

    def lines_in(self, chars: Units) -> list[tuple[int, int, int]]:
        """Return the lines that stand in a text as they are written: first unit, unit after the last, group."""
        return [
            (at, at + size, group)
            for at, unit in enumerate(chars)
            for size in self._sizes.get(unit, ())
            for group in self._lines.get(chars[at : at + size], ())
        ]

    def has_line(self, name: str, text: Text) -> bool:
        """Return whether a text is a line of a group, as it is written or as it sounds."""
        group = self.number.get(name)
        return group in self._lines.get(text.chars, ()) or group in self.sounding("".join(text.sounds))

    def sounding(self, sounds: str) -> Sequence[int]:
        """Return the groups that have a line with these sounds, joined."""
        return self._sounds.get(sounds, [])
