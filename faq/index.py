"""All phrasings as one sparse matrix, in three views at once: characters, fuzzy pinyin syllables, concepts of the
lexicon. Never changed once built. Must not know scores, verdicts, files or conversations.

A row is a line (a title or phrasing), a column a gram; the grams of one view in a row are a unit vector, in which rare
grams weigh more. An entry's centre is the mean of its rows, made a unit vector again. Its evidence is what naive Bayes
makes of the sum of its rows: how much likelier a gram is in its words than among all grams alike, as a logarithm. The
matrix is kept by columns: a gram's postings are the entries that have it, each with its weight in the centre, its
evidence and the lines that have it. All are flat arrays, so that numpy adds them up; nothing is left out, however many
entries there are.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faq.dumped import Dumped, arrays_of
from faq.lexicon import particles
from faq.model import Entry
from faq.reading import Reading, read

VIEWS = CHARS, SOUNDS, CONCEPTS = range(3)
_SURE = 5  # entries that are near however far the others are ahead
_FAR = 0.4  # share of the best score under which further entries are not near
_UNSEEN = 0.1  # of a line's weight: what every entry is taken to have of every gram
_FIRST_CODE = 0xF0001  # syllables are coded as single characters from a private plane of Unicode
_NO_CODE = "\U000f0000"  # a syllable that no line has

Numbers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


def pairs(units: Sequence[str]) -> list[str]:
    """The neighbours in a sequence of units, in order."""
    return [*map(" ".join, pairwise(units))]


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
    """A title or phrasing: folded, as syllable codes, and what kind of question it is."""

    folded: str
    coded: str
    asking: frozenset[str]


class Learnt(NamedTuple):
    """A line, and what only building needs of it: its grams (32-bit numbers), their strengths (bytes, 255 for 1)."""

    line: Line
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
    in the question: what it names of a text of another field says little. `places` has by view the place of each known
    gram among them.
    """

    grams: list[int]
    views: list[int]
    weights: list[float]
    unknown: tuple[float, ...]
    places: tuple[Mapping[str, int], ...]


class Near(NamedTuple):
    """The entries near some questions: pairs of an entry, its subject, and a question, its number; those of a question
    stand together, best first. By pair and view: evidence for it, cosine with its centre, best cosine with a line,
    share 0–1 of the question's square that it has. `first` are the first pairs of the questions that have any. `lines`
    are the sums of the cosines with all lines of all pairs,
    those of a pair from its `starts` on. `has` is by pair and gram, of all questions one after the other, whether the
    entry has it.
    """

    subjects: Sequence[Subject]
    questions: Numbers
    first: Numbers
    evidence: Floats
    centre: Floats
    best: Floats
    known: Floats
    lines: Floats
    starts: Numbers
    has: NDArray[np.bool_]


class _Ids(dict[str, int]):
    """The numbers of the grams of one view; whoever asks for a new one gives it the next number of all views."""

    def __init__(self, view: int, views: bytearray, known: Mapping[str, int]) -> None:
        super().__init__(known)
        self._view, self._views = view, views

    def __missing__(self, gram: str) -> int:
        self[gram] = number = len(self._views)
        self._views.append(self._view)
        return number


class _Codes(dict[str, str]):
    """Syllables as single characters; whoever asks for a new one gives it the next."""

    def __missing__(self, sound: str) -> str:
        self[sound] = code = chr(_FIRST_CODE + len(self))
        return code


class _Words:
    """The numbers of all grams, in the order in which they were met, their views, and the codes of all syllables."""

    def __init__(self, before: _Words | None = None) -> None:
        self.views: bytearray = bytearray(before.views if before else ())
        self.ids: list[_Ids] = [_Ids(view, self.views, before.ids[view] if before else {}) for view in VIEWS]
        self.codes: _Codes = _Codes(before.codes if before else {})
        self.asking: dict[frozenset[str], frozenset[str]] = dict(before.asking) if before else {}  # each set once

    def learn(self, text: str) -> Learnt:
        reading = read(text)
        chars, sounds, concepts = grams(reading)
        char, sound, concept = [ids.__getitem__ for ids in self.ids]
        numbers = array("i", [*map(char, chars), *map(sound, sounds), *map(concept, concepts)])
        strengths = b"\xff" * (len(chars) + len(sounds))  # at their full
        strengths += bytes([round(255 * strength) for strength in concepts.values()])
        coded = "".join(map(self.codes.__getitem__, reading.sounds))
        asking = self.asking.setdefault(reading.asking, reading.asking)
        return Learnt(Line(reading.folded, coded, asking), numbers.tobytes(), strengths)


class Index:
    """All entries, in the order of their ids, whatever order they come in.

    Lines that were already in the index `before` are not read again; the rest is the same with and without it.
    """

    def __init__(self, entries: Iterable[Entry], before: Index | None = None) -> None:
        self.words: _Words = _Words(before.words if before else None)
        known: Mapping[str, Learnt] = before.learnt if before else {}
        self.learnt: dict[str, Learnt] = {}
        self.subjects: list[Subject] = []
        rows: list[Learnt] = []
        for entry in sorted(entries, key=lambda entry: entry.id):
            texts = dict.fromkeys((entry.title, *entry.phrasings))
            for text in texts:
                if text not in self.learnt:
                    self.learnt[text] = known.get(text) or self.words.learn(text)
            own = [self.learnt[text] for text in texts]
            lines = tuple([learnt.line for learnt in own])
            asking = frozenset[str]().union(*[line.asking for line in lines])
            self.subjects.append(Subject(entry.id, entry.source == "beyond", asking, len(rows), lines))
            rows += own
        self._weigh(rows)

    def __getstate__(self) -> dict[str, object]:
        """For another process, which asks: what only building needs is most of what there is, and stays here."""
        return {**self.__dict__, "learnt": {}}

    def dump(self) -> Dumped:
        """The same as plain values and arrays, for `restore`."""
        grams = [list(ids) for ids in self.words.ids]
        apart = {"views": np.array(self.words.views, np.int8), "idf": np.array(self._idf)}
        return Dumped([grams, self.words.codes, self.subjects], {**arrays_of(self), **apart})

    @classmethod
    def restore(cls, dumped: Dumped) -> Index:
        """The index of which `dump` was made; it knows no line that another one need not read again."""
        index, words, views = cls.__new__(cls), _Words(), dumped.arrays["views"]
        grams, codes, subjects = dumped.plain
        words.views.extend(views.tobytes())
        words.codes.update(codes)
        for view, (ids, own) in enumerate(zip(words.ids, grams, strict=True)):
            ids.update(zip(own, (views == view).nonzero()[0].tolist(), strict=True))

        def once(asking: Iterable[str]) -> frozenset[str]:
            made = frozenset(asking)
            return words.asking.setdefault(made, made)

        index.subjects = [
            Subject(name, beyond, once(own), first, tuple([Line(text, code, once(ask)) for text, code, ask in lines]))
            for name, beyond, own, first, lines in subjects
        ]
        index.words, index.learnt = words, {}
        index.__dict__.update(dumped.arrays, _idf=array("d", dumped.arrays["idf"].tobytes()))
        return index

    def _weigh(self, rows: Sequence[Learnt]) -> None:
        """Makes the postings, by gram, then entry. Those of gram g are `_starts[g]` up to `_starts[g + 1]`: posting p
        is of the entry and view `_slots[p]`, with the weight `_centres[p]` in its centre, and `_evidence[p]` more of
        evidence than a gram that it has not. The lines that have it are the cells `_edges[p]` up to `_edges[p + 1]`:
        cell c is in row `_numbers[c]`, with the weight `_shares[c]`. `_chance` is by entry and view what all grams
        alike would be worth: the longer an entry speaks, the less says each gram.
        """
        count, views = len(self.subjects), np.array(self.words.views, np.int8)
        grams = np.frombuffer(b"".join([learnt.grams for learnt in rows]), np.int32)
        order = grams.argsort(kind="stable")  # rows stand in the order of their entries
        grams = grams[order]
        strengths = np.frombuffer(b"".join([learnt.strengths for learnt in rows]), np.uint8)[order]
        sizes = [len(learnt.strengths) for learnt in rows]
        self._numbers = numbers = np.arange(len(rows), dtype=np.int32).repeat(sizes)[order]
        del order  # as big as all the rest
        entries = np.arange(count, dtype=np.int32).repeat([len(subject.lines) for subject in self.subjects])[numbers]
        first = np.ones(len(grams), bool)  # of a posting
        first[1:] = (grams[1:] != grams[:-1]) | (entries[1:] != entries[:-1])
        edges = first.nonzero()[0]
        self._slots = entries[edges] * len(VIEWS) + views[grams[edges]]
        del entries, first
        spread = np.bincount(grams[edges], minlength=len(views))
        idf = np.where(spread, np.log((count + 1) / (spread + 0.5)) + 0.1, 0.0)
        self._idf = array("d", [*idf.tolist(), 0.0])  # the last is for what has no number: -1
        self._shares = idf.astype(np.float32)[grams] * strengths
        for view in VIEWS:
            own = (views[grams] == view).nonzero()[0]
            lengths = np.sqrt(np.bincount(numbers[own], self._shares[own] ** 2))
            self._shares[own] /= lengths[numbers[own]]
        self._starts = np.append(0, spread.cumsum())
        sums = np.add.reduceat(self._shares, edges, dtype=np.float64) if len(edges) else np.zeros(0)
        self._centres = (sums / np.sqrt(np.bincount(self._slots, sums**2))[self._slots]).astype(np.float32)
        self._evidence = np.log1p(sums / _UNSEEN).astype(np.float32)
        kinds = np.bincount(views, spread > 0, len(VIEWS))
        self._chance = np.log1p(_by_view(np.bincount(self._slots, sums, len(VIEWS) * count)) / (_UNSEEN * kinds + 1e-9))
        self._edges = np.append(edges, len(grams)).astype(np.int32)

    def coded(self, sounds: Sequence[str]) -> str:
        """Syllables as one character each, so that rapidfuzz compares syllables; unknown ones are all alike."""
        known = self.words.codes.get
        return "".join([known(sound, _NO_CODE) for sound in sounds])

    def vector(self, reading: Reading) -> Vector:
        """A question as it is compared with lines and centres."""
        idf, rarest = self._idf, math.log((len(self.subjects) + 1) / 0.5) + 0.1
        numbers, views = list[int](), list[int]()
        weights, unknown = list[float](), list[float]()
        places: list[dict[str, int]] = []
        for view, (ids, own) in enumerate(zip(self.words.ids, grams(reading), strict=True)):
            number_of = ids.get
            known = {gram: number for gram in own if idf[number := number_of(gram, -1)]}
            heavy, missing = [idf[number] for number in known.values()], (len(own) - len(known)) * rarest**2
            if view == CONCEPTS:  # all others are at their full strength
                heavy = [own[gram] * weight for gram, weight in zip(known, heavy, strict=True)]
                missing = sum([strength**2 for gram, strength in own.items() if gram not in known]) * rarest**2
            square = sum([weight * weight for weight in heavy]) + missing
            scale = (_at_home(reading) if view == CONCEPTS else 1.0) / math.sqrt(square or 1.0)
            places.append(dict(zip(known, range(len(weights), len(weights) + len(known)), strict=True)))
            views += [view] * len(known)
            weights += [weight * scale for weight in heavy]
            numbers += known.values()
            unknown.append(missing / square if square else 0.0)
        return Vector(numbers, views, weights, tuple(unknown), tuple(places))

    def nearest(self, asked: Sequence[Vector], limit: int) -> Near:
        """The entries for which there is most evidence: for each question at most `limit`, ties by id."""
        count, entries = len(asked), len(self.subjects)
        grams = np.array([gram for one in asked for gram in one.grams], np.int64)
        views = np.array([view for one in asked for view in one.views], np.int64)
        weights = np.array([weight for one in asked for weight in one.weights])
        owners = np.arange(count).repeat([len(one.grams) for one in asked])
        starts = self._starts[grams]
        sizes = self._starts[grams + 1] - starts
        postings, which = _ranges(starts, sizes), np.arange(len(sizes)).repeat(sizes)
        slots = self._slots[postings] + (owners * (len(VIEWS) * entries))[which]
        speaking = self._evidence[postings] * weights[which]
        evidence = _by_view(np.bincount(slots, speaking, len(VIEWS) * count * entries)).reshape(
            count, entries, len(VIEWS)
        )
        evidence -= (
            self._chance * _by_view(np.bincount(owners * len(VIEWS) + views, weights, len(VIEWS) * count))[:, None]
        )
        places = slots // len(VIEWS)  # of a question and an entry in `pairs`
        near = _ranked(evidence.sum(axis=2), places, limit)
        pairs = np.full(count * entries, -1)
        pairs[near] = np.arange(len(near))
        owners = pairs[places]
        there = (owners >= 0).nonzero()[0]
        which = which[there]
        return self._closely(
            near, evidence, postings[there], owners[there], which, views[which], weights[which], len(grams)
        )

    def _closely(
        self,
        near: Numbers,
        evidence: Floats,
        postings: Numbers,
        owners: Numbers,
        which: Numbers,
        views: Numbers,
        weights: Floats,
        grams: int,
    ) -> Near:
        """The pairs with all their lines; `near` are their places in `evidence`, by question and entry. Given are the
        entries' postings for the questions' grams, and for each one its owner (a place in `near`), which of the grams
        it is of, and that one's view and weight.
        """
        questions, entries = np.divmod(near, max(len(self.subjects), 1))
        subjects = [self.subjects[at] for at in entries.tolist()]
        lengths = np.array([len(subject.lines) for subject in subjects], np.int64)
        starts = lengths.cumsum() - lengths
        shift = starts - np.array([subject.first for subject in subjects], np.int64)
        slots, size = owners * len(VIEWS) + views, len(VIEWS) * len(near)
        known = _by_view(np.bincount(slots, weights**2, size))
        centres = _by_view(np.bincount(slots, self._centres[postings] * weights, size))
        begin = self._edges[postings]
        sizes = self._edges[postings + 1] - begin
        cells = _ranges(begin, sizes)
        rows = self._numbers[cells] * len(VIEWS) + (shift[owners] * len(VIEWS) + views).repeat(sizes)
        cosines = _by_view(np.bincount(rows, self._shares[cells] * weights.repeat(sizes), len(VIEWS) * lengths.sum()))
        best = np.maximum.reduceat(cosines, starts) if len(near) else centres
        has = np.zeros((len(near), grams), bool)
        has[owners, which] = True
        evidence = evidence[questions, entries]
        is_first = np.append(True, questions[1:] != questions[:-1])[: len(near)]
        return Near(
            subjects, questions, is_first.nonzero()[0], evidence, centres, best, known, cosines.sum(axis=1), starts, has
        )


def _ranked(totals: Floats, some: Numbers, limit: int) -> Numbers:
    """The places in `totals`, by question and entry, of the best of `some`: for each question at most `limit`, best
    first, ties by id.
    """
    entries = totals.shape[1]
    ranked = np.full(totals.size, -np.inf)
    ranked[some] = totals.ravel()[some]
    if entries > limit:
        least = np.partition(ranked.reshape(totals.shape), -limit)[:, -limit]
        ranked[ranked < least.repeat(entries)] = -np.inf
    best = (ranked > -np.inf).nonzero()[0]
    best = best[np.lexsort((-ranked[best], best // entries))] if len(best) else best
    question, value = best // max(entries, 1), ranked[best]
    first = np.searchsorted(question, question)  # of the same question
    place = np.arange(len(best)) - first
    least = totals.min(axis=1, initial=np.inf)[question]
    near = (place < _SURE) | (value >= least + _FAR * (value[first] - least))
    found: Numbers = best[near & (place < limit)]
    return found


def _by_view(sums: NDArray[Any]) -> Floats:
    """Sums whose places are number * len(VIEWS) + view, as a table: a row for each number."""
    return sums.astype(np.float64, copy=False).reshape(-1, len(VIEWS))


def _ranges(starts: NDArray[Any], sizes: NDArray[Any]) -> Numbers:
    """The numbers start, start + 1 … of every range, one range after the other."""
    ends = sizes.cumsum()
    made: Numbers = np.arange(ends[-1] if len(ends) else 0) + (starts - (ends - sizes)).repeat(sizes)
    return made
