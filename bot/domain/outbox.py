"""Messages to other chats than the sender's. Values only; times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.messages import Change, Commands, Reply

LEFT = "left-"
"""Beginning of the mark of a message that was left for its person to fetch; the rest is its number in the outbox."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message to another chat: to staff (into the ticket's thread), to the ticket's graduate, or to a user by id.

    `title` names the ticket's thread. `thread` and `under` (a message) are used where there is no ticket. Sent at
    `due_at` or later, and later messages wait behind it; or at `planned_at`, and nothing waits; both None: at once.
    `joins`: words of a graduate for staff, which join those of the same ticket that wait, and follow what was sent
    before not at once, so that somebody who writes much leaves room for others. `owed`: an answer that could not be
    given at once; later answers to the same person wait behind it. `source` is the number of the message in the staff
    chat of which this is the graduate's copy; with `change` "edit" the copy is changed, with "delete" and "mark" that
    message itself. `fleeting`: deleted from the staff chat when the ticket closes. `channel` is that of `user`; empty:
    that of whoever decided it.
    """

    to: Literal["staff", "graduate", "user"]
    reply: Reply | None = None
    ticket: str | None = None
    title: str = ""
    thread: str | None = None
    user: str | None = None
    commands: Commands = ""
    under: str | None = None
    due_at: datetime | None = None
    planned_at: datetime | None = None
    joins: bool = False
    owed: bool = False
    change: Change = ""
    source: str | None = None
    fleeting: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """What is fleeting of a ticket is deleted from the staff chat; `said` is sent where a message cannot be."""

    number: str
    said: Reply
