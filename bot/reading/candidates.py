"""Everything that a segment of a message may mean at a place, with the features that speak for and against it. Pure.
Must not know weights or scores: candidates of all kinds are scored alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bot.reading.acks import is_ack, opens_with_ack
from bot.reading.acts import (
    NO_TOPIC,
    AbuseAct,
    Act,
    AnswerAct,
    CommandAct,
    DistressAct,
    OfftopicAct,
    PickAct,
    QuestionAct,
    SocialAct,
    ValuesAct,
)
from bot.reading.fields import fields_in
from bot.reading.message import Message, Segment
from bot.reading.phrasebook import NO_GROUP, Floats, Likeness, Numbers, Phrasebook, Text, TextComparison
from bot.reading.picks import find_pick
from bot.reading.place import Asked, Parsed, Place, StepOption
from faq.matcher import Weighed

COMMANDS = 4  # commands of a segment that compete, at most
COMPANY = 2  # social words and the like
TOPICS = 4  # topics of the FAQ
_SHARED: Mapping[str, int] = {"command": COMMANDS, "social": COMPANY, "dark": COMPANY}
_NEW = "new.new"  # the group of questions that no entry answers
LOOKS = 8  # segments of a message that the FAQ is asked, at most
AWAY = 4  # segments that other steps' words are compared with, at most
_TOGETHER = Likeness._fields.index("together")
ELSEWHERE_FROM = 0.7  # likeness from which words belong to another step
_FLOOR = 1e-4  # of a chance, before its logarithm is taken
_PICK = 8  # units of the longest segment that picks something

STANCES = (
    "ask", "going", "yet", "later", "cannot", "unsure", "forgot", "done", "seen", "got", "wrong", "right", "ungot",
    "unseen", "slip", "again", "need", "quote", "but", "unreached", "lost", "yes", "no", "have", "none", "same",
    "differ", "pressed", "all", "except", "not", "begin", "back", "know", "mine", "stranger", "reached",
    "allowed", "refused",
)  # fmt: skip
"""The stances that speak for or against whole kinds of meanings."""


class Meaning(NamedTuple):
    """A meaning of a segment: no act at all for words that only go along. `kinds` say what it is, from the broad to the
    narrow; what is true of the segment counts by each of them. `own` are features of the candidate alone; `like` are
    more of them, the numbers of a `Likeness`, with a weight of its own for every `alike`.
    """

    acts: tuple[Act, ...]
    kinds: tuple[str, ...]
    own: Mapping[str, float] = {}
    alike: str = ""
    like: Sequence[float] = ()


Weigh: TypeAlias = Callable[[Sequence[str]], Sequence[Weighed]]
"""What the FAQ makes of each of some texts."""


class Around(NamedTuple):
    """The surroundings of a segment: traits 0–1, and the nearest topics of its parts with the chance of each."""

    traits: Mapping[str, float]
    topics: Sequence[tuple[str, float]]


class Traits(NamedTuple):
    """The traits of a segment whatever it means: features 0–1, and its characters and pairs of them."""

    features: Sequence[tuple[str, float]]
    grams: Sequence[str]


class StepWords:
    """The groups of words that count at a step: those of its answers, and those that all places share."""

    def __init__(self, book: Phrasebook, options: Sequence[StepOption], away: Collection[str]) -> None:
        """`away` are the groups of the answers of all steps."""
        number = book.number
        own = {name for option in options for name in option.groups}
        self.book: Phrasebook = book
        self.away: Numbers = np.array(
            sorted({number[name] for name in away if name in number and name not in own}), np.int64
        )
        self.new: int = number.get(_NEW, NO_GROUP)
        rows = [[number[name] for name in option.groups if name in number] or [NO_GROUP] for option in options]
        width = max(map(len, rows), default=1)
        self.options: Numbers = np.array([row + row[:1] * (width - len(row)) for row in rows], np.int64)
        self.compared: Numbers = np.array(sorted({*self.options.ravel().tolist(), self.new} - {NO_GROUP}), np.int64)
        self.shared: list[tuple[Numbers, int]] = [
            (np.array([number[name] for name in book.names if name.startswith(f"{kind}.")], np.int64), limit)
            for kind, limit in _SHARED.items()
        ]


class Surroundings:
    """A message at a place: what the phrasebook and the FAQ make of all its segments.

    `elsewhere` is another step whose answers the whole message is nearer to than to those of this step; None when it
    names no thing.
    """

    def __init__(self, message: Message, place: Place, words: StepWords, weigh: Weigh) -> None:
        self.message, self.place, self._words = message, place, words
        self._bare = is_ack(message.chars)
        self.segments: list[Segment] = [message.whole] if self._bare else list(message.segments())
        self._named: dict[tuple[int, int], tuple[str, ...]] = {}
        self._parsed = place.parse(message.text) if place.parse else None
        self._course = place.find_course(message.text) if place.find_course else None
        self._away: dict[int, tuple[float, float]] = {}
        self.elsewhere: str | None = None
        if not self._bare:
            ranked = sorted(range(len(self.segments)), key=lambda at: (self.segments[at].rank, at))[:LOOKS]
            self._compare(ranked[:AWAY])
            self._looks = dict(zip(ranked, weigh([self.segments[at].words for at in ranked]), strict=True))
            self._around = self._look_around()

    def _compare(self, ranked: Sequence[int]) -> None:
        """Compare the segments with all words, and find the shared groups that are nearest to each."""
        words, count = self._words, len(self.segments)
        comparison = TextComparison(words.book, [segment.text for segment in self.segments], self._find_inside())
        together, likeness = comparison.together, comparison.likeness
        nearest = np.hstack(
            [own[(-together[:, own]).argsort(axis=1, kind="stable")[:, :limit]] for own, limit in words.shared]
        )
        comparison.compare_sounds(np.hstack([nearest, words.compared[None].repeat(count, 0)]))
        self._shared = nearest.tolist()
        self._like_shared = likeness[np.arange(count)[:, None], nearest].tolist()
        self._like_options = likeness[:, words.options].max(axis=2).tolist() if len(words.options) else ((),) * count
        self._like_new = likeness[:, words.new].tolist()
        self._find_away(ranked, together[:, words.away])

    def _find_away(self, ranked: Sequence[int], together: Floats) -> None:
        """Find how near segments are to answers to other steps, and how much nearer than to this step's."""
        words = self._words
        for at, own in zip(ranked, together[ranked], strict=True):
            nearest = int(own.argmax())
            away, here = float(own[nearest]), max((like[_TOGETHER] for like in self._like_options[at]), default=0.0)
            self._away[at] = away, max(away - here, 0.0)
            if self.segments[at].is_whole and self.message.subjects and away >= ELSEWHERE_FROM and away > here:
                self.elsewhere = words.book.names[words.away[nearest]].split(".")[0]

    def _look_around(self) -> list[Around]:
        """Return by segment what lies inside it and before it."""
        spans = [(segment.first, segment.last) for segment in self.segments]
        answers = [max([like[_TOGETHER] for like in likes], default=0.0) for likes in self._like_options]
        shares = {at: _share_best(look) for at, look in self._looks.items() if look.odds}
        asks = [segment.asks or "ask" in segment.text.meaning for segment in self.segments]
        found = []
        for at, (first, last) in enumerate(spans):
            parts = [part for part, (start, end) in enumerate(spans) if first <= start and end <= last and part != at]
            topics = [shares[part] for part in parts if part in shares]
            before = [answers[part] for part, (_, end) in enumerate(spans) if end == first]
            asked = [shares[part][1] for part in parts if part in shares and asks[part]]
            traits = {
                "answers": answers[at],
                "answers_inside": max([answers[part] for part in parts], default=0.0),
                "answers_before": max(before, default=0.0),
                "topics_inside": max([share for _, share in topics], default=0.0),
                "asked_inside": max(asked, default=0.0),
            }
            found.append(Around(traits, topics))
        return found

    def _find_inside(self) -> dict[tuple[int, int], float]:
        """Return by segment and group the share of the segment that a line of the group makes up."""
        found: dict[tuple[int, int], float] = {}
        lines = self._words.book.lines_in(self.message.chars)
        for at, segment in enumerate(self.segments):
            start, end = segment.span
            for first, last, group in lines:
                if start <= first and last <= end:
                    found[at, group] = max(found.get((at, group), 0.0), (last - first) / (end - start))
        return found

    def candidates(self, at: int) -> Iterator[Meaning]:
        """Yield everything that a segment may mean, in no particular order."""
        segment, place = self.segments[at], self.place
        if self._bare:
            yield self._acknowledge(segment.text)
            return
        yield from self._options(at)
        yield Meaning((SocialAct("ack"),), ("ack",), {"ack.opens": float(opens_with_ack(segment.text.chars))})
        if self._parsed and segment.covers(self._parsed.span):
            yield Meaning((ValuesAct.of(self._parsed.values),), ("values",), _weigh_values(self._parsed, segment))
        yield from self._list_shared(at)
        if len(segment.text.chars) <= _PICK and (number := find_pick(segment.text.chars, place.offered)):
            yield Meaning((PickAct(number),), ("pick",))
        if look := self._looks.get(at):
            yield from _questions(look, place, self._around[at].topics)
            own = {"new.meant": _measure_odds(look), "new.hollow": float(look.hollow)}
            yield Meaning((QuestionAct(NO_TOPIC),), ("asks", "new"), own, "new", self._like_new[at])
        if segment.last - segment.first == 1:
            yield Meaning((), ("nothing",), {"nothing.ack": float(is_ack(segment.text.chars))})

    def _acknowledge(self, text: Text) -> Meaning:
        """Return what a bare acknowledgement means: the answer that an instruction asks for, or one with it among its
        own words; else it only keeps company.
        """
        place, book = self.place, self._words.book
        for option in place.options if place.asked in (Asked.INSTRUCTION, Asked.QUESTION) else ():
            if (place.asked is Asked.INSTRUCTION and option.affirms) or book.has_line(option.groups[0], text):
                return Meaning((AnswerAct(option.action),), ("bare",))
        return Meaning((SocialAct("ack"),), ("bare",))

    def _options(self, at: int) -> Iterator[Meaning]:
        """Yield the answers to the step."""
        for option, like in zip(self.place.options, self._like_options[at], strict=True):
            if self.place.ticks:
                yield from self._ticks(self.segments[at], option, like)
            else:
                kinds = ("option", _side(option), option.action)
                own = {"option.stuck": float(option.stuck)}
                yield Meaning((AnswerAct(option.action),), kinds, own, "option", like)

    def _ticks(self, segment: Segment, option: StepOption, like: Sequence[float]) -> Iterator[Meaning]:
        """Yield the answers about fields of a checklist: those that are named, the one that was asked, or all."""
        place, said, action = self.place, segment.text.meaning, option.action

        def mean(acts: tuple[Act, ...], *kinds: str) -> Meaning:
            return Meaning(acts, ("tick", *kinds), alike="tick", like=like)

        if not place.fields:
            yield mean((AnswerAct(action),), f"tick.{action}")
            return
        named = self._fields(segment)
        acts = tuple(AnswerAct(action, field) for field in named or (place.fields[place.item],))
        yield mean(acts, f"tick.{action}", "tick.named" if named else "tick.asked")
        if named and action == "wrong" and ("except" in said or "all" in said):
            yield mean((*acts, AnswerAct("right", "all")), "tick.except")
        if not named and action == "right" and "all" in said:
            yield mean((AnswerAct("right", "all"),), "tick.right", "tick.all")

    def _fields(self, segment: Segment) -> tuple[str, ...]:
        """Return the fields of the checklist that a segment names."""
        span = segment.first, segment.last
        if span not in self._named:
            self._named[span] = tuple(fields_in(segment, self.place.fields))
        return self._named[span]

    def _list_shared(self, at: int) -> Iterator[Meaning]:
        """Yield commands, social words, despair and the like: those that are nearest."""
        names = self._words.book.names
        for group, like in zip(self._shared[at], self._like_shared[at], strict=True):
            kind, name = names[group].split(".")
            if name != "already-done" or not self.place.verdict:
                yield Meaning((_act(kind, name),), (kind, name), alike=kind, like=like)

    def traits(self, at: int) -> Traits:
        """Return the traits of a segment whatever it means."""
        segment, place = self.segments[at], self.place
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
            f"at.{place.asked}": 1.0,
            "after": float(place.topic is not None),
            "starts": float(segment.first == 0),
            "ends": float(segment.last == len(segment.message.atoms)),
            **({} if self._bare else self._around[at].traits),
        }
        if away := self._away.get(at):
            rest["away"], rest["away.nearer"] = away
        if not place.fields and fields_in(segment, place.known_fields):
            rest["field"] = 1.0
        if self._course and segment.covers(self._course.span):
            rest["course"] = self._course.chance
        own = [(name, found[name]) for name in STANCES if name in found]
        grams = (*chars, *[f"{first}{second}" for first, second in zip(("<", *chars), (*chars, ">"), strict=True)])
        return Traits([*own, *[(name, value) for name, value in rest.items() if value]], tuple(dict.fromkeys(grams)))


def _side(option: StepOption) -> str:
    return "affirm" if option.affirms else "other"


_DARK: Mapping[str, Act] = {"distress": DistressAct(), "abuse": AbuseAct(), "offtopic": OfftopicAct()}


def _act(kind: str, name: str) -> Act:
    if kind == "command":
        return CommandAct(name)
    return SocialAct(name) if kind == "social" else _DARK[name]  # type: ignore[arg-type]


def _weigh_values(parsed: Parsed, segment: Segment) -> dict[str, float]:
    start, end = segment.raw
    share = (parsed.span[1] - parsed.span[0]) / (end - start)
    return {"values.share": share, "values.doubt": 1.0 - parsed.chance, "values.asked": float(parsed.asked)}


def _measure_odds(look: Weighed) -> float:
    """Return the chance that any entry is meant, as log-odds."""
    return (math.log(max(1.0 - look.none, _FLOOR)) - math.log(max(look.none, _FLOOR))) / 5


def _share_best(look: Weighed) -> tuple[str, float]:
    """Return the nearest topic and the chance that it is meant."""
    topic = max(look.odds, key=lambda name: (look.odds[name], name))
    total = sum(math.exp(value - look.odds[topic]) for value in look.odds.values())
    return topic, (1.0 - look.none) / total


def _questions(look: Weighed, place: Place, parts: Sequence[tuple[str, float]]) -> Iterator[Meaning]:
    """Yield the nearest topics of the FAQ, the topic that was spoken of last, and a question that no entry answers."""
    top = max(look.odds.values(), default=0.0)
    total = sum(math.exp(value - top) for value in look.odds.values())
    shares = {topic: math.exp(value - top) / total for topic, value in look.odds.items()}
    meant, hollow = _measure_odds(look), float(look.hollow)
    ranked = sorted(shares, key=lambda topic: (-shares[topic], topic))[:TOPICS]
    last = () if place.topic is None or place.topic in ranked else (place.topic,)
    for topic in (*ranked, *last):
        share = shares.get(topic, 0.0)
        own = {
            "question.meant": meant,
            "question.hollow": hollow,
            "question.share": math.log(max(share, _FLOOR)) / 5,
            "question.score": share * (1.0 - look.none),
            "question.likely": float(topic in place.likely),
            "question.inside": max([value for name, value in parts if name == topic], default=0.0),
            "question.others_inside": max([value for name, value in parts if name != topic], default=0.0),
            "question.last": float(topic == place.topic),
            "question.last_hollow": float(topic == place.topic) * hollow,
            "question.last_meant": float(topic == place.topic) * meant,
        }
        yield Meaning((QuestionAct(topic),), ("asks", "question"), own)
