"""Which entry answers a question. Asking is a pure function of the index and the words. Must not know files of content,
conversations, time or chance.

A few features of the nearest entries, rapidfuzz among them, go into one linear model that has an extra outcome "none of
them" (`weights.yaml`; `bench/faq_train.py` makes it). Its softmax is the score: the chance that the entry is meant. A
feature has two weights, for a short message and for a story, in which much is circumstance that no entry knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import yaml

from faq.features import Fit, Outside, compare, question
from faq.index import Floats, Index, Subject
from faq.model import Candidate, Entry, Match
from faq.reading import Reading, hollow, read

ANSWER_FROM = 0.71  # score of the best topic from which it is answered at once
MARGIN_FROM = 0.25  # and by which it must lead the second
CHOICES_FROM = 0.32  # chance that any of the offered topics is meant, from which a choice is offered
OFFERED_FROM = 0.03  # score under which a third topic is not worth offering
OFFERED = 3  # topics in a choice, at most
TOPICS = 5  # topics in a Match
LIKELY = 0.5  # what belonging to the asker's present step adds to a topic's log-odds
BEYOND = 1.2  # what lies beyond the notice loses: where both fit, what the notice says goes before it
TAUGHT = 20  # lines of an entry that has been taught enough
THIN = 0.75  # what an entry gains in log-odds when its lines are e-fold fewer; measured with three of forty
VERBATIM = 8.0  # what an entry gains for a question that is one of its lines to the letter
VERBATIM_NONE = 0.02  # chance that such a question means no entry, at most
SHORT, STORY = 10, 40  # units of a message up to which, and from which, the one or the other weight holds alone
_CANDIDATES = 8  # entries that are looked at closely
_RATIO = Fit._fields.index("ratio")
_PARTS = 4  # sentences of a message that are asked one by one, at most

_SENTENCE_END = re.compile(r"[?？!！。;；\n]+|另外|还有就是|还有，|还有,|顺便|再问")


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model: what each feature of a candidate, and of "none of them", adds to its log-odds: in a short
    message, in a story.
    """

    entry: Mapping[str, tuple[float, float]]
    none: Mapping[str, tuple[float, float]]


def story(size: int) -> float:
    """How much a message of so many units is a story, 0–1."""
    return min(max((size - SHORT) / (STORY - SHORT), 0.0), 1.0)


def weight(pair: tuple[float, float], story: float) -> float:
    """The weight of a feature in a message that is a story so much."""
    short, long = pair
    return short + story * (long - short)


class Weighed(NamedTuple):
    """A message, or a sentence of it, whoever asks: the log-odds of the nearest topics among each other, and the chance
    0–1 that no entry is meant. `hollow`: it names no subject, so nothing is offered.
    """

    odds: Mapping[str, float]
    none: float
    hollow: bool


class Clue(NamedTuple):
    """Why a candidate was scored as it was: its score and its features, all 0–1."""

    id: str
    score: float
    features: Fit


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the matcher saw in a question: `clues` best first, `none` the chance that no entry is meant, and what
    speaks for that.
    """

    reading: Reading
    clues: tuple[Clue, ...]
    none: float
    none_features: Outside

    @property
    def margin(self) -> float:
        """By how much, 0–1, the best score leads the second."""
        best, second, *_ = (*(clue.score for clue in self.clues), 0.0, 0.0)
        return best - second

    def __str__(self) -> str:
        """For a person: what was read, then a line for each candidate with the features that it has."""
        lines = [f"{self.reading.folded!r} names {', '.join(self.reading.concepts) or 'no concept'}"]
        lines += [f"{score:.3f} {name}: {_shown(features)}" for name, score, features in self.clues]
        return "\n".join(
            [*lines, f"{self.none:.3f} none of them: {_shown(self.none_features)}", f"margin {self.margin:.3f}"]
        )


def _shown(features: Fit | Outside) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in features._asdict().items() if abs(value) >= 0.005)


@cache
def weights() -> Weights:
    """The weights that ship."""
    text = resources.files("faq").joinpath("weights.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return Weights(entry=data["entry"], none=data["none"])


def _untaught(subject: Subject) -> float:
    """Return what an entry gains for lines that it lacks: a question shares less with few, and means it as much."""
    return THIN * max(math.log(TAUGHT / len(subject.lines)), 0.0)


def _shares(odds: Sequence[float]) -> list[float]:
    """Log-odds as shares of 1."""
    top = max(odds, default=0.0)
    shares = [math.exp(value - top) for value in odds]
    total = sum(shares)
    return [share / total for share in shares]


class Matcher:
    """Answers questions from entries; the same whatever the order of the entries."""

    def __init__(
        self,
        entries: Iterable[Entry],
        model: Weights | None = None,
        before: Matcher | None = None,
        index: Index | None = None,
    ) -> None:
        """`before` may be a matcher of an earlier state of the entries: what did not change is not read again. `index`
        may be one that was built of entries before, instead of these.
        """
        model = model or weights()
        self._entry = np.array([model.entry[name] for name in Fit._fields])
        self._none = np.array([model.none[name] for name in Outside._fields])
        self.index: Index = index or Index(entries, before.index if before else None)

    def ask(self, question: str, likely: Collection[str] = ()) -> Match:
        """The verdict on a question; `likely` are topics of the asker's present step, preferred mildly."""
        return verdict(self.look(question), likely)

    def look(self, question: str) -> tuple[Weighed, ...]:
        """All that does not depend on who asks: the whole question, then each sentence of one that has several."""
        parts = [part for part in _SENTENCE_END.split(question) if part.strip()]
        if not 1 < len(parts) <= _PARTS:
            parts = []
        readings = [read(text) for text in (question, *parts)]
        return tuple([seen.weighed for seen in self._see(readings, [_is_empty(own) for own in readings])])

    def weigh(self, texts: Iterable[str]) -> list[Weighed]:
        """Each text as one question, whoever asks; one that names no subject is near nothing."""
        readings = [read(text) for text in texts]
        empty = [_is_empty(own) for own in readings]
        full = [own for own, nothing in zip(readings, empty, strict=True) if not nothing]
        seen = iter(self._see(full, [False] * len(full)))
        return [Weighed({}, 1.0, hollow=True) if nothing else next(seen).weighed for nothing in empty]

    def explain(self, text: str, likely: Collection[str] = ()) -> Explanation:
        """The features and scores of the entries nearest to a question, best first, ties by id."""
        reading = read(text)
        (seen,) = self._see([reading], [_is_empty(reading)])
        features = dict(zip(seen.weighed.odds, (Fit(*fit) for fit in seen.fits.tolist()), strict=True))
        clues = [Clue(topic.id, topic.score, features[topic.id]) for topic in _ranked(seen.weighed, likely)]
        return Explanation(reading, tuple(clues), seen.weighed.none, Outside(*seen.outside.tolist()))

    def _see(self, readings: Sequence[Reading], empty: Sequence[bool]) -> list[_Seen]:
        """Weigh questions, all at once: most of the time goes into numpy's calls, however little each has to do."""
        if not readings:
            return []
        asked = [question(reading, self.index) for reading in readings]
        near = self.index.nearest([one.vector for one in asked], _CANDIDATES)
        fits, outside = compare(asked, near)
        length = np.array([story(len(reading.chars)) for reading in readings])
        verbatim = fits[:, _RATIO] == 1.0
        odds = (fits * _blend(self._entry, length[near.questions])).sum(axis=1)
        odds += [_untaught(subject) for subject in near.subjects] + VERBATIM * verbatim
        none = (outside * _blend(self._none, length)).sum(axis=1).tolist()
        ends = np.searchsorted(near.questions, np.arange(len(asked) + 1)).tolist()
        seen = []
        for at, (start, end) in enumerate(pairwise(ends)):
            exact, subjects, own = any(verbatim[start:end].tolist()), near.subjects[start:end], odds[start:end].tolist()
            unmeant = _shares([none[at], *own])[0]
            weighed = Weighed(
                {subject.id: value - BEYOND * subject.beyond for subject, value in zip(subjects, own, strict=True)},
                min(unmeant, VERBATIM_NONE) if exact else unmeant,
                empty[at] and not exact,
            )
            seen.append(_Seen(weighed, fits[start:end], outside[at]))
        return seen


def _is_empty(reading: Reading) -> bool:
    """Whether nothing is offered for a text: it names no subject."""
    return len(reading.folded) < 2 or hollow(reading)


class _Seen(NamedTuple):
    """A question, weighed; by near entry the numbers of its `Fit`, and those of an `Outside`."""

    weighed: Weighed
    fits: Floats
    outside: Floats


def _blend(pairs: Floats, story: Floats) -> Floats:
    """The weights of all features, by message that is a story so much: `weight` of each."""
    short, long = pairs.T
    blended: Floats = short + story[:, None] * (long - short)
    return blended


def verdict(looked: Sequence[Weighed], likely: Collection[str] = ()) -> Match:
    """What follows from a look at a question for somebody to whom these topics are likely."""
    whole, *parts = [_judged(weighed, likely) for weighed in looked]
    answers = [match for match in parts if match.verdict == "answer"]
    chosen = tuple(dict.fromkeys(match.chosen[0] for match in answers))[:2]
    if len(chosen) < 2:
        return whole
    best: dict[str, float] = {}
    for topic in (topic for match in (*answers, whole) for topic in match.topics):
        best[topic.id] = max(topic.score, best.get(topic.id, 0.0))
    return Match("answer", tuple(_best_first(best)[:TOPICS]), chosen)


def _judged(weighed: Weighed, likely: Collection[str]) -> Match:
    topics = tuple(_ranked(weighed, likely)[:TOPICS])
    if not topics or weighed.hollow:
        return Match("miss", topics)
    best, second, *_ = (*[topic.score for topic in topics], 0.0)
    if best >= ANSWER_FROM and best - second >= MARGIN_FROM:
        return Match("answer", topics, (topics[0].id,))
    offered = [topic for place, topic in enumerate(topics[:OFFERED]) if place < 2 or topic.score >= OFFERED_FROM]
    if len(offered) > 1 and sum(topic.score for topic in offered) >= CHOICES_FROM:
        return Match("choices", topics, tuple(topic.id for topic in offered))
    return Match("miss", topics)


def _ranked(weighed: Weighed, likely: Collection[str]) -> list[Candidate]:
    shares = _shares([value + LIKELY * (topic in likely) for topic, value in weighed.odds.items()])
    return _best_first({topic: (1.0 - weighed.none) * share for topic, share in zip(weighed.odds, shares, strict=True)})


def _best_first(scores: Mapping[str, float]) -> list[Candidate]:
    topics = [Candidate(topic, score) for topic, score in scores.items()]
    return sorted(topics, key=lambda topic: (-topic.score, topic.id))
