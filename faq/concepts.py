"""The lexicon's words in a text, by writing and by ear, and the concepts that they stand for. Pure. Must not know
entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain

from faq.lexicon import lexicon, particles
from faq.sounds import units
from faq.text import plain

ELSEWHERE = "elsewhere"  # stands for a concept in the tree of words
_HEARD = 0.75  # weight of a concept that was recognised by its sound alone
_BROADER = 0.5  # weight of the broader concept that a concept also counts as

Word = tuple[int, int, tuple[str, ...], float]  # first unit, number of units, concepts, weight 0–1


def named(chars: tuple[str, ...], sounds: tuple[str, ...]) -> Iterator[Word]:
    """The lexicon's words in a text, longest first, without overlap."""
    written, heard = _concept_words()
    at = 0
    while at < len(chars):
        size, by_ear = 0, 0
        names: tuple[str, ...] = ()
        alike: tuple[str, ...] = ()
        if chars[at] in written.then:
            size, names = _written(written, chars, at)
        if sounds[at] in heard.then:
            by_ear, alike = _heard(heard, sounds, at, chars)
        if by_ear > size:
            yield at, by_ear, alike, _HEARD
        elif size:
            yield at, size, names, 1.0
        at += max(size, by_ear, 1)


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


class _Branch:
    """A tree of words by their units; `words` are those that end here, as they are written, with their concepts."""

    __slots__ = ("then", "words")

    def __init__(self) -> None:
        self.then: dict[str, _Branch] = {}
        self.words: dict[tuple[str, ...], tuple[str, ...]] = {}

    def grow(self, units: Iterable[str], word: tuple[str, ...], concept: str) -> None:
        branch = self
        for unit in units:
            branch = branch.then.setdefault(unit, _Branch())
        branch.words[word] = tuple(dict.fromkeys((*branch.words.get(word, ()), concept)))


@cache
def _concept_words() -> tuple[_Branch, _Branch]:
    """The lexicon's words as written, things of elsewhere too; concepts of two syllables or more as they sound."""
    written, heard = _Branch(), _Branch()
    services = lexicon()["services"]
    for concept, words in (*lexicon()["concepts"].items(), *services.items()):
        for word in words:
            chars, sounds = units(plain(word))
            written.grow(chars, chars, concept)
            if len(chars) > 1 and not word.isascii():
                heard.grow(sounds, chars, concept)
    for word in chain(lexicon()["elsewhere"], *services.values()):
        chars, _ = units(plain(word))
        written.grow(chars, chars, ELSEWHERE)
    return written, heard


@cache
def _patterns() -> tuple[tuple[tuple[str, re.Pattern[str]], ...], re.Pattern[str], Mapping[str, str]]:
    """The patterns by concept, what any text that matches one must hold, and the bridges."""
    patterns = tuple((name, re.compile(pattern)) for name, pattern in lexicon()["patterns"].items())
    return patterns, re.compile("[0-9年代位浏]"), lexicon()["bridges"]


def _written(tree: _Branch, chars: tuple[str, ...], start: int) -> tuple[int, tuple[str, ...]]:
    """How many units the longest word takes that is written at `start`, and its concepts; 0 for none."""
    size, concepts = 0, tree.words.get((), ())
    for at in range(start, len(chars)):
        branch = tree.then.get(chars[at])
        if branch is None:
            break
        tree = branch
        if tree.words:
            size, (concepts,) = at + 1 - start, tree.words.values()
    return size, concepts


def _heard(tree: _Branch, sounds: tuple[str, ...], start: int, chars: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """The same by ear. A word must be typed in pinyin or share a character with what is written, other than a particle:
    学及 is 学籍, 想睡 is not 向谁, 吃了 is not 迟了.
    """
    size, concepts = 0, tree.words.get((), ())
    for at in range(start, len(sounds)):
        branch = tree.then.get(sounds[at])
        if branch is None:
            break
        tree = branch
        if tree.words:
            here = chars[start : at + 1]
            meant = [
                names
                for word, names in tree.words.items()
                if any(
                    unit[0] == "~" or (unit == other and unit not in particles())
                    for unit, other in zip(here, word, strict=True)
                )
            ]
            if meant:
                size, concepts = at + 1 - start, tuple(dict.fromkeys(name for names in meant for name in names))
    return size, concepts
