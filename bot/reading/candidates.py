"""Everything that a segment of a message may mean at a place, with the features that speak for and against it. Pure.
Must not know weights or scores: candidates of all kinds are scored alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

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
from bot.reading.phrasebook import Likeness, Numbers, Phrasebook, TextComparison
from bot.reading.picks import find_pick
from bot.reading.place import Asked, Parsed, Place, StepOption
from faq.matcher import Weighed

COMMANDS = 4  # commands of a segment that compete, at most
COMPANY = 2  # social words and the like
TOPICS = 4  # topics of the FAQ
LOOKS = 4  # segments of a message that the FAQ is asked, at most
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
    narrow; what is true of the segment counts by each of them. `own` are features of the candidate alone.
    """

    acts: tuple[Act, ...]
    kinds: tuple[str, ...]
    own: Mapping[str, float]


class Traits(NamedTuple):
    """The traits of a segment whatever it means: features 0–1, and its characters and pairs of them."""

    features: Sequence[tuple[str, float]]
    grams: Sequence[str]


class Surroundings:
    """A message at a place: what the phrasebook and the FAQ make of all its segments."""

    def __init__(self, message: Message, place: Place, book: Phrasebook, weigh: Callable[[str], Weighed]) -> None:
        """`weigh` is what the FAQ makes of a text."""
        self.message, self.place, self.book = message, place, book
        self._bare = is_ack(message.chars)
        self.segments: list[Segment] = [message.whole] if self._bare else list(message.segments())
        self._comparison = TextComparison(book, [segment.text for segment in self.segments])
        self._lines = book.lines_in(message.chars)
        self._named: dict[tuple[int, int], tuple[str, ...]] = {}
        self._looks = _looks(self.segments, weigh)
        self._parsed = place.parse(message.text) if place.parse else None

    def candidates(self, at: int) -> Iterator[Meaning]:
        """Yield everything that a segment may mean, in no particular order."""
        segment, place = self.segments[at], self.place
        if self._bare:
            yield self._acknowledge(at)
            return
        yield from self._options(at)
        yield Meaning((SocialAct("ack"),), ("ack",), {"ack.opens": float(opens_with_ack(segment.text.chars))})
        if self._parsed and segment.covers(self._parsed.span):
            yield Meaning((ValuesAct.of(self._parsed.values),), ("values",), _weigh_values(self._parsed, segment))
        yield from self._list_shared(at)
        if len(segment.text.chars) <= _PICK and (number := find_pick(segment.text.chars, place.offered)):
            yield Meaning((PickAct(number),), ("pick",), {})
        if look := self._looks.get(at):
            yield from _questions(look, place)
            yield self._new(at, look)
        if segment.last - segment.first == 1:
            yield Meaning((), ("nothing",), {"nothing.ack": float(is_ack(segment.text.chars))})

    def likeness(self, at: int, name: str) -> Likeness | None:
        """Return the likeness of a segment to a group; None for a group without words."""
        group = self.book.number.get(name)
        return None if group is None else self._likeness(at, group)

    def _likeness(self, at: int, group: int) -> Likeness:
        start, end = self.segments[at].span
        inside = max(
            [last - first for first, last, own in self._lines if own == group and start <= first and last <= end],
            default=0,
        )
        return self._comparison.likeness(at, group, inside / (end - start))

    def _acknowledge(self, at: int) -> Meaning:
        """Return what a bare acknowledgement means: the answer that an instruction asks for, or one with it among its
        own words; else it only keeps company.
        """
        place = self.place
        for option in place.options if place.asked in (Asked.INSTRUCTION, Asked.QUESTION) else ():
            own = self.likeness(at, option.groups[0])
            if (place.asked is Asked.INSTRUCTION and option.affirms) or (own and own.exact):
                return Meaning((AnswerAct(option.action),), ("bare",), {})
        return Meaning((SocialAct("ack"),), ("bare",), {})

    def _options(self, at: int) -> Iterator[Meaning]:
        """Yield the answers to the step."""
        segment, place = self.segments[at], self.place
        for option in place.options:
            likes = [like for name in option.groups if (like := self.likeness(at, name))]
            merged = Likeness(*map(max, zip(*likes, strict=True))) if likes else Likeness()
            if place.ticks:
                yield from self._ticks(segment, option, merged)
            else:
                own = _alike("option", merged) | {"option.stuck": float(option.stuck)}
                yield Meaning((AnswerAct(option.action),), ("option", _side(option), option.action), own)

    def _ticks(self, segment: Segment, option: StepOption, like: Likeness) -> Iterator[Meaning]:
        """Yield the answers about fields of a checklist: those that are named, the one that was asked, or all."""
        place, said, alike = self.place, {one.name for one in segment.stances}, _alike("tick", like)
        named = self._fields(segment)
        if not place.fields:
            yield Meaning((AnswerAct(option.action),), ("tick", f"tick.{option.action}"), alike)
            return
        about = named or (place.fields[place.item],)
        acts = tuple(AnswerAct(option.action, field) for field in about)
        how = "tick.named" if named else "tick.asked"
        yield Meaning(acts, ("tick", f"tick.{option.action}", how), alike)
        if named and option.action == "wrong" and said & {"except", "all"}:
            yield Meaning((*acts, AnswerAct("right", "all")), ("tick", "tick.except"), alike)
        if not named and option.action == "right" and "all" in said:
            yield Meaning((AnswerAct("right", "all"),), ("tick", "tick.right", "tick.all"), alike)

    def _new(self, at: int, look: Weighed) -> Meaning:
        """Return the question that no entry answers."""
        like = self.likeness(at, "new.new") or Likeness()
        own = {"new.meant": _measure_odds(look), "new.hollow": float(look.hollow)}
        return Meaning((QuestionAct(NO_TOPIC),), ("asks", "new"), own | _alike("new", like))

    def _fields(self, segment: Segment) -> tuple[str, ...]:
        """Return the fields of the checklist that a segment names."""
        span = segment.first, segment.last
        if span not in self._named:
            self._named[span] = tuple(fields_in(segment, self.place.fields))
        return self._named[span]

    def _list_shared(self, at: int) -> Iterator[Meaning]:
        """Yield commands, social words, despair and the like: those that are nearest."""
        together = self._comparison.together[at]
        for kind, groups in _group_shared(self.book).items():
            limit = COMMANDS if kind == "command" else COMPANY
            for group in groups[(-together[groups]).argsort(kind="stable")[:limit]].tolist():
                name = self.book.names[group].split(".")[1]
                if name != "already-done" or not self.place.verdict:
                    yield Meaning((_act(kind, name),), (kind, name), _alike(kind, self._likeness(at, group)))

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
            "whole": float(segment.is_whole),
            f"at.{place.asked}": 1.0,
            "after": float(place.topic is not None),
        }
        own = [(name, found[name]) for name in STANCES if name in found]
        grams = (*chars, *[f"{first}{second}" for first, second in zip(("<", *chars), (*chars, ">"), strict=True)])
        return Traits([*own, *[(name, value) for name, value in rest.items() if value]], tuple(dict.fromkeys(grams)))


def _side(option: StepOption) -> str:
    return "affirm" if option.affirms else "other"


def _looks(segments: Sequence[Segment], weigh: Callable[[str], Weighed]) -> dict[int, Weighed]:
    """Ask the FAQ about the segments: the whole first, then those between punctuation, then the others."""
    ranked = sorted(range(len(segments)), key=lambda at: (segments[at].rank, at))
    return {at: weigh(segments[at].words) for at in ranked[:LOOKS]}


_DARK: Mapping[str, Act] = {"distress": DistressAct(), "abuse": AbuseAct(), "offtopic": OfftopicAct()}


def _act(kind: str, name: str) -> Act:
    if kind == "command":
        return CommandAct(name)
    return SocialAct(name) if kind == "social" else _DARK[name]  # type: ignore[arg-type]


@cache
def _group_shared(book: Phrasebook) -> Mapping[str, Numbers]:
    return {
        kind: np.array([book.number[name] for name in book.names if name.startswith(f"{kind}.")], np.int64)
        for kind in ("command", "social", "dark")
    }


def _alike(kind: str, like: Likeness) -> dict[str, float]:
    return {f"{kind}={name}": value for name, value in zip(Likeness._fields, like, strict=True) if value}


def _weigh_values(parsed: Parsed, segment: Segment) -> dict[str, float]:
    start, end = segment.raw
    share = (parsed.span[1] - parsed.span[0]) / (end - start)
    return {"values.share": share, "values.doubt": 1.0 - parsed.chance, "values.asked": float(parsed.asked)}


def _measure_odds(look: Weighed) -> float:
    """Return the chance that any entry is meant, as log-odds."""
    return (math.log(max(1.0 - look.none, _FLOOR)) - math.log(max(look.none, _FLOOR))) / 5


def _questions(look: Weighed, place: Place) -> Iterator[Meaning]:
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
            "question.last": float(topic == place.topic),
            "question.last_hollow": float(topic == place.topic) * hollow,
            "question.last_meant": float(topic == place.topic) * meant,
        }
        yield Meaning((QuestionAct(topic),), ("asks", "question"), own)
