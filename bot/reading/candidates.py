"""Everything that a segment of a message may mean at a place, with the features that speak for and against it. Pure.
Must not know weights or scores: candidates of all kinds are scored alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
from bot.reading.classifier import Chances, Classifier
from bot.reading.fields import count_first, fields_in
from bot.reading.look import Look, Traits
from bot.reading.message import Segment
from bot.reading.phrasebook import NO_GROUP, Likeness, Numbers, Phrasebook, Text
from bot.reading.picks import find_pick
from bot.reading.place import Asked, Parsed, Place, PlaceValues, StepOption

AWAY = 4  # segments that other steps' words are compared with, at most
_TOGETHER, _EXACT = map(Likeness._fields.index, ("together", "exact"))
VERBATIM_FROM = 0.9
"""Chance of a topic, as the FAQ sees it, from which the words are taken for one of its lines."""
ELSEWHERE_FROM = 0.7  # likeness from which words belong to another step
BESIDE_CONTEXT = 2  # topics of a segment in context that compete for it, at most
PHOTO = "photo"
"""The item of a checklist that is no field of the record."""
_PICK = 8  # units of the longest segment that picks something


class Meaning(NamedTuple):
    """A meaning of a segment: no act at all for words that only go along. `kinds` say what it is, from the broad to the
    narrow; what is true of the segment counts by each of them. `own` are features of the candidate alone; `like` are
    more of them, the numbers of a `Likeness`, with a weight of its own for every `alike`. `chance` is the logarithm of
    the chance that the classifier gives it.
    """

    acts: tuple[Act, ...]
    kinds: tuple[str, ...]
    own: Mapping[str, float] = {}
    alike: str = ""
    like: Sequence[float] = ()
    chance: float = 0.0


class StepWords:
    """The groups of words that answer a step, a row for each option, and those that answer other steps."""

    def __init__(self, book: Phrasebook, options: Sequence[StepOption], away: Collection[str]) -> None:
        """`away` are the groups of the answers of all steps; of those that are as near, the first is meant."""
        number = book.number
        own = {name for option in options for name in option.groups}
        others = [number[name] for name in away if name in number and name not in own]
        self.away: Numbers = np.array(others, np.int64)
        rows = [[number[name] for name in option.groups if name in number] or [NO_GROUP] for option in options]
        width = max(map(len, rows), default=1)
        self.options: Numbers = np.array([row + row[:1] * (width - len(row)) for row in rows], np.int64)


class Surroundings:
    """A message at a place: what the look at it means there.

    `elsewhere` is another step whose answers the whole message is nearer to than to those of this step; None when it
    names no thing.
    """

    def __init__(self, look: Look, place: Place, words: StepWords, values: PlaceValues, classifier: Classifier) -> None:
        self.message, self.segments, self.place = look.message, look.segments, place
        self._look, self._words = look, words
        self._is_checklist = place.ticks
        self._named: dict[tuple[int, int], tuple[str, ...]] = {}
        self._parsed, self._course = values
        self._away: dict[int, tuple[float, float]] = {}
        self._in_context = look.ask_in_context(place) if not look.bare else {}
        self.elsewhere: str | None = None
        self._chances: Chances | None = None
        if not look.bare:
            self._chances = classifier.weigh(look.features, look.shared_scores, place)
            self._like_options = look.compare(words.options) if place.options else [[] for _ in self.segments]
            self._answers = [max([like[_TOGETHER] for like in likes], default=0.0) for likes in self._like_options]
            self._find_away()

    def _find_away(self) -> None:
        """Find how near segments are to answers to other steps, and how much nearer than to this step's."""
        ranked = self._look.ranked[:AWAY]
        for at, (group, away) in zip(ranked, self._look.find_closest(self._words.away, ranked), strict=True):
            here = self._answers[at]
            self._away[at] = away, max(away - here, 0.0)
            if self.segments[at].is_whole and self.message.subjects and away >= ELSEWHERE_FROM and away > here:
                self.elsewhere = self._look.book.names[group].split(".")[0]

    def candidates(self, at: int) -> Iterator[Meaning]:
        """Yield everything that a segment may mean, in no particular order."""
        if self._look.bare:
            yield self._acknowledge(self.segments[at].text)
        elif self._chances is None:
            yield from self._list_meanings(at)
        else:
            for one in self._list_meanings(at):
                known = _is_verbatim(one)
                yield one._replace(chance=self._chances.tops[at] if known else self._chances.find(at, one.acts))

    def _list_meanings(self, at: int) -> Iterator[Meaning]:
        segment, place = self.segments[at], self.place
        yield from self._options(at)
        yield Meaning((SocialAct("ack"),), ("ack",), {"ack.opens": float(opens_with_ack(segment.text.chars))})
        if self._parsed and segment.covers(self._parsed.span):
            yield Meaning((ValuesAct.of(self._parsed.values),), ("values",), _weigh_values(self._parsed, segment))
        yield from self._list_shared(at)
        if len(segment.text.chars) <= _PICK and (number := find_pick(segment.text.chars, place.offered)):
            yield Meaning((PickAct(number),), ("pick",))
        yield from self._list_questions(at)
        if segment.last - segment.first == 1:
            yield Meaning((), ("nothing",), {"nothing.ack": float(is_ack(segment.text.chars))})

    def _acknowledge(self, text: Text) -> Meaning:
        """Return what a bare acknowledgement means: the answer that an instruction asks for, or one with it among its
        own words; else it only keeps company.
        """
        place, book = self.place, self._look.book
        for option in place.options if place.asked in (Asked.INSTRUCTION, Asked.QUESTION) else ():
            if (place.asked is Asked.INSTRUCTION and option.affirms) or book.has_line(option.groups[0], text):
                return Meaning((AnswerAct(option.action),), ("bare",))
        return Meaning((SocialAct("ack"),), ("bare",))

    def _options(self, at: int) -> Iterator[Meaning]:
        """Yield the answers to the step."""
        for option, like in zip(self.place.options, self._like_options[at], strict=True):
            if self._is_checklist:
                yield from self._ticks(self.segments[at], option, like)
            else:
                kinds = ("option", _side(option), option.action)
                own = {"option.stuck": float(option.stuck), **_usual(self.place.step, option.action)}
                act = CommandAct(option.action) if option.command else AnswerAct(option.action)
                yield Meaning((act,), kinds, own, "option", like)

    def _ticks(self, segment: Segment, option: StepOption, like: Sequence[float]) -> Iterator[Meaning]:
        """Yield the answers about fields of a checklist: those that are named, the one that was asked, or all."""
        place, said, action = self.place, segment.text.meaning, option.action

        def mean(acts: tuple[Act, ...], *kinds: str) -> Meaning:
            return Meaning(acts, ("tick", *kinds), alike="tick", like=like)

        if not place.fields:
            yield mean((AnswerAct(action),), f"tick.{action}")
            return
        named = self._fields(segment)
        if not named and fields_in(segment, (PHOTO,)):
            return  # 照片没问题 says nothing of the field that was asked
        if named and action == "right" and "except" in said:
            return  # 除了生日都对 says of the field that is named that it is not
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
            fields = self.place.fields
            self._named[span] = tuple(fields_in(segment, fields) or fields[: count_first(segment.text.chars)])
        return self._named[span]

    def _list_shared(self, at: int) -> Iterator[Meaning]:
        """Yield commands, social words, despair and the like: those that are nearest."""
        names = self._look.book.names
        for group, like in self._look.shared[at]:
            kind, name = names[group].split(".")
            if name not in self.place.idle:
                yield Meaning((_act(kind, name),), (kind, name), _usual(self.place.step, name), kind, like)

    def _list_questions(self, at: int) -> Iterator[Meaning]:
        """Yield the nearest topics of the FAQ, the one spoken of last, and a question that no entry answers."""
        asked, place = self._look.asked.get(at), self.place
        if asked is None:
            return
        context = self._in_context.get(at)
        more = [*(context.rank(BESIDE_CONTEXT) if context else ()), *([place.topic] if place.topic else ())]
        topics = {**asked.topics, **{topic: asked.describe(topic) for topic in more if topic not in asked.topics}}
        for topic, about in topics.items():
            is_last = float(topic == place.topic)
            here = {
                "question.likely": float(topic in place.likely),
                "question.nearby": float(topic in place.nearby),
                "question.last": is_last,
                "question.last_hollow": is_last * asked.hollow,
                "question.last_meant": is_last * asked.meant,
            }
            if context:
                here["question.context"] = context.find_chance(topic)
                here["question.context_share"] = context.find_odds(topic)
            here |= _usual(self.place.step, topic)
            if place.topic:
                here[f"after {place.topic}: {topic}"] = 1.0
            yield Meaning((_act("question", topic),), ("asks", "question"), {**about, **here})
        own = {"new.meant": asked.meant, "new.hollow": asked.hollow, **_usual(self.place.step, NO_TOPIC)}
        yield Meaning((_act("question", NO_TOPIC),), ("asks", "new"), own, "new", self._look.new[at])

    def traits(self, at: int) -> Traits:
        """Return the traits of a segment whatever it means."""
        segment, place, look = self.segments[at], self.place, self._look.traits[at]
        here = [(f"at.{place.asked}", 1.0)]
        if place.topic is not None:
            here.append(("after", 1.0))
        if not self._look.bare:
            inside = [self._answers[part] for part in self._look.parts[at]]
            before = [self._answers[part] for part in self._look.before[at]]
            if asked := self._look.asked.get(at):
                context = self._in_context.get(at)
                here += [
                    ("meant", asked.meant),
                    ("likely_meant", asked.find_best(place.likely)),
                    ("likely_in_context", context.find_best(place.likely) if context else 0.0),
                ]
            here += [
                ("answers", self._answers[at]),
                ("answers_inside", max(inside, default=0.0)),
                ("answers_before", max(before, default=0.0)),
            ]
        if self._chances:
            here.append(("chance", self._chances.tops[at]))
        if away := self._away.get(at):
            here += zip(("away", "away.nearer"), away, strict=True)
        if not place.fields and fields_in(segment, place.known_fields):
            here.append(("field", 1.0))
        if self._course and segment.covers(self._course.span):
            here.append(("course", self._course.chance))
        return Traits([*look.features, *here], look.grams)


@cache
def _usual(step: str, name: str) -> Mapping[str, float]:
    """Return the feature that says how usual a meaning is at a step."""
    return {f"at {step}: {name}": 1.0}


def _is_verbatim(one: Meaning) -> bool:
    """Return whether the words for a meaning stand in the script or the FAQ: then the classifier has no say."""
    return bool(one.like and one.like[_EXACT] == 1.0) or one.own.get("question.score", 0.0) >= VERBATIM_FROM


def _side(option: StepOption) -> str:
    return "affirm" if option.affirms else "other"


_DARK: Mapping[str, Act] = {"distress": DistressAct(), "abuse": AbuseAct(), "offtopic": OfftopicAct()}


@cache
def _act(kind: str, name: str) -> Act:
    if kind in ("command", "question"):
        return CommandAct(name) if kind == "command" else QuestionAct(name)
    return SocialAct(name) if kind == "social" else _DARK[name]  # type: ignore[arg-type]


def _weigh_values(parsed: Parsed, segment: Segment) -> dict[str, float]:
    start, end = segment.raw
    share = (parsed.span[1] - parsed.span[0]) / (end - start)
    return {"values.share": share, "values.doubt": 1.0 - parsed.chance, "values.asked": float(parsed.asked)}
