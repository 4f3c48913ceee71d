"""What a room of staff is to the service: it may take what somebody with a role does, and decides it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.effects import Effect
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role

Fetch = Callable[[str], Awaitable[bytes]]
"""The content of a document, by the channel's own id. ConnectionError when it cannot be had."""


class StaffArea(Protocol):
    """A room of staff: what somebody with a role does there. None: not its business."""

    async def answer(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What the one who spoke is told, and what else follows."""

    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()
