"""What somebody typed with formatting, as HTML that may be sent again: Telegram's entities in, safe tags out."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

TAGS = {
    "bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "spoiler": "tg-spoiler", "code": "code",
    "pre": "pre", "blockquote": "blockquote", "text_link": "a",
}  # fmt: skip
"""Entities that are kept, by Telegram's name; all others show as plain text or are recognised again."""


def formatted(message: Mapping[str, Any]) -> str:
    """The text or caption with its formatting; empty when it has none. Places of entities count in UTF-16 units."""
    text = message.get("text") or message.get("caption") or ""
    found = message.get("entities") or message.get("caption_entities") or ()
    kept = [entity for entity in found if entity.get("type") in TAGS]
    return _html(text, kept) if text and kept else ""


def _html(text: str, entities: list[Mapping[str, Any]]) -> str:
    units = text.encode("utf-16-le")
    total = len(units) // 2
    spans = [
        (start, min(start + int(entity["length"]), total), n, entity)
        for n, entity in enumerate(entities)
        if 0 <= (start := int(entity["offset"])) < total
    ]
    # Cut where anything begins or ends; what stays open across a cut is closed and opened again, so tags always nest.
    cuts = sorted({0, total, *(at for start, end, _, _ in spans for at in (start, end))})
    parts = []
    for begin, end in pairwise(cuts):
        inside = [entity for start, stop, _, entity in spans if start <= begin and end <= stop]
        said = html.escape(units[2 * begin : 2 * end].decode("utf-16-le", "replace"), quote=False)
        parts.append("".join(map(_open, inside)) + said + "".join(f"</{TAGS[e['type']]}>" for e in reversed(inside)))
    return "".join(parts)


def _open(entity: Mapping[str, Any]) -> str:
    address = f' href="{html.escape(str(entity.get("url", "")))}"' if entity["type"] == "text_link" else ""
    return f"<{TAGS[entity['type']]}{address}>"
