"""Personal reminders, and replacements of a session outside a turn, as effects. Values only; times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Remind:
    """The person whose turn it is wants to be reminded at that time; None: not any more."""

    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminded:
    """The reminder that `user` asked for was sent."""

    user: str


@dataclass(frozen=True, slots=True)
class Resaved:
    """The session of `user` (JSON) is replaced outside a turn of theirs. Outdated when it is no longer `was`.

    `channel` is theirs; empty: that of whoever decided it.
    """

    user: str
    was: str
    becomes: str
    channel: str = ""
