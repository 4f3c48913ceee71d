"""Reads tables that were pasted as text: each row becomes sentences that say in words what its columns say. Pure.

Columns are told apart by tabs, bars or two blanks; the roles of the columns follow from their heads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.notice_import.kinds import names_purpose
from bot.notice_import.sentences import Sentence

_GAP = re.compile(r"\s{0,9}[\t|｜]\s{0,9}|\s{2,}")
_RULE = re.compile(r"[\s|｜:：+=—-]*")
"""A line that only draws a rule between rows."""
_DATES = re.compile(r"时间|日期|截止|节点|时段|起止")
_ROLES = (
    ("actor", re.compile(r"责任|负责|完成(?:人|单位|部门)|实施|经办|执行|牵头|主体|由谁|谁")),
    ("date", _DATES),
    ("place", re.compile(r"地点|地址|教室|场所|方式|要求|备注|说明|电话|联系|序号|人数|费用|材料|平台")),
    ("audience", re.compile(r"对象|人员$")),
    ("what", re.compile(r"工作|内容|事项|项目|环节|任务|阶段|步骤|事情|事$|做什么|怎么[做办]|做法|操作|流程|安排")),
    ("audience", re.compile(r"对象|学院|院系|系|部|班|专业|层次|年级|校区|中心|教学点|函授站|站|分校|单位|类别"
    r"|类型|学生"
    r"|毕业生|批次|考点"
    r"|人员|范围|地区|面向")),
)  # fmt: skip
_SEPARATE = re.compile(r"[、，,/;；]|[和及](?=[\u4e00-\u9fff]{2})")
_EVERYBODY = re.compile(r"^(?:全体|所有|全部|各)|^(?:应届|本届|预?毕业)?(?:毕业生|学生|学员|同学|生)$")
_STATE = re.compile(r"[未漏缺补误错需]|没有|不[合能符]|申请|已|者$")
"""Graduates by what has happened to them, which is no group that somebody belongs to."""
_UNIT = re.compile(
    r"各?(?:分部|分校|(?:二级)?学院|学习中心|教学点|函授站|系部?|院系|班主任|辅导员|[教学][务生]处|学校"
    r"|学籍[科办])(?:[、，和]\S+)?|各?[\u4e00-\u9fff]{0,6}(?:班主任|辅导员|秘书|老师|教师|管理员)"
)
"""Staff in a column of who has to come: a unit without a name."""
_GRADUATE = re.compile("学生|毕业生|学员|同学|本人")
_HAS_DAY = re.compile(r"\d\s{0,3}[月日号]|\d[./]\d|20\d\d-\d|[一二三四五六七八九十]月|即日")
_HAS_TIME = re.compile(r"\d[:：]\d|[上下]午|\d[点时]")
MOST_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class RowSentence(Sentence):
    """A row in words; `audience` are the names of graduates in it, `what` the words of what is done.

    `staff` is whether the row names staff as those who do it; None when it names nobody, or only who is responsible.
    """

    audience: tuple[str, ...] = ()
    what: str = ""
    staff: bool | None = None


@dataclass(frozen=True, slots=True)
class _DayTable:
    heads: tuple[str, ...]
    roles: tuple[str, ...]
    matrix: bool = False


def spell_out(body: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences with each row of a table of days in the form of sentences; they keep the row's number."""
    out, table = list[Sentence](), None
    last: tuple[str, ...] = ()
    for n, one in enumerate(body):
        if found := _read_heads(one) or _read_matrix(one, body[n + 1 : n + 3]):
            table, last = found, ()
            out.append(one)
            continue
        if table and _RULE.fullmatch(one.plain):
            continue
        cells = _read_cells(one, table, last) if table else ()
        if table is None or not cells:
            table = None
            out.append(one)
            continue
        last = cells
        out += _say_cells(one, table, cells) if table.matrix else _say_row(one, table, cells)
    return out


def _read_matrix(one: Sentence, below: Sequence[Sentence]) -> _DayTable | None:
    """Return the table of days whose columns and rows both have names, when its heads stand in this line."""
    heads = _split(one.plain)
    row = next((_split(other.plain) for other in below if not _RULE.fullmatch(other.plain)), ())
    if len(heads) < 3 or len(row) != len(heads) or any(re.search(r"[\d。，]", head) for head in heads[1:]):
        return None
    days = [bool(_HAS_DAY.search(cell)) for cell in row]
    return (
        _DayTable(heads, ("row",) + ("date",) * (len(heads) - 1), matrix=True) if sum(days[1:]) > 1 > days[0] else None
    )


def _say_cells(one: Sentence, table: _DayTable, cells: tuple[str, ...]) -> Iterator[Sentence]:
    """Yield a sentence for each cell of a row whose columns have names of graduates, or of what is done."""
    for head, cell in zip(table.heads[1:], cells[1:], strict=True):
        if _HAS_DAY.search(cell):
            what, who = (head, cells[0]) if names_purpose(head) else (cells[0], head)
            audience = () if _EVERYBODY.match(who) or _STATE.search(who) else (who,)
            plain = f"{who}，{what}：{cell}"
            yield RowSentence(one.n, plain, plain, one.line, one.heads, "", audience, what)


def _split(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in _GAP.split(line.strip().strip("|｜").strip()))


def _role_of(head: str) -> str:
    return next((role for role, words in _ROLES if words.search(head)), "")


def _read_heads(one: Sentence) -> _DayTable | None:
    """Return the table whose heads stand in this line: short words without digits, one of them of days."""
    heads = _split(one.plain)
    if not 2 <= len(heads) <= MOST_COLUMNS or any(len(head) > 12 or re.search(r"[\d：:。，]", head) for head in heads):
        return None
    roles = tuple(_role_of(head) for head in heads)
    return (
        _DayTable(heads, roles) if "date" in roles and {"what", "audience"} & {*roles, *_extra(heads, roles)} else None
    )


def _extra(heads: tuple[str, ...], roles: tuple[str, ...]) -> Iterator[str]:
    """Yield `what` where the head of a column of days says itself what the days are for."""
    if any(role == "date" and len(head) > 2 for head, role in zip(heads, roles, strict=True)):
        yield "what"


def _read_cells(one: Sentence, table: _DayTable, last: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cells of a row; those that span several rows stand in the first of them only."""
    cells = _split(one.plain)
    width = len(table.heads)
    if not 2 <= len(cells) <= width or not (_HAS_DAY.search(one.plain) or _HAS_TIME.search(one.plain)):
        return ()
    if len(cells) < width and last:
        cells = (*last[: width - len(cells)], *cells)
    cells += ("",) * (width - len(cells))
    days = [cell for cell, role in zip(cells, table.roles, strict=True) if role == "date"]
    return cells if any(map(_HAS_DAY.search, days)) else ()


def _say_row(one: Sentence, table: _DayTable, cells: tuple[str, ...]) -> Iterator[Sentence]:
    """Yield a sentence for each cell with days: who, what, the head of the column, the days and their hours."""
    by = list(zip(table.heads, table.roles, cells, strict=True))
    actor = next((cell for _, role, cell in by if role == "actor" and cell), "")
    what = "，".join(cell for _, role, cell in by if role == "what" and cell)
    names = [cell for _, role, cell in by if role == "audience" and cell]
    staff = any(map(_UNIT.fullmatch, names)) if names else False if _GRADUATE.search(actor) else None
    names = [name for name in names if not _UNIT.fullmatch(name)]
    audience = () if any(_EVERYBODY.match(name) or _STATE.search(name) for name in names) else _read_names(names)
    hours = " ".join(cell for _, role, cell in by if role == "date" and not _HAS_DAY.search(cell))
    for head, role, cell in by:
        if role == "date" and _HAS_DAY.search(cell):
            head = head if len(head) > 2 or not what else ""
            who = "、".join(names) + (f"，由{actor}" if actor and names else f"由{actor}" if actor else "")
            said = "，".join(part for part in (who, what, head) if part)
            plain = f"{said}：{cell} {hours}".strip()
            yield RowSentence(one.n, plain, plain, one.line, one.heads, "", audience, what, staff)


def _read_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the cells of graduates: those of the last cell, which tells most."""
    names = (name.strip() for name in _SEPARATE.split(cells[-1])) if cells else ()
    return tuple(
        re.sub(r"(?<=[\u4e00-\u9fff]{2}[区站心校系院班])(?:学生|毕业生|学员)$", "", name) for name in names if name
    )


def find_names(rows: Sequence[Sentence]) -> dict[str, Sentence]:
    """Return the names of graduates that tables tell apart, each with the row that says it first."""
    found = dict[str, Sentence]()
    for one in rows:
        if isinstance(one, RowSentence):
            for name in one.audience:
                found.setdefault(name, one)
    return found
