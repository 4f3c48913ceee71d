"""The lexicon's words in a text, by writing and by ear, and the concepts that they stand for. Pure. Must not know
entries.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import TypeAlias

from faq.lexicon import lexicon, particles
from faq.sounds import units
from faq.text import plain

ELSEWHERE = "elsewhere"  # stands for a concept in the tree of words
_HEARD = 0.75  # weight of a concept that was recognised by its sound alone
_BROADER = 0.5  # weight of the broader concept that a concept also counts as

_NONE: tuple[str, ...] = ()

Units: TypeAlias = tuple[str, ...]
Word: TypeAlias = tuple[int, int, tuple[str, ...], float]  # first unit, number of units, concepts, weight 0–1
Written: TypeAlias = Mapping[Units, tuple[str, ...]]  # word → concepts
Heard: TypeAlias = Mapping[Units, Written]  # sound → the words that sound so
Sizes: TypeAlias = Mapping[Units, tuple[int, ...]]


def named(chars: Units, sounds: Units) -> Iterator[Word]:
    """The lexicon's words in a text, longest first, without overlap; of two as long the one that is written."""
    written, heard, sizes, sizes_heard = _concept_words()
    at = 0
    while at < len(chars):
        size, names, weight = 0, _NONE, 1.0
        for length in sizes.get(chars[at : at + 2], (1,)):
            word = chars[at : at + length]
            if word in written:
                size, names = len(word), written[word]
                break
        for length in sizes_heard.get(sounds[at : at + 2], ()):
            word = sounds[at : at + length]
            if len(word) > size and word in heard and (meant := _meant(heard[word], chars[at : at + length])):
                size, names, weight = len(word), meant, _HEARD
                break
        if size:
            yield at, size, names, weight
        at += max(size, 1)


def concepts_of(folded: str, words: Iterable[Word]) -> dict[str, float]:
    """The concepts of a text with their strength, 0–1: those of its words, of patterns, and the broader ones."""
    found: dict[str, float] = {}
    for _, _, names, weight in words:
        for name in names:
            found[name] = max(weight, found.get(name, 0.0))
    found.pop(ELSEWHERE, None)
    patterns, anything, bridges = _patterns()
    if anything.search(folded):
        found.update((name, 1.0) for name, pattern in patterns if pattern.search(folded))
    for name, broader in bridges.items():  # in the order of the lexicon: a bridge may lead to the next
        if name in found:
            found[broader] = max(_BROADER * found[name], found.get(broader, 0.0))
    return found


@cache
def asking() -> frozenset[str]:
    """The concepts that say what kind of question it is."""
    return frozenset(lexicon()["asking"])


@cache
def _concept_words() -> tuple[Written, Heard, Sizes, Sizes]:
    """The lexicon's words as written, things of elsewhere too; concepts of two syllables or more as they sound. Then
    for both which sizes of words begin with two units, the longest first.
    """
    written: defaultdict[Units, list[str]] = defaultdict(list)
    heard: defaultdict[Units, dict[Units, list[str]]] = defaultdict(lambda: defaultdict(list))
    services = lexicon()["services"]
    for concept, words in (*lexicon()["concepts"].items(), *services.items()):
        for word in words:
            chars, sounds = units(plain(word))
            written[chars].append(concept)
            if len(chars) > 1 and not word.isascii():
                heard[sounds][chars].append(concept)
    for word in chain(lexicon()["elsewhere"], *services.values()):
        written[units(plain(word))[0]].append(ELSEWHERE)
    return (
        {word: _once(names) for word, names in written.items()},
        {sound: {word: _once(names) for word, names in words.items()} for sound, words in heard.items()},
        _sizes(written),
        _sizes(heard),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _sizes(words: Iterable[Units]) -> Sizes:
    sizes: defaultdict[Units, set[int]] = defaultdict(lambda: {1})
    for word in words:
        sizes[word[:2]].add(len(word))
    return {start: tuple(sorted(lengths, reverse=True)) for start, lengths in sizes.items()}


def _meant(words: Mapping[Units, tuple[str, ...]], here: Units) -> tuple[str, ...]:
    """The concepts of those words that may be meant. A word must be typed in pinyin or share a character with what is
    written, other than a particle: 学及 is 学籍, 想睡 is not 向谁, 吃了 is not 迟了.
    """
    return _once(
        name
        for word, names in words.items()
        if any(
            unit[0] == "~" or (unit == other and unit not in particles())
            for unit, other in zip(here, word, strict=True)
        )
        for name in names
    )


@cache
def _patterns() -> tuple[tuple[tuple[str, re.Pattern[str]], ...], re.Pattern[str], Mapping[str, str]]:
    """The patterns by concept, what any text that matches one must hold, and the bridges."""
    patterns = tuple((name, re.compile(pattern)) for name, pattern in lexicon()["patterns"].items())
    return patterns, re.compile("[0-9年代位浏]"), lexicon()["bridges"]
