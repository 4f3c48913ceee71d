"""Formatted messages as HTML that may be sent again: Telegram's entities in, safe tags out.

Not the library's `Message.text_html`: it repeats the text where entities overlap, leaves a quotation mark in an address
as it is, and links to people.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import pairwise

from telegram import Message, MessageEntity

TAGS = {
    MessageEntity.BOLD: "b", MessageEntity.ITALIC: "i", MessageEntity.UNDERLINE: "u", MessageEntity.STRIKETHROUGH: "s",
    MessageEntity.CODE: "code", MessageEntity.PRE: "pre", MessageEntity.BLOCKQUOTE: "blockquote",
    MessageEntity.TEXT_LINK: "a",
}  # fmt: skip
"""Entities that are kept; all others show as plain text or are recognised again."""


def formatted_html(message: Message) -> str:
    """Return the text or caption with its formatting; empty when it has none. Offsets count in UTF-16 units."""
    text = message.text or message.caption or ""
    kept = [entity for entity in message.entities or message.caption_entities if entity.type in TAGS]
    return _html(text, kept) if text and kept else ""


def _html(text: str, entities: Sequence[MessageEntity]) -> str:
    units = text.encode("utf-16-le")
    total = len(units) // 2
    spans = [
        (entity.offset, min(entity.offset + entity.length, total), entity)
        for entity in entities
        if 0 <= entity.offset < total
    ]
    # Cut where anything begins or ends; what stays open across a cut is closed and opened again, so tags always nest.
    cuts = sorted({0, total, *(at for start, end, _ in spans for at in (start, end))})
    parts = []
    for begin, end in pairwise(cuts):
        inside = [entity for start, stop, entity in spans if start <= begin and end <= stop]
        piece = html.escape(units[2 * begin : 2 * end].decode("utf-16-le", "replace"), quote=False)
        parts.append("".join(map(_open, inside)) + piece + "".join(f"</{TAGS[e.type]}>" for e in reversed(inside)))
    return "".join(parts)


def _open(entity: MessageEntity) -> str:
    address = f' href="{html.escape(entity.url or "")}"' if entity.type == MessageEntity.TEXT_LINK else ""
    return f"<{TAGS[entity.type]}{address}>"
