"""Accounts: the browsers and chats by which one person comes in, and one-time invitations to join another one. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from bot.domain.messages import Incoming

OPEN_FOR = timedelta(minutes=30)
"""For how long an invitation can be used."""
PAYLOAD = "move-"
"""Beginning of the start payload that takes an invitation."""

Choice = Literal["here", "there"]
"""The position to keep where both accounts have one: that of the account that is joined, or that of the invitation."""
Entry = Literal["gone", "same", "choose", "open", "elsewhere"]
"""The outcome of taking an invitation: not valid any more; the same person already; both have a position, which one is
to be said; open from now on; two chats of a channel that writes to people, which cannot be one."""

_TAKE = re.compile(rf"/start(?:@\w+)?\s+{PAYLOAD}([A-Za-z0-9_-]{{32}})", re.ASCII)
_CHOOSE = re.compile(r"account\|([A-Za-z0-9_-]{32})\|(here|there)", re.ASCII)


class PersonKey(NamedTuple):
    """A person by channel and the channel's id."""

    channel: str
    user: str


@dataclass(frozen=True, slots=True)
class InvitationOffered:
    """An invitation of the person whose turn it is; only the hash of its secret is kept. It ends those before it."""

    hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """An invitation that somebody takes, by the hash of its secret, and what they chose; None: not asked yet."""

    secret: str
    choice: Choice | None = None

    @property
    def hash(self) -> str:
        return hash_secret(self.secret)

    def button(self, choice: Choice) -> str:
        """Return the id of the button that chooses."""
        return f"account|{self.secret}|{choice}"


def hash_secret(secret: str) -> str:
    """Return what is kept of the secret of an invitation."""
    return hashlib.sha256(f"gradbot invitation {secret}".encode()).hexdigest()


def parse_claim(incoming: Incoming) -> Claim | None:
    """Return the invitation that somebody takes; None when they do anything else."""
    if incoming.place != "private" or incoming.other:
        return None
    if taken := _TAKE.fullmatch(incoming.text.strip()):
        return Claim(taken[1])
    if chosen := _CHOOSE.fullmatch(incoming.press or ""):
        return Claim(chosen[1], chosen[2])  # type: ignore[arg-type]
    return None
