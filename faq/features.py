"""What can be said of a question and of each entry near it, as numbers from 0 to 1: all that the linear model sees.
Pure. Must not know weights, scores or verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from rapidfuzz import fuzz

from faq.index import CONCEPTS, Index, Near, Vector, pairs
from faq.lexicon import particles
from faq.reading import Kind, Reading, everyday, read

_FUZZED = 3  # lines of an entry that rapidfuzz compares
_SHORT = 4  # units under which a partial ratio says nothing
_RUN = 4  # units of a run that count


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
    """An everyday word: its grams as written and heard, its concepts, its kind, its share of the question's units."""

    written: int
    heard: int
    concepts: int
    kind: Kind
    share: float


class _Unit(NamedTuple):
    """A unit that is no particle: its sound, the pairs that it is in, the concepts of the word that it is in."""

    sound: int
    pairs: int
    concepts: int


class Question(NamedTuple):
    """A question as it is compared; sets of its grams are numbers, as in `Near.has`."""

    reading: Reading
    coded: str
    vector: Vector
    words: list[_Word]
    units: list[_Unit]


def question(text: str, index: Index, reading: Reading | None = None) -> Question:
    """Everything about a question that does not depend on the entry; `reading` where the text was read before."""
    reading = reading or read(text)
    vector = index.vector(reading)
    return Question(reading, index.coded(reading.sounds), vector, _words(reading, vector), _units(reading, vector))


def _words(reading: Reading, vector: Vector) -> list[_Word]:
    chars, sounds, concepts = vector.bits
    never = 1 << len(vector.grams)  # in the set of what a word needs: a gram that no entry has
    found = []
    for start, end, kind, names in everyday(reading):
        written, heard = reading.chars[start:end], reading.sounds[start:end]
        found.append(
            _Word(
                _union([chars.get(gram, never) for gram in pairs(written) or written]),
                _union([sounds.get(gram, never) for gram in pairs(heard) or heard]),
                _union([concepts.get(name, 0) for name in names]),
                kind,
                (end - start) / len(reading.chars),
            )
        )
    return found


def _units(reading: Reading, vector: Vector) -> list[_Unit]:
    _, sounds, concepts = vector.bits
    named: dict[int, int] = {}
    for start, size, names, _ in reading.words:
        named.update(dict.fromkeys(range(start, start + size), _union([concepts.get(name, 0) for name in names])))
    beside = [0, *[sounds.get(gram, 0) for gram in pairs(reading.sounds)], 0]
    light = particles()
    return [
        _Unit(sounds.get(sound, 0), beside[at] | beside[at + 1], named.get(at, 0))
        for at, (char, sound) in enumerate(zip(reading.chars, reading.sounds, strict=True))
        if char not in light
    ]


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def fits(asked: Question, nearest: Sequence[Near]) -> list[Fit]:
    """How well each of the entries near a question fits it."""
    evidence, centre = _most(nearest)
    return [_fit(asked, near, evidence, centre) for near in nearest]


def _most(nearest: Sequence[Near]) -> tuple[float, float]:
    """The best sums over the views: of evidence, of cosines with a centre."""
    evidence = max((sum(near.evidence) for near in nearest), default=0.0)
    return evidence, max((sum(near.centre) for near in nearest), default=0.0)


def _fit(asked: Question, near: Near, best_evidence: float, best_centre: float) -> Fit:
    subject, together = near.subject, near.lines
    asking, folded, coded = asked.reading.asking, asked.reading.folded, asked.coded
    ratio = sound_ratio = partial = 0.0
    same = suits = False
    for number in sorted(range(len(together)), key=together.__getitem__, reverse=True)[:_FUZZED]:
        line = subject.lines[number]
        ratio = max(ratio, fuzz.ratio(folded, line.folded))
        sound_ratio = max(sound_ratio, fuzz.ratio(coded, line.coded))
        if min(len(coded), len(line.coded)) >= _SHORT:
            partial = max(partial, fuzz.partial_ratio(coded, line.coded))
        same = same or coded == line.coded
        suits = suits or asking <= line.asking
    return Fit._make(
        [
            *near.evidence,
            best_evidence - sum(near.evidence),
            *near.centre,
            *near.best,
            *near.known,
            max(together) / 3,
            ratio / 100,
            sound_ratio / 100,
            partial / 100,
            float(same and bool(coded)),
            float(suits and bool(asking)),
            len(asking - subject.asking) / len(asking) if asking else 0.0,
            sum(near.centre) / best_centre if best_centre else 0.0,
            *strange(asked, near.has),
        ]
    )


def outside(asked: Question, nearest: Sequence[Near], fits: Sequence[Fit]) -> Outside:
    """What speaks for it that none of the entries near a question is meant."""
    size = len(asked.reading.chars)
    evidence, centre = _most(nearest)
    return Outside._make(
        [
            1.0,
            *asked.vector.unknown,
            float(not asked.vector.bits[CONCEPTS]),
            1.0 / (1.0 + size),
            min(size, 60) / 60,
            evidence,
            centre / 3,
            max([one.together_best for one in fits], default=0.0),
            max([one.chars_known for one in fits], default=0.0),
            max([one.sounds_known for one in fits], default=0.0),
            max([one.concepts_known for one in fits], default=0.0),
            1.0 - min([one.uncovered for one in fits], default=1.0),
            *strange(asked, (1 << len(asked.vector.grams)) - 1),
        ]
    )


def strange(asked: Question, has: int) -> Strange:
    """How strange a question is to somebody who has some of its grams."""
    elsewhere, noun, share, covered = False, False, 0.0, 0.0
    for word in asked.words:
        if word.written & ~has and word.heard & ~has and not word.concepts & has:
            elsewhere = elsewhere or word.kind == "elsewhere"
            noun = noun or word.kind == "noun"
            share += word.share
    run = longest = 0  # units in a row that nothing covers: a thing that no dictionary need know
    for sound, beside, named in asked.units:
        if beside & has or named & has:
            covered += 1.0
            run = 0
        else:  # a half when it stands there in other company
            covered += 0.5 * bool(sound & has)
            run += 1
            longest = max(longest, run)
    uncovered = 1.0 - covered / len(asked.units) if asked.units else 1.0
    return Strange(float(elsewhere), float(noun), share, uncovered, min(longest, _RUN) / _RUN)
