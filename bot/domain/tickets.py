"""Tickets: a graduate's question on its way to a person, and the effects on it. Values only; times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TicketState = Literal["open", "taken", "released", "closed"]
"""open: waits for anybody. taken: somebody answers. released: too long without a word, the bot answers again, staff
still may. closed: over, and can be opened again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A hand-off to a person. `number` is what people see of it; nothing in it says who the graduate is.

    `version` goes up with each change. `waiting_since`: the graduate's first words that nobody has answered yet.
    `release_at`: when the bot takes over again unless somebody says something. `taken_by` is the staff member's id.
    """

    number: str
    state: TicketState = "open"
    version: int = 0
    notice: str = ""
    step: str = ""
    topics: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    release_at: datetime | None = None
    taken_by: str | None = None

    @property
    def is_relayed(self) -> bool:
        """Whether the graduate's typed words go to staff and the bot is silent."""
        return self.state in ("open", "taken")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new ticket of the person whose turn it is."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Changed:
    """The ticket as it is now, with the `version` that was looked at. Another one in the store: Outdated."""

    ticket: Ticket
