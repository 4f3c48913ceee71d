"""All FAQ entries as one sheet of Excel, and the changes that somebody made in it.

A row is an entry; only what differs from the revision of which the sheet was made is changed, the rest of the files
stays byte for byte. No formula and no macro is ever run: cells are written and read as text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.content.content import Content
from bot.content.edit_entry import Value, with_entry, with_value
from bot.content.files import Files, with_shipped
from bot.content.loading import load
from bot.content.own import notice_topics
from bot.content.sheets import UnreadableSheet, load_sheets
from faq.model import ANSWER, MAX_ID, MAX_LINE, PHRASINGS, TITLE, Entry
from faq.sounds import spell
from faq.text import fold

COLUMNS = ("id", "title", "phrasings", "answer", "source", "checked_on", "follow", "references")
"""The columns of the sheet, by the key of an entry."""
_WIDTHS = (24, 26, 48, 70, 14, 12, 30, 40)
_SIZES = {"title": TITLE, "answer": ANSWER, "phrasings": PHRASINGS}
_LISTS = ("phrasings", "follow", "references")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that a program may take for a formula."""
_REVISION = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Something wrong in a cell: its name as the program shows it (B5), the rule and what its sentence needs."""

    cell: str
    rule: str
    about: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SheetEdit:
    """The files that a sheet changes, or what is wrong in it; `rule` says why it cannot be read at all.

    `rows` are the numbers of the rows by entry, `columns` the letters by key.
    """

    files: Files = field(default_factory=dict)
    problems: tuple[CellProblem, ...] = ()
    rule: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)

    def cell_of(self, where: str) -> str:
        """Return the cell of a place in an entry (`id.phrasings.3`); empty when the sheet does not hold it."""
        topic, _, rest = where.partition(".")
        column = self.columns.get(rest.split(".")[0], self.columns.get("id", "A"))
        return f"{column}{self.rows[topic]}" if topic in self.rows else ""


def write_sheet(content: Content, number: int) -> bytes:
    """Return the workbook with all entries, those of notices left out; its sheet carries the number of the revision."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only an export needs it

    words, out = content.phrases.admin.sheet, io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(words.name.format(number=number))
        head = book.add_format({"bold": True, "bg_color": "#DDE8F5"})
        text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        for column, key in enumerate(COLUMNS):
            sheet.write_string(0, column, words.columns[key], head)  # type: ignore[index]
            sheet.set_column(column, column, _WIDTHS[column])
        sheet.freeze_panes(1, 2)
        elsewhere = notice_topics(content.notices)
        entries = [entry for entry in content.entries.values() if entry.id not in elsewhere]
        for row, entry in enumerate(entries, start=1):
            for column, key in enumerate(COLUMNS):
                sheet.write_string(row, column, neutralise(_to_cell(content, entry, key)), text)
    return out.getvalue()


def neutralise(cell: str) -> str:
    """Return a cell that no program takes for a formula."""
    return f"'{cell}" if cell.startswith(_RISKY) else cell


def _to_cell(content: Content, entry: Entry, key: str) -> str:
    value = getattr(entry, key)
    if key == "source":
        return content.phrases.admin.writing.sources[value]
    if key == "follow":
        return "\n".join(content.entries[topic].title if topic in content.entries else topic for topic in value)
    return "\n".join(value) if key in _LISTS else str(value or "")


def find_base(raw: bytes) -> int:
    """Return the number of the revision of which a sheet was made; 0 when it carries none. UnreadableSheet."""
    found = _REVISION.search(load_sheets(raw)[0].name)
    return int(found[0]) if found else 0


def apply_sheet(given: tuple[bytes, Files, date]) -> SheetEdit:
    """Return the files that a sheet changes, of those of which it was made; everything wrong in it at once."""
    raw, files, today = given
    try:
        rows = load_sheets(raw)[0].rows
    except UnreadableSheet as trouble:
        return SheetEdit(rule=trouble.rule)
    reader = _SheetReader(load(files or None), rows, today)
    if reader.missing:
        return SheetEdit(problems=(CellProblem("A1", "columns", {"names": "、".join(reader.missing)}),))
    changes = [*reader.read()]
    if reader.problems:
        return SheetEdit(problems=tuple(reader.problems))
    before, changed = with_shipped(files), dict(files)
    for topic, row in changes:
        if topic in reader.content.entries:
            for key, value in row.items():
                changed = with_value(changed, topic, key, value)
        else:
            changed = with_entry(changed, row)
    own = {name: text for name, text in changed.items() if before.get(name) != text}
    return SheetEdit(own, rows=reader.rows, columns=reader.letters)


class _SheetReader:
    """Reads the rows of a sheet as changes of a content."""

    def __init__(self, content: Content, rows: Sequence[Sequence[str]], today: date) -> None:
        self.content = content
        self._today = today
        self.problems: list[CellProblem] = []
        self.rows: dict[str, int] = {}
        self._rows = rows
        labels = content.phrases.admin.sheet.columns
        self._labels: Mapping[str, str] = labels  # type: ignore[assignment]
        head = {label: key for key, label in self._labels.items()}
        self._columns = {head[cell]: n for n, cell in enumerate(rows[0]) if cell in head}
        self.letters = {key: chr(ord("A") + n) for key, n in self._columns.items()}
        self.missing = [self._labels[key] for key in COLUMNS[:4] if key not in self._columns]
        self._sources = {label: name for name, label in content.phrases.admin.writing.sources.items()}
        self._titles = {entry.title: entry.id for entry in reversed([*content.entries.values()])}

    def read(self) -> Iterator[tuple[str, dict[str, Value]]]:
        """Yield the entries that differ, each with its other values; a new one with all of them."""
        for number, row in enumerate(self._rows[1:], start=2):
            cells = {key: _plain(row[n]) if n < len(row) else "" for key, n in self._columns.items()}
            if any(cells.values()):
                topic = cells["id"] or name_new(cells["title"], {*self.content.entries, *self.rows})
                if topic in self.rows:
                    self._add(number, "id", "id_twice", value=topic)
                    continue
                self.rows[topic] = number
                if changed := self._compare(number, self.content.entries.get(topic), topic, cells):
                    yield topic, changed

    def _add(self, number: int, key: str, rule: str, **about: object) -> None:
        self.problems.append(CellProblem(f"{self.letters[key]}{number}", rule, {"key": self._labels[key], **about}))

    def _compare(self, number: int, entry: Entry | None, topic: str, cells: Mapping[str, str]) -> dict[str, Value]:
        """Return the values of a row that differ from its entry; of a row without one all that are not empty."""
        changed: dict[str, Value] = {} if entry else {"id": topic}
        for key, cell in cells.items():
            was = _to_cell(self.content, entry, key) if entry else ""
            if key != "id" and cell != "\n".join(line.strip() for line in was.strip().split("\n")):
                changed[key] = self._read(number, key, cell)
        if entry is None:
            for key in ("title", "answer", "phrasings"):
                if not cells[key]:
                    self._read(number, key, "")
            if changed.setdefault("source", "beyond") == "beyond":
                changed.setdefault("checked_on", self._today)
        return changed

    def _read(self, number: int, key: str, cell: str) -> Value:
        """Return the value in a cell; what is wrong with it is a problem."""
        lines = tuple(line.strip() for line in cell.split("\n") if line.strip())
        if key in _SIZES and not _SIZES[key][0] <= len(lines if key == "phrasings" else cell) <= _SIZES[key][1]:
            least, most = _SIZES[key]
            self._add(
                number, key, f"size_{key}", least=least, most=most, size=len(lines if key == "phrasings" else cell)
            )
        elif key == "source" and cell not in self._sources:
            self._add(number, key, "source", value=cell, known="、".join(self._sources))
        elif key == "checked_on" and cell and not _is_day(cell):
            self._add(number, key, "checked_on", value=cell)
        if key == "follow":
            for line in lines:
                if line not in self._titles and line not in self.content.entries:
                    self._add(number, key, "follow", value=line)
            return tuple(self._titles.get(line, line) for line in lines) or None
        if key == "phrasings":
            for line in lines:
                if len(line) > MAX_LINE:
                    self._add(number, key, "long_line", value=line[:20], most=MAX_LINE)
        return (lines or None) if key in _LISTS else self._sources.get(cell, cell) if key == "source" else cell or None


def name_new(title: str, taken: Collection[str]) -> str:
    """Return an id for a new entry: its title in pinyin, with a number where that is taken."""
    name = "-".join(spell(fold(title)))[: MAX_ID - 3].strip("-") or "own"
    return next(one for n in range(1, 10_000) if (one := name if n == 1 else f"{name}-{n}") not in taken)


def _is_day(cell: str) -> bool:
    try:
        return bool(date.fromisoformat(cell[:10]))
    except ValueError:
        return False


def _plain(cell: str) -> str:
    """Return a cell without the sign that keeps it from being a formula, blanks and line ends as files have them."""
    text = cell[1:] if cell.startswith("'") and cell[1:].startswith(_RISKY) else cell
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "").split("\n")
    return "\n".join(line.strip() for line in lines).strip()
