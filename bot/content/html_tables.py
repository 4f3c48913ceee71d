"""Reads the tables of a page that was saved as .xls: HTML of a school's system, or Excel's XML of 2003."""

from __future__ import annotations

from html.parser import HTMLParser

_ROWS, _CELLS = frozenset({"tr", "row", "ss:row"}), frozenset({"td", "th", "cell", "ss:cell"})
_CHUNK = 50_000


class _Tables(HTMLParser):
    """Collects the rows of all tables; a cell over several columns or rows leaves the others empty.

    `merged` are its stretches of rows, as in Sheet.
    """

    def __init__(self, columns: int) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.merged: list[tuple[int, int, int]] = []
        self._covered_to: dict[int, int] = {}
        self._columns = columns
        self._is_open = False
        self._width = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ROWS:
            self.rows.append([])
            self._is_open = False
        elif tag in _CELLS and self.rows:
            self._close_cell()
            said = dict(attrs)
            self._width = min(_number(said.get("colspan") or _more(said.get("ss:mergeacross"))), self._columns)
            self._skip_covered()
            gap = _number(said.get("ss:index")) - 1 - len(self.rows[-1])  # cells before it are left out
            self.rows[-1] += [""] * min(max(gap, 0), self._columns)
            if len(self.rows[-1]) < self._columns:
                self._cover(_number(said.get("rowspan")))
                self.rows[-1].append("")
                self._is_open = True
        elif tag == "br" and self._is_open:
            self.rows[-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELLS or tag in _ROWS:
            self._close_cell()

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.rows[-1][-1] += data

    def _skip_covered(self) -> None:
        row, here = self.rows[-1], len(self.rows) - 1
        while len(row) < self._columns and self._covered_to.get(len(row), -1) >= here:
            row.append("")

    def _cover(self, height: int) -> None:
        column, here = len(self.rows[-1]), len(self.rows) - 1
        if height > 1:
            self.merged.append((column, here, here + height - 1))
            self._covered_to |= dict.fromkeys(range(column, column + self._width), here + height - 1)

    def _close_cell(self) -> None:
        if self._is_open:
            row = self.rows[-1]
            row[-1] = " ".join(row[-1].split())
            row += [""] * min(self._width - 1, self._columns - len(row))
        self._is_open = False


def read_tables(text: str, rows: int, columns: int) -> tuple[list[list[str]], list[tuple[int, int, int]]]:
    """Return the rows of all tables of a page, at most so many and so wide, and their cells over several rows."""
    tables = _Tables(columns)
    for at in range(0, len(text), _CHUNK):
        tables.feed(text[at : at + _CHUNK])
        if len(tables.rows) > rows:
            break
    tables.close()
    return tables.rows[:rows], tables.merged


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 1


def _more(text: str | None) -> str | None:
    return str(_number(text) + 1) if text else None
