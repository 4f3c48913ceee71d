"""What can be said of a question and of each entry near it, as numbers from 0 to 1: all that the linear model sees.
Pure. Must not know weights, scores or verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from faq.index import CONCEPTS, VIEWS, Floats, Index, Near, Numbers, Vector, pairs
from faq.lexicon import particles
from faq.reading import Kind, Reading, everyday

_FUZZED = 3  # lines of an entry that rapidfuzz compares
_SHORT = 4  # units under which a partial ratio says nothing
_LONG = 60  # units from which a question is as long as any
_RUN = 4  # units of a run that count
_NOBODY, _ALL = -2, -1  # places of grams that no entry has, and that all have

Flags: TypeAlias = NDArray[np.bool_]
_Part = TypeVar("_Part")


class Strange(NamedTuple):
    """How much of a question is said in words that are not in some grams: a word of elsewhere (1 or 0), an everyday
    noun (1 or 0), all such words' share of the units, the share of the units that nothing covers, the longest run of
    those.
    """

    elsewhere: float
    noun: float
    share: float
    uncovered: float
    run: float


class Fit(NamedTuple):
    """How well one entry fits a question. Evidence is in logarithms; all else is 0–1."""

    chars_evidence: float
    sounds_evidence: float
    concepts_evidence: float
    behind: float
    chars_centre: float
    sounds_centre: float
    concepts_centre: float
    chars_best: float
    sounds_best: float
    concepts_best: float
    chars_known: float
    sounds_known: float
    concepts_known: float
    together_best: float
    ratio: float
    sound_ratio: float
    partial: float
    same: float
    asking: float
    asking_missed: float
    lead: float
    elsewhere: float
    strange_noun: float
    strange_share: float
    uncovered: float
    strange_run: float


class Outside(NamedTuple):
    """What speaks for it that no entry is meant. Evidence is in logarithms; all else is 0–1."""

    bias: float
    chars_unknown: float
    sounds_unknown: float
    concepts_unknown: float
    concepts_none: float
    short: float
    long: float
    best_evidence: float
    best_centre: float
    best_match: float
    chars_known: float
    sounds_known: float
    concepts_known: float
    covered: float
    elsewhere: float
    strange_noun: float
    strange_share: float
    uncovered: float
    strange_run: float


class _Word(NamedTuple):
    """An everyday word: the places of its grams as written and heard, and of its concepts, its kind, its share of the
    question's units.
    """

    written: list[int]
    heard: list[int]
    concepts: list[int]
    kind: Kind
    share: float


class _Unit(NamedTuple):
    """A unit that is no particle: the places of its sound, and of what it is in: pairs, and concepts of its word."""

    sound: list[int]
    around: list[int]


class Question(NamedTuple):
    """A question as it is compared; the places of its grams are those in its vector."""

    reading: Reading
    coded: str
    vector: Vector
    words: list[_Word]
    units: list[_Unit]


def question(reading: Reading, index: Index) -> Question:
    """Everything about a question that does not depend on the entry."""
    vector = index.vector(reading)
    return Question(reading, index.coded(reading.sounds), vector, _words(reading, vector), _units(reading, vector))


def _words(reading: Reading, vector: Vector) -> list[_Word]:
    chars, sounds, concepts = vector.places
    found = []
    for start, end, kind, names in everyday(reading):
        written, heard = reading.chars[start:end], reading.sounds[start:end]
        found.append(
            _Word(
                [chars.get(gram, _NOBODY) for gram in pairs(written) or written],
                [sounds.get(gram, _NOBODY) for gram in pairs(heard) or heard],
                [concepts[name] for name in names if name in concepts],
                kind,
                (end - start) / len(reading.chars),
            )
        )
    return found


def _units(reading: Reading, vector: Vector) -> list[_Unit]:
    _, sounds, concepts = vector.places
    named: dict[int, list[int]] = {}
    for start, size, names, _ in reading.words:
        known = [concepts[name] for name in names if name in concepts]
        named.update(dict.fromkeys(range(start, start + size), known))
    beside = [_NOBODY, *[sounds.get(gram, _NOBODY) for gram in pairs(reading.sounds)], _NOBODY]
    light = particles()
    return [
        _Unit([sounds.get(sound, _NOBODY)], [beside[at], beside[at + 1], *named.get(at, ())])
        for at, (char, sound) in enumerate(zip(reading.chars, reading.sounds, strict=True))
        if char not in light
    ]


def compare(asked: Sequence[Question], near: Near) -> tuple[Floats, Floats]:
    """How well the entries near some questions fit them, by pair the numbers of a `Fit`; and what speaks for it that
    none of them is meant, by question the numbers of an `Outside`.
    """
    count = len(asked)
    evidence, centre = near.evidence.sum(axis=1), near.centre.sum(axis=1)
    lines = _best_lines(near)
    together = near.lines[lines[:, 0]] / len(VIEWS)
    everything = np.ones((count, near.has.shape[1]), bool)
    strange = _strange(asked, np.vstack([near.has, everything]), np.append(near.questions, np.arange(count)))
    strange, strange_to_all = strange[:-count], strange[-count:]
    covered = 1.0 - strange[:, Strange._fields.index("uncovered")]
    most = np.zeros((count, 4 + len(VIEWS)))
    values = np.column_stack([evidence, centre, together, near.known, covered])
    best = np.maximum.reduceat(values, near.first) if len(values) else values
    most[near.questions[near.first]] = best
    best_evidence, best_centre = most[near.questions, 0], most[near.questions, 1]
    fits = np.column_stack(
        [
            near.evidence,
            best_evidence - evidence,
            near.centre,
            near.best,
            near.known,
            together,
            _compare_lines(asked, near, lines),
            np.divide(centre, best_centre, out=np.zeros(len(centre)), where=best_centre != 0.0),
            strange,
        ]
    )
    sizes = np.array([len(one.reading.chars) for one in asked])
    outside = np.column_stack(
        [
            np.ones(count),
            [one.vector.unknown for one in asked],
            [not one.vector.places[CONCEPTS] for one in asked],
            1.0 / (1.0 + sizes),
            np.minimum(sizes, _LONG) / _LONG,
            most / [1.0, len(VIEWS), *[1.0] * (2 + len(VIEWS))],
            strange_to_all,
        ]
    )
    return fits, outside


def _best_lines(near: Near) -> Numbers:
    """By pair the places in `near.lines` of its best lines, best first; of one with few, the best again."""
    sizes = np.diff(near.starts, append=len(near.lines))
    own = np.full((len(sizes), sizes.max(initial=1)), -1.0)
    own[np.arange(own.shape[1]) < sizes[:, None]] = near.lines
    every, found = np.arange(len(sizes)), np.zeros((len(sizes), _FUZZED), np.int64)
    for place in range(_FUZZED):
        best = own.argmax(axis=1)  # of lines as good, the first
        found[:, place] = np.where(own[every, best] < 0, found[:, 0], best)
        own[every, best] = -1.0
    return near.starts[:, None] + found


def _compare_lines(asked: Sequence[Question], near: Near, lines: Numbers) -> Floats:
    """By pair, of its best lines, `ratio` up to `asking_missed` of a `Fit`."""
    owners, rows = near.questions.tolist(), (lines - near.starts[:, None]).tolist()
    best = [[subject.lines[row] for row in own] for subject, own in zip(near.subjects, rows, strict=True)]
    flat = [line for own in best for line in own]
    each = near.questions.repeat(_FUZZED)
    folded, coded = [one.reading.folded for one in asked], [one.coded for one in asked]
    own_folded, own_coded = [folded[at] for at in each.tolist()], [coded[at] for at in each.tolist()]
    line_coded = [line.coded for line in flat]
    ratio = process.cpdist(own_folded, [line.folded for line in flat], scorer=fuzz.ratio, dtype=np.float64) / 100
    sound_ratio = process.cpdist(own_coded, line_coded, scorer=fuzz.ratio, dtype=np.float64) / 100
    partial = process.cpdist(own_coded, line_coded, scorer=fuzz.partial_ratio, dtype=np.float64) / 100
    size = np.array([*map(len, coded)])[each]
    partial *= np.minimum(size, np.array([*map(len, line_coded)], np.int64)) >= _SHORT
    same = (sound_ratio == 1.0) & (size > 0)
    asking = np.zeros((len(best), 2))
    for pair, (owner, subject) in enumerate(zip(owners, near.subjects, strict=True)):
        if own := asked[owner].reading.asking:
            asking[pair] = any(own <= line.asking for line in best[pair]), len(own - subject.asking) / len(own)
    of_lines = np.array([ratio, sound_ratio, partial, same]).reshape(4, -1, _FUZZED).max(axis=2).T
    return np.concatenate([of_lines, asking], axis=1)


def _strange(asked: Sequence[Question], has: Flags, questions: Numbers) -> Floats:
    """How strange a question is to somebody who has some of its grams: for each row of `has` (by gram, of all questions
    one after the other) and its question, the numbers of a `Strange`.
    """
    has = np.hstack([has, np.zeros((len(has), 1), bool), np.ones((len(has), 1), bool)])  # _NOBODY, _ALL
    starts = np.cumsum([0, *[len(one.vector.grams) for one in asked]])

    def find(places: Sequence[Sequence[int]], owners: Numbers, spare: int) -> Flags:
        """By row, of each list of places in its question's grams, which are had; filled up with `spare`."""
        width = max(map(len, places), default=0)
        table = np.array([[*own, *[spare] * (width - len(own))] for own in places], np.int64).reshape(
            len(places), width
        )
        return has[:, np.where(table < 0, table, table + starts[owners][:, None])]

    found = np.zeros((len(Strange._fields), len(has)))
    elsewhere, noun, share, uncovered, longest = found
    words, owners, own = _gather([one.words for one in asked], questions)
    if words:
        odd = own & ~find([word.written for word in words], owners, _ALL).all(axis=2)
        odd &= ~find([word.heard for word in words], owners, _ALL).all(axis=2)
        odd &= ~find([word.concepts for word in words], owners, _NOBODY).any(axis=2)
        elsewhere[:] = (odd & np.array([word.kind == "elsewhere" for word in words])).any(axis=1)
        noun[:] = (odd & np.array([word.kind == "noun" for word in words])).any(axis=1)
        share[:] = (odd * np.array([word.share for word in words])).sum(axis=1)
    units, owners, own = _gather([one.units for one in asked], questions)
    bare = own & ~find([unit.around for unit in units], owners, _NOBODY).any(axis=2)
    sound = find([unit.sound for unit in units], owners, _NOBODY).any(axis=2)
    size = own.sum(axis=1)
    covered = size - bare.sum(axis=1) + 0.5 * (bare & sound).sum(axis=1)  # a half: it stands there in other company
    uncovered[:] = 1.0 - covered / np.maximum(size, 1)
    run = bare
    for _ in range(_RUN):  # units in a row that nothing covers: a thing that no dictionary need know
        longest += run.any(axis=1)
        run = run[:, 1:] & run[:, :-1]
    longest /= _RUN
    return found.T


def _gather(parts: Sequence[Sequence[_Part]], questions: Numbers) -> tuple[list[_Part], Numbers, Flags]:
    """Parts of questions in one list; the question of each; and by row, each of a question, which are of its own."""
    owners = np.arange(len(parts)).repeat([*map(len, parts)])
    return [*chain(*parts)], owners, questions[:, None] == owners
