"""Positions in a content file: as line and column, and as a path in its data."""

from __future__ import annotations

Loc = tuple[str | int, ...]
"""The path of a value: keys, and numbers of list items from 0."""

Place = tuple[int, int]
"""Line and column, both from 1."""


def place_after(before: str) -> Place:
    """Return the place of the character that follows this much of a text."""
    lines = f"{before}.".splitlines()
    return (len(lines), len(lines[-1]))
