#!/usr/bin/env python3
"""Draw turns of a talk as an SVG picture, one column a turn: `gradbot chat --json | draw_talk.py 3 7 >talk.svg`.

Reads the JSON lines of `gradbot chat --json`; the arguments are the numbers of the turns to draw, from 1.
Lines are broken by estimated widths, so that the picture depends on no font of this machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any
from unicodedata import east_asian_width

COLUMN, GAP, BUBBLE, PAD = 318, 14, 290, 11  # pixels
FONT, LINE, BUTTON = 14, 21, 32  # pixels
NARROW = 0.56  # em of a Latin letter or digit; a Chinese character has 1
NEVER_FIRST = "，。；：？！、）”』」》…,.;:?!)"

STYLE = """
  text { font: 14px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
  .column { fill: #dfe8ee } .bot { fill: #fff } .person { fill: #d9f5c5 } .button { fill: #fff; stroke: #7da7c4 }
  .label { fill: #2a6690 } .source { fill: #7a8791 }
"""


def main() -> None:
    turns = [json.loads(line) for line in sys.stdin]
    columns = [draw_turn(turns, int(number) - 1) for number in sys.argv[1:]]
    height = max(bottom for _, bottom in columns) + GAP
    width = len(columns) * (COLUMN + GAP) + GAP
    shapes = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">', f"<style>{STYLE}</style>"]
    for place, (column, _) in enumerate(columns):
        shapes += [
            f'<g transform="translate({GAP + place * (COLUMN + GAP)} 0)">',
            rectangle("column", 0, GAP / 2, COLUMN, height - GAP),
            *column,
            "</g>",
        ]
    sys.stdout.write("\n".join((*shapes, "</svg>", "")))


def draw_turn(turns: Sequence[Any], place: int) -> tuple[list[str], int]:
    """The shapes of one turn, and the height that they take."""
    turn, shapes, y = turns[place], list[str](), 2 * GAP
    said = pressed(turn["in"], turns[place - 1]["replies"] if place else [])
    lines = wrap(said, BUBBLE - 2 * PAD)
    width = max(map(text_width, lines)) + 2 * PAD
    shapes += draw_bubble("person", COLUMN - GAP - width, y, width, lines)
    y += len(lines) * LINE + 2 * PAD + GAP
    for reply in turn["replies"]:
        lines = wrap(reply["text"], BUBBLE - 2 * PAD)
        source = [reply["source"]] if reply["source"] else []
        shapes += draw_bubble("bot", GAP, y, BUBBLE, lines, source)
        y += (len(lines) + len(source)) * LINE + 2 * PAD + 6
        for row in reply["buttons"]:
            shapes += draw_row(y, [button["text"] for button in row])
            y += BUTTON + 5
        y += GAP
    return shapes, y


def pressed(typed: str, before: Iterable[Any]) -> str:
    """The words of the button when a number was typed, else what was typed."""
    buttons = [button["text"] for reply in before for row in reply["buttons"] for button in row]
    return buttons[int(typed) - 1] if typed.isdecimal() and int(typed) <= len(buttons) else typed


def draw_bubble(
    kind: str, x: float, y: float, width: float, lines: Sequence[str], source: Sequence[str] = ()
) -> Iterator[str]:
    yield rectangle(kind, x, y, width, (len(lines) + len(source)) * LINE + 2 * PAD)
    for number, line in enumerate((*lines, *source)):
        kind = "source" if number >= len(lines) else "said"
        yield f'<text class="{kind}" x="{x + PAD:g}" y="{y + PAD + number * LINE + FONT + 1:g}">{escape(line)}</text>'


def draw_row(y: float, labels: Sequence[str]) -> Iterator[str]:
    width = (BUBBLE - 5 * (len(labels) - 1)) / len(labels)
    for place, label in enumerate(labels):
        x = GAP + place * (width + 5)
        yield rectangle("button", x, y, width, BUTTON)
        middle = f'x="{x + width / 2:g}" y="{y + BUTTON / 2 + 5:g}" text-anchor="middle"'
        yield f'<text class="label" {middle}>{escape(label)}</text>'


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"/>'


def wrap(text: str, width: float) -> list[str]:
    """The text in lines of at most `width` pixels; punctuation never begins a line."""
    lines = list[str]()
    for paragraph in text.split("\n"):
        line = ""
        for char in paragraph:
            if text_width(line + char) > width and char not in NEVER_FIRST:
                lines.append(line)
                line = ""
            line += char
        lines.append(line)
    return lines


def text_width(text: str) -> float:
    """Estimated pixels."""
    return FONT * sum(1 if east_asian_width(char) in "WFA" else NARROW for char in text)


if __name__ == "__main__":
    main()
