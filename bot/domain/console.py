"""The console: one-time links into it, and the sessions of browsers there. Values only; times are aware."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

LINK_FOR = timedelta(minutes=10)
"""For how long a link can be used."""
SESSION_FOR = timedelta(days=7)
"""For how long a browser stays in the console."""
IDLE_FOR = timedelta(hours=12)
"""Time without a page after which it is out again."""
CODE_WITHIN = timedelta(minutes=15)
"""Time in which the code must follow the link."""
MOST_PASSKEYS = 10
"""Passkeys of one person."""
MOST_TRIES = 5
"""Codes that may be tried with one link."""
OWN = re.compile(r"console:[0-9a-f]{8}", re.ASCII)
"""Ids of people who are in no chat, only in the console."""


@dataclass(frozen=True, slots=True)
class ConsoleLinked:
    """A link into the console for `user` (None: whose turn it is), used once; only the hash of its token is kept."""

    hash: str
    expires_at: datetime
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ConsoleKeyDropped:
    """The second factors of `user` are forgotten, and their sessions end: they set up a new one with the next link."""

    user: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of somebody: its id and public key (base64), and how often its device says that it was used.

    `since`: when it was kept; None: it is not yet.
    """

    credential: str
    key: str
    count: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """A browser in the console. `is_confirmed`: the code was right. `new_key`: the secret that it sets up, sealed.

    `challenge` is what a passkey is to sign there next; None: nothing was asked.
    """

    number: int
    channel: str
    user: str
    is_confirmed: bool
    tries: int
    since: datetime
    seen: datetime
    until: datetime
    browser: str
    new_key: str | None = None
    challenge: str | None = None


def hash_link(token: str) -> str:
    """Return what is kept of a link's token."""
    return hashlib.sha256(f"gradbot console {token}".encode()).hexdigest()
