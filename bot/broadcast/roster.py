"""The school's own list, as it is: whom it says to be done, whom not, and the rows that cannot be read. Pure.

Only join codes and states are taken from it; names and numbers of students are looked at and never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from bot.broadcast.roster_words import (
    DATE,
    OF_CHECK,
    SERIAL,
    TOTAL,
    TURNED,
    Role,
    find_header,
    plain,
    role_of,
    says_done,
    take_code,
)
from bot.content.encoding import decode
from bot.content.sheets import SPREADSHEETS, Sheet, load_sheets
from bot.domain.join_codes import Listed, parse_list
from bot.domain.student_numbers import StudentKey

LONGEST = 40
"""Characters of a cell that are shown."""

_DAY = re.compile(f"{DATE.pattern}|{SERIAL.pattern}")
_LETTERS = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ]{3}")

Why = Literal["code", "no_code", "state", "empty", "date", "same", "no_status"]


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A row that cannot be read: its number, why, another row that it contradicts (0: none), the cell, and the name of
    its sheet, where a list has several.
    """

    row: int
    why: Why
    other: int = 0
    text: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A list: the header of each column that is used, the rows (from 1) of those who are done and who are not, the
    codes of both, and the rows that cannot be read. `others` are rows without a code in a list that has no codes,
    `classes` the class or major of each code, where the list names one, `rows` the row of
    each.
    """

    columns: Mapping[Role, str]
    done: tuple[int, ...]
    not_done: tuple[int, ...]
    unread: tuple[UnreadRow, ...]
    done_codes: tuple[str, ...]
    not_done_codes: tuple[str, ...]
    others: int = 0
    classes: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_by_number(self) -> bool:
        """True for a list with student numbers in place of codes."""
        return "student" in self.columns and "code" not in self.columns

    @property
    def listed(self) -> Listed:
        """The codes of those who are not done, and the rows that cannot be read."""
        return Listed(self.not_done_codes, tuple((row.row, row.text) for row in self.unread))


def parse_roster(sheets: Sequence[Sheet], file: str = "", students: StudentKey | None = None) -> Roster:
    """Read the sheets that hold codes, else the one with a header. `file` is its name, which may say 未核对; `students`
    is the key with which a student number stands for a code, in rows without one.
    """
    listed = [sheet for sheet in sheets if _count_codes(sheet)]
    if not listed:
        return _RosterReader(max(sheets, key=lambda sheet: find_header(sheet.rows)[1]), file, students).read()
    parts = [(sheet.name, part) for sheet in listed for part in _cut_apart(sheet)]
    read = [(name if len(listed) > 1 else "", _RosterReader(part, file, students).read()) for name, part in parts]
    return read[0][1] if len(read) == 1 else _join(read)


def parse_unfinished(raw: bytes) -> Listed:
    """Read a file that is meant as the list of those who are not done; where it has states, they count.

    UnreadableSheet when it is no table.
    """
    return parse_given(raw).listed


def parse_given(raw: bytes, students: StudentKey | None = None) -> Roster:
    """Read a file as `parse_unfinished` does, with those whom it lists as done."""
    roster = parse_roster(load_sheets(raw), "未核对", students)
    is_by_number = roster.is_by_number and roster.rows
    text = None if "status" in roster.columns or is_by_number or raw.startswith(SPREADSHEETS) else decode(raw)
    return of_listed(parse_list(text)) if isinstance(text, str) else roster


def of_listed(listed: Listed) -> Roster:
    """Return codes of those who are not done as a list."""
    unread = tuple(UnreadRow(row, "code", text=text) for row, text in listed.strange)
    return Roster({}, (), (), unread, (), listed.codes)


def _join(parts: Sequence[tuple[str, Roster]]) -> Roster:
    """Return several lists as one; whom two of them list differently, none of them lists."""
    done = {code for _, part in parts for code in part.done_codes}
    both = {code for _, part in parts for code in part.not_done_codes} & done
    unread = [replace(row, sheet=name) for name, part in parts for row in part.unread]
    unread += [
        UnreadRow(row, "same", sheet=name) for name, part in parts for code, row in part.rows.items() if code in both
    ]
    disputed = {(row.row, row.sheet) for row in unread}
    rows = [
        [row for name, part in parts for row in getattr(part, which) if (row, name) not in disputed]
        for which in ("done", "not_done")
    ]
    codes = [
        tuple(dict.fromkeys(code for _, part in parts for code in getattr(part, which) if code not in both))
        for which in ("done_codes", "not_done_codes")
    ]
    columns = {role: name for _, part in reversed(parts) for role, name in part.columns.items()}
    classes = {code: name for _, part in parts for code, name in part.classes.items()}
    others = sum(part.others for _, part in parts)
    every = {code: row for _, part in parts for code, row in part.rows.items()}
    return Roster(columns, tuple(rows[0]), tuple(rows[1]), tuple(unread), codes[0], codes[1], others, classes, every)


def _cut_apart(sheet: Sheet) -> list[Sheet]:
    """Return the lists that stand side by side in a sheet, under the same heads; else the sheet itself."""
    at, _ = find_header(sheet.rows)
    head = list(sheet.rows[at]) if at >= 0 else []
    heads = [n for n, cell in enumerate(head) if role_of(cell) == "code"]
    holding = [n for n in heads if any(n < len(row) and take_code(row[n]) for row in sheet.rows[at + 1 :])]
    if len(holding) < 2 or len({plain(head[n]) for n in holding}) > 1:
        return [sheet]
    width = holding[1] - holding[0]
    starts = [n - holding[0] for n in holding]
    if any(right - left != width for left, right in pairwise(holding)):
        return [sheet]
    blank = [""] * width
    return [
        Sheet(
            sheet.name,
            [*sheet.rows[:at], *((list(row[start : start + width]) or blank) for row in sheet.rows[at:])],
            [(column - start, *tall) for column, *tall in sheet.merged if start <= column < start + width],  # type: ignore[misc]
        )
        for start in starts
    ]


def _count_codes(sheet: Sheet) -> int:
    return sum(any(take_code(cell) for cell in row) for row in sheet.rows)


class _RosterReader:
    """Reads one sheet: its header, its columns, then each row."""

    def __init__(self, sheet: Sheet, file: str, students: StudentKey | None) -> None:
        self._students = students
        self._rows = [list(row) for row in sheet.rows]
        self._header = find_header(sheet.rows)[0]
        self._body = range(self._header + 1, len(self._rows))
        above = (cell for row in sheet.rows[: max(self._header, 0)] for cell in row)
        self._title = plain(" ".join([file.rpartition(".")[0] or file, sheet.name, *above]))
        self._names = [""] * max(map(len, self._rows), default=0)
        for n, cell in enumerate(self._rows[self._header] if self._header >= 0 else ()):
            self._names[n] = cell
        self._take_second_head()
        self._columns = self._find_columns()
        self._spread(sheet.merged)

    def read(self) -> Roster:
        says: dict[int, bool] = {}
        codes: dict[int, str] = {}
        unread: list[UnreadRow] = []
        for n in self._body:
            if self._is_aside(n):
                continue
            said, code = self._judge_state(n), self._take_code(n)
            if isinstance(code, UnreadRow) or isinstance(said, UnreadRow):
                unread.append(code if isinstance(code, UnreadRow) else said)  # type: ignore[arg-type]
                continue
            says[n + 1] = said
            if code:
                codes[n + 1] = code
        unread += _find_contradictions(says, codes)
        for row in unread:
            says.pop(row.row, None)
        done, not_done = ([row for row, said in says.items() if said is which] for which in (True, False))
        return Roster(
            {
                role: self._names[column] or _letter(column)
                for role, columns in self._columns.items()
                for column in columns
            },
            tuple(done),
            tuple(not_done),
            tuple(sorted(unread, key=lambda row: row.row)),
            _list_codes(done, codes),
            _list_codes(not_done, codes),
            sum(row not in codes for row in says),
            {code: name for row, code in codes.items() if (name := self._name_class(row - 1))},
            {code: row for row, code in codes.items()},
        )

    # Columns

    def _take_second_head(self) -> None:
        """Join a head of two rows, the upper of which spans several columns: 核对情况 over 学籍信息 and 图像."""
        below = self._header + 1
        if self._header < 0 or below >= len(self._rows):
            return
        upper, lower = self._rows[self._header], self._rows[below]
        spanned = [n for n, cell in enumerate(lower) if cell and n > 0 and not (upper[n : n + 1] or [""])[0]]
        named = [n for n, cell in enumerate(lower) if cell]
        if not spanned or any(take_code(cell) or says_done(cell) is not None for cell in lower):
            return
        if any(role_of(upper[n]) in ("code", "student", "name") for n in named if n < len(upper)):
            return  # a row of a graduate
        last = ""
        for n, cell in enumerate(lower):
            last = upper[n] if n < len(upper) and upper[n] else last
            if cell:
                self._names[n] = f"{last}{cell}"
        self._header = below
        self._body = range(below + 1, len(self._rows))

    def _find_columns(self) -> dict[Role, list[int]]:
        columns: dict[Role, list[int]] = {}
        for n, name in enumerate(self._names):
            role = role_of(name)
            if role and role not in ("code", "status"):
                columns.setdefault(role, []).append(n)
        by_codes = sorted((-sum(bool(take_code(c)) for c in self._cells(n)), n) for n in range(len(self._names)))
        if by_codes and by_codes[0][0]:
            columns = {
                "code": [by_codes[0][1]],
                **{r: [n for n in ns if n != by_codes[0][1]] for r, ns in columns.items()},
            }
        taken = {n for ns in columns.values() for n in ns}
        status = self._find_status([n for n in range(len(self._names)) if n not in taken])
        dates = [n for n in columns.get("date", ()) if OF_CHECK.search(self._names[n])]
        if not status and dates:
            status = dates[:1]
        return {role: ns[:1] for role, ns in columns.items() if ns} | ({"status": status} if status else {})

    def _cells(self, column: int) -> list[str]:
        return [self._rows[n][column] for n in self._body if column < len(self._rows[n])]

    def _find_status(self, columns: Sequence[int]) -> list[int]:
        """Return the columns of states: those that speak of the check, else of a state, else those of whose words most
        say done or not done.
        """
        named = [n for n in columns if role_of(self._names[n]) == "status"]
        named = [n for n in named if OF_CHECK.search(self._names[n])] or named
        if named:
            return named
        unnamed = (n for n in columns if not self._names[n] or "注" in self._names[n])
        return [n for n in unnamed if self._are_states([cell for cell in self._cells(n) if cell])][:1]

    def _are_states(self, cells: Sequence[str]) -> bool:
        known = [cell for cell in cells if says_done(cell) is not None and not plain(cell).isdigit()]
        return bool(cells) and len(known) >= 0.8 * len(cells)

    def _spread(self, merged: Iterable[tuple[int, int, int]]) -> None:
        """Write a state that is shown over several rows into each of them."""
        wide = set(self._columns.get("status", ()))
        for column, first, last in merged:
            for n in range(first + 1, last + 1):
                if column in wide and first > self._header and n < len(self._rows) and column < len(self._rows[n]):
                    self._rows[n][column] = self._rows[first][column]

    # Rows

    def _cell(self, n: int, role: Role) -> str:
        column = self._columns.get(role, [-1])[0]
        return self._rows[n][column] if 0 <= column < len(self._rows[n]) else ""

    def _is_aside(self, n: int) -> bool:
        """Return whether a row is none of a graduate: empty, a total, a heading, the header again."""
        row = [cell for cell in self._rows[n] if cell]
        if not row or any(take_code(cell) for cell in row):
            return not row
        if all(set(cell) <= set("-:—=") for cell in row) or (len(row) == 1 and not _LETTERS.search(row[0])):
            return True  # a line, the name of a class
        if any(TOTAL.match(plain(cell)) for cell in row[:2]):
            return True
        if sum(role_of(cell) is not None and says_done(cell) is None for cell in row) >= 2:
            return True
        identity = any(self._cell(n, role) for role in ("code", "student", "name"))
        return not identity or (len(row) == 1 and not self._cell(n, "code"))

    def _name_class(self, n: int) -> str:
        """Return the class of a row, else its major, in one short line."""
        return " ".join((self._cell(n, "class") or self._cell(n, "major")).split())[:LONGEST]

    def _take_code(self, n: int) -> str | UnreadRow:
        cell = self._cell(n, "code")
        if not cell.strip():
            return self._code_of_student(n) or (UnreadRow(n + 1, "no_code") if "code" in self._columns else "")
        return take_code(cell) or UnreadRow(n + 1, "code", text=cell[:LONGEST])

    def _code_of_student(self, n: int) -> str | None:
        """Return the code that follows from the student number of a row; numbers of ID cards are not touched."""
        column = self._columns.get("student", [-1])[0]
        if self._students is None or column < 0 or "证" in self._names[column]:
            return None
        return self._students.code_of(self._cell(n, "student"))

    def _judge_state(self, n: int) -> bool | UnreadRow:
        columns = self._columns.get("status")
        if not columns:
            return self._judge_by_title(n)
        said = []
        for column in columns:
            cell = self._rows[n][column] if column < len(self._rows[n]) else ""
            turned = bool(TURNED.search(plain(self._names[column])))
            state = self._says_done(cell, column)
            if not plain(cell):
                state = turned
                if self._is_open(column, turned=turned):
                    return UnreadRow(n + 1, "empty")
            elif state is None:
                return UnreadRow(n + 1, "state", text=cell[:LONGEST])
            elif turned and not re.search("[未没已完核校]", cell):
                state = not state
            said.append(state)
        if not all(said) and self._has_done_date(n) and columns != self._columns.get("date"):
            return UnreadRow(n + 1, "date")
        return all(said)

    def _says_done(self, cell: str, column: int) -> bool | None:
        is_day = column in self._columns.get("date", ()) and SERIAL.fullmatch(cell)
        return True if is_day else says_done(cell)

    def _is_open(self, column: int, *, turned: bool) -> bool:
        """Return whether an empty cell may mean either: where only those are marked who are not done, or 未核对 both by
        yes and by no.
        """
        said = {self._says_done(cell, column) for cell in self._cells(column) if cell}
        return bool(said) and ({True, False} <= said if turned else True not in said)

    def _has_done_date(self, n: int) -> bool:
        column, cell = self._columns.get("date", [-1])[0], self._cell(n, "date")
        return column >= 0 and bool(OF_CHECK.search(self._names[column])) and bool(_DAY.fullmatch(cell))

    def _judge_by_title(self, n: int) -> bool | UnreadRow:
        """Read a list without states by its title; codes alone are the list of those who are not done."""
        if re.search(r"(?:未|没有?)(?:核对|校对|完成|做完|确认|做)", self._title):
            return False
        if re.search(r"(?:已|全部)?(?:核对|校对|完成|做完|确认)(?:完成?|好)?(?:的)?(?:学生|人员)?名单", self._title):
            return True
        alone = not any(
            cell for m in self._body for k, cell in enumerate(self._rows[m]) if k != self._columns.get("code", [-1])[0]
        )
        is_bare = not re.search("[已完√✓✔]", self._cell(n, "code"))
        return False if alone and is_bare else UnreadRow(n + 1, "no_status")


def _find_contradictions(says: Mapping[int, bool], codes: Mapping[int, str]) -> list[UnreadRow]:
    """Return the rows of codes that are listed both as done and as not done."""
    rows: dict[str, list[int]] = {}
    for row, code in codes.items():
        rows.setdefault(code, []).append(row)
    return [
        UnreadRow(row, "same", next(other for other in same if says[other] is not says[row]))
        for same in rows.values()
        if len({says[row] for row in same}) > 1
        for row in same
    ]


def _list_codes(rows: Iterable[int], codes: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes[row] for row in rows if row in codes))


def _letter(column: int) -> str:
    return chr(65 + column) if column < 26 else chr(64 + column // 26) + chr(65 + column % 26)
