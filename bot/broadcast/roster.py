"""The school's own list, as it is: whom it says to be done, whom not, and the rows that cannot be read. Pure.

Only join codes and states are taken from it; names and numbers of students are looked at and never kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.content.encoding import decode
from bot.content.sheets import SPREADSHEETS, Sheet, load_sheets
from bot.domain.join_codes import Listed, parse_code, parse_list

Role = Literal["code", "student", "name", "class", "major", "status", "date"]
HEADER_ROWS = 10
"""Rows among which the header is."""
LONGEST = 40
"""Characters of a cell that are shown."""

_HEADERS: Mapping[Role, re.Pattern[str]] = {
    "code": re.compile(r"(?:核对|加入|邀请|机器人|毕业核对)?(?:编号|编码|代码|码)|(?:join)?code"),
    "student": re.compile(r".{0,40}(?:学号|考生号|学籍号|身份证号?|证件号码?)"),
    "name": re.compile(r"(?:学生)?姓名|名字|name"),
    "class": re.compile(r"(?:所在|行政)?班级?(?:名称)?|年级"),
    "major": re.compile(r"(?:所学|录取)?专业(?:名称)?|层次"),
    "date": re.compile(r".{0,40}(?:日期|时间)|date"),
}
_STATUS = re.compile(
    r"(?:是否|有没有|有无|已|未|没|网上|学信网|学籍|图像|照片|信息|核对|校对|确认|完成|做完|做|了|过|上报|本人|的"
    r"|状态|情况|结果|进度|标志|标记|\([^)]{0,20}\)|[/、]){1,12}|status|done|finished"
)
_OF_CHECK = re.compile(r"核对|校对|完成|做完|确认|done|finished")
_TURNED = re.compile(r"^(?:未|没|没有|尚未)")
_TOTAL = re.compile(
    r"(?:合计|总计|小计|总数|总人数|人数|共计?\d*|备注|说明|注|制表|填表|审核|负责人|签字|签名|盖章|日期|打印|联系人|单位)(?:$|[:：\d\s(人])|第\d+页|以上"
)
_AROUND = (
    "已经?|都|全部|网上|学信网|学籍|图像|照片|信息|本人|自己|任务|工作|完|好|过|了|的|毕|成功?|无误|正确|通过|上报"
)
_ACT = "核对|校对|确认|完成|做完|做|办理?|通过|提交|登录|注册"
_DONE = re.compile(
    rf"(?:{_AROUND}){{0,8}}(?:{_ACT})(?:{_AROUND}|{_ACT}){{0,8}}"
    r"|是|对|有|好|已|ok|y|yes|true|t|1|done|finished|complete|completed|√|v|✓|✔|☑|✅|○|(?:信息)?(?:无误|正确)"
    r"|没有?问题|合格|正常|100%"
)
_NOT_DONE = re.compile(
    rf"(?:还|尚|暂|仍)?(?:未|没有?|不)(?:{_AROUND}|{_ACT}|开始){{1,12}}(?:\([^)]{{0,40}}\))?"
    r"|否|没|没有|无|未|不是|不|n|no|false|f|0|notdone|×|x|✗|✘|✖|❌|☒|□|-+|—+|/|"
    r"(?:待|等待|等)(?:核对|校对|确认|完成|处理|办理)|(?:进行|核对|校对|办理|处理)中|部分(?:核对|完成)"
    r"|有误|信息有误|有异议|\d{1,2}%"
)
_DATE = re.compile(r"(?:\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?(?:\s{0,9}\d{1,2}:\d{2}(?::\d{2})?)?|\d{8}")
_MARKS = re.compile(r"[\s。.!！,，;；:：\"'“”]+")

Why = Literal["code", "no_code", "state", "empty", "date", "same", "no_status"]


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A row that cannot be read: its number, why, another row that it contradicts (0: none), and the cell."""

    row: int
    why: Why
    other: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A list: the header of each column that is used, the rows (from 1) of those who are done and who are not, the
    codes of both, and the rows that cannot be read. `others` are rows without a code in a list that has no codes,
    `classes` the class or major of each code, where the list names one.
    """

    columns: Mapping[Role, str]
    done: tuple[int, ...]
    not_done: tuple[int, ...]
    unread: tuple[UnreadRow, ...]
    done_codes: tuple[str, ...]
    not_done_codes: tuple[str, ...]
    others: int = 0
    classes: Mapping[str, str] = field(default_factory=dict)

    @property
    def listed(self) -> Listed:
        """The codes of those who are not done, and the rows that cannot be read."""
        return Listed(self.not_done_codes, tuple((row.row, row.text) for row in self.unread))


def parse_roster(sheets: Sequence[Sheet], file: str = "") -> Roster:
    """Read the sheet that holds codes, else the one with a header. `file` is its name, which may say 未核对."""
    best = max(sheets, key=lambda sheet: (_count_codes(sheet), _find_header(sheet.rows)[1]))
    return _RosterReader(best, file).read()


def parse_unfinished(raw: bytes) -> Listed:
    """Read a file that is meant as the list of those who are not done; where it has states, they count.

    UnreadableSheet when it is no table.
    """
    return parse_given(raw).listed


def parse_given(raw: bytes) -> Roster:
    """Read a file as `parse_unfinished` does, with those whom it lists as done."""
    roster = parse_roster(load_sheets(raw), "未核对")
    text = None if "status" in roster.columns or raw.startswith(SPREADSHEETS) else decode(raw)
    return of_listed(parse_list(text)) if isinstance(text, str) else roster


def of_listed(listed: Listed) -> Roster:
    """Return codes of those who are not done as a list."""
    unread = tuple(UnreadRow(row, "code", text=text) for row, text in listed.strange)
    return Roster({}, (), (), unread, (), listed.codes)


def _count_codes(sheet: Sheet) -> int:
    return sum(any(parse_code(cell) for cell in row) for row in sheet.rows)


def _plain(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).lower()


def _role_of(header: str) -> Role | None:
    words = _plain(header)
    if not words or len(words) > 20:
        return None
    named = next((role for role, pattern in _HEADERS.items() if pattern.fullmatch(words)), None)
    return named or ("status" if _STATUS.fullmatch(words) else None)


def _find_header(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the row (from 0) that names most columns among the first ones, and how many; -1 for none."""
    found = [(sum(_role_of(cell) is not None for cell in row), -n) for n, row in enumerate(rows[:HEADER_ROWS])]
    most, at = max(found, default=(0, 0))
    row = rows[-at] if rows else ()
    is_header = most > 1 or (most == 1 and sum(bool(cell) for cell in row) <= 2)
    return (-at, most) if is_header and not any(parse_code(cell) for cell in row) else (-1, 0)


def _says_done(cell: str) -> bool | None:
    """Return whether a word says done; None for a word that says neither. Nothing at all is no word."""
    words = _plain(cell)
    if _DONE.fullmatch(words) or _DATE.fullmatch(unicodedata.normalize("NFKC", cell).strip()):
        return True
    return False if words and _NOT_DONE.fullmatch(words) else None


class _RosterReader:
    """Reads one sheet: its header, its columns, then each row."""

    def __init__(self, sheet: Sheet, file: str) -> None:
        self._rows = [list(row) for row in sheet.rows]
        self._header = _find_header(sheet.rows)[0]
        self._body = range(self._header + 1, len(self._rows))
        above = (cell for row in sheet.rows[: max(self._header, 0)] for cell in row)
        self._title = _plain(" ".join([file.rpartition(".")[0] or file, sheet.name, *above]))
        self._names = [""] * max(map(len, self._rows), default=0)
        for n, cell in enumerate(self._rows[self._header] if self._header >= 0 else ()):
            self._names[n] = cell
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
        )

    # Columns

    def _find_columns(self) -> dict[Role, list[int]]:
        columns: dict[Role, list[int]] = {}
        for n, name in enumerate(self._names):
            role = _role_of(name)
            if role and role not in ("code", "status"):
                columns.setdefault(role, []).append(n)
        by_codes = sorted((-sum(bool(parse_code(c)) for c in self._cells(n)), n) for n in range(len(self._names)))
        if by_codes and by_codes[0][0]:
            columns = {
                "code": [by_codes[0][1]],
                **{r: [n for n in ns if n != by_codes[0][1]] for r, ns in columns.items()},
            }
        taken = {n for ns in columns.values() for n in ns}
        status = self._find_status([n for n in range(len(self._names)) if n not in taken])
        dates = [n for n in columns.get("date", ()) if _OF_CHECK.search(self._names[n])]
        if not status and dates:
            status = dates[:1]
        return {role: ns[:1] for role, ns in columns.items() if ns} | ({"status": status} if status else {})

    def _cells(self, column: int) -> list[str]:
        return [self._rows[n][column] for n in self._body if column < len(self._rows[n])]

    def _find_status(self, columns: Sequence[int]) -> list[int]:
        """Return the columns of states: those that speak of the check, else of a state, else those of whose words most
        say done or not done.
        """
        named = [n for n in columns if _role_of(self._names[n]) == "status"]
        named = [n for n in named if _OF_CHECK.search(self._names[n])] or named
        if named:
            return named
        unnamed = (n for n in columns if not self._names[n] or "注" in self._names[n])
        return [n for n in unnamed if self._are_states([cell for cell in self._cells(n) if cell])][:1]

    def _are_states(self, cells: Sequence[str]) -> bool:
        known = [cell for cell in cells if _says_done(cell) is not None and not _plain(cell).isdigit()]
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
        if not row or any(parse_code(cell) for cell in row):
            return not row
        if any(_TOTAL.match(_plain(cell)) for cell in row[:2]):
            return True
        if sum(_role_of(cell) is not None and _says_done(cell) is None for cell in row) >= 2:
            return True
        identity = any(self._cell(n, role) for role in ("code", "student", "name"))
        return not identity or (len(row) == 1 and not self._cell(n, "code"))

    def _name_class(self, n: int) -> str:
        """Return the class of a row, else its major, in one short line."""
        return " ".join((self._cell(n, "class") or self._cell(n, "major")).split())[:LONGEST]

    def _take_code(self, n: int) -> str | UnreadRow:
        if "code" not in self._columns:
            return ""
        cell = self._cell(n, "code")
        if not cell.strip():
            return UnreadRow(n + 1, "no_code")
        return parse_code(cell) or UnreadRow(n + 1, "code", text=cell[:LONGEST])

    def _judge_state(self, n: int) -> bool | UnreadRow:
        columns = self._columns.get("status")
        if not columns:
            return self._judge_by_title(n)
        said = []
        for column in columns:
            cell = self._rows[n][column] if column < len(self._rows[n]) else ""
            turned = bool(_TURNED.search(_plain(self._names[column])))
            state = _says_done(cell)
            if not _plain(cell):
                state = turned
                if not turned and self._has_only_negatives(column):
                    return UnreadRow(n + 1, "empty")
            elif state is None:
                return UnreadRow(n + 1, "state", text=cell[:LONGEST])
            elif turned and not re.search("[未没已完核校]", cell):
                state = not state
            said.append(state)
        if not all(said) and self._has_done_date(n) and columns != self._columns.get("date"):
            return UnreadRow(n + 1, "date")
        return all(said)

    def _has_only_negatives(self, column: int) -> bool:
        """Return whether a column marks only those who are not done, so that an empty cell may mean done."""
        said = [_says_done(cell) for cell in self._cells(column) if cell]
        return bool(said) and not any(said)

    def _has_done_date(self, n: int) -> bool:
        column = self._columns.get("date", [-1])[0]
        return (
            column >= 0 and bool(_OF_CHECK.search(self._names[column])) and bool(_DATE.fullmatch(self._cell(n, "date")))
        )

    def _judge_by_title(self, n: int) -> bool | UnreadRow:
        """Read a list without states by its title; codes alone are the list of those who are not done."""
        if re.search(r"(?:未|没有?)(?:核对|校对|完成|做完|确认|做)", self._title):
            return False
        if re.search(r"(?:已|全部)?(?:核对|校对|完成|做完|确认)(?:完成?|好)?(?:的)?(?:学生|人员)?名单", self._title):
            return True
        alone = not any(
            cell for m in self._body for k, cell in enumerate(self._rows[m]) if k != self._columns.get("code", [-1])[0]
        )
        return False if alone else UnreadRow(n + 1, "no_status")


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
