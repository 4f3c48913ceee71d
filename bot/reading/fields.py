"""The fields of a checklist that a segment of a message names, by writing and by sound. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from bot.reading.lexicon import wordings
from bot.reading.message import Segment
from bot.reading.phrasebook import Units
from bot.reading.writing import spelt
from faq.sounds import units

NUMERALS = "1234567890一二三四五六七八九十"
_FIRST = re.compile(f"[前头]([{NUMERALS}])[个项样条]")
_COMPARED = re.compile("[和跟与同比按照]身份证(?:[上里]|号?(?:不|一|对不上|比|相|有))|[老旧]名")


def fields_in(segment: Segment, fields: tuple[str, ...]) -> list[str]:
    """The fields that a segment names, in its order; not what it only compares with (跟身份证不符, 还是老名字)."""
    found: list[str] = []
    end = 0
    for at, size, name in _mentions(segment, fields):
        if at >= end:
            end = at + size
            found += [] if name in found else [name]
    return found


def count_first(chars: Units) -> int:
    """Return how many of the first fields words speak of (前四个都对); 0 where they do not."""
    match = _FIRST.search("".join(chars))
    return NUMERALS.index(match[1]) % 10 + 1 if match else 0


def _mentions(segment: Segment, fields: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """The longest name of a field at every unit: its first unit, its size, the field."""
    chars, sounds, names = segment.text.chars, segment.text.sounds, _names(fields)
    if names.keys().isdisjoint(chars) and names.keys().isdisjoint(sounds):
        return
    line = "".join(unit if len(unit) == 1 else "\ufffc" for unit in chars)
    for at, (char, heard_as) in enumerate(zip(chars, sounds, strict=True)):
        near = {*names.get(char, ()), *names.get(heard_as, ())}
        if not near or (at and _COMPARED.match(line, at - 1)):
            continue
        for _, word, sound, name in sorted(near):
            here = chars[at : at + len(word)]
            heard = len(word) > 1 and sounds[at : at + len(word)] == sound and any(unit in word for unit in here)
            if here == word or heard:
                yield at, len(word), name
                break


@cache
def _names(fields: tuple[str, ...]) -> Mapping[str, Sequence[tuple[int, Units, Units, str]]]:
    """Every name of every field, the longest first, as written and as it sounds; by how its first unit is written, and
    by how it sounds.
    """
    words = {units(spelt(word)): name for name in fields for word in (name, *wordings()["fields"].get(name, ()))}
    found: defaultdict[str, list[tuple[int, Units, Units, str]]] = defaultdict(list)
    ordered = sorted(words.items(), key=lambda pair: (-len(pair[0][0]), pair))
    for place, ((word, sound), name) in enumerate(ordered):
        for head in {word[0], sound[0]}:
            found[head].append((place, word, sound, name))
    return dict(found)
