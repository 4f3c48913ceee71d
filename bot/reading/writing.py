"""A typed message in one writing: simplified characters, small letters, signs and dialect particles as plain words,
typed pinyin as the characters that it most likely stands for; cut at its punctuation. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from bot.reading.lexicon import lexicon
from faq.lexicon import any_of
from faq.sounds import syllables, units
from faq.text import plain

READ = 500  # characters of a message that are read

# Letters and digits in a row; a blank between Latin words and a sign between digits do not part them.
_RUN = r"(?:[^\W_]|['’%％+](?=\w)|(?<=[a-z0-9])[./:：\-_ ](?=[a-z0-9]))+"
_POLITE = "谢谢"  # what a sign behind words says of them, not besides them
_ASKS = r"(?P<asks>\s*[?？])?"
_PICTURE = r"\[[^\]\s]{1,4}\]"  # as WeChat writes its own emoji
_END = re.compile("[拉辣]$")  # a particle that is written by its sound


class Stretch(NamedTuple):
    """A stretch without punctuation, `text[start:end]`: its units as written (characters, Latin words, numbers) and as
    they sound, and whether a question mark ends it.
    """

    start: int
    end: int
    chars: tuple[str, ...]
    sounds: tuple[str, ...]
    asks: bool


class Typist:
    """Reads typed pinyin as characters: the likeliest by pairs of characters in `lines`."""

    def __init__(self, lines: Callable[[], Iterable[str]]) -> None:
        """`lines` are counted when the first pinyin comes: most people type none."""
        self._lines = lines

    @cached_property
    def _counts(self) -> tuple[Counter[str], Counter[tuple[str, str]], Mapping[str, Sequence[str]]]:
        """How often characters and pairs of them stand in the lines; by syllable the characters that sound so."""
        single: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for line in self._lines():
            single.update(line)
            pairs.update(pairwise(line))
        written: dict[str, list[str]] = {}
        for char in sorted(single.keys() & _load_syllables().keys()):
            written.setdefault(_load_syllables()[char], []).append(char)
        return single, pairs, written

    def characters(self, typed: Iterable[str]) -> tuple[str, ...]:
        """Return the characters that syllables stand for (`~dui` → 对); one that no line has stays as it is."""
        paths: dict[str, tuple[float, tuple[str, ...]]] = {"": (0.0, ())}
        *_, written = self._counts
        for unit in typed:
            options = written.get(unit[1:]) if unit[0] == "~" else None
            paths = {
                char: max((score + self._weight(last, char), (*path, char)) for last, (score, path) in paths.items())
                for char in options or [unit]
            }
        return max(paths.values())[1]

    def _weight(self, last: str, char: str) -> float:
        """Return the weight of a character after another: mostly the pair, a little the character."""
        single, pairs, _ = self._counts
        return 10.0 * pairs[last, char] / (single[last] + 20.0) + single[char] / 1e5


@cache
def _load_syllables() -> Mapping[str, str]:
    """Character → its toneless syllable as it is typed."""
    table: dict[str, str] = {}
    for line in resources.files("faq").joinpath("sounds.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            syllable, characters = line.split(" ")
            table.update(dict.fromkeys(characters, syllable))
    return table


def pieces(text: str, typist: Typist) -> list[Stretch]:
    """Return the stretches of a message between its punctuation, in order."""
    found: list[Stretch] = []
    emoji = lexicon()["emoji"]
    for part in _part().finditer(text[:READ].casefold()):
        words = emoji.get(part["sign"], "") if part["sign"] else part["run"]
        if words:
            chars, sounds = _units(words, typist)
            if chars and not (part["sign"] and found and words == _POLITE):
                found.append(Stretch(*part.span(), chars, sounds, bool(part["asks"])))
    return found


def _units(words: str, typist: Typist) -> tuple[tuple[str, ...], tuple[str, ...]]:
    chars, sounds = units(spelt(words))
    if any(unit[0] == "~" for unit in chars):
        chars = typist.characters(chars)
        sounds = tuple(syllables().get(char, sound) for char, sound in zip(chars, sounds, strict=True))
    return chars, sounds


def spelt(text: str) -> str:
    """Return a text in one spelling, without punctuation."""
    spellings = lexicon()["spellings"]
    return _END.sub("了", _spellings().sub(lambda found: spellings[found[0]], plain(text)))


@cache
def _part() -> re.Pattern[str]:
    signs = "|".join(map(re.escape, sorted(lexicon()["emoji"], key=len, reverse=True)))
    return re.compile(f"(?P<sign>{signs}|{_PICTURE})|(?P<run>{_RUN}){_ASKS}")


@cache
def _spellings() -> re.Pattern[str]:
    return re.compile(any_of(lexicon()["spellings"]))
