"""An inverted index over entries, in three views: characters, fuzzy pinyin syllables, concepts of the lexicon. Pure and
never changed once built. Must not know scores, verdicts, files or conversations.

An entry's centre is the mean of its phrasings' unit vectors; so a question's cosine with it is the sum of its cosines
with the phrasings, divided by the length of that sum's vector.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from itertools import chain, pairwise
from typing import NamedTuple

from faq.model import Entry
from faq.text import Reading, particles, read

VIEWS = ("chars", "sounds", "concepts")
_LONG = 200  # entries: of a gram that more of them have, only those find candidates in which it weighs most
_READ = 2_500  # entries that are read of all grams together, rarest grams first; what is cut short weighs in later
_COMPLETED = 20  # candidates whose score is made exact when some grams were cut short
_SURE = 5  # entries that are near however far the others are ahead
_FAR = 0.4  # share of the best score under which further entries are not near
_FIRST_CODE = 0xF0001  # syllables are coded as single characters from a private plane of Unicode

Vector = Mapping[int, float]  # number of a gram → its share of a unit vector


def pairs(units: Sequence[str]) -> list[str]:
    """The neighbours in a sequence of units, in order."""
    return [f"{first} {second}" for first, second in pairwise(units)]


def _concepts(reading: Reading) -> Mapping[str, float]:
    """The concepts of a text and the pairs of them; none when it only says what kind of question it is."""
    concepts = reading.concepts
    subjects = sorted(concepts.keys() - reading.asking)
    if not subjects:
        return {}
    found = dict(concepts)
    for at, first in enumerate(subjects):
        for second in subjects[at + 1 :]:
            found[f"{first} {second}"] = concepts[first] * concepts[second]
    return found


def grams(reading: Reading) -> tuple[Iterable[str], Iterable[str], Mapping[str, float]]:
    """For each view the grams of a text, each once: units and neighbours; concepts with their strength, 0–1."""
    chars, sounds = reading.chars, reading.sounds
    return (
        dict.fromkeys((*chars, *pairs(chars))),
        dict.fromkeys((*sounds, *pairs(sounds))),
        _concepts(reading),
    )


def _named(reading: Reading) -> float:
    """The share 0–1 of a text's units that name a subject of the lexicon; particles and question words do not count."""
    subject = 0
    inside: set[int] = set()
    for start, size, names, _ in reading.words:
        inside.update(range(start, start + size))
        if not reading.asking.issuperset(names):
            subject += size
    light = particles()
    other = sum(at not in inside and char not in light for at, char in enumerate(reading.chars))
    return subject / (subject + other) if subject else 0.0


class _Gram(NamedTuple):
    """Who has a gram: entries in order, its weight in their centres, where to find it in their phrasings."""

    places: array[int]
    weights: array[float]
    groups: array[int]


class _View:
    """One view of all phrasings. A group is a gram in an entry: the phrasings that have it, by their numbers within
    the entry, and its share of their unit vectors; group n is numbers[bounds[n]:bounds[n + 1]], shares alike.
    """

    __slots__ = ("bounds", "grams", "idf", "ids", "longest", "norms", "numbers", "shares", "unknown")

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.grams: list[_Gram] = []
        self.bounds = array("I", [0])
        self.numbers = array("H")
        self.shares = array("f")
        self.idf: list[float] = []
        self.norms: list[float] = []  # by entry: the length of its phrasings' sum
        self.longest: dict[int, list[tuple[int, float]]] = {}  # of a gram that many have: where it weighs most
        self.unknown = 0.0

    def learn(self, line: Iterable[str]) -> array[int]:
        ids = self.ids
        return array("I", [ids.setdefault(gram, len(ids)) for gram in line])

    def close(self, entries: Sequence[Sequence[array[int]]], strengths: Iterator[Sequence[float]] | None) -> None:
        """Weighs all lines; `strengths` of their grams line by line, None when all are 1."""
        spread = [0] * len(self.ids)
        for lines in entries:
            for gram in set(chain(*lines)):
                spread[gram] += 1
        count = len(entries) + 1
        self.unknown = math.log(count / 0.5) + 0.1
        self.idf = idf = [math.log(count / (found + 0.5)) + 0.1 for found in spread]
        self.grams = [_Gram(array("I"), array("f"), array("I")) for _ in idf]
        for at, lines in enumerate(entries):
            own: dict[int, tuple[list[int], list[float]]] = {}
            for number, line in enumerate(lines):
                weights = [idf[gram] for gram in line]
                if strengths:
                    weights = [weight * strength for weight, strength in zip(weights, next(strengths), strict=True)]
                inverse = 1.0 / (math.hypot(*weights) or 1.0)
                for gram, weight in zip(line, weights, strict=True):
                    held = own.get(gram)
                    if held is None:
                        own[gram] = ([number], [weight * inverse])
                    else:
                        held[0].append(number)
                        held[1].append(weight * inverse)
            self._add(at, own)
        for number, held_by in enumerate(self.grams):
            if len(held_by.places) > _LONG:
                found = sorted(zip(held_by.places, held_by.weights, strict=True), key=lambda pair: (-pair[1], pair[0]))
                self.longest[number] = found[:_LONG]

    def _add(self, at: int, own: Mapping[int, tuple[list[int], list[float]]]) -> None:
        sums = [sum(shares) for _, shares in own.values()]
        norm = math.hypot(*sums) or 1.0
        self.norms.append(norm)
        known = self.grams
        group, end = len(self.bounds) - 1, len(self.numbers)
        for (gram, (numbers, _)), total in zip(own.items(), sums, strict=True):
            places, weights, groups = known[gram]
            places.append(at)
            weights.append(total / norm)
            groups.append(group)
            group += 1
            end += len(numbers)
            self.bounds.append(end)
        self.numbers.extend(chain.from_iterable([numbers for numbers, _ in own.values()]))
        self.shares.extend(chain.from_iterable([shares for _, shares in own.values()]))

    def vector(self, line: Mapping[str, float]) -> tuple[Vector, float]:
        """A question's unit vector without the grams that no phrasing has, and the share 0–1 that those have of it."""
        ids, idf = self.ids, self.idf
        known: dict[int, float] = {}
        missing = 0.0
        for gram, strength in line.items():
            number = ids.get(gram)
            if number is None:
                missing += (strength * self.unknown) ** 2
            else:
                known[number] = strength * idf[number]
        length = math.sqrt(sum([weight * weight for weight in known.values()]) + missing)
        if not length:
            return {}, 0.0
        return {gram: weight / length for gram, weight in known.items()}, missing / (length * length)


class Subject(NamedTuple):
    """One entry as it is compared with questions; its title and phrasings folded, as syllable codes, as asked."""

    id: str
    beyond: bool
    asking: frozenset[str]
    folded: tuple[str, ...]
    coded: tuple[str, ...]
    askings: tuple[frozenset[str], ...]


class Overlap(NamedTuple):
    """What an entry and a question have in common: the cosines by phrasing, the share of the question's square that the
    entry has, the numbers of the grams.
    """

    cosines: list[float]
    known: float
    grams: list[int]


class Index:
    """All entries, in the order of their ids, whatever order they come in."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.subjects: list[Subject] = []
        self.views = tuple(_View() for _ in VIEWS)
        self._codes: dict[str, str] = {}
        lines: list[list[list[array[int]]]] = [[] for _ in VIEWS]
        strengths: list[tuple[float, ...]] = []
        same: dict[frozenset[str], frozenset[str]] = {}
        for entry in sorted(entries, key=lambda entry: entry.id):
            readings = [read(line) for line in dict.fromkeys((entry.title, *entry.phrasings))]
            for own in lines:
                own.append([])
            for reading in readings:
                parts = grams(reading)
                for view, own, part in zip(self.views, lines, parts, strict=True):
                    own[-1].append(view.learn(part))
                strengths.append(tuple(parts[2].values()))
            askings = tuple(same.setdefault(reading.asking, reading.asking) for reading in readings)
            self.subjects.append(
                Subject(
                    entry.id,
                    entry.source == "beyond",
                    frozenset().union(*askings),
                    tuple(reading.folded for reading in readings),
                    tuple(self._learn(reading.sounds) for reading in readings),
                    askings,
                )
            )
        for number, view in enumerate(self.views):
            view.close(lines[number], iter(strengths) if number == 2 else None)
        self._cut = any(view.longest for view in self.views)

    def _learn(self, sounds: Sequence[str]) -> str:
        codes = self._codes
        return "".join([codes.setdefault(sound, chr(_FIRST_CODE + len(codes))) for sound in sounds])

    def coded(self, sounds: Sequence[str]) -> str:
        """Syllables as one character each, so that rapidfuzz compares syllables; unknown ones are all alike."""
        return "".join([self._codes.get(sound, chr(_FIRST_CODE - 1)) for sound in sounds])

    def vectors(self, reading: Reading) -> tuple[list[Vector], list[float]]:
        """A question's unit vector in each view, and the share of it that no phrasing has. Concepts are as long as the
        lexicon is at home in the question: what it names of a text of another field says little.
        """
        chars, sounds, concepts = grams(reading)
        lines = (dict.fromkeys(chars, 1.0), dict.fromkeys(sounds, 1.0), concepts)
        made = [view.vector(line) for view, line in zip(self.views, lines, strict=True)]
        trust = _named(reading)
        named = {gram: weight * trust for gram, weight in made[2][0].items()}
        return [made[0][0], made[1][0], named], [unknown for _, unknown in made]

    def nearest(self, vectors: Sequence[Vector], limit: int) -> list[int]:
        """The places of the entries whose centres are nearest, best sum of the views first, at most `limit`."""
        totals: dict[int, float] = {}
        held = totals.get
        heaviest = sorted(
            ((weight, number, gram) for number, vector in enumerate(vectors) for gram, weight in vector.items()),
            reverse=True,
        )
        left = _READ
        for weight, number, gram in heaviest:
            view = self.views[number]
            places, weights, _ = view.grams[gram]
            found = view.longest.get(gram) if len(places) > _LONG else None
            left -= _LONG if found else len(places)
            if left < 0:
                break
            for at, share in found or zip(places, weights, strict=True):
                totals[at] = held(at, 0.0) + weight * share
        if not totals:
            return []
        wanted = _COMPLETED if left < 0 or self._cut else limit
        if len(totals) > wanted:
            least = nlargest(wanted, totals.values())[-1]
            tied = [at for at, total in totals.items() if total >= least]
            totals = {at: totals[at] for at in sorted(tied, key=lambda at: (-totals[at], at))[:wanted]}
        if wanted > limit:
            totals = {at: self._whole(vectors, at) for at in totals}
        nearest = sorted(totals, key=lambda at: (-totals[at], at))[:limit]
        enough = _FAR * totals[nearest[0]]
        return [at for place, at in enumerate(nearest) if place < _SURE or totals[at] >= enough]

    def _whole(self, vectors: Sequence[Vector], at: int) -> float:
        """The sum of an entry's cosines, of all its grams."""
        total = 0.0
        for view, vector in zip(self.views, vectors, strict=True):
            for gram, weight in vector.items():
                places, weights, _ = view.grams[gram]
                spot = bisect_left(places, at)
                if spot < len(places) and places[spot] == at:
                    total += weight * weights[spot]
        return total

    def compare(self, view: int, vector: Vector, at: int) -> Overlap:
        """What an entry and a question have in common in one view."""
        cosines = [0.0] * len(self.subjects[at].folded)
        known, own, have = 0.0, self.views[view], []
        grams, bounds, numbers, shares = own.grams, own.bounds, own.numbers, own.shares
        for gram, weight in vector.items():
            places, _, groups = grams[gram]
            spot = bisect_left(places, at)
            if spot < len(places) and places[spot] == at:
                have.append(gram)
                known += weight * weight
                group = groups[spot]
                start, end = bounds[group], bounds[group + 1]
                for number, share in zip(numbers[start:end], shares[start:end], strict=True):
                    cosines[number] += weight * share
        return Overlap(cosines, known, have)
