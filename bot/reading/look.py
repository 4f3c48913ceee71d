"""A message compared with all words and with the FAQ: everything that is the same wherever it is typed. Pure. Must not
know places, what anything means there, or weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bot.reading.acks import is_ack
from bot.reading.message import Message, Segment
from bot.reading.phrasebook import NO_GROUP, Numbers, Phrasebook, TextComparison
from faq.matcher import Weighed

TOPICS = 4  # topics of the FAQ that compete for a segment, at most
_FLOOR = 1e-4  # of a chance, before its logarithm is taken
ASKED = 8  # segments of a message that the FAQ is asked, at most
_SHARED: Mapping[str, int] = {"command": 4, "social": 2, "dark": 2}
"""The kinds of groups that all places share, and how many of each compete for a segment."""
_NEW = "new.new"  # the group of questions that no entry answers

STANCES = (
    "ask", "going", "yet", "later", "cannot", "unsure", "forgot", "done", "seen", "got", "wrong", "right", "ungot",
    "unseen", "slip", "again", "need", "quote", "but", "unreached", "lost", "yes", "no", "have", "none", "same",
    "differ", "pressed", "all", "except", "not", "begin", "back", "know", "mine", "stranger", "reached",
    "allowed", "refused",
)  # fmt: skip
"""The stances that speak for or against whole kinds of meanings."""

Weigh: TypeAlias = Callable[[Sequence[str]], Sequence[Weighed]]
"""What the FAQ makes of each of some texts."""


class Traits(NamedTuple):
    """The traits of a segment whatever it means: features 0–1, and its characters and pairs of them."""

    features: Sequence[tuple[str, float]]
    grams: Sequence[str]


class QuestionLook:
    """What the FAQ makes of a segment: whether any entry is `meant` (as log-odds), whether it is `hollow`, and the
    nearest topics with features.
    """

    def __init__(self, weighed: Weighed, parts: Sequence[tuple[str, float]]) -> None:
        """`parts` are the nearest topics of the segments inside it, each with its chance."""
        top = max(weighed.odds.values(), default=0.0)
        total = sum([math.exp(value - top) for value in weighed.odds.values()])
        self._shares = {topic: math.exp(value - top) / total for topic, value in weighed.odds.items()}
        self._none, self._parts = weighed.none, parts
        self.meant: float = (math.log(max(1.0 - weighed.none, _FLOOR)) - math.log(max(weighed.none, _FLOOR))) / 5
        self.hollow: float = float(weighed.hollow)
        ranked = sorted(self._shares, key=lambda topic: (-self._shares[topic], topic))[:TOPICS]
        self.topics: Mapping[str, Mapping[str, float]] = {topic: self.describe(topic) for topic in ranked}

    def describe(self, topic: str) -> Mapping[str, float]:
        """Return the features of a topic that are the same at every place."""
        share = self._shares.get(topic, 0.0)
        return {
            "question.meant": self.meant,
            "question.hollow": self.hollow,
            "question.share": math.log(max(share, _FLOOR)) / 5,
            "question.score": share * (1.0 - self._none),
            "question.inside": max([value for name, value in self._parts if name == topic], default=0.0),
            "question.others_inside": max([value for name, value in self._parts if name != topic], default=0.0),
        }


class Look:
    """A message with its segments. By segment: `shared` are the groups of all places that are nearest, each with its
    likeness, `new` the likeness to questions that no entry answers, `traits` what it shows whatever it means; `parts`
    are the segments inside it, `before` those that end where it begins. `ranked` are the segments that the FAQ is asked
    about, and `asked` what it makes of them. A `bare` acknowledgement is compared with nothing.
    """

    def __init__(self, message: Message, book: Phrasebook, weigh: Weigh) -> None:
        self.message, self.book = message, book
        self.bare: bool = is_ack(message.chars)
        self.segments: list[Segment] = [message.whole] if self.bare else list(message.segments())
        if self.bare:
            self.traits: list[Traits] = [_find_traits(message.whole, {})]
            return
        self.ranked: list[int] = sorted(range(len(self.segments)), key=lambda at: (self.segments[at].rank, at))[:ASKED]
        words = [self.segments[at].words for at in self.ranked]
        self._look_inside(dict(zip(self.ranked, weigh(words), strict=True)))
        self._comparison = TextComparison(book, [segment.text for segment in self.segments], self._find_inside())
        new = book.number.get(_NEW, NO_GROUP)
        nearest = np.hstack([self._find_nearest(kind, limit) for kind, limit in _SHARED.items()])
        like = self._comparison.compare(np.insert(nearest, 0, new, axis=1)).tolist()
        self.new: list[Sequence[float]] = [own[0] for own in like]
        self.shared: list[list[tuple[int, Sequence[float]]]] = [
            list(zip(groups, own[1:], strict=True)) for groups, own in zip(nearest.tolist(), like, strict=True)
        ]

    def _look_inside(self, weighed: Mapping[int, Weighed]) -> None:
        """Find the segments inside each segment, and what these ask."""
        spans = [(segment.first, segment.last) for segment in self.segments]
        self.parts = [
            [part for part, (start, end) in enumerate(spans) if first <= start and end <= last and part != at]
            for at, (first, last) in enumerate(spans)
        ]
        self.before = [[part for part, (_, end) in enumerate(spans) if end == first] for first, _ in spans]
        shares = {at: _share_best(own) for at, own in weighed.items() if own.odds}
        asks = [segment.asks or "ask" in segment.text.meaning for segment in self.segments]
        topics = [[shares[part] for part in parts if part in shares] for parts in self.parts]
        self.asked = {at: QuestionLook(own, topics[at]) for at, own in weighed.items()}
        self.traits = []
        for at, parts in enumerate(self.parts):
            asked = [shares[part][1] for part in parts if part in shares and asks[part]]
            inside = {
                "topics_inside": max([share for _, share in topics[at]], default=0.0),
                "asked_inside": max(asked, default=0.0),
            }
            self.traits.append(_find_traits(self.segments[at], inside))

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
