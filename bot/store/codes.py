"""Join codes that people gave, for staff, who alone know whose they are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from bot.domain.join_codes import Holder
from bot.store.audience import session_json
from bot.store.rows import ReadRows
from bot.store.tables import people
from bot.store.times import time_of


class CodeRows(ReadRows):
    """Join codes of an open store."""

    async def holders(self, channel: str, notice: str) -> list[Holder]:
        """Return everybody who gave a code, with their progress under a notice."""
        session = session_json(self._dialect)
        code, walk = session["code"].as_string(), session["walks"][notice]
        found = select(
            code,
            people.c.user_id,
            func.coalesce(walk["state"].as_string(), "new"),
            walk["step"].as_string(),
            people.c.updated_at,
            people.c.reachable,
        ).where(people.c.channel == channel, code.is_not(None))
        return [
            Holder(code, user, state, step, time_of(seen), bool(reachable))
            for code, user, state, step, seen, reachable in await self._fetch(found)
        ]

    async def sessions(self, channel: str, users: Sequence[str]) -> list[tuple[str, str]]:
        """Return users and their sessions (JSON), without those who have none."""
        found = select(people.c.user_id, people.c.session).where(
            people.c.channel == channel, people.c.user_id.in_(users), people.c.session.is_not(None)
        )
        return [(user, session) for user, session in await self._fetch(found)]
