"""The fields of a checklist that a segment of a message names, by writing and by sound. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.reading.lexicon import wordings
from bot.reading.message import Segment
from bot.reading.phrasebook import Units
from bot.reading.writing import spelt
from faq.sounds import units

_COMPARED = re.compile("[和跟与同比按照]身份证(?:[上里]|号?(?:不|一|对不上|比|相|有))")


def fields_in(segment: Segment, fields: tuple[str, ...]) -> list[str]:
    """The fields that a segment names, in its order; not what it only compares with (跟身份证不符)."""
    found: list[str] = []
    end = 0
    for at, size, name in _mentions(segment, fields):
        if at >= end:
            end = at + size
            found += [] if name in found else [name]
    return found


def _mentions(segment: Segment, fields: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """The longest name of a field at every unit: its first unit, its size, the field."""
    chars, sounds, heads = segment.text.chars, segment.text.sounds, _heads(fields)
    if heads.isdisjoint(chars) and heads.isdisjoint(sounds):
        return
    line = "".join(unit if len(unit) == 1 else "\ufffc" for unit in chars)
    for at, (char, heard_as) in enumerate(zip(chars, sounds, strict=True)):
        if (char not in heads and heard_as not in heads) or (at and _COMPARED.match(line, at - 1)):
            continue
        for word, sound, name in _words(fields):
            here = chars[at : at + len(word)]
            heard = len(word) > 1 and sounds[at : at + len(word)] == sound and any(unit in word for unit in here)
            if here == word or heard:
                yield at, len(word), name
                break


@cache
def _words(fields: tuple[str, ...]) -> tuple[tuple[Units, Units, str], ...]:
    """Every name of every field as written and as it sounds, the longest first."""
    words = {units(spelt(word)): name for name in fields for word in (name, *wordings()["fields"].get(name, ()))}
    return tuple((*word, name) for word, name in sorted(words.items(), key=lambda pair: (-len(pair[0][0]), pair)))


@cache
def _heads(fields: tuple[str, ...]) -> frozenset[str]:
    """The units that a name begins with, as written and as it sounds: looking for them first is cheap."""
    return frozenset(one[0] for word, sound, _ in _words(fields) for one in (word, sound))
