"""Watches who can read the staff chat: Telegram names nobody who is silent there, but tells how many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.content.content import Content
from bot.domain.effects import Effect, Outdated
from bot.domain.outbox import Queued
from bot.domain.revisions import Once
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem
from bot.tickets.roles import describe_silent

COUNT_EVERY_S = 86_400.0
"""Seconds between two counts of the staff chat."""

_log = LazyLogger()


class StaffChatWatch:
    """Tells the owners when the staff chat has more members than there are people with a role.

    `count` returns the number of people in the chat, the bot not among them; None: not known now. Who has a role need
    not be in the chat, so the number told is the least that there can be.
    """

    def __init__(
        self,
        store: Store,
        content: Callable[[], Content],
        present: Callable[[], datetime],
        channel: str,
        owners: Sequence[str],
        count: Callable[[], Awaitable[int | None]],
    ) -> None:
        self._store = store
        self._content = content
        self._present = present
        self._channel = channel
        self._owners = owners
        self._count = count

    async def run(self) -> None:
        """Count now and day by day, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreProblem as problem:
                _log.error("store_problem", **problem.for_log)
            await asyncio.sleep(COUNT_EVERY_S)

    async def look(self) -> None:
        """Count once; the same numbers are told once."""
        people = await self._count()
        if people is None:
            return
        at = self._present()
        known = {*self._owners, *(one.user for one in await self._store.roles.members(self._channel, at))}
        if people <= len(known):
            return
        told = describe_silent(self._content(), people, len(known))
        effects: tuple[Effect, ...] = (
            Once(f"silent/{self._channel}/{people}/{len(known)}"),
            *(Queued("user", told, user=owner) for owner in self._owners),
        )
        try:
            await self._store.apply(effects, self._channel, at)
        except Outdated:
            return  # told before
