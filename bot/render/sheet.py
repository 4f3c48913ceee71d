"""Tables as workbooks of Excel. Every cell is text, so that no program takes one for a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make_sheet(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook with one sheet: a head that stays, and a row for each of `rows`."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only an export needs it

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(name)
        head = book.add_format({"bold": True, "bg_color": "#DDE8F5"})
        text = book.add_format({"num_format": "@"})
        for column, title in enumerate(columns):
            sheet.write_string(0, column, title, head)
        sheet.set_column(0, len(columns) - 1, 16, text)
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return out.getvalue()
