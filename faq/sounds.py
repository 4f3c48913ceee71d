"""How Chinese sounds: fuzzy toneless pinyin syllables, of characters and of what is typed in Latin letters. Pure. Must
not know folding, concepts or entries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from itertools import chain

from faq.lexicon import any_of, heads, lexicon

_UNIT = re.compile(r"[a-z]+|[0-9]+|[^\W_]")
_FUZZY_HEAD = (
    (re.compile("^zh"), "z"),
    (re.compile("^ch"), "c"),
    (re.compile("^sh"), "s"),
    (re.compile("^n(?=.)"), "l"),
    (re.compile("^f"), "h"),
    (re.compile("v"), "u"),
)


def units(folded: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units of a folded text, as written and as they sound: characters, Latin words, typed syllables, numbers."""
    pattern, readings, first = _readings()
    if characters().issuperset(folded):  # nothing but characters that sound
        sounds = [*map(syllables().__getitem__, folded)]
        if not first.isdisjoint(folded):
            for found in pattern.finditer(folded):
                sounds[found.start() : found.end()] = readings[found[0]]
        return tuple(folded), tuple(sounds)
    table = syllables()
    runs = _UNIT.findall(folded)
    latin = [run for run in runs if run.isascii() and run.isalpha()]
    foreign = [run for run in latin if run not in english() and not cut(run)]
    typed = [run for run in latin if run not in english() and cut(run)]
    pinyin = len(typed) > len(foreign) + (len(latin) - len(typed)) / 2
    chars: list[str] = []
    for run in runs:
        if not run.isascii() or run.isdigit():
            chars.append(run if len(run) <= 4 else "#")
        elif pinyin and cut(run):
            chars.extend(f"~{syllable}" for syllable in cut(run))
        else:
            chars.append(_stem(run))
    sounds = [table.get(unit, unit) for unit in chars]
    if not first.isdisjoint(folded) and pattern.search(folded):
        line = "".join(unit if len(unit) == 1 else " " for unit in chars)
        for found in pattern.finditer(line):
            sounds[found.start() : found.end()] = readings[found[0]]
    return tuple(chars), tuple(sounds)


def fuzzy(syllable: str) -> str:
    """A toneless syllable without what speakers and typists confuse: zh/z ch/c sh/s n/l h/f ang/an eng/en ing/in."""
    for pattern, letter in _FUZZY_HEAD:
        syllable = pattern.sub(letter, syllable)
    if syllable[-3:] in ("ang", "eng", "ing"):
        syllable = syllable[:-1]
    return syllable.upper()


def spell(folded: str) -> tuple[str, ...]:
    """The units of a folded text in plain letters: each character as pinyin, Latin words and numbers as they are."""
    table = _pinyin()
    runs = (table.get(run, run) for run in _UNIT.findall(folded))
    return tuple(run for run in runs if run.isascii())


@cache
def _pinyin() -> Mapping[str, str]:
    rows = (line.split(" ") for line in _sound_lines())
    return {character: syllable for syllable, characters in rows for character in characters}


def _sound_lines() -> list[str]:
    text = resources.files("faq").joinpath("sounds.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


@lru_cache(maxsize=4096)  # people type whatever they like
def cut(run: str) -> tuple[str, ...]:
    """A run of small Latin letters as pinyin syllables, longest first; empty when it is none."""
    if not run:
        return ()
    for size in range(min(6, len(run)), 0, -1):
        head, rest = run[:size], run[size:]
        if f"~{head}" in syllables() and head not in ("n", "o", "ei") and len(run) <= 40:
            tail = cut(rest)
            if tail or not rest:
                return (head, *tail)
    return ()


@cache
def characters() -> frozenset[str]:
    """The Chinese characters whose sound is known; all are simplified."""
    return frozenset(unit for unit in syllables() if unit[0] != "~")


@cache
def syllables() -> Mapping[str, str]:
    """Unit → its fuzzy syllable: every character, and every legal syllable as it is typed, `~` before it."""
    table: dict[str, str] = {}
    for line in _sound_lines():
        syllable, characters = line.split(" ")
        table[f"~{syllable}"] = fuzzy(syllable)
        table.update(dict.fromkeys(characters, fuzzy(syllable)))
    return table


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@cache
def _readings() -> tuple[re.Pattern[str], Mapping[str, tuple[str, ...]], frozenset[str]]:
    readings = {word: tuple(map(fuzzy, sounds.split())) for word, sounds in lexicon()["readings"].items()}
    return re.compile(any_of(readings)), readings, heads(readings)


@cache
def english() -> frozenset[str]:
    words = chain(*lexicon()["concepts"].values(), *lexicon()["services"].values())
    spoken = (unit for word in words for unit in word.split())
    pinyin = {"mima", "zhanghao", "xuexin"}
    return frozenset(lexicon()["english"]) | {unit for unit in spoken if unit.isascii() and unit not in pinyin}
