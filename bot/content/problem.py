"""Faults of content: a sentence about a place in a file, and the exception that holds all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from unicodedata import east_asian_width

MAX_CONTEXT = 36
"""Characters of a line that are printed before the place of a fault, and after it."""


@dataclass(frozen=True, slots=True, order=True)
class ContentFault:
    """Something wrong in a file. `line` and `column` count from 1; `where` names the row and the key.

    `shown` is the line itself, where there is one.
    """

    file: str
    line: int
    column: int
    where: str
    text: str
    shown: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.where}: {self.text}".replace(" : ", ": ")

    def with_caret(self) -> str:
        """Return the fault with its line below and a caret under the place, aligned for Chinese in a terminal."""
        if not self.shown.strip():
            return str(self)
        start = max(0, self.column - 1 - MAX_CONTEXT)
        part, before = self.shown[start : start + 2 * MAX_CONTEXT].replace("\t", "→"), self.column - 1 - start
        blank = "".join("　" if east_asian_width(sign) in "WF" else " " for sign in part[:before])
        return f"{self}\n    {part}\n    {blank}^"


class ContentProblem(Exception):
    """The content cannot be used; `problems` holds all faults, by file and line."""

    def __init__(self, problems: Iterable[ContentFault]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
