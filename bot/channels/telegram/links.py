"""The web address of a bot of Telegram, by its username."""

from __future__ import annotations

import re

USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})", re.ASCII)
"""A username of a bot, with or without @."""


def address_of(username: str | None) -> str:
    """Return the address at which a bot opens, for its username without @."""
    return f"https://t.me/{username}"
