"""Deep links to what the bot can say: for posters, class groups and web pages. Pure but for the pictures it writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.content.content import Content
from bot.domain.session import Session
from bot.render.reply import Voice

MAX_PAYLOAD = 64
"""Characters of a start payload (Bot API, deep linking)."""
QR_SCALE = 12
"""Pixels of one module of a QR code: about 5 cm at 150 dpi."""

USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """`payload` after `?start=` (empty: the bot itself), and what it leads to."""

    payload: str
    title: str

    def address(self, bot: str) -> str:
        """The web address, for a bot by its username without @."""
        return f"https://t.me/{bot}?start={self.payload}" if self.payload else f"https://t.me/{bot}"


def links(content: Content, now: datetime) -> Iterator[Link]:
    """The bot, each notice, each first main step and each FAQ topic, in that order."""
    voice = Voice(content, Session(next(iter(content.notices))), now)
    yield Link("", voice.notice.school.name)
    for notice in content.notices.values():
        yield from _fits(Link(f"notice-{notice.id}", notice.notice.short))
    seen: set[int] = set()
    for step in content.script.steps:
        if step.n is not None and step.n not in seen:
            seen.add(step.n)
            yield from _fits(Link(f"step-{step.id}", f"{step.n} {voice.fill(step.title)}"))
    for entry in content.entries.values():
        yield from _fits(Link(f"faq-{entry.id}", entry.title))


def draw(link: Link, bot: str, folder: Path) -> Path:
    """Write the link as a QR code, `folder`/PAYLOAD.png; the folder is made when absent."""
    import segno  # noqa: PLC0415 - only posters need it

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{link.payload or 'bot'}.png"
    segno.make(link.address(bot), error="m", micro=False).save(str(path), scale=QR_SCALE, border=4)
    return path


def _fits(link: Link) -> Iterator[Link]:
    if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{MAX_PAYLOAD}}}", link.payload):
        yield link
