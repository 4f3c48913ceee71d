"""The chart of `/stats`. Takes seconds and a large library, so it is drawn in a process of its own.

`draw` needs matplotlib (extra `charts`) and a font of the system that has Chinese characters.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from bot.pictures.fonts import find_font

Numbers = tuple[int | None, ...]
"""None: hidden, because few people would be told apart."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with a name and a number for each column, in the order in which they are shown."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, Numbers], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Three panels under a title: `groups` stacked, `steps` as bars, `days` as lines. `few` marks hidden numbers."""

    title: str
    few: str
    groups: Table
    steps: Table
    days: Table


Missing = Literal["matplotlib", "font"]

GREY, BLUE, ORANGE, GREEN = "#b8c4d0", "#5b8ff9", "#f6903d", "#5ad8a6"
STATES, DAILY = (GREY, BLUE, ORANGE, GREEN), (BLUE, GREEN, ORANGE)
"""Colours of the columns, in their order."""
INCHES = (7.2, 12.0)
"""The shape of a phone."""
DOTS = 150
"""Per inch."""


def draw(chart: Chart) -> bytes | Missing:
    """Return the chart as PNG, or what is missing to draw it."""
    if find_spec("matplotlib") is None:
        return "matplotlib"
    tables = (chart.groups, chart.steps, chart.days)
    said = "".join([chart.title, chart.few, *(part for t in tables for part in (*t.columns, *dict(t.rows)))])
    font = find_font(said)
    if font is None:
        return "font"
    return _to_png(chart, font)


def _to_png(chart: Chart, font: Path) -> bytes:
    from matplotlib import font_manager, rc_context  # noqa: PLC0415

    font_manager.fontManager.addfont(font)
    name = font_manager.FontProperties(fname=font).get_name()
    with rc_context(
        {"font.sans-serif": [name], "font.family": "sans-serif", "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = lay_out(chart)
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=DOTS)
    return out.getvalue()


def lay_out(chart: Chart) -> Any:
    """Return the figure with its three panels."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = (len(chart.groups.rows), len(chart.steps.rows), 6)
    figure = Figure(INCHES, layout="constrained")
    panels = figure.subplots(3, 1, height_ratios=[max(2, n) for n in rows])
    figure.suptitle(chart.title)
    _draw_stacks(panels[0], chart.groups, chart.few)
    _draw_bars(panels[1], chart.steps, chart.few)
    _draw_lines(panels[2], chart.days)
    return figure


def _draw_stacks(axes: Any, table: Table, few: str) -> None:
    labels = [name for name, _ in table.rows]
    left = [0] * len(labels)
    for column, name in enumerate(table.columns):
        widths = [numbers[column] or 0 for _, numbers in table.rows]
        axes.barh(labels, widths, left=left, label=name, color=STATES[column % 4])
        left = [a + b for a, b in zip(left, widths, strict=True)]
    for row, (_, numbers) in enumerate(table.rows):
        if None in numbers:
            axes.text(left[row], row, f" {few}", va="center", fontsize="small")
    axes.legend(ncols=len(table.columns), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    _count_along(axes, table, max(left, default=0))


def _draw_bars(axes: Any, table: Table, few: str) -> None:
    labels = [name for name, _ in table.rows]
    bars = axes.barh(labels, [numbers[0] or 0 for _, numbers in table.rows], color=BLUE)
    axes.bar_label(bars, [f" {few if n is None else n}" for _, (n, *_) in table.rows], fontsize="small")
    axes.margins(y=0.01)
    _count_along(axes, table, max((numbers[0] or 0 for _, numbers in table.rows), default=0))


def _count_along(axes: Any, table: Table, most: int) -> None:
    """Show whole people from 0 on, with room for words at the end of the longest bar, also while there is nobody."""
    axes.set_xlim(0, max(most, 1) * 1.15)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_yticks(range(len(table.rows)), [name for name, _ in table.rows])
    axes.invert_yaxis()


def _draw_lines(axes: Any, table: Table) -> None:
    days = [name for name, _ in table.rows]
    for column, name in enumerate(table.columns):
        heights = [float("nan") if numbers[column] is None else numbers[column] for _, numbers in table.rows]
        axes.plot(days, heights, marker="o", label=name, color=DAILY[column % 3])
    axes.legend(ncols=len(table.columns), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    most = max((n or 0 for _, numbers in table.rows for n in numbers), default=0)
    axes.set_ylim(0, max(most, 1) * 1.05)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(axis="x", labelrotation=60)
