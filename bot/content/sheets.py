"""Reads a table that a school keeps its list in: .xlsx, .xls, .ods, or text with commas, semicolons or tabs.

Rows keep the numbers that a person sees beside them. Bounded by the size of the file, of what is unpacked from it, and
the number of rows. A page that was saved as .xls is read as what it is.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import python_calamine as calamine

from bot.content.encoding import decode
from bot.content.html_tables import read_tables

MOST_BYTES = 8_000_000
MOST_UNPACKED = 80_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 100

SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of a workbook."""

_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""The part of an .xlsx with a password, in the frame of the older format."""
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|meta|table|\?xml|style|div)\b", re.IGNORECASE)
_BLANKS = re.compile(r"(?<!\b[A-Za-z]{4})\s+|\s+(?![A-Za-z]{4}\b)")
"""Blanks between words of a line, except those in the middle of a join code."""
_SEPARATORS = ",\t;，；|"


class UnreadableSheet(Exception):
    """A file that is no table; `rule` has a sentence in the phrases."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, and its rows, the first of which is row 1. Cells are text without blanks around it.

    `merged` are stretches of rows of one column (column, first row, last row; from 0) that show one cell.
    """

    name: str
    rows: Sequence[Sequence[str]]
    merged: Sequence[tuple[int, int, int]] = ()


def load_sheets(raw: bytes) -> list[Sheet]:
    """Return the tables of a file that have rows, known by its first bytes. UnreadableSheet when there is none."""
    if len(raw) > MOST_BYTES:
        raise UnreadableSheet("too_large")
    sheets = _load_workbook(raw) if raw.startswith(SPREADSHEETS) else [_parse_text(raw)]
    sheets = [sheet for sheet in sheets if any(any(row) for row in sheet.rows)]
    if not sheets:
        raise UnreadableSheet("empty")
    if any(len(sheet.rows) > MOST_ROWS for sheet in sheets):
        raise UnreadableSheet("too_large")
    return sheets


def _load_workbook(raw: bytes) -> list[Sheet]:
    _refuse_bombs(raw)
    if raw.startswith(SPREADSHEETS[1]) and _LOCKED in raw:
        raise UnreadableSheet("locked")
    try:
        workbook = calamine.load_workbook(io.BytesIO(raw))
        found = []
        for sheet in workbook.sheets_metadata:
            if sheet.visible is calamine.SheetVisibleEnum.Visible and sheet.typ is calamine.SheetTypeEnum.WorkSheet:
                table = workbook.get_sheet_by_name(sheet.name)
                rows = table.to_python(skip_empty_area=False, nrows=MOST_ROWS + 1)
                merged = table.merged_cell_ranges or ()
                tall = [(c, first, last) for (first, c), (last, _) in merged if last > first]
                cells = [[_spell(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
                found.append(Sheet(sheet.name, cells, tall))
    except calamine.PasswordError:
        raise UnreadableSheet("locked") from None
    except (calamine.CalamineError, ValueError, OSError):
        raise UnreadableSheet("broken") from None
    return found


def _refuse_bombs(raw: bytes) -> None:
    if not raw.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise UnreadableSheet("too_large")
    except zipfile.BadZipFile:
        raise UnreadableSheet("broken") from None


def _spell(cell: object) -> str:
    """Return a cell as it shows: a number without the .0 that spreadsheets give every number."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes").removesuffix(" 00:00")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def _parse_text(raw: bytes) -> Sheet:
    text = decode(raw)
    if not isinstance(text, str):
        raise UnreadableSheet("broken")
    if _PAGE.match(text):
        return Sheet("", *read_tables(text, MOST_ROWS + 1, MOST_COLUMNS))
    lines = text.splitlines(keepends=True)
    named = lines[0].strip().lower() if lines else ""
    if named.startswith("sep="):  # Excel's own first line, which it does not show
        lines = lines[1:]
    separator = max(_SEPARATORS, key=lambda sign: sum(line.count(sign) > 0 for line in lines[:200]))
    if not any(separator in line for line in lines):
        return Sheet("", [_BLANKS.split(line.strip())[:MOST_COLUMNS] for line in lines[: MOST_ROWS + 1]])
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        raise UnreadableSheet("broken") from None
    return Sheet("", [[cell.strip().strip("\ufeff") for cell in row[:MOST_COLUMNS]] for row in rows[: MOST_ROWS + 1]])
