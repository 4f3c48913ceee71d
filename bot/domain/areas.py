"""Protocol of a staff area (/faq, /broadcast): it decides what follows from what somebody with a role did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.effects import Effect
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the content of a document, by the channel's own id. ConnectionError when it cannot be had."""


class StaffArea(Protocol):
    """Answers people with a role about one subject."""

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        """Return what follows, or None when this is not about the area's subject."""


Decide = Callable[[Incoming, Role, datetime], Awaitable["Decision | None"]]
"""Returns what follows from an act of somebody with a role; None: staff do nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Replies to the sender, and effects for everybody else."""

    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
