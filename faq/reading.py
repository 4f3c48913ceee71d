"""A message as it is compared: its folded text in parallel views. Pure. Must not know entries, scores or
conversations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from faq.concepts import ELSEWHERE, Word, asking, concepts_of, named
from faq.lexicon import any_of, lexicon
from faq.sounds import english, units
from faq.text import fold, plain

GIST_WEIGHT = 3
"""Characters for which the kind of a question counts beside its subject."""
_PRIVATE = 0xE000
"""The first character that no text holds."""

_ASKS = re.compile(r"(?:[?？吗呢么]|怎么|什么|哪|几|谁|多少|多久|能不能|可不可以|要不要|是不是|有没有|咋|啥|如何)")

Kind = Literal["elsewhere", "noun", "verb"]


class Reading(NamedTuple):
    """A message as it is compared: all parallel views of one folded text.

    `chars` and `sounds` have the same length: one unit is a Chinese character, a Latin word or a run of digits; in
    `sounds` a character (or a typed pinyin syllable) is its fuzzy toneless syllable in capitals. `concepts` are the
    lexicon's concepts with weights 0–1; `asking` are those that say what kind of question it is. `words` are the
    lexicon's words in it, without overlap.
    """

    folded: str
    chars: tuple[str, ...]
    sounds: tuple[str, ...]
    concepts: Mapping[str, float]
    asking: frozenset[str]
    words: tuple[Word, ...]


def read(text: str) -> Reading:
    """All views of a message."""
    folded = fold(text)
    chars, sounds = units(folded)
    words = tuple(named(chars, sounds))
    concepts = concepts_of(folded, words)
    return Reading(folded, chars, sounds, concepts, asking().intersection(concepts), words)


def hollow(reading: Reading) -> bool:
    """Whether a text names no subject: nothing but question words and particles, digits or signs."""
    words, characters = _hollow()
    if not characters.issuperset(reading.folded):  # quickly seen of most texts
        return not any(map(str.isalpha, reading.folded))
    return not words.sub("", reading.folded).strip("0123456789 ")


def is_question(text: str) -> bool:
    """Return whether a text asks for something, and says of what: by its question words, or by its end."""
    reading = read(text)
    return not hollow(reading) and bool(reading.asking or _ASKS.search(text.strip()))


def gist(text: str) -> str:
    """A text as it is compared for what it asks: its subject, and a sign for each kind of question, however worded."""
    reading = read(text)
    words, _ = _hollow()
    kinds = "".join(GIST_WEIGHT * chr(_PRIVATE + _kinds()[kind]) for kind in sorted(reading.asking))
    return (words.sub("", reading.folded).replace(" ", "") or reading.folded) + kinds


@cache
def _kinds() -> Mapping[str, int]:
    return {kind: n for n, kind in enumerate(sorted(asking()))}


@cache
def _hollow() -> tuple[re.Pattern[str], frozenset[str]]:
    """What is hollow, and all characters of hollow texts."""
    words = [plain(word) for word in lexicon()["hollow"]]
    return re.compile(any_of(words)), frozenset("".join(("0123456789 ", *words)))


def everyday(reading: Reading) -> list[tuple[int, int, Kind, tuple[str, ...]]]:
    """Words that an FAQ need not know, as (first unit, unit after the last, kind, concepts that they name).

    A Latin word that is neither everyday English nor pinyin counts as a verb: English has more of them than we list.
    """
    (kinds, longer), chars = _everyday(), reading.chars
    found: list[tuple[int, int, Kind, tuple[str, ...]]] = []
    taken: set[int] = set()
    for start, size, names, _ in reading.words:
        taken.update(range(start, start + size))
        if ELSEWHERE in names:  # 微信 is also a concept: strange to the entries that do not speak of it
            found.append((start, start + size, "elsewhere", names))
    at = 0
    while at < len(chars):
        unit, word = chars[at], ""
        for size in (4, 3, 2) if "".join(chars[at : at + 2]) in longer else (2,):
            word = "".join(chars[at : at + size])
            if word in kinds:
                break
        size = len(word) if word in kinds else 1
        if taken.isdisjoint(range(at, at + size)):
            if size > 1:
                found.append((at, at + size, kinds[word], ()))
            elif unit.isascii() and unit.isalpha() and len(unit) > 2 and unit not in english():
                found.append((at, at + 1, "verb", ()))
        at += size
    return found


@cache
def _everyday() -> tuple[Mapping[str, Kind], frozenset[str]]:
    """Everyday words and what they are; and the two characters that words of three or four begin with."""
    lines = resources.files("faq").joinpath("everyday.txt").read_text(encoding="utf-8").splitlines()
    nouns, verbs = (line.split(" ") for line in lines if not line.startswith("#"))
    kinds: dict[str, Kind] = dict.fromkeys(verbs, "verb")
    kinds.update(dict.fromkeys(nouns, "noun"))
    return kinds, frozenset(word[:2] for word in kinds if len(word) > 2)
