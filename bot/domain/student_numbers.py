"""Student numbers, of which only a join code is kept that follows from one by a key outside the database. Pure.

A graduate who agrees types the number; the school's list has it too; both give the same code. Without the key nobody
can tell a number from its code, nor try numbers. A code is 31 bits: several numbers may have the same one.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass

from bot.domain import join_codes

_TYPED = re.compile(r"(?:我的)?学号[是为:\s]*([A-Z0-9][A-Z0-9 -]{2,22}[A-Z0-9])")
_NUMBER = re.compile(r"(?=(?:[A-Z]{0,16}[0-9]){4})[A-Z0-9]{4,20}")
MARK = 40
"""Characters of a mark."""


def parse_student(text: str) -> str | None:
    """Return the number of words that say one (学号 2012001234); None for anything else."""
    found = _TYPED.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    return _fold(found[1]) if found else None


def _fold(number: str) -> str | None:
    folded = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", number).upper())
    return folded if _NUMBER.fullmatch(folded) else None


@dataclass(frozen=True)
class StudentKey:
    """The key with which codes follow from student numbers."""

    key: bytes

    def mark(self, number: str) -> str | None:
        """Return the mark of a number, of which only this key makes the code; None for what is no number."""
        folded = _fold(number)
        return self._digest(f"number {folded}").hex()[:MARK] if folded else None

    def code(self, mark: str) -> str:
        """Return the join code of a mark."""
        left = int.from_bytes(self._digest(f"code {mark}"))

        def lot(below: int) -> int:
            nonlocal left
            left, drawn = divmod(left, below)
            return drawn

        return join_codes.draw(lot)

    def code_of(self, number: str) -> str | None:
        """Return the join code of a number; None for what is no number."""
        mark = self.mark(number)
        return self.code(mark) if mark else None

    def _digest(self, words: str) -> bytes:
        return hmac.digest(self.key, words.encode(), "sha256")
