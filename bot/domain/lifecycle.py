"""The states of a broadcast and the moves between them; the database holds the same table and refuses other moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

BroadcastState = Literal["draft", "approved", "scheduled", "freezing", "running", "paused", "done", "cancelled"]
"""draft: may be changed. approved: a second person agreed to this very content. scheduled: starts at its time.
freezing: its audience is being written down, nothing is sent yet. running: is being sent. paused: by staff, by errors,
or until a time. done: everybody has an outcome."""

MOVES: Mapping[BroadcastState, tuple[BroadcastState, ...]] = {
    "draft": ("approved", "scheduled", "freezing", "cancelled"),
    "approved": ("draft", "scheduled", "freezing", "cancelled"),
    "scheduled": ("draft", "freezing", "cancelled"),
    "freezing": ("running", "cancelled"),
    "running": ("paused", "done", "cancelled"),
    "paused": ("running", "cancelled"),
    "done": (),
    "cancelled": (),
}

ENDED: tuple[BroadcastState, ...] = ("done", "cancelled")


def can_move(source: BroadcastState, target: BroadcastState) -> bool:
    """Return whether a broadcast may go from `source` to `target`."""
    return target in MOVES[source]
