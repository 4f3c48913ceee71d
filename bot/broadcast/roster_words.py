"""The words of a school's list: heads of columns, and words for done and not done. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from bot.domain.join_codes import parse_code
from flows.words import simplify

Role = Literal["code", "student", "name", "class", "major", "status", "date"]
HEADER_ROWS = 10
"""Rows among which the header is."""
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
    r"|状态|情况|结果|进度|比例|百分比|标志|标记|\([^)]{0,20}\)|[/、]){1,12}|status|done|finished"
)
OF_CHECK = re.compile(r"核对|校对|完成|做完|确认|done|finished")
TURNED = re.compile(r"^(?:是否|还)?(?:未|没有?|尚未)")
TOTAL = re.compile(
    r"(?:合计|总计|小计|总数|总人数|人数|共计?\d*|备注|说明|注|制表|填表|审核|负责人|签字|签名|盖章|日期|打印|联系人|单位)(?:$|[:：\d\s(人])|第\d+页|以上"
)
_AROUND = (
    "已经?|都|于|全部|网上|学信网|学籍|图像|照片|信息|本人|自己|任务|工作|完|好|过|了|的|毕|成功?|无误|正确|通过|上报"
)
_ACT = "核对|校对|确认|完成|做完|做|办理?|通过|提交|登录|注册"
_DONE = re.compile(
    rf"(?:{_AROUND}){{0,8}}(?:{_ACT})(?:{_AROUND}|{_ACT}){{0,8}}"
    r"|是|对|有|好|已|ok|y|yes|true|t|1|done|finished|complete|completed|√|v|✓|✔|☑|✅|○|(?:信息)?(?:无误|正确)"
    r"|没有?问题|合格|正常|100%"
)
_NOT_DONE = re.compile(
    rf"(?:还|尚|暂|仍)?(?:未|没有?|不)(?:{_AROUND}|{_ACT}|开始){{1,12}}(?:\([^)]{{0,40}}\))?"
    r"|(?:还|尚|暂|仍)(?:未|没有?)|否|没|没有|无|未|不是|不|n|no|false|f|0|notdone|×|x|✗|✘|✖|❌|☒|□|-+|—+|/|"
    r"(?:待|等待|等)(?:核对|校对|确认|完成|处理|办理)|(?:进行|核对|校对|办理|处理)中|部分(?:核对|完成)"
    r"|有误|信息有误|有异议|\d{1,2}%"
)
DATE = re.compile(r"(?:\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}日?(?:\s{0,9}\d{1,2}:\d{2}(?::\d{2})?)?|\d{8}")
_BESIDE = re.compile(rf"^\s*\d{{1,2}}[-.、_:)](?=[\u4e00-\u9fff])|{DATE.pattern}")
"""Numbers and days before the word that counts."""
SERIAL = re.compile(r"[34]\d{4}(?:\.\d{1,12})?")
"""A day as spreadsheets count them, where no format makes a date of it: 41613.5 is noon of 2013-12-05."""
_ALIKE = re.compile(r"(?<![A-Z])[A-Z]{4}[-‐-―−_\s]*[A-Z]{4}(?![A-Z])")
_PARTS = re.compile(r"[,;()（）\[\]/、\n]+|(?<=[日号])\s")
_AGAINST = re.compile(r"[未没误不待错缺补重改退驳]|问题")
"""In remarks beside a word for done: they may take it back."""
_FOR = re.compile(r"[已完补]|好了")
"""In remarks beside a word for not done."""
_MARKS = re.compile(r"[\s。.!！,，;；:：\"'“”]+")


def plain(text: str) -> str:
    """Return a cell without blanks, marks and what does not show, in one width, case and simplified characters."""
    shown = "".join(
        sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) not in ("Cf", "Mn")
    )
    return simplify(_MARKS.sub("", shown).lower())


def take_code(cell: str) -> str | None:
    """Return the join code of a cell, which may stand among other words (编号：ABCD-EFGH); None for none or several."""
    shown = "".join(sign for sign in unicodedata.normalize("NFKC", cell) if unicodedata.category(sign) != "Cf")
    if code := parse_code(shown):
        return code
    found = {code for part in _ALIKE.findall(shown.upper()) if (code := parse_code(part))}
    return found.pop() if len(found) == 1 else None


def role_of(header: str) -> Role | None:
    words = plain(header)
    if not words or len(words) > 20:
        return None
    named = next((role for role, pattern in _HEADERS.items() if pattern.fullmatch(words)), None)
    return named or ("status" if _STATUS.fullmatch(words) else None)


def find_header(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the row (from 0) that names most columns among the first ones, and how many; -1 for none."""
    found = [(sum(role_of(cell) is not None for cell in row), -n) for n, row in enumerate(rows[:HEADER_ROWS])]
    most, at = max(found, default=(0, 0))
    row = rows[-at] if rows else ()
    is_header = most > 1 or (most == 1 and sum(bool(cell) for cell in row) <= 2)
    return (-at, most) if is_header and not any(take_code(cell) for cell in row) else (-1, 0)


def says_done(cell: str) -> bool | None:
    """Return whether a cell says done; None when it says neither, or both. Nothing at all is no word.

    Remarks beside the word count where they cast doubt on it: 已核对（本人） is done, 已核对，图像未核对 is not read.
    """
    whole = _judge(cell)
    if whole is not None or not plain(cell):
        return whole
    parts = [part for part in _PARTS.split(unicodedata.normalize("NFKC", cell)) if plain(part)]
    bare = [re.sub(rf"^(?:{DATE.pattern})", "", part.strip()) for part in parts]
    said = [_judge(part) if plain(part) else None for part in bare]
    known = {one for one in said if one is not None}
    if (len(parts) < 2 and bare == parts) or len(known) != 1:
        return None
    done = known.pop()
    rest = "".join(part for part, one in zip(bare, said, strict=True) if one is None)
    return None if (_AGAINST if done else _FOR).search(rest) else done


def _judge(cell: str) -> bool | None:
    words = plain(cell)
    if not (_DONE.fullmatch(words) or _NOT_DONE.fullmatch(words)):  # 2013/12/3已核对, 01-已核对
        words = plain(_BESIDE.sub("", unicodedata.normalize("NFKC", cell)))
    if _DONE.fullmatch(words) or DATE.fullmatch(unicodedata.normalize("NFKC", cell).strip()):
        return True
    return False if words and _NOT_DONE.fullmatch(words) else None
