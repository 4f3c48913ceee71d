"""Bare acknowledgements: messages that only say that they were read (好, 嗯嗯, ok). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bot.reading.lexicon import lexicon
from bot.reading.writing import spelt
from faq.sounds import units


def is_ack(chars: Sequence[str]) -> bool:
    """Return whether a text is nothing but words that keep company."""
    return bool(_acks().fullmatch("".join(chars)))


def opens_with_ack(chars: Sequence[str]) -> bool:
    """Return whether a text opens with words that keep company."""
    return bool(_acks().match("".join(chars)))


@cache
def _acks() -> re.Pattern[str]:
    words = sorted({"".join(units(spelt(word))[0]) for word in lexicon()["acks"]} - {""}, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, words))})+")
