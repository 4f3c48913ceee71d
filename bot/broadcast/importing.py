"""The school's own list of people who are not done, taken in: whoever said that they were is put right, one by one."""

from __future__ import annotations

from datetime import datetime

from bot.broadcast.chasing import Import, corrected
from bot.broadcast.quiet import until_awake
from bot.content.content import Content
from bot.domain.effects import Outdated
from bot.domain.join_codes import Listed
from bot.store import Store

ATTEMPTS = 3
"""How often somebody is looked at again who did something just then."""


async def take_in(
    store: Store, content: Content, channel: str, notice: str, given: Listed, now: datetime, at: datetime
) -> Import:
    """Correct everybody on the list who said done, each in a transaction of their own, so that it may be done again.

    `now` is local time of the notice, `at` the same in UTC. The words to each wait until morning in the quiet hours.
    """
    habits = content.phrases.broadcast.habits
    due = at + until_awake(now, habits.quiet_from, habits.quiet_to)
    wanted = set(given.codes)
    holders = [holder for holder in await store.codes.holders(channel, notice) if holder.code in wanted]
    put_right = set()
    for holder in holders:
        if holder.state == "done" and await _corrected(store, content, channel, notice, holder.user, now, at, due):
            put_right.add(holder.code)
    known = {holder.code for holder in holders}
    return Import(
        tuple(code for code in given.codes if code in put_right),
        tuple(code for code in given.codes if code in known - put_right),
        tuple(code for code in given.codes if code not in known),
        given.strange,
    )


async def _corrected(
    store: Store, content: Content, channel: str, notice: str, user: str, now: datetime, at: datetime, due: datetime
) -> bool:
    for _ in range(ATTEMPTS):
        for _, stored in await store.codes.sessions(channel, [user]):
            effects = corrected(content, notice, user, stored, now, due)
            try:
                if effects:
                    await store.desk.apply(effects, channel, at)
            except Outdated:
                break
            return bool(effects)
    return False
