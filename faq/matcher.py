"""Which entry answers a question. Asking is a pure function of the index and the words. Must not know files of content,
conversations, time or chance.

A few features of the nearest entries, rapidfuzz among them, go into one linear model that has an extra outcome "none of
them" (`weights.yaml`; `bench/faq_train.py` makes it). Its softmax is the score: the chance that the entry is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from rapidfuzz import fuzz

from faq.index import VIEWS, Index, Subject, Vector, pairs
from faq.model import Candidate, Entry, Match
from faq.text import Kind, Reading, everyday, hollow, named, particles, read

ANSWER_FROM = 0.65  # score of the best topic from which it is answered at once
MARGIN_FROM = 0.25  # and by which it must lead the second
CHOICES_FROM = 0.3  # chance that any of the offered topics is meant, from which a choice is offered
OFFERED_FROM = 0.03  # score under which a third topic is not worth offering
OFFERED = 3  # topics in a choice, at most
TOPICS = 5  # topics in a Match
LIKELY = 0.5  # what belonging to the asker's present step adds to a topic's log-odds
_CANDIDATES = 12  # entries that are looked at closely
_FUZZED = 4  # phrasings of an entry that rapidfuzz compares
_SHORT = 4  # units under which a partial ratio says nothing
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
    "beyond",
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
    "elsewhere",
    "strange_noun",
    "strange_share",
    "uncovered",
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model: what each feature of a candidate, and of "none of them", adds to its log-odds."""

    entry: Mapping[str, float]
    none: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Clue:
    """Why a candidate was scored as it was: its features (0–1 all) and its score."""

    id: str
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the matcher saw in a question: `clues` best first, `none` the chance that no entry is meant."""

    reading: Reading
    clues: tuple[Clue, ...]
    none: float
    none_features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Word:
    """An everyday word of a question: its grams as written and as heard, its share of the question's units."""

    written: frozenset[str]
    heard: frozenset[str]
    kind: Kind
    share: float

    def among(self, chars: Mapping[str, object], sounds: Mapping[str, object]) -> bool:
        return self.written <= chars.keys() or self.heard <= sounds.keys()


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of a question that is no particle: its sound, the pairs it is in, the concepts of the word it is in."""

    sound: str
    pairs: tuple[str, ...]
    concepts: tuple[str, ...]

    def covered(self, sounds: Mapping[str, object], concepts: Mapping[str, object]) -> float:
        """1 when its word or its pair is there, a half when it stands there in other company."""
        if any(name in concepts for name in self.concepts) or any(pair in sounds for pair in self.pairs):
            return 1.0
        return 0.5 if self.sound in sounds else 0.0


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything about a question that does not depend on the entry."""

    reading: Reading
    coded: str
    vectors: Sequence[Vector]
    words: Sequence[_Word]
    units: Sequence[_Unit]

    def strange(
        self, chars: Mapping[str, object], sounds: Mapping[str, object], concepts: Mapping[str, object]
    ) -> dict[str, float]:
        """How much of the question is said in words that are not in the given grams."""
        strange = [word for word in self.words if not word.among(chars, sounds)]
        covered = sum(unit.covered(sounds, concepts) for unit in self.units)
        return {
            "elsewhere": float(any(word.kind == "elsewhere" for word in strange)),
            "strange_noun": float(any(word.kind == "noun" for word in strange)),
            "strange_share": sum(word.share for word in strange),
            "uncovered": 1.0 - covered / len(self.units) if self.units else 1.0,
        }


@cache
def weights() -> Weights:
    """The weights that ship."""
    text = resources.files("faq").joinpath("weights.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return Weights(entry=data["entry"], none=data["none"])


def _words(reading: Reading) -> list[_Word]:
    found = []
    for start, end, kind in everyday(reading):
        chars, sounds = reading.chars[start:end], reading.sounds[start:end]
        share = (end - start) / len(reading.chars)
        found.append(_Word(frozenset(pairs(chars) or chars), frozenset(pairs(sounds) or sounds), kind, share))
    return found


def _units(reading: Reading) -> list[_Unit]:
    concepts: dict[int, tuple[str, ...]] = {}
    for start, size, names, _ in named(reading.chars, reading.sounds):
        concepts.update(dict.fromkeys(range(start, start + size), names))
    beside = pairs(reading.sounds)
    return [
        _Unit(sound, tuple(beside[max(0, at - 1) : at + 1]), concepts.get(at, ()))
        for at, (char, sound) in enumerate(zip(reading.chars, reading.sounds, strict=True))
        if char not in particles()
    ]


def _dot(values: Mapping[str, float], model: Mapping[str, float]) -> float:
    return sum(model[name] * value for name, value in values.items())


class Matcher:
    """Answers questions from entries; the same whatever the order of the entries."""

    def __init__(self, entries: Iterable[Entry], model: Weights | None = None) -> None:
        self._model = model or weights()
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
        index = self._index
        reading = read(question)
        asked = _Question(
            reading, index.coded(reading.sounds), index.vectors(reading), _words(reading), _units(reading)
        )
        nearest = index.nearest(asked.vectors, _CANDIDATES)
        best = max((sum(centres) for _, centres in nearest), default=0.0)
        subjects = [index.subjects[at] for at, _ in nearest]
        found = [
            self._features(asked, subject, centres, best)
            for subject, (_, centres) in zip(subjects, nearest, strict=True)
        ]
        none = self._none_features(asked, best, found)
        odds = [
            _dot(features, self._model.entry) + LIKELY * (subject.id in likely)
            for subject, features in zip(subjects, found, strict=True)
        ]
        odds_none = _dot(none, self._model.none)
        top = max([odds_none, *odds])
        shares = [math.exp(value - top) for value in odds]
        total = sum(shares) + math.exp(odds_none - top)
        clues = [
            Clue(subject.id, share / total, features)
            for subject, share, features in zip(subjects, shares, found, strict=True)
        ]
        clues.sort(key=lambda clue: (-clue.score, clue.id))
        return Explanation(reading, tuple(clues), math.exp(odds_none - top) / total, none)

    def _none_features(self, asked: _Question, best: float, found: Sequence[Mapping[str, float]]) -> dict[str, float]:
        unknown = [1.0 - sum(weight * weight for weight in vector.values()) for vector in asked.vectors]
        size = len(asked.reading.chars)
        return {
            "bias": 1.0,
            "chars_unknown": unknown[0],
            "sounds_unknown": unknown[1],
            "concepts_none": float(not asked.vectors[2]),
            "short": 1.0 / (1.0 + size),
            "long": min(size, 60) / 60,
            "best_centre": best / 3,
            "best_match": max((features["sounds_best"] for features in found), default=0.0),
            **asked.strange(*self._index.idf),
        }

    def _features(self, asked: _Question, subject: Subject, centres: Sequence[float], best: float) -> dict[str, float]:
        postings = subject.postings(self._index.idf)
        scores = [[0.0] * len(subject.readings) for _ in VIEWS]
        known = [0.0] * len(VIEWS)
        for view, vector in enumerate(asked.vectors):
            score, inner = scores[view], postings[view]
            for gram, weight in vector.items():
                if held := inner.get(gram):
                    known[view] += weight * weight
                    for number, share in zip(held[::2], held[1::2], strict=True):
                        score[int(number)] += weight * share
        together = [sum(each) for each in zip(*scores, strict=True)]
        near = sorted(range(len(together)), key=lambda number: -together[number])[:_FUZZED]
        coded, asking = asked.coded, asked.reading.asking
        partial = [
            fuzz.partial_ratio(coded, subject.coded[number])
            for number in near
            if min(len(coded), len(subject.coded[number])) >= _SHORT
        ]
        return {
            "chars_centre": centres[0],
            "sounds_centre": centres[1],
            "concepts_centre": centres[2],
            "chars_best": max(scores[0]),
            "sounds_best": max(scores[1]),
            "concepts_best": max(scores[2]),
            "chars_known": known[0],
            "sounds_known": known[1],
            "concepts_known": known[2],
            "together_best": max(together) / 3,
            "ratio": max(fuzz.ratio(asked.reading.folded, subject.readings[number].folded) for number in near) / 100,
            "sound_ratio": max(fuzz.ratio(coded, subject.coded[number]) for number in near) / 100,
            "partial": max(partial, default=0.0) / 100,
            "same": float(bool(coded) and any(coded == subject.coded[number] for number in near)),
            "asking": float(bool(asking) and any(asking <= subject.readings[number].asking for number in near)),
            "asking_missed": len(asking - subject.asking) / len(asking) if asking else 0.0,
            "lead": sum(centres) / best,
            **asked.strange(*postings),
            "beyond": float(subject.beyond),
        }
