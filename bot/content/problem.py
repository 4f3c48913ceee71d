"""What is wrong in a content file: where it stands, what to do, and how it is drawn for the one who mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from unicodedata import east_asian_width

BEFORE = 36
"""Characters of a line that are shown before the place of a problem, and after it."""


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
        """With the line itself below, and a caret under the place; as wide as Chinese is where it stands alone."""
        if not self.shown.strip():
            return str(self)
        start = max(0, self.column - 1 - BEFORE)
        part, before = self.shown[start : start + 2 * BEFORE].replace("\t", "→"), self.column - 1 - start
        blank = "".join("　" if east_asian_width(sign) in "WF" else " " for sign in part[:before])
        return f"{self}\n    {part}\n    {blank}^"


class ContentProblem(Exception):
    """The content cannot be used; `problems` holds all that is wrong, by file and line."""

    def __init__(self, problems: Iterable[ContentFault]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
