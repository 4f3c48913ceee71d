"""Which numbers about groups of people may be told. A small group is hidden, and so much beside it that it cannot be
worked out from what is told: neither as what is left of a total, nor by adding and subtracting over all the tables.
Pure; knows no words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SMALLEST = 5
"""People in a group whose number may be told. Nobody at all may be told too."""

Cell = frozenset[int]
"""A group whose number a table would tell: the places, in `counts`, of the people in it."""


def find_publishable(counts: Sequence[int], lines: Sequence[Sequence[Cell]]) -> frozenset[Cell]:
    """The cells that may be told.

    `counts` are people who are alike, a number each. A line is cells that do not overlap and make up something whose
    number people know; what comes in an earlier line is rather told than what comes in a later one.
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
    """The cell that, with those before it, would give a small one away: it lies in the space that they span."""
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
