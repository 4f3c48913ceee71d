"""Draws pictures in another process, a few at a time, and remembers those that many people get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.domain.messages import Picture
from bot.pictures.drawing import draw_picture
from bot.runtime.log import LazyLogger
from bot.runtime.process import run_aside

DRAWN_S = 30.0
"""Seconds after which a drawing is given up."""
KEPT = 32
"""Pictures that are remembered."""
WAITING = 8
"""Drawings that wait, at most: whoever comes after them gets the text alone and waits for nothing."""

_log = LazyLogger()


class Studio:
    """Draws pictures. Calling it returns the PNG; None when it cannot be drawn, which is logged once for each cause."""

    def __init__(self, draw: Callable[[Picture], bytes | str] = draw_picture) -> None:
        self._draw_one = draw
        self._one_by_one = asyncio.Lock()
        self._waiting = 0
        self._kept: dict[Picture, bytes] = {}
        self._told: set[str] = set()

    async def __call__(self, picture: Picture) -> bytes | None:
        """Return the picture as PNG, or None."""
        if png := self._kept.get(picture):
            return png
        if self._waiting >= WAITING:
            return None
        self._waiting += 1
        try:
            async with self._one_by_one:
                return self._kept.get(picture) or await self._draw(picture)
        finally:
            self._waiting -= 1

    async def _draw(self, picture: Picture) -> bytes | None:
        if "matplotlib" in self._told or "font" in self._told:
            return None
        try:
            drawn = await run_aside(self._draw_one, picture, DRAWN_S)
        except (OSError, TimeoutError, ChildProcessError) as trouble:
            self._tell(type(trouble).__name__)
            return None
        if isinstance(drawn, str):
            self._tell(drawn)
            return None
        if picture.is_common:
            self._kept[picture] = drawn
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return drawn

    def _tell(self, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            _log.warning("not_drawn", why=why)
