"""Text in bubbles and buttons in rows, of sizes that fit a phone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.domain.messages import Button

BUBBLE = 600
"""Characters of a bubble that still reads well on a phone."""
ROW = 13
"""Characters that fit side by side in a row of buttons."""

Rows = tuple[tuple[Button, ...], ...]

# From the largest unit of a text to the smallest, each with the text that joins two of them again.
_BREAKS = (
    (re.compile(r"(?<=\n)\n+"), "\n\n"),
    (re.compile(r"(?<=\n)"), "\n"),
    (re.compile(r"(?<=[。！？；])"), ""),
    (re.compile(r"(?<=.)"), ""),
)


def cut(text: str, limit: int) -> list[str]:
    """Return `text` in parts of at most `limit` characters, cut at paragraphs, else lines, else sentences, else
    anywhere.
    """
    for pattern, glue in _BREAKS:
        if len(text) <= limit:
            break
        pieces = [piece for piece in pattern.split(text) if piece.strip()]
        if len(pieces) > 1:
            return _join([part for piece in pieces for part in cut(piece.strip("\n"), limit)], limit, glue)
    return [text.strip("\n")]


def say_once(text: str, numbers: Iterable[str]) -> str:
    """Return the text with each telephone number where it stands first; a later line of nothing else is dropped."""
    for number in numbers:
        before, found, after = text.partition(number)
        bare = re.sub(rf"\n[^\n：]{{1,4}}：{re.escape(number)}(?=\n|$)", "", after)
        text = before + found + re.sub(rf"（{re.escape(number)}）|(?:：|，|，?电话：?)?{re.escape(number)}", "", bare)
    return text


def pack_rows(buttons: Sequence[Button], most: int = 3) -> Rows:
    """Return the buttons in rows of at most `most`, side by side where `ROW` characters suffice."""
    rows: list[tuple[Button, ...]] = []
    for button in buttons:
        row = (*rows[-1], button) if rows else (button,)
        if rows and len(row) <= most and len(row) * max(len(b.text) for b in row) <= ROW:
            rows[-1] = row
        else:
            rows.append((button,))
    return tuple(rows)


def _join(pieces: Sequence[str], limit: int, glue: str) -> list[str]:
    """Return the pieces joined by `glue` into as few parts of at most `limit` characters as their order allows."""
    parts: list[str] = []
    for piece in pieces:
        if parts and len(parts[-1]) + len(glue) + len(piece) <= limit:
            parts[-1] += glue + piece
        else:
            parts.append(piece)
    return parts
