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

from faq.model import Entry
from faq.text import Reading, read

VIEWS = ("chars", "sounds", "concepts")
_COMMON = 2_000  # entries: a gram of more finds no candidates, it only weighs those that rarer grams have found
_FIRST_CODE = 0xF0001  # syllables are coded as single characters from a private plane of Unicode

Vector = Mapping[str, float]
Postings = Mapping[str, Sequence[tuple[int, float]]]
_EAGER = 500  # entries: an index of more makes the vectors of its phrasings when an entry is first a candidate


def pairs(units: Sequence[str]) -> list[str]:
    """The neighbours in a sequence of units, in order."""
    return [f"{first} {second}" for first, second in zip(units, units[1:], strict=False)]


def grams(reading: Reading) -> tuple[Vector, ...]:
    """For each view the grams of a text with their strength, 0–1: units and neighbours; concepts and pairs of them."""
    concepts = dict(reading.concepts)
    subjects = sorted(concepts.keys() - reading.asking)
    for at, first in enumerate(subjects):
        for second in subjects[at + 1 :]:
            concepts[f"{first} {second}"] = concepts[first] * concepts[second]
    chars, sounds = reading.chars, reading.sounds
    return dict.fromkeys((*chars, *pairs(chars)), 1.0), dict.fromkeys((*sounds, *pairs(sounds)), 1.0), concepts


def _length(weights: Iterable[float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights)) or 1.0


class Subject:
    """One entry as it is compared with questions."""

    __slots__ = ("_postings", "asking", "beyond", "coded", "id", "readings")

    def __init__(self, entry: Entry, readings: Sequence[Reading]) -> None:
        self.id = entry.id
        self.beyond = entry.source == "beyond"
        self.readings = tuple(readings)
        self.asking = frozenset().union(*(reading.asking for reading in readings))
        self.coded: tuple[str, ...] = ()
        self._postings: tuple[Postings, ...] = ()

    def postings(self, idf: Sequence[Vector]) -> tuple[Postings, ...]:
        """For each view: gram → the phrasings that have it, with its share of the phrasing's unit vector."""
        if not self._postings:
            made: tuple[dict[str, list[tuple[int, float]]], ...] = ({}, {}, {})
            for number, reading in enumerate(self.readings):
                for view, line in enumerate(grams(reading)):
                    weighed = {gram: strength * idf[view][gram] for gram, strength in line.items()}
                    length = _length(weighed.values())
                    for gram, weight in weighed.items():
                        made[view].setdefault(gram, []).append((number, weight / length))
            self._postings = made
        return self._postings


class Index:
    """All entries, in the order of their ids, whatever order they come in."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        ordered = sorted(entries, key=lambda entry: entry.id)
        self.subjects = [
            Subject(entry, [read(line) for line in dict.fromkeys((entry.title, *entry.phrasings))]) for entry in ordered
        ]
        lines = [[grams(reading) for reading in subject.readings] for subject in self.subjects]
        self.idf: list[dict[str, float]] = []
        self._centres: list[dict[str, tuple[array[int], array[float]]]] = []
        count = len(ordered) + 1
        self.unknown = math.log(count / 0.5) + 0.1
        for view in range(len(VIEWS)):
            spread: Counter[str] = Counter()
            for own in lines:
                spread.update(set().union(*(line[view] for line in own)))
            idf = {gram: math.log(count / (found + 0.5)) + 0.1 for gram, found in spread.items()}
            self.idf.append(idf)
            self._centres.append(self._pool([[line[view] for line in own] for own in lines], idf))
        self._codes: dict[str, str] = {}
        for subject in self.subjects:
            subject.coded = tuple(self._learn(reading.sounds) for reading in subject.readings)
        if count <= _EAGER:
            for subject in self.subjects:
                subject.postings(self.idf)

    @staticmethod
    def _pool(lines: list[list[Vector]], idf: Vector) -> dict[str, tuple[array[int], array[float]]]:
        """Gram → the entries that have it, ascending, with its share of the mean of their phrasings' unit vectors."""
        postings: dict[str, tuple[array[int], array[float]]] = {}
        for at, own in enumerate(lines):
            centre: dict[str, float] = {}
            for line in own:
                weighed = [(gram, strength * idf[gram]) for gram, strength in line.items()]
                length = _length(weight for _, weight in weighed)
                for gram, weight in weighed:
                    centre[gram] = centre.get(gram, 0.0) + weight / length
            length = _length(centre.values())
            for gram, weight in centre.items():
                held = postings.get(gram)
                if held is None:
                    held = postings[gram] = (array("I"), array("f"))
                held[0].append(at)
                held[1].append(weight / length)
        return postings

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
