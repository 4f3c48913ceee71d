"""Deep links to the bot, its notices, steps and topics, and their QR codes. Pure, except that `draw` writes a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.content.content import Content
from bot.domain.session import Session
from bot.render.menu import first_steps
from bot.render.reply import Voice

QR_SCALE = 12
"""Pixels of one module of a QR code: about 5 cm at 150 dpi."""
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
"""A start payload (Bot API, deep linking)."""
USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})", re.ASCII)
"""A username of a bot, with or without @."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link by its `payload` after `?start=` (empty: the bot itself), and the title of its target."""

    payload: str
    title: str

    def address(self, bot: str) -> str:
        """Return the web address, for a bot by its username without @."""
        return f"https://t.me/{bot}?start={self.payload}" if self.payload else f"https://t.me/{bot}"


def list_links(content: Content, now: datetime) -> Iterator[Link]:
    """Yield the bot, each notice, the first step of each number and each FAQ topic, in that order.

    Those whose id does not fit a payload are left out.
    """
    return (link for link in _all_links(content, now) if PAYLOAD.fullmatch(link.payload))


def _all_links(content: Content, now: datetime) -> Iterator[Link]:
    voice = Voice(content, Session(next(iter(content.notices))), now)
    yield Link("", voice.notice.school.name)
    for notice in content.notices.values():
        yield Link(f"notice-{notice.id}", notice.notice.short)
    for n, step in first_steps(content.script).items():
        yield Link(f"step-{step.id}", f"{n} {voice.fill(step.title)}")
    for entry in content.entries.values():
        yield Link(f"faq-{entry.id}", entry.title)


def draw(link: Link, bot: str, folder: Path) -> Path:
    """Write the link as a QR code to `folder`/PAYLOAD.png and return the path; create the folder when absent."""
    import segno  # noqa: PLC0415 - only posters need it

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{link.payload or 'bot'}.png"
    segno.make(link.address(bot), error="m", micro=False).save(str(path), scale=QR_SCALE, border=4)
    return path
