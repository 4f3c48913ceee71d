"""Tickets: a graduate's question on its way to a person, and the effects on it. Values only; times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.messages import Sent

TicketState = Literal["open", "taken", "released", "closed"]
"""open: waits for staff. taken: a member of staff answers. released: nobody wrote for too long, the bot answers again,
staff still may. closed: ended, and can be opened again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A hand-off to a person. `number` is shown to people; nothing in it says who the graduate is.

    `version` goes up with each change. `waiting_since`: when the graduate wrote the first message that has no answer
    yet. `release_at`: when the bot takes over again unless somebody says something. `taken_by` is the staff member's
    id, since `taken_at`. `held` are files of the graduate that wait for their yes.
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
    taken_at: datetime | None = None
    held: tuple[Sent, ...] = ()

    @property
    def is_relayed(self) -> bool:
        """True while the graduate's typed messages go to staff and the bot is silent."""
        return self.state in ("open", "taken")


@dataclass(frozen=True, slots=True)
class Opened:
    """The person whose turn it is opens a ticket."""

    ticket: Ticket


TicketSide = Literal["graduate", "staff", "note"]
"""Of words about a ticket: the graduate's, an answer to them, a note among staff."""


@dataclass(frozen=True, slots=True)
class TicketWords:
    """Words about a ticket are kept with it; those of the graduate are masked. `fleeting`: until the ticket closes."""

    number: str
    side: TicketSide
    text: str
    fleeting: bool = False


MOST_FILE = 5_000_000
"""Bytes of a file that staff send with a form."""
MOST_FILES = 20
"""Such files that one ticket keeps."""


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A file about a ticket is kept with it: by the channel's own id (`source`), or with its content.

    `key` is unique. One of a graduate is kept until the ticket closes, one of staff for a month, so that it can be
    fetched after the ticket is closed.
    """

    number: str
    side: Literal["graduate", "staff"]
    key: str
    name: str
    size: int
    source: str | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A ticket as it is now, with the `version` that was read. Outdated when the store has another version."""

    ticket: Ticket
