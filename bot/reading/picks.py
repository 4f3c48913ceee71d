"""Finds the one of the things that were offered that a message picks (第二个, 3, 最后那个). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bot.reading.lexicon import wordings

_NUMERALS = {char: at for at, char in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}


def find_pick(chars: Sequence[str], offered: int) -> int:
    """Return the number that a text picks of so many things; 0 when it picks none."""
    line = "".join(chars)
    for pattern, meant in _picks() if offered else ():
        if found := pattern.search(line):
            number = _number(meant or found[1], offered)
            return number if number <= offered else 0
    return 0


def _number(word: str, offered: int) -> int:
    if word == "last":
        return offered
    return _NUMERALS.get(word, 0) or int(word)


@cache
def _picks() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), meant) for pattern, meant in wordings()["picks"].items())
