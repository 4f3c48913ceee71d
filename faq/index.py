"""An inverted index over entries, in three views: characters, fuzzy pinyin syllables, concepts of the lexicon. Pure and
never changed once built, but for phrasing vectors that are made when an entry is first looked at closely. Must not know
scores, verdicts, files or conversations.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from faq.model import Entry
from faq.text import Reading, read

VIEWS = ("chars", "sounds", "concepts")
_COMMON = 2_000  # entries: a gram of more finds no candidates, it only weighs those that rarer grams have found
_FIRST_CODE = 0xF0001  # syllables are coded as single characters from a private plane of Unicode

_EAGER = 500  # entries: an index of more makes an entry's postings when it is first a candidate

Vector = Mapping[str, float]
Postings = Mapping[
    str, Sequence[float]
]  # gram → number of a phrasing, gram's share of its unit vector, number, share …


def pairs(units: Sequence[str]) -> list[str]:
    """The neighbours in a sequence of units, in order."""
    return [f"{first} {second}" for first, second in pairwise(units)]


def grams(reading: Reading) -> tuple[Vector, ...]:
    """For each view the grams of a text with their strength, 0–1: units and neighbours; concepts and pairs of them."""
    concepts = dict(reading.concepts)
    subjects = sorted(concepts.keys() - reading.asking)
    if not subjects:  # what kind of question it is says nothing by itself
        concepts.clear()
    for at, first in enumerate(subjects):
        for second in subjects[at + 1 :]:
            concepts[f"{first} {second}"] = concepts[first] * concepts[second]
    chars, sounds = reading.chars, reading.sounds
    return dict.fromkeys((*chars, *pairs(chars)), 1.0), dict.fromkeys((*sounds, *pairs(sounds)), 1.0), concepts


def _length(weights: Iterable[float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights)) or 1.0


def _postings(lines: Sequence[Vector], idf: Vector) -> Postings:
    """The postings of an entry's phrasings in one view."""
    held: dict[str, list[float]] = {}
    for number, line in enumerate(lines):
        weights = [strength * idf[gram] for gram, strength in line.items()]
        inverse = 1.0 / _length(weights)
        for gram, weight in zip(line, weights, strict=True):
            known = held.get(gram)
            if known is None:
                held[gram] = [number, weight * inverse]
            else:
                known.append(number)
                known.append(weight * inverse)
    return held


class Subject:
    """One entry as it is compared with questions; `readings` are its title and phrasings, `coded` their sounds."""

    __slots__ = ("asking", "beyond", "coded", "id", "postings_made", "readings")

    def __init__(self, entry: Entry) -> None:
        self.id = entry.id
        self.beyond = entry.source == "beyond"
        self.readings = tuple(read(line) for line in dict.fromkeys((entry.title, *entry.phrasings)))
        self.asking = frozenset().union(*(reading.asking for reading in self.readings))
        self.coded: tuple[str, ...] = ()
        self.postings_made: tuple[Postings, ...] = ()

    def postings(self, idf: Sequence[Vector]) -> tuple[Postings, ...]:
        """For each view the postings of the phrasings."""
        if not self.postings_made:
            self.postings_made = self.make(idf, [grams(reading) for reading in self.readings])
        return self.postings_made

    @staticmethod
    def make(idf: Sequence[Vector], lines: Sequence[Sequence[Vector]]) -> tuple[Postings, ...]:
        return tuple(_postings([line[view] for line in lines], idf[view]) for view in range(len(VIEWS)))


class Index:
    """All entries, in the order of their ids, whatever order they come in."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.subjects = [Subject(entry) for entry in sorted(entries, key=lambda entry: entry.id)]
        lines = [[grams(reading) for reading in subject.readings] for subject in self.subjects]
        count = len(self.subjects) + 1
        self.unknown = math.log(count / 0.5) + 0.1
        self.idf: list[dict[str, float]] = []
        for view in range(len(VIEWS)):
            spread: Counter[str] = Counter()
            for own in lines:
                spread.update(set().union(*(line[view] for line in own)))
            self.idf.append({gram: math.log(count / (found + 0.5)) + 0.1 for gram, found in spread.items()})
        self._centres: tuple[dict[str, tuple[array[int], array[float]]], ...] = ({}, {}, {})
        self._codes: dict[str, str] = {}
        for at, (subject, own) in enumerate(zip(self.subjects, lines, strict=True)):
            subject.coded = tuple(self._learn(reading.sounds) for reading in subject.readings)
            postings = subject.make(self.idf, own)
            for view, held in enumerate(postings):
                self._pool(view, at, held)
            if count <= _EAGER:
                subject.postings_made = postings

    def _pool(self, view: int, at: int, postings: Postings) -> None:
        """Adds an entry's centre: the mean of its phrasings' unit vectors, as a unit vector."""
        centre = {gram: sum(held[1::2]) for gram, held in postings.items()}
        inverse = 1.0 / _length(centre.values())
        centres = self._centres[view]
        for gram, weight in centre.items():
            held = centres.get(gram)
            if held is None:
                held = centres[gram] = (array("I"), array("f"))
            held[0].append(at)
            held[1].append(weight * inverse)

    def _learn(self, sounds: Sequence[str]) -> str:
        codes = self._codes
        return "".join(codes.setdefault(sound, chr(_FIRST_CODE + len(codes))) for sound in sounds)

    def coded(self, sounds: Sequence[str]) -> str:
        """Syllables as one character each, so that rapidfuzz compares syllables; unknown ones are all alike."""
        return "".join(self._codes.get(sound, chr(_FIRST_CODE - 1)) for sound in sounds)

    def vectors(self, reading: Reading) -> list[Vector]:
        """A question's unit vector in each view, without the grams that no phrasing has (their weight is missing)."""
        made: list[Vector] = []
        for idf, line in zip(self.idf, grams(reading), strict=True):
            weighed = {gram: strength * idf.get(gram, self.unknown) for gram, strength in line.items()}
            length = _length(weighed.values())
            made.append({gram: weight / length for gram, weight in weighed.items() if gram in idf})
        return made

    def nearest(self, vectors: Sequence[Vector], limit: int) -> list[tuple[int, list[float]]]:
        """The entries whose centres are nearest: (place, cosine in each view), best sum first, at most `limit`."""
        scores = [self._scores(view, vector) for view, vector in enumerate(vectors)]
        totals: dict[int, float] = {}
        for found in scores:
            for at, score in found.items():
                totals[at] = totals.get(at, 0.0) + score
        best = sorted(totals, key=lambda at: (-totals[at], at))[:limit]
        return [
            (at, [found.get(at, 0.0) + self._common(view, vectors[view], at) for view, found in enumerate(scores)])
            for at in best
        ]

    def _scores(self, view: int, vector: Vector) -> dict[int, float]:
        scores: dict[int, float] = {}
        for gram, weight in vector.items():
            places, shares = self._centres[view][gram]
            if len(places) <= _COMMON:
                for at, share in zip(places, shares, strict=True):
                    scores[at] = scores.get(at, 0.0) + weight * share
        return scores

    def _common(self, view: int, vector: Vector, at: int) -> float:
        """What the grams that nearly every entry has add to one entry's cosine."""
        if len(self.subjects) <= _COMMON:
            return 0.0
        total = 0.0
        for gram, weight in vector.items():
            places, shares = self._centres[view][gram]
            if len(places) > _COMMON:
                place = bisect_left(places, at)
                if place < len(places) and places[place] == at:
                    total += weight * shares[place]
        return total
