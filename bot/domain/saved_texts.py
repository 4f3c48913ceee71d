"""Texts that staff saved to use again: answers of tickets, templates of broadcasts. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.domain.classes import Classes

SavedKind = Literal["answer", "template"]

MOST_SAVED = 50
"""Texts of a kind that one group of staff keeps at most."""
MOST_TITLE = 20
"""Characters of a title."""
OWN = "own-"
"""Before the number of a saved text, where an id of the FAQ or of a template may stand as well."""


@dataclass(frozen=True, slots=True)
class SavedText:
    """A saved text. That of a template is HTML, with the names of its `buttons`; that of an answer is plain.

    `classes`: it is theirs who are confined to just these; None: everybody's with a role.
    """

    number: int
    kind: SavedKind
    title: str
    text: str
    buttons: tuple[str, ...] = ()
    classes: Classes | None = None

    @property
    def key(self) -> str:
        """Its name among ids of entries or templates."""
        return f"{OWN}{self.number}"


@dataclass(frozen=True, slots=True)
class TextSaved:
    """A text is saved; one of the same kind, title and classes is replaced."""

    kind: SavedKind
    title: str
    text: str
    buttons: tuple[str, ...] = ()
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class TextDropped:
    """A saved text is deleted; nothing when there is none with this number."""

    number: int
