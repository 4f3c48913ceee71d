"""Join codes: letters on a slip of paper from a teacher. Only the school's own list says whose they are. Pure.

A code is random: it holds no information and is no student number. Its last letter is a check letter, which detects one
wrong letter or two that changed places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.accounts import PersonKey

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which look like digits. The number of letters is a prime, which the check letter needs."""
LENGTH = 8

# Phones type many kinds of hyphens.
_CODE = re.compile(rf"([{ALPHABET}]{{4}})[-‐-―−_\s]*([{ALPHABET}]{{4}})")
_ALIKE = re.compile(r"[A-Z]{4}\W?[A-Z]{4}", re.ASCII)
_GAPS = re.compile(r"[\s,，;；、\"']+")


def draw(lot: Callable[[int], int]) -> str:
    """Return a new code. `lot` draws a number below its argument."""
    letters = "".join(ALPHABET[lot(len(ALPHABET))] for _ in range(LENGTH - 1))
    return letters + _check(letters)


def parse_code(text: str) -> str | None:
    """Parse a typed code, in upper or lower case, with or without the hyphen; None when it is no code."""
    found = _CODE.fullmatch(_fold(text))
    code = found[1] + found[2] if found else ""
    return code if code and _check(code[:-1]) == code[-1] else None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def format_code(code: str) -> str:
    """Return a code with its hyphen."""
    return f"{code[:4]}-{code[4:]}"


def _check(letters: str) -> str:
    weighed = sum(n * ALPHABET.index(letter) for n, letter in enumerate(letters, 1))
    return ALPHABET[weighed % len(ALPHABET)]


@dataclass(frozen=True, slots=True)
class CodeClaimed:
    """The person whose turn it is has this code from now on. Outdated when somebody else has it."""

    code: str


@dataclass(frozen=True, slots=True)
class CodeDropped:
    """The person whose turn it is has no code any more."""


@dataclass(frozen=True, slots=True)
class CodeFreed:
    """The office took a code from whoever had it; the session of `user` loses it with another effect.

    `channel` is theirs; empty: that of whoever decided it.
    """

    code: str
    user: str
    channel: str = ""


CallOutcome = Literal["reached", "missed", "handled", "papers"]
"""Of a call: somebody answered, nobody did, the matter is settled, papers are to be brought."""


@dataclass(frozen=True, slots=True)
class Called:
    """Staff called for this code."""

    code: str
    outcome: CallOutcome


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A code on a list of the school that was applied: whether it is done there, whether its owner said done and was
    put back, and the class as the list names it.
    """

    code: str
    done: bool
    said_done: bool = False
    class_name: str = ""


@dataclass(frozen=True, slots=True)
class CodeOwner:
    """Whoever has a code that another person gives, and their session as it is stored."""

    who: PersonKey
    session: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who gave their code. `state` and `step` are those under the notice; `seen`: their last turn, UTC."""

    code: str
    who: PersonKey
    state: str
    step: str | None
    seen: datetime
    reachable: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who gave their code, for a call: where they are, and what they said to broadcasts.

    `unanswered` broadcasts reached them without an answer since the last one that they answered by `ack` at `ack_at`,
    or since a call that they answered. `call` is the outcome of the last one, `listed` the school's newest list on
    them. With an empty user nobody has the code.
    """

    holder: Holder
    cohort: str | None = None
    major: str | None = None
    unanswered: int = 0
    ack: str | None = None
    ack_at: datetime | None = None
    call: CallOutcome | None = None
    call_at: datetime | None = None
    listed: ListedCode | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Codes from a list, each once, in order; and lines (number from 1, text) that hold none."""

    codes: tuple[str, ...]
    strange: tuple[tuple[int, str], ...]


def parse_list(text: str) -> Listed:
    """Parse a text or a CSV file: the first code of each line counts, in a line of codes alone all do.

    A first line without a code is a heading. A word like a code with a wrong check letter is strange in any line.
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
    """Return so many codes, all different. `lot` draws a number below its argument."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes[draw(lot)] = None
    return list(codes)
