"""Deep links to the bot, its notices, steps and topics, their QR codes and posters. Pure, but for what writes a file.

The addresses at which the bot opens are given, one for each channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bot.content.content import Content
from bot.domain.session import Session
from bot.render.menu import first_steps
from bot.render.reply import Voice

QR_SCALE = 12
"""Pixels of one module of a QR code: about 5 cm at 150 dpi."""
_POSTER = Path(__file__).parent / "poster.html"
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
"""A start payload (Bot API, deep linking)."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link by its `payload` after `?start=` (empty: the bot itself), and the title of its target."""

    payload: str
    title: str

    def address(self, base: str) -> str:
        """Return the web address, for the address of a channel."""
        return f"{base}?start={self.payload}" if self.payload else base

    @property
    def file(self) -> str:
        """The name of its files, without an ending."""
        return self.payload or "bot"


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


def draw(link: Link, bases: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the link for each channel, by its name, as a QR code and return the paths; create an absent `folder`.

    Where there are several channels, a file has the name of its channel in its name.
    """
    import segno  # noqa: PLC0415 - only posters need it

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, base in bases.items():
        path = folder / (f"{link.file}-{name}.png" if len(bases) > 1 else f"{link.file}.png")
        segno.make(link.address(base), error="m", micro=False).save(str(path), scale=QR_SCALE, border=4)
        paths.append(path)
    return paths


def write_poster(content: Content, link: Link, bases: Iterable[str], folder: Path) -> Path:
    """Write a page of A4 to be printed, with the school's name and the QR codes, and return its path."""
    import segno  # noqa: PLC0415 - only posters need it

    def qr(address: str) -> Markup:
        # The codes are made by a library from an address: no markup of others is in them.
        return Markup(segno.make(address, error="m", micro=False).svg_inline(border=4, omitsize=True))  # noqa: S704

    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_POSTER.read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{link.file}.html"
    words, notice = content.phrases.poster, next(iter(content.notices.values()))
    title = link.title if link.payload else notice.notice.short
    addresses = [link.address(base) for base in bases]
    said = page.render(school=notice.school.name, title=title, addresses=addresses, qr=qr, words=words)
    path.write_text(said, "utf-8")
    return path
