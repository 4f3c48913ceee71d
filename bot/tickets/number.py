"""The number of a ticket, as people say it and type it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
"""Characters of a number: none that is misread over the phone, and no vowels, so that no word comes out."""
LENGTH = 5


_TYPED = re.compile(rf"#?([{ALPHABET}]{{{LENGTH}}})")


def parse_number(text: str) -> str | None:
    """Return the number that somebody typed, in any case; None when it is none."""
    found = _TYPED.fullmatch(text.strip().upper())
    return found[1] if found else None


def draw_number(draw: Callable[[int], int]) -> str:
    """Return a number at random; `draw(n)` gives an integer from 0 to n - 1."""
    return "".join(ALPHABET[draw(len(ALPHABET))] for _ in range(LENGTH))
