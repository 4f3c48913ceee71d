"""The broadcasts that somebody may see: whoever is confined to classes sees those that reach nobody else."""

from __future__ import annotations

from bot.broadcast import draft as drafts
from bot.domain.broadcast import Broadcast
from bot.domain.classes import Classes
from bot.domain.lifecycle import BroadcastState
from bot.store.broadcasts import BroadcastRows

PIECE = 50
"""Broadcasts that are read at once."""


def may_see(confined: Classes | None, broadcast: Broadcast) -> bool:
    """Return whether a broadcast is there for somebody with these classes; None: for somebody with all."""
    return confined is None or confined.cover(drafts.load(broadcast.draft).audience)


async def list_visible(
    rows: BroadcastRows,
    confined: Classes | None,
    *states: BroadcastState,
    channel: str,
    most: int = PIECE,
    before: int | None = None,
) -> list[Broadcast]:
    """Return the newest broadcasts in these states (in all when none is named) that somebody may see, newest first;
    with `before` those of smaller numbers.
    """
    if confined is None:
        return await rows.all(*states, channel=channel, most=most, before=before)
    found: list[Broadcast] = []
    while len(found) < most and (piece := await rows.all(*states, channel=channel, most=PIECE, before=before)):
        found += [broadcast for broadcast in piece if may_see(confined, broadcast)]
        before = piece[-1].number
    return found[:most]
