"""Plain text and the HTML of broadcasts as safe HTML of a page: what people wrote is escaped, phones and addresses
become links, and bars of blocks are for the eye alone. Pure.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markupsafe import Markup, escape

from bot.domain.messages import BULLETIN_TAGS

_LINK = re.compile(
    r"(?P<url>https?://[A-Za-z0-9][^\s<>\"'“”‘’（）()【】《》，。；：、！？]*)"
    r"|(?<![\w.@/-])(?P<host>(?!(?:com|edu|gov)\.cn(?![\w.-]))(?:[a-z0-9-]+\.)+(?:com\.cn|edu\.cn|gov\.cn|com|cn)(?:/[\w./?=&%-]*)?)(?![\w@-])"
    r"|(?<![\d-])(?P<phone>0\d{2,3}-\d{7,8}|1[3-9]\d{9}|400-?\d{3}-?\d{4})(?![\d-])"
    r"|(?P<bar>[\u2580-\u25ff]{3,})",
    re.ASCII,
)
_TAGS = BULLETIN_TAGS - {"a"}


def link(text: str) -> Markup:
    """Return plain text as HTML in which web addresses and phone numbers can be tapped."""
    parts, at = [], 0
    for found in _LINK.finditer(text):
        parts += [escape(text[at : found.start()]), _anchor(found)]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _anchor(found: re.Match[str]) -> Markup:
    said = found[0]
    if found["bar"]:  # a screen reader would name each block; the numbers are beside it
        return Markup('<span aria-hidden="true">{}</span>').format(said)
    if found["phone"]:
        return Markup('<a href="tel:{}">{}</a>').format(said.replace("-", ""), said)
    address = said if found["url"] else f"https://{said}"
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(address, said)


def clean(html: str) -> Markup:
    """Return the HTML of a broadcast with its plain tags alone; links to the web stay, everything else is text."""
    reader = _Cleaner()
    reader.feed(html)
    reader.close()
    return Markup("").join([*reader.parts, *(Markup("</{}>").format(tag) for tag in reversed(reader.open))])


class _Cleaner(HTMLParser):
    """Collects safe parts; `open` are the tags that are still open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[Markup] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag in _TAGS:
            self.parts.append(Markup("<{}>").format(tag))
        elif tag == "a" and re.match(r"https?://|tel:", address):
            self.parts.append(Markup('<a href="{}" target="_blank" rel="noopener noreferrer">').format(address))
        else:
            return
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
            self.parts.append(Markup("</{}>").format(tag))

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data) if "a" in self.open else link(data))
