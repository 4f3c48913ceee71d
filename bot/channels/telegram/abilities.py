"""The name of the channel and its abilities, without its library: a command need not wait for it."""

from __future__ import annotations

from bot.domain.messages import Capabilities

NAME = "telegram"
CAPABILITIES = Capabilities(posts=True, staffed=True, edits=True, toasts=True, text=4096)
