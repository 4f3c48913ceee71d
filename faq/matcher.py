"""Which entry answers a question. An index is built from entries at once and never changed; asking is a pure function of
the index and the words. Must not know files of content, conversations, time or chance.

A question and every phrasing are seen in three views: characters, fuzzy pinyin syllables, concepts of the lexicon. An
inverted index over entries finds candidates; a few features of each, rapidfuzz among them, go into one linear model with
an extra outcome "none of them" (`weights.yaml`). Its softmax is the score: the probability that the entry is meant.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from rapidfuzz import fuzz

from faq.model import Candidate, Entry, Match
from faq.text import Reading, everyday, read

ANSWER_FROM = 0.6  # score of the best topic from which it is answered at once
MARGIN_FROM = 0.25  # and by which it must lead the second
CHOICES_FROM = 0.35  # chance that any of the offered topics is meant, from which a choice is offered
OFFERED = 3  # topics in a choice, at most
OFFERED_FROM = 0.04  # score below which a topic is not worth offering (a choice has two at least)
LIKELY = 0.5  # what belonging to the present step adds to a topic's log-odds
TOPICS = 5  # topics in a Match
_CANDIDATES = 12  # entries that are looked at closely
_FUZZED = 4  # phrasings of an entry that rapidfuzz compares
_SHORT = 4  # units under which partial ratios say nothing

VIEWS = ("chars", "sounds", "concepts")
FEATURES = (
    "chars_centre", "sounds_centre", "concepts_centre", "chars_best", "sounds_best", "concepts_best",
    "ratio", "sound_ratio", "partial", "chars_known", "sounds_known", "concepts_known", "held", "asking", "asking_missed", "same",
    "lead", "beyond", "strange",
)
NONE_FEATURES = ("bias", "chars_unknown", "sounds_unknown", "concepts_none", "short", "long", "best_centre", "best_match", "strange_nouns", "strange_verbs", "strange")


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model: what each feature of a candidate, and of "none of them", adds to its log-odds."""

    entry: Mapping[str, float]
    none: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Clue:
    """Why a candidate was scored as it was: its features (most are 0–1) and its score."""

    id: str
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything the matcher saw in a question; `clues` best first, `none` is the chance that no entry is meant."""

    reading: Reading
    clues: tuple[Clue, ...]
    none: float
    none_features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Phrasing:
    folded: str
    sounds: str
    asking: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Subject:
    """An entry as it is indexed. `grams[view]`: gram → (phrasing, weight) pairs; `norms[view]`: length of each phrasing."""

    id: str
    beyond: bool
    phrasings: tuple[_Phrasing, ...]
    grams: tuple[Mapping[str, Sequence[tuple[int, float]]], ...]
    asking: frozenset[str]


@cache
def weights() -> Weights:
    """The weights that ship."""
    data: dict[str, Any] = yaml.load(resources.files("faq").joinpath("weights.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Weights(entry=data["entry"], none=data["none"])


def _pairs(units: Sequence[str]) -> list[str]:
    grams = list(units)
    grams += [f"{first} {second}" for first, second in zip(units, units[1:], strict=False)]
    return grams


def _steps(units: Sequence[str]) -> set[str]:
    """The pairs of neighbours in a word; the word itself when it is one unit."""
    return {f"{first} {second}" for first, second in zip(units, units[1:], strict=False)} or set(units)


def _grams(reading: Reading) -> tuple[dict[str, float], ...]:
    """The grams of each view with their strength in the text, 0–1."""
    concepts = dict(reading.concepts)
    subjects = sorted(name for name in concepts if name not in reading.asking)
    for at, first in enumerate(subjects):
        for second in subjects[at + 1:]:
            concepts[f"{first} {second}"] = concepts[first] * concepts[second]
    return (dict.fromkeys(_pairs(reading.chars), 1.0), dict.fromkeys(_pairs(reading.sounds), 1.0), concepts)


class Matcher:
    """An index over entries; the same whatever their order."""

    def __init__(self, entries: Iterable[Entry], weights_: Weights | None = None) -> None:
        self._weights = weights_ or weights()
        ordered = sorted(entries, key=lambda entry: entry.id)
        read_entries = [[read(line) for line in dict.fromkeys((entry.title, *entry.phrasings))] for entry in ordered]
        grams = [[_grams(reading) for reading in readings] for readings in read_entries]
        count = len(ordered) + 1
        self._idf: list[dict[str, float]] = []
        for view in range(len(VIEWS)):
            spread = Counter(gram for lines in grams for gram in set().union(*(line[view] for line in lines)))
            self._idf.append({gram: math.log(count / (found + 0.5)) + 0.1 for gram, found in spread.items()})
        self._unknown = math.log(count / 0.5) + 0.1
        self._codes: dict[str, str] = {}
        self._postings: list[dict[str, list[tuple[int, float]]]] = [{} for _ in VIEWS]
        self._subjects = [self._subject(at, entry, readings, lines)
                          for at, (entry, readings, lines) in enumerate(zip(ordered, read_entries, grams, strict=True))]

    def _subject(self, at: int, entry: Entry, readings: list[Reading], lines: list[tuple[dict[str, float], ...]]) -> _Subject:
        inner: list[dict[str, list[tuple[int, float]]]] = []
        for view in range(len(VIEWS)):
            idf = self._idf[view]
            held: dict[str, list[tuple[int, float]]] = {}
            centre: dict[str, float] = {}
            for number, line in enumerate(lines):
                weighed = {gram: strength * idf[gram] for gram, strength in line[view].items()}
                norm = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
                for gram, weight in weighed.items():
                    held.setdefault(gram, []).append((number, weight / norm))
                    centre[gram] = centre.get(gram, 0.0) + weight / norm
            norm = math.sqrt(sum(weight * weight for weight in centre.values())) or 1.0
            for gram, weight in centre.items():
                self._postings[view].setdefault(gram, []).append((at, weight / norm))
            inner.append(held)
        phrasings = tuple(_Phrasing(reading.folded, self._coded(reading.sounds, learn=True), reading.asking) for reading in readings)
        return _Subject(entry.id, entry.source == "beyond", phrasings, tuple(inner), frozenset().union(*(p.asking for p in phrasings)))

    def _coded(self, sounds: Sequence[str], *, learn: bool = False) -> str:
        """Syllables as one character each, so that rapidfuzz compares syllables; unknown ones are all alike."""
        if learn:
            for sound in sounds:
                self._codes.setdefault(sound, chr(0xF0001 + len(self._codes)))
        return "".join(self._codes.get(sound, "\U000f0000") for sound in sounds)

    def explain(self, question: str, likely: Collection[str] = ()) -> Explanation:
        """The features and scores of the entries nearest to a question, best first, ties by id."""
        reading = read(question)
        grams = _grams(reading)
        vectors: list[dict[str, float]] = []
        known: list[float] = []
        for view in range(len(VIEWS)):
            idf = self._idf[view]
            weighed = {gram: strength * idf.get(gram, self._unknown) for gram, strength in grams[view].items()}
            norm = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
            vectors.append({gram: weight / norm for gram, weight in weighed.items() if gram in idf})
            known.append(sum(weight * weight for weight in vectors[-1].values()))
        centres = self._centres(vectors)
        totals = [sum(scores) for scores in zip(*centres, strict=True)]
        nearest = sorted((at for at, total in enumerate(totals) if total > 0), key=lambda at: -totals[at])[:_CANDIDATES]
        best = max((totals[at] for at in nearest), default=0.0)
        coded = self._coded(reading.sounds)
        words = [(_steps(reading.chars[start:end]), _steps(reading.sounds[start:end]), noun) for start, end, noun in everyday(reading)]
        strange = [noun for written, heard, noun in words
                   if not (self._idf[0].keys() >= written or self._idf[1].keys() >= heard)]
        found = [self._features(at, reading, coded, vectors, [scores[at] for scores in centres], best, words) for at in nearest]
        none = {
            "bias": 1.0,
            "chars_unknown": 1.0 - known[0],
            "sounds_unknown": 1.0 - known[1],
            "concepts_none": float(not vectors[2]),
            "short": 1.0 / (1.0 + len(reading.chars)),
            "long": min(len(reading.chars), 60) / 60,
            "best_centre": best / 3,
            "best_match": max((features["sounds_best"] for features in found), default=0.0),
            "strange_nouns": min(2, sum(strange)) / 2,
            "strange_verbs": min(2, len(strange) - sum(strange)) / 2,
            "strange": float(bool(strange)),
        }
        entry_weights = self._weights.entry
        odds = [sum(entry_weights[name] * value for name, value in features.items())
                + (LIKELY if self._subjects[at].id in likely else 0.0) for at, features in zip(nearest, found, strict=True)]
        odds_none = sum(self._weights.none[name] * value for name, value in none.items())
        top = max([odds_none, *odds])
        mass = [math.exp(value - top) for value in odds]
        total = sum(mass) + math.exp(odds_none - top)
        clues = sorted((Clue(self._subjects[at].id, share / total, features)
                        for at, share, features in zip(nearest, mass, found, strict=True)), key=lambda clue: (-clue.score, clue.id))
        return Explanation(reading, tuple(clues), math.exp(odds_none - top) / total, none)

    def _centres(self, vectors: list[dict[str, float]]) -> list[list[float]]:
        """For each view the cosine of the question with the centre of every entry."""
        centres = []
        for vector, postings in zip(vectors, self._postings, strict=True):
            scores = [0.0] * len(self._subjects)
            for gram, weight in vector.items():
                for at, share in postings[gram]:
                    scores[at] += weight * share
            centres.append(scores)
        return centres

    def _features(self, at: int, reading: Reading, coded: str, vectors: list[dict[str, float]], centres: list[float], best: float, words: list[tuple[set[str], set[str], bool]]) -> dict[str, float]:
        subject = self._subjects[at]
        size = len(subject.phrasings)
        match = [[0.0] * size for _ in VIEWS]
        covered = [0.0] * len(VIEWS)
        for view, vector in enumerate(vectors):
            scores = match[view]
            inner = subject.grams[view]
            for gram, weight in vector.items():
                held = inner.get(gram)
                if held:
                    covered[view] += weight * weight
                    for number, share in held:
                        scores[number] += weight * share
        together = [sum(scores) for scores in zip(*match, strict=True)]
        closest = sorted(range(size), key=lambda number: -together[number])[:_FUZZED]
        near = [subject.phrasings[number] for number in closest]
        sound_ratios = [fuzz.ratio(coded, phrasing.sounds) / 100 for phrasing in near]
        partial = 0.0
        if len(coded) >= _SHORT:
            partial = max((fuzz.partial_ratio(coded, phrasing.sounds) / 100 for phrasing in near if len(phrasing.sounds) >= _SHORT), default=0.0)
        asking = reading.asking
        return {
            "chars_centre": centres[0],
            "sounds_centre": centres[1],
            "concepts_centre": centres[2],
            "chars_best": max(match[0]),
            "sounds_best": max(match[1]),
            "concepts_best": max(match[2]),
            "ratio": max(fuzz.ratio(reading.folded, phrasing.folded) / 100 for phrasing in near),
            "sound_ratio": max(sound_ratios),
            "partial": partial,
            "chars_known": covered[0],
            "sounds_known": covered[1],
            "concepts_known": covered[2],
            "held": max(together) / 3,
            "asking": float(bool(asking) and any(asking <= phrasing.asking for phrasing in near)),
            "asking_missed": len(asking - subject.asking) / len(asking) if asking else 0.0,
            "same": float(any(reading.sounds and coded == phrasing.sounds for phrasing in near)),
            "lead": sum(centres) / best,
            "beyond": float(subject.beyond),
            "strange": min(2, sum(1.0 if noun else 0.5 for written, heard, noun in words
                           if not (subject.grams[0].keys() >= written or subject.grams[1].keys() >= heard))) / 2,
        }

    def ask(self, question: str, likely: Collection[str] = ()) -> Match:
        """The verdict on a question; `likely` are topics of the asker's present step, preferred mildly."""
        seen = self.explain(question, likely)
        topics = tuple(Candidate(clue.id, clue.score) for clue in seen.clues[:TOPICS])
        if not topics or seen.reading.hollow:
            return Match("miss", topics)
        second = topics[1].score if len(topics) > 1 else 0.0
        if topics[0].score >= ANSWER_FROM and topics[0].score - second >= MARGIN_FROM:
            return Match("answer", topics, (topics[0].id,))
        offered = [topic for topic in topics[:OFFERED] if topic.score >= OFFERED_FROM]
        if len(offered) > 1 and sum(topic.score for topic in offered) >= CHOICES_FROM:
            return Match("choices", topics, tuple(topic.id for topic in offered))
        return Match("miss", topics)
