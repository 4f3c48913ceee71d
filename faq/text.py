"""How people's words are made comparable: folding, units, sounds and concepts. Pure; what it knows of the language is
in `lexicon.yaml`, `sounds.txt` and `everyday.txt` beside it, read once on first use. Must not know entries, scores or
conversations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import opencc
import yaml

FOLD_LIMIT = 4_000  # characters of a message that are read at all; what follows is dropped
_ROUNDS = 50  # folding is repeated until nothing changes; real text needs two rounds
_ELSEWHERE = "elsewhere"  # stands for a concept in the tree of words
_HEARD = 0.75  # weight of a concept that was recognised by its sound alone
_BROADER = 0.5  # weight of the broader concept that a concept also counts as
_PINYIN_VOWELS = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹ", "aaaaeeeeiiiioooouuuuvvvvvnnn")

_UNIT = re.compile(r"[a-z]+|[0-9]+|[^\W_]")
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=[a-z])['’](?=[a-z])")
_TONED = re.compile(r"['’\u00c0-\u01ff]")  # an apostrophe or a letter that a tone mark may stand on
_LATIN = re.compile(r"[a-z]")
_REPEAT = re.compile(r"([^\W\d])\1{2,}")
_FUZZY_HEAD = (
    (re.compile("^zh"), "z"),
    (re.compile("^ch"), "c"),
    (re.compile("^sh"), "s"),
    (re.compile("^n(?=.)"), "l"),
    (re.compile("^f"), "h"),
    (re.compile("v"), "u"),
)


Kind = Literal["elsewhere", "noun", "verb"]
Word = tuple[int, int, tuple[str, ...], float]  # first unit, number of units, concepts, weight 0–1


@dataclass(frozen=True, slots=True)
class Reading:
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
def _lexicon() -> Mapping[str, Any]:
    text = resources.files("faq").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 – builds strings, lists and dicts only
    return data


@cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _any_of(words: Iterable[str]) -> str:
    """An alternation, longest word first; Latin words only as whole words."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word) for word in ordered)


def _heads(words: Iterable[str]) -> frozenset[str]:
    """The characters that a text must have one of to hold any of the words: looking for them first is cheap."""
    return frozenset(word[0] for word in words)


@cache
def _fillers() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str], frozenset[str]]:
    """What is taken out: vocatives at the start, Chinese fillers, English ones (apart: one alternation is slow)."""
    words = _lexicon()["fillers"]
    latin = [word for word in words if word.isascii()]
    chinese = [word for word in words if not word.isascii()]
    vocative = re.compile(rf"(?:{_any_of(_lexicon()['vocatives'])}) (?=.)")
    return vocative, re.compile(_any_of(chinese)), re.compile(_any_of(latin)), _heads(chinese), _heads(latin)


@cache
def _spellings() -> tuple[re.Pattern[str], Mapping[str, str], frozenset[str]]:
    spellings = _lexicon()["spellings"]
    return re.compile(_any_of(spellings)), spellings, _heads(spellings)


@cache
def _hollow() -> re.Pattern[str]:
    return re.compile(_any_of(_plain(word) for word in _lexicon()["hollow"]))


def _plain(text: str) -> str:
    """Folding without the lexicon: width, case, tone marks, punctuation, Traditional forms, threefold repeats."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if _TONED.search(text):
        text = _APOSTROPHE.sub("", text).translate(_PINYIN_VOWELS)
    text = _NOT_WORD.sub(" ", text).strip()
    if not _simple().issuperset(text):
        text = _simplified().convert(text)
    return _REPEAT.sub(r"\1", text)


def _step(text: str) -> str:
    text = _plain(text)
    pattern, spellings, heads = _spellings()
    if not heads.isdisjoint(text):
        text = pattern.sub(lambda found: spellings[found[0]], text)
    vocative, chinese, latin, chinese_heads, latin_heads = _fillers()
    if " " in text and (found := vocative.match(text)):
        text = text[found.end() :]
    if not chinese_heads.isdisjoint(text):
        text = chinese.sub("", text)
    if not latin_heads.isdisjoint(text):
        text = latin.sub("", text)
    return " ".join(text.split()) if " " in text else text


def fold(text: str) -> str:
    """The same words in one form: lower case, half width, simplified, without punctuation and politeness.

    Any text is taken; `fold(fold(text)) == fold(text)`. What says nothing (`谢谢!!`) folds to the empty string.
    """
    text = text[:FOLD_LIMIT]
    for _ in range(_ROUNDS):
        folded = _step(text)
        if folded == text:
            break
        text = folded
    return text


@cache
def _syllables() -> Mapping[str, str]:
    """Character → its fuzzy syllable; and every legal syllable, lower case, → the same."""
    table: dict[str, str] = {}
    for line in resources.files("faq").joinpath("sounds.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            syllable, characters = line.split(" ")
            table[syllable] = fuzzy(syllable)
            table.update(dict.fromkeys(characters, fuzzy(syllable)))
    return table


@cache
def _simple() -> frozenset[str]:
    """What folding can meet that has no Traditional form."""
    return frozenset(_syllables()) | frozenset(map(chr, range(128)))


def fuzzy(syllable: str) -> str:
    """A toneless syllable without what speakers and typists confuse: zh/z ch/c sh/s n/l h/f ang/an eng/en ing/in."""
    for pattern, letter in _FUZZY_HEAD:
        syllable = pattern.sub(letter, syllable)
    if syllable[-3:] in ("ang", "eng", "ing"):
        syllable = syllable[:-1]
    return syllable.upper()


@cache
def _readings() -> tuple[re.Pattern[str], Mapping[str, tuple[str, ...]], frozenset[str]]:
    readings = {word: tuple(map(fuzzy, sounds.split())) for word, sounds in _lexicon()["readings"].items()}
    return re.compile(_any_of(readings)), readings, _heads(readings)


@cache
def _english() -> frozenset[str]:
    concepts: Mapping[str, list[str]] = _lexicon()["concepts"]
    spoken = (unit for words in concepts.values() for word in words for unit in word.split())
    pinyin = {"mima", "zhanghao", "xuexin"}
    return frozenset(_lexicon()["english"]) | {unit for unit in spoken if unit.isascii() and unit not in pinyin}


@cache
def cut(run: str) -> tuple[str, ...]:
    """A run of small Latin letters as pinyin syllables, longest first; empty when it is none."""
    if not run:
        return ()
    for size in range(min(6, len(run)), 0, -1):
        head, rest = run[:size], run[size:]
        if head in _syllables() and head not in ("n", "o", "ei") and len(run) <= 40:
            tail = cut(rest)
            if tail or not rest:
                return (head, *tail)
    return ()


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _units(folded: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The units of a folded text, as written and as they sound."""
    table = _syllables()
    pattern, readings, heads = _readings()
    if table.keys() >= set(folded) and _LATIN.search(folded) is None:  # every unit is a character that sounds
        chars: list[str] = list(folded)
        sounds = [table[char] for char in folded]
        if not heads.isdisjoint(folded):
            for found in pattern.finditer(folded):
                sounds[found.start() : found.end()] = readings[found[0]]
        return tuple(chars), tuple(sounds)
    runs = _UNIT.findall(folded)
    latin = [run for run in runs if run.isascii() and run.isalpha()]
    foreign = [run for run in latin if run not in _english() and not cut(run)]
    typed = [run for run in latin if run not in _english() and cut(run)]
    pinyin = len(typed) > len(foreign) + (len(latin) - len(typed)) / 2
    chars = []
    for run in runs:
        if not run.isascii() or run.isdigit():
            chars.append(run if len(run) <= 4 else "#")
        elif pinyin and cut(run):
            chars.extend(f"~{syllable}" for syllable in cut(run))
        else:
            chars.append(_stem(run))
    sounds = [
        table[unit[1:]] if unit[0] == "~" else table.get(unit, unit) if not unit.isascii() else unit for unit in chars
    ]
    if not heads.isdisjoint(folded) and pattern.search(folded):
        line = "".join(unit if len(unit) == 1 else " " for unit in chars)
        for found in pattern.finditer(line):
            sounds[found.start() : found.end()] = readings[found[0]]
    return tuple(chars), tuple(sounds)


@cache
def _concept_words() -> tuple[_Branch, _Branch]:
    """The lexicon's words as written, things of elsewhere too; concepts of two syllables or more as they sound."""
    written, heard = _Branch(), _Branch()
    for concept, words in _lexicon()["concepts"].items():
        for word in words:
            chars, sounds = _units(_plain(word))
            written.grow(chars, chars, concept)
            if len(chars) > 1 and not word.isascii():
                heard.grow(sounds, chars, concept)
    for word in _lexicon()["elsewhere"]:
        chars, _ = _units(_plain(word))
        written.grow(chars, chars, _ELSEWHERE)
    return written, heard


@cache
def _patterns() -> tuple[tuple[tuple[str, re.Pattern[str]], ...], re.Pattern[str], Mapping[str, str]]:
    """The patterns by concept, what any text that matches one must hold, and the bridges."""
    patterns = tuple((name, re.compile(pattern)) for name, pattern in _lexicon()["patterns"].items())
    return patterns, re.compile("[0-9年代位浏]"), _lexicon()["bridges"]


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


def _named(chars: tuple[str, ...], sounds: tuple[str, ...]) -> Iterator[Word]:
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


def _concepts(folded: str, words: Iterable[Word]) -> dict[str, float]:
    found: dict[str, float] = {}
    for _, _, names, weight in words:
        for name in names:
            found[name] = max(weight, found.get(name, 0.0))
    found.pop(_ELSEWHERE, None)
    patterns, anything, bridges = _patterns()
    if anything.search(folded):
        found.update((name, 1.0) for name, pattern in patterns if pattern.search(folded))
    for name, broader in bridges.items():  # in the order of the lexicon: a bridge may lead to the next
        if name in found:
            found[broader] = max(_BROADER * found[name], found.get(broader, 0.0))
    return found


@cache
def _asking() -> frozenset[str]:
    return frozenset(_lexicon()["asking"])


def read(text: str) -> Reading:
    """All views of a message."""
    folded = fold(text)
    chars, sounds = _units(folded)
    words = tuple(_named(chars, sounds))
    concepts = _concepts(folded, words)
    return Reading(folded, chars, sounds, concepts, _asking().intersection(concepts), words)


def hollow(reading: Reading) -> bool:
    """Whether a text names no subject: nothing but question words and particles, digits or signs."""
    return not any(map(str.isalpha, reading.folded)) or not _hollow().sub("", reading.folded).strip("0123456789 ")


@cache
def particles() -> frozenset[str]:
    """The units that are a hollow word by themselves."""
    return frozenset(word for word in _lexicon()["hollow"] if len(word) == 1 or word.isascii())


@cache
def _everyday() -> Mapping[str, Kind]:
    """Everyday words and what they are."""
    lines = resources.files("faq").joinpath("everyday.txt").read_text(encoding="utf-8").splitlines()
    nouns, verbs = (line.split(" ") for line in lines if not line.startswith("#"))
    kinds: dict[str, Kind] = dict.fromkeys(verbs, "verb")
    kinds.update(dict.fromkeys(nouns, "noun"))
    return kinds


def everyday(reading: Reading) -> list[tuple[int, int, Kind]]:
    """Everyday words that name no concept, as (first unit, unit after the last, kind).

    A Latin word that is neither everyday English nor pinyin counts as a verb: English has more of them than we list.
    """
    kinds, chars = _everyday(), reading.chars
    found: list[tuple[int, int, Kind]] = []
    taken: set[int] = set()
    for start, size, names, _ in reading.words:
        taken.update(range(start, start + size))
        if _ELSEWHERE in names:  # 微信 is also a concept: strange to the entries that do not speak of it
            found.append((start, start + size, "elsewhere"))
    at = 0
    while at < len(chars):
        size = next((size for size in (4, 3, 2) if _is_word(kinds, chars[at : at + size], size)), 1)
        if taken.isdisjoint(range(at, at + size)):
            unit = chars[at]
            if size > 1:
                found.append((at, at + size, kinds["".join(chars[at : at + size])]))
            elif unit.isascii() and unit.isalpha() and len(unit) > 2 and unit not in _english():
                found.append((at, at + 1, "verb"))
        at += size
    return found


def _is_word(kinds: Mapping[str, Kind], units: tuple[str, ...], size: int) -> bool:
    return len(units) == size and not units[0].isascii() and "".join(units) in kinds
