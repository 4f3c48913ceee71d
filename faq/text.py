"""How people's words are folded into one form: width, case, Traditional forms, punctuation, politeness. Pure. Must not
know sounds, concepts or entries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

import opencc

from faq.lexicon import any_of, heads, lexicon
from faq.sounds import characters

FOLD_LIMIT = 4_000  # characters of a message that are read at all; what follows is dropped
_ROUNDS = 50  # folding is repeated until nothing changes; real text needs two rounds
_PINYIN_VOWELS = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹ", "aaaaeeeeiiiioooouuuuvvvvvnnn")

_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=[a-z])['’](?=[a-z])")
_TONED = re.compile(r"['’\u00c0-\u01ff]")  # an apostrophe or a letter that a tone mark may stand on
_REPEAT = re.compile(r"([^\W\d])\1{2,}")


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


def _step(text: str) -> str:
    text = plain(text)
    pattern, spellings, first = _spellings()
    if not first.isdisjoint(text):
        text = pattern.sub(lambda found: spellings[found[0]], text)
    vocative, chinese, latin, chinese_heads, latin_heads = _fillers()
    if " " in text and (found := vocative.match(text)):
        text = text[found.end() :]
    if not chinese_heads.isdisjoint(text):
        text = chinese.sub("", text)
    if not latin_heads.isdisjoint(text):
        text = latin.sub("", text)
    return " ".join(text.split()) if " " in text else text


def plain(text: str) -> str:
    """Folding without the lexicon: width, case, tone marks, punctuation, Traditional forms, threefold repeats."""
    if not characters().issuperset(text):  # else there is nothing to change but repeats
        text = unicodedata.normalize("NFKC", text).casefold()
        if _TONED.search(text):
            text = _APOSTROPHE.sub("", text).translate(_PINYIN_VOWELS)
        text = _NOT_WORD.sub(" ", text).strip()
        if not _simple().issuperset(text):
            text = _simplified().convert(text)
    return _REPEAT.sub(r"\1", text)


@cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _simple() -> frozenset[str]:
    """What folding can meet that has no Traditional form."""
    return characters() | frozenset(map(chr, range(128)))


@cache
def _fillers() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str], frozenset[str]]:
    """What is taken out: vocatives at the start, Chinese fillers, English ones (apart: one alternation is slow)."""
    words = lexicon()["fillers"]
    latin = [word for word in words if word.isascii()]
    chinese = [word for word in words if not word.isascii()]
    vocative = re.compile(rf"(?:{any_of(lexicon()['vocatives'])}) (?=.)")
    return vocative, re.compile(any_of(chinese)), re.compile(any_of(latin)), heads(chinese), heads(latin)


@cache
def _spellings() -> tuple[re.Pattern[str], Mapping[str, str], frozenset[str]]:
    spellings = lexicon()["spellings"]
    return re.compile(any_of(spellings)), spellings, heads(spellings)
