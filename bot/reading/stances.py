"""The stances of the lexicon in a message (done, not yet, same, unsure …), by writing, by sound and
by the build of verbs, each turned round by a negator before it. Pure. Must not know steps, options or scores.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from bot.reading.lexicon import lexicon
from bot.reading.writing import spelt
from faq.lexicon import particles
from faq.sounds import units

NEGATOR = "not"
_PLAIN = "plain"
_LATIN = "\ufffc"  # stands for a Latin word or a number where patterns look
_REACH = 5  # units of `light` that may stand between a negator and what it turns round
_HEARD = 0.7  # weight of a stance that was recognised by its sound alone

Units = tuple[str, ...]


class Stance(NamedTuple):
    """A stance at units `start` up to `end`, with its weight 0–1; `turned` by a negator."""

    start: int
    end: int
    name: str
    weight: float = 1.0
    turned: bool = False


def stances(chars: Units, sounds: Units) -> list[Stance]:
    """Return all stances of a stretch without punctuation, in order of their starts."""
    words = list(_words(chars, sounds))
    found = [*_turn(chars, words), *_find_built(chars, words)]
    return sorted(found)


def _words(chars: Units, sounds: Units) -> Iterator[tuple[int, int, tuple[str, ...], float]]:
    """Yield the lexicon's words, longest first, without overlap: first unit, unit after the last, stances, weight."""
    written, heard, longest = _lexicon()
    at = 0
    while at < len(chars):
        for size in range(min(longest, len(chars) - at), 0, -1):
            word = chars[at : at + size]
            if names := written.get(word):
                yield at, at + size, names, 1.0
                break
            if size > 1 and (near := heard.get(sounds[at : at + size])) and (names := _confirm_heard(near, word)):
                yield at, at + size, names, _HEARD
                break
        else:
            size = 1
        at += size


def _confirm_heard(words: Mapping[Units, tuple[str, ...]], here: Units) -> tuple[str, ...]:
    """Return the stances of the words that share a character that is no particle with what is written."""
    light = particles()
    return tuple(
        name
        for word, names in words.items()
        if any(unit == other and unit not in light for unit, other in zip(here, word, strict=True))
        for name in names
    )


def _turn(chars: Units, words: list[tuple[int, int, tuple[str, ...], float]]) -> Iterator[Stance]:
    """Yield the stances of words; one behind a negator is its opposite, and of two negators each turns it."""
    opposites, light = lexicon()["opposites"], set("".join(lexicon()["light"]))
    negated, reach = False, -1
    for start, end, names, weight in words:
        if negated and not (start - reach <= _REACH and light.issuperset(chars[reach:start])):
            negated = False
        turning = NEGATOR in names
        for name in names:
            if name not in (NEGATOR, _PLAIN) and not (turning and negated):
                turn = negated and not turning and name in opposites
                yield Stance(start, end, opposites[name] if turn else name, weight, turn)
        if turning:
            if negated:  # 不是没有: what the second negator says is turned round
                yield from (
                    Stance(start, end, opposites[name], weight, turned=True) for name in names if name in opposites
                )
            else:
                yield Stance(start, end, NEGATOR, weight)
            negated, reach = not negated, end
        elif negated and not light.issuperset(chars[start:end]):
            negated = False


def _find_built(chars: Units, words: list[tuple[int, int, tuple[str, ...], float]]) -> Iterator[Stance]:
    line = "".join(unit if len(unit) == 1 else _LATIN for unit in chars)
    known = {
        at for start, end, names, _ in words if end - start > 1 and NEGATOR not in names for at in range(start, end)
    }
    for name, pattern in _patterns():
        for match in pattern.finditer(line):
            if name in ("ask", "going", "number", "quote") or not known.issuperset(range(*match.span())):
                yield Stance(*match.span(), name)


@cache
def _lexicon() -> tuple[Mapping[Units, tuple[str, ...]], Mapping[Units, Mapping[Units, tuple[str, ...]]], int]:
    """The words as written, as they sound, and the size of the longest; negators are a stance NEGATOR, words that only
    hold one are _PLAIN.
    """
    written: defaultdict[Units, list[str]] = defaultdict(list)
    extra = ((name, lexicon()[section]) for name, section in ((NEGATOR, "negators"), (_PLAIN, "plain")))
    for name, words in (*lexicon()["stances"].items(), *extra):
        for word in words:
            chars = units(spelt(word))[0]
            if name not in written[chars]:
                written[chars].append(name)
    written.pop((), None)
    table = {word: tuple(names) for word, names in written.items()}
    heard: defaultdict[Units, dict[Units, tuple[str, ...]]] = defaultdict(dict)
    for word, names in table.items():
        if len(word) > 1:
            heard[units("".join(word))[1]][word] = names
    return table, dict(heard), max(map(len, table))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    endings = "|".join(sorted(lexicon()["endings"], key=len, reverse=True))
    return tuple(
        (name, re.compile(pattern.replace("{endings}", endings))) for name, pattern in lexicon()["patterns"].items()
    )
