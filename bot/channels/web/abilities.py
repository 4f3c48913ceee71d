"""The name of the channel and its abilities, without its library: a command need not wait for it."""

from __future__ import annotations

from bot.domain.messages import Capabilities

NAME = "web"
CAPABILITIES = Capabilities(posts=True, fetched=True, shows_past=True, anonymous=True, edits=True, toasts=True)
