"""Which entry answers a question. Asking is a pure function of the index and the words. Must not know files of content,
conversations, time or chance.

A few features of the nearest entries, rapidfuzz among them, go into one linear model that has an extra outcome "none of
them" (`weights.yaml`; `bench/faq_train.py` makes it). Its softmax is the score: the chance that the entry is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from importlib import resources
from operator import mul
from typing import Any, NamedTuple

import yaml
from rapidfuzz import fuzz

from faq.index import Index, Vector, pairs
from faq.model import Candidate, Entry, Match
from faq.text import Kind, Reading, everyday, hollow, particles, read

ANSWER_FROM = 0.7  # score of the best topic from which it is answered at once
MARGIN_FROM = 0.25  # and by which it must lead the second
CHOICES_FROM = 0.3  # chance that any of the offered topics is meant, from which a choice is offered
OFFERED_FROM = 0.03  # score under which a third topic is not worth offering
OFFERED = 3  # topics in a choice, at most
TOPICS = 5  # topics in a Match
LIKELY = 0.5  # what belonging to the asker's present step adds to a topic's log-odds
BEYOND = 1.2  # what lies beyond the notice loses: where both fit, what the notice says goes before it
_CANDIDATES = 8  # entries that are looked at closely
_FUZZED = 3  # phrasings of an entry that rapidfuzz compares
_SHORT = 4  # units under which a partial ratio says nothing
_RUN = 4  # units of a run that count
_PARTS = 4  # sentences of a message that are asked one by one, at most

_SENTENCE_END = re.compile(r"[?？!！。;；\n]+|另外|还有就是|还有，|还有,|顺便|再问")

FEATURES = (
    "chars_centre",
    "sounds_centre",
    "concepts_centre",
    "chars_best",
    "sounds_best",
    "concepts_best",
    "chars_known",
    "sounds_known",
    "concepts_known",
    "together_best",
    "ratio",
    "sound_ratio",
    "partial",
    "same",
    "asking",
    "asking_missed",
    "lead",
    "elsewhere",
    "strange_noun",
    "strange_share",
    "uncovered",
    "strange_run",
)
NONE_FEATURES = (
    "bias",
    "chars_unknown",
    "sounds_unknown",
    "concepts_none",
    "short",
    "long",
    "best_centre",
    "best_match",
    "chars_known",
    "sounds_known",
    "concepts_known",
    "covered",
    "elsewhere",
    "strange_noun",
    "strange_share",
    "uncovered",
    "strange_run",
)
_LEAD = FEATURES.index("lead")
_UNCOVERED = FEATURES.index("uncovered")
_BEST_KNOWN = tuple(map(FEATURES.index, ("sounds_best", "chars_known", "sounds_known", "concepts_known")))


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model: what each feature of a candidate, and of "none of them", adds to its log-odds."""

    entry: Mapping[str, float]
    none: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Clue:
    """Why a candidate was scored as it was: its score and its features, all 0–1."""

    id: str
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the matcher saw in a question: `clues` best first, `none` the chance that no entry is meant, and what
    speaks for that.
    """

    reading: Reading
    clues: tuple[Clue, ...]
    none: float
    none_features: Mapping[str, float]


class _Word(NamedTuple):
    """An everyday word of a question: its grams as written and as heard, its share of the question's units."""

    written: frozenset[int]
    heard: frozenset[int]
    kind: Kind
    share: float


class _Unit(NamedTuple):
    """A unit of a question that is no particle: its sound, the pairs it is in, the concepts of the word it is in."""

    sound: int
    pairs: frozenset[int]
    concepts: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything about a question that does not depend on the entry; grams by their numbers, -1 for unknown ones."""

    reading: Reading
    coded: str
    vectors: Sequence[Vector]
    unknown: Sequence[float]
    words: Sequence[_Word]
    units: Sequence[_Unit]

    def strange(
        self, chars: AbstractSet[int], sounds: AbstractSet[int], concepts: AbstractSet[int]
    ) -> tuple[float, ...]:
        """How much of the question is said in words that are not in the given grams: the features named alike."""
        elsewhere, noun, share, covered = False, False, 0.0, 0.0
        for word in self.words:
            if not (word.written <= chars or word.heard <= sounds):
                elsewhere = elsewhere or word.kind == "elsewhere"
                noun = noun or word.kind == "noun"
                share += word.share
        run = longest = 0  # units in a row that nothing covers: a thing that no dictionary need know
        for sound, beside, named in self.units:
            if not (beside.isdisjoint(sounds) and named.isdisjoint(concepts)):
                covered += 1.0
                run = 0
            else:  # a half when it stands there in other company
                covered += 0.5 * (sound in sounds)
                run += 1
                longest = max(longest, run)
        uncovered = 1.0 - covered / len(self.units) if self.units else 1.0
        return float(elsewhere), float(noun), share, uncovered, min(longest, _RUN) / _RUN


@cache
def weights() -> Weights:
    """The weights that ship."""
    text = resources.files("faq").joinpath("weights.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return Weights(entry=data["entry"], none=data["none"])


def _words(reading: Reading, chars_ids: Mapping[str, int], sounds_ids: Mapping[str, int]) -> list[_Word]:
    found = []
    for start, end, kind in everyday(reading):
        chars, sounds = reading.chars[start:end], reading.sounds[start:end]
        written = frozenset([chars_ids.get(gram, -1) for gram in pairs(chars) or chars])
        heard = frozenset([sounds_ids.get(gram, -1) for gram in pairs(sounds) or sounds])
        found.append(_Word(written, heard, kind, (end - start) / len(reading.chars)))
    return found


def _units(reading: Reading, sounds_ids: Mapping[str, int], concepts_ids: Mapping[str, int]) -> list[_Unit]:
    concepts: dict[int, frozenset[int]] = {}
    for start, size, names, _ in reading.words:
        ids = frozenset([concepts_ids.get(name, -1) for name in names])
        concepts.update(dict.fromkeys(range(start, start + size), ids))
    beside = [sounds_ids.get(gram, -1) for gram in pairs(reading.sounds)]
    hollow_units = particles()
    return [
        _Unit(sounds_ids.get(sound, -1), frozenset(beside[max(0, at - 1) : at + 1]), concepts.get(at, frozenset()))
        for at, (char, sound) in enumerate(zip(reading.chars, reading.sounds, strict=True))
        if char not in hollow_units
    ]


def _dot(values: Sequence[float], model: Sequence[float]) -> float:
    return math.fsum(map(mul, values, model))


def _shares(odds: Sequence[float]) -> list[float]:
    """Log-odds as shares of 1."""
    top = max(odds, default=0.0)
    shares = [math.exp(value - top) for value in odds]
    total = sum(shares)
    return [share / total for share in shares]


class Matcher:
    """Answers questions from entries; the same whatever the order of the entries."""

    def __init__(self, entries: Iterable[Entry], model: Weights | None = None) -> None:
        model = model or weights()
        self._entry = [model.entry[name] for name in FEATURES]
        self._none = [model.none[name] for name in NONE_FEATURES]
        self._index = Index(entries)

    def ask(self, question: str, likely: Collection[str] = ()) -> Match:
        """The verdict on a question; `likely` are topics of the asker's present step, preferred mildly."""
        whole = self._verdict(self.explain(question, likely))
        parts = [part for part in _SENTENCE_END.split(question) if part.strip()]
        if not 1 < len(parts) <= _PARTS:
            return whole
        answers = [
            match
            for match in (self._verdict(self.explain(part, likely)) for part in parts)
            if match.verdict == "answer"
        ]
        chosen = tuple(dict.fromkeys(match.chosen[0] for match in answers))[:2]
        if len(chosen) < 2:
            return whole
        best: dict[str, float] = {}
        for topic in (topic for match in (*answers, whole) for topic in match.topics):
            best[topic.id] = max(topic.score, best.get(topic.id, 0.0))
        topics = sorted(
            (Candidate(topic, score) for topic, score in best.items()), key=lambda topic: (-topic.score, topic.id)
        )
        return Match("answer", tuple(topics[:TOPICS]), chosen)

    @staticmethod
    def _verdict(seen: Explanation) -> Match:
        topics = tuple(Candidate(clue.id, clue.score) for clue in seen.clues[:TOPICS])
        if not topics or len(seen.reading.sounds) < 2 or hollow(seen.reading):
            return Match("miss", topics)
        second = topics[1].score if len(topics) > 1 else 0.0
        if topics[0].score >= ANSWER_FROM and topics[0].score - second >= MARGIN_FROM:
            return Match("answer", topics, (topics[0].id,))
        offered = [topic for place, topic in enumerate(topics[:OFFERED]) if place < 2 or topic.score >= OFFERED_FROM]
        if len(offered) > 1 and sum(topic.score for topic in offered) >= CHOICES_FROM:
            return Match("choices", topics, tuple(topic.id for topic in offered))
        return Match("miss", topics)

    def explain(self, question: str, likely: Collection[str] = ()) -> Explanation:
        """The features and scores of the entries nearest to a question, best first, ties by id."""
        asked = self._question(question)
        subjects = self._index.subjects
        nearest = self._index.nearest(asked.vectors, _CANDIDATES)
        found = [self._features(asked, at) for at in nearest]
        best = max((sum(features[:3]) for features in found), default=0.0)
        for features in found:
            features[_LEAD] = sum(features[:3]) / best if best else 0.0
        none = self._none_features(asked, best, found)
        odds = [_dot(features, self._entry) for features in found]
        unmeant = _shares([_dot(none, self._none), *odds])[0]
        preferred = [
            value + LIKELY * (subjects[at].id in likely) - BEYOND * subjects[at].beyond
            for value, at in zip(odds, nearest, strict=True)
        ]
        clues = [
            Clue(subjects[at].id, (1.0 - unmeant) * share, dict(zip(FEATURES, features, strict=True)))
            for at, share, features in zip(nearest, _shares(preferred), found, strict=True)
        ]
        clues.sort(key=lambda clue: (-clue.score, clue.id))
        return Explanation(asked.reading, tuple(clues), unmeant, dict(zip(NONE_FEATURES, none, strict=True)))

    def _question(self, question: str) -> _Question:
        index = self._index
        reading = read(question)
        chars, sounds, concepts = (view.ids for view in index.views)
        vectors, unknown = index.vectors(reading)
        return _Question(
            reading,
            index.coded(reading.sounds),
            vectors,
            unknown,
            _words(reading, chars, sounds),
            _units(reading, sounds, concepts),
        )

    def _none_features(self, asked: _Question, best: float, found: Sequence[Sequence[float]]) -> list[float]:
        size = len(asked.reading.chars)
        return [
            1.0,
            asked.unknown[0],
            asked.unknown[1],
            float(not asked.vectors[2]),
            1.0 / (1.0 + size),
            min(size, 60) / 60,
            best / 3,
            *(max((features[at] for features in found), default=0.0) for at in _BEST_KNOWN),
            1.0 - min((features[_UNCOVERED] for features in found), default=1.0),
            *asked.strange(*(vector.keys() for vector in asked.vectors)),
        ]

    def _features(self, asked: _Question, at: int) -> list[float]:
        """In the order of FEATURES; what depends on the other candidates is still 0."""
        index = self._index
        subject = index.subjects[at]
        parts = [index.compare(view, vector, at) for view, vector in enumerate(asked.vectors)]
        chars, sounds, concepts = (part.cosines for part in parts)
        together = [sum(each) for each in zip(chars, sounds, concepts, strict=True)]
        near = nlargest(_FUZZED, range(len(together)), key=together.__getitem__)
        coded, folded, asking = asked.coded, asked.reading.folded, asked.reading.asking
        ratio = sound_ratio = partial = 0.0
        same = fits = False
        for number in near:
            other = subject.coded[number]
            ratio = max(ratio, fuzz.ratio(folded, subject.folded[number]))
            sound_ratio = max(sound_ratio, fuzz.ratio(coded, other))
            if min(len(coded), len(other)) >= _SHORT:
                partial = max(partial, fuzz.partial_ratio(coded, other))
            same = same or coded == other
            fits = fits or asking <= subject.askings[number]
        return [
            *(sum(part.cosines) / view.norms[at] for view, part in zip(index.views, parts, strict=True)),
            max(chars),
            max(sounds),
            max(concepts),
            *(part.known for part in parts),
            max(together) / 3,
            ratio / 100,
            sound_ratio / 100,
            partial / 100,
            float(same and bool(coded)),
            float(fits and bool(asking)),
            len(asking - subject.asking) / len(asking) if asking else 0.0,
            0.0,
            *asked.strange(*(set(part.grams) for part in parts)),
        ]
