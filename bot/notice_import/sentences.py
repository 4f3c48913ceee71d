"""Cuts a notice into sentences and recognises its frame: title, page lines, greeting, headings, signature. Pure.

Every character that is no space belongs to exactly one sentence, so that nothing of a notice can get lost unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Literal

from opencc import OpenCC

from bot.notice_import.dates import read_full_date

Frame = Literal["", "title", "page", "greeting", "head", "signature"]

MOST_SENTENCE = 600
"""Characters of a sentence; longer ones are cut, as the time of several patterns grows with the square of it."""
_ONE_WRITING = str.maketrans("０１２３４５６７８９－．＠　\u00a0\t\u200b\ufeff", "0123456789-.@  \t  ")
_TRADITIONAL = re.compile(r"[畢業證書學籍電圖級號時間發佈關於專與為國際應實對請個錄歷養組織導據聯繫絡網處後從現將務體]")
_PINYIN = re.compile(r"[（(][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü]{1,6}[）)]")
_NARROW = re.compile(r"(?<=[\u4e00-\u9fff）)》”])[,;]|[,;](?=\s?[\u4e00-\u9fff《“])")
_STOP = re.compile(r"(?<=[。；！？])|(?<=;)(?!\s?\d\d\s?[-—~至])")
_NUMBER = re.compile(
    r"(?:(?P<first>[一二三四五六七八九十]{1,3}\s{0,9}[、.．])|(?P<second>[（(][一二三四五六七八九十]{1,3}[）)])"
    r"|(?P<bare>\d{1,2}\s{1,4}(?=[\u4e00-\u9fff]{3,14}$))"
    r"|(?P<third>\d{1,2}\s{0,9}[、.．)）](?!\d)|[（(]\d{1,2}[）)]|[①-⑩]|[A-H]、))\s{0,9}"
)
"""The number of a heading or an item, by its level."""
_TITLE = re.compile(r"(?:通知|公告|通告|安排表?|时间表|说明|方案|提醒|函|启事|须知)(?:[（(][^）)]{1,12}[）)])?[!！]?$")
_DOC_NO = re.compile(
    r"^[（(]?[\u4e00-\u9fff]{1,12}\s{0,9}[〔\[（(【]?20\d\d[〕\]）)】]?\s{0,9}第?\s{0,9}\d{1,4}\s{0,9}号?[）)]?$"
)
_PAGE = re.compile(
    r"发布(?:日期|时间|者|人|单位)?\s{0,9}[:：]|发布于|发表(?:日期|时间)|(?:^|[\s•|])[（(\[【]?(?:来源|作者"
    r"|编辑|审核|责编|供稿|责任编辑|信息来源|撰稿|初审|终审|录入)[）)\]】]?\s{0,9}[:：]"
    r"|浏览(?:次数|量|数)?\s{0,9}[:：]|点击(?:数|量|率|次数)\s{0,9}[:：]|阅读(?:次数|量|数)?\s{0,9}[:：]"
    r"|(?:您)?(?:现在|当前)的?位置|站点首页|^首页|今天是|字号|(?:^|[【\[\s|])打印(?:本页|此页|文章)?(?:$|[】\]\s"
    r"|])|关闭窗口|分享到|^上一[篇条]"
    r"|^下一[篇条]|ICP备|版权所有|Copyright|^抄送|^附件?\s{0,9}\d*\s{0,9}[:：]|^附\s{0,9}[:：]"
    r"|^时间\s{0,9}[:：]\s{0,9}20\d\d\D\d+\D\d+\S{0,3}\s{0,9}(?:\d\d:\d\d)?\s{0,9}(?:点击"
    r"|浏览|来源|作者|文|阅读|$)|更新时间|已加盖公章"
)
_BELOW = re.compile(
    r"^(?:上一[篇条]|下一[篇条]|相关(?:文章|新闻|链接|阅读)|最新(?:通知|文章|新闻|公告)|热门|友情链接|版权所有"
    r"|Copyright)"
)
"""The first line of a page below the notice."""
_COLUMN = re.compile(
    r"(?:序号|(?:工作)?(?:阶段|内容|安排|环节|事项)|[\u4e00-\u9fff]{0,4}(?:事项|项目|任务|时间|日期|截止|对象|人员|地点"
    r"|校区|学院|系部?|专业|班级|层次|年级|站点|中心|人数|单位)(?:安排|节点)?|(?:责任|负责|联系)(?:人|单位|部门)"
    r"|备注|说明|方式|要求)"
    r"(?:[（(/][\u4e00-\u9fff]{1,6}[）)]?)?"
)
"""Heads of the columns of a table of days."""
_BARE_HEAD = re.compile(
    "序号|阶段|内容|事项|项目|环节|时间|日期|对象|人员|地点|备注|说明|方式|人数|层次|专业|负责人|责任人"
)
_OF_DAYS = re.compile("时间|日期|节点|截止")
_DAY = re.compile(r"\d{1,2}\s?[月日号]|20\d\d[./-]\d|即日")
_GREETING = re.compile(
    r"^(?:[各全][^。，；:：]{1,60}|[^。，；:：]{2,50}(?:同学|毕业生|学员|学生|老师|教学点"
    r"|函授站)们?)[们员]?\s{0,9}[:：]$"
)
_UNIT = re.compile(
    r"^[\u4e00-\u9fff（）()·]{2,30}(?:学院|大学|学校|处|部|院|办公室|中心|科|站|办)(?:[（(][^）)]{2,16}[）)])?(?:启"
    r"|宣)?$"
)
_ONLY_UNIT = re.compile(r"\s{0,9}(?:[\u4e00-\u9fff]{2,12}(?:处|部|院|办|科|中心))?[\s|:：]*")
_SEAL = re.compile(r"[\s（(]{0,9}(?:启|印发|盖?章|公章|代章)[）)]?$")
_SIGNED_SHORT = re.compile(r"([\u4e00-\u9fff]{4,30}(?:处|部|院|办|科|中心|学校|大学))\s{0,9}\d{1,2}月\d{1,2}日")
"""A signature whose day has no year."""
_DIALLED = re.compile(r"\s(?:电话[:：]?\s{0,9})?\d[\d-]{6,12}(?=\s)")
"""A telephone between a unit and the day in a signature."""
_CALL = re.compile(r"^(?:@\S{1,12}\s{0,4}|[^\w【《“（(\s]{1,8}\s{0,4})+")
"""Who is called and signs before a title that stands in a chat."""
_CLOSING = re.compile(r"^(?:特此(?:通知|公告|函告)|请?(?:各单位)?(?:相互|互相)转告|此通知|以上通知|望(?:大家)?周知)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: its number from 1, as written, in one writing of the same length, and its place.

    `heads` are the headings above it, innermost first; `frame` is empty for the body of the notice.
    """

    n: int
    text: str
    plain: str
    line: int
    heads: tuple[str, ...] = ()
    frame: Frame = ""


@dataclass(frozen=True, slots=True)
class FramedNotice:
    """The sentences of a notice with its title, number, unit and day; `issued_at` is the sentence of the day."""

    sentences: tuple[Sentence, ...]
    title: str = ""
    title_at: int = 0
    doc_no: str = ""
    signed_by: str = ""
    issued: date | None = None
    issued_at: int = 0
    issued_on_page: bool = False
    """The day is that of a publication line, not of a signature."""

    @property
    def body(self) -> tuple[Sentence, ...]:
        return tuple(one for one in self.sentences if one.frame in ("", "head", "greeting"))


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def write_plainly(text: str) -> str:
    """Return the text in simplified characters, narrow digits, wide commas and plain blanks; of the same length."""
    text = _NARROW.sub(lambda m: "，" if m[0] == "," else "；", text.translate(_ONE_WRITING))
    if len(_TRADITIONAL.findall(text[:4000])) < 20:
        return text
    simple = _converter().convert(text)
    return simple if len(simple) == len(text) else text


def cut(text: str) -> FramedNotice:
    """Return a notice as sentences, with its frame."""
    text = _PINYIN.sub("", text) if len(_TRADITIONAL.findall(text[:4000])) >= 20 else text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    plain = write_plainly(text)
    lines, at = list[tuple[str, str]](), 0
    for written in text.split("\n"):
        lines.append((written, plain[at : at + len(written)]))
        at += len(written) + 1
    return _frame(list(_number(_join_cells(_join_title([pair for pair in lines if pair[1].strip()])))))


def _join_title(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the lines with a title that a page broke in two joined again."""
    for n, (written, line) in enumerate(lines[:8]):
        begun = re.search(r"关于|做好|开展", line) and not re.search(r"[。：:；]|通知$", line.strip())
        if begun and len(line.strip()) < 50:
            for more in (1, 2):
                rest = lines[n + 1 : n + 1 + more]
                whole = line.strip() + "".join(other.strip() for _, other in rest)
                if len(rest) == more and _TITLE.search(whole) and len(whole) < 80 and "：" not in whole:
                    both = (written.strip() + "".join(other.strip() for other, _ in rest), whole)
                    return [*lines[:n], both, *lines[n + 1 + more :]]
    return lines


def _join_cells(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the lines with a table of days that was pasted one cell a line as one line a row, a tab between cells."""
    out, n = list[tuple[str, str]](), 0
    while n < len(lines):
        plain = [line.strip() for _, line in lines[n : n + 200]]
        width, rows = next(((w, r) for w in range(8, 1, -1) if (r := _count_rows(plain, w))), (0, 0))
        if rows:
            for at in range(n, n + width * (rows + 1), width):
                row = lines[at : at + width]
                out.append(("\t".join(cell[0].strip() for cell in row), "\t".join(cell[1].strip() for cell in row)))
            n += width * (rows + 1)
        else:
            out.append(lines[n])
            n += 1
    return out


def _count_rows(cells: Sequence[str], width: int) -> int:
    """Return how many rows of this width stand below heads of columns at the first cells; 0: these are no heads.

    Below heads that are known one row is enough; below others two rows with days in the same columns.
    """
    heads = cells[:width]
    if len(heads) < width or any(len(head) > 12 or re.search(r"[\d。；：:，]|通知$|公告$", head) for head in heads):
        return 0
    rows = list[Sequence[str]]()
    shape = [bool(_DAY.search(cell)) for cell in cells[width : 2 * width]]
    if any(map(_BARE_HEAD.fullmatch, cells[width : 2 * width])):
        return 0
    while any(shape) and (row := cells[(len(rows) + 1) * width : (len(rows) + 2) * width])[width - 1 :]:
        if [bool(_DAY.search(cell)) for cell in row] != shape or any(len(cell) > 60 for cell in row):
            break
        rows.append(row)
    known = all(map(_COLUMN.fullmatch, heads)) and any(
        day and _OF_DAYS.search(head) for day, head in zip(shape, heads, strict=False)
    )
    return len(rows) if known or (len(rows) > 1 and width > 2 and not all(shape)) else 0


def _number(lines: Sequence[tuple[str, str]]) -> Iterator[Sentence]:
    heads: dict[int, str] = {}
    n = 0
    for place, (written, plain) in enumerate(lines):
        level, head = _find_heading(plain.strip())
        if level:
            heads = {known: text for known, text in heads.items() if known < level} | ({level: head} if head else {})
        above = tuple(heads[known] for known in sorted(heads, reverse=True))
        is_head = bool(level and head and len(plain.strip()) <= len(head) + 8)
        for start, end in _split(plain):
            n += 1
            yield Sentence(
                n, written[start:end].strip(), plain[start:end].strip(), place, above, "head" if is_head else ""
            )


def _find_heading(line: str) -> tuple[int, str]:
    """Return the level of a numbered line or a bare heading (0: neither) and its words up to a colon."""
    m = _NUMBER.match(line)
    level = 0 if m is None else 1 if m["first"] else 2 if m["second"] or m["bare"] else 3
    rest = line[m.end() :] if m else line
    head = re.match(r"\s{0,9}([^\s。；，,：:][^。；，,：:]{1,23}?)\s{0,3}(?:[:：]|$)", rest)
    if m is None:
        bare = re.fullmatch(r"[【\[]?([\u4e00-\u9fff、（）()]{3,16})[】\]]?[:：]?", line)
        is_head = bare and re.search(r"时间|对象|范围|办法|方式|要求|材料|流程|事项|步骤|内容|费用|联系|安排", line)
        points_below = re.search("见下|如下|下表|见表", line)  # such a line stands under the heading of its item
        return (4 if points_below else 2, bare[1]) if bare and is_head else (0, "")
    return level, head[1] if head else ""


def _split(line: str) -> Iterator[tuple[int, int]]:
    at = 0
    for stop in [*(m.start() for m in _STOP.finditer(line)), len(line)]:
        while at < stop:
            end = min(stop, at + MOST_SENTENCE)
            if line[at:end].strip():
                yield at, end
            at = end


def _frame(found: list[Sentence]) -> FramedNotice:
    """Return the notice with each sentence's part in the frame."""
    frames = {one.n: _guess_frame(one, at_top=one.line < 6 and one.n < len(found) - 2) for one in found}
    below = next((one.n for one in found if one.n > 4 and one.n > len(found) // 3 and _BELOW.match(one.plain)), 0)
    frames |= {one.n: "page" for one in found if below and one.n >= below}
    title = _find_title(found, frames)
    if title:
        frames[title.n] = "title"
    doc_no = next((one for one in found[:14] if _DOC_NO.match(one.plain)), None)
    if doc_no:
        frames[doc_no.n] = "title"
    frames |= dict.fromkeys(_find_head_lines(found, frames, title), "title")
    signed, day, at = _find_signature(found, frames)
    on_page = False
    if day is None:
        day, at, on_page = _find_other_day(found, frames)
    if not signed and title:
        signed = _unit_above(found, title.n)
    return FramedNotice(
        tuple(replace(one, frame=frames[one.n]) for one in found),
        _clean_title(title.plain) if title else "",
        title.n if title else 0,
        doc_no.plain.strip("（()） ") if doc_no else "",
        signed,
        day,
        at,
        on_page,
    )


def _guess_frame(one: Sentence, *, at_top: bool) -> Frame:
    if _PAGE.search(one.plain[:40]) or re.fullmatch(r"\W*", one.plain):
        return "page"
    whole = read_full_date(one.plain) if at_top and len(one.plain) < 40 else None
    if whole and _ONLY_UNIT.fullmatch(one.plain[: whole[1]]) and not one.plain[whole[2] :].strip(" \t:0123456789"):
        return "page"
    if _GREETING.match(one.plain) and one.line < 14 and not _NUMBER.match(one.plain):
        return "greeting"
    return "signature" if _CLOSING.match(one.plain) else one.frame


def _find_title(found: Sequence[Sentence], frames: dict[int, Frame]) -> Sentence | None:
    """Return the line of the title: the last of those at the top that end like one, else the first that could be it."""
    top = [one for one in found if one.line < 12 and len(one.plain) < 90 and frames[one.n] in ("", "head")]
    ends = [
        one
        for one in top
        if _TITLE.search(_clean_title(one.plain))
        and not re.search(r"如下|[。，：:]", one.plain)
        and not _NUMBER.match(one.plain)
    ]
    if ends:
        return max(ends, key=lambda one: ("关于" in one.plain, -one.line))
    first = next((one for one in found if frames[one.n] in ("", "head")), None)
    fits = first and len(first.plain) < 50 and not re.search(r"[。；：:]|^[一二1（(]", first.plain)
    return first if fits and re.search(r"毕业|核对|采集|校对|学信网|关于", first.plain if first else "") else None


def _clean_title(line: str) -> str:
    line = _CALL.sub("", line.strip())
    return re.sub(r"\s{0,9}[（(]?20\d\d[-./年]\d{1,2}[-./月]\d{1,2}日?[）)]?$|\s{2,}", "", line)


def _find_head_lines(found: Sequence[Sentence], frames: dict[int, Frame], title: Sentence | None) -> Iterator[int]:
    """Yield the lines around the title that only name the school, or say the title once more."""
    for one in found:
        if title and one.line <= title.line + 3 and one.n != title.n and frames[one.n] in ("", "head"):
            same = _clean_title(one.plain) == _clean_title(title.plain)
            above = one.line < title.line and len(one.plain) < 30
            if same or above or _UNIT.match(re.sub(r"文件$", "", one.plain.replace(" ", ""))):
                yield one.n


def _find_signature(found: Sequence[Sentence], frames: dict[int, Frame]) -> tuple[str, date | None, int]:
    """Mark the lines of the signature; return unit and day, with the number of the day's sentence."""
    day, at, unit = None, 0, ""
    tail = [one for one in found if frames[one.n] in ("", "head", "signature")]
    for place in range(len(tail) - 1, 0, -1):
        one = tail[place]
        line = _SEAL.sub("", one.plain)
        whole = read_full_date(line)
        alone = whole and re.fullmatch(r"[\s\W]*", line[whole[2] :])
        short = _SIGNED_SHORT.fullmatch(line.strip())
        if short and place >= len(tail) - 2:
            frames[one.n], unit = "signature", short[1].replace(" ", "")
            break
        ahead = _DIALLED.sub("", line[: whole[1]]).strip(" \t,，") if whole else ""
        if (
            whole
            and alone
            and (not ahead or _UNIT.match(ahead.replace(" ", "")))
            and (place >= len(tail) - 8 or _UNIT.match(_SEAL.sub("", tail[place - 1].plain).replace(" ", "")))
        ):
            day, at, unit = whole[0], one.n, ahead.replace(" ", "")
            frames[one.n] = "signature"
            break
    before = [one for one in tail if (not at or one.n < at)][-3:]
    for one in reversed(before):
        name = _SEAL.sub("", one.plain).replace(" ", "")
        if _UNIT.match(name) and not _NUMBER.match(one.plain) and (at or one.n >= found[-1].n - 3):
            unit = unit or (name if not at or one.n >= at - 3 else "")
            frames[one.n] = "signature"
    return unit, day, at


def _find_other_day(found: Sequence[Sentence], frames: dict[int, Frame]) -> tuple[date | None, int, bool]:
    """Return the day that stands in the title or a page line, and its sentence."""
    for one in found:
        if frames[one.n] in ("title", "page") and (whole := read_full_date(one.plain)):
            return whole[0], one.n, frames[one.n] == "page"
    return None, 0, False


def _unit_above(found: Sequence[Sentence], title: int) -> str:
    """Return the unit that is named in a line above the title."""
    names = (re.sub(r"文件$", "", one.plain.replace(" ", "")) for one in found if one.n < title)
    return next((name for name in names if _UNIT.match(name)), "")
