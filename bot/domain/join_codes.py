"""Join codes: letters on a slip of paper from a teacher. Only the school's own list says whose they are. Pure.

A code is drawn by lot, so nothing can be read out of it, and none is a student number. Its last letter checks the
others: a letter that was mistyped, or two that changed places, are noticed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which look like others. Their number is a prime, which the check needs."""
LENGTH = 8

# A phone offers many hyphens.
_CODE = re.compile(rf"([{ALPHABET}]{{4}})[-‐-―−_\s]*([{ALPHABET}]{{4}})")
_ALIKE = re.compile(r"[A-Z]{4}\W?[A-Z]{4}", re.ASCII)
_GAPS = re.compile(r"[\s,，;；、\"']+")


def draw(lot: Callable[[int], int]) -> str:
    """A new code; `lot` draws a number below its argument."""
    letters = "".join(ALPHABET[lot(len(ALPHABET))] for _ in range(LENGTH - 1))
    return letters + _check(letters)


def parse_code(text: str) -> str | None:
    """The code that somebody typed, in whatever letters and with or without the hyphen; None when it is none."""
    found = _CODE.fullmatch(_fold(text))
    code = found[1] + found[2] if found else ""
    return code if code and _check(code[:-1]) == code[-1] else None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def format_code(code: str) -> str:
    """A code as people read it."""
    return f"{code[:4]}-{code[4:]}"


def _check(letters: str) -> str:
    weighed = sum(n * ALPHABET.index(letter) for n, letter in enumerate(letters, 1))
    return ALPHABET[weighed % len(ALPHABET)]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who said which code they were given. `state` and `step` are those under the notice; `seen` UTC."""

    code: str
    user: str
    state: str
    step: str | None
    seen: datetime
    reachable: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of codes as somebody wrote it: the codes, each once, in order; and lines (from 1) that hold none."""

    codes: tuple[str, ...]
    strange: tuple[tuple[int, str], ...]


def parse_list(text: str) -> Listed:
    """Codes out of a text or a CSV file: the first in each line counts, in a line of codes alone all do.

    A first line without one is a heading. What looks like a code and is none is strange wherever it stands.
    """
    codes: list[str] = []
    strange: list[tuple[int, str]] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        parts = [part for part in _GAPS.split(line) if part]
        alike = [part for part in parts if _ALIKE.fullmatch(_fold(part))]
        known = [code for part in alike if (code := parse_code(part))]
        if len(alike) == len(parts):
            codes += known
            strange += [(number, part) for part in alike if not parse_code(part)]
        elif known:
            codes.append(known[0])
        elif number > 1 or alike:
            strange.append((number, line.strip()[:40]))
    return Listed(tuple(dict.fromkeys(codes)), tuple(strange))


def draw_codes(count: int, lot: Callable[[int], int]) -> list[str]:
    """So many codes, all different."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes[draw(lot)] = None
    return list(codes)
