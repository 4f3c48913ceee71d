"""A message compared with all words and with the FAQ: everything that is the same wherever it is typed. Pure. Must not
know what anything means at a place, or weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bot.reading.acks import is_ack
from bot.reading.classifier import Classifier
from bot.reading.message import Message, Segment
from bot.reading.phrasebook import NO_GROUP, Numbers, Phrasebook, TextComparison
from bot.reading.place import Place
from faq.matcher import Weighed

TOPICS = 4  # topics of the FAQ that compete for a segment, at most
BESIDE = 1  # topics of what stands around it that do too
_LIKELY = 0.4  # chance from which a topic is one of those that a message asks about
_FLOOR = 1e-4  # of a chance, before its logarithm is taken
IN_CONTEXT = 2  # segments that the FAQ is asked behind the words for what is spoken of, at most
_SHORT = 16  # units of the longest of them: who says more says what he speaks of
ASKED = 6  # segments of a message that the FAQ is asked, at most
_SHARED: Mapping[str, int] = {"command": 4, "social": 2, "dark": 2}
"""The kinds of groups that all places share, and how many of each compete for a segment."""
_NEW = "new.new"  # the group of questions that no entry answers

STANCES = (
    "ask", "going", "yet", "later", "cannot", "unsure", "forgot", "done", "seen", "got", "wrong", "right", "ungot",
    "unseen", "slip", "again", "need", "quote", "but", "unreached", "lost", "yes", "no", "have", "none", "same",
    "differ", "pressed", "all", "except", "not", "begin", "back", "know", "mine", "stranger", "reached",
    "allowed", "refused", "if", "kin",
)  # fmt: skip
"""The stances that speak for or against whole kinds of meanings."""

Weigh: TypeAlias = Callable[[Sequence[str]], Sequence[Weighed]]
"""What the FAQ makes of each of some texts."""


class Traits(NamedTuple):
    """The traits of a segment whatever it means: features 0–1, and its characters and pairs of them."""

    features: Sequence[tuple[str, float]]
    grams: Sequence[str]


class Shares(NamedTuple):
    """What the FAQ makes of a text, and by near topic its share 0–1 among them."""

    weighed: Weighed
    shares: Mapping[str, float]

    @classmethod
    def of(cls, weighed: Weighed) -> Shares:
        """Return the shares of the topics that are near a text."""
        top = max(weighed.odds.values(), default=0.0)
        odds = {topic: math.exp(value - top) for topic, value in weighed.odds.items()}
        total = sum(odds.values())
        return cls(weighed, {topic: value / total for topic, value in odds.items()})

    def find_chance(self, topic: str) -> float:
        """Return the chance 0–1 that a topic is meant."""
        return self.shares.get(topic, 0.0) * (1.0 - self.weighed.none)

    def find_odds(self, topic: str) -> float:
        """Return the logarithm of the share of a topic, in fifths."""
        return math.log(max(self.shares.get(topic, 0.0), _FLOOR)) / 5

    def find_best(self, topics: Collection[str]) -> float:
        """Return the chance 0–1 of the likeliest of some topics."""
        return max([self.find_chance(topic) for topic in self.shares if topic in topics], default=0.0)

    def rank(self, limit: int) -> list[str]:
        """Return the nearest topics, at most so many."""
        return sorted(self.shares, key=lambda topic: (-self.shares[topic], topic))[:limit]


class QuestionLook:
    """What the FAQ makes of a segment: whether any entry is `meant` (as log-odds), whether it is `hollow`, and the
    nearest topics with features.
    """

    def __init__(self, own: Shares, parts: Sequence[tuple[str, float]], wider: Shares, whole: Shares) -> None:
        """`parts` are the nearest topics of the segments inside it, each with its chance; `wider` is what the FAQ makes
        of it together with what stands before, `whole` of the whole message.
        """
        self._own, self._parts, self._wider, self._whole = own, parts, wider, whole
        weighed = own.weighed
        self.meant: float = (math.log(max(1.0 - weighed.none, _FLOOR)) - math.log(max(weighed.none, _FLOOR))) / 5
        self.hollow: float = float(weighed.hollow)
        topics = dict.fromkeys((*own.rank(TOPICS), *wider.rank(BESIDE), *whole.rank(BESIDE)))
        self.topics: Mapping[str, Mapping[str, float]] = {topic: self.describe(topic) for topic in topics}

    def find_best(self, topics: Collection[str]) -> float:
        """Return the chance 0–1 of the likeliest of some topics."""
        return self._own.find_best(topics)

    def describe(self, topic: str) -> Mapping[str, float]:
        """Return the features of a topic that are the same at every place."""
        inside = [value for name, value in self._parts if name == topic]
        others = [value for name, value in self._parts if name != topic]
        return {
            "question.meant": self.meant,
            "question.hollow": self.hollow,
            "question.share": self._own.find_odds(topic),
            "question.score": self._own.find_chance(topic),
            "question.inside": max(inside) if inside else 0.0,
            "question.others_inside": max(others) if others else 0.0,
            "question.wider": self._wider.find_chance(topic),
            "question.whole": self._whole.find_odds(topic),
        }


class Look:
    """A message with its segments. By segment: `shared` are the groups of all places that are nearest, each with its
    likeness, `new` the likeness to questions that no entry answers, `traits` what it shows whatever it means; `parts`
    are the segments inside it, `before` those that end where it begins. `ranked` are the segments that the FAQ is asked
    about, and `asked` what it makes of them. A `bare` acknowledgement is compared with nothing.
    """

    def __init__(self, message: Message, book: Phrasebook, weigh: Weigh, place: Place, classifier: Classifier) -> None:
        """`place` is where it was typed first: for what is asked there, the FAQ is asked in one go with all else."""
        self.message, self.book, self._weigh = message, book, weigh
        self.bare: bool = is_ack(message.chars)
        self.segments: list[Segment] = [message.whole] if self.bare else list(message.segments())
        if self.bare:
            self.traits: list[Traits] = [_find_traits(message.whole, {})]
            return
        texts = [segment.text for segment in self.segments]
        self.features = classifier.find_features(texts)
        self.shared_scores = classifier.share(self.features)
        self.ranked: list[int] = sorted(range(len(self.segments)), key=lambda at: (self.segments[at].rank, at))[:ASKED]
        words = [self.segments[at].words for at in self.ranked]
        weighed = weigh([*words, *self._list_in_context(place).values()])[: len(words)]
        self._look_inside(dict(zip(self.ranked, weighed, strict=True)))
        self._comparison = TextComparison(book, texts, self._find_inside())
        new = book.number.get(_NEW, NO_GROUP)
        nearest = np.hstack([self._find_nearest(kind, limit) for kind, limit in _SHARED.items()])
        like = self._comparison.compare(np.insert(nearest, 0, new, axis=1)).tolist()
        self.new: list[Sequence[float]] = [own[0] for own in like]
        self.shared: list[list[tuple[int, Sequence[float]]]] = [
            list(zip(groups, own[1:], strict=True)) for groups, own in zip(nearest.tolist(), like, strict=True)
        ]

    def ask_in_context(self, place: Place) -> dict[int, Shares]:
        """Return by short segment what the FAQ makes of it behind the words for what is spoken of: 过期了怎么办 is
        another question where a code is entered than where a day is.
        """
        texts = self._list_in_context(place)
        return {at: Shares.of(own) for at, own in zip(texts, self._weigh([*texts.values()]), strict=True)}

    def _list_in_context(self, place: Place) -> dict[int, str]:
        """Return by segment the text that the FAQ is asked at a place."""
        if not place.about:
            return {}
        short = [at for at in self.ranked if len(self.segments[at].text.chars) <= _SHORT]
        asked = [at for at in short if self.segments[at].does_ask or (self.segments[at].is_whole and place.topic)]
        return {at: f"{place.about} {self.segments[at].words}" for at in asked[:IN_CONTEXT]}

    def _look_inside(self, weighed: Mapping[int, Weighed]) -> None:
        """Find the segments inside each segment, and what these ask."""
        spans = [(segment.first, segment.last) for segment in self.segments]
        self.parts = [
            [part for part, (start, end) in enumerate(spans) if first <= start and end <= last and part != at]
            for at, (first, last) in enumerate(spans)
        ]
        self.before = [[part for part, (_, end) in enumerate(spans) if end == first] for first, _ in spans]
        shares = {at: _share_best(own) for at, own in weighed.items() if own.odds}
        asks = [segment.does_ask for segment in self.segments]
        topics = [[shares[part] for part in parts if part in shares] for parts in self.parts]
        seen = {at: Shares.of(own) for at, own in weighed.items()}
        whole = seen[self.ranked[0]]
        self.asked = {at: QuestionLook(own, topics[at], self._widen(at, seen), whole) for at, own in seen.items()}
        self.traits = []
        for at, parts in enumerate(self.parts):
            asked = [shares[part] for part in parts if part in shares and asks[part]]
            inside = {
                "topics_inside": max([share for _, share in topics[at]], default=0.0),
                "asked_inside": max([share for _, share in asked], default=0.0),
                "askings": max(sum(self.segments[at].asking) - 1.0, 0.0),
                "topics": max(len({topic for topic, share in asked if share >= _LIKELY}) - 1.0, 0.0),
            }
            self.traits.append(_find_traits(self.segments[at], inside))

    def _widen(self, at: int, seen: Mapping[int, Shares]) -> Shares:
        """Return what the FAQ makes of a segment with the least that stands before it; of itself where nothing does."""
        own = self.segments[at]
        wider = [
            part for part in seen if self.segments[part].last == own.last and self.segments[part].first < own.first
        ]
        return seen[max(wider, key=lambda part: self.segments[part].first, default=at)]

    def _find_nearest(self, kind: str, limit: int) -> Numbers:
        """Return by segment the groups of a kind that are nearest."""
        groups = self.book.numbers_of(kind)
        order = (-self._comparison.together[:, groups]).argsort(axis=1, kind="stable")
        return groups[order[:, :limit]]

    def _find_inside(self) -> dict[tuple[int, int], float]:
        """Return by segment and group the share of the segment that a line of the group makes up."""
        found: dict[tuple[int, int], float] = {}
        lines = self.book.lines_in(self.message.chars)
        for at, segment in enumerate(self.segments):
            start, end = segment.span
            for first, last, group in lines:
                if start <= first and last <= end:
                    found[at, group] = max(found.get((at, group), 0.0), (last - first) / (end - start))
        return found

    def compare(self, groups: Numbers) -> list[list[Sequence[float]]]:
        """Return for each segment its greatest likeness to each row of groups, as the numbers of a `Likeness`."""
        flat = groups.ravel()[None].repeat(len(self.segments), axis=0)
        like = self._comparison.compare(flat).reshape(len(self.segments), *groups.shape, -1)
        found: list[list[Sequence[float]]] = like.max(axis=2).tolist()
        return found

    def find_closest(self, groups: Numbers, segments: Sequence[int]) -> list[tuple[int, float]]:
        """Return for each of some segments the nearest of some groups, and how near it is."""
        together = self._comparison.together[:, groups][segments]
        closest = together.argmax(axis=1)
        return list(zip(groups[closest].tolist(), together.max(axis=1).tolist(), strict=True))


def _find_traits(segment: Segment, inside: Mapping[str, float]) -> Traits:
    """Return the traits of a segment wherever it is typed."""
    chars, found = segment.text.mark_turned(segment.text.chars), segment.text.meaning
    rest = {
        "is": 1.0,
        "length": math.log1p(len(chars)) / 3,
        "hard": float(segment.hard_inside),
        "soft": float(segment.soft),
        "runs_on": float(segment.runs_on),
        "asked_behind": float(segment.is_asked_behind),
        "atoms": float(segment.last - segment.first - 1),
        "mark": float(segment.asks),
        "part_asks": float(segment.part_asks),
        "asks_at_last": float(segment.asking[-1] and not segment.asking[0]),
        "whole": float(segment.is_whole),
        "starts": float(segment.first == 0),
        "ends": float(segment.last == len(segment.message.atoms)),
        **inside,
    }
    own = [(name, found[name]) for name in STANCES if name in found]
    grams = (*chars, *[f"{first}{second}" for first, second in zip(("<", *chars), (*chars, ">"), strict=True)])
    return Traits([*own, *[(name, value) for name, value in rest.items() if value]], tuple(dict.fromkeys(grams)))


def _share_best(look: Weighed) -> tuple[str, float]:
    """Return the nearest topic and the chance that it is meant."""
    topic = max(look.odds, key=lambda name: (look.odds[name], name))
    total = sum(math.exp(value - look.odds[topic]) for value in look.odds.values())
    return topic, (1.0 - look.none) / total
