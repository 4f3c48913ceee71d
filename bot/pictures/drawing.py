"""Draws a picture: rows of boxes with text, and an arrow to the box that is to be clicked."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, Literal

from bot.domain.messages import Box, Picture
from bot.pictures.fonts import find_font

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, MARGIN, GAP, PAD = 1080, 40, 24, 24
"""Pixels: of a telephone held upright, around everything, between boxes, inside of a box."""
SIZE, LINE = 34, 46
"""Pixels of a character and of a line."""
INK, GREY, PAPER, SHADE, RED = "#1f2933", "#9aa5b1", "#ffffff", "#eef2f6", "#d64545"
ARROW = 56
"""Pixels of the arrow below a box that is to be clicked."""

MOST_LINES, MOST_BOXES, MOST_ROWS, MOST_HEIGHT = 40, 4, 60, 8_000
"""Lines of a box, boxes of a row, rows and pixels of a picture, at most; where some are left out, stands MORE."""
MORE = "……"
MOST_CHARACTERS = 2_000
"""Characters of a box that are looked at."""

_CLOSING = "，。、；：！？）”》"
_SHAPELESS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me")
CLOSINGS = 2
"""Closing signs that may stand behind a line."""
_PIECE = re.compile(rf"(?:[0-9A-Za-z@._/:-]{{1,30}}|.)[{_CLOSING}]*")
"""What a line is not cut in."""

MissingPart = Literal["matplotlib", "font"]


def draw_picture(picture: Picture) -> bytes | MissingPart:
    """Return the picture as PNG, or what is missing to draw it."""
    if find_spec("matplotlib") is None:
        return "matplotlib"
    path = find_font("".join(_clean(box.text) for row in picture.rows[:MOST_ROWS] for box in row[:MOST_BOXES]))
    if path is None:
        return "font"
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - Pillow comes with matplotlib

    font = ImageFont.truetype(str(path), SIZE)
    rows = _fit(picture.rows, font)
    height = 2 * MARGIN + sum(_height(row) + GAP for row in rows) - GAP
    image = Image.new("RGB", (WIDTH, height), PAPER)
    canvas, top = ImageDraw.Draw(image), MARGIN
    for row in rows:
        tall = max(len(lines) for _, lines in row) * LINE + 2 * PAD
        for place, (box, lines) in enumerate(row):
            left = MARGIN + place * (_width(len(row)) + GAP)
            _draw_box(canvas, font, box, lines, (left, top, left + _width(len(row)), top + tall))
        top += _height(row) + GAP
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


Row = list[tuple[Box, list[str]]]
"""Boxes beside each other, with their lines."""


def _fit(rows: Sequence[Sequence[Box]], font: FreeTypeFont) -> Sequence[Row]:
    """Return the rows for which there is room, in lines."""
    shown: list[Row] = []
    height = 2 * MARGIN
    for row in filter(None, rows):
        boxes = row[:MOST_BOXES]
        lines = [(box, _wrap(_clean(box.text), font, _width(len(boxes)) - 2 * PAD)) for box in boxes]
        height += _height(lines) + GAP
        if height > MOST_HEIGHT or len(shown) == MOST_ROWS:
            return [*shown, [(Box(MORE, "plain"), [MORE])]]
        shown.append(lines)
    return shown


def _clean(text: str) -> str:
    """Return the text without what has no shape of its own: control characters, and marks that turn the direction."""
    short = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}{MORE}"
    return "".join(sign for sign in short if sign == "\n" or unicodedata.category(sign) not in _SHAPELESS)


def _width(boxes: int) -> int:
    return (WIDTH - 2 * MARGIN - GAP * (boxes - 1)) // boxes


def _height(row: Row) -> int:
    """Return the pixels of a row, with room below for an arrow where one is needed."""
    arrow = ARROW if any(box.tone == "click" for box, _ in row) else 0
    return max(len(lines) for _, lines in row) * LINE + 2 * PAD + arrow


def _wrap(text: str, font: FreeTypeFont, width: int) -> list[str]:
    """Return the text in lines of about `width` pixels, MOST_LINES at most. Numbers stay whole unless one is wider than
    a line, and no line begins with a closing sign.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in chain.from_iterable(_break(piece, font, width) for piece in _PIECE.findall(paragraph)):
            if line and font.getlength(line + (piece.rstrip(_CLOSING) or piece)) > width:
                lines.append(line)
                line = ""
            line += piece
        lines.append(line)
        if len(lines) > MOST_LINES:
            return [*lines[: MOST_LINES - 1], MORE]
    return lines


def _break(piece: str, font: FreeTypeFont, width: int) -> Sequence[str]:
    """Return a piece in parts of which each fits into a line, with a closing sign or two behind it."""
    bare = piece.rstrip(_CLOSING)
    return [piece] if len(piece) - len(bare) <= CLOSINGS and font.getlength(bare) <= width else list(piece)


def _draw_box(
    canvas: ImageDraw, font: FreeTypeFont, box: Box, lines: list[str], corners: tuple[int, int, int, int]
) -> None:
    """Draw a box: `head` filled, `click` in red with an arrow from below, `plain` without a frame."""
    left, top, right, bottom = corners
    if box.tone != "plain":
        fill = SHADE if box.tone == "head" else PAPER
        line, width = (RED, 6) if box.tone == "click" else (GREY, 2)
        canvas.rounded_rectangle(corners, radius=14, fill=fill, outline=line, width=width)
    for n, text in enumerate(lines):
        canvas.text((left + PAD, top + PAD + n * LINE), text, font=font, fill=RED if box.tone == "click" else INK)
    if box.tone == "click":
        middle = (left + right) // 2
        canvas.polygon([(middle, bottom + 4), (middle - 20, bottom + 28), (middle + 20, bottom + 28)], fill=RED)
        canvas.line([(middle, bottom + 26), (middle, bottom + ARROW)], fill=RED, width=10)
