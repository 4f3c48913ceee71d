"""Everything that a segment of a message may mean at a place, with the features that speak for and against it. Pure.
Must not know weights or scores: candidates of all kinds are scored alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bot.reading.acts import (
    NO_TOPIC,
    Abuse,
    Act,
    Answer,
    Command,
    Distress,
    Offtopic,
    Pick,
    Question,
    Social,
    Values,
)
from bot.reading.lexicon import lexicon, wordings
from bot.reading.message import Message, Segment
from bot.reading.phrasebook import Likeness, Phrasebook
from bot.reading.place import Asked, Parsed, Place
from bot.reading.writing import spelt
from faq.matcher import Matcher, Weighed
from faq.sounds import units

COMMANDS = 5  # commands of a segment that compete, at most
COMPANY = 3  # social words and the like
TOPICS = 4  # topics of the FAQ
LOOKS = 6  # segments of a message that the FAQ is asked, at most
_FLOOR = 1e-4  # of a chance, before its logarithm is taken

STANCES = (
    "ask", "going", "yet", "later", "cannot", "unsure", "forgot", "done", "seen", "got", "wrong", "right", "ungot", "unseen",
    "slip", "again", "need", "quote", "but", "unreached", "lost", "yes", "no", "have", "none", "same", "differ", "pressed", "all",
)  # fmt: skip
"""The stances that speak for or against whole kinds of candidates."""


class Candidate(NamedTuple):
    """What a segment may mean: no act at all for words that only go along."""

    acts: tuple[Act, ...]
    features: Mapping[str, float]





def looks(message: Message, segments: Sequence[Segment], matcher: Matcher) -> dict[tuple[int, int], Weighed]:
    """What the FAQ makes of the segments: the whole first, then those between punctuation, then the others."""
    ranked = sorted(segments, key=lambda one: (not one.whole, one.soft, one.hard_inside, one.first, one.last))
    return {(one.first, one.last): matcher.weigh(one.words) for one in ranked[:LOOKS]}


def candidates(
    segment: Segment, place: Place, book: Phrasebook, look: Weighed | None, parsed: Parsed | None
) -> Iterator[Candidate]:
    """Everything that a segment may mean, in no particular order."""
    text, common = segment.text, _common(segment, place)
    ack = _is_ack(text.chars)
    own = {group for option in place.options for name in option.groups if (group := book.number.get(name)) is not None}
    shared = _shared(book)
    like = book.likeness(text, sorted(own | {group for groups in shared.values() for group in groups}))
    bare = ack and segment.whole and place.asked is not Asked.INSTRUCTION
    yield from _options(segment, place, book, like, common, ack=ack, bare=bare)
    if not (ack and segment.whole and place.asked is Asked.INSTRUCTION):
        yield Candidate((Social("ack"),), common("ack") | {"ack.bare": float(ack), "ack.opens": float(_opens(text.chars))})
    if parsed:
        yield Candidate((Values.of(parsed.values),), common("values") | _parsed(parsed, segment))
    for kind, limit in (("command", COMMANDS), ("social", COMPANY), ("dark", COMPANY)):
        near = sorted(shared[kind], key=lambda group: (-like[group].together, -like[group].inside, group))[:limit]
        for group in near:
            name = book.names[group].split(".")[1]
            if name != "already-done" or not place.verdict:
                acts = (_named(kind, name),)
                yield Candidate(acts, common(kind) | _alike(kind, like[group]) | {f"bias.{name}": 1.0})
    if (number := _picked(text.chars, place.offered)) and len(text.chars) <= 8:
        yield Candidate((Pick(number),), common("pick"))
    if look:
        yield from _questions(look, place, common)
    if segment.last - segment.first == 1:
        yield Candidate((), common("nothing") | {"nothing.ack": float(ack)})


def _named(kind: str, name: str) -> Act:
    if kind == "command":
        return Command(name)
    if kind == "social":
        return Social(name)  # type: ignore[arg-type]
    return {"distress": Distress(), "abuse": Abuse(), "offtopic": Offtopic()}[name]


def _common(segment: Segment, place: Place) -> _Common:
    """The features that do not depend on the candidate."""
    found = segment.text.meaning
    own = {name: found[name] for name in STANCES if name in found}
    size = len(segment.text.chars)
    rest = {
        "length": math.log1p(size) / 3,
        "hard": float(segment.hard_inside),
        "soft": float(segment.soft),
        "atoms": float(segment.last - segment.first - 1),
        "mark": float(segment.asks),
        "whole": float(segment.whole),
        f"at.{place.asked}": 1.0,
        "after": float(place.topic is not None),
    }
    return _Common(own | rest)


class _Common:
    """The features of a segment, told apart by the kind of candidate."""

    def __init__(self, rest: Mapping[str, float]) -> None:
        self._rest = [(name, value) for name, value in rest.items() if value]

    def __call__(self, kind: str) -> dict[str, float]:
        return {f"{kind}.is": 1.0, **{f"{kind}~{name}": value for name, value in self._rest}}


def _options(
    segment: Segment, place: Place, book: Phrasebook, like: Mapping[int, Likeness], common: _Common, *, ack: bool, bare: bool
) -> Iterator[Candidate]:
    """The answers to the step. A bare acknowledgement is one where an instruction was given, or where it is among the
    words of the option.
    """
    mentioned = fields_in(segment, place)
    for option in place.options:
        groups = [like[book.number[name]] for name in option.groups if name in book.number]  # its own first
        merged = Likeness(*map(max, zip(*groups, strict=True))) if groups else Likeness()
        if place.fields or place.asked is Asked.CHECKLIST or (option.action in ("right", "wrong", "unsure", "missing")):
            if bare:
                continue
            kind = "tick"
            for acts, how in _ticks(option.action, place, mentioned, segment):
                yield Candidate(
                    acts,
                    common(kind) | _alike(kind, merged) | {f"tick.{option.action}": 1.0, f"tick.{how}": 1.0},
                )
            continue
        if bare and not (place.asked is not Asked.ANSWER and groups and groups[0].exact):
            continue
        kind = "affirm" if option.affirms else "other"
        features = common(kind) | _alike("option", merged) | {f"bias.{option.action}": 1.0}
        if option.stuck:
            features["other.stuck"] = 1.0
        if ack and option.affirms:
            features["affirm.ack"] = 1.0
        yield Candidate((Answer(option.action),), features)


def _ticks(
    action: str, place: Place, mentioned: Sequence[str], segment: Segment
) -> Iterator[tuple[tuple[Act, ...], str]]:
    if not place.fields:
        yield (Answer(action),), "plain"
        return
    said = {one.name for one in segment.stances}
    if mentioned:
        yield tuple(Answer(action, name) for name in mentioned), "named"
        if action == "wrong" and said & {"except", "all"}:
            yield (*[Answer("wrong", name) for name in mentioned], Answer("right", "all")), "except"
    else:
        yield (Answer(action, place.fields[place.item]),), "asked"
        if action == "right" and "all" in said:
            yield (Answer("right", "all"),), "all"


def fields_in(segment: Segment, place: Place) -> list[str]:
    """The fields of the checklist that a segment names, in its order; not what it only compares with (跟身份证不符)."""
    chars, sounds = segment.text.chars, segment.text.sounds
    line = "".join(unit if len(unit) == 1 else "\ufffc" for unit in chars)
    found: dict[str, int] = {}
    taken: set[int] = set()
    for at in range(len(chars)):
        if at in taken or (at and _COMPARED.match(line, at - 1)):
            continue
        for word, name in _field_words(place.fields):
            size = len(word)
            here = chars[at : at + size]
            heard = size > 1 and sounds[at : at + size] == _sounds(word) and any(map(word.__contains__, here))
            if (here == word or heard) and name not in found:
                found[name] = at
                taken.update(range(at, at + size))
                break
    return list(found)


_COMPARED = re.compile("[和跟与同比按照]身份证(?:[上里]|号?(?:不|一|对不上|比|相|有))")


@cache
def _field_words(fields: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], str], ...]:
    words = {units(spelt(word))[0]: name for name in fields for word in (name, *wordings()["fields"].get(name, ()))}
    return tuple(sorted(words.items(), key=lambda pair: (-len(pair[0]), pair)))


@cache
def _sounds(word: tuple[str, ...]) -> tuple[str, ...]:
    return units("".join(word))[1]


@cache
def _shared(book: Phrasebook) -> Mapping[str, list[int]]:
    return {
        kind: [book.number[name] for name in book.names if name.startswith(f"{kind}.")]
        for kind in ("command", "social", "dark")
    }


def _alike(kind: str, like: Likeness) -> dict[str, float]:
    return {f"{kind}={name}": value for name, value in zip(Likeness._fields, like, strict=True) if value}


def _parsed(parsed: Parsed, segment: Segment) -> dict[str, float]:
    start, end = segment.raw
    share = (parsed.span[1] - parsed.span[0]) / (end - start)
    return {"values.share": share, "values.doubt": 1.0 - parsed.chance, "values.asked": float(parsed.asked)}


def _questions(look: Weighed, place: Place, common: _Common) -> Iterator[Candidate]:
    """The nearest topics of the FAQ, the topic that was spoken of last, and a question that no entry answers."""
    top = max(look.odds.values(), default=0.0)
    total = sum(math.exp(value - top) for value in look.odds.values())
    shares = {topic: math.exp(value - top) / total for topic, value in look.odds.items()}
    meant = math.log(max(1.0 - look.none, _FLOOR)) - math.log(max(look.none, _FLOOR))
    ranked = sorted(shares, key=lambda topic: (-shares[topic], topic))[:TOPICS]
    if place.topic and place.topic not in ranked:
        ranked.append(place.topic)
    base = common("question") | {"question.meant": meant / 5, "question.hollow": float(look.hollow)}
    for topic in ranked:
        yield Candidate(
            (Question(topic),),
            base
            | {
                "question.share": math.log(max(shares.get(topic, 0.0), _FLOOR)) / 5,
                "question.score": shares.get(topic, 0.0) * (1.0 - look.none),
                "question.likely": float(topic in place.likely),
                "question.last": float(topic == place.topic),
                "question.last_hollow": float(topic == place.topic and look.hollow),
            },
        )
    yield Candidate(
        (Question(NO_TOPIC),),
        common("new") | {"new.meant": meant / 5, "new.hollow": float(look.hollow)},
    )


def _is_ack(chars: Sequence[str]) -> bool:
    """Whether a text is nothing but words that keep company."""
    return bool(_acks().fullmatch("".join(chars)))


@cache
def _acks() -> re.Pattern[str]:
    words = sorted({"".join(units(spelt(word))[0]) for word in lexicon()["acks"]} - {""}, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, words))})+")


def _opens(chars: Sequence[str]) -> bool:
    """Whether a text opens with words that keep company."""
    return bool(_acks().match("".join(chars)))


def is_ack(line: str) -> bool:
    """Whether a line of wordings is nothing but words that keep company."""
    return _is_ack(units(spelt(line))[0])


def _picked(chars: Sequence[str], offered: int) -> int:
    """The number that a text picks of what was offered; 0 when it picks none."""
    if not offered:
        return 0
    line = "".join(chars)
    for pattern, number in _picks():
        if found := pattern.search(line):
            meant = number or found[1]
            return offered if meant == "last" else _NUMERALS.get(meant, 0) or int(meant if meant.isdecimal() else 0)
    return 0


_NUMERALS = {char: at for at, char in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}


@cache
def _picks() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), number) for pattern, number in wordings()["picks"].items())


