"""Finds words that may be a cry for help, at almost no cost: for messages that would otherwise not be read at all."""

from __future__ import annotations

import re
from functools import cache

from bot.reading.lexicon import wordings


def may_be_urgent(text: str) -> bool:
    """Return whether a message has a part of a word of despair in it; what it means, the reader decides."""
    return _pattern().search(text) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, wordings()["urgent"])), re.IGNORECASE)
