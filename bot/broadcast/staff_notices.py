"""Messages to staff about a broadcast: to its maker; for one that was not made in the chat, to the staff chat or the
first owner. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.broadcast import Broadcast
from bot.domain.messages import Button, Reply
from bot.domain.outbox import Queued

NOBODY = ("cli", "plan", "console")
"""Makers without a chat."""


@dataclass(frozen=True, slots=True)
class StaffNotices:
    """`staff_chat`: there is one. `owners` by the channel's id."""

    staff_chat: bool = False
    owners: tuple[str, ...] = ()

    def address(self, broadcast: Broadcast, text: str) -> Queued:
        """Queue a message, with a button that opens the broadcast."""
        user = self.find_keeper(broadcast)
        if user is None or (self.staff_chat and user != broadcast.made_by):
            return Queued("staff", Reply(text))
        return Queued(
            "user", Reply(text, ((Button(f"bc|{broadcast.number}|card", f"#{broadcast.number}"),),)), user=user
        )

    def tell(self, text: str, rows: Sequence[tuple[Button, ...]]) -> Queued:
        """Queue a message about no broadcast: to the staff chat; without one to the first owner, with buttons."""
        if self.staff_chat or not self.owners:
            return Queued("staff", Reply(text))
        return Queued("user", Reply(text, tuple(rows)), user=self.owners[0])

    def find_keeper(self, broadcast: Broadcast) -> str | None:
        """Return the id of the maker, else of the first owner; None when there is none."""
        if broadcast.made_by.partition(":")[0] not in NOBODY:
            return broadcast.made_by
        return self.owners[0] if self.owners else None
