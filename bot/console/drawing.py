"""Tables of numbers as shapes of SVG, in units of a phone's width. Pure; the template draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.broadcast.chart import Table

WIDTH, NUMBER_WIDTH = 360, 60
"""Of a drawing, and of the number at the end of a bar."""
ROW = 46
"""Height of a bar with its name above it."""
HEIGHT, LEFT, BELOW = 160, 34, 22
"""Of lines: the height of the drawing, the space for numbers at its left, for days below it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: name, top, its pieces (left, width, number of the column), and what stands at its end."""

    name: str
    top: int
    pieces: tuple[tuple[float, float, int], ...]
    end: float
    said: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A line for each column: stretches of points without gaps. `days` are left and name, `most` is the top number."""

    stretches: tuple[tuple[int, str], ...]
    points: tuple[tuple[float, float, int], ...]
    days: tuple[tuple[float, str], ...]
    most: int


def draw_bars(table: Table, few: str) -> list[Bar]:
    """Return a bar for each row, its columns one after the other; `few` stands for numbers that are hidden."""
    sums = [sum(n or 0 for n in numbers) for _, numbers in table.rows]
    scale = (WIDTH - NUMBER_WIDTH) / max(*sums, 1, 1)
    bars = []
    for place, ((name, numbers), total) in enumerate(zip(table.rows, sums, strict=True)):
        left, pieces = 0.0, []
        for column, n in enumerate(numbers):
            if n:
                pieces.append((round(left, 1), round(n * scale, 1), column))
                left += n * scale
        hidden = few if None in numbers else ""
        said = f"{total}+" if total and hidden else hidden or str(total)
        bars.append(Bar(name, place * ROW, tuple(pieces), round(left, 1), said))
    return bars


def draw_lines(table: Table) -> Lines:
    """Return a line for each column over the rows, broken where a number is hidden."""
    shown = [n for _, numbers in table.rows for n in numbers if n is not None]
    most = max(*shown, 1, 1)
    step = (WIDTH - LEFT - 10) / max(len(table.rows) - 1, 1)
    stretches: list[tuple[int, str]] = []
    points: list[tuple[float, float, int]] = []
    for column in range(len(table.columns)):
        heights = [numbers[column] for _, numbers in table.rows]
        for stretch in _list_stretches(heights):
            places = [(round(LEFT + row * step, 1), _top(heights[row] or 0, most)) for row in stretch]
            stretches.append((column, " ".join(f"{x},{y}" for x, y in places)))
            points += [(x, y, column) for x, y in places]
    rows = len(table.rows)
    days = [(round(LEFT + row * step, 1), table.rows[row][0]) for row in sorted({0, rows // 2, rows - 1}) if rows]
    return Lines(tuple(stretches), tuple(points), tuple(days), most)


def _top(n: int, most: int) -> float:
    return round(HEIGHT - BELOW - n * (HEIGHT - BELOW - 12) / most, 1)


def _list_stretches(heights: Sequence[int | None]) -> list[list[int]]:
    """Return the rows of each stretch without a gap."""
    stretches: list[list[int]] = [[]]
    for row, height in enumerate(heights):
        if height is None:
            stretches.append([])
        else:
            stretches[-1].append(row)
    return [stretch for stretch in stretches if stretch]
