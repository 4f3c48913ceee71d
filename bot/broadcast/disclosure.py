"""Hides the numbers of small groups in tables, and so many others that a hidden one cannot be worked out: neither as
the rest of a total, nor by adding and subtracting cells over all tables. Pure; knows no words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.domain.audience import SMALLEST

Cell = frozenset[int]
"""A group of a table: the indexes, in `counts`, of the people in it."""


def find_publishable(counts: Sequence[int], lines: Sequence[Sequence[Cell]]) -> frozenset[Cell]:
    """Return the cells that may be published.

    `counts` are numbers of people who are alike. A line is cells that do not overlap and add up to a number that people
    know; earlier lines are rather published than later ones.
    """
    sizes = {cell: sum(counts[place] for place in cell) for line in lines for cell in line}
    small = [cell for cell, size in sizes.items() if 0 < size < SMALLEST]
    hidden = set(small)
    while True:
        before: set[Cell] = set()
        for line in lines:
            _cover(line, sizes, hidden, before)
            before.update(line)
        leak = _leak([cell for line in lines for cell in line if cell not in hidden], small)
        if leak is None:
            return frozenset(sizes) - hidden
        hidden.add(leak)


def _cover(line: Sequence[Cell], sizes: dict[Cell, int], hidden: set[Cell], before: set[Cell]) -> None:
    """Hide the next larger cells, rather not those of lines `before`, until the hidden ones are no small group."""
    open_ = [cell for cell in line if sizes[cell] and cell not in hidden]
    open_.sort(key=lambda cell: (cell in before, sizes[cell]))
    while 0 < sum(sizes[cell] for cell in line if cell in hidden) < SMALLEST and open_:
        hidden.add(open_.pop(0))


def _leak(cells: Sequence[Cell], small: Sequence[Cell]) -> Cell | None:
    """Return the first cell that, with those before it, makes a small one computable: it is in their linear span."""
    width = 1 + max((place for cell in (*cells, *small) for place in cell), default=0)
    rest = np.array([_row(cell, width) for cell in small]).reshape(len(small), width)
    spanned = np.zeros((0, width))
    for cell in dict.fromkeys(cells):
        new = _row(cell, width)
        for _ in range(2):  # twice is enough against rounding
            new = new - spanned.T @ (spanned @ new)
        length = float(np.linalg.norm(new))
        if length < 1e-9:
            continue
        new /= length
        after = rest - np.outer(rest @ new, new)
        if len(small) and float(np.min(np.linalg.norm(after, axis=1))) < 1e-6:
            return cell
        spanned, rest = np.vstack([spanned, new]), after
    return None


def _row(cell: Cell, width: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    row = np.zeros(width)
    row[list(cell)] = 1.0
    return row
