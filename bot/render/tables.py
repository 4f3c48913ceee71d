"""Tables as CSV that a spreadsheet opens. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as CSV, with a mark by which spreadsheets know UTF-8; no cell is read as a formula."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerows([columns, *([_disarm(cell) for cell in row] for row in rows)])
    return out.getvalue()


def _disarm(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
