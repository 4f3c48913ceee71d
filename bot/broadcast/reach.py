"""Counts whom a broadcast reaches, also together with what its authors sent lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.broadcast.starting import BroadcastStart
from bot.domain.audience import Count
from bot.store import Store

COUNTED = timedelta(hours=24)
"""Time in which an author's broadcasts are counted together."""


async def count_reach(store: Store, starting: BroadcastStart) -> Count | None:
    """Count the people who would get it now; None while nobody is chosen.

    `reached` are distinct people: those, and all whom its authors' broadcasts of the last 24 hours reached.
    """
    rows, parent, search = store.broadcasts, starting.broadcast.parent, starting.search
    if parent:
        totals = await store.ledger.totals(parent)
        left = sum(totals[state] for state in starting.states)
        count = Count(left, 0, 0, 0, left)
    elif search:
        count = await rows.count(search)
    else:
        return None
    since = starting.at - COUNTED
    lately = await rows.find_started(starting.broadcast.channel, since)
    count = replace(count, lately=len(lately), since=since)
    theirs = [it.number for it in lately if starting.authors & replace(starting, broadcast=it).authors]
    if not theirs:
        return replace(count, reached=count.left)
    return replace(count, reached=await rows.count_together(theirs, search, parent, starting.states))
