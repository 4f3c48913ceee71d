"""All phrasings as one sparse matrix, in three views at once: characters, fuzzy pinyin syllables, concepts of the
lexicon. Never changed once built. Must not know scores, verdicts, files or conversations.

A row is a line (a title or phrasing), a column a gram; the grams of one view in a row are a unit vector, in which rare
grams weigh more. An entry's centre is the mean of its rows, made a unit vector again. The rows find out how near each
line is, the postings (gram → entries that have it, with its weight in their centres) how near each entry is. Both are
flat arrays, so that numpy adds them up; nothing is left out, however many entries there are.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faq.lexicon import particles
from faq.model import Entry
from faq.reading import Reading, read

VIEWS = CHARS, SOUNDS, CONCEPTS = range(3)
_SURE = 5  # entries that are near however far the others are ahead
_FAR = 0.4  # share of the best score under which further entries are not near
_FIRST_CODE = 0xF0001  # syllables are coded as single characters from a private plane of Unicode

Numbers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


def pairs(units: Sequence[str]) -> list[str]:
    """The neighbours in a sequence of units, in order."""
    return [f"{first} {second}" for first, second in pairwise(units)]


def grams(reading: Reading) -> tuple[Mapping[str, float], ...]:
    """For each view the grams of a text with their strength, 0–1: units and neighbours, concepts and pairs of them."""
    chars, sounds = reading.chars, reading.sounds
    return (
        dict.fromkeys((*chars, *pairs(chars)), 1.0),
        dict.fromkeys((*sounds, *pairs(sounds)), 1.0),
        _concepts(reading),
    )


def _concepts(reading: Reading) -> Mapping[str, float]:
    """None when they only say what kind of question it is."""
    concepts = reading.concepts
    subjects = sorted(concepts.keys() - reading.asking)
    if not subjects:
        return {}
    found = dict(concepts)
    for at, first in enumerate(subjects):
        for second in subjects[at + 1 :]:
            found[f"{first} {second}"] = concepts[first] * concepts[second]
    return found


def _at_home(reading: Reading) -> float:
    """The share 0–1 of a text's units that name a subject of the lexicon; particles and question words do not count."""
    subject = 0
    inside: set[int] = set()
    for start, size, names, _ in reading.words:
        inside.update(range(start, start + size))
        if not reading.asking.issuperset(names):
            subject += size
    light = particles()
    other = sum([at not in inside and char not in light for at, char in enumerate(reading.chars)])
    return subject / (subject + other) if subject else 0.0


class Line(NamedTuple):
    """A title or phrasing: folded, as syllable codes, and what kind of question it is; its grams (32-bit numbers) and
    their strengths (32-bit floats).
    """

    folded: str
    coded: str
    asking: frozenset[str]
    grams: bytes
    strengths: bytes


class Subject(NamedTuple):
    """One entry as questions are compared with it; `first` is the row of its first line."""

    id: str
    beyond: bool
    asking: frozenset[str]
    first: int
    lines: tuple[Line, ...]


class Vector(NamedTuple):
    """A question: its known grams, their views, their weights. In each view they make a unit vector together with the
    grams that no line has, whose share 0–1 of its square is `unknown`. Concepts are as long as the lexicon is at home
    in the question: what it names of a text of another field says little. `bits` has by view the bit of each gram in
    sets of grams: 1 << n for the nth.
    """

    grams: Numbers
    views: Numbers
    weights: Floats
    unknown: tuple[float, ...]
    bits: tuple[Mapping[str, int], ...]


class Near(NamedTuple):
    """An entry near a question: cosines with its centre by view, the share 0–1 of the question's square by view that it
    has, cosines with its lines by line and view; `has` is the set of the question's grams that it has.
    """

    at: int
    centre: list[float]
    known: list[float]
    lines: list[list[float]]
    has: int


class _Words:
    """The numbers of all grams, in the order in which they were met, and the codes of all syllables."""

    def __init__(self, before: _Words | None = None) -> None:
        self.ids: list[dict[str, int]] = [dict(ids) for ids in before.ids] if before else [{} for _ in VIEWS]
        self.views: list[int] = [*before.views] if before else []
        self.codes: dict[str, str] = dict(before.codes) if before else {}

    def learn(self, text: str) -> Line:
        reading = read(text)
        numbers, strengths = array("i"), array("f")
        for view, (ids, own) in enumerate(zip(self.ids, grams(reading), strict=True)):
            for gram in own:
                number = ids.setdefault(gram, len(self.views))
                if number == len(self.views):
                    self.views.append(view)
                numbers.append(number)
            strengths.extend(own.values())
        codes = self.codes
        coded = "".join([codes.setdefault(sound, chr(_FIRST_CODE + len(codes))) for sound in reading.sounds])
        return Line(reading.folded, coded, reading.asking, numbers.tobytes(), strengths.tobytes())


class Index:
    """All entries, in the order of their ids, whatever order they come in.

    Lines that were already in the index `before` are not read again; the rest is the same with and without it.
    """

    def __init__(self, entries: Iterable[Entry], before: Index | None = None) -> None:
        self.words: _Words = _Words(before.words if before else None)
        known: Mapping[str, Line] = before.lines if before else {}
        self.lines: dict[str, Line] = {}
        self.subjects: list[Subject] = []
        first = 0
        for entry in sorted(entries, key=lambda entry: entry.id):
            texts = dict.fromkeys((entry.title, *entry.phrasings))
            for text in texts:
                if text not in self.lines:
                    self.lines[text] = known.get(text) or self.words.learn(text)
            lines = tuple([self.lines[text] for text in texts])
            asking = frozenset[str]().union(*[line.asking for line in lines])
            self.subjects.append(Subject(entry.id, entry.source == "beyond", asking, first, lines))
            first += len(lines)
        self._weigh()

    def _weigh(self) -> None:
        """Makes the matrix and its postings."""
        lines = [line for subject in self.subjects for line in subject.lines]
        count, views = len(self.subjects), np.array(self.words.views, np.int64)
        sizes = np.array([len(line.grams) // 4 for line in lines], np.int64)
        self._bounds = np.concatenate(([0], sizes.cumsum()))
        self._grams = np.frombuffer(b"".join([line.grams for line in lines]), np.int32)
        strengths = np.frombuffer(b"".join([line.strengths for line in lines]), np.float32)
        self._slots = (np.repeat(np.arange(len(lines)) * len(VIEWS), sizes) + views[self._grams]).astype(np.int32)
        places = np.repeat(np.arange(count), [len(subject.lines) for subject in self.subjects])
        held, group = np.unique(self._grams * np.int64(count) + np.repeat(places, sizes), return_inverse=True)
        having = held // count if count else held
        spread = np.bincount(having, minlength=len(views))
        idf = np.where(spread, np.log((count + 1) / (spread + 0.5)) + 0.1, 0.0)
        self._idf: list[float] = idf.tolist()
        self._rarest = math.log((count + 1) / 0.5) + 0.1
        weights = idf[self._grams] * strengths
        lengths = np.sqrt(np.bincount(self._slots, weights**2, len(VIEWS) * len(lines)))
        self._shares = (weights / lengths[self._slots]).astype(np.float32)
        self._starts = np.concatenate(([0], spread.cumsum()))
        self._places = (held - having * count).astype(np.int32)
        centres = np.bincount(group, self._shares, len(held))
        slots = self._places * len(VIEWS) + views[having]
        self._centres = (centres / np.sqrt(np.bincount(slots, centres**2))[slots]).astype(np.float32)

    def coded(self, sounds: Sequence[str]) -> str:
        """Syllables as one character each, so that rapidfuzz compares syllables; unknown ones are all alike."""
        return "".join([self.words.codes.get(sound, chr(_FIRST_CODE - 1)) for sound in sounds])

    def vector(self, reading: Reading) -> Vector:
        """A question as it is compared with lines and centres."""
        numbers: list[int] = []
        views: list[int] = []
        weights: list[float] = []
        unknown: list[float] = []
        bits: list[dict[str, int]] = []
        for view, (ids, own) in enumerate(zip(self.words.ids, grams(reading), strict=True)):
            known: dict[str, float] = {}
            missing = 0.0
            for gram, strength in own.items():
                number = ids.get(gram, -1)
                if number >= 0 and self._idf[number]:
                    numbers.append(number)
                    known[gram] = strength * self._idf[number]
                else:
                    missing += (strength * self._rarest) ** 2
            square = sum([weight * weight for weight in known.values()]) + missing
            scale = (_at_home(reading) if view == CONCEPTS else 1.0) / math.sqrt(square or 1.0)
            bits.append({gram: 1 << bit for bit, gram in enumerate(known, len(weights))})
            views += [view] * len(known)
            weights += [weight * scale for weight in known.values()]
            unknown.append(missing / square if square else 0.0)
        return Vector(
            np.array(numbers, np.int64), np.array(views, np.int64), np.array(weights), tuple(unknown), tuple(bits)
        )

    def nearest(self, asked: Vector, limit: int) -> list[Near]:
        """The entries whose centres are nearest, best sum of the views first, ties by place, at most `limit`."""
        starts = self._starts[asked.grams]
        sizes = self._starts[asked.grams + 1] - starts
        found = _ranges(starts, sizes)
        places, which = self._places[found], np.repeat(np.arange(len(sizes)), sizes)
        cosines = self._centres[found] * asked.weights[which]
        count = len(VIEWS) * len(self.subjects)
        centres = np.bincount(places * len(VIEWS) + asked.views[which], cosines, count).reshape(-1, len(VIEWS))
        totals = centres.sum(axis=1)
        least = np.partition(totals, -limit)[-limit] if len(totals) > limit else 0.0
        near = np.flatnonzero((totals >= least) & (totals > 0.0)).tolist()
        near = sorted(near, key=lambda at: (-totals[at], at))[:limit]
        near = [at for place, at in enumerate(near) if place < _SURE or totals[at] >= _FAR * totals[near[0]]]
        order = np.full(len(totals), -1)
        order[near] = np.arange(len(near))
        order, has = order[places], np.zeros((len(near), len(sizes)), np.uint8)
        has[order[order >= 0], which[order >= 0]] = 1
        squares = np.zeros((len(sizes), len(VIEWS)))
        squares[np.arange(len(sizes)), asked.views] = asked.weights**2
        bits = np.packbits(has, axis=1, bitorder="little")
        return [
            Near(at, centre, known, lines, int.from_bytes(own.tobytes(), "little"))
            for at, centre, known, lines, own in zip(
                near, centres[near].tolist(), (has @ squares).tolist(), self._lines(asked, near), bits, strict=True
            )
        ]

    def _lines(self, asked: Vector, near: Sequence[int]) -> list[list[list[float]]]:
        """By entry, line and view: the cosines of a question with the lines of some entries."""
        if not near:
            return []
        first = np.array([self.subjects[at].first for at in near])
        counts = np.array([len(self.subjects[at].lines) for at in near])
        starts = self._bounds[first]
        sizes = self._bounds[first + counts] - starts
        cells = _ranges(starts, sizes)
        weights = np.zeros(len(self._idf))
        weights[asked.grams] = asked.weights
        hits = weights[self._grams[cells]]
        there = hits.nonzero()[0]
        shift = np.repeat((counts.cumsum() - counts - first) * len(VIEWS), sizes)[there]
        cells = cells[there]
        slots = self._slots[cells] + shift
        flat = np.bincount(slots, hits[there] * self._shares[cells], len(VIEWS) * int(counts.sum()))
        rows = flat.astype(np.float64, copy=False).reshape(-1, len(VIEWS)).tolist()
        return [rows[end - size : end] for end, size in zip(counts.cumsum(), counts, strict=True)]


def _ranges(starts: Numbers, sizes: Numbers) -> Numbers:
    """The numbers start, start + 1 … of every range, one range after the other."""
    ends = sizes.cumsum()
    made: Numbers = np.repeat(starts - ends + sizes, sizes) + np.arange(ends[-1] if len(ends) else 0)
    return made
