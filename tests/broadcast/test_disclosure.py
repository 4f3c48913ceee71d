"""Numbers of small groups are hidden, also from subtracting."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.broadcast.disclosure import Cell, find_publishable
from bot.domain.audience import SMALLEST

ALL = frozenset


def test_one_small_group_takes_the_next_one_with_it() -> None:
    counts, cells = [40, 9, 3], [ALL({0}), ALL({1}), ALL({2})]
    assert find_publishable(counts, [[ALL({0, 1, 2})], cells]) == {ALL({0, 1, 2}), ALL({0})}


def test_two_small_groups_that_are_small_together_take_a_third() -> None:
    cells = [ALL({n}) for n in range(4)]
    assert find_publishable([40, 9, 2, 1], [[ALL(range(4))], cells]) == {ALL(range(4)), ALL({0})}
    assert find_publishable([40, 9, 3, 4], [[ALL(range(4))], cells]) == {ALL(range(4)), ALL({0}), ALL({1})}


def test_nobody_and_many_are_published() -> None:
    cells = [ALL({n}) for n in range(3)]
    assert find_publishable([40, 0, 5], [[ALL(range(3))], cells]) == {ALL(range(3)), *cells}


def test_a_small_cell_is_not_worked_out_from_another_table() -> None:
    # Rows: the first two places, the last two. The third table names the same people by something else.
    counts = [10, 3, 20, 30]
    rows = [ALL({0, 1}), ALL({2, 3})]
    other = [ALL({0, 2}), ALL({1, 3})]
    steps = [ALL({0}), ALL({1}), ALL({2}), ALL({3})]
    shown = find_publishable(counts, [[ALL(range(4))], rows, other, steps])
    assert {*rows, *other} <= shown
    assert ALL({1}) not in shown
    assert len(shown & set(steps)) == 0  # one published would give all of the two by two


@given(st.lists(st.integers(0, 12), min_size=6, max_size=6))
def test_no_small_cell_of_a_table_can_be_worked_out_from_the_published_ones(counts: list[int]) -> None:
    grid: dict[tuple[int, int], int] = {place: n for n, place in enumerate(product(range(2), range(3)))}
    rows: list[Cell] = [ALL(grid[i, j] for j in range(3)) for i in range(2)]
    columns: list[Cell] = [ALL(grid[i, j] for i in range(2)) for j in range(3)]
    lines = [[ALL(range(6))], rows, columns]
    lines += [[ALL({grid[i, j]}) for j in range(3)] for i in range(2)]
    lines += [[ALL({grid[i, j]}) for i in range(2)] for j in range(3)]
    shown = find_publishable(counts, lines)
    size = {cell: sum(counts[n] for n in cell) for line in lines for cell in line}
    known = np.array([[n in cell for n in range(6)] for cell in shown], float).reshape(-1, 6)
    for cell, people in size.items():
        if 0 < people < SMALLEST:
            assert cell not in shown
            wanted = np.array([n in cell for n in range(6)], float)
            assert np.linalg.matrix_rank(np.vstack([known, wanted])) > np.linalg.matrix_rank(known), (cell, shown)
    for line in lines:
        rest, whole = sum(size[cell] for cell in line if cell not in shown), sum(size[cell] for cell in line)
        assert not 0 < rest < SMALLEST or whole < SMALLEST
